package staff

import (
	"html/template"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"guiyi/domain"
)

// frame is what the layout shows around every page.
type frame struct {
	Staff domain.Staff
	In    bool // somebody is logged in
	Nav   []navEntry
	Done  string // what was just done, after a redirect
}

type navEntry struct {
	Path, Name string
	Open       bool
}

// navigation in the order of a day's work. An entry without a permission is for everybody who is logged in.
var navigation = []struct {
	path, name string
	need       domain.Permission
}{
	{Prefix, "今日", ""},
	{Prefix + "/migrations", "账号整合", domain.MigrationRead},
	{Prefix + "/accounts", "账号", domain.AccountsRead},
	{Prefix + "/catalogue", "事项目录", domain.CatalogueRead},
	{Prefix + "/menu", "菜单", domain.CatalogueRead},
	{Prefix + "/staff", "人员", domain.StaffRead},
	{Prefix + "/audit", "操作记录", domain.AuditRead},
}

func (d *Desk) frame(c *gin.Context) any {
	f := frame{Staff: who(c), Done: doneTexts[c.Query("done")]}
	f.In = f.Staff.ID != "" && !f.Staff.MustChange
	if !f.In {
		return f
	}
	here := c.Request.URL.Path
	for _, n := range navigation {
		if n.need == "" || f.Staff.Can(n.need) {
			open := here == n.path || (n.path != Prefix && strings.HasPrefix(here, n.path+"/"))
			f.Nav = append(f.Nav, navEntry{n.path, n.name, open})
		}
	}
	return f
}

// doneTexts are what a page says after a redirect with ?done=…
var doneTexts = map[string]string{ //nolint:gosec // G101: sentences about passwords, no passwords
	"password": "密码已经修改。",
	"added":    "已经添加，请把临时密码当面告诉本人。",
	"disabled": "已经停用，对方已被退出登录。",
	"enabled":  "已经恢复，可以登录了。",
	"reset":    "密码已经重设，请把临时密码当面告诉本人。",
	"roles":    "角色已经修改，马上生效。",

	"drafted":   "已经建立整合安排，日期和说明是按规定先填好的，请核对。",
	"facts":     "已经保存。批准过的内容改动以后，要重新批准。",
	"menu":      "已经重新读取旧菜单。",
	"mapped":    "已经保存。",
	"approved":  "已经登记批准。",
	"started":   "已经开始。进度会自动更新，关掉这个页面也不影响发送。",
	"paused":    "已经暂停。正在发送的一批会发完，之后不再发送。",
	"resumed":   "已经继续。",
	"cancelled": "已经取消。",

	"published": "菜单已经发布。居民重新进入公众号后看到新菜单，最迟 24 小时。",
}

// done adds the word for doneTexts to a path.
func done(path, word string) string { return path + "?done=" + url.QueryEscape(word) }

// funcs are the desk's own template functions.
func (d *Desk) funcs() template.FuncMap {
	return template.FuncMap{
		"ago":    func(i domain.Instant) string { return ago(d.env.Now(), i) },
		"pair":   func(name string, value any) fact { return fact{name, value} },
		"person": func(p domain.Staff, roles []domain.Role) person { return person{p, roles} },
	}
}

// fact is one named value in a list of facts.
type fact struct {
	Name  string
	Value any
}

// ago says how long something is past, for people.
func ago(now time.Time, i domain.Instant) string {
	if i.IsZero() {
		return "从来没有"
	}
	s := int(now.Sub(i.Time()).Seconds())
	switch {
	case s < 5:
		return "刚刚"
	case s < 60:
		return strconv.Itoa(s) + " 秒前"
	case s < 3600:
		return strconv.Itoa(s/60) + " 分钟前"
	case s < 86400:
		return strconv.Itoa(s/3600) + " 小时前"
	default:
		return strconv.Itoa(s/86400) + " 天前"
	}
}
