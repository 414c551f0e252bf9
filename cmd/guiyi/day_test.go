package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
)

// visitor is a person with a browser without scripts, in front of a running demo.
type visitor struct {
	t      *testing.T
	base   string
	client *http.Client
}

// startDemo runs guiyi demo on a port of the system's choice and returns when it has printed its addresses.
func startDemo(t *testing.T, dataDir string) *visitor {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	out, in := io.Pipe()
	ended := make(chan int, 1)
	go func() {
		code := run(ctx, wired(), process{
			args: []string{"demo", "--port", "0"}, environ: []string{"GUIYI_DATA_DIR=" + dataDir, "GUIYI_LOG_LEVEL=warn"},
			in: strings.NewReader(""), out: in, err: os.Stderr,
		})
		_ = in.Close()
		ended <- code
	}()
	t.Cleanup(func() {
		stop()
		select {
		case code := <-ended:
			if code != exitOK {
				t.Errorf("the demo ended with %d", code)
			}
		case <-time.After(90 * time.Second):
			t.Error("the demo did not end")
		}
	})
	lines := bufio.NewScanner(out)
	var printed []string
	for lines.Scan() {
		printed = append(printed, lines.Text())
		if _, address, ok := strings.Cut(lines.Text(), "居民网页 H5"); ok {
			go func() { _, _ = io.Copy(io.Discard, out) }()
			jar, err := cookiejar.New(nil)
			if err != nil {
				t.Fatal(err)
			}
			return &visitor{t, strings.TrimSuffix(strings.TrimSpace(address), "/"), &http.Client{Jar: jar, Timeout: 90 * time.Second}}
		}
	}
	t.Fatalf("the demo did not say where it is: %s", strings.Join(printed, "\n"))
	return nil
}

