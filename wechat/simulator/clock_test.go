package simulator

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// planFunc is a plan of a test; it is not kept in a state file.
type planFunc func()

func (f planFunc) run(*Simulator)   { f() }
func (f planFunc) saved() savedPlan { return savedPlan{} }

func TestTasksRunInOrderWithinAJump(t *testing.T) {
	s, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	start := s.Now()
	var ran []string
	note := func(what string) planFunc {
		return func() { ran = append(ran, what+" at "+s.clock.now().Sub(start).String()) }
	}
	s.mu.Lock()
	s.after(3*time.Second, note("c"))
	s.after(time.Second, planFunc(func() { note("a")(); s.after(time.Second, note("b")) }))
	s.after(time.Minute, note("late"))
	s.at(start.Add(-time.Hour), note("overdue"))
	s.mu.Unlock()
	if len(ran) != 0 {
		t.Fatal("a task ran although the clock stands")
	}
	now, err := s.Move(10 * time.Second)
	if err != nil || !now.Equal(start.Add(10*time.Second)) {
		t.Fatalf("moved to %v, %v", now, err)
	}
	if want := []string{"overdue at 0s", "a at 1s", "b at 2s", "c at 3s"}; !slices.Equal(ran, want) {
		t.Errorf("ran %q", ran)
	}
	if _, err := s.Move(-time.Second); err == nil {
		t.Error("the clock went back")
	}
}

func TestRunningClockFiresAndJumps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := New(Options{Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		start := s.Now()
		fired := make(chan time.Duration, 2)
		plan := func(d time.Duration) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.after(d, planFunc(func() { fired <- s.clock.now().Sub(start) }))
		}
		plan(7 * time.Second)
		if got := <-fired; got != 7*time.Second {
			t.Errorf("fired after %v", got)
		}
		plan(24 * time.Hour)
		if _, err := s.Move(25 * time.Hour); err != nil {
			t.Error(err)
		}
		if got := <-fired; got != 7*time.Second+24*time.Hour {
			t.Errorf("fired in the jump after %v", got)
		}
		if got := s.Now().Sub(start); got != 7*time.Second+25*time.Hour {
			t.Errorf("the clock shows %v", got)
		}
		s.Close()
	})
}

func TestRunningClockStartsWhereToldTo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Date(2026, 5, 31, 23, 59, 0, 0, beijing)
		s, err := New(Options{Now: time.Now, Start: start})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if got := s.Now(); !got.Equal(start) {
			t.Errorf("starts at %v", got)
		}
	})
}

func TestBeijingBorders(t *testing.T) {
	last := time.Date(2026, 3, 31, 15, 59, 59, 0, time.UTC)
	if day(last) != 20260331 || month(last) != 202603 || day(last.Add(time.Second)) != 20260401 || month(last.Add(time.Second)) != 202604 {
		t.Error("days and months do not change at midnight in Beijing")
	}
}
