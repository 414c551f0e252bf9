package migration

import (
	"context"
	"fmt"

	"guiyi/domain"
	"guiyi/repository"
)

// reasonBlacklisted marks followers on the account's own blacklist: the platform delivers nothing to them.
const reasonBlacklisted = "blacklisted"

// syncPasses is how often the list is read at most. One pass is not a snapshot: people come and go while it runs.
const syncPasses = 3

// readFollowers reads one page of the follower list into the ledger. When the ledger holds as many people as the platform
// counts, or after syncPasses passes, it takes out the blacklisted and freezes the list.
func (s *Service) readFollowers(ctx context.Context, m domain.Migration) (step, error) {
	page, next, total, err := s.platform.Followers(ctx, m.AccountID, m.SyncCursor)
	if err != nil {
		return s.platformTrouble(ctx, m, err)
	}
	lastPage := len(page) == 0 || next == ""
	pass, cursor := m.SyncPass, next
	if lastPage {
		pass, cursor = pass+1, ""
	}
	counts := map[domain.RecipientState]int{}
	err = s.store.InTx(ctx, func(tx *repository.Store) error {
		if err := tx.AddRecipients(ctx, m.ID, page, s.now()); err != nil {
			return err
		}
		if err := tx.MoveSync(ctx, m, cursor, pass); err != nil {
			return err
		}
		var err error
		counts, err = tx.CountRecipients(ctx, m.ID)
		return err
	})
	if err != nil {
		return step{}, err
	}
	known := 0
	for _, n := range counts {
		known += n
	}
	following := known - counts[domain.RecipientLeft]
	if !lastPage || (following < total && pass < syncPasses) {
		return step{say: fmt.Sprintf("读取关注者名单：%d / %d", known, total)}, nil
	}
	return s.freeze(ctx, m, known, total)
}

func (s *Service) freeze(ctx context.Context, m domain.Migration, known, total int) (step, error) {
	blacklist, err := s.blacklist(ctx, m.AccountID)
	if err != nil {
		return s.platformTrouble(ctx, m, err)
	}
	err = s.store.InTx(ctx, func(tx *repository.Store) error {
		if err := tx.Excuse(ctx, m.ID, blacklist, reasonBlacklisted, s.now()); err != nil {
			return err
		}
		if err := tx.SetFollowers(ctx, m.AccountID, total, s.now()); err != nil {
			return err
		}
		return tx.Freeze(ctx, m.ID, known, s.now())
	})
	return step{say: fmt.Sprintf("名单已固定，共 %d 人", known)}, err
}

// blacklist reads all pages of the account's blacklist (10,000 a page; accounts have few).
func (s *Service) blacklist(ctx context.Context, accountID string) ([]domain.OpenID, error) {
	var all []domain.OpenID
	begin := ""
	for {
		page, next, err := s.platform.Blacklist(ctx, accountID, begin)
		if err != nil {
			return nil, err
		}
		all = append(all, page...)
		if len(page) == 0 || next == "" || next == begin {
			return all, nil
		}
		begin = next
	}
}

// findLatecomers reads the follower list once more after the announcement. Who is not in the ledger followed since it was
// frozen; normally the touch reply told them, and this finds those whose follow event was lost. Only who followed after the
// announcement was accepted certainly did not get it and is left to the next waves; of the others the platform may have taken
// care, so nothing is sent to them on a guess.
func (s *Service) findLatecomers(ctx context.Context, m domain.Migration) error {
	announced, err := s.announcedAt(ctx, m)
	if err != nil {
		return err
	}
	next := ""
	for {
		page, newNext, _, err := s.platform.Followers(ctx, m.AccountID, next)
		if err != nil {
			return err
		}
		if err := s.addLatecomers(ctx, m, page, announced); err != nil {
			return err
		}
		if len(page) == 0 || newNext == "" {
			return nil
		}
		next = newNext
	}
}

func (s *Service) addLatecomers(ctx context.Context, m domain.Migration, page []domain.OpenID, announced domain.Instant) error {
	strangers, err := s.store.NotInLedger(ctx, m.ID, page)
	if err != nil || len(strangers) == 0 {
		return err
	}
	since, err := s.platform.FollowedAt(ctx, m.AccountID, strangers)
	if code(err) == codeBadOpenID { // somebody of them has left again; the next touch tells the others
		s.env.Log.WarnContext(ctx, "latecomers not asked for", "migration_id", m.ID, "error", err)
		return nil
	}
	if err != nil {
		return err
	}
	var pending, unsure []domain.OpenID
	for _, o := range strangers {
		if since[o] > announced {
			pending = append(pending, o)
		} else {
			unsure = append(unsure, o)
		}
	}
	return s.store.InTx(ctx, func(tx *repository.Store) error {
		if err := tx.AddLate(ctx, m.ID, pending, domain.RecipientPending, s.now()); err != nil {
			return err
		}
		return tx.AddLate(ctx, m.ID, unsure, domain.RecipientAccepted, s.now())
	})
}

// codeBadOpenID is 40003: not a follower of this account.
const codeBadOpenID = 40003

// announcedAt is when the platform accepted the last job of the announcement.
func (s *Service) announcedAt(ctx context.Context, m domain.Migration) (domain.Instant, error) {
	waves, err := s.store.Waves(ctx, m.ID)
	if err != nil {
		return 0, err
	}
	at, err := s.store.LastAccepted(ctx, waves[0].ID)
	return max(at, waves[0].StartedAt), err
}
