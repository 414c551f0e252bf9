package citizen_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/gin-gonic/gin"

	"guiyi/domain"
	"guiyi/handler/citizen"
	"guiyi/handler/web"
	"guiyi/repository"
	"guiyi/repository/repotest"
	"guiyi/service"
	"guiyi/service/matter"
)

// moved is the list of old accounts.
type moved []domain.MovedAccount

func (m moved) MovedAccounts(context.Context) ([]domain.MovedAccount, error) { return m, nil }

func (m moved) MovedAccount(_ context.Context, key string) (domain.MovedAccount, error) {
	for _, a := range m {
		if a.Key == key {
			return a, nil
		}
	}
	return domain.MovedAccount{}, domain.ErrNotFound
}

var hospital = domain.MovedAccount{
	Key: "A3", Name: "汀兰卫生院", KindLabel: "服务号", HostUnit: "汀兰镇卫生院", Phone: "0000-6000104",
	State: domain.MigrationNotifying, StopOn: "2026-12-22", CancelOn: "2027-02-20", ArchiveAt: "https://town.example/archive/a3",
	Reason: "少关注几个号，少跑几趟路。", OpenNote: "已约成功的号继续有效，不需要重新预约。", DataNote: "预约记录在2027年1月31日前删除。",
	TargetName: "汀兰服务", TargetWeChatID: "demo_tinglan", TargetSubject: "云汀县汀兰镇人民政府（演示）", QRPNG: "/moved/qr/A3.png",
	Entries: []domain.MappedEntry{
		{Parent: "我要预约", Name: "儿童接种", Kind: domain.ToMatter, Ref: "S026", Successor: "儿童预防接种预约", Path: "/services/S026", Offline: "打电话预约，或直接到接种门诊排号。电话：0000-6000104。"},
		{Parent: "我要预约", Name: "成人接种", Kind: domain.ToMatter, Ref: "S027", Successor: "成人疫苗接种预约（流感、HPV等）", Path: "/services/S027", Offline: "打电话预约，老人可以由家人代约。电话：0000-6000104。"},
		{Parent: "健康服务", Name: "报告查询", Kind: domain.ToEnd, Successor: "不再提供", Offline: "请带身份证到一楼服务台取报告，电话：0000-6000104。"},
	},
}

type door struct {
	*gin.Engine
	store *repository.Store
	log   *bytes.Buffer
}

func open(t *testing.T, imported bool) door {
	t.Helper()
	var log bytes.Buffer
	env := service.Env{Now: func() time.Time { return repotest.Noon }, NewID: repotest.IDs(), Log: slog.New(slog.NewTextHandler(&log, nil))}
	store := repotest.SQLite(t)
	catalogue := matter.New(env, store)
	if imported {
		if _, err := catalogue.Import(t.Context(), os.DirFS("../../cmd/guiyi/town")); err != nil {
			t.Fatal(err)
		}
	}
	assets, err := web.NewAssets()
	if err != nil {
		t.Fatal(err)
	}
	closed := hospital
	closed.Key, closed.Name, closed.State, closed.StopOn = "A9", "旧文旅", domain.MigrationClosed, "2026-01-01"
	d, err := citizen.New(env, catalogue, moved{hospital, closed}, assets, citizen.Options{BaseURL: "https://town.example"})
	if err != nil {
		t.Fatal(err)
	}
	e, err := web.NewEngine()
	if err != nil {
		t.Fatal(err)
	}
	d.Mount(e)
	return door{e, store, &log}
}

func (d door) send(r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	d.ServeHTTP(w, r)
	return w
}

