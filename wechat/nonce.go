package wechat

import (
	"context"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"guiyi/domain"
)

// mostNonces bounds the memory of one process; beyond it the older half is forgotten early.
const mostNonces = 200_000

// Nonces remembers which callbacks were seen, so that a recorded one cannot be played again. The platform's own repeats carry
// a new nonce and a new signature each time.
type Nonces struct {
	shared *shared
	now    domain.Clock

	mu            sync.Mutex
	recent, older map[string]struct{}
	turned        time.Time
}

// Nonces gives the memory of this gateway's processes.
func (g *Gateway) Nonces() *Nonces {
	return &Nonces{shared: g.shared, now: g.now, recent: map[string]struct{}{}, older: map[string]struct{}{}}
}

// Fresh notes a mark and tells whether it is the first time within ttl. Without Redis it goes by this process alone.
func (n *Nonces) Fresh(ctx context.Context, mark string, ttl time.Duration) bool {
	if !n.noteHere(mark, ttl) {
		return false
	}
	first := true
	n.shared.do(ctx, func(ctx context.Context, rdb redis.UniversalClient) (err error) {
		first, err = rdb.SetNX(ctx, "wx:nonce:"+mark, 1, ttl).Result()
		if err != nil {
			first = true
		}
		return err
	})
	return first
}

func (n *Nonces) noteHere(mark string, ttl time.Duration) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if now := n.now(); now.Sub(n.turned) > ttl || len(n.recent) >= mostNonces/2 {
		n.older, n.recent, n.turned = n.recent, map[string]struct{}{}, now
	}
	if _, seen := n.recent[mark]; seen {
		return false
	}
	if _, seen := n.older[mark]; seen {
		return false
	}
	n.recent[mark] = struct{}{}
	return true
}
