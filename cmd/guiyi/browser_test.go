package main

import (
	"fmt"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-rod/rod"
	"github.com/go-rod/rod/lib/input"
	"github.com/go-rod/rod/lib/launcher"
	"github.com/go-rod/rod/lib/proto"
)

// browser starts Chromium, or leaves the test out where there is none.
func browser(t *testing.T) *rod.Browser {
	t.Helper()
	program := os.Getenv("TEST_CHROMIUM")
	if program == "" {
		if os.Getenv("GUIYI_TEST_REQUIRE_ALL") != "" {
			t.Fatal("TEST_CHROMIUM is not set, and GUIYI_TEST_REQUIRE_ALL demands a browser")
		}
		t.Skip("TEST_CHROMIUM is not set: no page was looked at")
	}
	l := launcher.New().Bin(program).Headless(true).NoSandbox(true).UserDataDir(t.TempDir()).
		Set("disable-gpu").Set("disable-quic").Set("no-first-run").Set("disable-background-networking").
		Set("disable-component-update").Set("disable-sync").Set("hide-scrollbars")
	address, err := l.Launch()
	if err != nil {
		t.Fatal(err)
	}
	b := rod.New().ControlURL(address).Timeout(12 * time.Minute)
	if err := b.Connect(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
		l.Cleanup()
	})
	return b
}

// eyes are somebody in front of a window of a real browser.
type eyes struct {
	*rod.Page
	t    *testing.T
	base string
}

// enough is the deadline of one walk; what is waited for comes within seconds.
const enough = 3 * time.Minute

// open opens a window whose every error and warning fails the test: scripts, missing files, violated policies.
func (v *visitor) open(t *testing.T, b *rod.Browser, width, height int, scale float64) eyes {
	t.Helper()
	page, err := b.Page(proto.TargetCreateTarget{URL: "about:blank"})
	if err != nil {
		t.Fatal(err)
	}
	page = page.Timeout(enough).WithPanic(func(fault any) {
		t.Helper()
		t.Fatalf("%v", fault)
	})
	page.MustSetViewport(width, height, scale, width < 600)
	const end = "the window is closed"
	var faults []string
	note := func(kind, text string) { faults = append(faults, kind+": "+text) }
	heard := page.EachEvent(
		func(e *proto.LogEntryAdded) {
			if e.Entry.Level == proto.LogLogEntryLevelError || e.Entry.Level == proto.LogLogEntryLevelWarning {
				note(string(e.Entry.Source), e.Entry.Text+" "+e.Entry.URL)
			}
		},
		func(e *proto.RuntimeExceptionThrown) {
			note("exception", (&rod.EvalError{RuntimeExceptionDetails: e.ExceptionDetails}).Error())
		},
		func(e *proto.RuntimeConsoleAPICalled) bool {
			said := fmt.Sprint(page.MustObjectsToJSON(e.Args))
			if strings.Contains(said, end) {
				return true
			}
			if e.Type == proto.RuntimeConsoleAPICalledTypeError || e.Type == proto.RuntimeConsoleAPICalledTypeWarning {
				note("console", said)
			}
			return false
		},
	)
	t.Cleanup(func() {
		if t.Failed() {
			eyes{page.Context(b.GetContext()), t, v.base}.picture("failed-"+path.Base(t.Name()), "")
		} else { // the last word proves that everything before it was heard
			page.MustEval(`text => console.error(text)`, end)
			heard()
		}
		if len(faults) > 0 {
			t.Errorf("the browser complains:\n%s", strings.Join(faults, "\n"))
		}
		_ = page.Close()
	})
	return eyes{page, t, v.base}
}

func (e eyes) visit(address string) { e.MustNavigate(e.base + address).MustWaitLoad() }

// press clicks the first thing of a kind that says so, when it is there.
func (e eyes) press(kind, says string) { e.MustElementR(kind, says).MustWaitInteractable().MustClick() }

// follow clicks and waits for the page that comes.
func (e eyes) follow(kind, says string) {
	wait := e.MustWaitNavigation()
	e.press(kind, says)
	wait()
}

// until waits for a condition, looking at every frame the browser draws.
func (e eyes) until(condition string, args ...any) { e.MustWait(condition, args...) }

// fits fails if the page is wider than its window.
func (e eyes) fits() {
	e.t.Helper()
	if over := e.MustEval(`() => document.documentElement.scrollWidth - document.documentElement.clientWidth`).Int(); over > 0 {
		e.t.Errorf("%s is %d px wider than the window", e.MustInfo().URL, over)
	}
}

// picture keeps what the window shows, where GUIYI_PICTURES names a folder; with a selector, from there.
func (e eyes) picture(name, selector string) {
	e.t.Helper()
	folder := os.Getenv("GUIYI_PICTURES")
	if folder == "" {
		return
	}
	shot := &proto.PageCaptureScreenshot{Format: proto.PageCaptureScreenshotFormatPng}
	if selector != "" {
		box := e.MustElement(selector).MustShape().Box()
		shot.Clip = &proto.PageViewport{X: box.X, Y: box.Y, Width: box.Width, Height: box.Height, Scale: 1}
	}
	e.MustEval(`() => document.fonts.ready`)
	seen, err := e.Screenshot(false, shot)
	if err != nil {
		e.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, name+".png"), seen, 0o600); err != nil {
		e.t.Fatal(err)
	}
}

// resident is somebody who follows the old account that is about to move.
type resident struct{ key, name, account, accountName string }

// chat takes the resident's phone and opens a chat, following the account if need be.
func (e eyes) chat(r resident, account string) {
	e.visit("/_sim/")
	e.press(".person-main", r.name)
	e.press(".tab", "公众号")
	e.MustElementR(".row-flat", account).MustElement("button").MustWaitInteractable().MustClick()
	e.until(`name => document.querySelector('.bar h2').textContent === name`, account)
}

