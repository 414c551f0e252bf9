package simulator

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

func (w *town) authorize(change ...string) (seen, string) {
	w.t.Helper()
	query := url.Values{
		"appid": {"wx0000000000000001"}, "redirect_uri": {"https://town.example/back?a=1"}, "response_type": {"code"},
		"scope": {scopeBase}, "state": {"xyz"}, "sim_person": {"wang-guiying"},
	}
	for i := 0; i+1 < len(change); i += 2 {
		query.Set(change[i], change[i+1])
	}
	resp, data := w.raw(http.MethodGet, "/connect/oauth2/authorize", query, nil)
	return resp, string(data)
}

func (w *town) code(change ...string) string {
	w.t.Helper()
	resp, page := w.authorize(change...)
	back, err := url.Parse(resp.Header.Get("Location"))
	if err != nil || resp.StatusCode != http.StatusFound || back.Query().Get("code") == "" {
		w.t.Fatalf("HTTP %d to %q: %s", resp.StatusCode, back, page)
	}
	return back.Query().Get("code")
}

func (w *town) exchange(code string, change ...string) reply {
	w.t.Helper()
	a := w.byKey["clinic"]
	query := url.Values{"appid": {a.appID}, "secret": {a.secret}, "code": {code}, "grant_type": {"authorization_code"}}
	for i := 0; i+1 < len(change); i += 2 {
		query.Set(change[i], change[i+1])
	}
	return w.ask(http.MethodGet, "/sns/oauth2/access_token", query, nil)
}

func TestSilentAuthorisation(t *testing.T) {
	w := newTown(t)
	resp, _ := w.authorize()
	if got := resp.Header.Get("Location"); !strings.HasPrefix(got, "https://town.example/back?a=1&code=") || !strings.HasSuffix(got, "&state=xyz") {
		t.Errorf("redirected to %q", got)
	}
	code := w.code()
	out := w.exchange(code)
	w.wantCode(out, 0)
	if out["scope"] != scopeBase || out["unionid"] != nil || out["is_snapshotuser"] != nil || out["expires_in"] != 7200.0 {
		t.Errorf("answer %v", out)
	}
	list := w.allFollowers("clinic")
	found := false
	for _, openid := range list {
		found = found || openid == out["openid"]
	}
	if !found {
		t.Error("the openid is not that of the follower")
	}
	w.wantCode(w.exchange(code), 40163)
	w.wantCode(w.exchange("nonsense"), 40029)
	w.wantCode(w.exchange(""), 41008)
	w.wantCode(w.exchange(w.code(), "secret", "nope"), 40125)
	w.wantCode(w.exchange(w.code(), "appid", "wx9"), 40013)
	late := w.code()
	w.move(5 * time.Minute)
	w.wantCode(w.exchange(late), 42003)
}

func TestConsentPage(t *testing.T) {
	w := newTown(t)
	resp, page := w.authorize("scope", scopeUserInfo)
	if resp.StatusCode != http.StatusOK || !strings.Contains(page, "小村卫生院 申请") || !strings.Contains(page, "sim_consent=allow") {
		t.Fatalf("HTTP %d %s", resp.StatusCode, page)
	}
	resp, _ = w.authorize("scope", scopeUserInfo, "sim_consent", "deny")
	if got := resp.Header.Get("Location"); got != "https://town.example/back?a=1&state=xyz" {
		t.Errorf("refusal leads to %q", got)
	}
	out := w.exchange(w.code("scope", scopeUserInfo, "sim_consent", "allow"))
	if out["unionid"] == nil {
		t.Errorf("no unionid in %v", out)
	}
	token, _ := out["access_token"].(string)
	openid, _ := out["openid"].(string)
	info := w.ask(http.MethodGet, "/sns/userinfo", url.Values{"access_token": {token}, "openid": {openid}}, nil)
	if info["nickname"] != "王桂英" || info["sex"] != 0.0 || info["unionid"] != out["unionid"] {
		t.Errorf("userinfo %v", info)
	}
	w.wantCode(w.ask(http.MethodGet, "/sns/auth", url.Values{"access_token": {token}, "openid": {openid}}, nil), 0)
	w.wantCode(w.ask(http.MethodGet, "/sns/auth", url.Values{"access_token": {token}, "openid": {"oOther"}}, nil), 40003)
	if w.code("scope", scopeUserInfo) == "" {
		t.Error("asked for consent twice")
	}
	if resp, _ := w.authorize("scope", scopeUserInfo, "forcePopup", "true"); resp.StatusCode != http.StatusOK {
		t.Error("forcePopup did not force the page")
	}
}

