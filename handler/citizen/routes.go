package citizen

import (
	"github.com/gin-gonic/gin"

	"guiyi/domain"
	"guiyi/handler/web"
)

// maxForm is the most a form of these pages may send, in bytes: two short fields.
const maxForm = 4 << 10

// Mount puts the pages at the root, open to everybody, and the embedded files of all doors under /static/. Addresses nobody knows
// are answered here, too.
func (d *Door) Mount(e *gin.Engine) {
	do := d.web.Do
	d.assets.Mount(e, d.web)
	r := e.Group("", d.web.Recover(), web.Headers(d.policy()), fresh, web.BodyLimit(maxForm), web.SameOrigin(d.web))
	e.NoRoute(d.NotFound)

	r.GET("/", do(d.home))
	r.GET("/elder", do(d.elderHome))
	r.POST("/mode", do(d.switchMode))

	r.GET("/services", do(d.listMatters))
	r.GET("/services/:id", do(d.guide))
	r.GET("/bundles", do(d.listBundles))
	r.GET("/bundles/:id", do(d.bundle))

	// domain.TopicPath lists the same.
	for _, path := range []string{"/booking", "/my", "/map-list", "/message", "/hotline", "/notices", "/query/:id"} {
		r.GET(path, do(d.topic))
	}

	r.GET("/moved", do(d.listMoved))
	r.GET("/moved/:key", do(d.movedAccount))
}

// policy lets the pages be shown in frames of their own site and of those that were named.
func (d *Door) policy() web.Policy {
	return web.Policy{FrameAncestors: append([]string{"'self'"}, d.opt.FrameAncestors...)}
}

// NotFound answers addresses nobody knows, in the look of the residents' pages; for the router's NoRoute.
func (d *Door) NotFound(c *gin.Context) {
	web.Headers(d.policy())(c)
	fresh(c)
	d.web.Fail(c, domain.ErrNotFound)
}

// fresh keeps shared caches out, because the look depends on a cookie, and asks browsers to look again.
func fresh(c *gin.Context) {
	c.Header("Cache-Control", "private, no-cache")
	c.Next()
}
