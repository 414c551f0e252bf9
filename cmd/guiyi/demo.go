package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"guiyi/cmd/guiyi/town"
	"guiyi/config"
	"guiyi/wechat/simulator"
)

// simulatorSeed makes the demo town the same on every machine.
const simulatorSeed = 999901102

// simulatorState is the file in the data folder in which the simulator keeps its world.
const simulatorState = "simulator.state"

// demoSend lifts the rates that protect a real account: the simulator keeps the platform's own limits anyway.
const (
	demoMassPerMinute   = 60
	demoCustomPerSecond = 2000
)

// demo is guiyi demo: the platform, the queue, the database, the pages and the worker in one process.
func demo(ctx context.Context, c call, o demoOptions) error {
	cfg := c.Config
	cfg.Redis = config.Redis{Embedded: true}
	if cfg.Log.Level == slog.LevelInfo {
		cfg.Log.Level = slog.LevelWarn // a line for every request would push the addresses out of sight
	}
	cfg.Send.MassPerMinute, cfg.Send.CustomPerSecond = demoMassPerMinute, demoCustomPerSecond
	release, err := lockFolder(cfg.DataDir)
	if err != nil {
		return err
	}
	defer release()
	ports, err := openPorts(ctx, cfg.HTTP, o.Port)
	if err != nil {
		return err
	}
	cfg.HTTP.PublicURL = ports.pagesURL
	cfg.WeChat = config.WeChat{API: ports.platformURL, OAuth: ports.platformURL, MP: ports.platformURL}
	if o.Fresh {
		if err := forget(cfg); err != nil {
			return err
		}
	}
	env := newEnv(cfg, c.Err)
	store, err := openStore(ctx, cfg, env)
	if err != nil {
		return err
	}
	a := &app{cfg: cfg, env: env, store: store, framedBy: []string{ports.platformURL}}
	a.shut = append(a.shut, func() { _ = store.Close() })
	defer a.Close()
	if _, err := store.Up(ctx); err != nil {
		return err
	}
	if err := errors.Join(store.DropLeases(ctx), a.connect(ctx)); err != nil {
		return err
	}
	if err := a.seed(ctx); err != nil {
		return err
	}
	sim, err := openSimulator(cfg, ports.platformURL, filepath.Join(cfg.DataDir, simulatorState), town.Scenario(ports.pagesURL))
	if err != nil {
		return err
	}
	defer sim.Close()
	doors, err := a.doors() //nolint:contextcheck // requests bring their own contexts
	if err != nil {
		return err
	}
	return a.runDemo(ctx, c, ports, sim, doors)
}

func (a *app) runDemo(ctx context.Context, c call, p ports, sim *simulator.Simulator, doors http.Handler) error {
	tasks, running := errgroup.WithContext(ctx)
	if p.platform == nil {
		doors = onePort(sim, doors)
	} else {
		tasks.Go(func() error { return serveOn(running, p.platform, sim) })
	}
	tasks.Go(func() error { return serveOn(running, p.pages, doors) })
	tasks.Go(func() error { return a.worker().Run(running) })
	tasks.Go(func() error {
		if err := errors.Join(pointCallbacks(running, p), a.rehearse(running)); err != nil {
			return err
		}
		printDemo(c, p)
		return nil
	})
	return tasks.Wait()
}

// onePort lets the platform and the program share an address.
func onePort(sim, doors http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if simulator.Owns(r.URL.Path) {
			sim.ServeHTTP(w, r)
			return
		}
		doors.ServeHTTP(w, r)
	})
}

// openSimulator opens the platform. With a state file it goes on with the world kept there; a new world gets the scenario.
func openSimulator(cfg config.Config, publicURL, state string, scenario []byte) (*simulator.Simulator, error) {
	settings := simulator.DefaultSettings()
	settings.FrameLinks = true // residents' pages let the phones show them
	settings.PublicURL = publicURL
	sim, err := simulator.New(simulator.Options{
		Seed: simulatorSeed, Now: time.Now, Log: newEnv(cfg, os.Stderr).Log, Settings: settings, State: state,
	})
	if errors.Is(err, simulator.ErrState) {
		return nil, fmt.Errorf("%w (or begin anew with --fresh)", err)
	}
	if err != nil {
		return nil, err
	}
	if scenario == nil || sim.Restored() {
		return sim, nil
	}
	if err := sim.Load(bytes.NewReader(scenario)); err != nil {
		sim.Close()
		return nil, fmt.Errorf("load the demo town: %w", err)
	}
	return sim, nil
}

