package staff_test

import (
	"slices"
	"strings"
	"testing"

	"guiyi/repository"
	"guiyi/repository/repotest"
)

func TestStaff(t *testing.T) {
	w := newTown(t, repotest.SQLite(t))
	w.add("boss", "演示员甲", "admin")
	chen := w.add("chen", "陈晓", "editor")
	boss := w.enter("boss")

	t.Run("a weak password shows the form again without it", func(t *testing.T) {
		p := boss.post("/desk/staff", "login", "li", "name", "李四", "password", "short", "role", "manager")
		name, _ := p.Find("#new-name").Attr("value")
		_, ticked := p.Find("form[action='/desk/staff'] input[value=manager]").Attr("checked")
		if p.status != 422 || name != "李四" || !ticked || strings.Contains(p.body, "short\"") || !p.has("[role=alert]", "10 个字符") {
			t.Errorf("%d %q %v %s", p.status, name, ticked, p.text())
		}
	})
	t.Run("roles change", func(t *testing.T) {
		p := boss.post("/desk/staff/"+chen.ID+"/roles", "role", "manager", "role", "publisher")
		if !p.has("tr", "发布、账号管理员") {
			t.Error(p.text())
		}
	})
	t.Run("oneself cannot be disabled", func(t *testing.T) {
		list, err := w.rooms.Access.List(t.Context())
		w.must(err)
		p := boss.post("/desk/staff/" + list[0].ID + "/disable")
		if p.status != 409 || !p.has("[role=alert]", "不能停用自己") {
			t.Errorf("%d %s", p.status, p.text())
		}
	})
	t.Run("disabling throws out at once", func(t *testing.T) {
		out := w.enter("chen")
		boss.post("/desk/staff/" + chen.ID + "/disable")
		if p := out.get("/desk"); !p.has("h1", "登录") {
			t.Error("still inside")
		}
		p := w.browser().post("/desk/login", "login", "chen", "password", password)
		if p.status != 403 || !p.has("[role=alert]", "停用") {
			t.Errorf("%d %s", p.status, p.text())
		}
		boss.post("/desk/staff/" + chen.ID + "/enable")
		w.enter("chen")
	})
	t.Run("somebody unknown is not found", func(t *testing.T) {
		if p := boss.post("/desk/staff/nobody/enable"); p.status != 404 {
			t.Errorf("%d", p.status)
		}
	})
}

func TestAudit(t *testing.T) {
	w := newTown(t, repotest.SQLite(t))
	w.add("audit", "演示员癸", "auditor")
	w.add("boss", "演示员甲", "admin")
	w.enter("boss").post("/desk/staff", "login", "li", "name", "<b>李四</b>", "password", password)
	a := w.enter("audit")

	t.Run("shows who did what, escaped", func(t *testing.T) {
		p := a.get("/desk/audit?action=staff.&actor=%E6%BC%94%E7%A4%BA%E5%91%98%E7%94%B2")
		rows := p.Find("tbody tr")
		if rows.Length() != 2 || !strings.Contains(rows.First().Text(), "添加人员") || strings.Contains(p.body, "<b>李四") {
			t.Error(p.text())
		}
	})
	t.Run("pages by key without a gap", func(t *testing.T) {
		for range 60 {
			w.must(w.rooms.Access.Audit(t.Context(), cli, "catalogue.import", "catalogue", "", "导入"))
		}
		seen := 0
		for path, n := "/desk/audit", 0; path != "" && n < 5; n++ {
			p := a.get(path)
			seen += p.Find("tbody tr").Length()
			path, _ = p.Find(".card-footer a").Attr("href")
		}
		all, err := w.store.AuditLog(t.Context(), repository.AuditFilter{Limit: 1})
		w.must(err)
		if seen != all[0].Seq {
			t.Errorf("%d of %d entries", seen, all[0].Seq)
		}
	})
	t.Run("the check says that all is sound", func(t *testing.T) {
		if p := a.post("/desk/audit/verify"); !p.has("[role=status]", "条记录完整") {
			t.Error(p.text())
		}
	})
}

func TestAccounts(t *testing.T) {
	w := newTown(t, repotest.SQLite(t))
	w.add("chen", "陈晓", "editor")
	b := w.enter("chen")
	t.Run("the list says whose verification ends", func(t *testing.T) {
		p := b.get("/desk/accounts")
		if p.Find("tbody tr").Length() != 4 || !p.has("tr", "认证快到期") || !p.has("tr", "认证已过期") {
			t.Error(p.text())
		}
	})
	t.Run("one account shows its callback address and no secret", func(t *testing.T) {
		p := b.get("/desk/accounts/A3")
		if !p.has(".datagrid", "https://town.example/wechat/callback/A3") || !p.has(".datagrid", "安全模式") {
			t.Error(p.text())
		}
		if strings.Contains(p.body, "very-secret") || strings.Contains(p.body, "abcdefghijklmnop") {
			t.Error("a secret is on the page")
		}
	})
	t.Run("an unknown one is not found", func(t *testing.T) {
		if p := b.get("/desk/accounts/A9"); p.status != 404 || !p.has(".empty", "没有找到") {
			t.Errorf("%d %s", p.status, p.text())
		}
	})
}

