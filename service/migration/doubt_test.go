package migration_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"guiyi/domain"
	"guiyi/repository"
	"guiyi/repository/repotest"
)

// refuseCall makes the platform refuse a call by its name.
func refuseCall(name string, pe *domain.PlatformError) func(string) error {
	return func(call string) error {
		if call == name {
			return pe
		}
		return nil
	}
}

// A refusal is certain knowledge that nothing was sent, however often it comes: days without quota must not end as "unknown".
func TestWork_days_without_quota_leave_no_doubt(t *testing.T) {
	w := newTown(t, repotest.SQLite(t), domain.AccountService, 40).started()
	w.platform.before = refuseCall("sendall", &domain.PlatformError{Code: 45028, Remedy: domain.RemedyWait, Kind: domain.ErrTooMany})
	for range 4 {
		if v := w.work(); v.Tally.Unknown != 0 || !v.Running {
			t.Fatalf("%+v", v.Tally)
		}
		w.clock = w.clock.Add(24 * time.Hour)
	}
	w.platform.before = nil
	if v := w.finish(); v.Tally.Reached != 40 {
		t.Errorf("%+v", v.Tally)
	}
	w.everyoneOnce()
}

func TestWork_drafts_refused_again_and_again_pause_it(t *testing.T) {
	w := newTown(t, repotest.SQLite(t), domain.AccountService, 40).started()
	asked := 0
	w.platform.before = func(call string) error {
		if call == "sendall" && asked < 50 {
			asked++
			return &domain.PlatformError{Code: 40007, Remedy: domain.RemedyRequest, Kind: domain.ErrNotFound}
		}
		return nil
	}
	if v := w.work(); v.Migration.PausedAt.IsZero() || asked > 3 || len(w.platform.drafts) > 3 {
		t.Errorf("asked %d times with %d drafts: %s", asked, len(w.platform.drafts), v.Migration.Engine)
	}
	asked = 50
	w.must(w.Resume(t.Context(), clerk, w.id))
	if v := w.finish(); v.Tally.Reached != 40 {
		t.Errorf("%+v", v.Tally)
	}
	w.everyoneOnce()
}

// "Sent before" without a number proves the send; asking on would only use up the day's calls.
func TestWork_sent_before_without_a_number_is_accepted(t *testing.T) {
	w := newTown(t, repotest.SQLite(t), domain.AccountSubscription, 40).started()
	asked := 0
	w.platform.before = func(call string) error {
		if call == "sendall" {
			asked++
			return &domain.PlatformError{Code: 45065, Remedy: domain.RemedyAlready, Kind: domain.ErrConflict}
		}
		return nil
	}
	v := w.work()
	if v.Percent != 100 || v.Tally.Unconfirmed != 40 || asked != 1 {
		t.Errorf("asked %d times, %d%% %+v", asked, v.Percent, v.Tally)
	}
}

// A worker that lost its lease while its requests were under way comes back while the next worker has its own under way.
func TestPersonalWave_two_workers_keep_to_their_own_people(t *testing.T) {
	for _, c := range []struct {
		name    string
		stopped bool // the first worker is told to stop, so it gives back whom it did not send to
	}{{"the first goes on", false}, {"the first gives its people back", true}} {
		t.Run(c.name, func(t *testing.T) {
			repotest.Each(t, func(t *testing.T, s *repository.Store) {
				w := filteredOut(t, s, 61)
				ctx, stop := context.WithCancel(t.Context())
				defer stop()
				m, err := w.store.Migration(ctx, w.id)
				w.must(err)
				var n atomic.Int32
				firstGoes, secondGoes, secondDone := make(chan struct{}), make(chan struct{}), make(chan error, 1)
				w.platform.after = func(call string) error {
					if call != "custom" {
						return nil
					}
					switch k := n.Add(1); {
					case k < 4:
						<-firstGoes
					case k == 4: // all four of the first worker are under way: its lease runs out
						if err := w.store.DropLeases(t.Context()); err != nil {
							return err
						}
						go func() { secondDone <- w.Work(t.Context(), w.id, m.LeaseTurn+1) }()
						<-firstGoes
					case k < 8:
						<-secondGoes
					case k == 8:
						if c.stopped {
							stop()
						}
						close(firstGoes)
						<-secondGoes
					}
					return nil
				}
				_ = w.Work(ctx, w.id, m.LeaseTurn)
				close(secondGoes)
				w.must(<-secondDone)
				w.platform.after = nil
				v := w.finish()
				w.everyoneOnce()
				if v.Tally.Reached != 61 {
					t.Errorf("%+v", v.Tally)
				}
			})
		})
	}
}

