package staff_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"guiyi/repository/repotest"
)

func TestLogin(t *testing.T) {
	w := newTown(t, repotest.SQLite(t))
	w.add("chen", "陈晓", "manager")

	t.Run("leads to the page one wanted", func(t *testing.T) {
		b := w.browser()
		p := b.get("/desk/accounts/A3")
		if next, _ := p.Find("input[name=next]").Attr("value"); next != "/desk/accounts/A3" {
			t.Fatalf("next is %q", next)
		}
		p = b.post("/desk/login", "login", "chen", "password", password, "next", "/desk/accounts/A3")
		if b.last != "/desk/accounts/A3" || !p.has("h1", "汀兰卫生院") {
			t.Errorf("at %s: %s", b.last, p.text())
		}
	})
	t.Run("says when a session ended in the middle of a form", func(t *testing.T) {
		b := w.browser()
		if p := b.post("/desk/migrations", "account", "A3"); !p.has("[role=status]", "没有保存") {
			t.Errorf("at %s: %s", b.last, p.text())
		}
		if p := b.get("/desk/login"); p.has("[role=status]", "没有保存") {
			t.Error("said to somebody who only logs in")
		}
	})
	t.Run("never to another site", func(t *testing.T) {
		b := w.browser()
		b.post("/desk/login", "login", "chen", "password", password, "next", "https://evil.test/")
		if b.last != "/desk" {
			t.Errorf("at %s", b.last)
		}
	})
	t.Run("the cookie cannot be read by scripts and goes only to the desk", func(t *testing.T) {
		res := w.browser().raw("POST", "/desk/login", "login=chen&password="+password, "Sec-Fetch-Site", "same-origin")
		_ = res.Body.Close()
		c := res.Cookies()[0]
		if !c.HttpOnly || !c.Secure || c.SameSite != http.SameSiteLaxMode || c.Path != "/desk" {
			t.Errorf("%+v", c)
		}
	})
	t.Run("a wrong password keeps the name and not the password", func(t *testing.T) {
		p := w.browser().post("/desk/login", "login", "chen", "password", "not-the-password")
		if v, _ := p.Find("#login").Attr("value"); p.status != 422 || v != "chen" || !p.has("[role=alert]", "登录名或密码不对") {
			t.Errorf("%d %q %s", p.status, v, p.text())
		}
		if strings.Contains(p.body, "not-the-password") || strings.Contains(w.log.String(), "not-the-password") {
			t.Error("the password came back")
		}
	})
	t.Run("five failures lock for fifteen minutes", func(t *testing.T) {
		w.add("li", "李四")
		for range 5 {
			w.browser().post("/desk/login", "login", "li", "password", "wrong-password")
		}
		p := w.browser().post("/desk/login", "login", "li", "password", password)
		if p.status != 429 || p.header.Get("Retry-After") != "900" || !p.has("[role=alert]", "15 分钟") {
			t.Errorf("%d %v %s", p.status, p.header, p.text())
		}
		w.pass(15 * time.Minute)
		w.enter("li")
	})
	t.Run("a form on another site is refused", func(t *testing.T) {
		for _, path := range []string{"/desk/login", "/desk/logout", "/desk/staff"} {
			res := w.enter("chen").raw("POST", path, "login=chen&password="+password, "Sec-Fetch-Site", "cross-site")
			_ = res.Body.Close()
			if res.StatusCode != http.StatusForbidden || len(res.Cookies()) != 0 {
				t.Errorf("%s: %d", path, res.StatusCode)
			}
		}
	})
	t.Run("half an hour without a touch ends it, polling or not", func(t *testing.T) {
		b := w.enter("chen")
		w.pass(29 * time.Minute)
		if p := b.get("/desk", "HX-Request", "true"); p.status != 200 {
			t.Fatal(p.status)
		}
		w.pass(time.Minute)
		if p := b.get("/desk", "HX-Request", "true"); p.status != 401 || p.header.Get("HX-Redirect") != "/desk/login?expired=1" {
			t.Errorf("%d %v", p.status, p.header)
		}
	})
	t.Run("an address that leads nowhere is answered by the desk", func(t *testing.T) {
		w.engine.NoRoute(w.desk.NotFound)
		if p := w.browser().get("/desk/nowhere"); p.status != 404 || !p.has(".empty", "没有找到") {
			t.Errorf("%d %s", p.status, p.text())
		}
	})
	t.Run("logout ends it", func(t *testing.T) {
		b := w.enter("chen")
		old := b.cookie
		b.post("/desk/logout")
		b.cookie = old
		if p := b.get("/desk"); !p.has("h1", "登录") {
			t.Error("the old cookie still opens the desk")
		}
	})
}

func TestPassword_set_by_another_must_be_replaced(t *testing.T) {
	w := newTown(t, repotest.SQLite(t))
	w.add("boss", "演示员甲", "admin")
	boss := w.enter("boss")
	p := boss.post("/desk/staff", "login", "li", "name", "李四", "role", "manager", "password", "temporary-1")
	if !p.has("[role=status]", "已经添加") || !p.has("tr", "李四") {
		t.Fatal(p.text())
	}
	li := w.browser()
	p = li.post("/desk/login", "login", "li", "password", "temporary-1", "next", "/desk/migrations")
	if li.last != "/desk/password" || p.Find("nav a").Length() != 0 {
		t.Fatalf("at %s", li.last)
	}
	if li.get("/desk/migrations"); li.last != "/desk/password" {
		t.Fatalf("got past it to %s", li.last)
	}
	p = li.post("/desk/password", "old", "temporary-1", "fresh", "my own phrase", "again", "another phrase")
	if p.status != 422 || !p.has("[role=alert]", "不一样") {
		t.Fatal(p.text())
	}
	p = li.post("/desk/password", "old", "temporary-1", "fresh", "my own phrase", "again", "my own phrase")
	if !p.has("[role=status]", "密码已经修改") || li.last != "/desk?done=password" {
		t.Errorf("at %s: %s", li.last, p.text())
	}
}
