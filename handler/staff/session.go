package staff

import (
	"errors"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"guiyi/domain"
	"guiyi/handler/web"
	"guiyi/service/access"
)

const (
	cookieName = "guiyi_desk"
	staffKey   = "staff"
)

// who is the person at the desk; the zero Staff where nobody is logged in.
func who(c *gin.Context) domain.Staff {
	p, _ := c.Get(staffKey)
	s, _ := p.(domain.Staff)
	return s
}

func token(c *gin.Context) string {
	t, err := c.Cookie(cookieName)
	if err != nil {
		return ""
	}
	return t
}

// session lets in who has one. Whoever still has a password set by somebody else gets no further than choosing their own.
func (d *Desk) session(c *gin.Context) error {
	look := d.Access.Session
	if web.Partial(c) && c.Request.Method == http.MethodGet {
		look = d.Access.Peek // a page that polls by itself is nobody at work
	}
	p, err := look(c.Request.Context(), token(c))
	if err != nil {
		return err
	}
	c.Set(staffKey, p)
	path := c.Request.URL.Path
	if p.MustChange && path != Prefix+"/password" && path != Prefix+"/logout" {
		c.Abort()
		return web.Redirect(c, Prefix+"/password")
	}
	return nil
}

// need lets pass who has the permission.
func (d *Desk) need(p domain.Permission) gin.HandlerFunc {
	return d.door.Do(func(c *gin.Context) error {
		if !d.Access.Can(who(c), p) {
			return domain.ErrForbidden
		}
		return nil
	})
}

type loginPage struct {
	Login, Next, Fault string
	Expired            bool // the session ended while somebody was at work
}

func (d *Desk) showLogin(c *gin.Context) error {
	next := web.Local(c.Query("next"), Prefix, Prefix)
	if _, err := d.Access.Session(c.Request.Context(), token(c)); err == nil {
		return web.Redirect(c, next)
	}
	return d.door.Page(c, http.StatusOK, "login", loginPage{Next: next, Expired: c.Query("expired") != ""})
}

func (d *Desk) login(c *gin.Context) error {
	var form struct {
		Login    string `form:"login"`
		Password string `form:"password"`
		Next     string `form:"next"`
	}
	if err := web.Bind(c, &form); err != nil {
		return err
	}
	// The address counts failures per origin; it is not logged.
	fresh, _, err := d.Access.Login(c.Request.Context(), form.Login, form.Password, c.ClientIP())
	if err != nil {
		return d.loginAgain(c, form.Login, form.Next, err)
	}
	web.SetCookie(c, cookieName, fresh, Prefix, 0, d.secure())
	c.Redirect(http.StatusSeeOther, web.Local(form.Next, Prefix, Prefix))
	return nil
}

func (d *Desk) loginAgain(c *gin.Context, login, next string, err error) error {
	a := web.AnswerTo(err)
	if errors.Is(err, access.ErrBadLogin) || errors.Is(err, access.ErrDisabled) || errors.Is(err, domain.ErrTooMany) {
		if a.RetryAfter > 0 {
			c.Header("Retry-After", a.RetrySeconds())
		}
		page := loginPage{Login: strings.ToValidUTF8(login, ""), Next: web.Local(next, Prefix, Prefix), Fault: a.Text}
		return d.door.Page(c, a.Status, "login", page)
	}
	return err
}

func (d *Desk) logout(c *gin.Context) error {
	if err := d.Access.Logout(c.Request.Context(), token(c)); err != nil {
		return err
	}
	web.SetCookie(c, cookieName, "", Prefix, -1, d.secure())
	return web.Redirect(c, Prefix+"/login")
}

type passwordPage struct {
	Must  bool
	Fault string
}

func (d *Desk) showPassword(c *gin.Context) error {
	return d.door.Page(c, http.StatusOK, "password", passwordPage{Must: who(c).MustChange})
}

func (d *Desk) changePassword(c *gin.Context) error {
	var form struct {
		Old   string `form:"old"`
		Fresh string `form:"fresh"`
		Again string `form:"again"`
	}
	if err := web.Bind(c, &form); err != nil {
		return err
	}
	err := error(domain.Refuse(domain.ErrInvalid, "not_equal", "两次输入的新密码不一样"))
	if form.Fresh == form.Again {
		err = d.Access.ChangePassword(c.Request.Context(), who(c), token(c), form.Old, form.Fresh)
	}
	if text, ok := web.FormFault(err); ok {
		return d.door.Page(c, http.StatusUnprocessableEntity, "password", passwordPage{who(c).MustChange, text})
	}
	if err != nil {
		return err
	}
	return web.Redirect(c, done(Prefix, "password"))
}
