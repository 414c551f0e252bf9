package staff

import (
	"github.com/gin-gonic/gin"

	"guiyi/domain"
	"guiyi/handler/web"
)

// maxForm is the most a form of the desk may send, in bytes.
const maxForm = 64 << 10

// policy is what the desk's pages may do in a browser.
var policy = web.Policy{NoStore: true, OwnFrames: true}

// Mount puts the desk under Prefix. Every path is listed here with its guard; a test asks each of them as every role.
func (d *Desk) Mount(e *gin.Engine) {
	do := d.door.Do
	desk := e.Group(Prefix, d.door.Recover(), web.Headers(policy), web.BodyLimit(maxForm), web.SameOrigin(d.door))
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
	register := in.Group("/accounts", d.need(domain.AccountsWrite))
	register.GET("/new", do(d.newAccount))
	register.POST("", do(d.registerAccount))
	register.GET("/:key/edit", do(d.editAccount))
	register.POST("/:key", do(d.changeAccount))

	moves := in.Group("/migrations", d.need(domain.MigrationRead))
	moves.GET("", do(d.board))
	moves.GET("/:ref", do(d.showMigration))
	moves.GET("/:ref/plan", do(d.showPlan))
	moves.GET("/:ref/announcement", do(d.showAnnouncement))
	moves.GET("/:ref/announcement/article", do(d.article))
	moves.GET("/:ref/waves/:wave", do(d.showWave))
	prepare := in.Group("/migrations", d.need(domain.MigrationWrite))
	prepare.POST("", do(d.draftMigration))
	prepare.POST("/:ref/facts", do(d.editFacts))
	prepare.POST("/:ref/menu", do(d.readMenu))
	prepare.POST("/:ref/entries/:entry", do(d.mapEntry))
	prepare.POST("/:ref/cancel", do(d.cancel))
	in.POST("/migrations/:ref/approve", d.need(domain.MigrationApprove), do(d.approve))
	drive := in.Group("/migrations", d.need(domain.MigrationRun))
	drive.POST("/:ref/start", do(d.start))
	drive.POST("/:ref/pause", do(d.pause))
	drive.POST("/:ref/resume", do(d.resume))

	catalogue := in.Group("/catalogue", d.need(domain.CatalogueRead))
	catalogue.GET("", do(d.catalogue))
	in.GET("/menu", d.need(domain.CatalogueRead), do(d.showMenu))
	in.POST("/menu/publish", d.need(domain.MenuPublish), do(d.publishMenu))

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
