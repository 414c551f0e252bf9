package citizen

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"guiyi/domain"
)

func (d *Door) listBundles(c *gin.Context) error {
	list, err := d.catalogue.Bundles(c.Request.Context())
	if err != nil {
		return err
	}
	return d.web.Page(c, http.StatusOK, "bundles", list)
}

type bundlePage struct {
	domain.Bundle
	Matters []domain.Matter
	Town    domain.TownProfile
}

func (d *Door) bundle(c *gin.Context) error {
	ctx := c.Request.Context()
	var p bundlePage
	var err error
	if p.Bundle, p.Matters, err = d.catalogue.Bundle(ctx, c.Param("id")); err != nil {
		return err
	}
	if p.Town, err = d.catalogue.Town(ctx); err != nil {
		return err
	}
	return d.web.Page(c, http.StatusOK, "bundle", p)
}