func TestWebTokens(t *testing.T) {
	w := newTown(t)
	out := w.exchange(w.code())
	access, _ := out["access_token"].(string)
	refresh, _ := out["refresh_token"].(string)
	openid, _ := out["openid"].(string)
	ask := func(token string) reply {
		return w.ask(http.MethodGet, "/sns/userinfo", url.Values{"access_token": {token}, "openid": {openid}}, nil)
	}
	w.wantCode(ask(access), 48001) // base scope
	w.wantCode(ask(refresh), 40001)
	w.wantCode(ask(""), 41001)
	w.move(2 * time.Hour)
	w.wantCode(ask(access), 42001)
	again := func(token string) reply {
		return w.ask(http.MethodGet, "/sns/oauth2/refresh_token", url.Values{"appid": {"wx0000000000000001"}, "grant_type": {"refresh_token"}, "refresh_token": {token}}, nil)
	}
	renewed := again(refresh)
	w.wantCode(renewed, 0)
	if renewed["openid"] != openid || renewed["access_token"] == access {
		t.Errorf("refreshed %v", renewed)
	}
	w.wantCode(again(access), 40030)
	w.move(31 * 24 * time.Hour)
	w.wantCode(again(refresh), 42002)
}

func TestSnapshotPage(t *testing.T) {
	w := newTown(t)
	out := w.exchange(w.code("scope", scopeUserInfo, "sim_snapshot", "1"))
	if out["is_snapshotuser"] != 1.0 || out["unionid"] != nil {
		t.Errorf("answer %v", out)
	}
	openid, _ := out["openid"].(string)
	w.wantCode(w.get("clinic", "/cgi-bin/user/info", "openid", openid), 40003)
}

func TestAuthorisationRefused(t *testing.T) {
	w := newTown(t)
	w.do(func() { w.byKey["clinic"].oauthDomain = "town.example" })
	for name, try := range map[string]struct {
		change []string
		want   string
	}{
		"unknown_appid":    {[]string{"appid", "wx9"}, "40013"},
		"other_domain":     {[]string{"redirect_uri", "https://evil.example/"}, "10003"},
		"sub_domain":       {[]string{"redirect_uri", "https://a.town.example/"}, "10003"},
		"no_address":       {[]string{"redirect_uri", "javascript:alert(1)"}, "10003"},
		"odd_scope":        {[]string{"scope", "snsapi_login"}, "10005"},
		"subscription":     {[]string{"appid", w.byKey["party"].appID}, "10005"},
		"nobody_signed_in": {[]string{"sim_person", "nobody"}, "这是谁的手机"},
	} {
		t.Run(name, func(t *testing.T) {
			w.t = t
			resp, page := w.authorize(try.change...)
			if resp.StatusCode != http.StatusOK || !strings.Contains(page, try.want) {
				t.Errorf("HTTP %d: %s", resp.StatusCode, page)
			}
		})
	}
}

func TestPhoneOwnerByCookieAndHeader(t *testing.T) {
	w := newTown(t)
	resp, _ := w.raw(http.MethodGet, "/_sim/open", url.Values{"person": {"zhou-xiaowen"}, "url": {"https://town.example/x"}}, nil)
	if resp.Header.Get("Location") != "https://town.example/x" || resp.Header.Get("Set-Cookie") == "" {
		t.Fatalf("open: %v", resp.Header)
	}
	openidOf := func(prepare func(*http.Request)) any {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.server.URL+"/connect/oauth2/authorize?appid=wx0000000000000001&redirect_uri=https%3A%2F%2Ftown.example%2F&response_type=code&scope=snsapi_base", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		prepare(req)
		resp, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		back, err := resp.Location()
		if err != nil {
			t.Fatal(err)
		}
		return w.exchange(back.Query().Get("code"))["openid"]
	}
	byCookie := openidOf(func(r *http.Request) { r.Header.Set("Cookie", resp.Header.Get("Set-Cookie")) })
	byHeader := openidOf(func(r *http.Request) { r.Header.Set(personHeader, "zhou-xiaowen") })
	if byCookie != byHeader || byCookie == nil {
		t.Errorf("cookie %v, header %v", byCookie, byHeader)
	}
}
