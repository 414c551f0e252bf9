package citizen

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"guiyi/domain"
)

type topicPage struct {
	domain.Topic
	Town domain.TownProfile
}

// topic shows the page of a menu entry: what people can do today, with which phone and at which counter.
func (d *Door) topic(c *gin.Context) error {
	ctx := c.Request.Context()
	var p topicPage
	var err error
	if p.Topic, err = d.catalogue.Topic(ctx, c.Request.URL.Path); err != nil {
		return err
	}
	if p.Town, err = d.catalogue.Town(ctx); err != nil {
		return err
	}
	return d.web.Page(c, http.StatusOK, "topic", p)
}
