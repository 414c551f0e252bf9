package web

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"

	"github.com/gin-gonic/gin"
)

// Action answers one request or says why not. It must not write anything before it returns an error.
type Action func(c *gin.Context) error

// Door is one family of pages: how they look and how a refusal is shown in them.
type Door struct {
	Pages *Pages
	Log   *slog.Logger
	NewID func() string
	// Frame gives what the layout shows around every page (who is logged in, which entry of the navigation is open).
	Frame func(c *gin.Context) any
	// Login is where somebody who is not logged in is sent; empty for doors without a login.
	Login string
}

// Do turns an action into a handler. As a guard in front of others it works too: an error ends the request.
func (d *Door) Do(a Action) gin.HandlerFunc {
	return func(c *gin.Context) {
		if err := a(c); err != nil {
			d.Fail(c, err)
		}
	}
}

// Page answers with the whole page: the layout around the block "main" of the named template.
func (d *Door) Page(c *gin.Context, status int, name string, data any) error {
	var frame any
	if d.Frame != nil {
		frame = d.Frame(c)
	}
	var out bytes.Buffer
	if err := d.Pages.Page(&out, name, frame, data); err != nil {
		return err
	}
	return send(c, status, out.Bytes())
}

// Fragment answers with one block of the named template, for htmx to put into the page. It is the same block that the whole
// page contains.
func (d *Door) Fragment(c *gin.Context, status int, name, block string, data any) error {
	var out bytes.Buffer
	if err := d.Pages.Block(&out, name, block, data); err != nil {
		return err
	}
	return send(c, status, out.Bytes())
}

// Show answers with the fragment when htmx asked, and with the whole page otherwise.
func (d *Door) Show(c *gin.Context, status int, name, block string, data any) error {
	if Partial(c) {
		return d.Fragment(c, status, name, block, data)
	}
	return d.Page(c, status, name, data)
}

func send(c *gin.Context, status int, body []byte) error {
	c.Header("Vary", "HX-Request")
	c.Data(status, "text/html; charset=utf-8", body)
	return nil
}

// Partial tells whether htmx asked for a piece of a page rather than a whole one.
func Partial(c *gin.Context) bool {
	h := c.Request.Header
	return h.Get("HX-Request") == "true" && h.Get("HX-Boosted") == "" && h.Get("HX-History-Restore-Request") == ""
}

// Redirect sends the browser to another page of this site after a change (303), by htmx or without.
func Redirect(c *gin.Context, to string) error {
	if Partial(c) {
		c.Header("HX-Redirect", to)
		c.Status(http.StatusNoContent)
		return nil
	}
	c.Redirect(http.StatusSeeOther, to)
	return nil
}

// Local keeps a "where to go next" inside this site: anything but a plain absolute path under prefix becomes fallback.
func Local(next, prefix, fallback string) string {
	u, err := url.Parse(next)
	if err != nil || u.Scheme != "" || u.Host != "" || strings.ContainsAny(next, "\\\r\n") || strings.HasPrefix(next, "//") ||
		(u.Path != prefix && !strings.HasPrefix(u.Path, strings.TrimSuffix(prefix, "/")+"/")) || strings.Contains(u.Path, "..") {
		return fallback
	}
	return u.RequestURI()
}

// Refusal is the data of a skin's template "error".
type Refusal struct {
	Status    int
	Title     string
	Text      string
	Code      string // stable word for programs and the telephone
	Reference string // only for faults of ours: what the log line carries
	Back      string // path to go on from
}

// Fail answers a request that ended with err. Faults of ours are logged here, once, in full; the page shows only a reference.
func (d *Door) Fail(c *gin.Context, err error) {
	c.Abort()
	if c.Writer.Written() {
		d.Log.ErrorContext(c.Request.Context(), "answer broke off", "route", c.FullPath(), "err", err)
		return
	}
	a := AnswerTo(err)
	r := Refusal{Status: a.Status, Title: a.Title, Text: a.Text, Code: a.Code, Back: back(c)}
	if a.Status >= 500 {
		r.Reference = d.reference()
		level := slog.LevelError
		if a.Status == http.StatusServiceUnavailable {
			level = slog.LevelWarn
		}
		d.Log.Log(c.Request.Context(), level, "request failed", "reference", r.Reference,
			"method", c.Request.Method, "route", c.FullPath(), "err", err)
	}
	if a.RetryAfter > 0 {
		c.Header("Retry-After", a.RetrySeconds())
	}
	if a.Status == http.StatusUnauthorized && d.Login != "" {
		d.toLogin(c)
		return
	}
	if err := d.showRefusal(c, r); err != nil {
		d.Log.ErrorContext(c.Request.Context(), "error page failed", "err", err)
		c.String(a.Status, "%s %s", r.Text, r.Reference)
	}
}

func (d *Door) showRefusal(c *gin.Context, r Refusal) error {
	if !Partial(c) {
		return d.Page(c, r.Status, "error", r)
	}
	c.Header("HX-Retarget", "#refusal")
	c.Header("HX-Reswap", "innerHTML")
	return d.Fragment(c, r.Status, "error", "refusal", r)
}

func (d *Door) toLogin(c *gin.Context) {
	to := d.Login
	if c.Request.Method == http.MethodGet && !Partial(c) {
		to += "?next=" + url.QueryEscape(c.Request.URL.RequestURI())
	} else { // somebody was at work: say that it was not kept, and lead back to that page
		to += "?expired=1"
		if from := back(c); from != "" {
			to += "&next=" + url.QueryEscape(from)
		}
	}
	if Partial(c) {
		c.Header("HX-Redirect", to)
		c.Status(http.StatusUnauthorized)
		return
	}
	c.Redirect(http.StatusSeeOther, to)
}

// back is the page the person came from, when it is one of ours.
func back(c *gin.Context) string {
	u, err := url.Parse(c.Request.Referer())
	if err != nil || u.Host != c.Request.Host {
		return ""
	}
	return Local(u.RequestURI(), "/", "")
}

func (d *Door) reference() string {
	id := strings.ReplaceAll(d.NewID(), "-", "")
	return strings.ToUpper(id[max(0, len(id)-8):])
}

// Recover turns a panic into the same answer as any other fault of ours; the log line carries the stack.
func (d *Door) Recover() gin.HandlerFunc {
	return func(c *gin.Context) {
		defer func() {
			v := recover()
			if v == nil {
				return
			}
			if err, ok := v.(error); ok && errors.Is(err, http.ErrAbortHandler) {
				panic(v)
			}
			d.Fail(c, fmt.Errorf("panic: %v\n%s", v, debug.Stack()))
		}()
		c.Next()
	}
}
