package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"

	"guiyi/config"
	"guiyi/domain"
	"guiyi/jobs"
	"guiyi/repository"
	"guiyi/service"
	"guiyi/service/access"
	"guiyi/service/accounts"
	"guiyi/service/inbox"
	"guiyi/service/matter"
	"guiyi/service/menu"
	"guiyi/service/migration"
	"guiyi/service/reply"
	"guiyi/wechat"
)

// app is one process' worth of the program, put together. It is the only one who knows everybody.
type app struct {
	cfg   config.Config
	env   service.Env
	store *repository.Store
	rdb   redis.UniversalClient

	gateway    *wechat.Gateway
	accounts   *accounts.Service
	access     *access.Service
	matters    *matter.Service
	menu       *menu.Service
	migrations *migration.Service
	inbox      *inbox.Service

	framedBy []string // origins that may show residents' pages in a frame: the demo's phones
	shut     []func()
}

// newEnv gives the rooms the system clock, growing ids and the configured log.
func newEnv(c config.Config, w io.Writer) service.Env {
	options := &slog.HandlerOptions{Level: c.Log.Level}
	var h slog.Handler = slog.NewTextHandler(w, options)
	if c.Log.JSON {
		h = slog.NewJSONHandler(w, options)
	}
	return service.Env{
		Now:   func() time.Time { return time.Now().UTC().Truncate(time.Second) },
		NewID: func() string { return uuid.Must(uuid.NewV7()).String() },
		Log:   slog.New(h),
	}
}

// openStore opens the configured database; the SQLite file and the key are made when they are missing.
func openStore(ctx context.Context, c config.Config, env service.Env) (*repository.Store, error) {
	key := c.Key
	if key == nil {
		own, err := config.OwnKey(c.DataDir)
		if err != nil {
			return nil, err
		}
		key = own
	}
	if file := c.Database.File(); file != "" {
		if err := ownFile(file); err != nil {
			return nil, err
		}
	}
	return repository.Open(ctx, repository.Options{DSN: c.Database.DSN.Reveal(), Key: key, Now: env.Now})
}

// ownFile makes a file that is missing, and its folder, so that only their owner may read them.
func ownFile(file string) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return fmt.Errorf("make the data folder: %w", err)
	}
	f, err := os.OpenFile(filepath.Clean(file), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("make the database file: %w", err)
	}
	return f.Close()
}

// open builds the rooms of a server or worker. The schema must fit.
func open(ctx context.Context, c config.Config, env service.Env) (*app, error) {
	store, err := openStore(ctx, c, env)
	if err != nil {
		return nil, err
	}
	a := &app{cfg: c, env: env, store: store}
	a.shut = append(a.shut, func() { _ = store.Close() })
	if err := errors.Join(store.RequireSchema(ctx), a.connect(ctx)); err != nil {
		a.Close()
		return nil, err
	}
	return a, nil
}

// connect reaches Redis and the platform and opens the rooms.
func (a *app) connect(ctx context.Context) error {
	rdb, shut, err := openRedis(ctx, a.cfg.Redis)
	if err != nil {
		return err
	}
	a.rdb = rdb
	a.shut = append(a.shut, shut)
	a.accounts = accounts.New(a.env, a.store)
	a.gateway, err = wechat.New(wechat.Options{
		APIBase: a.cfg.WeChat.API, MPBase: a.cfg.WeChat.MP, OpenBase: a.cfg.WeChat.OAuth, Redis: rdb, Now: a.env.Now, Log: a.env.Log,
		Accounts: a.accounts.Lookup,
		Limits:   wechat.Limits{MassPerMinute: a.cfg.Send.MassPerMinute, CustomPerSecond: a.cfg.Send.CustomPerSecond},
	})
	if err != nil {
		return err
	}
	a.shut = append(a.shut, a.gateway.Close)
	a.openRooms()
	return nil
}

func (a *app) openRooms() {
	public, staff, send := a.cfg.HTTP.PublicURL, a.cfg.Staff, a.cfg.Send
	a.access = access.New(a.env, a.store, access.Options{
		Idle: staff.Idle, Lifetime: staff.Lifetime, LockAfter: staff.LockAfter, LockFor: staff.LockFor,
	})
	a.matters = matter.New(a.env, a.store)
	a.menu = menu.New(a.env, a.store, a.gateway, public)
	a.migrations = migration.New(a.env, a.store, a.gateway, a.matters, jobs.NewClient(a.rdb, a.env.Now), migration.Options{
		BaseURL: public, MinNotice: a.cfg.Migration.NoticeDays, MassBatch: send.MassBatch, ErrorShare: send.PauseShare,
		PersonalGroup: send.PauseWindow, Guard: send.UnknownLookBack - time.Hour, Lease: a.cfg.Migration.Lease,
	})
	voice := reply.New(a.env, a.store, a.matters, a.migrations, public)
	a.inbox = inbox.New(a.env, a.store, []inbox.Observer{a.migrations}, []inbox.Responder{a.migrations, voice})
}

// worker is the part that does the jobs.
func (a *app) worker() *jobs.Server {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return jobs.NewServer(a.env, a.rdb, a.migrations, a.store, jobs.Options{
		WorkerID: fmt.Sprintf("%s-%d", host, os.Getpid()), Concurrency: a.cfg.Workers,
	}, a.access.Purge, func(ctx context.Context) error {
		return a.store.ForgetWorkers(ctx, domain.At(a.env.Now()).Add(-24*time.Hour))
	})
}

// Close lets go of everything in the reverse order.
func (a *app) Close() {
	for _, shut := range slices.Backward(a.shut) {
		shut()
	}
	a.shut = nil
}

// actor is who changes something from the command line.
func actor() domain.Actor {
	name := os.Getenv("USER")
	if name == "" {
		name = "命令行"
	}
	return domain.Actor{ID: "cli", Name: name}
}
