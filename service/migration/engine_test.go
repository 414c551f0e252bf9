package migration_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"guiyi/domain"
	"guiyi/repository"
	"guiyi/repository/repotest"
)

func TestWork(t *testing.T) {
	repotest.Each(t, func(t *testing.T, s *repository.Store) {
		w := newTown(t, s, domain.AccountService, 131).started()
		w.platform.blacklist = w.platform.followers[3:6]

		v := w.work()
		if v.Migration.State != domain.MigrationAnnounced || v.Tally.Total != 131 || v.Tally.Unconfirmed != 128 {
			t.Fatalf("after the send: %s %+v", v.Migration.State, v.Tally)
		}
		if v.Percent == 100 {
			t.Error("the bar is full before the platform reported")
		}
		v = w.finish()
		if v.Migration.State != domain.MigrationNotifying || v.Tally.Reached != 128 || v.Tally.Unreachable != 3 {
			t.Errorf("at the end: %s %+v", v.Migration.State, v.Tally)
		}
		w.everyoneOnce()
		if v.Running {
			t.Error("still running")
		}
	})
}

// The process dies before or after each single call to the platform, and a new one goes on.
func TestWork_survives_death_at_every_call(t *testing.T) {
	died := errors.New("the process died")
	for _, moment := range []string{"before", "after"} {
		for call := 1; call <= 14; call++ {
			t.Run(fmt.Sprintf("%s call %d", moment, call), func(t *testing.T) {
				w := newTown(t, repotest.SQLite(t), domain.AccountService, 61).started()
				n := 0
				die := func(string) error {
					if n++; n == call {
						panic(died)
					}
					return nil
				}
				if moment == "before" {
					w.platform.before = die
				} else {
					w.platform.after = die
				}
				w.failFirstJob(call%2 == 0)
				w.workUntilDeath(died)
				w.clock = w.clock.Add(11 * time.Second) // the dead worker's lease runs out
				due, err := w.store.DueMigrations(t.Context(), domain.At(w.clock))
				if err != nil {
					t.Fatal(err)
				}
				if n >= call && len(due) != 1 && w.view().Percent < 100 {
					t.Errorf("nobody would go on: %+v", w.view().Migration)
				}
				v := w.finish()
				w.everyoneOnce()
				if v.Tally.Reached != 61 {
					t.Errorf("the ledger says %+v", v.Tally)
				}
			})
		}
	}
}

// failFirstJob makes the platform take the first job without delivering it, and report failure.
func (w *town) failFirstJob(yes bool) {
	if !yes {
		return
	}
	w.t.Log("with a job that fails as a whole first")
	w.platform.failing = true
}

// workUntilDeath works turn by turn until the planned death happened or everything is done.
func (w *town) workUntilDeath(died error) {
	w.t.Helper()
	defer func() {
		if r := recover(); r != nil && r != any(died) {
			panic(r)
		}
	}()
	w.finish()
}

func TestWork_unknown_outcome_is_asked_for_under_the_same_guard(t *testing.T) {
	w := newTown(t, repotest.SQLite(t), domain.AccountService, 50).started()
	lost := 0
	w.platform.after = func(call string) error {
		if call == "sendall" && lost < 2 {
			lost++
			return &domain.PlatformError{Message: "connection reset", Remedy: domain.RemedyUnknown, Kind: domain.ErrUnavailable}
		}
		return nil
	}
	v := w.work()
	if v.Tally.Sending != 50 {
		t.Fatalf("after a lost answer nobody may be called anything but sending: %+v", v.Tally)
	}
	v = w.finish()
	w.everyoneOnce()
	if v.Tally.Reached != 50 || len(w.platform.jobs) != 1 {
		t.Errorf("%d jobs, %+v", len(w.platform.jobs), v.Tally)
	}
}

