package wechat

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/redis/go-redis/v9"
	offconfig "github.com/silenceper/wechat/v2/officialaccount/config"

	"guiyi/domain"
)

// Lookup finds an account and its secrets by id. It is asked before every call, so it must be cheap.
type Lookup func(ctx context.Context, accountID string) (domain.Account, domain.Credentials, error)

// Options of a Gateway. Empty addresses are those of the platform; the demo points all three to the simulator.
type Options struct {
	APIBase  string                // https://api.weixin.qq.com
	MPBase   string                // https://mp.weixin.qq.com, for pictures of QR codes
	OpenBase string                // https://open.weixin.qq.com, for web OAuth
	Redis    redis.UniversalClient // nil: this process shares tokens and budgets with nobody
	Now      domain.Clock
	Log      *slog.Logger
	Accounts Lookup
	Limits   Limits
	Timeout  time.Duration // of one call, 0 = 15 s
}

// Gateway makes all calls to the platform. Each method names the account it speaks for; there is no current account.
type Gateway struct {
	apiBase  *url.URL
	mpBase   string
	openBase string
	base     http.RoundTripper
	shared   *shared
	budget   *budget
	now      domain.Clock
	accounts Lookup
	timeout  time.Duration

	mu      sync.RWMutex
	handles map[string]*handle // by account id
}

// handle is one account with its secrets and its token. It never changes; new secrets make a new handle.
type handle struct {
	gateway *Gateway
	account domain.Account
	secret  domain.Secret
	tokens  *tokenSource
	config  *offconfig.Config
}

// New opens a gateway and takes over the SDK's globals: its HTTP client refuses whatever does not come from a Gateway, and its
// log, which prints message bodies, goes nowhere.
func New(o Options) (*Gateway, error) {
	api, err := baseOf(o.APIBase, "https://api.weixin.qq.com")
	if err != nil {
		return nil, err
	}
	mp, err := baseOf(o.MPBase, "https://mp.weixin.qq.com")
	if err != nil {
		return nil, err
	}
	open, err := baseOf(o.OpenBase, "https://open.weixin.qq.com")
	if err != nil {
		return nil, err
	}
	if o.Now == nil || o.Log == nil || o.Accounts == nil {
		return nil, errors.New("wechat gateway: Now, Log and Accounts are needed")
	}
	if o.Timeout <= 0 {
		o.Timeout = callTimeout
	}
	ownSDK()
	sh := &shared{rdb: o.Redis, now: o.Now, log: o.Log}
	return &Gateway{
		apiBase: api, mpBase: mp.String(), openBase: open.String(), base: newBase(), shared: sh, budget: newBudget(o.Limits, sh, o.Now),
		now: o.Now, accounts: o.Accounts, timeout: o.Timeout, handles: map[string]*handle{},
	}, nil
}

func baseOf(address, fallback string) (*url.URL, error) {
	if address == "" {
		address = fallback
	}
	u, err := url.Parse(strings.TrimSuffix(address, "/"))
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("wechat gateway: %q is not the address of a platform", address)
	}
	return u, nil
}

// Close drops idle connections.
func (g *Gateway) Close() {
	if t, ok := g.base.(*http.Transport); ok {
		t.CloseIdleConnections()
	}
}

// handle finds or makes the handle of an account, a new one when its secrets have changed.
func (g *Gateway) handle(ctx context.Context, accountID string) (*handle, error) {
	account, creds, err := g.accounts(ctx, accountID)
	if err != nil {
		return nil, err
	}
	g.mu.RLock()
	h := g.handles[accountID]
	g.mu.RUnlock()
	if h != nil && h.account.AppID == account.AppID && h.account.Key == account.Key && h.secret == creds.AppSecret {
		return h, nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	h = &handle{gateway: g, account: account, secret: creds.AppSecret, config: &offconfig.Config{AppID: account.AppID}}
	h.tokens = newTokenSource(account.AppID, g.shared, g.now, h.fetchToken)
	g.handles[accountID] = h
	return h, nil
}

// fetchToken asks for the stable token in normal mode (api_getstableaccesstoken page, read 2026-11). force_refresh is never
// used: it kills the token of every other process at once, 20 times a day.
func (h *handle) fetchToken(ctx context.Context) (string, time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, lockLife-2*time.Second)
	defer cancel()
	e := &errand{h: h, api: api{path: "/cgi-bin/stable_token", read: true}}
	var out struct {
		AccessToken string       `json:"access_token"`
		ExpiresIn   looseInteger `json:"expires_in"`
	}
	in := map[string]any{
		"grant_type": "client_credential", "appid": h.account.AppID, "secret": h.secret.Reveal(), "force_refresh": false,
	}
	if err := e.exchange(ctx, request{method: http.MethodPost, noToken: true}, in, &out); err != nil {
		return "", 0, err
	}
	if out.AccessToken == "" || out.ExpiresIn <= 0 {
		return "", 0, e.lost("answered without a token")
	}
	return out.AccessToken, time.Duration(out.ExpiresIn) * time.Second, nil
}

