package staff

import (
	"net/http"
	"net/url"
	"strconv"

	"github.com/gin-gonic/gin"

	"guiyi/domain"
	"guiyi/handler/web"
	"guiyi/service/access"
)

const auditPageSize = 50

// auditActions are the groups one can filter by.
var auditActions = []struct{ Value, Name string }{
	{"", "全部"}, {"migration.", "账号整合"}, {"menu.", "菜单"}, {"catalogue.", "事项目录"}, {"account.", "账号"}, {"staff.", "人员和登录"},
}

// auditNames are the actions as people read them; an action without a name is shown as it is.
var auditNames = map[string]string{ //nolint:gosec // G101: names of actions, no passwords
	"staff.login": "登录", "staff.login_failed": "登录失败", "staff.add": "添加人员", "staff.disable": "停用人员", "staff.enable": "恢复人员",
	"staff.roles": "修改角色", "staff.reset_password": "重设密码", "staff.change_password": "修改自己的密码",
	"migration.draft": "新建整合", "migration.edit": "修改整合", "migration.read_menu": "读取旧菜单", "migration.map": "对应旧菜单",
	"migration.approve": "登记批准", "migration.start": "开始告知", "migration.pause": "暂停", "migration.resume": "继续",
	"migration.cancel": "取消整合", "menu.publish": "发布菜单", "catalogue.import": "导入事项目录",
}

type auditPage struct {
	Entries []domain.AuditEntry
	Actions []struct{ Value, Name string }
	Action  string
	Actor   string
	Older   string // address of the next page, empty on the last
	Check   *auditCheck
}

type auditCheck struct{ Sound, Broken int }

// Name is an action as people read it.
func (auditPage) Name(action string) string {
	if n, ok := auditNames[action]; ok {
		return n
	}
	return action
}

func (d *Desk) listAudit(c *gin.Context) error { return d.auditPage(c, nil) }

func (d *Desk) auditPage(c *gin.Context, check *auditCheck) error {
	var q struct {
		Action string `form:"action"`
		Actor  string `form:"actor"`
		Before int    `form:"before"`
	}
	if err := web.Bind(c, &q); err != nil {
		return err
	}
	list, err := d.Access.AuditLog(c.Request.Context(), access.AuditFilter{
		Action: q.Action, Actor: q.Actor, Before: q.Before, Limit: auditPageSize + 1,
	})
	if err != nil {
		return err
	}
	page := auditPage{Entries: list, Actions: auditActions, Action: q.Action, Actor: q.Actor, Check: check}
	if len(list) > auditPageSize {
		page.Entries = list[:auditPageSize]
		page.Older = Prefix + "/audit?" + url.Values{
			"action": {q.Action}, "actor": {q.Actor}, "before": {strconv.Itoa(list[auditPageSize-1].Seq)},
		}.Encode()
	}
	return d.door.Page(c, http.StatusOK, "audit", page)
}

func (d *Desk) verifyAudit(c *gin.Context) error {
	sound, broken, err := d.Access.VerifyAudit(c.Request.Context())
	if err != nil {
		return err
	}
	return d.auditPage(c, &auditCheck{sound, broken})
}