func TestWork_guard_forgotten_makes_people_unknown_and_never_sends_again(t *testing.T) {
	w := newTown(t, repotest.SQLite(t), domain.AccountService, 50).started()
	w.platform.before = func(call string) error {
		if call == "sendall" {
			return &domain.PlatformError{Remedy: domain.RemedyUnknown, Kind: domain.ErrUnavailable}
		}
		return nil
	}
	w.work()
	w.clock = w.clock.Add(24 * time.Hour)
	w.platform.before = nil
	v := w.finish()
	if v.Tally.Unknown != 50 || len(w.platform.received) != 0 {
		t.Errorf("%+v, %d people got something", v.Tally, len(w.platform.received))
	}
}

func TestWork_finish_event_before_the_answer(t *testing.T) {
	w := newTown(t, repotest.SQLite(t), domain.AccountSubscription, 50).started()
	w.platform.after = func(call string) error {
		if call == "sendall" {
			w.reportAs(domain.MassFinish{MsgID: 1000000000, Status: "send success", Total: 50, Filter: 50, Sent: 50})
		}
		return nil
	}
	if v := w.work(); v.Tally.Reached != 50 || v.Percent != 100 {
		t.Errorf("%+v %d%%", v.Tally, v.Percent)
	}
}

func TestWork_partly_delivered(t *testing.T) {
	w := newTown(t, repotest.SQLite(t), domain.AccountService, 50).started()
	w.work()
	w.reportAs(domain.MassFinish{MsgID: 1000000000, Status: "send success", Total: 50, Filter: 47, Sent: 47})
	v := w.finish()
	if v.Tally.Reached != 47 || v.Tally.NotDelivered != 3 || v.Tally.Total != 50 {
		t.Errorf("%+v", v.Tally)
	}
	w.everyoneOnce() // nobody is sent to again on a guess
}

func TestWork_filtered_people_get_the_follow_up(t *testing.T) {
	w := newTown(t, repotest.SQLite(t), domain.AccountService, 61).started()
	w.work()
	clear(w.platform.received) // the platform's filter let nobody through
	w.reportAs(domain.MassFinish{MsgID: 1000000000, Status: "send success", Total: 61, Filter: 0, Sent: 0})
	delete(w.platform.jobs, "gy-"+w.batches(1)[0].ID)
	v := w.finish()
	w.everyoneOnce()
	if v.Tally.Reached != 61 {
		t.Errorf("%+v", v.Tally)
	}
	sizes := []int{}
	for _, b := range w.batches(2) {
		sizes = append(sizes, b.Size)
	}
	if fmt.Sprint(sizes) != "[30 29 2]" {
		t.Errorf("batches of %v; nobody may be left over alone", sizes)
	}
}

func (w *town) batches(wave int) []domain.Batch {
	w.t.Helper()
	list, err := w.Batches(w.t.Context(), w.view().Waves[wave-1].ID, 0)
	w.must(err)
	return list
}

func TestWork_job_refused_by_review_pauses_and_goes_on_after_a_person_resumed(t *testing.T) {
	w := newTown(t, repotest.SQLite(t), domain.AccountService, 40).started()
	w.work()
	clear(w.platform.received)
	w.reportAs(domain.MassFinish{MsgID: 1000000000, Status: "err(20001)"})
	v := w.work()
	if v.Migration.PausedAt.IsZero() || v.Tally.Pending != 40 || len(v.Blockers) != 1 {
		t.Fatalf("%+v %v", v.Tally, v.Blockers)
	}
	w.clock = w.clock.Add(time.Hour)
	if v := w.work(); len(w.platform.jobs) != 1 {
		t.Fatalf("sent while paused: %+v", v.Tally)
	}
	w.must(w.Resume(t.Context(), clerk, w.id))
	v = w.finish()
	w.everyoneOnce()
	if v.Tally.Reached != 40 {
		t.Errorf("%+v", v.Tally)
	}
}

