package repository

import (
	"context"
	"fmt"
	"slices"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"guiyi/domain"
)

// sendable are the states from which a person may be sent to.
var sendable = []domain.RecipientState{domain.RecipientPending, domain.RecipientFiltered}

// insertChunk keeps one INSERT well under the engines' limits on parameters.
const insertChunk = 500

// AddRecipients puts followers into the ledger as pending; those who are in it already stay as they are.
func (s *Store) AddRecipients(ctx context.Context, migrationID string, openids []domain.OpenID, at domain.Instant) error {
	rows := make([]domain.Recipient, len(openids))
	for i, o := range openids {
		rows[i] = domain.Recipient{MigrationID: migrationID, OpenID: o, State: domain.RecipientPending, UpdatedAt: at}
	}
	return s.insertRecipients(ctx, rows)
}

// AddLate puts people into the ledger who followed after the list was frozen, in the given state; those who are in it stay as they are.
func (s *Store) AddLate(ctx context.Context, migrationID string, openids []domain.OpenID, state domain.RecipientState, at domain.Instant) error {
	rows := make([]domain.Recipient, len(openids))
	for i, o := range openids {
		rows[i] = domain.Recipient{MigrationID: migrationID, OpenID: o, State: state, Reason: "late", UpdatedAt: at}
	}
	return s.insertRecipients(ctx, rows)
}

