package simulator

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestPhonePage(t *testing.T) {
	w := newTown(t)
	resp, page := w.raw(http.MethodGet, "/_sim/", nil, nil)
	if resp.StatusCode != http.StatusOK || !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html") {
		t.Fatalf("HTTP %d %s", resp.StatusCode, resp.Header.Get("Content-Type"))
	}
	policy := resp.Header.Get("Content-Security-Policy")
	if !strings.Contains(policy, "default-src 'none'") || !strings.Contains(policy, "script-src 'self';") || strings.Contains(policy, "unsafe") {
		t.Errorf("policy %q", policy)
	}
	for _, forbidden := range []string{"<style", " style=", " onclick=", "//cdn", "http://", "https://"} {
		if strings.Contains(strings.ReplaceAll(string(page), "http://www.w3.org/2000/svg", ""), forbidden) {
			t.Errorf("the page holds %q", forbidden)
		}
	}
	parts := regexp.MustCompile(`(?:href|src)="(/_sim/page/[a-z.]+)"`).FindAllStringSubmatch(string(page), -1)
	if len(parts) != 2 {
		t.Errorf("parts %q", parts)
	}
	for _, part := range parts {
		if resp, data := w.raw(http.MethodGet, part[1], nil, nil); resp.StatusCode != http.StatusOK || len(data) == 0 {
			t.Errorf("%s: HTTP %d", part[1], resp.StatusCode)
		}
	}
	if resp, _ := w.raw(http.MethodGet, "/_sim/page/nothing.js", nil, nil); resp.StatusCode != http.StatusNotFound {
		t.Errorf("a part that is not there: HTTP %d", resp.StatusCode)
	}
	if routes := w.control(http.MethodGet, "/_sim/routes", nil, http.StatusOK)["routes"]; !slices.Contains(routes.([]any), "GET /_sim/accounts/{account}/codes") {
		t.Errorf("routes %v", routes)
	}
}

// The page's script names calls of the control interface; each must exist.
func TestPhonePageAsksForWhatIsThere(t *testing.T) {
	w := newTown(t)
	script, err := phoneFiles.ReadFile("page/phone.js")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{
		"accounts", "clock", "settings", "people?limit=30&q=", "people/wang-guiying", "accounts/clinic/codes",
		"people/wang-guiying/chats?after=0&wait=0", "people/wang-guiying/menu/clinic",
	} {
		word, _, _ := strings.Cut(path, "/")
		if !strings.Contains(string(script), word) {
			t.Errorf("the script does not ask for %s any more", word)
		}
		w.control(http.MethodGet, "/_sim/"+path, nil, http.StatusOK)
	}
	for _, field := range []string{"FrameLinks"} {
		if _, found := w.control(http.MethodGet, "/_sim/settings", nil, http.StatusOK)[field]; !found || !strings.Contains(string(script), field) {
			t.Errorf("setting %s", field)
		}
	}
}

func TestCodesOfAnAccount(t *testing.T) {
	w := newTown(t)
	for _, body := range []map[string]any{
		{"action_name": "QR_STR_SCENE", "expire_seconds": 60, "action_info": map[string]any{"scene": map[string]string{"scene_str": "desk"}}},
		{"action_name": "QR_LIMIT_STR_SCENE", "action_info": map[string]any{"scene": map[string]string{"scene_str": "poster"}}},
	} {
		if out := w.post("clinic", "/cgi-bin/qrcode/create", body); out["ticket"] == nil {
			t.Fatalf("no code: %v", out)
		}
	}
	scenes := func(key string) []string {
		var out []string
		for _, code := range w.control(http.MethodGet, "/_sim/accounts/"+key+"/codes", nil, http.StatusOK)["codes"].([]any) {
			view, _ := code.(map[string]any)
			out = append(out, view["scene"].(string))
			path, query, _ := strings.Cut(view["picture"].(string), "?ticket=")
			if resp, _ := w.raw(http.MethodGet, path, map[string][]string{"ticket": {query}}, nil); !strings.HasPrefix(resp.Header.Get("Content-Type"), "image/") {
				t.Errorf("picture of %v is %s", view["scene"], resp.Header.Get("Content-Type"))
			}
		}
		return out
	}
	if got := scenes("clinic"); !slices.Equal(got, []string{"poster", "desk"}) {
		t.Errorf("codes %q", got)
	}
	if got := scenes("party"); len(got) != 0 {
		t.Errorf("codes of another account %q", got)
	}
	w.move(time.Minute)
	if got := scenes("clinic"); !slices.Equal(got, []string{"poster"}) {
		t.Errorf("codes a minute later %q", got)
	}
}
