package wechat

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/png"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"guiyi/domain"
)

func picture(t *testing.T) []byte {
	t.Helper()
	var buf bytes.Buffer
	if err := png.Encode(&buf, image.NewGray(image.Rect(0, 0, 8, 8))); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func TestFollowers(t *testing.T) {
	w := newTown(t)
	g := w.gateway()
	var got []domain.OpenID
	pages, next := 0, ""
	for {
		ids, following, total, err := g.Followers(t.Context(), "A3", next)
		if err != nil || total != 25 {
			t.Fatalf("total %d, %v", total, err)
		}
		got = append(got, ids...)
		if pages++; following == "" {
			break
		}
		next = following
	}
	var want []domain.OpenID
	for _, r := range w.relations("A3") {
		if r.Following {
			want = append(want, r.OpenID)
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if d := cmp.Diff(want, got); d != "" || pages < 3 {
		t.Errorf("%d pages, %s", pages, d)
	}
}

func TestBlacklist(t *testing.T) {
	w := newTown(t)
	ids, _, err := w.gateway().Blacklist(t.Context(), "A3", "")
	if err != nil || len(ids) != 3 {
		t.Fatalf("got %v, %v", ids, err)
	}
	for _, r := range w.relations("A3") {
		if r.Blacklisted != slices.Contains(ids, r.OpenID) {
			t.Errorf("%s: %v", r.Person, r.Blacklisted)
		}
	}
}

func TestMenu(t *testing.T) {
	w := newTown(t)
	g := w.gateway()
	if got, err := g.Menu(t.Context(), "A3"); err != nil || len(got) != 0 {
		t.Errorf("an account without a menu: %v, %v", got, err)
	}
	want := []domain.MenuButton{
		{Name: "办事", Children: []domain.MenuButton{
			{Name: "预约", Type: "click", Key: "BOOK"}, {Name: "接种", Type: "view", URL: "https://town.example/jab"},
		}},
		{Name: "公告", Type: "click", Key: "NOTICES"},
	}
	got, err := g.Menu(t.Context(), "A1")
	if d := cmp.Diff(want, got); err != nil || d != "" {
		t.Errorf("%v %s", err, d)
	}
	want[1] = domain.MenuButton{Name: "查 & <度>", Type: "view", URL: "https://town.example/?a=1&b=2"}
	if err := g.PublishMenu(t.Context(), "A3", want); err != nil {
		t.Fatal(err)
	}
	got, err = g.Menu(t.Context(), "A3")
	if d := cmp.Diff(want, got); err != nil || d != "" {
		t.Errorf("%v %s", err, d)
	}
	want[1].Name = strings.Repeat("长", 6)
	if err := g.PublishMenu(t.Context(), "A3", want); domain.RemedyOf(err) != domain.RemedyRequest || !isCode(err, 40018) {
		t.Errorf("a name of 18 bytes: %v", err)
	}
}

// draftOf brings an article into an account's draft box.
func draftOf(t *testing.T, g *Gateway, account string) string {
	t.Helper()
	cover, err := g.AddImage(t.Context(), account, "cover", picture(t))
	if err != nil {
		t.Fatal(err)
	}
	image, err := g.UploadArticleImage(t.Context(), account, "qr.png", picture(t))
	if err != nil || !strings.HasPrefix(image, "http") {
		t.Fatalf("%q, %v", image, err)
	}
	id, err := g.AddDraft(t.Context(), account, domain.Draft{
		Title: "账号整合公告 <1> & 2", Author: "卫生院", Digest: "摘要\u2028二", CoverID: cover,
		Content: `<p style="color:red">公告\u4e00 & "引号"</p><img src="` + image + `">` + "\u2029\b完",
	})
	if err != nil || id == "" {
		t.Fatalf("draft: %q, %v", id, err)
	}
	return id
}

func TestMassSendAll(t *testing.T) {
	w := newTown(t)
	g := w.gateway()
	draft := draftOf(t, g, "A1")
	id, err := g.MassSendAll(t.Context(), "A1", draft, "gy-1")
	if err != nil || id == 0 {
		t.Fatalf("%d, %v", id, err)
	}
	if _, err := w.sim.Move(2 * time.Minute); err != nil { // past the guard's "too fast"
		t.Fatal(err)
	}
	again, err := g.MassSendAll(t.Context(), "A1", draft, "gy-1")
	if domain.RemedyOf(err) != domain.RemedyAlready || again != id {
		t.Errorf("the same clientmsgid again: %d, %v; want %d", again, err, id)
	}
	pe, ok := errors.AsType[*domain.PlatformError](err)
	if !ok || pe.MsgID != id || pe.Code != 45065 || pe.RID == "" || strings.Contains(pe.Message, "rid") {
		t.Errorf("got %+v", pe)
	}
	if _, err := g.MassSendAll(t.Context(), "A1", draft, "gy-2"); !isCode(err, 45028) && !isCode(err, 40007) {
		t.Errorf("a second send of the day: %v", err)
	}
	if _, err := w.sim.Move(time.Hour); err != nil {
		t.Fatal(err)
	}
	if status, err := g.MassStatus(t.Context(), "A1", id); err != nil || status != "SEND_SUCCESS" {
		t.Errorf("status %q, %v", status, err)
	}
	if _, err := g.MassStatus(t.Context(), "A1", 7); !errors.Is(err, domain.ErrNotFound) {
		t.Errorf("an unknown job: %v", err)
	}
	got := w.received("A1", "mass")
	if len(got) != 12 {
		t.Errorf("%d phones got it, want 12", len(got))
	}
	for _, e := range got {
		if len(e.Content.Articles) != 1 || e.Content.Articles[0].Title != "账号整合公告 <1> & 2" || e.Content.Articles[0].Description != "摘要\n二" {
			t.Fatalf("a phone shows %+v", e)
		}
	}
}

func TestMassSendOpenIDs(t *testing.T) {
	w := newTown(t)
	g := w.gateway()
	draft := draftOf(t, g, "A3")
	var to []domain.OpenID
	for _, r := range w.relations("A3") {
		if r.Reachable && len(to) < 5 {
			to = append(to, r.OpenID)
		}
	}
	id, err := g.MassSendOpenIDs(t.Context(), "A3", to, draft, "gy-1")
	if err != nil || id == 0 {
		t.Fatalf("%d, %v", id, err)
	}
	if _, err := w.sim.Move(time.Hour); err != nil {
		t.Fatal(err)
	}
	var got []domain.OpenID
	for _, e := range w.received("A3", "mass") {
		got = append(got, e.OpenID)
	}
	slices.Sort(to)
	slices.Sort(got)
	if d := cmp.Diff(to, got); d != "" {
		t.Error(d)
	}
	for name, list := range map[string][]domain.OpenID{"one": to[:1], "too many": make([]domain.OpenID, 10_001)} {
		before := w.calls("/cgi-bin/message/mass/send")
		if _, err := g.MassSendOpenIDs(t.Context(), "A3", list, draft, "gy-2"); domain.RemedyOf(err) != domain.RemedyRequest {
			t.Errorf("%s: %v", name, err)
		}
		if w.calls("/cgi-bin/message/mass/send") != before {
			t.Errorf("%s: the call left the house", name)
		}
	}
}

func TestMassPreview(t *testing.T) {
	w := newTown(t)
	g := w.gateway()
	draft := draftOf(t, g, "A3")
	if err := g.MassPreview(t.Context(), "A3", "wang", draft); err != nil {
		t.Fatal(err)
	}
	if got := w.received("A3", "preview"); len(got) != 1 || got[0].Person != "wang" {
		t.Errorf("got %+v", got)
	}
	if got := w.received("A3", "mass"); len(got) != 0 {
		t.Errorf("a preview went to %d phones as a mass message", len(got))
	}
}

func TestSendTextAndCard(t *testing.T) {
	w := newTown(t)
	g := w.gateway()
	wang := w.openID("A3", "wang")
	if err := g.SendText(t.Context(), "A3", wang, "您好"); domain.RemedyOf(err) != domain.RemedyPerson || !isCode(err, 45015) {
		t.Errorf("no window is open: %v", err)
	}
	w.ask(http.MethodPost, "people/wang/write", map[string]string{"account": "A3", "text": "你好"})
	text := "您好 <a href=\"https://h5.example/?a=1&b=2\">看</a> \\ \"引\" \n二\u2028三\x01"
	if err := g.SendText(t.Context(), "A3", wang, text); err != nil {
		t.Fatal(err)
	}
	card := domain.Card{Title: "办事指南", Description: "说明", URL: "https://h5.example/a?b=1&c=2", PictureURL: "https://h5.example/p.png"}
	if err := g.SendCard(t.Context(), "A3", wang, card); err != nil {
		t.Fatal(err)
	}
	got := w.received("A3", "custom")
	if len(got) != 2 || got[0].Content.Text != "您好 <a href=\"https://h5.example/?a=1&b=2\">看</a> \\ \"引\" \n二\n三" {
		t.Fatalf("got %+v", got)
	}
	if a := got[1].Content.Articles; len(a) != 1 || a[0].Title != card.Title || a[0].URL != card.URL || a[0].PicURL != card.PictureURL {
		t.Errorf("got %+v", a)
	}
	if err := g.SendText(t.Context(), "A1", wang, "x"); domain.RemedyOf(err) != domain.RemedyPerson || !errors.Is(err, domain.ErrNotFound) {
		t.Errorf("an openid of another account: %v", err)
	}
	if strings.Contains(g.SendText(t.Context(), "A1", wang, "x").Error(), wang.Reveal()) {
		t.Error("the error names the person")
	}
}

func TestCreateSceneQR(t *testing.T) {
	w := newTown(t)
	g := w.gateway()
	ticket, address, err := g.CreateSceneQR(t.Context(), "A3", "mig-A3")
	if err != nil || ticket == "" || address == "" {
		t.Fatalf("%q %q %v", ticket, address, err)
	}
	resp, err := http.Get(g.QRImageURL(ticket))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK || !strings.HasPrefix(resp.Header.Get("Content-Type"), "image/") {
		t.Errorf("the picture: %d %s", resp.StatusCode, resp.Header.Get("Content-Type"))
	}
	w.ask(http.MethodPost, "people/chen/scan", map[string]string{"account": "A3", "scene": "mig-A3"})
	if _, _, err := g.CreateSceneQR(t.Context(), "A3", ""); domain.RemedyOf(err) != domain.RemedyRequest {
		t.Errorf("no scene: %v", err)
	}
	if _, _, err := g.CreateSceneQR(t.Context(), "A1", "x"); domain.RemedyOf(err) != domain.RemedyAccount {
		t.Errorf("a subscription account: %v", err)
	}
}

func TestWebLogin(t *testing.T) {
	w := newTown(t)
	g := w.gateway()
	address, err := g.AuthorizeURL(t.Context(), "A3", "https://h5.example/back?x=1&y=2", "snsapi_base", "state1")
	if err != nil {
		t.Fatal(err)
	}
	visit := func(extra string) url.Values {
		t.Helper()
		u, err := url.Parse(address)
		if err != nil || u.Fragment != "wechat_redirect" {
			t.Fatal(address, err)
		}
		client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		u.RawQuery += "&sim_person=wang" + extra
		resp, err := client.Get(u.String())
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		back, err := resp.Location()
		if err != nil || !strings.HasPrefix(back.String(), "https://h5.example/back?") {
			t.Fatalf("%v %v", back, err)
		}
		return back.Query()
	}
	q := visit("")
	if q.Get("state") != "state1" || q.Get("x") != "1" || q.Get("y") != "2" {
		t.Errorf("came back with %v", q)
	}
	who, err := g.ExchangeCode(t.Context(), "A3", q.Get("code"))
	if err != nil || who.OpenID != w.openID("A3", "wang") || who.Snapshot {
		t.Errorf("got %+v, %v", who, err)
	}
	if _, err := g.ExchangeCode(t.Context(), "A3", q.Get("code")); !errors.Is(err, domain.ErrUnauthenticated) {
		t.Errorf("the same code again: %v", err)
	}
	if who, err := g.ExchangeCode(t.Context(), "A3", visit("&sim_snapshot=1").Get("code")); err != nil || !who.Snapshot {
		t.Errorf("a snapshot page: %+v, %v", who, err)
	}
	if _, err := g.ExchangeCode(t.Context(), "A3", "a&secret=1"); !errors.Is(err, domain.ErrUnauthenticated) {
		t.Errorf("a code that is none: %v", err)
	}
	for _, bad := range [][2]string{{"snsapi_all", "x"}, {"snsapi_base", "a b"}} {
		if _, err := g.AuthorizeURL(t.Context(), "A3", "https://h5.example/", bad[0], bad[1]); domain.RemedyOf(err) != domain.RemedyRequest {
			t.Errorf("%v: %v", bad, err)
		}
	}
}

func TestProbe(t *testing.T) {
	w := newTown(t)
	g := w.gateway()
	for _, account := range []string{"A3", "A1"} {
		if err := g.Probe(t.Context(), account); err != nil {
			t.Errorf("%s: %v", account, err)
		}
	}
	if err := g.Probe(t.Context(), "Z9"); !errors.Is(err, domain.ErrNotFound) {
		t.Errorf("an account nobody knows: %v", err)
	}
	w.secret.Store(domain.Secret("11111111111111111111111111111111"))
	w.redis.FlushAll()
	if err := g.Probe(t.Context(), "A3"); domain.RemedyOf(err) != domain.RemedyAccount || !isCode(err, 40125) {
		t.Errorf("a wrong secret: %v", err)
	}
	w.secret.Store(domain.Secret(testSecret))
	if err := g.Probe(t.Context(), "A3"); err != nil {
		t.Errorf("after the secret was put right: %v", err)
	}
}

func TestTwoAccountsAtOnce(t *testing.T) {
	w := newTown(t)
	g := w.gateway()
	errs := make(chan error, 40)
	for i := range cap(errs) {
		go func() {
			account, want := "A3", 25
			if i%2 == 1 {
				account, want = "A1", 12
			}
			_, _, total, err := g.Followers(t.Context(), account, "")
			if err == nil && total != want {
				err = errors.New(account + " got another account's followers")
			}
			errs <- err
		}()
	}
	for range cap(errs) {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	if n := w.calls("/cgi-bin/stable_token"); n != 2 {
		t.Errorf("%d tokens fetched for two accounts", n)
	}
}

func TestContextEndsSDKCalls(t *testing.T) {
	w := newTown(t)
	g := w.gateway()
	if err := g.Probe(t.Context(), "A3"); err != nil {
		t.Fatal(err)
	}
	w.fault(map[string]any{"path": "/cgi-bin/user/get", "kind": "timeout"})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, _, _, err := g.Followers(ctx, "A3", ""); domain.RemedyOf(err) != domain.RemedyWait {
		t.Errorf("got %v", err)
	}
}

func TestSDKOutsideGatewayIsRefused(t *testing.T) {
	w := newTown(t)
	w.gateway()
	req, err := http.NewRequest(http.MethodGet, w.server.URL+"/cgi-bin/user/get?access_token=x", nil)
	if err != nil {
		t.Fatal(err)
	}
	if resp, err := door.RoundTrip(req); err == nil {
		resp.Body.Close()
		t.Error("a request without a ticket left the process")
	}
}
