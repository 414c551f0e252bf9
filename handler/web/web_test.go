package web_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/gin-gonic/gin"

	"guiyi/domain"
	"guiyi/handler/web"
)

var skin = fstest.MapFS{
	"layout.html": {Data: []byte(`{{define "layout"}}<title>{{template "title" .Data}}</title><nav>{{.Frame}}</nav><main>{{template "main" .Data}}</main>{{end}}`)},
	"_parts.html": {Data: []byte(`{{define "count"}}<b>{{number .}}</b>{{end}}`)},
	"town.html":   {Data: []byte(`{{define "title"}}town{{end}}{{define "main"}}<p>{{.}}</p>{{template "count" 28102}}{{end}}`)},
	"error.html": {Data: []byte(`{{define "title"}}{{.Title}}{{end}}{{define "main"}}{{template "refusal" .}}<a href="{{.Back}}">back</a>{{end}}` +
		`{{define "refusal"}}<p class="refusal">{{.Text}} {{.Code}} {{.Reference}}</p>{{end}}`)},
}

type house struct {
	*gin.Engine
	door *web.Door
	log  *bytes.Buffer
}

func newHouse(t *testing.T) house {
	t.Helper()
	assets, err := web.NewAssets()
	if err != nil {
		t.Fatal(err)
	}
	pages, err := web.NewPages(skin, assets, nil)
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	d := &web.Door{
		Pages: pages, Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		NewID: func() string { return "01939a2e-0000-7000-8000-0000deadbeef" },
		Frame: func(*gin.Context) any { return "frame" }, Login: "/desk/login",
	}
	e, err := web.NewEngine()
	if err != nil {
		t.Fatal(err)
	}
	now := time.Unix(1, 0)
	e.Use(web.RequestLog(d.Log, func() time.Time { return now }), d.Recover(), web.Headers(web.Policy{}), web.BodyLimit(64), web.SameOrigin(d))
	assets.Mount(e, d)
	return house{e, d, &log}
}

