package simulator

import (
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
)

var ridShape = regexp.MustCompile(` rid: [0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}$`)

func (w *town) plain(key string) reply {
	a := w.byKey[key]
	return w.ask(http.MethodGet, "/cgi-bin/token", url.Values{
		"grant_type": {"client_credential"}, "appid": {a.appID}, "secret": {a.secret},
	}, nil)
}

func (w *town) stable(key string, force bool) reply {
	a := w.byKey[key]
	return w.ask(http.MethodPost, "/cgi-bin/stable_token", nil, map[string]any{
		"grant_type": "client_credential", "appid": a.appID, "secret": a.secret, "force_refresh": force,
	})
}

// works says which errcode a harmless call with the token gets.
func (w *town) works(token any) int {
	text, _ := token.(string)
	return w.ask(http.MethodGet, "/cgi-bin/user/get", url.Values{"access_token": {text}}, nil).code()
}

func TestPlainToken(t *testing.T) {
	w := newTown(t)
	first := w.plain("clinic")
	if first["expires_in"] != 7200.0 || len(first) != 2 {
		t.Fatalf("got %v", first)
	}
	second := w.plain("clinic")
	if first["access_token"] == second["access_token"] {
		t.Fatal("a second call gave the same token")
	}
	w.move(5*time.Minute - time.Second)
	if w.works(first["access_token"]) != 0 {
		t.Error("the replaced token died within its five minutes")
	}
	w.move(time.Second)
	if code := w.works(first["access_token"]); code != 40001 {
		t.Errorf("replaced token after five minutes: %d, want 40001", code)
	}
	w.move(2 * time.Hour)
	if code := w.works(second["access_token"]); code != 42001 {
		t.Errorf("token after two hours: %d, want 42001", code)
	}
}

func TestStableToken(t *testing.T) {
	w := newTown(t)
	first := w.stable("clinic", false)
	w.move(time.Hour)
	again := w.stable("clinic", false)
	if first["access_token"] != again["access_token"] || again["expires_in"] != 3600.0 {
		t.Fatalf("an hour later: %v", again)
	}
	w.move(55*time.Minute + time.Second)
	renewed := w.stable("clinic", false)
	if renewed["access_token"] == first["access_token"] || renewed["expires_in"] != 7200.0 {
		t.Fatalf("in the last five minutes: %v", renewed)
	}
	if w.works(first["access_token"]) != 0 || w.works(renewed["access_token"]) != 0 {
		t.Error("old and new token do not overlap")
	}
	w.move(5 * time.Minute)
	if code := w.works(first["access_token"]); code != 42001 {
		t.Errorf("old token after the overlap: %d", code)
	}
}

func TestForceRefresh(t *testing.T) {
	w := newTown(t)
	first := w.stable("clinic", false)
	second := w.stable("clinic", true)
	if code := w.works(first["access_token"]); code != 40001 {
		t.Errorf("the token before a force_refresh: %d, want 40001", code)
	}
	w.move(29 * time.Second)
	if same := w.stable("clinic", true); same["access_token"] != second["access_token"] {
		t.Error("force_refresh within 30 seconds changed the token")
	}
	for range 19 {
		w.move(time.Minute)
		w.wantCode(w.stable("clinic", true), 0)
	}
	w.move(time.Minute)
	w.wantCode(w.stable("clinic", true), 45009)
}

func TestFamiliesOfTokensAreIndependent(t *testing.T) {
	w := newTown(t)
	stable := w.stable("clinic", false)
	w.plain("clinic")
	plain := w.plain("clinic")
	w.stable("clinic", true)
	w.move(6 * time.Minute)
	if w.works(plain["access_token"]) != 0 {
		t.Error("force_refresh of the stable token killed the plain one")
	}
	if code := w.works(stable["access_token"]); code != 40001 {
		t.Errorf("stable token after force_refresh: %d", code)
	}
}

func TestTokenRefusals(t *testing.T) {
	w := newTown(t)
	a := w.byKey["clinic"]
	a.allowList = nil
	good := url.Values{"grant_type": {"client_credential"}, "appid": {a.appID}, "secret": {a.secret}}
	with := func(name, value string) url.Values {
		q := maps.Clone(good)
		q.Set(name, value)
		return q
	}
	for name, try := range map[string]struct {
		query url.Values
		code  int
		text  string
	}{
		"wrong_secret":   {with("secret", "nope"), 40125, "invalid appsecret"},
		"no_secret":      {with("secret", ""), 41004, "appsecret missing"},
		"unknown_appid":  {with("appid", "wx9999999999999999"), 40013, "invalid appid"},
		"no_appid":       {with("appid", ""), 41002, "appid missing"},
		"other_grant":    {with("grant_type", "x"), 40002, "invalid grant_type"},
		"none_of_it":     {url.Values{}, 41002, "appid missing"},
		"all_as_it_must": {good, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w.t = t
			out := w.ask(http.MethodGet, "/cgi-bin/token", try.query, nil)
			w.wantCode(out, try.code)
			if text, _ := out["errmsg"].(string); !strings.HasPrefix(text, try.text) {
				t.Errorf("errmsg %q", text)
			}
		})
	}
	w.t = t
	w.do(func() { a.allowList = []string{"10.1.2.3"} })
	out := w.ask(http.MethodGet, "/cgi-bin/token", good, nil)
	w.wantCode(out, 40164)
	if text, _ := out["errmsg"].(string); !strings.HasPrefix(text, "invalid ip 127.0.0.1 ipv6 ::ffff:127.0.0.1, not in whitelist rid: ") {
		t.Errorf("errmsg %q", text)
	}
}

func TestTokenOfACall(t *testing.T) {
	w := newTown(t)
	for name, try := range map[string]struct {
		token string
		code  int
	}{
		"missing":   {"", 41001},
		"malformed": {"hello world", 40014},
		"unknown":   {"98_" + strings.Repeat("x", 150), 40001},
	} {
		t.Run(name, func(t *testing.T) {
			w.t = t
			w.wantCode(w.ask(http.MethodGet, "/cgi-bin/user/get", url.Values{"access_token": {try.token}}, nil), try.code)
		})
	}
	w.t = t
	w.wantCode(w.ask(http.MethodPost, "/cgi-bin/user/get", w.token("clinic"), "{}"), 43001)
	w.wantCode(w.ask(http.MethodGet, "/cgi-bin/stable_token", nil, nil), 43002)
	w.wantCode(w.ask(http.MethodGet, "/cgi-bin/nothing/here", nil, nil), 40066)
}
