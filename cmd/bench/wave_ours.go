package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	"guiyi/domain"
	"guiyi/repository"
	"guiyi/service/accounts"
	"guiyi/service/migration"
	"guiyi/wechat"
)

const roleWave = "wave"

// waveScript says which database holds the migration and where its platform is.
type waveScript struct {
	DSN       string        `json:"dsn"`
	Platform  string        `json:"platform"`
	Redis     string        `json:"redis"` // empty: embedded
	MassBatch int           `json:"mass_batch"`
	Limit     time.Duration `json:"limit"`
	Profile   string        `json:"profile"`
}

// waveWorker is our side of a wave: the migration room with the real gateway and the real storage. Instead of the queue it is
// rung by hand; a queue carries one task for each turn of the engine, not for each person.
type waveWorker struct {
	script   waveScript
	store    *repository.Store
	accounts *accounts.Service
	gateway  *wechat.Gateway
	service  *migration.Service
	bell     bell
	shut     []func() error // in the reverse order
}

// bell remembers one ring.
type bell chan struct{}

// Ring is what the migration room calls.
func (b bell) Ring(context.Context, string, int) error {
	select {
	case b <- struct{}{}:
	default:
	}
	return nil
}

// nowhere is a catalogue that the sending of a wave never asks.
type nowhere struct{}

func (nowhere) Destination(context.Context, domain.DestinationKind, string) (domain.Destination, error) {
	return domain.Destination{}, domain.ErrNotFound
}

func (nowhere) Keyword(context.Context, string) ([]domain.Destination, bool, error) {
	return nil, false, nil
}

// lifted are budgets that nothing here reaches; their bookkeeping stays in the measured work.
var lifted = wechat.Limits{
	MassPerMinute: 1_000_000, CustomPerSecond: 1_000_000,
	PerDay: map[string]int{"mass": 1_000_000, "custom": 10_000_000, "draft": 1_000_000},
}

// openWaveWorker builds the worker and gives the address for the platform's callbacks.
func openWaveWorker(ctx context.Context, s waveScript) (_ *waveWorker, address string, err error) {
	env := newEnv()
	w := &waveWorker{script: s, bell: make(bell, 1)}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.close())
		}
	}()
	if w.store, err = openStore(ctx, s.DSN, env); err != nil {
		return nil, "", err
	}
	w.shut = append(w.shut, w.store.Close)
	rdb, shutRedis, err := openRedis(ctx, s.Redis)
	if err != nil {
		return nil, "", err
	}
	w.shut = append(w.shut, func() error { shutRedis(); return nil })
	w.accounts = accounts.New(env, w.store)
	w.gateway, err = wechat.New(wechat.Options{
		APIBase: s.Platform, MPBase: s.Platform, OpenBase: s.Platform, Redis: rdb, Now: env.Now, Log: env.Log,
		Accounts: w.accounts.Lookup, Limits: lifted,
	})
	if err != nil {
		return nil, "", err
	}
	w.shut = append(w.shut, func() error { w.gateway.Close(); return nil })
	w.service = migration.New(env, w.store, w.gateway, nowhere{}, w.bell, migration.Options{
		BaseURL: "https://tinglan.example", MassBatch: s.MassBatch, Parallel: parallel,
	})
	mux := http.NewServeMux()
	mux.HandleFunc("POST /callback", w.callback)
	server, address, err := serve(ctx, mux)
	if err != nil {
		return nil, "", err
	}
	w.shut = append(w.shut, server.Close)
	return w, address + "/callback", nil
}

func openWaveRole(ctx context.Context, script json.RawMessage) (part, any, error) {
	var s waveScript
	if err := json.Unmarshal(script, &s); err != nil {
		return nil, nil, err
	}
	w, address, err := openWaveWorker(ctx, s)
	if err != nil {
		return nil, nil, err
	}
	return w, address, nil
}

func (w *waveWorker) close() (err error) {
	for _, shut := range slices.Backward(w.shut) {
		err = errors.Join(err, shut())
	}
	return err
}

func (w *waveWorker) do(ctx context.Context, what string) (any, error) {
	if what != "run" {
		return nil, fmt.Errorf("no order %q", what)
	}
	bounded, cancel := context.WithTimeout(ctx, w.script.Limit)
	defer cancel()
	m := meter{profile: w.script.Profile}
	if err := m.begin(); err != nil {
		return nil, err
	}
	err := w.workUntilDone(bounded)
	r, endErr := m.end()
	return r, errors.Join(err, endErr)
}

// workUntilDone lets the engine take turns until every wave is done.
func (w *waveWorker) workUntilDone(ctx context.Context) error {
	for {
		m, err := w.store.Migration(ctx, migrationID)
		if err != nil {
			return err
		}
		if err := w.service.Work(ctx, m.ID, m.LeaseTurn); err != nil {
			return err
		}
		done, err := w.done(ctx)
		if err != nil || done {
			return err
		}
		select {
		case <-w.bell:
		case <-time.After(time.Second): // a wait that the engine asked for; none is expected
		case <-ctx.Done():
			return fmt.Errorf("not finished in time: %w", ctx.Err())
		}
	}
}

// done tells whether every wave is over; a pause is an error, because it means that the platform refused something.
func (w *waveWorker) done(ctx context.Context) (bool, error) {
	m, err := w.store.Migration(ctx, migrationID)
	if err != nil {
		return false, err
	}
	if !m.PausedAt.IsZero() {
		return false, fmt.Errorf("paused: %s", m.PauseWhy)
	}
	waves, err := w.store.Waves(ctx, migrationID)
	if err != nil {
		return false, err
	}
	for _, one := range waves {
		if one.State != domain.WaveDone {
			return false, nil
		}
	}
	return true, nil
}

// callback takes in the platform's reports about its jobs, as far as the engine needs them.
func (w *waveWorker) callback(out http.ResponseWriter, r *http.Request) {
	if err := w.observe(r); err != nil {
		http.Error(out, err.Error(), http.StatusBadRequest)
		return
	}
	_, _ = io.WriteString(out, "success")
}

func (w *waveWorker) observe(r *http.Request) error {
	body, err := io.ReadAll(io.LimitReader(r.Body, 256<<10))
	if err != nil {
		return err
	}
	account, creds, err := w.accounts.Lookup(r.Context(), oldAccountID)
	if err != nil {
		return err
	}
	in, err := wechat.Codec{}.Open(account, creds, r.URL.Query(), body)
	if err != nil {
		return err
	}
	return w.service.Observe(r.Context(), in)
}