func TestWork_refusals_of_the_platform(t *testing.T) {
	for _, c := range []struct {
		name   string
		err    *domain.PlatformError
		paused bool
		wake   time.Duration
	}{
		{"verification lapsed", &domain.PlatformError{Code: 48001, Remedy: domain.RemedyAccount, Kind: domain.ErrForbidden}, true, 0},
		{"quota of the day used up", &domain.PlatformError{Code: 45028, Remedy: domain.RemedyWait, Kind: domain.ErrTooMany}, false, 12*time.Hour + time.Minute},
		{"minute quota", &domain.PlatformError{Code: 45011, Remedy: domain.RemedyWait, RetryAfter: 40 * time.Second, Kind: domain.ErrTooMany}, false, 40 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newTown(t, repotest.SQLite(t), domain.AccountService, 40).started()
			w.platform.before = func(call string) error {
				if call == "sendall" {
					return c.err
				}
				return nil
			}
			v := w.work()
			if paused := !v.Migration.PausedAt.IsZero(); paused != c.paused {
				t.Errorf("paused is %v: %s", paused, v.Migration.Engine)
			}
			if c.wake > 0 && v.Migration.WakeAt != domain.At(w.clock.Add(c.wake)) {
				t.Errorf("wakes at %s: %s", v.Migration.WakeAt, v.Migration.Engine)
			}
			w.platform.before = nil
			w.clock = w.clock.Add(25 * time.Hour)
			if c.paused {
				w.must(w.Resume(t.Context(), clerk, w.id))
			}
			if v := w.finish(); v.Tally.Reached != 40 {
				t.Errorf("%+v", v.Tally)
			}
			w.everyoneOnce()
		})
	}
}

func TestWork_two_workers_one_lease(t *testing.T) {
	w := newTown(t, repotest.SQLite(t), domain.AccountService, 40).started()
	inner := 0
	w.platform.before = func(call string) error {
		if call == "sendall" && inner == 0 {
			inner++
			m, err := w.store.Migration(t.Context(), w.id)
			if err != nil {
				return err
			}
			calls := w.platform.calls
			for _, turn := range []int{m.LeaseTurn - 1, m.LeaseTurn} { // a stale bell and a fresh one
				if err := w.Work(t.Context(), w.id, turn); err != nil {
					t.Errorf("turn %d: %v", turn, err)
				}
			}
			if w.platform.calls != calls {
				t.Error("a second worker did something")
			}
		}
		return nil
	}
	w.finish()
	w.everyoneOnce()
}

func TestWork_finish_event_never_came(t *testing.T) {
	w := newTown(t, repotest.SQLite(t), domain.AccountSubscription, 40).started()
	w.work()
	w.platform.status = "SEND_SUCCESS"
	w.clock = w.clock.Add(5 * time.Minute)
	if v := w.work(); v.Percent == 100 {
		t.Error("gave up too early")
	}
	w.clock = w.clock.Add(6 * time.Minute)
	v := w.work()
	if v.Percent != 100 || v.Tally.Unconfirmed != 40 {
		t.Errorf("%d%% %+v", v.Percent, v.Tally)
	}
}

// The platform took the job, named it, and no longer knows it: the guard decides whether it was sent.
func TestWork_job_forgotten_by_the_platform(t *testing.T) {
	for _, sent := range []bool{true, false} {
		t.Run(fmt.Sprintf("sent %v", sent), func(t *testing.T) {
			w := newTown(t, repotest.SQLite(t), domain.AccountSubscription, 40).started()
			w.work()
			if !sent {
				clear(w.platform.received)
				w.platform.jobs = map[string]int64{}
			}
			w.platform.before = func(call string) error {
				if call == "mass_get" {
					return &domain.PlatformError{Code: 40059, Remedy: domain.RemedyRequest, Kind: domain.ErrInvalid}
				}
				return nil
			}
			w.clock = w.clock.Add(time.Minute)
			w.work()
			w.platform.before = nil
			if v := w.finish(); v.Tally.Reached != 40 {
				t.Errorf("%+v", v.Tally)
			}
			w.everyoneOnce()
		})
	}
}
