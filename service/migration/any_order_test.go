package migration_test

import (
	"context"
	"flag"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"guiyi/domain"
	"guiyi/repository/repotest"
)

// Whatever happens in whatever order: nobody is told twice, nobody is sent to who had left, and nobody is forgotten. rapid prints
// the seed of a sequence that breaks it; `go test -run TestAnyOrder -rapid.seed=N` plays it again.
func TestAnyOrder(t *testing.T) {
	if checks := flag.Lookup("rapid.checks"); checks.Value.String() == checks.DefValue { // a hundred take a minute with the race detector
		if err := checks.Value.Set("12"); err != nil {
			t.Fatal(err)
		}
	}
	rapid.Check(t, func(rt *rapid.T) {
		kind := rapid.SampledFrom([]domain.AccountKind{domain.AccountService, domain.AccountSubscription}).Draw(rt, "kind")
		w := newTown(t, repotest.SQLite(t), kind, rapid.IntRange(2, 70).Draw(rt, "followers"))
		a := &anyOrder{town: w.started(), rt: rt, gone: map[domain.OpenID]int{}, reported: map[int64]bool{}}
		w.platform.pageSize = 25
		w.platform.before, w.platform.after = a.before, a.after
		for range rapid.IntRange(5, 25).Draw(rt, "steps") {
			a.step()
			a.check()
		}
		a.end()
	})
}

// anyOrder is a town to which things happen.
type anyOrder struct {
	*town
	rt       *rapid.T
	calm     bool                  // the platform is well again
	lost     bool                  // some answer was lost, or a lease
	gone     map[domain.OpenID]int // who left: messages they had when the ledger first said so, -1 before
	reported map[int64]bool        // jobs whose finish event came
	joined   int
}

var troubles = []*domain.PlatformError{
	{Code: -1, Remedy: domain.RemedyWait, RetryAfter: 5 * time.Second, Kind: domain.ErrUnavailable},
	{Code: 45009, Remedy: domain.RemedyWait, RetryAfter: 12 * time.Hour, Kind: domain.ErrTooMany},
	{Code: 45028, Remedy: domain.RemedyWait, Kind: domain.ErrTooMany},
	{Code: 48001, Remedy: domain.RemedyAccount, Kind: domain.ErrForbidden},
	{Code: 40007, Remedy: domain.RemedyRequest, Kind: domain.ErrNotFound},
	{Message: "no answer", Remedy: domain.RemedyUnknown, Kind: domain.ErrUnavailable},
}

func (a *anyOrder) before(call string) error {
	if a.calm || rapid.IntRange(0, 9).Draw(a.rt, call) > 1 {
		return nil
	}
	trouble := rapid.SampledFrom(troubles).Draw(a.rt, "trouble")
	a.lost = a.lost || trouble.Remedy == domain.RemedyUnknown
	return trouble
}

// after loses an answer, or takes the lease away while a call is under way.
func (a *anyOrder) after(call string) error {
	if a.calm || call == "followers" {
		return nil
	}
	switch rapid.IntRange(0, 9).Draw(a.rt, call+" answer") {
	case 0:
		a.lost = true
		return &domain.PlatformError{Message: "answer lost", Remedy: domain.RemedyUnknown, Kind: domain.ErrUnavailable}
	case 1:
		a.lost = true
		a.must(a.store.DropLeases(context.Background()))
	}
	return nil
}

func (a *anyOrder) step() {
	person := func() domain.OpenID { return rapid.SampledFrom(a.platform.followers).Draw(a.rt, "person") }
	switch what := rapid.SampledFrom([]string{"work", "work", "work", "touch", "write", "leave", "follow", "pause", "resume", "report", "clock", "midnight"}).Draw(a.rt, "step"); what {
	case "work":
		m, err := a.store.Migration(context.Background(), a.id)
		a.must(err)
		_ = a.Work(context.Background(), a.id, m.LeaseTurn)
	case "touch", "write":
		a.writes(person())
	case "leave":
		if len(a.platform.followers) > 1 {
			o := person()
			a.platform.followers = slices.DeleteFunc(slices.Clone(a.platform.followers), func(p domain.OpenID) bool { return p == o })
			a.gone[o] = -1
			a.leave(o)
		}
	case "follow":
		a.joined++
		o := domain.OpenID(fmt.Sprintf("oJoined%020d", a.joined))
		a.platform.followers = append(slices.Clone(a.platform.followers), o)
		a.platform.since[o] = domain.At(a.clock)
		a.touch(domain.Inbound{OpenID: o, Type: "event", Event: "subscribe"})
	case "pause":
		_ = a.Pause(context.Background(), clerk, a.id, "看一下")
	case "resume":
		_ = a.Resume(context.Background(), clerk, a.id)
		_ = a.Resume(context.Background(), domain.Actor{ID: "staff-2", Name: "演示员乙"}, a.id)
	case "report":
		a.reportSome()
	case "clock":
		a.clock = a.clock.Add(time.Duration(rapid.IntRange(1, 1200).Draw(a.rt, "seconds")) * time.Second)
	case "midnight":
		a.clock = a.clock.Add(13 * time.Hour)
	}
}

