package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"guiyi/domain"
	"guiyi/handler/platform"
	"guiyi/handler/web"
	"guiyi/service/accounts"
	"guiyi/service/inbox"
	"guiyi/wechat"
)

const roleDoor = "door"

// doorScript says where our door keeps what it takes in.
type doorScript struct {
	DSN     string `json:"dsn"`
	Redis   string `json:"redis"` // empty: embedded
	Profile string `json:"profile"`
}

// server is a role that answers requests; begin and end say what is measured of it.
type server struct {
	meter
	shut []func() error // in the reverse order
}

func (s *server) do(_ context.Context, what string) (any, error) {
	switch what {
	case "begin":
		return nil, s.begin()
	case "end":
		return s.end()
	default:
		return nil, fmt.Errorf("no order %q", what)
	}
}

func (s *server) close() (err error) {
	for _, shut := range slices.Backward(s.shut) {
		err = errors.Join(err, shut())
	}
	return err
}

// constant answers everybody the same, so that the door is measured and not the search in the catalogue.
type constant struct{}

func (constant) Respond(context.Context, domain.Inbound) (domain.Reply, bool, error) {
	return domain.Reply{Text: replyText}, true, nil
}

// openDoorRole builds the callback door as the program does: router, codec, nonces, inbox, storage.
func openDoorRole(ctx context.Context, script json.RawMessage) (p part, ready any, err error) {
	var in doorScript
	if err := json.Unmarshal(script, &in); err != nil {
		return nil, nil, err
	}
	s := &server{meter: meter{profile: in.Profile}}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	env := newEnv()
	store, err := openStore(ctx, in.DSN, env)
	if err != nil {
		return nil, nil, err
	}
	s.shut = append(s.shut, store.Close)
	if err := register(ctx, store, domain.At(env.Now())); err != nil {
		return nil, nil, err
	}
	rdb, shutRedis, err := openRedis(ctx, in.Redis)
	if err != nil {
		return nil, nil, err
	}
	s.shut = append(s.shut, func() error { shutRedis(); return nil })
	register := accounts.New(env, store)
	gateway, err := wechat.New(wechat.Options{Redis: rdb, Now: env.Now, Log: env.Log, Accounts: register.Lookup})
	if err != nil {
		return nil, nil, err
	}
	engine, err := web.NewEngine()
	if err != nil {
		return nil, nil, err
	}
	engine.Use(web.RequestLog(env.Log, env.Now)) //nolint:contextcheck // as below
	room := inbox.New(env, store, nil, []inbox.Responder{constant{}})
	platform.New(env, register, room, wechat.Codec{}, gateway.Nonces(), platform.Options{}).Mount(engine) //nolint:contextcheck // it does not see that gin carries the context
	web, address, err := serve(ctx, engine)
	if err != nil {
		return nil, nil, err
	}
	s.shut = append(s.shut, web.Close)
	return s, address, nil
}
