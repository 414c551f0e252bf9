package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"guiyi/domain"
	"guiyi/service"
)

// Migrations is what the migration room offers to workers.
type Migrations interface {
	Work(ctx context.Context, migrationID string, turn int) error
	Sweep(ctx context.Context) error
}

// Pulse keeps the signs of life of the workers.
type Pulse interface {
	Beat(ctx context.Context, workerID string, at domain.Instant) error
}

// Chore is a bit of tidying that is done once an hour.
type Chore func(ctx context.Context) error

// choreEvery is the time between two rounds of chores.
const choreEvery = time.Hour

// Options are the figures of a worker process. Zero values take the default beside them.
type Options struct {
	WorkerID    string        // name of this process in the signs of life
	Concurrency int           // jobs at once: 4
	Sweep       time.Duration // between two looks at what is due: 1 s
	Poll        time.Duration // between two looks into an empty queue: 200 ms
}

func (o Options) withDefaults() Options {
	if o.Concurrency == 0 {
		o.Concurrency = 4
	}
	if o.Sweep == 0 {
		o.Sweep = time.Second
	}
	if o.Poll == 0 {
		o.Poll = 200 * time.Millisecond
	}
	return o
}

// Server works on jobs and rings for what is due.
type Server struct {
	env        service.Env
	opt        Options
	rdb        redis.UniversalClient
	migrations Migrations
	pulse      Pulse
	chores     []Chore
}

// NewServer builds a worker on the given Redis; nothing runs before Run.
func NewServer(env service.Env, rdb redis.UniversalClient, migrations Migrations, pulse Pulse, opt Options, chores ...Chore) *Server {
	return &Server{env: env, opt: opt.withDefaults(), rdb: rdb, migrations: migrations, pulse: pulse, chores: chores}
}

// Run works until ctx ends, then lets the jobs under way come to rest: first their contexts end, then the queue waits for them.
func (s *Server) Run(ctx context.Context) error {
	base, leave := context.WithCancel(context.WithoutCancel(ctx))
	defer leave()
	queue := asynq.NewServerFromRedisClient(s.rdb, asynq.Config{
		Concurrency: s.opt.Concurrency, Queues: queues, TaskCheckInterval: s.opt.Poll, DelayedTaskCheckInterval: time.Second,
		ShutdownTimeout: 20 * time.Second, BaseContext: func() context.Context { return base },
		Logger: queueLog{s.env.Log}, LogLevel: asynq.WarnLevel, IsFailure: countsAsAttempt, RetryDelayFunc: retryDelay,
		ErrorHandler: asynq.ErrorHandlerFunc(s.report),
	})
	mux := asynq.NewServeMux()
	mux.HandleFunc(KindMigration.Type, s.workMigration)
	if err := queue.Start(mux); err != nil {
		return fmt.Errorf("start the worker: %w", err)
	}
	s.lookAround(ctx)
	leave()
	queue.Shutdown()
	return nil
}

// lookAround rings for whatever is due and shows that this worker lives, again and again.
func (s *Server) lookAround(ctx context.Context) {
	tick := time.NewTicker(s.opt.Sweep)
	defer tick.Stop()
	var tidied time.Time
	for {
		s.Look(ctx)
		if now := s.env.Now(); now.Sub(tidied) >= choreEvery {
			tidied = now
			s.tidy(ctx)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Look is one look around. What fails is told and tried again at the next look.
func (s *Server) Look(ctx context.Context) {
	bounded, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if err := s.rdb.Ping(bounded).Err(); err != nil { // without the queue nothing is worked on, so this is no sign of life
		if ctx.Err() == nil {
			s.env.Log.ErrorContext(ctx, "queue out of reach", "error", err)
		}
		return
	}
	if err := s.pulse.Beat(bounded, s.opt.WorkerID, domain.At(s.env.Now())); err != nil && ctx.Err() == nil {
		s.env.Log.ErrorContext(ctx, "sign of life not stored", "error", err)
	}
	if err := s.migrations.Sweep(bounded); err != nil && ctx.Err() == nil {
		s.env.Log.ErrorContext(ctx, "due work not found", "error", err)
	}
}

func (s *Server) tidy(ctx context.Context) {
	for _, chore := range s.chores {
		bounded, cancel := context.WithTimeout(ctx, time.Minute)
		if err := chore(bounded); err != nil && ctx.Err() == nil {
			s.env.Log.ErrorContext(ctx, "chore not done", "error", err)
		}
		cancel()
	}
}

func (s *Server) workMigration(ctx context.Context, t *asynq.Task) error {
	var p workPayload
	if err := json.Unmarshal(t.Payload(), &p); err != nil || p.MigrationID == "" {
		return fmt.Errorf("%w: payload of %s", domain.ErrInvalid, t.Type())
	}
	return outcome(s.migrations.Work(ctx, p.MigrationID, p.Turn))
}

// outcome is the one place that turns a kind of error into what the queue does next:
// what cannot be helped by repeating is dropped, the rest is repeated (see countsAsAttempt and retryDelay).
func outcome(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, domain.ErrTooMany), errors.Is(err, domain.ErrUnavailable):
		return err
	case errors.Is(err, domain.ErrInvalid), errors.Is(err, domain.ErrUnauthenticated), errors.Is(err, domain.ErrForbidden),
		errors.Is(err, domain.ErrNotFound), errors.Is(err, domain.ErrConflict):
		return fmt.Errorf("%w: %w", err, asynq.SkipRetry)
	default:
		return err
	}
}

// countsAsAttempt tells whether an error uses up one of the retries: waiting for a quota or for a dependency does not.
func countsAsAttempt(err error) bool {
	return !errors.Is(err, domain.ErrTooMany) && !errors.Is(err, domain.ErrUnavailable)
}

// retryDelay is 2 s, 4 s, 8 s … up to about four minutes.
func retryDelay(n int, _ error, _ *asynq.Task) time.Duration {
	return 2 * time.Second << min(n, 7)
}

func (s *Server) report(ctx context.Context, t *asynq.Task, err error) {
	if errors.Is(err, asynq.SkipRetry) || !countsAsAttempt(err) {
		s.env.Log.WarnContext(ctx, "job not done", "job", t.Type(), "error", err)
		return
	}
	s.env.Log.ErrorContext(ctx, "job failed", "job", t.Type(), "error", err)
}

// queueLog hands the queue's own words on.
type queueLog struct{ log *slog.Logger }

func (l queueLog) Debug(args ...any) { l.log.Debug("queue", "detail", fmt.Sprint(args...)) }
func (l queueLog) Info(args ...any)  { l.log.Info("queue", "detail", fmt.Sprint(args...)) }
func (l queueLog) Warn(args ...any)  { l.log.Warn("queue", "detail", fmt.Sprint(args...)) }
func (l queueLog) Error(args ...any) { l.log.Error("queue", "detail", fmt.Sprint(args...)) }
func (l queueLog) Fatal(args ...any) { l.log.Error("queue", "detail", fmt.Sprint(args...)) }
