package main

import (
	"context"
	"fmt"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"guiyi/config"
)

// openRedis connects to the configured Redis, or starts one inside this process. The function it returns ends both.
func openRedis(ctx context.Context, c config.Redis) (redis.UniversalClient, func(), error) {
	if c.Embedded {
		return embeddedRedis(ctx)
	}
	rdb := redis.NewClient(&redis.Options{Addr: c.Addr, Password: c.Password.Reveal(), DB: c.DB})
	shut := func() { _ = rdb.Close() }
	if err := rdb.Ping(ctx).Err(); err != nil {
		shut()
		return nil, nil, fmt.Errorf("reach Redis at %s: %w", c.Addr, err)
	}
	return rdb, shut, nil
}

// embeddedRedis keeps everything in memory and forgets it at the end of the process; the database is the truth and the sweep
// rings again for whatever is due.
func embeddedRedis(ctx context.Context) (redis.UniversalClient, func(), error) {
	server := miniredis.NewMiniRedis()
	if err := server.StartAddr("127.0.0.1:0"); err != nil {
		return nil, nil, fmt.Errorf("start the embedded Redis: %w", err)
	}
	rdb := redis.NewClient(&redis.Options{Addr: server.Addr(), Protocol: 2, DisableIdentity: true})
	ageing, stop := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		age(ageing, server)
	}()
	return rdb, func() {
		stop()
		<-done
		_ = rdb.Close()
		server.Close()
	}, nil
}

// age lets keys expire: miniredis never does so by itself. Once a second is enough and cheap (2 ms with 10,000 expiring keys).
func age(ctx context.Context, server *miniredis.Miniredis) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	last := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			server.FastForward(now.Sub(last))
			last = now
		}
	}
}
