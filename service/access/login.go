package access

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"time"

	"guiyi/domain"
	"guiyi/repository"
)

// Refusals of the login. A wrong name and a wrong password read the same.
var (
	ErrBadLogin = domain.Refuse(domain.ErrInvalid, "bad_login", "登录名或密码不对")
	ErrDisabled = domain.Refuse(domain.ErrForbidden, "disabled", "这个账号已经停用，请联系系统管理员")
	errNoLogin  = domain.Refuse(domain.ErrUnauthenticated, "no_session", "请先登录")
)

// LockedError says that too many attempts failed, and when to come back. Its kind is domain.ErrTooMany.
type LockedError struct {
	refusal *domain.Error
	wait    time.Duration
}

func (e *LockedError) Error() string { return e.refusal.Error() }

// Wait is how long the lock lasts from now.
func (e *LockedError) Wait() time.Duration { return e.wait }

// Unwrap makes errors.As find the refusal inside.
func (e *LockedError) Unwrap() error { return e.refusal }

func locked(wait time.Duration) error {
	minutes := max(1, int((wait+time.Minute-1)/time.Minute))
	return &LockedError{
		domain.Refuse(domain.ErrTooMany, "locked", "输错的次数太多，请 "+strconv.Itoa(minutes)+" 分钟后再试"), wait,
	}
}

// Login checks a password and begins a session. The token goes into the browser's cookie and is known to nobody else.
// address is the network address of the browser, for the count of failures only. Refusals: ErrBadLogin, ErrDisabled, LockedError.
func (s *Service) Login(ctx context.Context, login, password, address string) (token string, p domain.Staff, err error) {
	name, err := domain.NormalLogin(login)
	if err != nil {
		name = "?" // no such person; still counted and still as slow
	}
	subjects := [2]string{"login:" + name, "addr:" + address}
	if err := s.takeAttempts(ctx, subjects); err != nil {
		return "", domain.Staff{}, err
	}
	p, err = s.checkPassword(ctx, name, password)
	if errors.Is(err, ErrBadLogin) {
		return "", domain.Staff{}, errors.Join(err, s.noteFailure(ctx, name))
	}
	if err != nil {
		return "", domain.Staff{}, err
	}
	token = newToken()
	err = s.store.InTx(ctx, func(tx *repository.Store) error {
		now := s.now()
		if err := tx.NoteLogin(ctx, p.ID, now); err != nil {
			return err
		}
		n := domain.Session{TokenHash: hashToken(token), StaffID: p.ID, CreatedAt: now, SeenAt: now}
		if err := tx.InsertSession(ctx, n); err != nil {
			return err
		}
		if err := errors.Join(tx.ForgetAttempts(ctx, subjects[0]), tx.GiveAttemptBack(ctx, subjects[1])); err != nil {
			return err
		}
		return tx.InsertAudit(ctx, s.entry(p.Actor(), "staff.login", "staff", p.ID, ""))
	})
	return token, p, err
}

func (s *Service) takeAttempts(ctx context.Context, subjects [2]string) error {
	now := s.now()
	for i, limit := range []int{s.opt.LockAfter, s.opt.AddressAfter} {
		err := s.store.TakeAttempt(ctx, subjects[i], limit, now, now.Add(s.opt.LockFor))
		if errors.Is(err, domain.ErrTooMany) {
			until, err := s.store.AttemptsExpire(ctx, subjects[i])
			if err != nil {
				return err
			}
			return locked(max(time.Duration(until-now)*time.Second, time.Second))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) checkPassword(ctx context.Context, login, password string) (domain.Staff, error) {
	var stored string
	p, err := s.store.StaffByLogin(ctx, login)
	if err == nil {
		stored, err = s.store.PasswordHash(ctx, p.ID)
	}
	if err != nil && !errors.Is(err, domain.ErrNotFound) {
		return domain.Staff{}, err
	}
	if len(password) > 4*domain.MaxPassword { // no password of ours is that long
		password = ""
	}
	ok, err := s.hash.matches(ctx, password, stored)
	switch {
	case err != nil:
		return domain.Staff{}, fmt.Errorf("compare the password of %s: %w", login, err)
	case !ok:
		return domain.Staff{}, ErrBadLogin
	case p.Disabled():
		return domain.Staff{}, ErrDisabled
	}
	return p, nil
}

// noteFailure writes a failed login down, for names that exist: what a stranger types may be a password.
func (s *Service) noteFailure(ctx context.Context, login string) error {
	p, err := s.store.StaffByLogin(ctx, login)
	if errors.Is(err, domain.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.Audit(ctx, domain.System, "staff.login_failed", "staff", p.ID, p.Name+" 的登录密码不对")
}

// Logout ends a session; an unknown token is fine.
func (s *Service) Logout(ctx context.Context, token string) error {
	return s.store.EndSession(ctx, hashToken(token))
}

// touchEvery keeps a page that polls from writing every second.
const touchEvery = time.Minute

// Session finds out who holds the token. It is domain.ErrUnauthenticated when the session is unknown, ended, idle for too long,
// too old, or its person disabled.
func (s *Service) Session(ctx context.Context, token string) (domain.Staff, error) {
	return s.session(ctx, token, true)
}

// Peek is Session for a page that asks again by itself: it does not count as somebody being there.
func (s *Service) Peek(ctx context.Context, token string) (domain.Staff, error) {
	return s.session(ctx, token, false)
}

func (s *Service) session(ctx context.Context, token string, touch bool) (domain.Staff, error) {
	if token == "" {
		return domain.Staff{}, errNoLogin
	}
	hash := hashToken(token)
	n, err := s.store.Session(ctx, hash)
	if errors.Is(err, domain.ErrNotFound) {
		return domain.Staff{}, errNoLogin
	}
	if err != nil {
		return domain.Staff{}, err
	}
	now := s.now()
	if now >= n.CreatedAt.Add(s.opt.Lifetime) || now >= n.SeenAt.Add(s.opt.Idle) {
		return domain.Staff{}, errors.Join(errNoLogin, s.store.EndSession(ctx, hash))
	}
	p, err := s.store.Staff(ctx, n.StaffID)
	if err != nil {
		return domain.Staff{}, err
	}
	if p.Disabled() {
		return domain.Staff{}, errNoLogin
	}
	if touch && now >= n.SeenAt.Add(touchEvery) {
		if err := s.store.TouchSession(ctx, hash, now); err != nil && !errors.Is(err, domain.ErrConflict) {
			return domain.Staff{}, err
		}
	}
	return p, nil
}

// Purge removes what is of no use any more: ended sessions and expired counts of attempts.
func (s *Service) Purge(ctx context.Context) error {
	now := s.now()
	return s.store.PurgeSessions(ctx, now.Add(-s.opt.Lifetime), now.Add(-s.opt.Idle), now)
}

func newToken() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails since Go 1.24
	return base64.RawURLEncoding.EncodeToString(b[:])
}

func hashToken(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}
