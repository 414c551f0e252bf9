package simulator

import (
	"container/heap"
	"context"
	"errors"
	"time"
)

// Beijing is the zone of the platform's day and month borders; it has had no
// summer time since 1991.
var beijing = time.FixedZone("CST", 8*60*60)

// clock is the virtual time of the world. With a real clock behind it, it runs
// on its own and can be moved ahead; without one it stands still until moved,
// which is how tests use it. Guarded by Simulator.mu.
type clock struct {
	real   func() time.Time // nil: stands still
	still  time.Time        // the time, when it stands still
	offset time.Duration    // virtual minus real, when it runs
	pinned time.Time        // while a step or a task runs: its moment
	latest time.Time        // of the latest step; time never goes back behind it
	tasks  taskHeap
	order  int64
	wake   chan struct{}
}

type task struct {
	due   time.Time
	order int64 // tasks of one moment run in the order they were planned
	plan  plan
}

// plan is what a task does, with the world locked. It is data and no closure,
// so that a state file can hold it.
type plan interface {
	run(s *Simulator)
	saved() savedPlan
}

func newClock(start time.Time, real func() time.Time) *clock {
	c := &clock{real: real, still: start, wake: make(chan struct{}, 1)}
	if real != nil && !start.IsZero() {
		c.offset = start.Sub(real())
	}
	return c
}

func (c *clock) now() time.Time {
	switch {
	case !c.pinned.IsZero():
		return c.pinned
	case c.real == nil:
		return c.still
	}
	if now := c.real().Add(c.offset); now.After(c.latest) {
		return now
	}
	return c.latest // the real clock was set back
}

// passed remembers a moment of the world; a standing clock stands there.
func (c *clock) passed(at time.Time) {
	if at.After(c.latest) {
		c.latest = at
	}
	if c.real == nil && at.After(c.still) {
		c.still = at
	}
}

// hold makes the clock stand at a moment until the returned function is called.
func (c *clock) hold(at time.Time) (release func()) {
	before := c.pinned
	c.pinned = at
	return func() { c.pinned = before }
}

func (s *Simulator) runDue(until time.Time) {
	c := s.clock
	for len(c.tasks) > 0 && !c.tasks[0].due.After(until) {
		t := heap.Pop(&c.tasks).(task) //nolint:forcetypeassert // the heap holds tasks only
		release := c.hold(t.due)
		t.plan.run(s)
		release()
	}
}

// at runs a plan with the world locked as soon as virtual time reaches due,
// also in the middle of a jump. A time that has passed means: at once, but not
// inside the caller.
func (s *Simulator) at(due time.Time, p plan) {
	c := s.clock
	if now := c.now(); due.Before(now) {
		due = now
	}
	c.order++
	heap.Push(&c.tasks, task{due: due, order: c.order, plan: p})
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// after is at, counted from now.
func (s *Simulator) after(d time.Duration, p plan) { s.at(s.clock.now().Add(d), p) }

// Now is the virtual time. A program under test that checks the age of
// callbacks should be given this clock, or must not move it.
func (s *Simulator) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.clock.now()
}

// Move jumps ahead. Everything planned for the time in between happens in its
// order before Move returns; what it sends is on its way (see Settle).
func (s *Simulator) Move(d time.Duration) (time.Time, error) {
	if d < 0 {
		return time.Time{}, errors.New("the clock only moves forward")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.change(step{Move: &d}, func() { s.jump(d) }) {
		return time.Time{}, errClosed
	}
	return s.clock.now(), nil
}

func (s *Simulator) jump(d time.Duration) {
	c := s.clock
	target := c.now().Add(d)
	s.runDue(target)
	if c.real != nil {
		c.offset += d
	}
	c.passed(target)
}

// tick runs planned tasks while a real clock drives the world.
func (s *Simulator) tick(ctx context.Context) {
	for {
		s.mu.Lock()
		if tasks := s.clock.tasks; len(tasks) > 0 && !tasks[0].due.After(s.clock.now()) {
			s.change(step{Due: true}, func() { s.runDue(s.clock.now()) })
		}
		wait := time.Hour
		if len(s.clock.tasks) > 0 {
			wait = s.clock.tasks[0].due.Sub(s.clock.now())
		}
		s.mu.Unlock()
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		case <-s.clock.wake:
			timer.Stop()
		}
	}
}

// day numbers the Beijing day of a moment; month its Beijing month.
func day(t time.Time) int {
	y, m, d := t.In(beijing).Date()
	return y*10000 + int(m)*100 + d
}

func month(t time.Time) int { return day(t) / 100 }

type taskHeap []task

func (h taskHeap) Len() int { return len(h) }
func (h taskHeap) Less(i, j int) bool {
	if h[i].due.Equal(h[j].due) {
		return h[i].order < h[j].order
	}
	return h[i].due.Before(h[j].due)
}
func (h taskHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *taskHeap) Push(x any)   { *h = append(*h, x.(task)) } //nolint:forcetypeassert // only tasks are pushed
func (h *taskHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	*h = old[:len(old)-1]
	return last
}
