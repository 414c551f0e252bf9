package migration

import (
	"context"
	"errors"
	"slices"

	"guiyi/domain"
)

// Summary is one row of the board.
type Summary struct {
	Migration domain.Migration
	Old       domain.Account
	Town      domain.Account
	Tally     domain.Tally
	Percent   int      // of the ledger whose fate is settled, 0 to 100; 100 only when every wave is done
	Running   bool     // the engine has work, now or later by itself
	DaysLeft  int      // until the stop date, negative after it
	Blockers  []string // what keeps it from being started, or why it is paused; for people
}

// View is everything the page of one migration shows.
type View struct {
	Summary
	Entries  []domain.MappedEntry
	Unmapped int
	Waves    []domain.Wave
}

// List gives the board: all migrations, the oldest first.
func (s *Service) List(ctx context.Context) ([]Summary, error) {
	migrations, err := s.store.Migrations(ctx)
	if err != nil {
		return nil, err
	}
	list := make([]Summary, 0, len(migrations))
	for _, m := range migrations {
		v, err := s.view(ctx, m)
		if err != nil {
			return nil, err
		}
		list = append(list, v.Summary)
	}
	return list, nil
}

// Get gives one migration with its mapping and waves.
func (s *Service) Get(ctx context.Context, id string) (View, error) {
	m, err := s.store.Migration(ctx, id)
	if err != nil {
		return View{}, err
	}
	return s.view(ctx, m)
}

// Find gives the open migration of the old account with the given key, e.g. "A3".
func (s *Service) Find(ctx context.Context, accountKey string) (View, error) {
	a, err := s.store.AccountByKey(ctx, accountKey)
	if err != nil {
		return View{}, err
	}
	m, err := s.store.OpenMigrationOf(ctx, a.ID)
	if err != nil {
		return View{}, err
	}
	return s.view(ctx, m)
}

func (s *Service) view(ctx context.Context, m domain.Migration) (View, error) {
	v := View{Summary: Summary{Migration: m, DaysLeft: s.now().Day().Until(m.StopOn)}}
	var err error
	if v.Old, v.Town, err = s.pair(ctx, m); err != nil {
		return v, err
	}
	if v.Entries, err = s.store.Entries(ctx, m.ID); err != nil {
		return v, err
	}
	for _, e := range v.Entries {
		if !e.Mapped() {
			v.Unmapped++
		}
	}
	if v.Waves, err = s.store.Waves(ctx, m.ID); err != nil {
		return v, err
	}
	if v.Tally, err = s.tally(ctx, m.ID); err != nil {
		return v, err
	}
	done := len(v.Waves) > 0
	for _, w := range v.Waves {
		done = done && w.State == domain.WaveDone
	}
	v.Running = m.State.Started() && !done && m.PausedAt.IsZero()
	v.Percent = percent(m, v.Tally, done)
	v.Blockers = s.blockers(m, v.Unmapped)
	return v, nil
}

func percent(m domain.Migration, t domain.Tally, done bool) int {
	switch {
	case done:
		return 100
	case m.FrozenAt.IsZero() || t.Total == 0:
		return 0
	default:
		return min(99, t.Settled()*100/t.Total)
	}
}

// tally counts the ledger. Rows of partly delivered batches are split by the platform's own count, because it names nobody.
func (s *Service) tally(ctx context.Context, id string) (domain.Tally, error) {
	counts, err := s.store.CountRecipients(ctx, id)
	if err != nil {
		return domain.Tally{}, err
	}
	unnamed, sent, err := s.store.PartlyDelivered(ctx, id)
	if err != nil {
		return domain.Tally{}, err
	}
	accepted := counts[domain.RecipientAccepted]
	unnamed = min(unnamed, accepted) // the two counts are read one after the other
	sent = min(sent, unnamed)
	t := domain.Tally{
		Reached: counts[domain.RecipientReached] + sent, Unconfirmed: accepted - unnamed, NotDelivered: unnamed - sent,
		Filtered: counts[domain.RecipientFiltered], Left: counts[domain.RecipientLeft],
		Unreachable: counts[domain.RecipientUnreachable], Unknown: counts[domain.RecipientUnknown],
		Sending: counts[domain.RecipientSending], Pending: counts[domain.RecipientPending],
	}
	t.Total = t.Sum()
	return t, nil
}

func (s *Service) blockers(m domain.Migration, unmapped int) []string {
	if !m.PausedAt.IsZero() {
		return []string{"已暂停：" + m.PauseWhy}
	}
	if m.State != domain.MigrationDraft && m.State != domain.MigrationApproved {
		return nil
	}
	var why []string
	asApproved := m
	asApproved.State = domain.MigrationApproved
	for _, err := range []error{
		m.Check(s.env.Now(), s.opt.MinNotice), asApproved.MayStart(s.env.Now(), unmapped, 0), m.MayStart(s.env.Now(), 0, 0),
	} {
		var refusal *domain.Error
		if errors.As(err, &refusal) && !slices.Contains(why, refusal.Text) {
			why = append(why, refusal.Text)
		}
	}
	return why
}

// Batches lists the calls of a wave, 50 at a time, starting behind the given number.
func (s *Service) Batches(ctx context.Context, waveID string, after int) ([]domain.Batch, error) {
	return s.store.Batches(ctx, waveID, after, 50)
}

// LastBeat is the newest sign of life of any worker, zero when there never was one.
func (s *Service) LastBeat(ctx context.Context) (domain.Instant, error) { return s.store.LastBeat(ctx) }