func (v *visitor) do(method, path, contentType string, body io.Reader) (*http.Response, []byte) {
	v.t.Helper()
	req, err := http.NewRequestWithContext(v.t.Context(), method, v.base+path, body)
	if err != nil {
		v.t.Fatal(err)
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	resp, err := v.client.Do(req)
	if err != nil {
		v.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	content, err := io.ReadAll(resp.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	return resp, content
}

// see opens a page and fails unless it is there.
func (v *visitor) see(path string) *goquery.Document {
	v.t.Helper()
	resp, content := v.do(http.MethodGet, path, "", nil)
	if resp.StatusCode != http.StatusOK {
		v.t.Fatalf("%s: %s", path, resp.Status)
	}
	page, err := goquery.NewDocumentFromReader(bytes.NewReader(content))
	if err != nil {
		v.t.Fatal(err)
	}
	return page
}

// fill fills in the form of the page that goes to an address ending so, and sends it.
func (v *visitor) fill(page *goquery.Document, ending string, values url.Values) {
	v.t.Helper()
	form := page.Find(`form[method=post]`).FilterFunction(func(_ int, f *goquery.Selection) bool {
		return strings.HasSuffix(f.AttrOr("action", ""), ending)
	}).First()
	if form.Length() == 0 {
		v.t.Fatalf("no form for %s on “%s”: %s", ending, page.Find("h1").Text(), strings.Join(strings.Fields(page.Find("main").Text()), " "))
	}
	sent := url.Values{}
	form.Find("input[name]").Each(func(_ int, f *goquery.Selection) { sent.Set(f.AttrOr("name", ""), f.AttrOr("value", "")) })
	for name := range values {
		if form.Find("[name="+name+"]").Length() == 0 {
			v.t.Fatalf("the form for %s has no field %s", ending, name)
		}
		sent.Set(name, values.Get(name))
	}
	resp, content := v.do(http.MethodPost, form.AttrOr("action", ""), "application/x-www-form-urlencoded", strings.NewReader(sent.Encode()))
	if resp.StatusCode != http.StatusOK {
		v.t.Fatalf("%s: %s %s", ending, resp.Status, content)
	}
}

// tell drives the simulator's control interface.
func (v *visitor) tell(method, path string, body, answer any) {
	v.t.Helper()
	var sent io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			v.t.Fatal(err)
		}
		sent = bytes.NewReader(b)
	}
	resp, content := v.do(method, path, "application/json", sent)
	if resp.StatusCode != http.StatusOK {
		v.t.Fatalf("%s %s: %s %s", method, path, resp.Status, content)
	}
	if answer != nil {
		decode(v.t, content, answer)
	}
}

func (v *visitor) login(name string) {
	v.t.Helper()
	v.fill(v.see("/desk/login"), "/desk/login", url.Values{"login": {name}, "password": {demoPassword}})
	if v.see("/desk").Find("form[action='/desk/logout']").Length() == 0 {
		v.t.Fatalf("%s is not logged in", name)
	}
}

// move approves and starts the migration of an old account at the desk and waits until its bar is full.
func (v *visitor) move(key string) {
	v.t.Helper()
	page := "/desk/migrations/" + key
	v.fill(v.see(page), "/approve", url.Values{"document_no": {"汀政函〔2026〕8号"}, "approved_by": {"林审核"}})
	v.fill(v.see(page), "/start", nil)
	deadline := time.After(4 * time.Minute)
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for v.see(page).Find(".desk-percent-big").First().Text() != "100%" {
		select {
		case <-deadline:
			v.t.Fatalf("not done: %s", strings.Join(strings.Fields(v.see(page).Find("main").Text()), " "))
		case <-tick.C:
		}
	}
}

type chats struct {
	Chats []struct {
		Account string
		Entries []struct {
			Kind    string
			Content struct {
				Text     string
				Articles []struct{ Title, URL string }
			}
		}
	}
}

func (c chats) last(account string) (kind, text, title string) {
	for _, chat := range c.Chats {
		if chat.Account != account || len(chat.Entries) == 0 {
			continue
		}
		e := chat.Entries[len(chat.Entries)-1]
		if len(e.Content.Articles) > 0 {
			title = e.Content.Articles[0].Title
		}
		return e.Kind, e.Content.Text, title
	}
	return "", "", ""
}

// A day in the life: the desk closes the hospital's account, every phone is looked at, and a resident uses the new account.
func TestDemo_day_in_the_life(t *testing.T) {
	v := startDemo(t, t.TempDir())
	v.login("demo")
	v.move("A3")

	t.Run("each reachable follower got exactly one announcement, nobody else any", func(t *testing.T) {
		checkEveryoneOnce(t, v.base, "A3")
		for _, other := range []string{"A1", "A2", "A4", "town"} {
			checkSilence(t, v.base, other)
		}
	})

	var people struct{ People []struct{ Key, Name string } }
	v.tell(http.MethodGet, "/_sim/people?account=A3&limit=1", nil, &people)
	resident := "/_sim/people/" + people.People[0].Key

	t.Run("the announcement can be read", func(t *testing.T) {
		var c chats
		v.tell(http.MethodGet, resident+"/chats", nil, &c)
		if kind, _, title := c.last("A3"); kind != "mass" || title != "关于“汀兰卫生院”整合到“汀兰服务”的公告" {
			t.Errorf("the phone shows %s “%s”", kind, title)
		}
	})
	t.Run("a touch of the old account is answered with the redirect", func(t *testing.T) {
		v.tell(http.MethodPost, resident+"/write", map[string]string{"account": "A3", "text": "还能约吗"}, nil)
		v.tell(http.MethodPost, "/_sim/settle", map[string]int{"seconds": 10}, nil)
		var c chats
		v.tell(http.MethodGet, resident+"/chats", nil, &c)
		if kind, text, _ := c.last("A3"); kind != "reply" || !strings.Contains(text, v.base+"/moved/A3") {
			t.Errorf("%s: %s", kind, text)
		}
	})
	t.Run("the new account's menu leads to a guide", func(t *testing.T) {
		v.tell(http.MethodPost, resident+"/follow", map[string]string{"account": "town"}, nil)
		var tapped struct{ Did, URL string }
		v.tell(http.MethodPost, resident+"/tap", map[string]string{"account": "town", "button": "0.1"}, &tapped)
		path, ok := strings.CutPrefix(tapped.URL, v.base)
		if tapped.Did != "view" || !ok {
			t.Fatalf("the tap did %s %s", tapped.Did, tapped.URL)
		}
		guide := v.see(path).Find("a[href^='/services/S']").First().AttrOr("href", "")
		if title := v.see(guide).Find("h1").Text(); title == "" {
			t.Errorf("%s has no heading", guide)
		}
	})
	t.Run("a tap that asks is answered", func(t *testing.T) {
		v.tell(http.MethodPost, resident+"/tap", map[string]string{"account": "town", "button": "2.4"}, nil)
		v.tell(http.MethodPost, "/_sim/settle", map[string]int{"seconds": 10}, nil)
		var c chats
		v.tell(http.MethodGet, resident+"/chats", nil, &c)
		if kind, text, title := c.last("town"); kind != "reply" || !strings.Contains(text+title, "汀兰卫生院") {
			t.Errorf("%s: %s %s", kind, text, title)
		}
	})
	t.Run("the page of the old account can be read", func(t *testing.T) {
		if got := v.see("/moved/A3").Find("main").Text(); !strings.Contains(got, "儿童接种") || !strings.Contains(got, "转账") {
			t.Errorf("it says: %s", strings.Join(strings.Fields(got), " "))
		}
	})
	t.Run("the subscription account goes the same way", func(t *testing.T) {
		v.move("A2")
		checkEveryoneOnce(t, v.base, "A2")
		checkSilence(t, v.base, "A1")
	})
	t.Run("it is healthy", func(t *testing.T) {
		if resp, content := v.do(http.MethodGet, "/health", "", nil); resp.StatusCode != http.StatusOK {
			t.Errorf("%s: %s", resp.Status, content)
		}
	})
}

// What one demo did is there at the next start.
func TestDemo_kept_between_starts(t *testing.T) {
	dir := t.TempDir()
	t.Run("first", func(t *testing.T) {
		v := startDemo(t, dir)
		v.login("demo")
		v.move("A2")
	})
	t.Run("second", func(t *testing.T) {
		v := startDemo(t, dir)
		v.login("demo")
		if got := v.see("/desk/migrations/A2").Find(".desk-percent-big").Text(); got != "100%" {
			t.Errorf("the board says %q", got)
		}
		checkEveryoneOnce(t, v.base, "A2")
	})
}
