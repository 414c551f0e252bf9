package repository

import (
	"context"
	"errors"
	"fmt"

	"guiyi/domain"
)

// sessionRow is the staff_session table.
type sessionRow struct {
	TokenHash string
	StaffID   string
	CreatedAt domain.Instant
	SeenAt    domain.Instant
}

// InsertSession stores a new session.
func (s *Store) InsertSession(ctx context.Context, n domain.Session) error {
	row := sessionRow(n)
	return inserted(s.in(ctx).Table("staff_session").Create(&row).Error, "session")
}

// Session finds a session by the hash of its token.
func (s *Store) Session(ctx context.Context, tokenHash string) (domain.Session, error) {
	var r sessionRow
	err := s.in(ctx).Table("staff_session").Where("token_hash = ?", tokenHash).Take(&r).Error
	return domain.Session(r), one(err, "session")
}

// TouchSession notes that the session is in use.
func (s *Store) TouchSession(ctx context.Context, tokenHash string, at domain.Instant) error {
	return changed(s.in(ctx).Table("staff_session").Where("token_hash = ?", tokenHash).
		Updates(map[string]any{"seen_at": at}), "session")
}

// EndSession removes one session; one that is gone already is fine.
func (s *Store) EndSession(ctx context.Context, tokenHash string) error {
	return s.in(ctx).Exec("DELETE FROM staff_session WHERE token_hash = ?", tokenHash).Error
}

// EndSessionsOf removes all sessions of a person but the one to keep ("" keeps none).
func (s *Store) EndSessionsOf(ctx context.Context, staffID, keep string) error {
	return s.in(ctx).Exec("DELETE FROM staff_session WHERE staff_id = ? AND token_hash <> ?", staffID, keep).Error
}

// PurgeSessions removes sessions that began before one moment or were last used before the other, and expired counts of attempts.
func (s *Store) PurgeSessions(ctx context.Context, createdBefore, seenBefore, now domain.Instant) error {
	return errors.Join(
		s.in(ctx).Exec("DELETE FROM staff_session WHERE created_at < ? OR seen_at < ?", createdBefore, seenBefore).Error,
		s.in(ctx).Exec("DELETE FROM login_attempt WHERE expires_at <= ?", now).Error,
	)
}

// TakeAttempt counts one attempt to log in, before it is tried, so that guesses sent at the same time count as well.
// When limit attempts were taken and the latest of them has not expired, nothing is counted and it is domain.ErrTooMany.
func (s *Store) TakeAttempt(ctx context.Context, subject string, limit int, now, expires domain.Instant) error {
	for range retries {
		// MySQL assigns from left to right, so attempts must come before the column it looks at.
		res := s.in(ctx).Exec("UPDATE login_attempt SET attempts = CASE WHEN expires_at <= ? THEN 1 ELSE attempts + 1 END, expires_at = ? "+
			"WHERE subject = ? AND (expires_at <= ? OR attempts < ?)", now, expires, subject, now, limit)
		if res.Error != nil || res.RowsAffected > 0 {
			return res.Error
		}
		err := inserted(s.in(ctx).Exec("INSERT INTO login_attempt (subject, attempts, expires_at) VALUES (?, 1, ?)", subject, expires).Error,
			"attempt")
		if !errors.Is(err, domain.ErrConflict) {
			return err
		}
		var row struct{ Attempts, ExpiresAt int64 }
		err = s.in(ctx).Table("login_attempt").Where("subject = ?", subject).Take(&row).Error
		if err == nil && row.Attempts >= int64(limit) && row.ExpiresAt > int64(now) {
			return fmt.Errorf("%d attempts taken: %w", row.Attempts, domain.ErrTooMany)
		}
	}
	return fmt.Errorf("count an attempt: %w", domain.ErrUnavailable)
}

// AttemptsExpire tells when the attempts of a subject are forgotten; zero when there are none.
func (s *Store) AttemptsExpire(ctx context.Context, subject string) (domain.Instant, error) {
	var at *domain.Instant
	err := s.in(ctx).Table("login_attempt").Select("MAX(expires_at)").Where("subject = ?", subject).Scan(&at).Error
	if err != nil || at == nil {
		return 0, err
	}
	return *at, nil
}

// ForgetAttempts clears the count of a subject.
func (s *Store) ForgetAttempts(ctx context.Context, subject string) error {
	return s.in(ctx).Exec("DELETE FROM login_attempt WHERE subject = ?", subject).Error
}

// GiveAttemptBack takes one attempt off the count, because it succeeded.
func (s *Store) GiveAttemptBack(ctx context.Context, subject string) error {
	return s.in(ctx).Exec("UPDATE login_attempt SET attempts = attempts - 1 WHERE subject = ? AND attempts > 0", subject).Error
}
