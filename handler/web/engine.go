package web

import (
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"guiyi/domain"
)

// NewEngine makes the router all doors are mounted on: no debug output, wrong methods answered with 405, and the client's
// address taken from the connection unless the request came through one of the trusted proxies (addresses or CIDR ranges).
func NewEngine(trustedProxies ...string) (*gin.Engine, error) {
	gin.SetMode(gin.ReleaseMode)
	e := gin.New()
	e.HandleMethodNotAllowed = true
	e.RedirectTrailingSlash = false
	if err := e.SetTrustedProxies(trustedProxies); err != nil {
		return nil, fmt.Errorf("read the trusted proxies: %w", err)
	}
	return e, nil
}

// RequestLog writes one line per request: method, route pattern, status, size and time taken. Neither the address as typed nor
// the sender's network address is written, because both can name a person. Polling and embedded files go to Debug.
func RequestLog(log *slog.Logger, now domain.Clock) gin.HandlerFunc {
	return func(c *gin.Context) {
		began := now()
		c.Next()
		level := slog.LevelInfo
		if route := c.FullPath(); route == assetRoute || (Partial(c) && c.Request.Method == http.MethodGet) {
			level = slog.LevelDebug
		}
		log.LogAttrs(c.Request.Context(), level, "request",
			slog.String("method", c.Request.Method), slog.String("route", c.FullPath()),
			slog.Int("status", c.Writer.Status()), slog.Int("bytes", max(c.Writer.Size(), 0)),
			slog.Duration("took", now().Sub(began).Round(time.Microsecond)))
	}
}
