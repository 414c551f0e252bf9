package citizen

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"guiyi/domain"
)

type movedPage struct {
	Accounts []domain.MovedAccount
	Town     domain.TownProfile
}

func (d *Door) listMoved(c *gin.Context) error {
	ctx := c.Request.Context()
	var p movedPage
	var err error
	if p.Accounts, err = d.moved.MovedAccounts(ctx); err != nil {
		return err
	}
	if p.Town, err = d.catalogue.Town(ctx); err != nil {
		return err
	}
	return d.web.Page(c, http.StatusOK, "moved", p)
}

type movedAccountPage struct {
	domain.MovedAccount
	Town domain.TownProfile
	Over bool // the old account publishes nothing any more
	Gone bool // and is closed
}

func (d *Door) movedAccount(c *gin.Context) error {
	ctx := c.Request.Context()
	var p movedAccountPage
	var err error
	if p.MovedAccount, err = d.moved.MovedAccount(ctx, c.Param("key")); err != nil {
		return err
	}
	if p.Town, err = d.catalogue.Town(ctx); err != nil {
		return err
	}
	p.Gone = p.State == domain.MigrationClosed
	p.Over = p.Gone || (!p.StopOn.IsZero() && domain.DayOf(d.env.Now()) >= p.StopOn)
	return d.web.Page(c, http.StatusOK, "moved_account", p)
}
