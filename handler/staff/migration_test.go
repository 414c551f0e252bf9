package staff_test

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"guiyi/domain"
	"guiyi/repository/repotest"
)

// busy is a town with a manager and an approver at their desks, and a worker that lives.
func busy(t *testing.T) (w *town, manager, approver *browser) {
	t.Helper()
	w = newTown(t, repotest.SQLite(t))
	w.add("chen", "陈晓", "manager")
	w.add("boss", "演示员甲", "third_review")
	w.alive()
	return w, w.enter("chen"), w.enter("boss")
}

// mapAll sends every row's form of a migration's page.
func mapAll(t *testing.T, b *browser, path string) {
	t.Helper()
	b.get(path).Find("form.desk-map-row").Each(func(_ int, f *goquery.Selection) {
		action, _ := f.Attr("action")
		if p := b.post(action, "to", "matter:S026", "offline", ""); p.status != http.StatusOK {
			t.Fatalf("%s: %d %s", action, p.status, p.text())
		}
	})
}

func approved(t *testing.T) (w *town, manager *browser) {
	t.Helper()
	w, manager, approver := busy(t)
	manager.post("/desk/migrations", "account", "A3")
	mapAll(t, manager, "/desk/migrations/A3")
	p := approver.post("/desk/migrations/A3/approve", "document_no", "汀政办〔2026〕1号", "approved_by", "演示员甲")
	if !p.has("[role=status]", "已经登记批准") {
		t.Fatal(p.text())
	}
	return w, manager
}

// work lets the engine take its turn.
func (w *town) work() {
	w.t.Helper()
	list, err := w.store.Migrations(w.t.Context())
	w.must(err)
	for _, m := range list {
		w.must(w.rooms.Migration.Work(w.t.Context(), m.ID, m.LeaseTurn))
	}
}

// report lets the platform say that its job reached everybody but the one on the blacklist.
func (w *town) report() {
	w.t.Helper()
	w.must(w.rooms.Migration.Observe(w.t.Context(), domain.Inbound{
		AccountID: "account-A3", Type: "event", Event: "MASSSENDJOBFINISH", CreatedAt: domain.At(w.now()),
		MassFinish: &domain.MassFinish{MsgID: 1000000001, Status: "send success", Total: 50, Filter: 49, Sent: 49},
	}))
}

