package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
)

const roleRedis = "redis"

// miniRedis is what guiyi embeds. With SQLite it lives inside our measured process, as in `guiyi serve` without settings; with
// MySQL it is a process of its own, in the place of a Redis server.
type miniRedis struct {
	server *miniredis.Miniredis
	stop   context.CancelFunc
	done   chan struct{}
}

func startRedis(ctx context.Context) (*miniRedis, error) {
	m := &miniRedis{server: miniredis.NewMiniRedis(), done: make(chan struct{})}
	if err := m.server.StartAddr("127.0.0.1:0"); err != nil {
		return nil, err
	}
	ageing, stop := context.WithCancel(ctx)
	m.stop = stop
	go m.age(ageing)
	return m, nil
}

// age lets keys expire, which miniredis never does by itself; guiyi does it once a second as well.
func (m *miniRedis) age(ctx context.Context) {
	defer close(m.done)
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	last := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			m.server.FastForward(now.Sub(last))
			last = now
		}
	}
}

func (m *miniRedis) do(_ context.Context, what string) (any, error) {
	return nil, fmt.Errorf("no order %q", what)
}

func (m *miniRedis) close() error {
	m.stop()
	<-m.done
	m.server.Close()
	return nil
}

func openRedisRole(ctx context.Context, _ json.RawMessage) (part, any, error) {
	m, err := startRedis(ctx)
	if err != nil {
		return nil, nil, err
	}
	return m, m.server.Addr(), nil
}

// openRedis connects to the address; an empty one means an embedded Redis. The function it returns ends what it began.
func openRedis(ctx context.Context, address string) (redis.UniversalClient, func(), error) {
	shut := func() {}
	if address == "" {
		m, err := startRedis(ctx)
		if err != nil {
			return nil, nil, err
		}
		address, shut = m.server.Addr(), func() { _ = m.close() }
	}
	rdb := redis.NewClient(&redis.Options{Addr: address, Protocol: 2, DisableIdentity: true})
	return rdb, func() {
		_ = rdb.Close()
		shut()
	}, nil
}

// redisFor starts the Redis process that an engine needs; its address is empty where Redis is embedded.
func redisFor(ctx context.Context, engine string) (p *process, address string, err error) {
	if engine == engineSQLite {
		return nil, "", nil
	}
	p, err = start(ctx, roleRedis, nil, &address)
	return p, address, err
}