// writes lets somebody write a text, which opens the customer-service window and is answered with the redirect.
func (a *anyOrder) writes(o domain.OpenID) {
	in := domain.Inbound{AccountID: a.old.ID, OpenID: o, Type: "text", Content: "在吗", MsgID: fmt.Sprintf("%s-%d", o.Reveal(), a.clock.Unix()), CreatedAt: domain.At(a.clock)}
	a.touch(in)
	_ = a.store.InsertInbox(context.Background(), in.MsgID, in, domain.Reply{}, domain.At(a.clock))
}

// reportSome reports each job as delivered, filtered, partly or failed; what was not delivered is taken from the phones again.
func (a *anyOrder) reportSome() {
	for job, to := range a.platform.audiences {
		if a.reported[job] {
			continue
		}
		a.reported[job] = true
		f := domain.MassFinish{MsgID: job, Status: "send success", Total: len(to)}
		missed := 0
		switch rapid.IntRange(0, 4).Draw(a.rt, "result") {
		case 0:
			missed = len(to)
		case 1:
			if !slices.ContainsFunc(to, func(o domain.OpenID) bool { _, gone := a.gone[o]; return gone }) { // else the leaver would be the one
				missed = 1
			}
		case 2:
			f.Status, missed = "err(20001)", len(to)
		}
		for _, o := range to[:missed] {
			a.platform.received[o]--
		}
		f.Sent = len(to) - missed
		f.Filter = f.Sent
		a.reportAs(f)
	}
}

func (a *anyOrder) check() {
	v := a.view()
	if !v.Migration.FrozenAt.IsZero() && v.Tally.Total < v.Migration.Total {
		a.rt.Fatalf("%d people in the ledger, %d when it was frozen", v.Tally.Total, v.Migration.Total)
	}
	for o, n := range a.platform.received {
		if n > 1 {
			a.rt.Fatalf("%s got %d messages", o, n)
		}
	}
	for o, had := range a.gone {
		r, err := a.store.Recipient(context.Background(), a.id, o)
		switch {
		case err != nil || r.State != domain.RecipientLeft: // not in the ledger, under way when leaving, or told before
		case had >= 0 && a.platform.received[o] > had:
			a.rt.Fatalf("%s had left and was sent to", o)
		default:
			a.gone[o] = a.platform.received[o]
		}
	}
	if v.Tally.Unknown > 0 && !a.lost {
		a.rt.Fatalf("no answer was ever lost, and %d people are unknown", v.Tally.Unknown)
	}
	waiting := v.Tally.Pending+v.Tally.Sending > 0 || v.Percent < 100
	awake := !v.Migration.WakeAt.IsZero() || !v.Migration.LeaseUntil.IsZero()
	if waiting && !awake && v.Migration.PausedAt.IsZero() {
		a.rt.Fatalf("people wait and nobody will wake: %+v %+v", v.Migration, v.Tally)
	}
}

// end makes everything well again and looks at everybody.
func (a *anyOrder) end() {
	a.calm = true
	for turn := 0; a.view().Percent < 100; turn++ {
		if turn == 200 {
			a.rt.Fatalf("never done: %+v", a.view().Migration)
		}
		_ = a.Resume(context.Background(), clerk, a.id)
		a.clock = a.clock.Add(time.Minute)
		if wake := a.view().Migration.WakeAt.Time(); wake.After(a.clock) {
			a.clock = wake
		}
		m, err := a.store.Migration(context.Background(), a.id)
		a.must(err)
		_ = a.Work(context.Background(), a.id, m.LeaseTurn)
		a.reportSome()
		a.check()
	}
	v := a.view()
	if v.Tally.Pending+v.Tally.Sending > 0 {
		a.rt.Fatalf("still under way at the end: %+v", v.Tally)
	}
	for _, o := range a.platform.followers {
		r, err := a.store.Recipient(context.Background(), a.id, o)
		if err != nil {
			a.rt.Fatalf("%s is not in the ledger: %v", o, err)
		}
		if r.State == domain.RecipientLeft {
			a.rt.Fatalf("%s follows and is called left", o)
		}
		if r.State == domain.RecipientReached && r.TouchedAt.IsZero() && a.platform.received[o] != 1 {
			a.rt.Fatalf("%s is called reached and got nothing", o)
		}
	}
}
