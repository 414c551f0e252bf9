package staff

import (
	"net/http"

	"github.com/gin-gonic/gin"
)

type homePage struct {
	Name string
}

func (d *Desk) home(c *gin.Context) error {
	return d.door.Page(c, http.StatusOK, "home", homePage{Name: who(c).Name})
}
