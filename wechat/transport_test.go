package wechat

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"guiyi/domain"
)

// lineman is a tiny platform that gives tokens and answers everything else as a test wants.
func lineman(t *testing.T, answer http.HandlerFunc) (*platformTown, *Gateway) {
	t.Helper()
	w := newTown(t)
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/base/cgi-bin/stable_token" {
			_, _ = rw.Write([]byte(`{"access_token":"tok/en+1=","expires_in":7200}`))
			return
		}
		answer(rw, r)
	}))
	t.Cleanup(server.Close)
	return w, w.gateway(func(o *Options) { o.APIBase = server.URL + "/base/" })
}

func TestUnusableAnswers(t *testing.T) {
	cases := map[string]http.HandlerFunc{
		"an HTML page":     func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>502</html>")) },
		"HTTP 502":         func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) },
		"a redirect":       func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) },
		"nothing":          func(http.ResponseWriter, *http.Request) {},
		"half a document":  func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"errcode":0,"errm`)) },
		"a torn document":  func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"errcode":x}`)) },
		"twenty megabytes": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(bytes.Repeat([]byte("{"), 20<<20)) },
		"a cut connection": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"a cut in the middle": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = w.Write([]byte(`{"errcode":0`))
		},
		"silence": func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body) // only then does the server notice that the caller has gone
			<-r.Context().Done()
		},
	}
	for name, answer := range cases {
		t.Run(name, func(t *testing.T) {
			_, g := lineman(t, answer)
			g.timeout = 300 * time.Millisecond
			if name == "twenty megabytes" {
				g.timeout = 10 * time.Second
			}
			send := g.SendText(t.Context(), "A3", "oX", "x")
			_, read := g.Menu(t.Context(), "A3")
			publish := g.PublishMenu(t.Context(), "A3", []domain.MenuButton{{Name: "x", Type: "click", Key: "k"}})
			if domain.RemedyOf(send) != domain.RemedyUnknown || domain.RemedyOf(publish) != domain.RemedyUnknown {
				t.Errorf("what was sent may have taken effect: %v, %v", send, publish)
			}
			if domain.RemedyOf(read) != domain.RemedyWait {
				t.Errorf("a read may be repeated: %v", read)
			}
			for _, err := range []error{send, read, publish} {
				if _, ok := errors.AsType[*domain.PlatformError](err); !ok || !errors.Is(err, domain.ErrUnavailable) {
					t.Errorf("got %v", err)
				}
				if s := err.Error(); strings.Contains(s, "tok/en") || strings.Contains(s, testSecret) || strings.Contains(s, "access_token") {
					t.Errorf("the error tells a secret: %s", s)
				}
			}
		})
	}
}

func TestNeverLeft(t *testing.T) {
	w := newTown(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := w.gateway()
	if err := g.Probe(t.Context(), "A3"); err != nil { // has a token from now on
		t.Fatal(err)
	}
	g.apiBase.Host = listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	g.Close()
	if err := g.SendText(t.Context(), "A3", "oX", "x"); domain.RemedyOf(err) != domain.RemedyWait || !strings.Contains(err.Error(), "no connection") {
		t.Errorf("nobody listens: %v", err)
	}
}

func TestTokenCallFails(t *testing.T) {
	for kind, want := range map[string]domain.Remedy{"reset": domain.RemedyWait, "timeout": domain.RemedyWait, "status": domain.RemedyWait} {
		t.Run(kind, func(t *testing.T) {
			w := newTown(t)
			g := w.gateway(func(o *Options) { o.Timeout = 300 * time.Millisecond })
			w.fault(map[string]any{"path": "/cgi-bin/stable_token", "kind": kind, "status": 500})
			if err := g.SendText(t.Context(), "A3", "oX", "x"); domain.RemedyOf(err) != want {
				t.Errorf("no message left, so nothing is unknown: %v", err)
			}
		})
	}
	for code, want := range map[int]domain.Remedy{
		40001: domain.RemedyAccount, 40125: domain.RemedyAccount, 40164: domain.RemedyAccount, 45009: domain.RemedyWait, -1: domain.RemedyWait,
	} {
		w := newTown(t)
		w.fault(map[string]any{"path": "/cgi-bin/stable_token", "kind": "errcode", "code": code})
		if err := w.gateway().SendText(t.Context(), "A3", "oX", "x"); domain.RemedyOf(err) != want || !isCode(err, code) {
			t.Errorf("%d: %v", code, err)
		}
	}
}

func TestSecondTry(t *testing.T) {
	const path = "/cgi-bin/user/get"
	for _, code := range []int{40001, 40014, 42001} {
		w := newTown(t)
		g := w.gateway()
		w.fault(map[string]any{"path": path, "kind": "errcode", "code": code, "times": 1})
		if _, _, _, err := g.Followers(t.Context(), "A3", ""); err != nil {
			t.Errorf("%d once: %v", code, err)
		}
		if n := w.calls(path); n != 2 {
			t.Errorf("%d once: %d calls", code, n)
		}
	}
	t.Run("a refusal that stays is reported after the second try", func(t *testing.T) {
		w := newTown(t)
		g := w.gateway()
		w.fault(map[string]any{"path": path, "kind": "errcode", "code": 40001})
		for range 20 {
			if _, _, _, err := g.Followers(t.Context(), "A3", ""); domain.RemedyOf(err) != domain.RemedyWait || !isCode(err, 40001) {
				t.Fatalf("got %v", err)
			}
		}
		if n := w.calls(path); n != 40 {
			t.Errorf("%d calls for 20 errands", n)
		}
		if n := w.calls("/cgi-bin/stable_token"); n > 2 {
			t.Errorf("%d tokens fetched: the platform stands by the same one", n)
		}
	})
	t.Run("other codes are not tried again", func(t *testing.T) {
		w := newTown(t)
		w.fault(map[string]any{"path": path, "kind": "errcode", "code": -1})
		if _, _, _, err := w.gateway().Followers(t.Context(), "A3", ""); domain.RemedyOf(err) != domain.RemedyWait {
			t.Error(err)
		}
		if n := w.calls(path); n != 1 {
			t.Errorf("%d calls", n)
		}
	})
	t.Run("an expired token is renewed in passing, also for uploads", func(t *testing.T) {
		w := newTown(t)
		fixed := w.sim.Now()
		g := w.gateway(func(o *Options) { o.Now = func() time.Time { return fixed } }) // its clock stands still: it believes its token
		if err := g.Probe(t.Context(), "A3"); err != nil {
			t.Fatal(err)
		}
		if _, err := w.sim.Move(3 * time.Hour); err != nil {
			t.Fatal(err)
		}
		if _, err := g.AddImage(t.Context(), "A3", "x", picture(t)); err != nil {
			t.Error(err)
		}
	})
}

func TestEffectBeforeTheBreak(t *testing.T) {
	w := newTown(t)
	g := w.gateway()
	draft := draftOf(t, g, "A1")
	w.fault(map[string]any{"path": "/cgi-bin/message/mass/sendall", "kind": "reset", "after": true, "times": 1})
	if _, err := g.MassSendAll(t.Context(), "A1", draft, "gy-1"); domain.RemedyOf(err) != domain.RemedyUnknown {
		t.Fatalf("got %v", err)
	}
	if n := w.calls("/cgi-bin/message/mass/sendall"); n != 1 {
		t.Fatalf("the message was sent %d times", n)
	}
	if _, err := w.sim.Move(2 * time.Minute); err != nil {
		t.Fatal(err)
	}
	id, err := g.MassSendAll(t.Context(), "A1", draft, "gy-1")
	if domain.RemedyOf(err) != domain.RemedyAlready || id == 0 {
		t.Errorf("asking again with the same guard: %d, %v", id, err)
	}
}

func TestLogsAreSilent(t *testing.T) {
	var log bytes.Buffer
	w := newTown(t)
	g := w.gateway(func(o *Options) {
		o.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	w.redis.Close()
	_ = g.SendText(t.Context(), "A3", "oSomebody", "private words")
	for _, hidden := range []string{"oSomebody", "private", testSecret, "access_token="} {
		if strings.Contains(log.String(), hidden) {
			t.Errorf("the log holds %q: %s", hidden, log.String())
		}
	}
}
