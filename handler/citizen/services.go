package citizen

import (
	"context"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"guiyi/domain"
	"guiyi/handler/web"
	"guiyi/service/matter"
)

// servicesPage lists matters: found by a question, narrowed to one situation or department, or all in groups.
type servicesPage struct {
	Query    string
	Asked    bool // somebody searched
	By       string
	Heading  string // of a narrowed list
	Hint     string
	Groups   []group
	Total    int
	MostUsed []domain.Matter // when nothing was found
	Town     domain.TownProfile
}

// group is the matters of one situation or department.
type group struct {
	Key, Name, Mark, Hint string
	Matters               []domain.Matter
}

func (d *Door) listMatters(c *gin.Context) error {
	var form struct {
		Query      string `form:"q"`
		By         string `form:"by"`
		Situation  string `form:"situation"`
		Department string `form:"department"`
	}
	if err := web.Bind(c, &form); err != nil {
		return err
	}
	ctx := c.Request.Context()
	p := servicesPage{By: "situation", Query: cut(form.Query)}
	if form.By == "department" {
		p.By = form.By
	}
	var err error
	if p.Town, err = d.catalogue.Town(ctx); err != nil {
		return err
	}
	switch {
	case p.Query != "":
		err = d.found(ctx, &p)
	case form.Situation != "" || form.Department != "":
		err = d.narrowed(ctx, &p, matter.Filter{Situation: form.Situation, Department: form.Department})
	default:
		err = d.grouped(ctx, &p)
	}
	if err != nil {
		return err
	}
	return d.web.Page(c, http.StatusOK, "services", p)
}

// maxQuery is how many characters of a question are used and shown again.
const maxQuery = 40

func cut(text string) string {
	r := []rune(strings.TrimSpace(text))
	return string(r[:min(len(r), maxQuery)])
}

func (d *Door) found(ctx context.Context, p *servicesPage) error {
	list, err := d.catalogue.Search(ctx, p.Query)
	if err != nil {
		return err
	}
	p.Asked, p.Total = true, len(list)
	if len(list) > 0 {
		p.Groups = []group{{Matters: list}}
		return nil
	}
	p.MostUsed, err = d.catalogue.MostUsed(ctx, homeMatters)
	return err
}

func (d *Door) narrowed(ctx context.Context, p *servicesPage, f matter.Filter) error {
	if f.Situation != "" {
		s, ok := p.Town.Situation(f.Situation)
		if !ok {
			return domain.ErrNotFound
		}
		p.Heading, p.Hint = s.Name, s.Hint
	} else {
		office, err := d.catalogue.Department(ctx, f.Department)
		if err != nil {
			return err
		}
		p.Heading, p.Hint, p.By = office.Name, office.Place, "department"
	}
	list, err := d.catalogue.List(ctx, f)
	p.Groups, p.Total = []group{{Matters: list}}, len(list)
	return err
}

func (d *Door) grouped(ctx context.Context, p *servicesPage) error {
	if p.By == "department" {
		offices, err := d.catalogue.Departments(ctx)
		if err != nil {
			return err
		}
		for _, o := range offices {
			list, err := d.catalogue.List(ctx, matter.Filter{Department: o.ID})
			if err != nil {
				return err
			}
			p.add(group{Key: o.ID, Name: o.Name, Hint: o.Place, Matters: list})
		}
		return nil
	}
	for _, s := range p.Town.Situations {
		list, err := d.catalogue.List(ctx, matter.Filter{Situation: s.Key})
		if err != nil {
			return err
		}
		p.add(group{Key: s.Key, Name: s.Name, Mark: s.Mark, Hint: s.Hint, Matters: list})
	}
	return nil
}

func (p *servicesPage) add(g group) {
	if len(g.Matters) > 0 {
		p.Groups = append(p.Groups, g)
		p.Total += len(g.Matters)
	}
}

// guidePage is everything people need to know about one matter.
type guidePage struct {
	domain.Matter
	Department domain.Department
	Town       domain.TownProfile
}

func (d *Door) guide(c *gin.Context) error {
	ctx := c.Request.Context()
	m, err := d.catalogue.Get(ctx, c.Param("id"))
	if err != nil {
		return err
	}
	p := guidePage{Matter: m}
	if p.Department, err = d.catalogue.Department(ctx, m.DepartmentID); err != nil {
		return err
	}
	if p.Town, err = d.catalogue.Town(ctx); err != nil {
		return err
	}
	if err := d.catalogue.CountView(ctx, m.ID); err != nil { // a number for the first page; the guide matters more
		d.env.Log.WarnContext(ctx, "view not counted", "matter", m.ID, "err", err)
	}
	return d.web.Page(c, http.StatusOK, "guide", p)
}