// scrub takes the account's secret and the token out of a text that is going to be kept.
func (h *handle) scrub(text, token string) string {
	for _, hidden := range []string{token, h.secret.Reveal()} {
		if hidden != "" {
			text = strings.ReplaceAll(text, hidden, "***")
		}
	}
	return text
}

// begin prepares one call: account, budget, deadline (in the context it gives back).
func (g *Gateway) begin(ctx context.Context, accountID string, a api) (context.Context, *errand, context.CancelFunc, error) {
	h, err := g.handle(ctx, accountID)
	if err != nil {
		return nil, nil, nil, &domain.PlatformError{
			Account: accountID, API: a.path, Message: "account not available: " + err.Error(), Remedy: domain.RemedyWait, Kind: kindOf(err),
		}
	}
	e := &errand{h: h, api: a}
	if a.budget != "" {
		if wait, ok := g.budget.take(ctx, h.account.AppID, a.budget); !ok {
			pe := e.failed(domain.RemedyWait, "our own budget for this call is used up")
			pe.RetryAfter, pe.Kind = wait, domain.ErrTooMany
			return nil, nil, nil, pe
		}
	}
	limit := g.timeout
	if a.limit > 0 {
		limit = a.limit
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	return ctx, e, cancel, nil
}

func kindOf(err error) error {
	if errors.Is(err, domain.ErrNotFound) {
		return domain.ErrNotFound
	}
	return domain.ErrUnavailable
}

// call sends in as JSON (nil: a GET) and reads the answer into out (nil: not needed).
func (g *Gateway) call(ctx context.Context, accountID string, a api, in, out any) error {
	ctx, e, done, err := g.begin(ctx, accountID, a)
	if err != nil {
		return err
	}
	defer done()
	r := request{method: http.MethodPost}
	if in == nil {
		r.method = http.MethodGet
	}
	return e.exchange(ctx, r, in, out)
}

// exchange is one call with JSON in both directions.
func (e *errand) exchange(ctx context.Context, r request, in, out any) error {
	if in != nil {
		body, err := rawJSON(in)
		if err != nil {
			return e.mistaken(err.Error())
		}
		r.body, r.contentType = body, "application/json; charset=utf-8"
	}
	answer, err := e.send(ctx, r)
	if err != nil {
		return err
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return e.lost("answered JSON of an unexpected shape")
	}
	return nil
}

// mistaken is the error of a request that we refuse to send.
func (e *errand) mistaken(message string) *domain.PlatformError {
	pe := e.failed(domain.RemedyRequest, message)
	pe.Kind = domain.ErrInvalid
	return pe
}

// refuse is mistaken for a call that has not begun.
func refuse(accountID string, a api, message string) error {
	return &domain.PlatformError{Account: accountID, API: a.path, Message: message, Remedy: domain.RemedyRequest, Kind: domain.ErrInvalid}
}

// rawJSON encodes without \u escapes, which the platform stores literally or refuses (40033; draft/add page, read 2026-11).
// Texts must have gone through plain, because the encoder escapes control characters whatever it is told.
func rawJSON(v any) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), nil
}

// plain drops the few characters that no JSON encoder can write without a \u escape: control characters other than tab and
// line breaks, U+2028 and U+2029 (they become line breaks), and bytes that are not UTF-8.
func plain(s string) string {
	for i := 0; i < len(s); i++ {
		if c := s[i]; (c < ' ' && c != '\n' && c != '\t' && c != '\r') || c >= utf8.RuneSelf || c == 0x7f {
			return strings.Map(plainRune, strings.ToValidUTF8(s, ""))
		}
	}
	return s
}

func plainRune(r rune) rune {
	switch {
	case r == '\u2028' || r == '\u2029':
		return '\n'
	case r < ' ' && r != '\n' && r != '\t' && r != '\r':
		return -1
	default:
		return r
	}
}
