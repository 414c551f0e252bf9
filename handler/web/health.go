package web

import (
	"context"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
)

// healthTime is what the parts of the program together have to answer a question about their health.
const healthTime = 2 * time.Second

// MountHealth answers GET /health: which parts of the program are well, as JSON; 200 when all are, 503 otherwise. It says no more
// than that, because everybody may ask.
func MountHealth(e *gin.Engine, parts func(context.Context) map[string]bool) {
	e.GET("/health", func(c *gin.Context) {
		ctx, cancel := context.WithTimeout(c.Request.Context(), healthTime)
		defer cancel()
		status := http.StatusOK
		well := parts(ctx)
		for _, ok := range well {
			if !ok {
				status = http.StatusServiceUnavailable
			}
		}
		c.Header("Cache-Control", "no-store")
		c.JSON(status, well)
	})
}