// pointCallbacks tells the platform where the accounts' callbacks go now, as an operator does on the developer console. The
// platform asks the address before it takes it, so this also proves the door.
func pointCallbacks(ctx context.Context, p ports) error {
	accounts, err := town.Accounts()
	if err != nil {
		return err
	}
	for _, t := range accounts {
		setting, err := json.Marshal(map[string]string{
			"url": p.pagesURL + "/wechat/callback/" + t.Key, "token": t.CallbackToken, "aes_key": t.EncodingAESKey, "mode": "safe",
		})
		if err != nil {
			return err
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodPut, p.platformURL+"/_sim/accounts/"+t.Key+"/callback", bytes.NewReader(setting))
		if err != nil {
			return err
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return fmt.Errorf("point the callbacks of %s here: %w", t.Key, err)
		}
		answer, err := io.ReadAll(io.LimitReader(resp.Body, 4096))
		if err := errors.Join(err, resp.Body.Close()); err != nil {
			return err
		}
		if resp.StatusCode != http.StatusOK {
			return fmt.Errorf("the platform does not take the callback address of %s: %s", t.Key, answer)
		}
	}
	return nil
}

// ports are where the demo listens: two addresses, or one for everything (platform is nil then).
type ports struct {
	pages, platform       net.Listener
	pagesURL, platformURL string
}

func openPorts(ctx context.Context, h config.HTTP, port int) (ports, error) {
	address := h.Listen
	if port >= 0 {
		address = "127.0.0.1:" + strconv.Itoa(port)
	}
	pages, err := listen(ctx, address)
	if err != nil {
		return ports{}, err
	}
	p := ports{pages: pages, pagesURL: config.URLOf(pages.Addr().String())}
	p.platformURL = p.pagesURL
	if port >= 0 {
		return p, nil
	}
	if p.platform, err = listen(ctx, h.Simulator); err != nil {
		return ports{}, errors.Join(err, pages.Close())
	}
	p.platformURL = config.URLOf(p.platform.Addr().String())
	return p, nil
}

// forget removes what earlier demos left. Only a SQLite file is removed; a database server's data is nobody's to drop.
func forget(c config.Config) error {
	file := c.Database.File()
	if file == "" {
		return &usageError{"guiyi demo", errors.New("--fresh works with SQLite only; empty the database server yourself")}
	}
	for _, f := range []string{file, file + "-wal", file + "-shm", filepath.Join(c.DataDir, simulatorState)} {
		if err := os.Remove(f); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("begin anew: %w", err)
		}
	}
	return nil
}

func printDemo(c call, p ports) {
	_, _ = fmt.Fprintf(c.Out, `
  归一 · 演示小镇“汀兰镇”已经就绪（按 Ctrl-C 结束）

  居民的手机      %s/_sim/
  居民网页 H5     %s/
  工作台          %s/desk

  工作台登录名    `, p.platformURL, p.pagesURL, p.pagesURL)
	for i, l := range demoLogins {
		if i > 0 {
			_, _ = fmt.Fprint(c.Out, "                  ")
		}
		_, _ = fmt.Fprintf(c.Out, "%-8s %s（%s）\n", l.login, l.name, l.can)
	}
	_, _ = fmt.Fprintf(c.Out, "  密码            %s\n\n", demoPassword)
	_, _ = fmt.Fprintf(c.Out, "  命令行          GUIYI_DATA_DIR=%s GUIYI_WECHAT_API=%s guiyi doctor\n\n", c.Config.DataDir, p.platformURL)
	_, _ = fmt.Fprint(c.Out, "  试一试：在工作台打开“汀兰卫生院”的整合，批准、开始，再看居民的手机收到了什么。\n\n")
}

// simulate is guiyi simulator.
func simulate(ctx context.Context, c call, o simulatorOptions) error {
	var scenario []byte
	if !o.Empty {
		scenario = town.Scenario(c.Config.HTTP.PublicURL)
	}
	sim, err := openSimulator(c.Config, "", o.State, scenario)
	if err != nil {
		return err
	}
	defer sim.Close()
	listener, err := listen(ctx, c.Config.HTTP.Simulator)
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintf(c.Out, "guiyi: the platform plays at %s, phones at %s/_sim/\n",
		config.URLOf(listener.Addr().String()), config.URLOf(listener.Addr().String()))
	return serveOn(ctx, listener, sim)
}
