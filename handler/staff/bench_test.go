package staff_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/gin-gonic/gin"

	"guiyi/domain"
	"guiyi/handler/staff"
	"guiyi/handler/web"
	"guiyi/repository"
	"guiyi/repository/repotest"
	"guiyi/service"
	"guiyi/service/access"
	"guiyi/service/accounts"
	"guiyi/service/matter"
	"guiyi/service/menu"
	"guiyi/service/migration"
)

const (
	demoTown = "../../cmd/guiyi/town"
	password = "horse-blue-9"
)

var cli = domain.Actor{ID: "cli", Name: "root"}

// platform plays WeChat for the desk: followers, one old menu, and mass sends that are taken and never reported.
type platform struct {
	mu        sync.Mutex
	followers int
	sent      int
	published [][]domain.MenuButton
	down      error
}

func (p *platform) Followers(_ context.Context, _, next string) ([]domain.OpenID, string, int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if next != "" || p.down != nil {
		return nil, "", p.followers, p.down
	}
	list := make([]domain.OpenID, p.followers)
	for i := range list {
		list[i] = domain.OpenID(fmt.Sprintf("oFollower%018d", i))
	}
	return list, list[len(list)-1].Reveal(), p.followers, nil
}

func (p *platform) FollowedAt(context.Context, string, []domain.OpenID) (map[domain.OpenID]domain.Instant, error) {
	return nil, nil
}

func (p *platform) Blacklist(context.Context, string, string) ([]domain.OpenID, string, error) {
	return []domain.OpenID{"oFollower000000000000000000"}, "", nil
}

func (p *platform) UploadArticleImage(context.Context, string, string, []byte) (string, error) {
	return "http://mmbiz.qpic.cn/qr", nil
}

func (p *platform) AddImage(context.Context, string, string, []byte) (string, error) {
	return "cover", nil
}

func (p *platform) AddDraft(context.Context, string, domain.Draft) (string, error) {
	return "draft", nil
}

func (p *platform) MassSendAll(context.Context, string, string, string) (int64, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sent++
	return 1000000001, nil
}

func (p *platform) MassSendOpenIDs(context.Context, string, []domain.OpenID, string, string) (int64, error) {
	return 1000000002, nil
}

func (p *platform) MassStatus(context.Context, string, int64) (string, error) { return "SENDING", nil }

func (p *platform) SendText(context.Context, string, domain.OpenID, string) error { return nil }

func (p *platform) Menu(context.Context, string) ([]domain.MenuButton, error) {
	return []domain.MenuButton{
		{Name: "预约服务", Children: []domain.MenuButton{{Name: "疫苗预约", Type: "click", Key: "VAC"}, {Name: "预约挂号", Type: "view", URL: "http://old.example/reg"}}},
		{Name: "健康资讯", Type: "view", URL: "http://old.example/news"},
	}, nil
}

func (p *platform) CreateSceneQR(context.Context, string, string) (string, string, error) {
	return "ticket", "http://weixin.qq.com/q/1", nil
}

func (p *platform) PublishMenu(_ context.Context, _ string, buttons []domain.MenuButton) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.published = append(p.published, buttons)
	return p.down
}

type bell struct{}

func (bell) Ring(context.Context, string, int) error { return nil }

// town is the whole desk with its rooms on a fresh database.
type town struct {
	t        testing.TB
	engine   *gin.Engine
	desk     *staff.Desk
	store    *repository.Store
	rooms    staff.Rooms
	platform *platform
	mu       sync.Mutex
	clock    time.Time
	log      *strings.Builder
}

func (w *town) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.clock
}

func (w *town) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.clock = w.clock.Add(d)
}

func newTown(t testing.TB, store *repository.Store) *town {
	t.Helper()
	w := &town{t: t, store: store, clock: repotest.Noon, platform: &platform{followers: 50}, log: &strings.Builder{}}
	env := service.Env{Now: w.now, NewID: repotest.IDs(), Log: slog.New(slog.NewTextHandler(w.log, nil))}
	matters := matter.New(env, store)
	w.rooms = staff.Rooms{
		Access: access.New(env, store, access.Options{HashKiB: 64}), Accounts: accounts.New(env, store), Matters: matters,
		Menu:      menu.New(env, store, w.platform, "https://town.example"),
		Migration: migration.New(env, store, w.platform, matters, bell{}, migration.Options{BaseURL: "https://town.example"}),
	}
	if _, err := matters.Import(t.Context(), os.DirFS(demoTown)); err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(demoTown + "/menu.json")
	w.must(err)
	w.must(w.rooms.Menu.Import(t.Context(), file))
	w.account("town", domain.RoleTown, domain.AccountService, "汀兰服务", "汀兰镇便民服务中心", "2027-10-31")
	w.account("A1", domain.RoleOld, domain.AccountSubscription, "汀兰党建", "党政综合办公室", "2026-12-10")
	w.account("A3", domain.RoleOld, domain.AccountService, "汀兰卫生院", "汀兰镇卫生院", "2027-06-30")
	w.account("A4", domain.RoleOld, domain.AccountSubscription, "汀兰中心学校", "中心学校", "2026-08-31")
	w.mount(env)
	return w
}

