package citizen

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"guiyi/domain"
	"guiyi/handler/web"
)

// homeMatters is how many matters the first page names.
const homeMatters = 6

type homePage struct {
	Town        domain.TownProfile
	MostUsed    []domain.Matter
	Bundles     []domain.Bundle
	Departments []domain.Department
	Moved       []domain.MovedAccount // old accounts that are being closed
}

func (d *Door) home(c *gin.Context) error {
	ctx := c.Request.Context()
	var p homePage
	var err error
	if p.Town, err = d.catalogue.Town(ctx); err != nil {
		return err
	}
	if p.MostUsed, err = d.catalogue.MostUsed(ctx, homeMatters); err != nil {
		return err
	}
	if p.Departments, err = d.catalogue.Departments(ctx); err != nil {
		return err
	}
	if p.Bundles, err = d.catalogue.Bundles(ctx); err != nil {
		return err
	}
	if p.Moved, err = d.moved.MovedAccounts(ctx); err != nil {
		return err
	}
	return d.web.Page(c, http.StatusOK, "home", p)
}

// elderHome is the first page in large type: one column, few entries. Opening it chooses the large type for the other pages too,
// because the menu of the account leads here.
func (d *Door) elderHome(c *gin.Context) error {
	town, err := d.catalogue.Town(c.Request.Context())
	if err != nil {
		return err
	}
	web.SetCookie(c, modeCookie, modeElder, "/", modeAge, d.secure())
	return d.web.Page(c, http.StatusOK, "elder", town)
}
