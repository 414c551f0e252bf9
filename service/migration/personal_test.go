package migration_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"guiyi/domain"
	"guiyi/repository"
	"guiyi/repository/repotest"
)

// filteredOut starts a migration whose announcement the platform's filter let nobody through, and lets everybody have written
// to the account, so that only the person-by-person wave can reach them.
func filteredOut(t *testing.T, s *repository.Store, people int) *town {
	t.Helper()
	w := newTown(t, s, domain.AccountSubscription, people)
	for i, o := range w.platform.followers {
		w.must(s.InsertInbox(t.Context(), fmt.Sprintf("inbox-%d", i), domain.Inbound{
			AccountID: w.old.ID, OpenID: o, Type: "text", Content: "在吗", MsgID: fmt.Sprint(i), CreatedAt: domain.At(w.clock),
		}, domain.Reply{}, domain.At(w.clock)))
	}
	w.started()
	w.work()
	clear(w.platform.received)
	w.reportAs(domain.MassFinish{MsgID: 1000000000, Status: "send success", Total: people})
	w.platform.jobs = map[string]int64{}
	return w
}

func TestPersonalWave(t *testing.T) {
	repotest.Each(t, func(t *testing.T, s *repository.Store) {
		w := filteredOut(t, s, 61)
		v := w.finish()
		w.everyoneOnce()
		if v.Tally.Reached != 61 || w.batches(2)[0].Size != 61 {
			t.Errorf("%+v %+v", v.Tally, w.batches(2))
		}
	})
}

func TestPersonalWave_only_reaches_open_windows(t *testing.T) {
	w := filteredOut(t, repotest.SQLite(t), 30)
	w.clock = w.clock.Add(48 * time.Hour)
	v := w.finish()
	if len(w.platform.received) != 0 || v.Tally.Filtered != 30 {
		t.Errorf("%d people got something, %+v", len(w.platform.received), v.Tally)
	}
}

func TestPersonalWave_each_fate(t *testing.T) {
	w := filteredOut(t, repotest.SQLite(t), 100)
	n := 0
	w.platform.before = func(call string) error {
		if call != "custom" {
			return nil
		}
		n++
		switch n {
		case 30:
			return &domain.PlatformError{Code: 45015, Remedy: domain.RemedyPerson, Kind: domain.ErrConflict}
		case 60:
			return &domain.PlatformError{Message: "timeout", Remedy: domain.RemedyUnknown, Kind: domain.ErrUnavailable}
		case 90:
			return &domain.PlatformError{Code: -1, Remedy: domain.RemedyWait, Kind: domain.ErrUnavailable}
		}
		return nil
	}
	v := w.finish()
	if v.Tally.Reached != 98 || v.Tally.Unreachable != 1 || v.Tally.Unknown != 1 {
		t.Errorf("%+v", v.Tally)
	}
	for o, times := range w.platform.received {
		if times != 1 {
			t.Errorf("%s got %d messages", o, times)
		}
	}
}

func TestPersonalWave_pauses_when_many_fail(t *testing.T) {
	w := filteredOut(t, repotest.SQLite(t), 100)
	w.platform.before = func(call string) error {
		if call == "custom" {
			return &domain.PlatformError{Code: 45015, Remedy: domain.RemedyPerson, Kind: domain.ErrConflict}
		}
		return nil
	}
	v := w.work()
	if v.Migration.PausedAt.IsZero() || v.Tally.Unreachable != 25 {
		t.Errorf("%+v %s", v.Tally, v.Migration.PauseWhy)
	}
}

// A worker hangs in the middle of a group until its lease has run out, and another one takes over: whoever may have got the
// message is not sent to again, and when the first one comes back, its late answers still count.
func TestPersonalWave_a_second_worker_takes_over(t *testing.T) {
	for _, at := range []int32{1, 24, 25, 26, 50, 61} {
		t.Run(fmt.Sprintf("at message %d", at), func(t *testing.T) {
			w := filteredOut(t, repotest.SQLite(t), 61)
			var n atomic.Int32
			w.platform.after = func(kind string) error {
				if kind != "custom" || n.Add(1) != at {
					return nil
				}
				m, err := w.store.Migration(t.Context(), w.id)
				if err != nil {
					return err
				}
				w.must(w.store.DropLeases(t.Context()))
				return w.Work(t.Context(), w.id, m.LeaseTurn)
			}
			w.work()
			w.platform.after = nil
			v := w.finish()
			w.everyoneOnce()
			if v.Tally.Reached != 61 {
				t.Errorf("%+v", v.Tally)
			}
		})
	}
}

// The process dies after a group has left and before its fates are written: the people of that group are unknown, counted and
// shown, and nobody gets the message twice.
func TestPersonalWave_survives_death(t *testing.T) {
	w := filteredOut(t, repotest.SQLite(t), 61)
	v := w.work()
	if v.Tally.Reached != 61 {
		t.Fatalf("%+v", v.Tally)
	}
	w = filteredOut(t, repotest.SQLite(t), 61)
	b := domain.Batch{ID: "batch-of-the-dead", WaveID: w.view().Waves[1].ID, MigrationID: w.id, Number: 1, State: domain.BatchFilled, Size: 25}
	w.must(w.store.InsertBatch(t.Context(), b))
	w.must(w.store.BatchLeaves(t.Context(), b.ID, domain.At(w.clock)))
	m, err := w.store.Migration(t.Context(), w.id)
	w.must(err)
	w.must(w.settleAnnouncement())
	if _, err := w.store.ClaimTalkers(t.Context(), m, 2, b.ID, 0, 25, domain.At(w.clock)); err != nil {
		t.Fatal(err)
	}
	v = w.finish()
	if v.Tally.Unknown != 25 || v.Tally.Reached != 36 {
		t.Errorf("%+v", v.Tally)
	}
	for o, times := range w.platform.received {
		if times != 1 {
			t.Errorf("%s got %d messages", o, times)
		}
	}
}

// settleAnnouncement lets the engine settle the first wave without beginning the next: the platform is out of reach meanwhile.
func (w *town) settleAnnouncement() error {
	w.platform.before = func(string) error {
		return &domain.PlatformError{Remedy: domain.RemedyWait, Kind: domain.ErrUnavailable}
	}
	w.work()
	w.platform.before = nil
	return nil
}
