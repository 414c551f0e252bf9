package staff

import (
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"guiyi/domain"
	"guiyi/handler/web"
	"guiyi/service/migration"
)

// mapRow is one entry of the old menu with the form that says where it leads now.
type mapRow struct {
	domain.MappedEntry
	Action  string // address of the form, empty where nothing can be changed
	Choices []domain.Destination
	Open    bool // nobody has decided yet where it leads
	Saved   bool // just now
	Fault   string
}

// Chosen tells whether the destination is the one the entry leads to.
func (r mapRow) Chosen(d domain.Destination) bool { return r.Kind == d.Kind && r.Ref == d.Ref }

// Matters are the choices among the catalogue's matters.
func (r mapRow) Matters() []domain.Destination { return r.of(domain.ToMatter) }

// Pages are the choices among the other pages.
func (r mapRow) Pages() []domain.Destination { return r.of(domain.ToPage) }

func (r mapRow) of(kind domain.DestinationKind) []domain.Destination {
	var list []domain.Destination
	for _, d := range r.Choices {
		if d.Kind == kind {
			list = append(list, d)
		}
	}
	return list
}

func (d *Desk) mapRows(c *gin.Context, v migration.View, editable bool) ([]mapRow, error) {
	var choices []domain.Destination
	if editable && len(v.Entries) > 0 {
		var err error
		if choices, err = d.Matters.Destinations(c.Request.Context()); err != nil {
			return nil, err
		}
	}
	rows := make([]mapRow, len(v.Entries))
	for i, e := range v.Entries {
		rows[i] = mapRow{MappedEntry: e, Choices: choices, Open: !e.Mapped()}
		if editable {
			rows[i].Action = selfOf(v.Summary) + "/entries/" + e.ID
		}
	}
	return rows, nil
}

// mapEntry saves one row. htmx gets the row back and, beside it, what still blocks the start.
func (d *Desk) mapEntry(c *gin.Context) error {
	var form mapForm
	if err := web.Bind(c, &form); err != nil {
		return err
	}
	v, err := d.migrationOf(c)
	if err != nil {
		return err
	}
	kind, ref := form.to()
	fault := d.Migration.Map(c.Request.Context(), who(c).Actor(), v.Migration.ID, c.Param("entry"), kind, ref, form.Offline)
	text, refused := web.FormFault(fault)
	if fault != nil && !refused {
		return fault
	}
	if !web.Partial(c) {
		if refused {
			return d.migrationPage(c, web.AnswerTo(fault).Status, v, factsOf(v.Migration), text)
		}
		return web.Redirect(c, done(selfOf(v.Summary), "mapped")+"#entry-"+c.Param("entry"))
	}
	if v, err = d.migrationOf(c); err != nil {
		return err
	}
	return d.mappedRow(c, v, form, text)
}

// mapForm is what one row sends.
type mapForm struct {
	To      string `form:"to"` // kind:ref
	Offline string `form:"offline"`
}

func (f mapForm) to() (kind domain.DestinationKind, ref string) {
	k, ref, _ := strings.Cut(f.To, ":")
	return domain.DestinationKind(k), ref
}

type savedRow struct {
	mapRow
	Rest migrationPage // what still blocks the start
}

func (d *Desk) mappedRow(c *gin.Context, v migration.View, form mapForm, fault string) error {
	rows, err := d.mapRows(c, v, true)
	if err != nil {
		return err
	}
	for _, r := range rows {
		if r.ID == c.Param("entry") {
			r.Fault, r.Saved = fault, fault == ""
			status := http.StatusOK
			if fault != "" { // what was filled in stays
				status = http.StatusUnprocessableEntity
				r.Kind, r.Ref = form.to()
				r.Offline = form.Offline
			}
			return d.door.Fragment(c, status, "migration", "saved-row", savedRow{r, migrationPage{progress: progress{Summary: v.Summary}, Oob: true}})
		}
	}
	return domain.ErrNotFound
}
