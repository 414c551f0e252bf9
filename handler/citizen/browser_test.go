package citizen_test

import (
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/go-rod/rod"
	"github.com/go-rod/rod/lib/launcher"
	"github.com/go-rod/rod/lib/proto"
)

// browser starts Chromium, or leaves the test out where there is none.
func browser(t *testing.T) *rod.Browser {
	t.Helper()
	path := os.Getenv("TEST_CHROMIUM")
	if path == "" {
		if os.Getenv("GUIYI_TEST_REQUIRE_ALL") != "" {
			t.Fatal("TEST_CHROMIUM is not set, and GUIYI_TEST_REQUIRE_ALL demands a browser")
		}
		t.Skip("TEST_CHROMIUM is not set: no page was looked at")
	}
	l := launcher.New().Bin(path).Headless(true).NoSandbox(true).UserDataDir(t.TempDir()).
		Set("disable-gpu").Set("disable-quic").Set("no-first-run").Set("disable-background-networking").
		Set("disable-component-update").Set("disable-sync").Set("hide-scrollbars")
	address, err := l.Launch()
	if err != nil {
		t.Fatal(err)
	}
	b := rod.New().ControlURL(address).Timeout(2 * time.Minute)
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

// look judges a page by what the browser made of it and lists what is wrong: text or fields beyond the edge, things to touch that
// are too small, text too small for the large-type look, too little contrast.
const look = `(touch, least) => {
  const faults = [], width = document.documentElement.clientWidth;
  const name = e => e.tagName.toLowerCase() + '.' + e.className + ' "' + e.textContent.trim().slice(0, 16) + '"';
  const shown = e => { const r = e.getBoundingClientRect(); return r.width > 1 && r.height > 1 && r.bottom > 0; };
  const rgba = s => { const n = s.match(/[\d.]+/g).map(Number); return n.length < 4 ? [...n, 1] : n; };
  const over = (top, below) => [0, 1, 2].map(i => top[i] * top[3] + below[i] * (1 - top[3])).concat(1);
  const ground = e => {
    const layers = [];
    for (; e; e = e.parentElement) { const c = rgba(getComputedStyle(e).backgroundColor); layers.push(c); if (c[3] === 1) break; }
    return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255, 1]);
  };
  const light = c => { const [r, g, b] = c.map(v => { v /= 255; return v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; }); return .2126 * r + .7152 * g + .0722 * b; };
  const contrast = (a, b) => { const [hi, lo] = [light(a), light(b)].sort((x, y) => y - x); return (hi + .05) / (lo + .05); };
  if (document.documentElement.scrollWidth > width) faults.push('the page is ' + document.documentElement.scrollWidth + ' px wide');
  for (const e of document.querySelectorAll('body *')) {
    const text = [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
    if (!shown(e) || e.closest('.sr, .skip') || (!text && e.tagName !== 'INPUT')) continue;
    const box = e.getBoundingClientRect(), style = getComputedStyle(e), size = parseFloat(style.fontSize);
    if (box.right > width + 1 || box.left < -1) faults.push('beyond the edge: ' + name(e));
    if (size < least && !e.closest('.tag, .code, .steps, .papers__shared')) faults.push(size + ' px text: ' + name(e));
    const ratio = contrast(over(rgba(style.color), ground(e)), ground(e));
    if (ratio < 4.5) faults.push('contrast ' + ratio.toFixed(2) + ': ' + name(e));
  }
  for (const e of document.querySelectorAll('a:not(.skip), button, input:not([type=hidden]), summary')) {
    const box = e.getBoundingClientRect();
    if (shown(e) && (box.height < touch - .5 || box.width < 44 - .5)) faults.push(Math.round(box.width) + '×' + Math.round(box.height) + ' to touch: ' + name(e));
  }
  return [...new Set(faults)].slice(0, 12).join('\n');
}`

func TestLook(t *testing.T) {
	b := browser(t)
	server := httptest.NewServer(open(t, true))
	defer server.Close()
	for name, c := range map[string]struct {
		scheme, cookie, size string
		touch, least         float64
		width, every         int // every fourth page is enough where little differs from page to page
	}{
		"phone":              {"light", "normal", "100%", 44, 15, 360, 1},
		"phone, dark, elder": {"dark", "elder", "137.5%", 60, 18, 360, 1},
		"phone, text twice":  {"light", "normal", "200%", 44, 30, 360, 2},
		"desk, dark":         {"dark", "normal", "100%", 44, 15, 1280, 4},
		"desk, light, elder": {"light", "elder", "137.5%", 60, 18, 1280, 4},
	} {
		t.Run(name, func(t *testing.T) {
			page := b.MustPage("")
			defer page.MustClose()
			page.MustSetViewport(c.width, 740, 1, c.width < 600)
			media := proto.EmulationSetEmulatedMedia{Features: []*proto.EmulationMediaFeature{{Name: "prefers-color-scheme", Value: c.scheme}}}
			if err := media.Call(page); err != nil {
				t.Fatal(err)
			}
			for i, path := range everyPage {
				if i%c.every > 0 {
					continue
				}
				page.MustSetCookies(&proto.NetworkCookieParam{Name: "guiyi_mode", Value: c.cookie, URL: server.URL})
				page.MustNavigate(server.URL + path).MustWaitLoad()
				if path == "/elder" && c.cookie != "elder" {
					continue // always in large type
				}
				page.MustEval(`size => { document.documentElement.style.fontSize = size }`, c.size)
				if faults := page.MustEval(look, c.touch, c.least).Str(); faults != "" {
					t.Errorf("%s\n    %s", path, strings.ReplaceAll(faults, "\n", "\n    "))
				}
			}
		})
	}
}
