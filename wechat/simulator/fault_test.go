package simulator

import (
	"bytes"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

func (w *town) fault(f map[string]any) reply {
	w.t.Helper()
	_, data := w.raw(http.MethodPost, "/_sim/faults", nil, f)
	return decoded(w.t, data)
}

func TestFaults(t *testing.T) {
	const path = "/cgi-bin/menu/delete"
	for name, try := range map[string]struct {
		fault   map[string]any
		status  int // 0: no answer at all
		code    int
		effect  bool // the menu is gone
		content string
	}{
		"errcode":              {map[string]any{"kind": "errcode", "code": 45009}, 200, 45009, false, "reach max api daily quota limit rid: "},
		"errcode_own_text":     {map[string]any{"kind": "errcode", "code": -1, "text": "system busy"}, 200, -1, false, "system busy rid: "},
		"delay":                {map[string]any{"kind": "delay", "delay_ms": 1}, 200, 0, true, `"errcode":0`},
		"delay_after":          {map[string]any{"kind": "delay", "delay_ms": 1, "after": true}, 200, 0, true, `"errcode":0`},
		"reset":                {map[string]any{"kind": "reset"}, 0, 0, false, ""},
		"reset_after":          {map[string]any{"kind": "reset", "after": true}, 0, 0, true, ""},
		"timeout":              {map[string]any{"kind": "timeout"}, 0, 0, false, ""},
		"timeout_after":        {map[string]any{"kind": "timeout", "after": true}, 0, 0, true, ""},
		"html_from_a_proxy":    {map[string]any{"kind": "status", "status": 502, "body": "<h1>Bad Gateway</h1>"}, 502, 0, false, "<h1>"},
		"html_after_effect":    {map[string]any{"kind": "status", "status": 504, "body": "<h1>", "after": true}, 504, 0, true, "<h1>"},
		"of_another_account":   {map[string]any{"kind": "reset", "account": "party"}, 200, 0, true, `"errcode":0`},
		"of_this_account":      {map[string]any{"kind": "errcode", "code": 48001, "account": "clinic"}, 200, 48001, false, "api "},
		"of_every_path":        {map[string]any{"kind": "errcode", "code": 40001, "path": "*", "account": "clinic"}, 200, 40001, false, "invalid credential"},
		"of_a_share_of_nought": {map[string]any{"kind": "reset", "share": 0.0000001}, 200, 0, true, `"errcode":0`},
	} {
		t.Run(name, func(t *testing.T) {
			w := newTown(t, func(o *Options) { o.Settings.HangLimit = 20 * time.Millisecond })
			query := w.token("clinic")
			f := map[string]any{"path": path, "times": 1}
			maps.Copy(f, try.fault)
			if out := w.fault(f); out["error"] != nil {
				t.Fatal(out["error"])
			}
			status, data := w.attempt(path, query)
			if status != try.status || !bytes.Contains(data, []byte(try.content)) {
				t.Errorf("HTTP %d %s", status, data)
			}
			if status == 200 {
				if code := decoded(t, data).code(); code != try.code {
					t.Errorf("errcode %d, want %d", code, try.code)
				}
			}
			w.do(func() {
				if gone := w.byKey["clinic"].menu.current == nil; gone != try.effect {
					t.Errorf("took effect: %t, want %t", gone, try.effect)
				}
			})
			if status, data = w.attempt(path, query); status != 200 || decoded(t, data).code() != 0 {
				t.Errorf("the call after a fault of one time: HTTP %d %s", status, data)
			}
		})
	}
}

// attempt is a call that may go without an answer: status 0.
func (w *town) attempt(path string, query url.Values) (int, []byte) {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, w.server.URL+path+"?"+query.Encode(), http.NoBody)
	if err != nil {
		w.t.Fatal(err)
	}
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
	if err != nil {
		return 0, nil
	}
	defer resp.Body.Close()
	var buf bytes.Buffer
	_, _ = buf.ReadFrom(resp.Body)
	return resp.StatusCode, buf.Bytes()
}

func TestFaultsByShareAndTimes(t *testing.T) {
	w := newTown(t)
	query := w.token("clinic")
	w.fault(map[string]any{"path": "/cgi-bin/menu/get", "kind": "errcode", "code": -1, "share": 0.5})
	failed := 0
	for range 200 {
		if w.ask(http.MethodGet, "/cgi-bin/menu/get", query, nil).code() == -1 {
			failed++
		}
	}
	if failed < 70 || failed > 130 {
		t.Errorf("%d of 200 failed at a share of one half", failed)
	}
	_, data := w.raw(http.MethodGet, "/_sim/faults", nil, nil)
	if list, _ := decoded(t, data)["faults"].([]any); len(list) != 1 {
		t.Errorf("faults %s", data)
	}
	w.raw(http.MethodDelete, "/_sim/faults", nil, nil)
	w.fault(map[string]any{"path": "/cgi-bin/menu/get", "kind": "errcode", "code": -1, "times": 3})
	for i := range 5 {
		want := 0
		if i < 3 {
			want = -1
		}
		if code := w.ask(http.MethodGet, "/cgi-bin/menu/get", query, nil).code(); code != want {
			t.Errorf("call %d: %d, want %d", i+1, code, want)
		}
	}
}

func TestBadFaultIsExplained(t *testing.T) {
	w := newTown(t)
	for name, try := range map[string]struct {
		fault map[string]any
		want  string
	}{
		"no_path":      {map[string]any{"kind": "reset"}, "fault needs a path"},
		"unknown_path": {map[string]any{"kind": "reset", "path": "/nope"}, "no call has the path /nope"},
		"odd_kind":     {map[string]any{"kind": "boom", "path": "*"}, "fault kind must be"},
		"no_code":      {map[string]any{"kind": "errcode", "path": "*"}, "needs a code"},
		"late_errcode": {map[string]any{"kind": "errcode", "code": 1, "after": true, "path": "*"}, "comes before the effect"},
		"no_delay":     {map[string]any{"kind": "delay", "path": "*"}, "delay_ms"},
		"odd_share":    {map[string]any{"kind": "reset", "path": "*", "share": 2}, "share lies between"},
		"odd_status":   {map[string]any{"kind": "status", "path": "*"}, "HTTP status"},
		"misspelt":     {map[string]any{"kind": "reset", "path": "*", "time": 1}, `unknown field "time"`},
		"no_account":   {map[string]any{"kind": "reset", "path": "*", "account": "x"}, "no account has the key"},
	} {
		t.Run(name, func(t *testing.T) {
			w.t = t
			out := w.fault(try.fault)
			if text, _ := out["error"].(string); !strings.Contains(text, try.want) || strings.Contains(text, "\n") {
				t.Errorf("answer %v", out)
			}
		})
	}
}
