package wechat

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"guiyi/domain"
)

// mint counts how often it was asked for a token.
type mint struct {
	asked atomic.Int64
	life  time.Duration
	same  bool // gives the same token every time
	hold  chan struct{}
	err   error
}

func (m *mint) fetch(ctx context.Context) (string, time.Duration, error) {
	n := m.asked.Add(1)
	if m.hold != nil {
		select {
		case <-m.hold:
		case <-ctx.Done():
			return "", 0, ctx.Err()
		}
	}
	if m.same {
		n = 1
	}
	return fmt.Sprintf("token-%d", n), m.life, m.err
}

func (w *platformTown) source(m *mint, now domain.Clock) *tokenSource {
	w.t.Helper()
	sh := &shared{rdb: w.client(), now: now, log: slog.New(slog.DiscardHandler)}
	return newTokenSource("wx1", sh, now, m.fetch)
}

// fixedNow is a clock that stands still.
func fixedNow() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, domain.Beijing) }

func TestTokenTenProcesses(t *testing.T) {
	w := newTown(t)
	m := &mint{life: 2 * time.Hour, hold: make(chan struct{})}
	var all sync.WaitGroup
	for range 10 {
		s := w.source(m, w.sim.Now) // a process of its own
		for range 5 {
			all.Go(func() {
				if got, err := s.get(t.Context()); err != nil || got != "token-1" {
					t.Errorf("got %q, %v", got, err)
				}
			})
		}
	}
	close(m.hold)
	all.Wait()
	if n := m.asked.Load(); n != 1 {
		t.Errorf("the platform was asked %d times", n)
	}
	if ttl := w.redis.TTL("wx:tok:{wx1}"); ttl != 2*time.Hour-time.Minute {
		t.Errorf("kept for %v", ttl)
	}
	if w.redis.Exists("wx:tok:{wx1}:lock") {
		t.Error("the lock was left behind")
	}
}

func TestTokenInvalidate(t *testing.T) {
	w := newTown(t)
	m := &mint{life: 2 * time.Hour}
	here, there := w.source(m, w.sim.Now), w.source(m, w.sim.Now)
	first, err := here.get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := there.get(t.Context()); err != nil {
		t.Fatal(err)
	}
	here.invalidate(t.Context(), first)
	second, err := here.get(t.Context())
	if err != nil || second == first {
		t.Fatalf("%q again, %v", second, err)
	}
	there.invalidate(t.Context(), first) // a late report about the old token
	if got, err := there.get(t.Context()); err != nil || got != second {
		t.Errorf("a late report dropped the new token: %q, %v", got, err)
	}
	if n := m.asked.Load(); n != 2 {
		t.Errorf("asked %d times", n)
	}
}

func TestTokenThePlatformInsistsOn(t *testing.T) {
	w := newTown(t)
	now := w.sim.Now()
	m := &mint{life: 2 * time.Hour, same: true}
	s := w.source(m, func() time.Time { return now })
	for range 50 {
		token, err := s.get(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		s.invalidate(t.Context(), token)
	}
	if n := m.asked.Load(); n > 2 {
		t.Errorf("asked %d times for the same token", n)
	}
	now = now.Add(time.Minute)
	s.invalidate(t.Context(), "token-1")
	if _, err := s.get(t.Context()); err != nil || m.asked.Load() != 3 {
		t.Errorf("a minute later: asked %d times, %v", m.asked.Load(), err)
	}
}

func TestTokenWithoutRedis(t *testing.T) {
	w := newTown(t)
	now := w.sim.Now()
	m := &mint{life: 2 * time.Hour}
	s := w.source(m, func() time.Time { return now })
	if _, err := s.get(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.redis.Close()
	for range 100 { // almost two hours
		now = now.Add(time.Minute)
		if got, err := s.get(t.Context()); err != nil || got != "token-1" {
			t.Fatalf("got %q, %v", got, err)
		}
	}
	if n := m.asked.Load(); n != 1 {
		t.Errorf("asked %d times while the last token was good", n)
	}
	now = now.Add(30 * time.Minute)
	if got, err := s.get(t.Context()); err != nil || got != "token-2" {
		t.Errorf("after its end: %q, %v", got, err)
	}
}

func TestTokenWaiterLeaves(t *testing.T) {
	w := newTown(t)
	m := &mint{life: time.Hour, hold: make(chan struct{})}
	s := w.source(m, w.sim.Now)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.get(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	close(m.hold)
	if got, err := s.get(t.Context()); err != nil || got == "" {
		t.Errorf("the renewal went on for the others: %q, %v", got, err)
	}
}

func TestTokenErrorIsNotKept(t *testing.T) {
	w := newTown(t)
	m := &mint{life: time.Hour, err: errors.New("refused")}
	s := w.source(m, w.sim.Now)
	if _, err := s.get(t.Context()); err == nil {
		t.Fatal("no error")
	}
	m.err = nil
	if got, err := s.get(t.Context()); err != nil || got != "token-2" {
		t.Errorf("got %q, %v", got, err)
	}
}