func (w *town) mount(env service.Env) {
	w.t.Helper()
	assets, err := web.NewAssets()
	w.must(err)
	w.desk, err = staff.New(env, w.rooms, assets, staff.Options{BaseURL: "https://town.example"})
	w.must(err)
	w.engine, err = web.NewEngine()
	w.must(err)
	w.desk.Mount(w.engine)
}

func (w *town) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *town) account(key string, role domain.AccountRole, kind domain.AccountKind, name, host string, until domain.Day) {
	w.must(w.store.InsertAccount(w.t.Context(), domain.Account{
		ID: "account-" + key, Key: key, Role: role, Kind: kind, Name: name, WeChatID: "demo_" + key, OriginalID: "gh_" + key,
		AppID: "wx" + key, Subject: "云汀县汀兰镇人民政府（演示）", HostUnit: host, Phone: "0000-6000104", Followers: 50, VerifiedUntil: until,
	}, domain.Credentials{AppSecret: "very-secret", CallbackToken: "very-secret-token", EncodingAESKey: "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"}))
}

// add lets somebody in.
func (w *town) add(login, name string, roles ...string) domain.Staff {
	w.t.Helper()
	p, err := w.rooms.Access.AddStaff(w.t.Context(), cli, access.NewStaff{Login: login, Name: name, Roles: roles, Password: password})
	w.must(err)
	return p
}

// alive lets a worker give a sign of life.
func (w *town) alive() { w.must(w.store.Beat(w.t.Context(), "worker-1", domain.At(w.now()))) }

// browser is one person's browser: it keeps cookies and follows redirects to pages of the desk.
type browser struct {
	*town
	cookie string
	last   string // path of the page shown
}

func (w *town) browser() *browser { return &browser{town: w} }

// enter logs in.
func (w *town) enter(login string) *browser {
	w.t.Helper()
	b := w.browser()
	if p := b.post("/desk/login", "login", login, "password", password); p.status != http.StatusOK || b.cookie == "" {
		w.t.Fatalf("login of %s: %d %s", login, p.status, p.text())
	}
	return b
}

// page is what the browser got.
type page struct {
	*goquery.Document
	status int
	header http.Header
	body   string
}

func (p page) text() string { return strings.Join(strings.Fields(p.Text()), " ") }

func (p page) has(selector, text string) bool {
	return strings.Contains(strings.Join(strings.Fields(p.Find(selector).Text()), " "), text)
}

func (b *browser) get(path string, headers ...string) page {
	b.t.Helper()
	return b.send(http.MethodGet, path, "", headers...)
}

// post sends a form: name, value, name, value …
func (b *browser) post(path string, fields ...string) page {
	b.t.Helper()
	form := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		form.Add(fields[i], fields[i+1])
	}
	return b.send(http.MethodPost, path, form.Encode(), "Sec-Fetch-Site", "same-origin")
}

func (b *browser) raw(method, path, body string, headers ...string) *http.Response {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if b.cookie != "" {
		r.Header.Set("Cookie", b.cookie)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	b.engine.ServeHTTP(w, r)
	res := w.Result()
	for _, c := range res.Cookies() {
		b.cookie = c.Name + "=" + c.Value
		if c.MaxAge < 0 {
			b.cookie = ""
		}
	}
	return res
}

func (b *browser) send(method, path, body string, headers ...string) page {
	b.t.Helper()
	res := b.raw(method, path, body, headers...)
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode == http.StatusSeeOther {
		return b.get(res.Header.Get("Location"))
	}
	b.last = path
	text, err := io.ReadAll(res.Body)
	b.must(err)
	if res.StatusCode == http.StatusInternalServerError {
		b.t.Errorf("%s %s failed: %s", method, path, b.log)
	}
	doc, err := goquery.NewDocumentFromReader(strings.NewReader(string(text)))
	b.must(err)
	return page{doc, res.StatusCode, res.Header, string(text)}
}
