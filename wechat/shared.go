package wechat

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"guiyi/domain"
)

// How long one command may take, and how long Redis is left alone after it failed.
const (
	redisPatience = time.Second
	redisRest     = 5 * time.Second
)

// shared is the memory that all processes have in common. It may be missing (rdb nil) or fail; then every process goes by
// what it knows itself, and nothing waits for a timeout more often than once in redisRest.
type shared struct {
	rdb  redis.UniversalClient
	now  domain.Clock
	log  *slog.Logger
	rest atomic.Int64 // unix second until which Redis is left alone
}

// do runs f on Redis and tells whether Redis answered; redis.Nil is an answer. A cancelled caller says nothing about Redis.
func (s *shared) do(ctx context.Context, f func(ctx context.Context, rdb redis.UniversalClient) error) bool {
	if s.rdb == nil || s.now().Unix() < s.rest.Load() {
		return false
	}
	short, cancel := context.WithTimeout(ctx, redisPatience)
	defer cancel()
	err := f(short, s.rdb)
	if err == nil || errors.Is(err, redis.Nil) {
		return true
	}
	if ctx.Err() == nil {
		s.rest.Store(s.now().Add(redisRest).Unix())
		s.log.Warn("redis does not answer, going on alone", "error", err)
	}
	return false
}

// dropIfEqual deletes a key only while it holds the given value, so that a late report cannot drop its successor.
var dropIfEqual = redis.NewScript(`if redis.call("GET", KEYS[1]) == ARGV[1] then return redis.call("DEL", KEYS[1]) end return 0`)
