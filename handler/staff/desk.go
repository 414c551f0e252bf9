// Package staff is the desk: the pages of the people who work with the town's accounts. The folder is the permission: every path
// but the login is behind a session, and every group of paths behind a permission (routes.go lists them).
//
// Pages show what the rooms know and pass on what people decide; no rule of the office lives here.
package staff

import (
	"embed"
	"io/fs"
	"strings"

	"github.com/gin-gonic/gin"

	"guiyi/domain"
	"guiyi/handler/web"
	"guiyi/service"
	"guiyi/service/access"
	"guiyi/service/accounts"
	"guiyi/service/matter"
	"guiyi/service/menu"
	"guiyi/service/migration"
)

//go:embed all:templates
var templates embed.FS

// Prefix is where the desk lives.
const Prefix = "/desk"

// Rooms are the services behind the desk.
type Rooms struct {
	Access    *access.Service
	Accounts  *accounts.Service
	Matters   *matter.Service
	Menu      *menu.Service
	Migration *migration.Service
}

// Options are what the desk needs to know about this installation.
type Options struct {
	BaseURL string // public address, without a slash at the end; https makes cookies secure
}

// Desk is the door.
type Desk struct {
	Rooms
	opt  Options
	env  service.Env
	door *web.Door
}

// New parses the pages; a fault in one of them is an error here and not at noon.
func New(env service.Env, rooms Rooms, assets *web.Assets, opt Options) (*Desk, error) {
	folder, err := fs.Sub(templates, "templates")
	if err != nil {
		return nil, err
	}
	d := &Desk{Rooms: rooms, opt: opt, env: env}
	pages, err := web.NewPages(folder, assets, d.funcs())
	if err != nil {
		return nil, err
	}
	d.door = &web.Door{Pages: pages, Log: env.Log, NewID: env.NewID, Frame: d.frame, Login: Prefix + "/login"}
	return d, nil
}

// NotFound answers an address under Prefix that leads nowhere; for the router's NoRoute.
func (d *Desk) NotFound(c *gin.Context) {
	web.Headers(policy)(c)
	d.door.Fail(c, domain.ErrNotFound)
}

func (d *Desk) secure() bool { return strings.HasPrefix(d.opt.BaseURL, "https://") }

func (d *Desk) now() domain.Instant { return domain.At(d.env.Now()) }