// page fetches a page and reads it; cookies as name=value.
func (d door) page(t *testing.T, path string, status int, cookies ...string) *goquery.Document {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, http.NoBody)
	r.Header.Set("Cookie", strings.Join(cookies, "; "))
	w := d.send(r)
	if w.Code != status {
		t.Fatalf("%s answered %d\n%s\n%s", path, w.Code, w.Body, d.log)
	}
	doc, err := goquery.NewDocumentFromReader(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

const elderCookie = "guiyi_mode=elder"

func text(doc *goquery.Document, selector string) string {
	return strings.ReplaceAll(strings.Join(strings.Fields(doc.Find(selector).Text()), ""), "\u2060", "")
}

func must(t *testing.T, what, got string, want ...string) {
	t.Helper()
	for _, w := range want {
		if !strings.Contains(got, w) {
			t.Errorf("%s does not say %q: %s", what, w, got)
		}
	}
}

// everyPage lists one address of every kind of page.
var everyPage = []string{
	"/", "/elder", "/services", "/services?by=department", "/services?q=%E6%89%93%E9%92%88", "/services?q=nothing", "/services?situation=child",
	"/services?department=D04", "/services/S014", "/services/S026", "/services/S033", "/bundles", "/bundles/B1", "/bundles/B5", "/booking", "/my",
	"/query/Q01", "/query/Q03", "/query/Q05", "/query/Q07", "/query/Q09", "/query/Q13", "/map-list", "/message", "/hotline", "/notices", "/moved", "/moved/A3", "/moved/A9",
}

func TestEveryPage_can_be_used_by_everybody(t *testing.T) {
	d := open(t, true)
	seen := map[string]bool{}
	for _, path := range everyPage {
		for look, cookie := range map[string]string{"normal": "", "elder": elderCookie} {
			t.Run(path+" "+look, func(t *testing.T) {
				doc := d.page(t, path, http.StatusOK, cookie)
				if lang, _ := doc.Find("html").Attr("lang"); lang != "zh-CN" {
					t.Errorf("lang %q", lang)
				}
				for _, selector := range []string{"title", "header", "main#main", "footer", "h1", `a.skip[href="#main"]`, `form[action="/mode"] button`} {
					if n := doc.Find(selector).Length(); n < 1 || (selector == "h1" && n != 1) {
						t.Errorf("%d × %s", n, selector)
					}
				}
				if n := doc.Find("script, style, [style], [onclick]").Length(); n > 0 {
					t.Errorf("%d scripts or inline styles", n)
				}
				headings(t, doc)
				named(t, doc)
				d.links(t, doc, seen)
			})
		}
	}
}

// headings may not skip a level.
func headings(t *testing.T, doc *goquery.Document) {
	t.Helper()
	last := 0
	doc.Find("h1, h2, h3, h4").Each(func(_ int, h *goquery.Selection) {
		level := int(goquery.NodeName(h)[1] - '0')
		if level > last+1 || strings.TrimSpace(h.Text()) == "" {
			t.Errorf("heading %q of level %d follows level %d", h.Text(), level, last)
		}
		last = level
	})
}

// named checks that links, fields and pictures have words, and ids are used once.
func named(t *testing.T, doc *goquery.Document) {
	t.Helper()
	doc.Find("a, button").Each(func(_ int, s *goquery.Selection) {
		if strings.TrimSpace(s.Text()) == "" {
			t.Error("a link or button without words")
		}
	})
	doc.Find(`input:not([type="hidden"])`).Each(func(_ int, s *goquery.Selection) {
		if id, _ := s.Attr("id"); doc.Find(`label[for="`+id+`"]`).Length() != 1 {
			t.Errorf("field %q without a label", id)
		}
	})
	doc.Find("img").Each(func(_ int, s *goquery.Selection) {
		if alt, ok := s.Attr("alt"); !ok || alt == "" {
			t.Error("a picture without words")
		}
	})
	ids := map[string]bool{}
	doc.Find("[id]").Each(func(_ int, s *goquery.Selection) {
		id, _ := s.Attr("id")
		if ids[id] {
			t.Errorf("id %q twice", id)
		}
		ids[id] = true
	})
	doc.Find("[aria-labelledby]").Each(func(_ int, s *goquery.Selection) {
		if id, _ := s.Attr("aria-labelledby"); !ids[id] {
			t.Errorf("nothing has the id %q", id)
		}
	})
}

// links follows every link of ours that was not seen before.
func (d door) links(t *testing.T, doc *goquery.Document, seen map[string]bool) {
	t.Helper()
	doc.Find("main a, header a, footer a").Each(func(_ int, s *goquery.Selection) {
		href, _ := s.Attr("href")
		u, err := url.Parse(href)
		switch {
		case err != nil || href == "":
			t.Errorf("link %q", href)
		case u.Scheme == "tel":
			if len(u.Opaque) < 3 {
				t.Errorf("number %q", href)
			}
		case u.Scheme == "" && strings.HasPrefix(href, "#"):
			if doc.Find(href).Length() != 1 {
				t.Errorf("%s leads nowhere", href)
			}
		case u.Scheme == "" && !seen[href]:
			seen[href] = true
			if w := d.send(httptest.NewRequestWithContext(t.Context(), http.MethodGet, href, http.NoBody)); w.Code != http.StatusOK {
				t.Errorf("%s answers %d", href, w.Code)
			}
		}
	})
}

func TestHome(t *testing.T) {
	doc := open(t, true).page(t, "/", http.StatusOK)
	if n := doc.Find(`section[aria-labelledby="most"] li a`).Length(); n != 6 {
		t.Errorf("%d most used matters", n)
	}
	if n := doc.Find(".tiles li").Length(); n != 12 {
		t.Errorf("%d situations", n)
	}
	if n := doc.Find(`section[aria-labelledby="departments"] li a`).Length(); n != 10 {
		t.Errorf("%d departments", n)
	}
	must(t, "the switch", text(doc, "header button"), "长辈版")
	must(t, "the page", text(doc, "main"), "旧号去哪了", "12345", "0000-6000101")
	if doc.Find(`form[role="search"] input[name="q"]`).Length() != 1 {
		t.Error("no search box")
	}
}

func TestGuide(t *testing.T) {
	d := open(t, true)
	t.Run("says everything people need", func(t *testing.T) {
		doc := d.page(t, "/services/S033", http.StatusOK)
		must(t, "the guide", text(doc, "main"), "居民身份证申领、换领、补领", "20个工作日", "1次", "收费", "换领20元、补领40元", "便民服务中心8号窗", "周六09:00—12:00",
			"户口簿", "原身份证", "丢失补领的不用带", "不用手机也能办", "行动不便的老人可以请民警上门采集", "最长60个工作日", "需要采集照片和指纹", "大家常问", "临时身份证",
			"0000-6000903", "这件事由县里办结", "云汀县政务服务平台", "基本编码", "999070033000")
		if href, _ := doc.Find(".call").Attr("href"); href != "tel:00006000105" {
			t.Errorf("the button dials %q", href)
		}
		if n := doc.Find(".steps li").Length(); n != 4 {
			t.Errorf("%d steps", n)
		}
	})
	t.Run("does not promise an online way that is not there", func(t *testing.T) {
		doc := d.page(t, "/services/S037", http.StatusOK)
		if got := text(doc, "main"); strings.Contains(got, "网上（") || strings.Contains(got, "不用跑") {
			t.Errorf("got %s", got)
		}
		must(t, "the guide", text(doc, ".facts"), "1次")
	})
	t.Run("papers the office looks up itself are not to be brought", func(t *testing.T) {
		doc := d.page(t, "/services/S037", http.StatusOK)
		must(t, "the shared paper", text(doc, ".papers__shared"), "房产或租赁信息", "不用带")
	})
	t.Run("sensitive data and consent are named", func(t *testing.T) {
		must(t, "the guide", text(d.page(t, "/services/S026", http.StatusOK), "details"), "医疗健康信息", "单独同意", "接种日后30日")
	})
	t.Run("counts its readers", func(t *testing.T) {
		before, err := d.store.MatterViews(t.Context(), "2026-11-01")
		if err != nil {
			t.Fatal(err)
		}
		d.page(t, "/services/S045", http.StatusOK)
		after, err := d.store.MatterViews(t.Context(), "2026-11-01")
		if err != nil || after["S045"] != before["S045"]+1 {
			t.Errorf("%d, then %d, %v", before["S045"], after["S045"], err)
		}
	})
	t.Run("an unknown matter is answered in the look of the pages", func(t *testing.T) {
		doc := d.page(t, "/services/S999", http.StatusNotFound)
		must(t, "the page", text(doc, "main"), "没有这个事项", "回到首页")
	})
}

func TestServices(t *testing.T) {
	d := open(t, true)
	for name, c := range map[string]struct {
		path string
		want []string
		rows int // 0 = any
	}{
		"all by situation":     {"/services", []string{"生育带娃", "窗口帮办", "S052"}, 0},
		"all by department":    {"/services?by=department", []string{"汀兰派出所户籍窗口", "S001"}, 52},
		"one department":       {"/services?department=D08", []string{"农业农村办公室", "共3件"}, 3},
		"one situation":        {"/services?situation=marriage", []string{"婚姻", "共2件"}, 2},
		"a search":             {"/services?q=%E9%AB%98%E9%BE%84", []string{"搜索“高龄”", "高龄津贴申请"}, 0},
		"a search in vain":     {"/services?q=xyzzy", []string{"没有找到“xyzzy”", "大家常用", "12345"}, 6},
		"a search for markup":  {"/services?q=%3Cscript%3Ealert(1)%3C/script%3E", []string{"没有找到"}, 6},
		"a question too long":  {"/services?q=" + strings.Repeat("a", 5000), []string{"没有找到"}, 6},
		"a question of spaces": {"/services?q=+++", []string{"按情形"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			doc := d.page(t, c.path, http.StatusOK)
			html, err := doc.Find("main").Html()
			if err != nil {
				t.Fatal(err)
			}
			got := strings.Join(strings.Fields(html), "")
			must(t, "the list", got+text(doc, "main"), c.want...)
			if n := doc.Find(".list a[href^='/services/']").Length(); c.rows > 0 && n != c.rows {
				t.Errorf("%d rows", n)
			}
		})
	}
	for _, path := range []string{"/services?situation=none", "/services?department=D99", "/bundles/B9", "/query/Q99", "/moved/A0", "/nowhere"} {
		t.Run(path+" is not found", func(t *testing.T) {
			must(t, "the page", text(d.page(t, path, http.StatusNotFound), "main"), "没有找到")
		})
	}
}

func TestMode(t *testing.T) {
	d := open(t, true)
	post := func(values url.Values, headers ...string) *httptest.ResponseRecorder {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/mode", strings.NewReader(values.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		for i := 0; i < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		return d.send(r)
	}
	for name, c := range map[string]struct{ mode, back, to, cookie string }{
		"elder from a guide goes back there":        {"elder", "/services/S014", "/services/S014", "guiyi_mode=elder; Path=/; Max-Age=31536000; HttpOnly; Secure; SameSite=Lax"},
		"elder from the first page goes to its own": {"elder", "/", "/elder", "guiyi_mode=elder"},
		"back from the elder home":                  {"normal", "/elder", "/", "guiyi_mode=; Path=/; Max-Age=0"},
		"another site is no place to go":            {"elder", "https://evil.example/", "/elder", "guiyi_mode=elder"},
		"nor is a path that hides one":              {"normal", "//evil.example/x", "/", "guiyi_mode=;"},
	} {
		t.Run(name, func(t *testing.T) {
			w := post(url.Values{"mode": {c.mode}, "back": {c.back}})
			if w.Code != http.StatusSeeOther || w.Header().Get("Location") != c.to || !strings.HasPrefix(w.Header().Get("Set-Cookie"), c.cookie) {
				t.Errorf("%d to %q with %q", w.Code, w.Header().Get("Location"), w.Header().Get("Set-Cookie"))
			}
		})
	}
	t.Run("the choice holds on every page", func(t *testing.T) {
		for _, path := range everyPage {
			doc := d.page(t, path, http.StatusOK, elderCookie)
			if !doc.Find("html").HasClass("elder") || text(doc, "header button") != "回普通版" {
				t.Errorf("%s is not in large type", path)
			}
		}
	})
	t.Run("the menu's 长辈版 chooses it too", func(t *testing.T) {
		w := d.send(httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/elder", http.NoBody))
		if !strings.HasPrefix(w.Header().Get("Set-Cookie"), "guiyi_mode=elder") {
			t.Errorf("cookie %q", w.Header().Get("Set-Cookie"))
		}
	})
	t.Run("another site's form is refused", func(t *testing.T) {
		if w := post(url.Values{"mode": {"elder"}}, "Sec-Fetch-Site", "cross-site"); w.Code != http.StatusForbidden {
			t.Errorf("got %d", w.Code)
		}
	})
	t.Run("a huge form is refused", func(t *testing.T) {
		if w := post(url.Values{"mode": {strings.Repeat("x", 1<<20)}}); w.Code != http.StatusRequestEntityTooLarge {
			t.Errorf("got %d", w.Code)
		}
	})
}

func TestElderHome(t *testing.T) {
	doc := open(t, true).page(t, "/elder", http.StatusOK)
	if n := doc.Find(".big > li").Length(); n != 8 {
		t.Errorf("%d entries", n)
	}
	must(t, "the elder home", text(doc, ".big"), "打电话找人", "约体检", "约打针", "领补贴", "查停电停水", "找村干部", "听通知", "回普通版")
}

func TestMoved(t *testing.T) {
	d := open(t, true)
	t.Run("the list names every old account", func(t *testing.T) {
		doc := d.page(t, "/moved", http.StatusOK)
		must(t, "the list", text(doc, "main"), "汀兰卫生院", "2026年12月22日停更", "旧文旅", "转账")
	})
	t.Run("the page of one says what moved where", func(t *testing.T) {
		doc := d.page(t, "/moved/A3", http.StatusOK)
		must(t, "the page", text(doc, "main"), "“汀兰卫生院”去哪了", "将停止更新", "2026年12月22日", "2027年2月20日", "少关注几个号", "儿童预防接种预约", "报告查询", "不再提供", "一楼服务台取报告",
			"0000-6000104", "12345", "转账", "demo_tinglan", "云汀县汀兰镇人民政府（演示）", "继续有效", "2027年1月31日前删除", "不关注也可以")
		if n := doc.Find("table.map tbody tr").Length(); n != 3 {
			t.Errorf("%d rows", n)
		}
		if src, _ := doc.Find(".find img").Attr("src"); src != "/moved/qr/A3.png" {
			t.Errorf("picture %q", src)
		}
		if href, _ := doc.Find(".faq a").Attr("href"); href != "https://town.example/archive/a3" {
			t.Errorf("archive %q", href)
		}
	})
	t.Run("it stays readable after closing", func(t *testing.T) {
		must(t, "the page", text(d.page(t, "/moved/A9", http.StatusOK), "main"), "已经注销", "儿童预防接种预约")
	})
}

func TestWithoutCatalogue(t *testing.T) {
	d := open(t, false)
	doc := d.page(t, "/", http.StatusServiceUnavailable)
	must(t, "the page", text(doc, "main"), "打电话", "回到首页")
}

func TestFailure_shows_a_reference_only(t *testing.T) {
	d := open(t, true)
	d.page(t, "/", http.StatusOK)
	if err := d.store.Close(); err != nil {
		t.Fatal(err)
	}
	doc := d.page(t, "/services", http.StatusInternalServerError)
	got := text(doc, "main")
	must(t, "the page", got, "不是您的问题", "编号")
	if strings.Contains(got, "sql") || strings.Contains(got, "closed") {
		t.Errorf("internals are shown: %s", got)
	}
}

func TestHeaders(t *testing.T) {
	w := open(t, true).send(httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody))
	csp := w.Header().Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'self'"} {
		if !strings.Contains(csp, want) {
			t.Errorf("policy %q lacks %q", csp, want)
		}
	}
	if w.Header().Get("Cache-Control") != "private, no-cache" {
		t.Errorf("cache %q", w.Header().Get("Cache-Control"))
	}
	if n := w.Body.Len(); n > 32<<10 {
		t.Errorf("the first page weighs %d bytes", n)
	}
}
