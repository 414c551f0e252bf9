package staff

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"guiyi/domain"
	"guiyi/handler/web"
	"guiyi/service/menu"
)

type menuPage struct {
	menu.Status
	MayPublish bool
	Fault      string
}

func (d *Desk) showMenu(c *gin.Context) error { return d.menuPage(c, http.StatusOK, "") }

func (d *Desk) menuPage(c *gin.Context, status int, fault string) error {
	s, err := d.Menu.Status(c.Request.Context())
	if err != nil {
		return err
	}
	return d.door.Page(c, status, "menu", menuPage{s, who(c).Can(domain.MenuPublish), fault})
}

func (d *Desk) publishMenu(c *gin.Context) error {
	_, err := d.Menu.Publish(c.Request.Context(), who(c).Actor())
	if text, ok := web.FormFault(err); ok {
		return d.menuPage(c, web.AnswerTo(err).Status, text)
	}
	if err != nil {
		return err
	}
	return web.Redirect(c, done(Prefix+"/menu", "published"))
}