// NotInLedger picks out of a page of followers those whom the ledger does not know.
func (s *Store) NotInLedger(ctx context.Context, migrationID string, page []domain.OpenID) ([]domain.OpenID, error) {
	known := make(map[domain.OpenID]bool, len(page))
	for part := range slices.Chunk(page, insertChunk) {
		var found []domain.OpenID
		err := s.in(ctx).Table("recipient").Where("migration_id = ? AND openid IN ?", migrationID, part).Pluck("openid", &found).Error
		if err != nil {
			return nil, fmt.Errorf("look people up in the ledger: %w", err)
		}
		for _, o := range found {
			known[o] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(page), func(o domain.OpenID) bool { return known[o] }), nil
}

// AddReached puts a person into the ledger who followed after the list was frozen and was told at once.
func (s *Store) AddReached(ctx context.Context, migrationID string, openid domain.OpenID, reason string, at domain.Instant) error {
	return s.insertRecipients(ctx, []domain.Recipient{{
		MigrationID: migrationID, OpenID: openid, State: domain.RecipientReached, Reason: reason, TouchedAt: at, UpdatedAt: at,
	}})
}

func (s *Store) insertRecipients(ctx context.Context, rows []domain.Recipient) error {
	if len(rows) == 0 {
		return nil
	}
	err := s.in(ctx).Table("recipient").Clauses(clause.OnConflict{DoNothing: true}).CreateInBatches(rows, insertChunk).Error
	if err != nil {
		return fmt.Errorf("add to the ledger: %w", err)
	}
	return nil
}

// CountRecipients counts the ledger of a migration by state. The counts of one call belong together.
func (s *Store) CountRecipients(ctx context.Context, migrationID string) (map[domain.RecipientState]int, error) {
	var rows []struct {
		State domain.RecipientState
		N     int
	}
	err := s.in(ctx).Table("recipient").Select("state, COUNT(*) AS n").Where("migration_id = ?", migrationID).
		Group("state").Find(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("count the ledger: %w", err)
	}
	counts := make(map[domain.RecipientState]int, len(rows))
	for _, r := range rows {
		counts[r.State] = r.N
	}
	return counts, nil
}

// CountSendable counts the people a wave of the given number would take up.
func (s *Store) CountSendable(ctx context.Context, migrationID string, wave int) (int, error) {
	var n int64
	err := s.sendableFor(ctx, migrationID, wave).Count(&n).Error
	return int(n), err
}

// SendableUpTo counts like CountSendable, but no further than most, so that a batch does not cost a count of all who wait.
func (s *Store) SendableUpTo(ctx context.Context, migrationID string, wave, most int) (int, error) {
	var n int64
	err := s.in(ctx).Table("(?) AS some", s.sendableFor(ctx, migrationID, wave).Select("openid").Limit(most)).Count(&n).Error
	return int(n), err
}

func (s *Store) sendableFor(ctx context.Context, migrationID string, wave int) *gorm.DB {
	return s.in(ctx).Table("recipient").Where("migration_id = ? AND state IN ? AND wave < ?", migrationID, sendable, wave)
}

// ClaimAll takes everybody up whom the wave may send to, into one batch, and returns how many they are.
func (s *Store) ClaimAll(ctx context.Context, migrationID string, wave int, batchID string, at domain.Instant) (int, error) {
	return claim(s.sendableFor(ctx, migrationID, wave), wave, batchID, at)
}

// ClaimSome takes up to n people up and returns how many they are. It goes state by state: only then an index gives the order
// of openids, and a batch costs what is in it and not a walk over everybody who was taken up before.
func (s *Store) ClaimSome(ctx context.Context, migrationID string, wave int, batchID string, n int, at domain.Instant) (int, error) {
	claimed := 0
	for _, state := range sendable {
		if claimed == n {
			break
		}
		waiting := func() *gorm.DB {
			return s.in(ctx).Table("recipient").Where("migration_id = ? AND state = ? AND wave < ?", migrationID, state, wave)
		}
		var openids []string
		err := waiting().Order("openid").Limit(n-claimed).Pluck("openid", &openids).Error
		if err != nil {
			return 0, fmt.Errorf("find people for batch %s: %w", batchID, err)
		}
		if len(openids) == 0 {
			continue
		}
		got, err := claim(waiting().Where("openid <= ?", openids[len(openids)-1]), wave, batchID, at)
		if err != nil {
			return 0, err
		}
		claimed += got
	}
	return claimed, nil
}

// ClaimTalkers takes up to n people up who wrote to the account since the given moment, so that its customer-service window
// to them is open, and says who they are. When somebody else claims some of them at the same time it is domain.ErrConflict,
// and the transaction must not be committed.
func (s *Store) ClaimTalkers(ctx context.Context, m domain.Migration, wave int, batchID string, since domain.Instant, n int, at domain.Instant) ([]domain.OpenID, error) {
	var openids []domain.OpenID
	err := s.sendableFor(ctx, m.ID, wave).
		Where("openid IN (SELECT openid FROM inbox WHERE account_id = ? AND type <> 'event' AND created_at > ?)", m.AccountID, since).
		Order("openid").Limit(n).Pluck("openid", &openids).Error
	if err != nil || len(openids) == 0 {
		return nil, err
	}
	claimed, err := claim(s.sendableFor(ctx, m.ID, wave).Where("openid IN ?", openids), wave, batchID, at)
	if err == nil && claimed != len(openids) {
		err = fmt.Errorf("people of batch %s were claimed elsewhere: %w", batchID, domain.ErrConflict)
	}
	return openids, err
}

// CountTalkers counts whom ClaimTalkers would find.
func (s *Store) CountTalkers(ctx context.Context, m domain.Migration, wave int, since domain.Instant) (int, error) {
	var n int64
	err := s.sendableFor(ctx, m.ID, wave).
		Where("openid IN (SELECT openid FROM inbox WHERE account_id = ? AND type <> 'event' AND created_at > ?)", m.AccountID, since).
		Count(&n).Error
	return int(n), err
}

func claim(q *gorm.DB, wave int, batchID string, at domain.Instant) (int, error) {
	res := q.Updates(map[string]any{"state": domain.RecipientSending, "wave": wave, "batch_id": batchID, "updated_at": at})
	if res.Error != nil {
		return 0, fmt.Errorf("claim for batch %s: %w", batchID, res.Error)
	}
	return int(res.RowsAffected), nil
}

// BatchOpenIDs lists the people of a batch in the given state, in the order of their openids.
func (s *Store) BatchOpenIDs(ctx context.Context, batchID string, state domain.RecipientState) ([]domain.OpenID, error) {
	var list []domain.OpenID
	err := s.in(ctx).Table("recipient").Where("batch_id = ? AND state = ?", batchID, state).Order("openid").Pluck("openid", &list).Error
	if err != nil {
		return nil, fmt.Errorf("list batch %s: %w", batchID, err)
	}
	return list, nil
}

// MoveBatch moves all people of a batch from one state to another and returns how many they are.
func (s *Store) MoveBatch(ctx context.Context, batchID string, from, to domain.RecipientState, reason string, at domain.Instant) (int, error) {
	res := s.in(ctx).Table("recipient").Where("batch_id = ? AND state = ?", batchID, from).
		Updates(map[string]any{"state": to, "reason": reason, "updated_at": at})
	if res.Error != nil {
		return 0, fmt.Errorf("move batch %s: %w", batchID, res.Error)
	}
	return int(res.RowsAffected), nil
}

// unlessGone is the state of somebody whom a send certainly did not reach: told by a touch meanwhile, gone meanwhile, or the given one.
func unlessGone(state domain.RecipientState) clause.Expr {
	return gorm.Expr("CASE WHEN touched_at > 0 THEN ? WHEN left_at > 0 THEN ? ELSE ? END", domain.RecipientReached, domain.RecipientLeft, state)
}

func giveBack(q *gorm.DB, wave int, at domain.Instant) error {
	err := q.Updates(map[string]any{
		"state": unlessGone(domain.RecipientPending), "reason": "", "wave": wave - 1, "batch_id": "", "updated_at": at,
	}).Error
	if err != nil {
		return fmt.Errorf("give people back: %w", err)
	}
	return nil
}

// ReturnBatch gives the people of a batch back as if the wave had not taken them up, because certainly nothing was sent.
// Who was told by a touch or left meanwhile does not wait again.
func (s *Store) ReturnBatch(ctx context.Context, batchID string, from domain.RecipientState, wave int, at domain.Instant) error {
	return giveBack(s.in(ctx).Table("recipient").Where("batch_id = ? AND state = ?", batchID, from), wave, at)
}

// ReturnPeople gives single people of a batch back, as ReturnBatch does, also those who were called unknown meanwhile.
func (s *Store) ReturnPeople(ctx context.Context, migrationID, batchID string, openids []domain.OpenID, wave int, at domain.Instant) error {
	for part := range slices.Chunk(openids, insertChunk) {
		if err := giveBack(s.underWay(ctx, migrationID, batchID, part), wave, at); err != nil {
			return err
		}
	}
	return nil
}

// underWay are those of the given people whose message has no certain fate yet.
func (s *Store) underWay(ctx context.Context, migrationID, batchID string, openids []domain.OpenID) *gorm.DB {
	return s.in(ctx).Table("recipient").Where("migration_id = ? AND batch_id = ? AND openid IN ? AND state IN ?", migrationID, batchID, openids,
		[]domain.RecipientState{domain.RecipientSending, domain.RecipientUnknown})
}

// FilterBatch notes that the platform's filter let nobody of a batch through. Who was told by a touch or left meanwhile does not
// wait for the next wave.
func (s *Store) FilterBatch(ctx context.Context, batchID, reason string, at domain.Instant) error {
	return s.in(ctx).Table("recipient").Where("batch_id = ? AND state = ?", batchID, domain.RecipientAccepted).
		Updates(map[string]any{"state": unlessGone(domain.RecipientFiltered), "reason": reason, "updated_at": at}).Error
}

// TrimBatch takes those out of an unsent batch who were told by a touch or left since it was filled, and returns how many they are.
func (s *Store) TrimBatch(ctx context.Context, batchID string, at domain.Instant) (int, error) {
	res := s.in(ctx).Table("recipient").
		Where("batch_id = ? AND state = ? AND (touched_at > 0 OR left_at > 0)", batchID, domain.RecipientSending).
		Updates(map[string]any{"state": unlessGone(domain.RecipientPending), "updated_at": at})
	return int(res.RowsAffected), res.Error
}

// MoveLeavers marks those of a batch who left before the given moment.
func (s *Store) MoveLeavers(ctx context.Context, batchID string, from domain.RecipientState, before, at domain.Instant) (int, error) {
	res := s.in(ctx).Table("recipient").Where("batch_id = ? AND state = ? AND left_at > 0 AND left_at <= ?", batchID, from, before).
		Updates(map[string]any{"state": domain.RecipientLeft, "updated_at": at})
	return int(res.RowsAffected), res.Error
}

// SettlePeople writes the fates of single people of a batch. Somebody who was called unknown meanwhile may still turn out well.
func (s *Store) SettlePeople(ctx context.Context, migrationID, batchID string, openids []domain.OpenID, to domain.RecipientState, reason string, at domain.Instant) error {
	for part := range slices.Chunk(openids, insertChunk) {
		err := s.underWay(ctx, migrationID, batchID, part).Updates(map[string]any{"state": to, "reason": reason, "updated_at": at}).Error
		if err != nil {
			return fmt.Errorf("settle people of batch %s: %w", batchID, err)
		}
	}
	return nil
}

// Excuse marks followers as out of reach before anything is sent, e.g. those on the account's blacklist.
func (s *Store) Excuse(ctx context.Context, migrationID string, openids []domain.OpenID, reason string, at domain.Instant) error {
	for part := range slices.Chunk(openids, insertChunk) {
		err := s.in(ctx).Table("recipient").
			Where("migration_id = ? AND openid IN ? AND state = ?", migrationID, part, domain.RecipientPending).
			Updates(map[string]any{"state": domain.RecipientUnreachable, "reason": reason, "updated_at": at}).Error
		if err != nil {
			return fmt.Errorf("excuse followers: %w", err)
		}
	}
	return nil
}

// ExcuseRest marks everybody who still waits when no wave is left that could send to them.
func (s *Store) ExcuseRest(ctx context.Context, migrationID, reason string, at domain.Instant) error {
	return s.in(ctx).Table("recipient").Where("migration_id = ? AND state = ?", migrationID, domain.RecipientPending).
		Updates(map[string]any{"state": domain.RecipientUnreachable, "reason": reason, "updated_at": at}).Error
}

// CountUnreachable counts the rows that were excused for the given reason and have not left since.
func (s *Store) CountUnreachable(ctx context.Context, migrationID, reason string) (int, error) {
	var n int64
	err := s.in(ctx).Table("recipient").
		Where("migration_id = ? AND state = ? AND reason = ? AND left_at = 0", migrationID, domain.RecipientUnreachable, reason).Count(&n).Error
	return int(n), err
}

// whenIn changes a state only where it is one of the given ones. The column's old value counts: it is assigned nowhere else.
func whenIn(states []domain.RecipientState, to domain.RecipientState) clause.Expr {
	return gorm.Expr("CASE WHEN state IN ? THEN ? ELSE state END", states, to)
}

// NoteLeft remembers that a person unfollowed. Who was not sent anything yet will not be. News that a later touch has overtaken
// changes nothing: pushes that had to be repeated come in any order.
func (s *Store) NoteLeft(ctx context.Context, migrationID string, openid domain.OpenID, at domain.Instant) error {
	err := s.in(ctx).Table("recipient").Where("migration_id = ? AND openid = ? AND touched_at <= ?", migrationID, openid, at).
		Updates(map[string]any{"left_at": at, "state": whenIn(sendable, domain.RecipientLeft), "updated_at": at}).Error
	if err != nil {
		return fmt.Errorf("note a leaver: %w", err)
	}
	return nil
}

// NoteBack takes a person up again who left and came back before the list was frozen.
func (s *Store) NoteBack(ctx context.Context, migrationID string, openid domain.OpenID, at domain.Instant) error {
	err := s.in(ctx).Table("recipient").Where("migration_id = ? AND openid = ? AND state = ?", migrationID, openid, domain.RecipientLeft).
		Updates(map[string]any{"left_at": 0, "state": domain.RecipientPending, "updated_at": at}).Error
	if err != nil {
		return fmt.Errorf("note who came back: %w", err)
	}
	return nil
}

// touchable are the states in which a touch reply is the first certain news that reached the person.
var touchable = append(slices.Clip(sendable), domain.RecipientLeft, domain.RecipientUnreachable, domain.RecipientUnknown)

// NoteTouched remembers that a touch reply told this person at the given moment. Who waited for a wave is reached by it and needs
// none; who writes has not left.
func (s *Store) NoteTouched(ctx context.Context, migrationID string, openid domain.OpenID, reason string, at domain.Instant) error {
	err := s.in(ctx).Table("recipient").Where("migration_id = ? AND openid = ?", migrationID, openid).
		Updates(map[string]any{ // MySQL assigns in this order, by name: reason looks at the state before it changes
			"left_at": 0, "reason": gorm.Expr("CASE WHEN state IN ? THEN ? ELSE reason END", touchable, reason),
			"state": whenIn(touchable, domain.RecipientReached), "touched_at": at, "updated_at": at,
		}).Error
	if err != nil {
		return fmt.Errorf("note a touch: %w", err)
	}
	return nil
}

// Recipient finds one person in the ledger.
func (s *Store) Recipient(ctx context.Context, migrationID string, openid domain.OpenID) (domain.Recipient, error) {
	var r domain.Recipient
	err := s.in(ctx).Table("recipient").Where("migration_id = ? AND openid = ?", migrationID, openid).Take(&r).Error
	return r, one(err, "person in the ledger of migration "+migrationID)
}