// Who left or was told by a touch while the platform worked is not sent to again when the job turns out to have missed everybody.
func TestWork_comings_and_goings_while_the_job_runs(t *testing.T) {
	for _, c := range []struct {
		name   string
		result domain.MassFinish
	}{
		{"the filter let nobody through", domain.MassFinish{MsgID: 1000000000, Status: "send success", Total: 40}},
		{"the job failed", domain.MassFinish{MsgID: 1000000000, Status: "err(20001)"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newTown(t, repotest.SQLite(t), domain.AccountService, 40).started()
			w.work()
			clear(w.platform.received)
			delete(w.platform.jobs, "gy-"+w.batches(1)[0].ID)
			w.clock = w.clock.Add(time.Minute)
			left, told, back := w.platform.followers[0], w.platform.followers[1], w.platform.followers[2]
			w.leave(left)
			w.touch(domain.Inbound{OpenID: told, Type: "text", Content: "在吗"})
			w.leave(back)
			w.touch(domain.Inbound{OpenID: back, Type: "event", Event: "subscribe"})
			w.platform.followers = w.platform.followers[1:]
			w.reportAs(c.result)
			w.work()
			for o, want := range map[domain.OpenID]domain.RecipientState{
				left: domain.RecipientLeft, told: domain.RecipientReached, back: domain.RecipientReached,
			} {
				if r, err := w.store.Recipient(t.Context(), w.id, o); err != nil || r.State != want {
					t.Errorf("%s is %s, want %s (%v)", o, r.State, want, err)
				}
			}
		})
	}
}

func (w *town) leave(o domain.OpenID) {
	w.t.Helper()
	w.must(w.Observe(w.t.Context(), domain.Inbound{
		AccountID: w.old.ID, OpenID: o, Type: "event", Event: "unsubscribe", CreatedAt: domain.At(w.clock),
	}))
}

// Somebody leaves and comes back before the list is frozen: that is a follower.
func TestLedger_back_before_the_list_is_frozen(t *testing.T) {
	w := newTown(t, repotest.SQLite(t), domain.AccountService, 50).started()
	o := w.platform.followers[0]
	pages := 0
	w.platform.before = func(call string) error {
		if call == "followers" {
			if pages++; pages == 2 {
				w.leave(o)
				w.touch(domain.Inbound{OpenID: o, Type: "event", Event: "subscribe"})
			}
		}
		return nil
	}
	if v := w.finish(); v.Tally.Reached != 50 {
		t.Errorf("%+v", v.Tally)
	}
	w.everyoneOnce()
}

// A job that still runs after ten minutes, as reviews and large audiences make it, is waited for.
func TestWork_a_slow_job_is_not_given_up(t *testing.T) {
	w := newTown(t, repotest.SQLite(t), domain.AccountSubscription, 40).started()
	w.work()
	w.clock = w.clock.Add(20 * time.Minute)
	if v := w.work(); v.Percent == 100 || v.Migration.WakeAt.IsZero() {
		t.Fatalf("%d%% %+v", v.Percent, v.Tally)
	}
	w.reportAs(domain.MassFinish{MsgID: 1000000000, Status: "err(20001)"})
	if v := w.work(); v.Migration.PausedAt.IsZero() || v.Tally.Pending != 40 {
		t.Errorf("%+v", v.Tally)
	}
}

func TestWork_counts_that_come_late_still_count(t *testing.T) {
	w := newTown(t, repotest.SQLite(t), domain.AccountSubscription, 40).started()
	w.work()
	w.platform.status = "SEND_SUCCESS"
	w.clock = w.clock.Add(11 * time.Minute)
	if v := w.work(); v.Tally.Unconfirmed != 40 {
		t.Fatalf("%+v", v.Tally)
	}
	w.reportAs(domain.MassFinish{MsgID: 1000000000, Status: "send success", Total: 40, Filter: 40, Sent: 40})
	if v := w.work(); v.Tally.Reached != 40 || v.Percent != 100 {
		t.Errorf("%+v", v.Tally)
	}
}

// Two people are left for a list; one leaves while the platform makes us wait. The other cannot be sent to alone, and the ledger
// says so instead of "pending" for ever.
func TestWork_the_last_single_person_is_named(t *testing.T) {
	w := newTown(t, repotest.SQLite(t), domain.AccountService, 2).started()
	w.work()
	clear(w.platform.received)
	w.reportAs(domain.MassFinish{MsgID: 1000000000, Status: "send success", Total: 2})
	w.platform.jobs = map[string]int64{}
	w.platform.before = refuseCall("send", &domain.PlatformError{Code: 45011, Remedy: domain.RemedyWait, RetryAfter: time.Minute, Kind: domain.ErrTooMany})
	w.work()
	w.platform.before = nil
	w.leave(w.platform.followers[0])
	v := w.finish()
	if v.Tally.Left != 1 || v.Tally.Pending != 0 || v.Tally.Unreachable != 1 || len(w.platform.received) != 0 {
		t.Errorf("%+v, %d messages", v.Tally, len(w.platform.received))
	}
	w.touch(domain.Inbound{OpenID: w.platform.followers[1], Type: "text", Content: "在吗"})
	if v := w.view(); v.Tally.Reached != 1 {
		t.Errorf("after a touch: %+v", v.Tally)
	}
}
