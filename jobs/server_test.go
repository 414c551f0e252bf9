package jobs_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"guiyi/domain"
	"guiyi/jobs"
	"guiyi/service"
)

// room records what the workers ask of it.
type room struct {
	worked chan string
	swept  chan struct{}
	err    error
}

func (r *room) Work(_ context.Context, id string, turn int) error {
	r.worked <- fmt.Sprintf("%s:%d", id, turn)
	return r.err
}

func (r *room) Sweep(context.Context) error {
	select {
	case r.swept <- struct{}{}:
	default:
	}
	return nil
}

type pulse struct{ beats chan string }

func (p pulse) Beat(_ context.Context, id string, _ domain.Instant) error {
	select {
	case p.beats <- id:
	default:
	}
	return nil
}

func queue(t *testing.T) (*miniredis.Miniredis, redis.UniversalClient) {
	t.Helper()
	m := miniredis.RunT(t)
	rdb := redis.NewClient(&redis.Options{Addr: m.Addr(), Protocol: 2})
	t.Cleanup(func() { _ = rdb.Close() })
	return m, rdb
}

func env() service.Env {
	return service.Env{Now: time.Now, NewID: func() string { return "id" }, Log: slog.New(slog.DiscardHandler)}
}

func TestServer(t *testing.T) {
	_, rdb := queue(t)
	r := &room{worked: make(chan string, 10), swept: make(chan struct{}, 1)}
	p := pulse{make(chan string, 1)}
	tidied := make(chan struct{})
	srv := jobs.NewServer(env(), rdb, r, p, jobs.Options{WorkerID: "worker-1", Sweep: 20 * time.Millisecond, Poll: 5 * time.Millisecond},
		func(context.Context) error { close(tidied); return nil }) // a second round within the hour would panic
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- srv.Run(ctx) }()

	client := jobs.NewClient(rdb, env().Now)
	if err := client.Ring(t.Context(), "m1", 3); err != nil {
		t.Fatal(err)
	}
	if got := <-r.worked; got != "m1:3" {
		t.Errorf("worked on %s", got)
	}
	if got := <-p.beats; got != "worker-1" {
		t.Errorf("sign of life of %s", got)
	}
	<-r.swept
	<-r.swept
	<-tidied
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestClient_rings_once_for_one_turn(t *testing.T) {
	_, rdb := queue(t)
	at := time.Unix(1_800_000_000, 0)
	client := jobs.NewClient(rdb, func() time.Time { return at })
	pending := func() int {
		info, err := asynq.NewInspectorFromRedisClient(rdb).GetQueueInfo(jobs.KindMigration.Queue)
		if err != nil {
			t.Fatal(err)
		}
		return info.Pending
	}
	for range 5 {
		if err := client.Ring(t.Context(), "m1", 0); err != nil {
			t.Fatal(err)
		}
	}
	if n := pending(); n != 1 {
		t.Errorf("%d jobs for one turn", n)
	}
	if err := client.Ring(t.Context(), "m1", 1); err != nil {
		t.Fatal(err)
	}
	at = at.Add(10 * time.Second)
	if err := client.Ring(t.Context(), "m1", 0); err != nil {
		t.Fatal(err)
	}
	if n := pending(); n != 3 {
		t.Errorf("%d jobs; another turn and a later moment must ring", n)
	}
}

func TestServer_no_sign_of_life_without_the_queue(t *testing.T) {
	m, rdb := queue(t)
	p := pulse{make(chan string, 1)}
	srv := jobs.NewServer(env(), rdb, &room{swept: make(chan struct{}, 1)}, p, jobs.Options{WorkerID: "worker-1"})
	m.SetError("LOADING")
	srv.Look(t.Context())
	select {
	case <-p.beats:
		t.Error("called itself alive although nobody can ring")
	default:
	}
	m.SetError("")
	srv.Look(t.Context())
	select {
	case <-p.beats:
	default:
		t.Error("no sign of life")
	}
}

func TestServer_what_becomes_of_a_failed_job(t *testing.T) {
	for _, c := range []struct {
		name     string
		err      error
		archived int
		retry    int
		retried  int
	}{
		{"not found is dropped", fmt.Errorf("read: %w", domain.ErrNotFound), 1, 0, 0},
		{"conflict is dropped", domain.Refuse(domain.ErrConflict, "x", "x"), 1, 0, 0},
		{"unavailable waits without counting", fmt.Errorf("call: %w", domain.ErrUnavailable), 0, 1, 0},
		{"too many waits without counting", domain.ErrTooMany, 0, 1, 0},
		{"an unforeseen error counts", errors.New("broken"), 0, 1, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, rdb := queue(t)
			r := &room{worked: make(chan string, 10), swept: make(chan struct{}, 1), err: c.err}
			srv := jobs.NewServer(env(), rdb, r, pulse{make(chan string, 1)}, jobs.Options{Poll: 5 * time.Millisecond})
			if err := jobs.NewClient(rdb, env().Now).Ring(t.Context(), "m1", 0); err != nil {
				t.Fatal(err)
			}
			ctx, stop := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() { ended <- srv.Run(ctx) }()
			<-r.worked
			stop()
			if err := <-ended; err != nil { // Run returns after the job has come to rest
				t.Fatal(err)
			}
			inspect := asynq.NewInspectorFromRedisClient(rdb)
			archived, err := inspect.ListArchivedTasks(jobs.KindMigration.Queue)
			if err != nil {
				t.Fatal(err)
			}
			retry, err := inspect.ListRetryTasks(jobs.KindMigration.Queue)
			if err != nil {
				t.Fatal(err)
			}
			if len(archived) != c.archived || len(retry) != c.retry {
				t.Fatalf("%d archived, %d to retry", len(archived), len(retry))
			}
			if c.retry == 1 && retry[0].Retried != c.retried {
				t.Errorf("counted %d attempts", retry[0].Retried)
			}
		})
	}
}
