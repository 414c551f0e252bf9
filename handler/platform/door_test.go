package platform_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"guiyi/domain"
	"guiyi/handler/platform"
	"guiyi/repository"
	"guiyi/repository/repotest"
	"guiyi/service"
	"guiyi/service/accounts"
	"guiyi/service/inbox"
	"guiyi/wechat"
	"guiyi/wechat/simulator"
)

// voice answers whatever a test wants.
type voice func(in domain.Inbound) (domain.Reply, bool, error)

func (v voice) Respond(_ context.Context, in domain.Inbound) (domain.Reply, bool, error) {
	return v(in)
}

// lodge is the whole way in: the real door, codec, inbox and database, with the simulator outside.
type lodge struct {
	t       *testing.T
	sim     *simulator.Simulator
	store   *repository.Store
	account domain.Account
	door    *httptest.Server
	log     bytes.Buffer
	now     time.Time
}

const (
	token  = "simtoken"
	aesKey = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
	town   = `{"people":{"named":[{"key":"wang","name":"王桂英"}],"generated":30},"accounts":[
		{"key":"A3","name":"小村卫生院","kind":"service","appid":"wx0000000000000001","secret":"0123456789abcdef0123456789abcdef",
		 "original":"gh_sim000000001","followers":{"count":20,"named":{"following":["wang"]}}}]}`
)

