// Package handler mounts the doors of the program on one router: residents, staff, the platform's callbacks, and the question
// how it feels. What is behind each door is that door's business.
package handler

import (
	"context"
	"log/slog"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"guiyi/domain"
	"guiyi/handler/citizen"
	"guiyi/handler/platform"
	"guiyi/handler/staff"
	"guiyi/handler/web"
)

// Doors are all ways in.
type Doors struct {
	Residents *citizen.Door
	Desk      *staff.Desk
	Callbacks *platform.Door
	Health    func(context.Context) map[string]bool // which parts of the program are well
}

// New mounts the doors. trustedProxies are addresses or networks whose X-Forwarded-For is believed.
func New(log *slog.Logger, now domain.Clock, d Doors, trustedProxies []string) (http.Handler, error) {
	engine, err := web.NewEngine(trustedProxies...)
	if err != nil {
		return nil, err
	}
	engine.Use(web.RequestLog(log, now))
	d.Callbacks.Mount(engine)
	d.Desk.Mount(engine)
	d.Residents.Mount(engine)
	web.MountHealth(engine, d.Health)
	engine.NoRoute(func(c *gin.Context) {
		if strings.HasPrefix(c.Request.URL.Path, staff.Prefix+"/") {
			d.Desk.NotFound(c)
			return
		}
		d.Residents.NotFound(c)
	})
	return engine, nil
}
