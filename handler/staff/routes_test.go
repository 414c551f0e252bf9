package staff_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"guiyi/domain"
	"guiyi/repository/repotest"
)

// guarded says for every path of the desk what one must be allowed to do; "" is everybody who is logged in, "open" everybody.
var guarded = map[string]domain.Permission{
	"GET /desk/login":  "open",
	"POST /desk/login": "open",

	"GET /desk":           "",
	"POST /desk/logout":   "",
	"GET /desk/password":  "",
	"POST /desk/password": "",

	"GET /desk/accounts":           domain.AccountsRead,
	"GET /desk/accounts/:key":      domain.AccountsRead,
	"GET /desk/accounts/new":       domain.AccountsWrite,
	"POST /desk/accounts":          domain.AccountsWrite,
	"GET /desk/accounts/:key/edit": domain.AccountsWrite,
	"POST /desk/accounts/:key":     domain.AccountsWrite,

	"GET /desk/migrations":                           domain.MigrationRead,
	"GET /desk/migrations/:ref":                      domain.MigrationRead,
	"GET /desk/migrations/:ref/plan":                 domain.MigrationRead,
	"GET /desk/migrations/:ref/announcement":         domain.MigrationRead,
	"GET /desk/migrations/:ref/announcement/article": domain.MigrationRead,
	"GET /desk/migrations/:ref/waves/:wave":          domain.MigrationRead,
	"POST /desk/migrations":                          domain.MigrationWrite,
	"POST /desk/migrations/:ref/facts":               domain.MigrationWrite,
	"POST /desk/migrations/:ref/menu":                domain.MigrationWrite,
	"POST /desk/migrations/:ref/entries/:entry":      domain.MigrationWrite,
	"POST /desk/migrations/:ref/cancel":              domain.MigrationWrite,
	"POST /desk/migrations/:ref/approve":             domain.MigrationApprove,
	"POST /desk/migrations/:ref/start":               domain.MigrationRun,
	"POST /desk/migrations/:ref/pause":               domain.MigrationRun,
	"POST /desk/migrations/:ref/resume":              domain.MigrationRun,

	"GET /desk/catalogue":     domain.CatalogueRead,
	"GET /desk/menu":          domain.CatalogueRead,
	"POST /desk/menu/publish": domain.MenuPublish,

	"GET /desk/staff":               domain.StaffRead,
	"POST /desk/staff":              domain.StaffWrite,
	"POST /desk/staff/:id/disable":  domain.StaffWrite,
	"POST /desk/staff/:id/enable":   domain.StaffWrite,
	"POST /desk/staff/:id/password": domain.StaffWrite,
	"POST /desk/staff/:id/roles":    domain.StaffWrite,

	"GET /desk/audit":         domain.AuditRead,
	"POST /desk/audit/verify": domain.AuditRead,
}

// duties says what each role may do, beside the table in the database, so that a change there is noticed.
var duties = map[string][]domain.Permission{
	"editor":        {domain.AccountsRead, domain.CatalogueRead, domain.MigrationRead},
	"first_review":  {domain.AccountsRead, domain.CatalogueRead, domain.MigrationRead},
	"second_review": {domain.AccountsRead, domain.CatalogueRead, domain.MigrationRead},
	"third_review":  {domain.AccountsRead, domain.CatalogueRead, domain.MigrationRead, domain.MigrationApprove},
	"publisher":     {domain.AccountsRead, domain.CatalogueRead, domain.MigrationRead, domain.MenuPublish},
	"counter":       {domain.CatalogueRead, domain.MigrationRead},
	"case_worker":   {domain.CatalogueRead, domain.MigrationRead},
	"manager": {
		domain.AccountsRead, domain.AccountsWrite, domain.CatalogueRead, domain.MigrationRead, domain.MigrationWrite, domain.MigrationRun,
		domain.MenuPublish,
	},
	"auditor": {domain.AccountsRead, domain.CatalogueRead, domain.MigrationRead, domain.StaffRead, domain.AuditRead},
	"admin":   {domain.AccountsRead, domain.CatalogueRead, domain.MigrationRead, domain.StaffRead, domain.StaffWrite},
}

func TestRoutes_each_for_each_role(t *testing.T) {
	w := newTown(t, repotest.SQLite(t))
	roles, err := w.rooms.Access.Roles(t.Context())
	w.must(err)
	if len(roles) != len(duties) {
		t.Fatalf("%d roles, %d in the table of this test", len(roles), len(duties))
	}
	for _, role := range roles {
		t.Run(role.ID, func(t *testing.T) {
			w.add(role.ID, role.Name, role.ID)
			me := w.enter(role.ID)
			for _, route := range w.engine.Routes() {
				need, listed := guarded[route.Method+" "+route.Path]
				if !listed {
					t.Fatalf("%s %s is not in the table", route.Method, route.Path)
				}
				if need == "open" || strings.HasSuffix(route.Path, "/logout") {
					continue
				}
				path := strings.NewReplacer(":key", "A3", ":ref", "A9", ":id", "nobody", ":wave", "x", ":entry", "x").Replace(route.Path)
				res := me.raw(route.Method, path, "", "Sec-Fetch-Site", "same-origin")
				_ = res.Body.Close()
				may := need == "" || slices.Contains(duties[role.ID], need)
				if (res.StatusCode != http.StatusForbidden) != may || res.StatusCode >= 500 {
					t.Errorf("%s %s: %d, allowed: %v", route.Method, path, res.StatusCode, may)
				}
			}
		})
	}
}

func TestRoutes_nobody_gets_in_without_a_session(t *testing.T) {
	w := newTown(t, repotest.SQLite(t))
	for _, route := range w.engine.Routes() {
		if guarded[route.Method+" "+route.Path] == "open" {
			continue
		}
		res := w.browser().raw(route.Method, route.Path, "", "Sec-Fetch-Site", "same-origin")
		_ = res.Body.Close()
		if res.StatusCode != http.StatusSeeOther || !strings.HasPrefix(res.Header.Get("Location"), "/desk/login") {
			t.Errorf("%s %s: %d %s", route.Method, route.Path, res.StatusCode, res.Header.Get("Location"))
		}
	}
}

func TestRoutes_navigation_shows_only_what_one_may_see(t *testing.T) {
	w := newTown(t, repotest.SQLite(t))
	for role, want := range map[string]string{
		"counter": "今日账号整合事项目录菜单",
		"manager": "今日账号整合账号事项目录菜单",
		"auditor": "今日账号整合账号事项目录菜单人员操作记录",
		"admin":   "今日账号整合账号事项目录菜单人员",
	} {
		w.add(role, role, role)
		p := w.enter(role).get("/desk")
		if got := strings.ReplaceAll(p.Find("nav a").Text(), " ", ""); got != want {
			t.Errorf("%s sees %s", role, got)
		}
		p.Find("nav a").Each(func(_ int, a *goquery.Selection) {
			href, _ := a.Attr("href")
			if s := w.enter(role).get(href); s.status != http.StatusOK {
				t.Errorf("%s: %s answers %d", role, href, s.status)
			}
		})
	}
}