func TestMigration_from_draft_to_told(t *testing.T) {
	w, manager, approver := busy(t)

	p := manager.get("/desk/migrations")
	if p.Find("#account option").Length() != 3 {
		t.Fatalf("candidates: %s", p.Find("#account").Text())
	}
	p = manager.post("/desk/migrations", "account", "A3")
	if p.Find("form.desk-map-row").Length() != 3 || !p.has("#blockers", "还有 3 个旧菜单") {
		t.Fatal(p.text())
	}
	if p = manager.get("/desk/migrations"); p.Find("#account option").Length() != 2 {
		t.Error("an account with a migration is offered again")
	}

	t.Run("what is missing stops the approval, in a sentence", func(t *testing.T) {
		p := approver.post("/desk/migrations/A3/approve", "document_no", "1号", "approved_by", "甲")
		if p.status != 409 || !p.has("[role=alert]", "还有 3 个旧菜单") {
			t.Errorf("%d %s", p.status, p.text())
		}
		if no, _ := p.Find("#document_no").Attr("value"); no != "1号" {
			t.Errorf("what was filled in is lost: %q", no)
		}
	})
	t.Run("wrong dates come back in the form", func(t *testing.T) {
		p := manager.post("/desk/migrations/A3/facts", "stop_on", "2026-11-23", "cancel_on", "2027-03-01", "reason", "少跑路",
			"archive_at", "网站", "data_note", "删除", "open_note", "有效")
		if v, _ := p.Find("#stop_on").Attr("value"); p.status != 422 || v != "2026-11-23" || !p.has("[role=alert]", "30 天") {
			t.Errorf("%d %q %s", p.status, v, p.text())
		}
	})
	t.Run("a mistyped year does not get into an announcement", func(t *testing.T) {
		p := manager.post("/desk/migrations/A3/facts", "stop_on", "9999-12-31", "cancel_on", "9999-12-31", "reason", "少跑路",
			"archive_at", "网站", "data_note", "删除", "open_note", "有效")
		if p.status != 422 || !p.has("[role=alert]", "三年以内") {
			t.Errorf("%d %s", p.status, p.text())
		}
	})
	t.Run("a row is saved alone and says what is still open", func(t *testing.T) {
		action, _ := manager.get("/desk/migrations/A3").Find("form.desk-map-row").First().Attr("action")
		p := manager.send("POST", action, "to=ends%3A&offline=", "HX-Request", "true", "Sec-Fetch-Site", "same-origin")
		if p.status != 422 || !p.has(".desk-map-fault", "怎么办") || !p.has("option[selected]", "不再提供") || strings.Contains(p.body, "<nav") {
			t.Errorf("without a way out: %d %s", p.status, p.text())
		}
		p = manager.send("POST", action, "to=ends%3A&offline=%E7%AA%97%E5%8F%A3", "HX-Request", "true", "Sec-Fetch-Site", "same-origin")
		if _, oob := p.Find("#blockers").Attr("hx-swap-oob"); p.status != 200 || !oob || !p.has("#blockers", "还有 2 个") || !p.has(".desk-map-save", "已保存") {
			t.Errorf("%d %s", p.status, p.text())
		}
	})

	mapAll(t, manager, "/desk/migrations/A3")
	if p = manager.get("/desk/migrations/A3"); p.Find("form[action$=approve]").Length() != 0 {
		t.Error("the manager may approve")
	}
	approver.post("/desk/migrations/A3/approve", "document_no", "汀政办〔2026〕1号", "approved_by", "演示员甲")

	p = manager.get("/desk/migrations/A3")
	if !p.has("form[action$='/start'] button", "开始告知 50 人") || !p.has("section", "全部 50 位关注者各发一次") {
		t.Fatal(p.text())
	}
	p = manager.post("/desk/migrations/A3/start")
	if poll, _ := p.Find("#progress").Attr("hx-trigger"); poll != "every 1s" || !p.has("#progress", "正在读取名单") {
		t.Fatal(p.text())
	}

	w.work()
	p = manager.get("/desk/migrations/A3", "HX-Request", "true")
	if !p.has("tr", "正在发送") || addUp(t, p) != 50 || strings.Contains(p.body, "<nav") {
		t.Errorf("under way: %s", p.text())
	}
	w.report()
	w.pass(time.Minute)
	w.alive()
	for range 4 {
		w.work()
	}
	p = manager.get("/desk/migrations/A3", "HX-Request", "true")
	if _, polls := p.Find("#progress").Attr("hx-trigger"); polls || !p.has("#progress", "告知完成") || !p.has("#progress", "100%") || addUp(t, p) != 50 {
		t.Errorf("at the end: %s", p.text())
	}
	if w.platform.sent != 1 {
		t.Errorf("%d sends", w.platform.sent)
	}
	t.Run("the board does not poll any more", func(t *testing.T) {
		p := manager.get("/desk/migrations")
		if _, polls := p.Find("#board").Attr("hx-trigger"); polls || !p.has("#row-A3", "100%") {
			t.Error(p.text())
		}
	})
	t.Run("a wave opens to its batches", func(t *testing.T) {
		href, _ := manager.get("/desk/migrations/A3").Find("#progress td a").First().Attr("href")
		if p := manager.get(href); !p.has("tbody", "1000000001") || !p.has("tbody", "送达 49") {
			t.Error(p.text())
		}
		if p := manager.get("/desk/migrations/A3/waves/other"); p.status != 404 {
			t.Error(p.status)
		}
	})
}

