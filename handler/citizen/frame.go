package citizen

import (
	"html/template"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"guiyi/domain"
	"guiyi/handler/web"
)

// The look a person chose is kept in the browser for a year.
const (
	modeCookie = "guiyi_mode"
	modeElder  = "elder"
	modeAge    = 365 * 24 * 60 * 60
)

// frame is what the layout shows around every page.
type frame struct {
	Town  domain.TownProfile // zero when the catalogue is not there yet
	Elder bool
	Here  string // path and query, to come back to after switching the look
	Home  string // where the head of the page leads
}

func (d *Door) frame(c *gin.Context) any {
	f := frame{Elder: elder(c), Here: c.Request.URL.RequestURI(), Home: "/"}
	if f.Elder {
		f.Home = "/elder"
	}
	if c.Request.Method != http.MethodGet {
		f.Here = f.Home
	}
	if town, err := d.catalogue.Town(c.Request.Context()); err == nil {
		f.Town = town
	}
	return f
}

// elder tells whether the person chose large type, or opened the elder home page.
func elder(c *gin.Context) bool {
	mode, err := c.Cookie(modeCookie)
	return (err == nil && mode == modeElder) || c.FullPath() == "/elder"
}

// switchMode changes between the usual and the large type, and goes back to where the person was.
func (d *Door) switchMode(c *gin.Context) error {
	var form struct {
		Mode string `form:"mode"`
		Back string `form:"back"`
	}
	if err := web.Bind(c, &form); err != nil {
		return err
	}
	back := web.Local(form.Back, "/", "/")
	if form.Mode == modeElder {
		web.SetCookie(c, modeCookie, modeElder, "/", modeAge, d.secure())
		if back == "/" {
			back = "/elder"
		}
		return web.Redirect(c, back)
	}
	web.SetCookie(c, modeCookie, "", "/", -1, d.secure())
	if back == "/elder" {
		back = "/"
	}
	return web.Redirect(c, back)
}

// funcs are the functions of these templates.
var funcs = template.FuncMap{
	"tel":   tel,
	"phone": phones,
	"query": url.QueryEscape,
	"limit": limit,
	"link":  archiveLink,
	"plus1": func(i int) int { return i + 1 },
	"hours": hours,
	"first": func(s string) string { return string([]rune(s + " ")[:1]) },
}

// tel makes the address that dials a number.
func tel(number string) template.URL {
	return template.URL("tel:" + strings.Map(func(r rune) rune { //nolint:gosec // digits only
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, number))
}

var separators = regexp.MustCompile(`[;；、,，]\s*`)

// phones cuts a field with several numbers.
func phones(text string) []string {
	var list []string
	for _, n := range separators.Split(text, -1) {
		if n = strings.TrimSpace(n); n != "" {
			list = append(list, n)
		}
	}
	return list
}

// hours keeps spans of time in one piece: 14:00—17:30 is not cut at the dash.
func hours(text string) string { return spans.ReplaceAllString(text, "$1\u2060—\u2060$2") }

var spans = regexp.MustCompile(`(\d\d:\d\d)—(\d\d:\d\d)`)

// limit says a time limit in words.
func limit(days int) string {
	if days == 0 {
		return "当场"
	}
	return strconv.Itoa(days) + "个工作日"
}

// archiveLink gives the address when the place of the old articles is one, else nothing.
func archiveLink(place string) string {
	if strings.HasPrefix(place, "https://") || strings.HasPrefix(place, "http://") || strings.HasPrefix(place, "/") {
		return place
	}
	return ""
}