// web waits until the phone shows a page inside itself.
func (e eyes) web(address string) *rod.Page {
	frame := e.MustElement("iframe.web").MustFrame().Timeout(enough)
	frame.MustWait(`path => location.pathname.startsWith(path) && document.readyState === 'complete'`, address)
	return frame
}

// inside waits until the page in the phone is at an address and complete, and asks it something. It goes through the outer window,
// of the same origin here: a handle on the inner page would be stale after each step in it.
func (e eyes) inside(address, question string) string {
	e.until(`path => {
		const w = document.querySelector('iframe.web')?.contentWindow
		return !!w && w.location.pathname.startsWith(path) && w.document.readyState === 'complete'
	}`, address)
	return e.MustEval(`question => new Function('document', 'return ' + question)(document.querySelector('iframe.web').contentDocument)`, question).Str()
}

// What a visitor of the demo does with the phones and the desk, in a real browser, on a phone and on a large screen.
func TestDemo_in_a_browser(t *testing.T) {
	b := browser(t)
	v := startDemo(t, t.TempDir())
	for _, c := range []struct {
		name          string
		width, height int
		resident      resident
		moves         string // the page on which the bar is watched
		percent       string // where that page says how far it is
	}{
		{
			"large screen", 1280, 860,
			resident{"xiaoyu", "陈小雨", "A3", "汀兰卫生院"},
			"/desk/migrations/A3", ".desk-percent-big",
		},
		{
			"phone", 360, 740,
			resident{"guixiang", "王桂香", "A2", "平安汀兰"},
			"/desk/migrations", "#row-A2 .desk-percent",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			shot := func(e eyes, name string) { e.fits(); e.picture(fmt.Sprintf("%d-%s", c.width, name), "") }
			t.Run("the menu leads to a guide inside the phone", func(t *testing.T) {
				e := v.open(t, b, c.width, c.height, 1)
				e.chat(c.resident, "汀兰服务")
				e.press(".menu-cell > button", "我要办")
				shot(e, "menu")
				e.press(".popup button", "办事指南")
				link := e.inside("/services", `(a => { a.click(); return a.getAttribute('href') })(document.querySelector("a[href^='/services/S']"))`)
				if title := e.inside(link, `document.querySelector('h1').textContent`); title == "" {
					t.Error("the guide has no title")
				}
				shot(e, "guide")
			})
			t.Run("the bar moves by itself until everybody is told", func(t *testing.T) {
				e := v.open(t, b, c.width, c.height, 1)
				e.loginAtDesk()
				e.visit("/desk/migrations/" + c.resident.account)
				shot(e, "draft")
				e.MustElement("#document_no").MustInput("汀政函〔2026〕8号")
				e.MustElement("#approved_by").MustInput("林审核")
				e.follow("button", "^登记批准$")
				shot(e, "approved")
				e.follow("form[action$='/start'] button", "开始告知")
				if e.MustEval(`() => location.pathname`).Str() != c.moves {
					e.follow(".desk-crumb a", "账号整合")
				}
				e.MustEval(`() => { window.sameWindow = true }`)
				shot(e, "running")
				e.until(`where => document.querySelector(where)?.textContent === '100%' && !document.querySelector('[hx-trigger]')`, c.percent)
				if !e.MustEval(`() => window.sameWindow === true`).Bool() {
					t.Error("the page was loaded anew, not moved by htmx")
				}
				shot(e, "done")
			})
			t.Run("the announcement is on the phone and can be read there", func(t *testing.T) {
				waitForJobs(t, v.base, c.resident.account)
				e := v.open(t, b, c.width, c.height, 1)
				e.chat(c.resident, c.resident.accountName)
				shot(e, "announced")
				e.MustElementR(".news a", "公告").MustFocus()
				e.Keyboard.MustType(input.Enter)
				article := e.web("/s/")
				if got := article.MustElement("body").MustText(); !strings.Contains(got, "汀兰服务") {
					t.Errorf("the article says: %s", got)
				}
				shot(e, "article")
			})
		})
	}
	if os.Getenv("GUIYI_PICTURES") != "" {
		t.Run("pictures", func(t *testing.T) { picturesOf(t, v, b) })
	}
}

func (e eyes) loginAtDesk() {
	e.visit("/desk/login")
	e.MustElement("#login").MustInput("demo")
	e.MustElement("#password").MustInput(demoPassword)
	e.follow("button", "^登录$")
}

// picturesOf makes the pictures of the README: docs/images/phone.png and board.png.
func picturesOf(t *testing.T, v *visitor, b *rod.Browser) {
	const wide, phones = 1280, 830
	v.tell(http.MethodPost, "/_sim/people/xiaoyu/write", map[string]string{"account": "A3", "text": "还能约儿童接种吗"}, nil)
	v.tell(http.MethodPost, "/_sim/settle", map[string]int{"seconds": 10}, nil)
	e := v.open(t, b, 300+phones, 800, float64(wide)/phones)
	e.visit("/_sim/?p=xiaoyu/A3&p=sunwei/town")
	e.until(`() => document.querySelectorAll('.menu-cell').length >= 4`)
	e.MustElementR(".device:last-child .menu-cell > button", "我要办").MustClick()
	e.MustElementR(".device:last-child .popup button", "办事指南").MustClick()
	e.web("/services")
	e.MustEval(`() => { document.body.style.background = '#e9f0ec' }`) // a gradient makes the file twice as large
	e.picture("phone", ".stage")
	d := v.open(t, b, wide*2/3, 616, 1.5)
	d.loginAtDesk()
	d.visit("/desk/migrations/A3")
	d.picture("board", "")
}
