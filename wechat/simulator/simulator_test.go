package simulator

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// town is a simulator with the small scenario, a standing clock and an HTTP
// server around it.
type town struct {
	*Simulator
	t      *testing.T
	server *httptest.Server
}

func newTown(t *testing.T, change ...func(*Options)) *town {
	t.Helper()
	o := Options{Seed: 7, Settings: DefaultSettings(), State: filepath.Join(t.TempDir(), "state")}
	for _, c := range change {
		c(&o)
	}
	w := openTown(t, o)
	file, err := os.Open("testdata/hamlet.json")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if err := w.Load(file); err != nil {
		t.Fatal(err)
	}
	return w
}

// openTown is what stands in a state file, or nothing.
func openTown(t *testing.T, o Options) *town {
	t.Helper()
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	w := &town{Simulator: s, t: t, server: httptest.NewServer(s)}
	t.Cleanup(func() { w.wantKept(); s.Close(); w.server.Close() })
	return w
}

// reply is a decoded answer of the platform.
type reply map[string]any

func (r reply) code() int {
	code, _ := r["errcode"].(float64)
	return int(code)
}

// ask calls the platform; a body that is no string is sent as JSON.
func (w *town) ask(method, path string, query url.Values, body any) reply {
	w.t.Helper()
	resp, data := w.raw(method, path, query, body)
	if got := resp.Header.Get("Content-Type"); got != "application/json; encoding=utf-8" || resp.StatusCode != http.StatusOK {
		w.t.Fatalf("%s: HTTP %d, Content-Type %q", path, resp.StatusCode, got)
	}
	return w.decoded(path, data)
}

// seen is what came back, the body aside.
type seen struct {
	StatusCode int
	Header     http.Header
}

func (w *town) raw(method, path string, query url.Values, body any) (seen, []byte) {
	w.t.Helper()
	var content io.Reader = http.NoBody
	switch b := body.(type) {
	case nil:
	case string:
		content = strings.NewReader(b)
	default:
		data, err := encode(b)
		if err != nil {
			w.t.Fatal(err)
		}
		content = bytes.NewReader(data)
	}
	req, err := http.NewRequestWithContext(w.t.Context(), method, w.server.URL+path+"?"+query.Encode(), content)
	if err != nil {
		w.t.Fatal(err)
	}
	return w.send(req)
}

// answer sends a prepared request and decodes the platform's answer.
func (w *town) answer(req *http.Request) reply {
	w.t.Helper()
	_, data := w.send(req)
	return w.decoded(req.URL.Path, data)
}

func (w *town) decoded(path string, data []byte) reply {
	w.t.Helper()
	var out reply
	if err := json.Unmarshal(data, &out); err != nil {
		w.t.Fatalf("%s answered %q: %v", path, data, err)
	}
	return out
}

func (w *town) send(req *http.Request) (seen, []byte) {
	w.t.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return seen{resp.StatusCode, resp.Header}, data
}

// token is a stable token of an account, as a query.
func (w *town) token(key string) url.Values {
	w.t.Helper()
	a := w.byKey[key]
	out := w.ask(http.MethodPost, "/cgi-bin/stable_token", nil, map[string]any{
		"grant_type": "client_credential", "appid": a.appID, "secret": a.secret,
	})
	token, _ := out["access_token"].(string)
	if token == "" {
		w.t.Fatalf("no token for %s: %v", key, out)
	}
	return url.Values{"access_token": {token}}
}

func (w *town) get(key, path string, query ...string) reply {
	w.t.Helper()
	q := w.token(key)
	for i := 0; i+1 < len(query); i += 2 {
		q.Set(query[i], query[i+1])
	}
	return w.ask(http.MethodGet, path, q, nil)
}

func (w *town) post(key, path string, body any) reply {
	w.t.Helper()
	return w.ask(http.MethodPost, path, w.token(key), body)
}

// wantCode checks errcode and that the text ends in a rid.
func (w *town) wantCode(r reply, code int) {
	w.t.Helper()
	if r.code() != code {
		w.t.Fatalf("got %v, want errcode %d", r, code)
	}
	text, _ := r["errmsg"].(string)
	if code != 0 && !ridShape.MatchString(text) {
		w.t.Fatalf("errmsg %q has no rid", text)
	}
}

// do runs something on the world with its lock held.
func (w *town) do(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	before := w.text()
	f()
	if w.state != nil && !bytes.Equal(before, w.text()) {
		w.mu.Unlock() // what a test does to the world is no step
		err := w.rewrite()
		w.mu.Lock()
		if err != nil {
			w.t.Error(err)
		}
	}
}

// textOf is a world as a snapshot holds it.
func textOf(t *testing.T, world *savedWorld) []byte {
	t.Helper()
	world.complete()
	text, err := json.Marshal(world)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// text is the locked world as a snapshot holds it.
func (w *town) text() []byte {
	w.t.Helper()
	return textOf(w.t, w.capture())
}

func (w *town) person(key string) personID {
	w.t.Helper()
	id, found := w.personByKey(key)
	if !found {
		w.t.Fatalf("nobody is %q", key)
	}
	return id
}

func (w *town) move(d time.Duration) {
	w.t.Helper()
	if _, err := w.Move(d); err != nil {
		w.t.Fatal(err)
	}
}

func (w *town) settle() {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 10*time.Second)
	defer cancel()
	if err := w.Settle(ctx); err != nil {
		w.t.Fatal("callbacks do not settle")
	}
}

// chatOf is what a person sees of an account, as kinds and texts.
func (w *town) chatOf(account, who string) []string {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	a := w.byKey[account]
	id, found := a.followers.of(w.person(who))
	if !found {
		return nil
	}
	var out []string
	for _, e := range a.chat(id, 0) {
		line := e.Kind
		if e.Content != nil && e.Content.Text != "" {
			line += " " + e.Content.Text
		}
		out = append(out, line)
	}
	return out
}
