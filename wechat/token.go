package wechat

import (
	"context"
	"crypto/rand"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"golang.org/x/sync/singleflight"

	"guiyi/domain"
)

const (
	tokenMargin   = time.Minute      // a stored token is dropped this long before its end
	tokenTrust    = 20 * time.Second // how long a process goes by its own copy before it looks into Redis again
	tokenPatience = 15 * time.Second // one renewal, waiting for another process included
	lockLife      = 12 * time.Second // longer than one fetch may take
	lockPoll      = 50 * time.Millisecond
	stubbornTime  = 30 * time.Second
)

// tokenSource gives the access token of one account. All processes share one token through Redis, and only one of them at a
// time asks the platform (stable_token, normal mode, which repeats the same token while it is valid).
type tokenSource struct {
	key    string // wx:tok:{appid}
	shared *shared
	now    domain.Clock
	fetch  func(ctx context.Context) (token string, life time.Duration, err error)

	flight singleflight.Group
	mu     sync.Mutex
	own    ownToken
	// A token that the platform refused and then gave out again: asking once more would give the same. See invalidate.
	stubborn      string
	stubbornUntil time.Time
	refused       string // the token last reported as refused
}

// ownToken is this process's copy.
type ownToken struct {
	value   string
	trusted time.Time // until then without looking into Redis
	ends    time.Time // when the platform drops it, less the margin; zero when it came from Redis
}

func newTokenSource(appID string, sh *shared, now domain.Clock, fetch func(context.Context) (string, time.Duration, error)) *tokenSource {
	return &tokenSource{key: "wx:tok:{" + appID + "}", shared: sh, now: now, fetch: fetch}
}

// get gives the current token. Callers wait for a renewal under way, each no longer than its own context.
func (s *tokenSource) get(ctx context.Context) (string, error) {
	s.mu.Lock()
	own := s.own
	s.mu.Unlock()
	if own.value != "" && s.now().Before(own.trusted) {
		return own.value, nil
	}
	renewal := s.flight.DoChan("", func() (any, error) {
		free, cancel := context.WithTimeout(context.WithoutCancel(ctx), tokenPatience)
		defer cancel()
		return s.renew(free)
	})
	select {
	case r := <-renewal:
		token, _ := r.Val.(string)
		return token, r.Err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// invalidate drops a token that the platform refused, wherever it is still the current one. When the platform has just given
// the same token again, it stands by it and the report is ignored for a while: otherwise every call would fetch.
func (s *tokenSource) invalidate(ctx context.Context, token string) {
	s.mu.Lock()
	if token == s.stubborn && s.now().Before(s.stubbornUntil) {
		s.mu.Unlock()
		return
	}
	if s.own.value == token {
		s.own = ownToken{}
	}
	s.refused = token
	s.mu.Unlock()
	s.shared.do(ctx, func(ctx context.Context, rdb redis.UniversalClient) error {
		return dropIfEqual.Run(ctx, rdb, []string{s.key}, token).Err()
	})
}

// renew finds the token in Redis, or fetches it under the lock, or waits for the process that holds the lock.
func (s *tokenSource) renew(ctx context.Context) (string, error) {
	mark := rand.Text()
	giveUp := time.NewTimer(lockLife)
	defer giveUp.Stop()
	for {
		token, locked, ok := s.look(ctx, mark)
		switch {
		case !ok:
			return s.alone(ctx)
		case token != "":
			s.keep(ownToken{value: token, trusted: s.now().Add(tokenTrust)})
			return token, nil
		case locked:
			return s.fetchLocked(ctx, mark)
		}
		select {
		case <-time.After(lockPoll):
		case <-giveUp.C: // the holder of the lock is gone or stuck; fetching twice does no harm
			return s.fetchLocked(ctx, mark)
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
}

// look reads the token, and takes the lock when there is none. ok is false without Redis.
func (s *tokenSource) look(ctx context.Context, mark string) (token string, locked, ok bool) {
	ok = s.shared.do(ctx, func(ctx context.Context, rdb redis.UniversalClient) (err error) {
		if token, err = rdb.Get(ctx, s.key).Result(); err == nil {
			return nil
		}
		if locked, err = rdb.SetNX(ctx, s.key+":lock", mark, lockLife).Result(); err != nil || !locked {
			return err
		}
		token, err = rdb.Get(ctx, s.key).Result() // the holder before us may have stored it in between
		return err
	})
	if token != "" && locked {
		s.unlock(ctx, mark)
	}
	return token, locked, ok
}

func (s *tokenSource) unlock(ctx context.Context, mark string) {
	s.shared.do(ctx, func(ctx context.Context, rdb redis.UniversalClient) error {
		return dropIfEqual.Run(ctx, rdb, []string{s.key + ":lock"}, mark).Err()
	})
}

func (s *tokenSource) fetchLocked(ctx context.Context, mark string) (string, error) {
	defer s.unlock(context.WithoutCancel(ctx), mark)
	own, err := s.ask(ctx)
	if err != nil {
		return "", err
	}
	s.shared.do(ctx, func(ctx context.Context, rdb redis.UniversalClient) error {
		return rdb.Set(ctx, s.key, own.value, max(time.Second, own.ends.Sub(s.now()))).Err()
	})
	return own.value, nil
}

// alone goes on without Redis: by the own copy until its end, then by asking the platform.
func (s *tokenSource) alone(ctx context.Context) (string, error) {
	s.mu.Lock()
	own := s.own
	s.mu.Unlock()
	now := s.now()
	if own.value != "" && (own.ends.IsZero() || now.Before(own.ends)) {
		own.trusted = now.Add(tokenTrust)
		s.keep(own)
		return own.value, nil
	}
	own, err := s.ask(ctx)
	return own.value, err
}

func (s *tokenSource) ask(ctx context.Context) (ownToken, error) {
	token, life, err := s.fetch(ctx)
	if err != nil {
		return ownToken{}, err
	}
	now := s.now()
	own := ownToken{value: token, trusted: now.Add(min(tokenTrust, life)), ends: now.Add(life - tokenMargin)}
	s.keep(own)
	return own, nil
}

func (s *tokenSource) keep(own ownToken) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.own = own
	if !own.ends.IsZero() && own.value == s.refused {
		s.stubborn, s.stubbornUntil = own.value, s.now().Add(stubbornTime)
	}
}
