package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"guiyi/domain"
	"guiyi/handler"
	"guiyi/handler/citizen"
	"guiyi/handler/platform"
	"guiyi/handler/staff"
	"guiyi/handler/web"
	"guiyi/wechat"
)

// serve is guiyi serve.
func serve(ctx context.Context, c call) error {
	a, err := open(ctx, c.Config, newEnv(c.Config, c.Err))
	if err != nil {
		return err
	}
	defer a.Close()
	doors, err := a.doors() //nolint:contextcheck // requests bring their own contexts
	if err != nil {
		return err
	}
	listener, err := listen(ctx, c.Config.HTTP.Listen)
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintf(c.Out, "guiyi: pages and desk at %s, public address %s\n", "http://"+listener.Addr().String(), c.Config.HTTP.PublicURL)
	tasks, ctx := errgroup.WithContext(ctx)
	tasks.Go(func() error { return serveOn(ctx, listener, doors) })
	if c.Config.Embedded() {
		// Nobody else can share an embedded queue, so leases left behind belong to the dead.
		if err := a.store.DropLeases(ctx); err != nil {
			return err
		}
		tasks.Go(func() error { return a.worker().Run(ctx) })
	}
	return tasks.Wait()
}

// work is guiyi worker.
func work(ctx context.Context, c call) error {
	if c.Config.Embedded() {
		return &usageError{"guiyi worker", errors.New(
			"a worker of its own needs a Redis to share with 'guiyi serve': set GUIYI_REDIS=host:port (with the embedded one, 'guiyi serve' runs the jobs)")}
	}
	a, err := open(ctx, c.Config, newEnv(c.Config, c.Err))
	if err != nil {
		return err
	}
	defer a.Close()
	_, _ = fmt.Fprintln(c.Out, "guiyi: worker ready")
	return a.worker().Run(ctx)
}

// doors opens everything people and the platform can knock at.
func (a *app) doors() (http.Handler, error) {
	assets, err := web.NewAssets()
	if err != nil {
		return nil, err
	}
	residents, err := citizen.New(a.env, a.matters, a.migrations, assets, citizen.Options{
		BaseURL: a.cfg.HTTP.PublicURL, FrameAncestors: a.framedBy,
	})
	if err != nil {
		return nil, err
	}
	desk, err := staff.New(a.env, staff.Rooms{
		Access: a.access, Accounts: a.accounts, Matters: a.matters, Menu: a.menu, Migration: a.migrations,
	}, assets, staff.Options{BaseURL: a.cfg.HTTP.PublicURL})
	if err != nil {
		return nil, err
	}
	callbacks := platform.New(a.env, a.accounts, a.inbox, wechat.Codec{}, a.gateway.Nonces(), platform.Options{
		MaxAge: a.cfg.Callback.MaxAge, MaxBody: a.cfg.Callback.MaxBody,
	})
	return handler.New(a.env.Log, a.env.Now, handler.Doors{
		Residents: residents, Desk: desk, Callbacks: callbacks, Health: a.health,
	}, a.cfg.HTTP.TrustedProxies)
}

// quiet is how long workers may be silent before somebody has to look.
const quiet = 2 * time.Minute

// health says which parts are well.
func (a *app) health(ctx context.Context) map[string]bool {
	beat, err := a.store.LastBeat(ctx)
	return map[string]bool{
		"database": a.store.Ping(ctx) == nil,
		"redis":    a.rdb.Ping(ctx).Err() == nil,
		"worker":   err == nil && beat.Add(quiet) >= domain.At(a.env.Now()),
	}
}

func listen(ctx context.Context, address string) (net.Listener, error) {
	var l net.ListenConfig
	listener, err := l.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", address, err)
	}
	return listener, nil
}

// serveOn answers until ctx ends, then lets requests under way finish.
func serveOn(ctx context.Context, l net.Listener, h http.Handler) error {
	server := &http.Server{
		Handler: h, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: 90 * time.Second,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
	}
	stopped := make(chan error, 1)
	go func() {
		<-ctx.Done()
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		err := server.Shutdown(last)
		if errors.Is(err, context.DeadlineExceeded) {
			err = server.Close() // pages that wait for news do not hold up the end
		}
		stopped <- err
	}()
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve: %w", err)
	}
	return <-stopped
}
