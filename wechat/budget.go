package wechat

import (
	"context"
	"strconv"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"guiyi/domain"
)

// Rows of the budget table.
const (
	budgetMass   = "mass"
	budgetCustom = "custom"
	budgetUsers  = "user/get"
	budgetMenu   = "menu/create"
	budgetDraft  = "draft"
	budgetQR     = "qrcode"
)

// Limits are what one account may call. Zero means the default, a negative figure means no limit of ours.
type Limits struct {
	MassPerMinute   int            // default 30; the platform refuses more than 60
	CustomPerSecond int            // default 50; the platform publishes no figure
	PerDay          map[string]int // by row: mass, custom, user/get, menu/create, draft, qrcode; defaults are the platform's
}

// dayLimits are the platform's daily figures for ordinary accounts (API_Call_Limits page, read 2026-11). Accounts with many
// followers have more; the console says how much.
var dayLimits = map[string]int{
	budgetMass: 100, budgetCustom: 500_000, budgetUsers: 500, budgetMenu: 1000, budgetDraft: 1000, budgetQR: 100_000,
}

// window is one limit: so many calls in each period of this length. Days are Beijing days.
type window struct {
	size  time.Duration
	limit int
	chunk int // how many calls one process takes out of Redis at a time
}

func newWindow(size time.Duration, limit int) window {
	share := map[time.Duration]int{time.Second: 10, time.Minute: 100}[size]
	if share == 0 {
		share = 1000
	}
	return window{size: size, limit: limit, chunk: max(1, min(200, limit/share))}
}

const beijingOffset = 8 * 60 * 60

// period numbers the periods, and tells how long this one lasts from now.
func (w window) period(now time.Time) (number int64, left time.Duration) {
	local := now.Unix() + beijingOffset
	size := int64(w.size / time.Second)
	number = local / size
	return number, time.Duration((number+1)*size-local) * time.Second
}

// budget keeps all processes together within the limits, by counters in Redis for fixed periods. A process takes a few calls
// at a time, so that not each message costs a trip to Redis; what it does not use up in the period is given away.
type budget struct {
	shared  *shared
	now     domain.Clock
	windows map[string][]window

	mu     sync.Mutex
	stocks map[stockKey]*stock
}

type stockKey struct {
	appID, row string
	size       time.Duration
}

// stock is what this process has in hand of one window.
type stock struct {
	mu     sync.Mutex
	period int64
	left   int
	taken  int // counted by this process alone, for the time without Redis
}

func newBudget(l Limits, sh *shared, now domain.Clock) *budget {
	b := &budget{shared: sh, now: now, windows: map[string][]window{}, stocks: map[stockKey]*stock{}}
	add := func(row string, size time.Duration, limit, fallback int) {
		if limit == 0 {
			limit = fallback
		}
		if limit > 0 {
			b.windows[row] = append(b.windows[row], newWindow(size, limit))
		}
	}
	add(budgetMass, time.Minute, l.MassPerMinute, 30)
	add(budgetCustom, time.Second, l.CustomPerSecond, 50)
	for row, fallback := range dayLimits {
		add(row, 24*time.Hour, l.PerDay[row], fallback)
	}
	return b
}

// take counts one call, or tells how long to wait.
func (b *budget) take(ctx context.Context, appID, row string) (wait time.Duration, ok bool) {
	for _, w := range b.windows[row] {
		if wait, ok := b.takeFrom(ctx, stockKey{appID, row, w.size}, w); !ok {
			return wait, false
		}
	}
	return 0, true
}

func (b *budget) takeFrom(ctx context.Context, key stockKey, w window) (time.Duration, bool) {
	b.mu.Lock()
	s := b.stocks[key]
	if s == nil {
		s = &stock{}
		b.stocks[key] = s
	}
	b.mu.Unlock()

	s.mu.Lock()
	defer s.mu.Unlock()
	period, rest := w.period(b.now())
	if s.period != period {
		s.period, s.left, s.taken = period, 0, 0
	}
	if s.left == 0 {
		s.left = b.refill(ctx, key, w, s)
	}
	if s.left == 0 {
		return rest, false
	}
	s.left--
	return 0, true
}

// refill takes the next few calls out of the shared counter.
func (b *budget) refill(ctx context.Context, key stockKey, w window, s *stock) int {
	name := "wx:budget:{" + key.appID + "}:" + key.row + ":" + w.size.String() + ":" + strconv.FormatInt(s.period, 10)
	var total int
	if !b.shared.do(ctx, func(ctx context.Context, rdb redis.UniversalClient) error {
		pipe := rdb.Pipeline()
		count := pipe.IncrBy(ctx, name, int64(w.chunk))
		pipe.Expire(ctx, name, 2*w.size)
		_, err := pipe.Exec(ctx)
		total = int(count.Val())
		return err
	}) {
		total = s.taken + w.chunk
	}
	s.taken += w.chunk
	return max(0, min(w.chunk, w.limit-(total-w.chunk)))
}
