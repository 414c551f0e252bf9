package wechat

import (
	"errors"
	"log/slog"
	"testing"
	"time"

	"guiyi/domain"
)

func (w *platformTown) budget(l Limits, now domain.Clock) *budget {
	return newBudget(l, &shared{rdb: w.client(), now: now, log: slog.New(slog.DiscardHandler)}, now)
}

// spend takes from all processes in turn until each is refused, and counts what they got.
func spend(t *testing.T, row string, processes ...*budget) (got int, wait time.Duration) {
	t.Helper()
	for refused := 0; refused < len(processes); {
		refused = 0
		for _, b := range processes {
			d, ok := b.take(t.Context(), "wx1", row)
			if ok {
				got++
				continue
			}
			wait = d
			refused++
		}
	}
	return got, wait
}

func TestBudgetIsShared(t *testing.T) {
	w := newTown(t)
	now := time.Date(2026, 11, 22, 23, 59, 10, 0, domain.Beijing)
	clock := func() time.Time { return now }
	a, b := w.budget(Limits{}, clock), w.budget(Limits{}, clock)

	if got, wait := spend(t, budgetMass, a, b); got != 30 || wait != 50*time.Second {
		t.Errorf("%d mass sends in one minute, then wait %v", got, wait)
	}
	if _, ok := a.take(t.Context(), "wx2", budgetMass); !ok {
		t.Error("another account has a budget of its own")
	}
	if got, wait := spend(t, budgetCustom, a, b); got != 50 || wait != time.Second {
		t.Errorf("%d messages in one second, then wait %v", got, wait)
	}
	now = now.Add(time.Second)
	if got, _ := spend(t, budgetCustom, a, b); got != 50 {
		t.Errorf("%d messages in the next second", got)
	}
}

func TestBudgetOfADay(t *testing.T) {
	w := newTown(t)
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, domain.Beijing)
	b := w.budget(Limits{MassPerMinute: 60}, func() time.Time { return now })
	got := 0
	for range 4 {
		n, _ := spend(t, budgetMass, b)
		got += n
		now = now.Add(time.Minute)
	}
	if got != 100 {
		t.Errorf("%d mass sends in one day", got)
	}
	if _, wait := spend(t, budgetMass, b); wait != 14*time.Hour+56*time.Minute {
		t.Errorf("wait %v", wait)
	}
	now = now.Add(15 * time.Hour)
	if n, _ := spend(t, budgetMass, b); n != 60 {
		t.Errorf("%d in the first minute of the next day", n)
	}
}

func TestBudgetWithoutRedis(t *testing.T) {
	w := newTown(t)
	now := w.sim.Now()
	b := w.budget(Limits{}, func() time.Time { return now })
	w.redis.Close()
	if got, _ := spend(t, budgetMass, b); got != 30 {
		t.Errorf("%d mass sends", got)
	}
}

func TestBudgetOptions(t *testing.T) {
	w := newTown(t)
	b := w.budget(Limits{CustomPerSecond: -1, PerDay: map[string]int{budgetCustom: 700}}, w.sim.Now)
	if got, _ := spend(t, budgetCustom, b); got != 700 {
		t.Errorf("%d messages", got)
	}
	if _, ok := b.take(t.Context(), "wx1", "no such row"); !ok {
		t.Error("a row without a limit was refused")
	}
}

func TestBudgetStopsBeforeTheCall(t *testing.T) {
	w := newTown(t)
	g := w.gateway(func(o *Options) { o.Limits.CustomPerSecond = 2 })
	const path = "/cgi-bin/message/custom/send"
	var err error
	for range 3 {
		err = g.SendText(t.Context(), "A3", "oX", "x")
	}
	pe, ok := errors.AsType[*domain.PlatformError](err)
	if !ok || pe.Remedy != domain.RemedyWait || pe.RetryAfter != time.Second || !errors.Is(err, domain.ErrTooMany) {
		t.Errorf("got %v", err)
	}
	if n := w.calls(path); n != 2 {
		t.Errorf("%d calls left the house", n)
	}
}

func TestNonces(t *testing.T) {
	w := newTown(t)
	now := w.sim.Now()
	memory := func() *Nonces {
		return w.gateway(func(o *Options) { o.Now = func() time.Time { return now } }).Nonces()
	}
	here, there := memory(), memory()
	if !here.Fresh(t.Context(), "m1", time.Minute) {
		t.Error("a new mark is not fresh")
	}
	if here.Fresh(t.Context(), "m1", time.Minute) || there.Fresh(t.Context(), "m1", time.Minute) {
		t.Error("a mark was fresh twice")
	}
	w.redis.Close()
	if here.Fresh(t.Context(), "m1", time.Minute) || !here.Fresh(t.Context(), "m2", time.Minute) || here.Fresh(t.Context(), "m2", time.Minute) {
		t.Error("without Redis each process remembers for itself")
	}
	for range 3 {
		now = now.Add(2 * time.Minute)
		here.Fresh(t.Context(), now.String(), time.Minute)
	}
	if len(here.recent)+len(here.older) > 2 {
		t.Errorf("%d marks are kept for ever", len(here.recent)+len(here.older))
	}
}
