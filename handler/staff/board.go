package staff

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"guiyi/domain"
	"guiyi/handler/web"
)

type boardPage struct {
	Rows       []progress
	Pulse      pulse
	Moving     bool             // something runs: ask again in a second
	Candidates []domain.Account // old accounts without a migration; empty for those who may not open one
	MayWrite   bool
}

func (d *Desk) board(c *gin.Context) error {
	page, err := d.boardPage(c)
	if err != nil {
		return err
	}
	return d.door.Show(c, http.StatusOK, "board", "board", page)
}

func (d *Desk) boardPage(c *gin.Context) (boardPage, error) {
	ctx := c.Request.Context()
	p, err := d.pulse(c)
	if err != nil {
		return boardPage{}, err
	}
	list, err := d.Migration.List(ctx)
	if err != nil {
		return boardPage{}, err
	}
	page := boardPage{Pulse: p, MayWrite: who(c).Can(domain.MigrationWrite)}
	taken := map[string]bool{}
	for _, s := range list {
		row := d.progressOf(s, p)
		page.Rows = append(page.Rows, row)
		page.Moving = page.Moving || row.Moving
		if s.Migration.State != domain.MigrationCancelled {
			taken[s.Old.ID] = true
		}
	}
	if page.MayWrite {
		if page.Candidates, err = d.candidates(c, taken); err != nil {
			return boardPage{}, err
		}
	}
	return page, nil
}

func (d *Desk) candidates(c *gin.Context, taken map[string]bool) ([]domain.Account, error) {
	accounts, err := d.Accounts.List(c.Request.Context())
	if err != nil {
		return nil, err
	}
	var free []domain.Account
	for _, a := range accounts {
		if a.Role == domain.RoleOld && !taken[a.ID] {
			free = append(free, a)
		}
	}
	return free, nil
}

func (d *Desk) draftMigration(c *gin.Context) error {
	var form struct {
		Account string `form:"account"`
	}
	if err := web.Bind(c, &form); err != nil {
		return err
	}
	if _, err := d.Migration.Draft(c.Request.Context(), who(c).Actor(), form.Account); err != nil {
		return err
	}
	return web.Redirect(c, done(Prefix+"/migrations/"+form.Account, "drafted"))
}