// addUp adds the rows of the tally and fails when they are not what the last line says.
func addUp(t *testing.T, p page) int {
	t.Helper()
	number := func(s *goquery.Selection) int {
		n, err := strconv.Atoi(strings.ReplaceAll(s.Text(), ",", ""))
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	sum := 0
	p.Find(".desk-tally tbody tr").Each(func(_ int, tr *goquery.Selection) { sum += number(tr.Find("td").First()) })
	if total := number(p.Find(".desk-tally tfoot td").First()); total != sum {
		t.Errorf("rows add up to %d, the last line says %d", sum, total)
	}
	return sum
}

func TestMigration_never_green_while_nothing_runs(t *testing.T) {
	w, manager := approved(t)
	manager.post("/desk/migrations/A3/start")
	w.pass(2 * time.Minute)
	for _, path := range []string{"/desk", "/desk/migrations", "/desk/migrations/A3"} {
		p := manager.get(path)
		if !p.has("[role=alert]", "后台任务没有运行") || p.Find(".bg-green-lt, .status-green").Length() != 0 || p.Find(".desk-bar.dead").Length() != 1 {
			t.Errorf("%s: %s", path, p.text())
		}
	}
	w.alive()
	for _, path := range []string{"/desk", "/desk/migrations", "/desk/migrations/A3"} {
		if p := manager.get(path); p.has("[role=alert]", "后台任务没有运行") || p.Find(".desk-bar.dead").Length() != 0 {
			t.Errorf("%s: %s", path, p.text())
		}
	}
}

func TestMigration_pause_resume_cancel(t *testing.T) {
	w, manager := approved(t)
	manager.post("/desk/migrations/A3/start")
	if p := manager.post("/desk/migrations/A3/pause", "why", ""); p.status != 422 {
		t.Errorf("without a reason: %d", p.status)
	}
	p := manager.post("/desk/migrations/A3/pause", "why", "公告有错字")
	if _, polls := p.Find("#progress").Attr("hx-trigger"); polls || !p.has("#progress [role=alert]", "公告有错字") {
		t.Error(p.text())
	}
	if p = manager.get("/desk"); !p.has(".list-group", "暂停了，等人处理") || !p.has(".list-group", "公告有错字") {
		t.Errorf("the first page: %s", p.text())
	}
	if p = manager.post("/desk/migrations/A3/pause", "why", "again"); p.status != 409 || p.Find("form[action$=resume]").Length() != 1 {
		t.Errorf("paused twice: %d %s", p.status, p.text())
	}
	if p = manager.post("/desk/migrations/A3/resume"); !p.has("#progress", "正在读取名单") {
		t.Error(p.text())
	}
	if p = manager.post("/desk/migrations/A3/cancel", "why", "x"); p.status != 409 {
		t.Errorf("cancelled after the start: %d", p.status)
	}

	manager.post("/desk/migrations", "account", "A1")
	p = manager.post("/desk/migrations/A1/cancel", "why", "先不合并")
	if p.status != 200 || !p.has("[role=status]", "先不合并") {
		t.Errorf("%d %s", p.status, p.text())
	}
	if p = manager.get("/desk/migrations"); !p.has("#account", "汀兰党建") {
		t.Error("the account is not free again")
	}
	w.alive()
}

func TestMigration_plan_and_announcement(t *testing.T) {
	w, manager := approved(t)
	t.Run("the plan says who, how and what it costs, and sends nothing", func(t *testing.T) {
		p := manager.get("/desk/migrations/A3/plan")
		if p.Find("tbody tr").Length() != 3 || !p.has("tbody", "全员群发") || !p.has("main", "刚刚向平台问过") || w.platform.sent != 0 {
			t.Error(p.text())
		}
	})
	t.Run("without the platform it says so", func(t *testing.T) {
		w.platform.down = domain.ErrUnavailable
		defer func() { w.platform.down = nil }()
		if p := manager.get("/desk/migrations/A3/plan"); p.status != 200 || !p.has("main", "上次的数字") {
			t.Errorf("%d %s", p.status, p.text())
		}
	})
	t.Run("the announcement is shown in a frame that can do nothing", func(t *testing.T) {
		p := manager.get("/desk/migrations/A3/announcement")
		src, _ := p.Find("iframe[sandbox]").Attr("src")
		if !p.has(".datagrid", "整合到“汀兰服务”的公告") {
			t.Error(p.text())
		}
		p = manager.get(src)
		csp := p.header.Get("Content-Security-Policy")
		if !p.has("body", "各位居民朋友") || !strings.Contains(csp, "sandbox") || strings.Contains(csp, "script-src") || p.header.Get("X-Frame-Options") != "SAMEORIGIN" {
			t.Errorf("%s %s", csp, p.text())
		}
	})
	t.Run("the first page says that it can begin", func(t *testing.T) {
		if p := manager.get("/desk"); !p.has(".list-group", "已批准，可以开始") {
			t.Error(p.text())
		}
	})
}

var inline = regexp.MustCompile(`(?i)<script>|<style|\sstyle="|\son[a-z]+="|javascript:|hx-on|hx-vals="js:`)

func TestPages_hold_nothing_that_the_policy_blocks(t *testing.T) {
	w, manager := approved(t)
	w.add("root", "系统", "admin", "auditor")
	manager.post("/desk/migrations/A3/start")
	w.work()
	root := w.enter("root")
	pages := map[string]*browser{
		"/desk/login": w.browser(), "/desk": manager, "/desk/password": manager, "/desk/accounts": manager, "/desk/accounts/A3": manager,
		"/desk/accounts/new": manager, "/desk/accounts/A3/edit": manager,
		"/desk/migrations": manager, "/desk/migrations/A3": manager, "/desk/migrations/A3/plan": manager,
		"/desk/migrations/A3/announcement": manager, "/desk/catalogue": manager, "/desk/menu": manager, "/desk/staff": root,
		"/desk/audit": root, "/desk/migrations/A9": manager,
	}
	for path, b := range pages {
		p := b.get(path)
		if found := inline.FindString(p.body); found != "" {
			t.Errorf("%s holds %q", path, found)
		}
		if csp := p.header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") {
			t.Errorf("%s: %s", path, csp)
		}
		if p.header.Get("Cache-Control") != "no-store" || p.Find("h1, .empty-title").Length() == 0 || p.Find("main").Length() != 1 {
			t.Errorf("%s: %v", path, p.header)
		}
		p.Find("label[for]").Each(func(_ int, l *goquery.Selection) {
			id, _ := l.Attr("for")
			if p.Find(`[id="`+id+`"]`).Length() != 1 {
				t.Errorf("%s: label for %q points to nothing", path, id)
			}
		})
	}
}
