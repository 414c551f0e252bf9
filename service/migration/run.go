package migration

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"guiyi/domain"
	"guiyi/repository"
)

// Start lets the followers be told. From here on every touch of the old account is answered with the redirect.
func (s *Service) Start(ctx context.Context, actor domain.Actor, id string) error {
	m, unmapped, err := s.withUnmapped(ctx, id)
	if err != nil {
		return err
	}
	if err := m.MayStart(s.env.Now(), unmapped, s.opt.MinNotice); err != nil {
		return err
	}
	old, err := s.store.Account(ctx, m.AccountID)
	if err != nil {
		return err
	}
	waves := plannedWaves(m.ID, old)
	for i := range waves {
		waves[i].ID = s.env.NewID()
	}
	err = s.audited(ctx, actor, id, "migration.start", "开始告知关注者", func(tx *repository.Store) error {
		if err := moved(tx.StartMigration(ctx, id, s.now())); err != nil {
			return err
		}
		return tx.InsertWaves(ctx, waves)
	})
	if err != nil {
		return err
	}
	s.ring(ctx, m)
	return nil
}

// plannedWaves are the waves an account of this kind can send, in their order.
func plannedWaves(migrationID string, old domain.Account) []domain.Wave {
	kinds := []domain.Wave{{Kind: domain.WaveAnnouncement, Channel: domain.ChannelMassAll}}
	if old.MayMassByOpenID() {
		kinds = append(kinds, domain.Wave{Kind: domain.WaveFollowUp, Channel: domain.ChannelMassOpenID})
	}
	kinds = append(kinds, domain.Wave{Kind: domain.WavePersonal, Channel: domain.ChannelCustomer})
	for i := range kinds {
		kinds[i].MigrationID, kinds[i].Number, kinds[i].State = migrationID, i+1, domain.WavePlanned
	}
	return kinds
}

// Pause stops the sending before its next step; the call under way is finished. why is shown on the board.
func (s *Service) Pause(ctx context.Context, actor domain.Actor, id, why string) error {
	why = strings.TrimSpace(why)
	if why == "" || utf8.RuneCountInString(why) > 300 {
		return errNoWhy
	}
	return s.audited(ctx, actor, id, "migration.pause", "暂停："+why, func(tx *repository.Store) error {
		return moved(tx.Pause(ctx, id, why, s.now()))
	})
}

// Resume lets a paused migration go on where it stopped.
func (s *Service) Resume(ctx context.Context, actor domain.Actor, id string) error {
	err := s.audited(ctx, actor, id, "migration.resume", "继续", func(tx *repository.Store) error {
		return moved(tx.Resume(ctx, id, s.now()))
	})
	if err != nil {
		return err
	}
	m, err := s.store.Migration(ctx, id)
	if err != nil {
		return err
	}
	s.ring(ctx, m)
	return nil
}

// ring wakes a worker. The change is already committed, so a bell that does not ring only costs a moment until the next Sweep.
func (s *Service) ring(ctx context.Context, m domain.Migration) {
	if err := s.bell.Ring(ctx, m.ID, m.LeaseTurn); err != nil {
		s.env.Log.WarnContext(ctx, "bell did not ring", "migration_id", m.ID, "error", err)
	}
}

// Sweep rings for every migration that is due, including those whose worker died. Workers call it every few seconds.
func (s *Service) Sweep(ctx context.Context) error {
	due, err := s.store.DueMigrations(ctx, s.now())
	if err != nil {
		return err
	}
	for _, m := range due {
		s.ring(ctx, m)
	}
	return nil
}

// Work advances a migration until it has to wait, is done, is paused, or ctx ends. Only one worker at a time does: the lease
// of the given turn. If somebody else holds it, Work returns nil at once.
//
// An error is one that nobody foresaw; the migration then wakes by itself after a growing delay.
func (s *Service) Work(ctx context.Context, id string, turn int) error {
	now := s.now()
	err := s.store.TakeLease(ctx, id, turn, now, now.Add(s.opt.Lease))
	if errors.Is(err, domain.ErrConflict) {
		return nil
	}
	if err != nil {
		return err
	}
	turn++
	held, release := s.keepLease(ctx, id, turn)
	st, failures, err := s.advanceUntilRest(held, id)
	release()

	wake := domain.Instant(0)
	switch {
	case ctx.Err() != nil:
		wake = s.now() // the process is going down in the middle of the work
	case err != nil:
		failures++
		st.say = "程序出错，稍后自动重试（第 " + strconv.Itoa(failures) + " 次）"
		wake = s.now().Add(backoff(failures))
	case st.wait > 0:
		failures = 0
		wake = s.now().Add(max(st.wait, time.Second))
	}
	rest, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if restErr := s.store.Rest(rest, id, turn, failures, st.say, wake, s.now()); restErr != nil && !errors.Is(restErr, domain.ErrConflict) {
		err = errors.Join(err, restErr)
	}
	if err != nil && ctx.Err() == nil {
		return fmt.Errorf("advance migration %s: %w", id, err)
	}
	return nil
}

// backoff is 2 s, 4 s, 8 s … up to about five minutes.
func backoff(failures int) time.Duration {
	return time.Second << min(failures, 8)
}

// keepLease prolongs the lease in the background. When somebody else took over, the context it returns ends.
func (s *Service) keepLease(ctx context.Context, id string, turn int) (context.Context, func()) {
	held, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(s.opt.Lease / 3)
		defer tick.Stop()
		for {
			select {
			case <-held.Done():
				return
			case <-tick.C:
				err := s.store.KeepLease(held, id, turn, s.now().Add(s.opt.Lease))
				if errors.Is(err, domain.ErrConflict) {
					cancel()
				}
			}
		}
	}()
	return held, func() {
		cancel()
		<-done
	}
}

// step says what comes after one piece of work: at once the next one (zero), a wait, or nothing at all (idle).
type step struct {
	wait time.Duration
	idle bool
	say  string // one line for the board
}

func waitFor(d time.Duration, say string) step { return step{wait: d, say: say} }

func (s *Service) advanceUntilRest(ctx context.Context, id string) (last step, failures int, err error) {
	for ctx.Err() == nil {
		m, err := s.store.Migration(ctx, id)
		if err != nil {
			return last, failures, err
		}
		failures = m.Failures
		if !m.PausedAt.IsZero() {
			return step{idle: true, say: m.Engine}, failures, nil
		}
		st, err := s.advance(ctx, m)
		if err != nil {
			return last, failures, err
		}
		if st.idle || st.wait > 0 {
			return st, failures, nil
		}
		if st.say != "" && st.say != m.Engine {
			if err := s.store.Engine(ctx, id, st.say); err != nil {
				return last, failures, err
			}
		}
		last, failures = st, 0
	}
	return last, failures, nil
}
