package staff

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"guiyi/domain"
	"guiyi/handler/web"
	"guiyi/service/matter"
)

type cataloguePage struct {
	Query       string
	Department  string
	Departments []domain.Department
	Names       map[string]string // of departments, by id
	Matters     []domain.Matter
	BaseURL     string
}

func (d *Desk) catalogue(c *gin.Context) error {
	var q struct {
		Query      string `form:"q"`
		Department string `form:"department"`
	}
	if err := web.Bind(c, &q); err != nil {
		return err
	}
	ctx := c.Request.Context()
	departments, err := d.Matters.Departments(ctx)
	if err != nil {
		return err
	}
	list, err := d.Matters.List(ctx, matter.Filter{Department: q.Department})
	if q.Query != "" {
		list, err = d.Matters.Search(ctx, q.Query)
	}
	if err != nil {
		return err
	}
	page := cataloguePage{
		Query: q.Query, Department: q.Department, Departments: departments, Names: map[string]string{}, BaseURL: d.opt.BaseURL,
	}
	for _, dep := range departments {
		page.Names[dep.ID] = dep.Name
	}
	for _, m := range list {
		if q.Department == "" || m.DepartmentID == q.Department {
			page.Matters = append(page.Matters, m)
		}
	}
	return d.door.Show(c, http.StatusOK, "catalogue", "matters", page)
}
