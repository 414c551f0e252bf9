package simulator

import (
	"bufio"
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

func decoded(t *testing.T, data []byte) reply {
	t.Helper()
	var out reply
	if err := json.Unmarshal(data, &out); err != nil {
		t.Fatalf("%s: %v", data, err)
	}
	return out
}

// control calls the control interface and checks the status.
func (w *town) control(method, path string, body any, status int) reply {
	w.t.Helper()
	path, query, _ := strings.Cut(path, "?")
	q, err := url.ParseQuery(query)
	if err != nil {
		w.t.Fatal(err)
	}
	resp, data := w.raw(method, path, q, body)
	if resp.StatusCode != status {
		w.t.Fatalf("%s %s: HTTP %d %s", method, path, resp.StatusCode, data)
	}
	return decoded(w.t, data)
}

func TestActsOverTheControlInterface(t *testing.T) {
	w, d := answering(t, safeMode, nil)
	act := func(what string, body any, status int) reply {
		t.Helper()
		return w.control(http.MethodPost, "/_sim/people/zhou-xiaowen/"+what, body, status)
	}
	act("write", map[string]any{"account": "clinic", "text": "在吗"}, http.StatusConflict)
	act("unfollow", map[string]any{"account": "clinic"}, http.StatusConflict)
	act("follow", map[string]any{"account": "clinic"}, http.StatusOK)
	act("follow", map[string]any{"account": "clinic"}, http.StatusConflict)
	act("follow", map[string]any{"account": "hospital"}, http.StatusNotFound)
	act("follow", map[string]any{}, http.StatusBadRequest)
	act("write", map[string]any{"account": "clinic", "text": "在吗"}, http.StatusOK)
	act("write", map[string]any{"account": "clinic"}, http.StatusBadRequest)
	if out := act("tap", map[string]any{"account": "clinic", "button": "0"}, http.StatusOK); out["did"] != "submenu" || out["sent"] != nil {
		t.Errorf("opening a sub-menu: %v", out)
	}
	if out := act("tap", map[string]any{"account": "clinic", "button": "0.1"}, http.StatusOK); out["did"] != "view" || out["url"] != "https://town.example/jab" || out["sent"] != "VIEW" {
		t.Errorf("view button: %v", out)
	}
	act("tap", map[string]any{"account": "clinic", "button": "7"}, http.StatusBadRequest)
	act("scan", map[string]any{"account": "clinic", "scene": "none"}, http.StatusBadRequest)
	act("refuse", map[string]any{"account": "clinic"}, http.StatusOK)
	act("blacklist", map[string]any{"account": "clinic", "on": true}, http.StatusOK)
	act("write", map[string]any{"account": "clinic", "text": "听不见"}, http.StatusOK)
	w.control(http.MethodPost, "/_sim/settle", nil, http.StatusOK)
	if n := len(d.knocks()); n != 3 { // follow, text, view; nothing once blacklisted
		t.Errorf("%d deliveries", n)
	}
	me := w.control(http.MethodGet, "/_sim/people/zhou-xiaowen", nil, http.StatusOK)
	ties, _ := me["accounts"].([]any)
	if len(ties) != 2 {
		t.Fatalf("ties %v", me)
	}
	if first, _ := ties[0].(map[string]any); first["account"] != "clinic" || first["refuses"] != true || first["blacklisted"] != true {
		t.Errorf("tie %v", ties[0])
	}
	chat := w.control(http.MethodGet, "/_sim/people/zhou-xiaowen/chats/clinic", nil, http.StatusOK)
	if entries, _ := chat["entries"].([]any); len(entries) != 4 {
		t.Errorf("chat %v", chat)
	}
}

func TestPeopleAreListed(t *testing.T) {
	w := newTown(t)
	page := w.control(http.MethodGet, "/_sim/people?limit=3", nil, http.StatusOK)
	list, _ := page["people"].([]any)
	first, _ := list[0].(map[string]any)
	if len(list) != 3 || first["key"] != "wang-guiying" || first["named"] != true || page["next"] != 3.0 || page["total"] != 63.0 {
		t.Fatalf("page %v", page)
	}
	found := w.control(http.MethodGet, "/_sim/people?q="+url.QueryEscape("周晓"), nil, http.StatusOK)
	if list, _ := found["people"].([]any); len(list) < 1 {
		t.Errorf("search %v", found)
	}
	of := w.control(http.MethodGet, "/_sim/people?account=party&limit=500", nil, http.StatusOK)
	if list, _ := of["people"].([]any); len(list) != 12 || of["next"] != nil {
		t.Errorf("followers of party %v", of)
	}
	w.control(http.MethodGet, "/_sim/people?limit=x", nil, http.StatusBadRequest)
	w.control(http.MethodGet, "/_sim/people/p9999999", nil, http.StatusNotFound)
	born := w.control(http.MethodPost, "/_sim/people", map[string]any{"name": "新人", "key": "new-one"}, http.StatusOK)
	if born["key"] != "new-one" {
		t.Errorf("new person %v", born)
	}
	w.control(http.MethodPost, "/_sim/people", map[string]any{"name": "新人", "key": "new-one"}, http.StatusBadRequest)
}

func TestExportOfWhatEveryPhoneGot(t *testing.T) {
	w := newTown(t)
	w.do(func() {
		a := w.byKey["clinic"]
		var set receivers
		for i := range a.followers.all {
			if a.followers.all[i].reachable() {
				set.add(relID(i))
			}
		}
		w.receiveAll(a, set, entry{Kind: kindMass, MsgID: 77, Content: &content{Type: "news", Articles: []article{{Title: "公告"}}}})
		id, _ := a.followers.of(w.person("wang-guiying"))
		w.receive(a, id, entry{Kind: kindCustom, Content: &content{Type: "text", Text: "您好"}})
		w.receive(a, id, entry{Kind: kindText, FromPerson: true, Content: &content{Type: "text", Text: "好"}})
	})
	lines := func(query url.Values) []reply {
		resp, data := w.raw(http.MethodGet, "/_sim/accounts/clinic/received", query, nil)
		if resp.Header.Get("Content-Type") != "application/x-ndjson" {
			t.Errorf("type %s", resp.Header.Get("Content-Type"))
		}
		var out []reply
		scanner := bufio.NewScanner(bytes.NewReader(data))
		for scanner.Scan() {
			out = append(out, decoded(t, scanner.Bytes()))
		}
		return out
	}
	reachable := map[any]bool{}
	_, data := w.raw(http.MethodGet, "/_sim/accounts/clinic/relations", nil, nil)
	for line := range bytes.Lines(data) {
		if r := decoded(t, line); r["reachable"] == true {
			reachable[r["openid"]] = true
		}
	}
	mass := lines(url.Values{"kind": {"mass"}, "content": {"0"}})
	if len(mass) != 35 || len(reachable) != 35 { // 40 less 3 refusing and 2 blacklisted
		t.Fatalf("%d lines, %d reachable", len(mass), len(reachable))
	}
	for _, line := range mass {
		if !reachable[line["openid"]] || line["msg_id"] != 77.0 || line["content"] != nil || line["person"] == "" {
			t.Errorf("line %v", line)
		}
		delete(reachable, line["openid"])
	}
	if all := lines(nil); len(all) != 36 {
		t.Errorf("%d lines of all kinds", len(all))
	}
	if fresh := lines(url.Values{"after": {"1"}}); len(fresh) != 1 || fresh[0]["kind"] != kindCustom {
		t.Errorf("after the first: %v", fresh)
	}
}

func TestChatsWaitForNews(t *testing.T) {
	w := newTown(t)
	got := make(chan reply, 1)
	go func() {
		_, data := w.raw(http.MethodGet, "/_sim/people/wang-guiying/chats", url.Values{"after": {"0"}, "wait": {"30"}}, nil)
		var out reply
		_ = json.Unmarshal(data, &out)
		got <- out
	}()
	w.do(func() {
		if err := w.write(w.byKey["clinic"], w.person("wang-guiying"), "在吗", ""); err != nil {
			t.Error(err)
		}
	})
	select {
	case out := <-got:
		if out["seq"] != 1.0 {
			t.Errorf("answer %v", out)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("the waiting answer never came")
	}
}

func TestClockAndCounters(t *testing.T) {
	w := newTown(t)
	before := w.control(http.MethodGet, "/_sim/clock", nil, http.StatusOK)
	if before["running"] != false || before["now"] != "2026-03-02T09:00:00+08:00" {
		t.Errorf("clock %v", before)
	}
	moved := w.control(http.MethodPost, "/_sim/clock", map[string]any{"move": "48h"}, http.StatusOK)
	if moved["now"] != "2026-03-04T09:00:00+08:00" {
		t.Errorf("moved %v", moved)
	}
	w.control(http.MethodPost, "/_sim/clock", map[string]any{"to": "2026-03-05T00:00:00+08:00"}, http.StatusOK)
	w.control(http.MethodPost, "/_sim/clock", map[string]any{"to": "2026-03-01T00:00:00+08:00"}, http.StatusBadRequest)
	w.control(http.MethodPost, "/_sim/clock", map[string]any{"move": "tomorrow"}, http.StatusBadRequest)
	w.control(http.MethodPost, "/_sim/clock", nil, http.StatusBadRequest)

	w.get("clinic", "/cgi-bin/user/get")
	w.get("clinic", "/cgi-bin/user/info", "openid", "oNobody")
	calls := w.control(http.MethodGet, "/_sim/calls?account=clinic", nil, http.StatusOK)
	text, err := encode(calls["calls"])
	if err != nil {
		t.Fatal(err)
	}
	want := `[{"account":"clinic","calls":2,"path":"/cgi-bin/stable_token"},{"account":"clinic","calls":1,"path":"/cgi-bin/user/get"},{"account":"clinic","calls":1,"errors":{"40003":1},"path":"/cgi-bin/user/info"}]`
	if string(text) != want {
		t.Errorf("counters %s", text)
	}
	w.control(http.MethodDelete, "/_sim/calls", nil, http.StatusOK)
	if out := w.control(http.MethodGet, "/_sim/calls", nil, http.StatusOK); len(out["calls"].([]any)) != 0 { //nolint:forcetypeassert // a list, or the test fails
		t.Errorf("after clearing %v", out)
	}
}

func TestSettingsAreShownAndChanged(t *testing.T) {
	w := newTown(t)
	out := w.control(http.MethodPatch, "/_sim/settings", map[string]any{"CallbackDeliveries": 4, "MenuRefresh": "0s", "DuplicateShare": 0.5}, http.StatusOK)
	if out["CallbackDeliveries"] != 4.0 || out["MenuRefresh"] != "0s" || out["TokenLife"] != "2h0m0s" {
		t.Errorf("settings %v", out)
	}
	for _, bad := range []map[string]any{{"Nonsense": 1}, {"TokenLife": 7200}, {"TokenLife": "long"}, {"CallbackDeliveries": 0}, {"FollowerPage": "many"}} {
		w.control(http.MethodPatch, "/_sim/settings", bad, http.StatusBadRequest)
	}
	if out := w.control(http.MethodGet, "/_sim/settings", nil, http.StatusOK); out["CallbackDeliveries"] != 4.0 {
		t.Errorf("a bad change left %v", out)
	}
}

func TestAccountsAreShownAndChanged(t *testing.T) {
	w := newTown(t)
	list := w.control(http.MethodGet, "/_sim/accounts", nil, http.StatusOK)
	all, _ := list["accounts"].([]any)
	clinic, _ := all[0].(map[string]any)
	text, _ := encode(clinic["followers"])
	if len(all) != 3 || string(text) != `{"blacklisted":2,"following":40,"gone":5,"reachable":35,"refusing":3}` {
		t.Fatalf("accounts %v", list)
	}
	if _, leaks := clinic["secret"]; leaks {
		t.Error("the list shows secrets")
	}
	one := w.control(http.MethodGet, "/_sim/accounts/clinic", nil, http.StatusOK)
	if one["secret"] != "0123456789abcdef0123456789abcdef" {
		t.Errorf("account %v", one)
	}
	change := func(in map[string]any, status int) {
		t.Helper()
		w.control(http.MethodPatch, "/_sim/accounts/clinic", in, status)
	}
	change(map[string]any{"restricted": true}, http.StatusOK)
	if code := w.stable("clinic", false).code(); code != 50002 {
		t.Errorf("a restricted account gets a token: %d", code)
	}
	change(map[string]any{"restricted": false, "seized": []string{"user"}}, http.StatusOK)
	w.wantCode(w.get("clinic", "/cgi-bin/user/get"), 48004)
	change(map[string]any{"seized": []string{}, "verified_until": "never"}, http.StatusOK)
	w.wantCode(w.get("clinic", "/cgi-bin/user/get"), 48001)
	change(map[string]any{"seized": []string{"everything"}}, http.StatusBadRequest)
	change(map[string]any{"verified_until": "soon"}, http.StatusBadRequest)
	w.control(http.MethodGet, "/_sim/accounts/nowhere", nil, http.StatusNotFound)
	w.control(http.MethodGet, "/_sim/nowhere", nil, http.StatusNotFound)
}

func TestCrowd(t *testing.T) {
	w, d := answering(t, safeMode, nil)
	crowd := func(body any, status int) {
		t.Helper()
		w.control(http.MethodPost, "/_sim/accounts/clinic/crowd", body, status)
	}
	crowd(map[string]any{"do": "write", "count": 30, "text": "在吗"}, http.StatusOK)
	crowd(map[string]any{"do": "follow", "count": 5}, http.StatusOK)
	crowd(map[string]any{"do": "unfollow", "count": 45}, http.StatusOK)
	crowd(map[string]any{"do": "unfollow", "count": 1}, http.StatusBadRequest)
	crowd(map[string]any{"do": "dance", "count": 1}, http.StatusBadRequest)
	w.settle()
	of := map[string]int{}
	for _, k := range d.knocks() {
		of[element(k.clear, "MsgType")+element(k.clear, "Event")]++
	}
	heard := 30
	w.do(func() {
		for _, e := range w.byKey["clinic"].inbox.single {
			if e.Kind == kindText && w.byKey["clinic"].followers.at(e.receiver).is(blacklisted) {
				heard--
			}
		}
	})
	if of["text"] != heard || of["eventsubscribe"] != 5 || of["eventunsubscribe"] != 45 {
		t.Errorf("deliveries %v, want %d texts", of, heard)
	}
}

func TestOwnsThePathsOfThePlatform(t *testing.T) {
	for _, e := range allEndpoints() {
		if !Owns(e.path) {
			t.Errorf("%s is not owned", e.path)
		}
	}
	if Owns("/services/S001") || Owns("/") {
		t.Error("owns a page of the program under test")
	}
}