func (h house) do(method, path, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestAnswerTo(t *testing.T) {
	named := domain.Refuse(domain.ErrConflict, "unmapped_entries", "还有 2 个旧菜单没有写明新入口")
	for name, c := range map[string]struct {
		err    error
		status int
		code   string
		text   string
	}{
		"invalid":                        {domain.ErrInvalid, 422, "invalid", "检查"},
		"unauthenticated":                {domain.ErrUnauthenticated, 401, "unauthenticated", "登录"},
		"forbidden":                      {domain.ErrForbidden, 403, "forbidden", "权限"},
		"not found, wrapped":             {fmt.Errorf("account A9: %w", domain.ErrNotFound), 404, "not_found", "没有找到"},
		"conflict":                       {domain.ErrConflict, 409, "conflict", "刷新"},
		"a named refusal, wrapped twice": {fmt.Errorf("a: %w", fmt.Errorf("b: %w", named)), 409, "unmapped_entries", "还有 2 个"},
		"too many":                       {domain.ErrTooMany, 429, "too_many", "稍后"},
		"unavailable":                    {domain.ErrUnavailable, 503, "unavailable", "稍后"},
		"a platform error goes by its kind": {
			&domain.PlatformError{Account: "A3", Message: "secret detail", Kind: domain.ErrUnavailable}, 503, "unavailable", "稍后",
		},
		"too large":     {&http.MaxBytesError{Limit: 1}, 413, "too_large", "太大"},
		"anything else": {errors.New("pq: secret detail"), 500, "internal", "编号"},
	} {
		t.Run(name, func(t *testing.T) {
			a := web.AnswerTo(c.err)
			if a.Status != c.status || a.Code != c.code || !strings.Contains(a.Text, c.text) {
				t.Errorf("got %d %s %q", a.Status, a.Code, a.Text)
			}
			if strings.Contains(a.Text, "detail") {
				t.Errorf("internals shown: %q", a.Text)
			}
		})
	}
}

func TestFail(t *testing.T) {
	h := newHouse(t)
	fail := func(path string, err error) { h.GET(path, h.door.Do(func(*gin.Context) error { return err })) }
	fail("/fault", errors.New("the database said something"))
	fail("/away", fmt.Errorf("redis: %w", domain.ErrUnavailable))
	fail("/busy", domain.Refuse(domain.ErrTooMany, "x", "慢一点"))
	fail("/who", domain.ErrUnauthenticated)
	fail("/gone", domain.ErrNotFound)
	h.GET("/panic", func(*gin.Context) { panic("boom") })

	t.Run("a fault of ours shows a reference and logs all of it once", func(t *testing.T) {
		h.log.Reset()
		w := h.do("GET", "/fault", "")
		if w.Code != 500 || !strings.Contains(w.Body.String(), "DEADBEEF") || strings.Contains(w.Body.String(), "database") {
			t.Errorf("%d %s", w.Code, w.Body)
		}
		if n := strings.Count(h.log.String(), "the database said something"); n != 1 || !strings.Contains(h.log.String(), "DEADBEEF") {
			t.Errorf("logged %d times:\n%s", n, h.log)
		}
	})
	t.Run("a panic is a fault of ours", func(t *testing.T) {
		h.log.Reset()
		w := h.do("GET", "/panic", "")
		if w.Code != 500 || strings.Contains(w.Body.String(), "boom") || !strings.Contains(h.log.String(), "boom") {
			t.Errorf("%d %s\n%s", w.Code, w.Body, h.log)
		}
	})
	t.Run("a dependency that is away is a warning", func(t *testing.T) {
		h.log.Reset()
		if w := h.do("GET", "/away", ""); w.Code != 503 || w.Header().Get("Retry-After") != "10" || !strings.Contains(h.log.String(), "level=WARN") {
			t.Errorf("%d %v\n%s", w.Code, w.Header(), h.log)
		}
	})
	t.Run("too many says when to come back", func(t *testing.T) {
		if w := h.do("GET", "/busy", ""); w.Code != 429 || w.Header().Get("Retry-After") != "60" {
			t.Errorf("%d %v", w.Code, w.Header())
		}
	})
	t.Run("nobody logged in goes to the login page and comes back", func(t *testing.T) {
		if w := h.do("GET", "/who?a=1", ""); w.Code != 303 || w.Header().Get("Location") != "/desk/login?next=%2Fwho%3Fa%3D1" {
			t.Errorf("%d %v", w.Code, w.Header())
		}
		if w := h.do("GET", "/who", "", "HX-Request", "true"); w.Code != 401 || w.Header().Get("HX-Redirect") != "/desk/login?expired=1" {
			t.Errorf("htmx: %d %v", w.Code, w.Header())
		}
		if w := h.do("GET", "/who", "", "HX-Request", "true", "Referer", "http://example.com/form"); w.Header().Get("HX-Redirect") != "/desk/login?expired=1&next=%2Fform" {
			t.Errorf("in the middle of a form: %d %v", w.Code, w.Header())
		}
	})
	t.Run("htmx gets the refusal alone and where to put it", func(t *testing.T) {
		w := h.do("GET", "/gone", "", "HX-Request", "true")
		if w.Code != 404 || w.Header().Get("HX-Retarget") != "#refusal" || strings.Contains(w.Body.String(), "<main>") {
			t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
		}
	})
	t.Run("the way back stays on this site", func(t *testing.T) {
		w := h.do("GET", "/gone", "", "Referer", "http://example.com/list?x=1")
		if !strings.Contains(w.Body.String(), `href="/list?x=1"`) {
			t.Error(w.Body)
		}
		w = h.do("GET", "/gone", "", "Referer", "https://elsewhere.test/trap")
		if strings.Contains(w.Body.String(), "trap") {
			t.Error(w.Body)
		}
	})
}

func TestDoor_page_and_fragment_are_the_same_block(t *testing.T) {
	h := newHouse(t)
	h.GET("/town", h.door.Do(func(c *gin.Context) error { return h.door.Show(c, 200, "town", "main", "<汀兰>") }))
	whole, part := h.do("GET", "/town", ""), h.do("GET", "/town", "", "HX-Request", "true")
	want := "<p>&lt;汀兰&gt;</p><b>28,102</b>"
	if part.Body.String() != want {
		t.Errorf("fragment %q", part.Body)
	}
	if !strings.Contains(whole.Body.String(), "<nav>frame</nav><main>"+want+"</main>") {
		t.Errorf("page %q", whole.Body)
	}
	if b := h.do("GET", "/town", "", "HX-Request", "true", "HX-Boosted", "true").Body.String(); !strings.Contains(b, "<main>") {
		t.Errorf("a boosted link needs the whole page, got %q", b)
	}
}

func TestGuards(t *testing.T) {
	h := newHouse(t)
	var form struct {
		Name string `form:"name"`
	}
	h.POST("/change", h.door.Do(func(c *gin.Context) error {
		if err := web.Bind(c, &form); err != nil {
			return err
		}
		return web.Redirect(c, "/done")
	}))
	t.Run("a form of our own page passes, trimmed", func(t *testing.T) {
		w := h.do("POST", "/change", "name=+chen+", "Sec-Fetch-Site", "same-origin")
		if w.Code != 303 || form.Name != "chen" {
			t.Errorf("%d %q", w.Code, form.Name)
		}
	})
	t.Run("another site's form is refused", func(t *testing.T) {
		for _, headers := range [][]string{{"Sec-Fetch-Site", "cross-site"}, {"Origin", "https://elsewhere.test"}} {
			if w := h.do("POST", "/change", "name=x", headers...); w.Code != 403 {
				t.Errorf("%v: %d", headers, w.Code)
			}
		}
	})
	t.Run("a body over the limit is refused", func(t *testing.T) {
		if w := h.do("POST", "/change", "name="+strings.Repeat("x", 100)); w.Code != 413 {
			t.Errorf("%d", w.Code)
		}
	})
	t.Run("a body that is no form is refused", func(t *testing.T) {
		if w := h.do("POST", "/change", "name=%zz"); w.Code != 422 {
			t.Errorf("%d", w.Code)
		}
	})
	t.Run("nothing inline may run", func(t *testing.T) {
		csp := h.do("GET", "/none", "").Header().Get("Content-Security-Policy")
		if !strings.Contains(csp, "default-src 'none'") || !strings.Contains(csp, "frame-ancestors 'none'") || strings.Contains(csp, "unsafe") {
			t.Error(csp)
		}
	})
	t.Run("the log holds no address as typed", func(t *testing.T) {
		h.log.Reset()
		h.do("GET", "/person/oABCDEF?phone=13800000000", "")
		if s := h.log.String(); strings.Contains(s, "oABCDEF") || strings.Contains(s, "138") || !strings.Contains(s, "status=404") {
			t.Error(s)
		}
	})
}

func TestAssets(t *testing.T) {
	h := newHouse(t)
	assets, err := web.NewAssets()
	if err != nil {
		t.Fatal(err)
	}
	path, err := assets.Path("vendor/tabler-1.6.1.min.css")
	if err != nil {
		t.Fatal(err)
	}
	plain := h.do("GET", path, "")
	zipped := h.do("GET", path, "", "Accept-Encoding", "gzip, br")
	t.Run("may be kept for ever", func(t *testing.T) {
		if cc := plain.Header().Get("Cache-Control"); !strings.Contains(cc, "immutable") || !strings.HasPrefix(plain.Header().Get("Content-Type"), "text/css") {
			t.Error(plain.Header())
		}
	})
	t.Run("zipped is the same", func(t *testing.T) {
		r, err := gzip.NewReader(zipped.Body)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(r)
		if err != nil || !bytes.Equal(body, plain.Body.Bytes()) {
			t.Errorf("%d bytes against %d, %v", len(body), plain.Body.Len(), err)
		}
	})
	t.Run("an old address is not found", func(t *testing.T) {
		if w := h.do("GET", "/static/vendor/tabler-1.6.1.min.000000000000.css", ""); w.Code != 404 {
			t.Error(w.Code)
		}
	})
	t.Run("a file that is not there is a fault of the template", func(t *testing.T) {
		if _, err := assets.Path("none.css"); err == nil {
			t.Error("accepted")
		}
	})
}

func TestNewPages_faults_show_at_start(t *testing.T) {
	assets, err := web.NewAssets()
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(fstest.MapFS){
		"a page that does not parse":    func(m fstest.MapFS) { m["town.html"] = &fstest.MapFile{Data: []byte("{{if}}")} },
		"a page without a main block":   func(m fstest.MapFS) { m["town.html"] = &fstest.MapFile{Data: []byte(`{{define "title"}}{{end}}`)} },
		"no error page":                 func(m fstest.MapFS) { delete(m, "error.html") },
		"a function that is not there":  func(m fstest.MapFS) { m["_parts.html"] = &fstest.MapFile{Data: []byte("{{nosuch 1}}")} },
		"an error page without refusal": func(m fstest.MapFS) { m["error.html"] = m["town.html"] },
	} {
		t.Run(name, func(t *testing.T) {
			broken := fstest.MapFS{}
			maps.Copy(broken, skin)
			change(broken)
			if _, err := web.NewPages(broken, assets, nil); err == nil {
				t.Error("accepted")
			}
		})
	}
}

func TestLocal(t *testing.T) {
	for next, want := range map[string]string{
		"/desk/accounts/A3?x=1": "/desk/accounts/A3?x=1", "/desk": "/desk", "": "/desk", "/": "/desk", "//evil.test/desk": "/desk",
		"https://evil.test/desk": "/desk", "/desk/../x": "/desk", "/desktop": "/desk", `/desk\evil`: "/desk", "/desk/%zz": "/desk",
	} {
		if got := web.Local(next, "/desk", "/desk"); got != want {
			t.Errorf("%q leads to %q", next, got)
		}
	}
}

func TestFormats(t *testing.T) {
	for n, want := range map[int]string{0: "0", 7: "7", 999: "999", 1000: "1,000", 28102: "28,102", 1000000: "1,000,000", -1234: "-1,234"} {
		if got := web.Number(n); got != want {
			t.Errorf("%d shown as %s", n, got)
		}
	}
	for _, c := range []struct {
		part, whole int
		want        string
	}{{0, 0, "0%"}, {0, 5, "0%"}, {5, 5, "100%"}, {99999, 100000, "99.9%"}, {1, 100000, "0.1%"}, {1, 2, "50%"}, {1, 3, "33.3%"}} {
		if got := web.Percent(c.part, c.whole); got != c.want {
			t.Errorf("%d of %d shown as %s", c.part, c.whole, got)
		}
	}
}
