package staff

import (
	"github.com/gin-gonic/gin"

	"guiyi/domain"
	"guiyi/handler/web"
)

// maxForm is the most a form of the desk may send, in bytes.
const maxForm = 64 << 10

// Mount puts the desk under Prefix. Every path is listed here with its guard; a test asks each of them as every role.
func (d *Desk) Mount(e *gin.Engine) {
	do := d.door.Do
	desk := e.Group(Prefix, d.door.Recover(), web.Headers(web.Policy{NoStore: true, OwnFrames: true}), web.BodyLimit(maxForm), web.SameOrigin(d.door))
	desk.GET("/login", do(d.showLogin))
	desk.POST("/login", do(d.login))

	in := desk.Group("", do(d.session))
	in.GET("", do(d.home))
	in.POST("/logout", do(d.logout))
	in.GET("/password", do(d.showPassword))
	in.POST("/password", do(d.changePassword))

	accounts := in.Group("/accounts", d.need(domain.AccountsRead))
	accounts.GET("", do(d.listAccounts))
	accounts.GET("/:key", do(d.showAccount))

	people := in.Group("/staff", d.need(domain.StaffRead))
	people.GET("", do(d.listStaff))
	change := in.Group("/staff", d.need(domain.StaffWrite))
	change.POST("", do(d.addStaff))
	change.POST("/:id/disable", do(d.disableStaff))
	change.POST("/:id/enable", do(d.enableStaff))
	change.POST("/:id/password", do(d.resetPassword))
	change.POST("/:id/roles", do(d.setRoles))

	audit := in.Group("/audit", d.need(domain.AuditRead))
	audit.GET("", do(d.listAudit))
	audit.POST("/verify", do(d.verifyAudit))
}