func TestAccounts_register_and_change(t *testing.T) {
	w := newTown(t, repotest.SQLite(t))
	w.add("chen", "陈经办", "manager")
	b := w.enter("chen")
	form := []string{
		"key", "A8", "role", "old", "kind", "subscription", "name", "汀兰文旅", "wechat_id", "demo_tour", "original_id", "gh_0000000000a8",
		"appid", "wx00000000000000a8", "host_unit", "文化站", "phone", "0000-6000300", "app_secret", "0123456789abcdef0123456789abcdef",
		"token", "tokenA8", "aes_key", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
	}
	with := func(name, value string) []string {
		changed := slices.Clone(form)
		changed[slices.Index(changed, name)+1] = value
		return changed
	}
	t.Run("a wrong AppID is refused, the form keeps what was typed but no secret", func(t *testing.T) {
		p := b.post("/desk/accounts", with("appid", "wx1")...)
		if p.status != 422 || !p.has("[role=alert]", "AppID") {
			t.Errorf("%d %s", p.status, p.text())
		}
		if got, _ := p.Find("#name").Attr("value"); got != "汀兰文旅" || strings.Contains(p.body, "0123456789abcdef") || strings.Contains(p.body, "tokenA8") {
			t.Errorf("name %q, or a secret came back", got)
		}
	})
	t.Run("a complete one is registered and shown", func(t *testing.T) {
		p := b.post("/desk/accounts", form...)
		if b.last != "/desk/accounts/A8" || !p.has("h1", "汀兰文旅") || !p.has(".datagrid", "安全模式") {
			t.Errorf("%s %s", b.last, p.text())
		}
	})
	t.Run("a second one with its key is refused", func(t *testing.T) {
		if p := b.post("/desk/accounts", form...); p.status != 422 || !p.has("[role=alert]", "A8") {
			t.Errorf("%d %s", p.status, p.text())
		}
	})
	t.Run("a change without secrets keeps them", func(t *testing.T) {
		edit := []string{"kind", "subscription", "name", "汀兰文化", "original_id", "gh_0000000000a8", "appid", "wx0000000000009999"}
		if p := b.post("/desk/accounts/A8", edit...); !p.has("h1", "汀兰文化") || !p.has(".datagrid", "安全模式") || !p.has(".datagrid", "wx00000000000000a8") {
			t.Errorf("%d %s", p.status, p.text())
		}
		p := b.post("/desk/accounts/A8", append(edit, "plain", "true")...)
		if !p.has(".datagrid", "明文模式") || !p.has(".datagrid", "已保存") {
			t.Errorf("%d %s", p.status, p.text())
		}
	})
	t.Run("an account that is not there cannot be changed", func(t *testing.T) {
		if p := b.post("/desk/accounts/A9", form...); p.status != 404 {
			t.Errorf("%d", p.status)
		}
	})
}

func TestCatalogue(t *testing.T) {
	w := newTown(t, repotest.SQLite(t))
	w.add("chen", "陈晓", "counter")
	b := w.enter("chen")
	t.Run("lists all", func(t *testing.T) {
		if p := b.get("/desk/catalogue"); p.Find("tbody tr").Length() != 52 {
			t.Errorf("%d matters", p.Find("tbody tr").Length())
		}
	})
	t.Run("searches and narrows, as a fragment too", func(t *testing.T) {
		p := b.get("/desk/catalogue?q=%E6%89%93%E7%96%AB%E8%8B%97", "HX-Request", "true")
		if strings.Contains(p.body, "<nav") || !p.has("tbody", "接种") {
			t.Error(p.text())
		}
		if p := b.get("/desk/catalogue?department=D10"); p.Find("tbody tr").Length() == 0 || p.Find("tbody tr").Length() > 10 {
			t.Errorf("%d matters of D10", p.Find("tbody tr").Length())
		}
	})
	t.Run("nothing found says so", func(t *testing.T) {
		if p := b.get("/desk/catalogue?q=xyzzy"); !p.has("tbody", "没有找到") {
			t.Error(p.text())
		}
	})
}

func TestMenu(t *testing.T) {
	w := newTown(t, repotest.SQLite(t))
	w.add("chen", "陈晓", "publisher")
	w.add("li", "李四", "editor")
	b := w.enter("chen")
	p := b.get("/desk/menu")
	if p.Find(".desk-phone-bar span").Length() != 3 || p.Find(".desk-phone-sub li").Length() != 15 || !p.has(".card", "还没有发布过") {
		t.Fatal(p.text())
	}
	if w.enter("li").get("/desk/menu").Find("form[action$=publish]").Length() != 0 {
		t.Error("an editor sees the button")
	}
	if p = b.post("/desk/menu/publish"); !p.has("[role=status]", "已经发布") || !p.has(".card", "线上的就是这一份") || len(w.platform.published) != 1 {
		t.Error(p.text())
	}
}
