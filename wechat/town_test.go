package wechat

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"guiyi/domain"
	"guiyi/wechat/simulator"
)

const testSecret = "0123456789abcdef0123456789abcdef"

const testTown = `{"people":{"named":[{"key":"wang","name":"王桂英"},{"key":"chen","name":"陈永福"}],"generated":60},"accounts":[
 {"key":"A3","name":"小村卫生院","kind":"service","appid":"wx0000000000000001","secret":"` + testSecret + `","original":"gh_sim000000001",
  "wechat_id":"clinic","followers":{"count":25,"refusing":2,"blacklisted":3,"gone":4,"named":{"following":["wang"],"gone":["chen"]}}},
 {"key":"A1","name":"小村党建","kind":"subscription","appid":"wx0000000000000002","secret":"` + testSecret + `","original":"gh_sim000000002",
  "followers":{"count":12,"named":{"following":["wang"]}},
  "menu":{"button":[{"name":"办事","sub_button":[{"type":"click","name":"预约","key":"BOOK"},{"type":"view","name":"接种","url":"https://town.example/jab"}]},{"type":"click","name":"公告","key":"NOTICES"}]}}]}`

// platformTown is a simulated platform, a Redis, and gateways that speak to them.
type platformTown struct {
	t      *testing.T
	sim    *simulator.Simulator
	server *httptest.Server
	redis  *miniredis.Miniredis
	secret atomic.Value // domain.Secret of all accounts
}

func newTown(t *testing.T) *platformTown {
	t.Helper()
	settings := simulator.DefaultSettings()
	settings.FollowerPage = 10
	sim, err := simulator.New(simulator.Options{Seed: 3, Settings: settings})
	if err != nil {
		t.Fatal(err)
	}
	if err := sim.Load(strings.NewReader(testTown)); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(sim)
	t.Cleanup(func() { sim.Close(); server.Close() })
	w := &platformTown{t: t, sim: sim, server: server, redis: miniredis.RunT(t)}
	w.secret.Store(domain.Secret(testSecret))
	return w
}

func (w *platformTown) client() redis.UniversalClient {
	w.t.Helper()
	rdb := redis.NewClient(&redis.Options{Addr: w.redis.Addr(), Protocol: 2, DisableIdentity: true, MaxRetries: -1, DialerRetries: 1})
	w.t.Cleanup(func() { _ = rdb.Close() })
	return rdb
}

// lookup knows the accounts by their key, used as id.
func (w *platformTown) lookup(_ context.Context, id string) (domain.Account, domain.Credentials, error) {
	appIDs := map[string]string{"A3": "wx0000000000000001", "A1": "wx0000000000000002"}
	secret, _ := w.secret.Load().(domain.Secret)
	if appIDs[id] == "" {
		return domain.Account{}, domain.Credentials{}, domain.ErrNotFound
	}
	return domain.Account{ID: id, Key: id, AppID: appIDs[id]}, domain.Credentials{AppSecret: secret}, nil
}

func (w *platformTown) gateway(change ...func(*Options)) *Gateway {
	w.t.Helper()
	o := Options{
		APIBase: w.server.URL, MPBase: w.server.URL, OpenBase: w.server.URL, Redis: w.client(), Now: w.sim.Now,
		Log: slog.New(slog.DiscardHandler), Accounts: w.lookup, Timeout: 20 * time.Second,
	}
	for _, c := range change {
		c(&o)
	}
	g, err := New(o)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(g.Close)
	return g
}

func (w *platformTown) ask(method, path string, body any) []byte {
	w.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		w.t.Fatal(err)
	}
	rec := httptest.NewRecorder()
	w.sim.ServeHTTP(rec, httptest.NewRequest(method, "/_sim/"+path, bytes.NewReader(text)))
	if rec.Code != http.StatusOK {
		w.t.Fatalf("%s %s: %d %s", method, path, rec.Code, rec.Body)
	}
	return rec.Body.Bytes()
}

// fault disturbs calls to a path.
func (w *platformTown) fault(fields map[string]any) {
	w.t.Helper()
	w.ask(http.MethodPost, "faults", fields)
}

// calls counts what arrived at a path.
func (w *platformTown) calls(path string) (n int) {
	w.t.Helper()
	var out struct {
		Calls []struct{ Calls int }
	}
	if err := json.Unmarshal(w.ask(http.MethodGet, "calls?path="+path, nil), &out); err != nil {
		w.t.Fatal(err)
	}
	for _, c := range out.Calls {
		n += c.Calls
	}
	return n
}

// relation is one line of the simulator's list of who follows whom.
type relation struct {
	Person      string
	OpenID      domain.OpenID
	Following   bool
	Blacklisted bool
	Reachable   bool
}

func (w *platformTown) relations(account string) (list []relation) {
	w.t.Helper()
	lines := bufio.NewScanner(bytes.NewReader(w.ask(http.MethodGet, "accounts/"+account+"/relations", nil)))
	for lines.Scan() {
		var r relation
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			w.t.Fatal(err)
		}
		list = append(list, r)
	}
	return list
}

func (w *platformTown) openID(account, person string) domain.OpenID {
	w.t.Helper()
	for _, r := range w.relations(account) {
		if r.Person == person {
			return r.OpenID
		}
	}
	w.t.Fatalf("%s has nothing to do with %s", person, account)
	return ""
}

// entry is one thing a phone shows.
type entry struct {
	Kind     string
	Person   string
	OpenID   domain.OpenID
	ClientID string `json:"client_id"`
	MsgID    int64  `json:"msg_id"`
	Content  struct {
		Type, Text string
		Articles   []struct{ Title, Description, URL, PicURL string }
	}
}

// received lists what phones got from an account, of the given kinds.
func (w *platformTown) received(account, kinds string) (list []entry) {
	w.t.Helper()
	lines := bufio.NewScanner(bytes.NewReader(w.ask(http.MethodGet, "accounts/"+account+"/received?kind="+kinds, nil)))
	for lines.Scan() {
		var e entry
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			w.t.Fatal(err)
		}
		list = append(list, e)
	}
	return list
}