func newLodge(t *testing.T, key domain.Secret, v voice) *lodge {
	t.Helper()
	l := &lodge{t: t, store: repotest.SQLite(t)}
	sim, err := simulator.New(simulator.Options{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	if err := sim.Load(strings.NewReader(town)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(sim.Close)
	l.sim, l.now = sim, sim.Now()

	env := service.Env{Now: func() time.Time { return l.now }, NewID: uuid.NewString, Log: slog.New(slog.NewTextHandler(&l.log, nil))}
	register := accounts.New(env, l.store)
	l.account, err = register.Register(t.Context(), domain.System, domain.Account{
		Key: "A3", Role: domain.RoleOld, Kind: domain.AccountService, Name: "小村卫生院", AppID: "wx0000000000000001", OriginalID: "gh_sim000000001",
	}, domain.Credentials{AppSecret: "0123456789abcdef0123456789abcdef", CallbackToken: token, EncodingAESKey: key})
	if err != nil {
		t.Fatal(err)
	}
	gateway, err := wechat.New(wechat.Options{Now: env.Now, Log: env.Log, Accounts: register.Lookup})
	if err != nil {
		t.Fatal(err)
	}
	gin.SetMode(gin.TestMode)
	engine := gin.New()
	engine.UseRawPath = true
	room := inbox.New(env, l.store, nil, []inbox.Responder{v})
	platform.New(env, register, room, wechat.Codec{}, gateway.Nonces(), platform.Options{Deadline: time.Minute}).Mount(engine)
	l.door = httptest.NewServer(engine)
	t.Cleanup(l.door.Close)
	return l
}

func (l *lodge) address() string { return l.door.URL + "/wechat/callback/A3" }

// control asks the simulator's control interface.
func (l *lodge) control(method, path string, body any) map[string]any {
	l.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		l.t.Fatal(err)
	}
	w := httptest.NewRecorder()
	l.sim.ServeHTTP(w, httptest.NewRequest(method, "/_sim/"+path, bytes.NewReader(text)))
	var out map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil || w.Code != http.StatusOK {
		l.t.Fatalf("%s %s: %d %s", method, path, w.Code, w.Body)
	}
	return out
}

func (l *lodge) connect(mode string) {
	l.t.Helper()
	l.control(http.MethodPut, "accounts/A3/callback", map[string]string{"url": l.address(), "token": token, "aes_key": aesKey, "mode": mode})
}

func (l *lodge) settle() {
	l.t.Helper()
	ctx, cancel := context.WithTimeout(l.t.Context(), 20*time.Second)
	defer cancel()
	if err := l.sim.Settle(ctx); err != nil {
		l.t.Fatal(err)
	}
}

// phone is what the person's phone shows of the account, as kinds and texts.
func (l *lodge) phone() (lines []string) {
	l.t.Helper()
	entries, _ := l.control(http.MethodGet, "people/wang/chats/A3", nil)["entries"].([]any)
	for _, e := range entries {
		m, _ := e.(map[string]any)
		kind, _ := m["kind"].(string)
		content, _ := m["content"].(map[string]any)
		text, _ := content["text"].(string)
		lines = append(lines, strings.TrimSpace(kind+" "+text))
	}
	return lines
}

func (l *lodge) stored() int {
	l.t.Helper()
	n, err := l.store.CountInbox(l.t.Context(), l.account.ID)
	if err != nil {
		l.t.Fatal(err)
	}
	return n
}

func echo(in domain.Inbound) (domain.Reply, bool, error) {
	return domain.Reply{Text: "收到：" + in.Content}, in.Content != "", nil
}

func TestDoorWithThePlatform(t *testing.T) {
	for mode, key := range map[string]domain.Secret{"plain": "", "compatible": aesKey, "safe": aesKey} {
		t.Run(mode, func(t *testing.T) {
			l := newLodge(t, key, echo)
			l.connect(mode) // the platform verifies the address first
			l.control(http.MethodPost, "people/wang/write", map[string]string{"account": "A3", "text": "预约 <a> & ]]>"})
			l.settle()
			want := []string{"text 预约 <a> & ]]>", "reply 收到：预约 <a> & ]]>"}
			if got := l.phone(); len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
				t.Errorf("the phone shows %q", got)
			}
			l.control(http.MethodPost, "people/wang/unfollow", map[string]string{"account": "A3"})
			l.settle()
			if n := l.stored(); n != 2 {
				t.Errorf("%d stored", n)
			}
		})
	}
}

func TestDoorFailureIsRepeated(t *testing.T) {
	down := true
	l := newLodge(t, aesKey, func(in domain.Inbound) (domain.Reply, bool, error) {
		if down {
			down = false
			return domain.Reply{}, false, errors.New("the database is away")
		}
		return echo(in)
	})
	l.connect("safe")
	l.control(http.MethodPost, "people/wang/write", map[string]string{"account": "A3", "text": "你好"})
	l.settle()
	if n := l.stored(); n != 0 {
		t.Errorf("%d stored although it failed", n)
	}
	l.control(http.MethodPost, "clock", map[string]string{"move": "5s"})
	l.settle()
	if got := l.phone(); len(got) != 2 || got[1] != "reply 收到：你好" {
		t.Errorf("the phone shows %q", got)
	}
	if strings.Contains(l.log.String(), "你好") {
		t.Error("the log holds what a person wrote")
	}
}

// push posts to the door by hand. It signs like the platform does; see the codec's tests for encrypted ones.
func (l *lodge) push(t *testing.T, query url.Values, body io.Reader) (int, string) {
	t.Helper()
	resp, err := http.Post(l.address()+"?"+query.Encode(), "text/xml", body)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

const plainText = "<xml><ToUserName>gh_sim000000001</ToUserName><FromUserName>oWang</FromUserName><CreateTime>1</CreateTime><MsgType>text</MsgType><Content>x</Content><MsgId>1</MsgId></xml>"

func TestDoorRefuses(t *testing.T) {
	plain := newLodge(t, "", echo)
	safe := newLodge(t, aesKey, echo)
	at := func(d time.Duration) url.Values { return signedAt(plain.now.Add(d), "n"+d.String()) }
	cases := map[string]struct {
		l      *lodge
		query  url.Values
		body   string
		status int
		code   string
	}{
		"no signature":                         {plain, url.Values{}, plainText, 403, "bad_signature"},
		"a push of yesterday":                  {plain, at(-24 * time.Hour), plainText, 403, "stale"},
		"a push from the future":               {plain, at(11 * time.Minute), plainText, 403, "stale"},
		"malformed XML":                        {plain, at(1), "<xml><ToUserName>", 400, "bad_body"},
		"ten megabytes":                        {plain, at(2), strings.Repeat("x", 10<<20), 413, "too_large"},
		"another account's push":               {plain, at(3), strings.Replace(plainText, "gh_sim000000001", "gh_sim000000002", 1), 403, "wrong_account"},
		"a plain body on an encrypted account": {safe, at(4), plainText, 400, "plain_refused"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			status, text := c.l.push(t, c.query, strings.NewReader(c.body))
			if status != c.status || !strings.Contains(text, `"error":"`+c.code+`"`) || strings.Count(text, "\n") > 0 {
				t.Errorf("got %d %s", status, text)
			}
		})
	}
	if n := plain.stored() + safe.stored(); n != 0 {
		t.Errorf("%d refused pushes were stored", n)
	}
	t.Run("an account nobody registered", func(t *testing.T) {
		resp, err := http.Post(plain.door.URL+"/wechat/callback/Z9", "text/xml", strings.NewReader(plainText))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if resp.StatusCode != http.StatusNotFound {
			t.Errorf("got %d", resp.StatusCode)
		}
	})
}

func TestDoorReplay(t *testing.T) {
	l := newLodge(t, "", echo)
	query := signedAt(l.now, "n1")
	if status, text := l.push(t, query, strings.NewReader(plainText)); status != http.StatusOK || !strings.Contains(text, "收到：x") {
		t.Fatalf("got %d %s", status, text)
	}
	if status, text := l.push(t, query, strings.NewReader(plainText)); status != http.StatusForbidden || !strings.Contains(text, "replayed") {
		t.Errorf("a recorded push played again: %d %s", status, text)
	}
	if status, text := l.push(t, signedAt(l.now, "n2"), strings.NewReader(plainText)); status != http.StatusOK || !strings.Contains(text, "收到：x") {
		t.Errorf("the platform's own repeat: %d %s", status, text)
	}
	if n := l.stored(); n != 1 {
		t.Errorf("%d stored", n)
	}
}

func TestDoorSurvivesPanic(t *testing.T) {
	l := newLodge(t, "", func(domain.Inbound) (domain.Reply, bool, error) { panic("a responder is broken") })
	if status, _ := l.push(t, signedAt(l.now, "n1"), strings.NewReader(plainText)); status != http.StatusInternalServerError {
		t.Errorf("got %d", status)
	}
}

func TestDoorUnknownEvent(t *testing.T) {
	l := newLodge(t, "", echo)
	body := strings.Replace(plainText, "<MsgType>text</MsgType>", "<MsgType>event</MsgType><Event>tomorrow</Event>", 1)
	if status, text := l.push(t, signedAt(l.now, "n1"), strings.NewReader(body)); status != http.StatusOK || text != "success" {
		t.Errorf("got %d %s", status, text)
	}
	if n := l.stored(); n != 1 {
		t.Errorf("%d stored", n)
	}
}
