package staff

import (
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"

	"guiyi/domain"
	"guiyi/handler/web"
	"guiyi/service/access"
)

type staffPage struct {
	List     []domain.Staff
	Roles    []domain.Role
	Me       string // one's own id
	MayWrite bool
	Form     staffForm
	Fault    string
}

type staffForm struct {
	Login    string   `form:"login"`
	Name     string   `form:"name"`
	Password string   `form:"password"`
	Roles    []string `form:"role"`
}

// Has tells whether the form has the role ticked.
func (f staffForm) Has(role string) bool {
	return slices.Contains(f.Roles, role)
}

// person is one row's menu: who it is and which roles there are.
type person struct {
	Staff domain.Staff
	Roles []domain.Role
}

// Has tells whether the person has the role.
func (p person) Has(role string) bool {
	return slices.ContainsFunc(p.Staff.Roles, func(r domain.Role) bool { return r.ID == role })
}

func (d *Desk) listStaff(c *gin.Context) error {
	return d.staffPage(c, http.StatusOK, staffForm{}, "")
}

func (d *Desk) staffPage(c *gin.Context, status int, form staffForm, fault string) error {
	list, err := d.Access.List(c.Request.Context())
	if err != nil {
		return err
	}
	roles, err := d.Access.Roles(c.Request.Context())
	if err != nil {
		return err
	}
	form.Password = "" // never goes back into a page
	return d.door.Page(c, status, "staff", staffPage{
		List: list, Roles: roles, Me: who(c).ID, MayWrite: who(c).Can(domain.StaffWrite), Form: form, Fault: fault,
	})
}

func (d *Desk) addStaff(c *gin.Context) error {
	var form staffForm
	if err := web.Bind(c, &form); err != nil {
		return err
	}
	_, err := d.Access.AddStaff(c.Request.Context(), who(c).Actor(), access.NewStaff{
		Login: form.Login, Name: form.Name, Roles: form.Roles, Password: form.Password, Temporary: true,
	})
	return d.staffDone(c, err, form, "added")
}

func (d *Desk) staffDone(c *gin.Context, err error, form staffForm, word string) error {
	if text, ok := web.FormFault(err); ok {
		return d.staffPage(c, web.AnswerTo(err).Status, form, text)
	}
	if err != nil {
		return err
	}
	return web.Redirect(c, done(Prefix+"/staff", word))
}

func (d *Desk) disableStaff(c *gin.Context) error {
	return d.staffDone(c, d.Access.Disable(c.Request.Context(), who(c).Actor(), c.Param("id")), staffForm{}, "disabled")
}

func (d *Desk) enableStaff(c *gin.Context) error {
	return d.staffDone(c, d.Access.Enable(c.Request.Context(), who(c).Actor(), c.Param("id")), staffForm{}, "enabled")
}

func (d *Desk) resetPassword(c *gin.Context) error {
	var form staffForm
	if err := web.Bind(c, &form); err != nil {
		return err
	}
	err := d.Access.ResetPassword(c.Request.Context(), who(c).Actor(), c.Param("id"), form.Password)
	return d.staffDone(c, err, staffForm{}, "reset")
}

func (d *Desk) setRoles(c *gin.Context) error {
	var form staffForm
	if err := web.Bind(c, &form); err != nil {
		return err
	}
	err := d.Access.SetRoles(c.Request.Context(), who(c).Actor(), c.Param("id"), form.Roles)
	return d.staffDone(c, err, staffForm{}, "roles")
}
