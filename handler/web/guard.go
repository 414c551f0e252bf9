package web

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"guiyi/domain"
)

// Policy is what a door's pages may load and who may frame them. Everything not named is forbidden.
type Policy struct {
	Images         []string // origins of pictures besides our own and data: addresses
	FrameAncestors []string // origins that may show the pages in a frame; none when empty
	OwnFrames      bool     // pages may show other pages of ours in a frame
	NoStore        bool     // pages must not be kept by browsers or proxies
}

func (p Policy) csp() string {
	ancestors := "'none'"
	if len(p.FrameAncestors) > 0 {
		ancestors = strings.Join(p.FrameAncestors, " ")
	}
	images := strings.Join(append([]string{"'self'", "data:"}, p.Images...), " ")
	frames := ""
	if p.OwnFrames {
		frames = "; frame-src 'self'"
	}
	return "default-src 'none'; script-src 'self'; style-src 'self'; img-src " + images +
		"; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors " + ancestors + frames
}

// Headers sets the security headers of a door.
func Headers(p Policy) gin.HandlerFunc {
	csp := p.csp()
	return func(c *gin.Context) {
		h := c.Writer.Header()
		h.Set("Content-Security-Policy", csp)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=()")
		if len(p.FrameAncestors) == 0 {
			h.Set("X-Frame-Options", "DENY")
		}
		if p.NoStore {
			h.Set("Cache-Control", "no-store")
		}
		if c.Request.TLS != nil {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		c.Next()
	}
}

var errCrossOrigin = domain.Refuse(domain.ErrForbidden, "cross_origin", "这个请求来自别的网站，已经拒绝。请从本系统的页面操作。")

// SameOrigin refuses changes that another site's page asked the browser to make. Programs without a browser's headers pass:
// they carry no cookie of a person.
func SameOrigin(d *Door) gin.HandlerFunc {
	protection := http.NewCrossOriginProtection()
	return d.Do(func(c *gin.Context) error {
		if err := protection.Check(c.Request); err != nil {
			return fmt.Errorf("%w: %w", errCrossOrigin, err)
		}
		return nil
	})
}

// BodyLimit bounds what a request may send, in bytes. Reading more ends in 413.
func BodyLimit(n int64) gin.HandlerFunc {
	return func(c *gin.Context) {
		c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, n)
		c.Next()
	}
}

var errForm = domain.Refuse(domain.ErrInvalid, "bad_form", "表单内容读不懂，请刷新页面后再填。")

// Bind fills a struct with form tags from the body and the query. Texts are trimmed.
func Bind(c *gin.Context, into any) error {
	if err := c.Request.ParseForm(); err != nil {
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return err
		}
		return fmt.Errorf("%w: %w", errForm, err)
	}
	for _, values := range c.Request.Form {
		for i := range values {
			values[i] = strings.TrimSpace(values[i])
		}
	}
	if err := c.ShouldBindQuery(into); c.Request.Method == http.MethodGet && err != nil {
		return fmt.Errorf("%w: %w", errForm, err)
	}
	if c.Request.Method == http.MethodGet {
		return nil
	}
	if err := c.ShouldBind(into); err != nil {
		return fmt.Errorf("%w: %w", errForm, err)
	}
	return nil
}
