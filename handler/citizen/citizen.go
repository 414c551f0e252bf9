// Package citizen is the residents' door: the H5 pages behind the menu of the town's account. Everything works without a script
// and without signing in: look up, read, telephone.
//
// Pages say only what is true today. Where a thing is done by telephone or at the counter, the page says so with number and hours.
package citizen

import (
	"context"
	"embed"
	"io/fs"
	"strings"

	"guiyi/domain"
	"guiyi/handler/web"
	"guiyi/service"
	"guiyi/service/matter"
)

//go:embed all:templates
var templates embed.FS

// Moved knows where the old accounts went; the migration's room has it.
type Moved interface {
	MovedAccounts(ctx context.Context) ([]domain.MovedAccount, error)
	MovedAccount(ctx context.Context, key string) (domain.MovedAccount, error)
}

// Options are what the door needs to know about this installation.
type Options struct {
	BaseURL        string   // public address; https makes cookies secure
	FrameAncestors []string // origins that may show the pages in a frame, as the simulator's phone does; 'self' is always one
}

// Door is the residents' door.
type Door struct {
	env       service.Env
	catalogue *matter.Service
	moved     Moved
	assets    *web.Assets
	opt       Options
	web       *web.Door
}

// New parses the pages; a fault in one of them is an error here and not at noon.
func New(env service.Env, catalogue *matter.Service, moved Moved, assets *web.Assets, opt Options) (*Door, error) {
	folder, err := fs.Sub(templates, "templates")
	if err != nil {
		return nil, err
	}
	pages, err := web.NewPages(folder, assets, funcs)
	if err != nil {
		return nil, err
	}
	d := &Door{env: env, catalogue: catalogue, moved: moved, assets: assets, opt: opt}
	d.web = &web.Door{Pages: pages, Log: env.Log, NewID: env.NewID, Frame: d.frame}
	return d, nil
}

func (d *Door) secure() bool { return strings.HasPrefix(d.opt.BaseURL, "https://") }
