package simulator

import (
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"
)

func click(name, key string) map[string]any {
	return map[string]any{"type": "click", "name": name, "key": key}
}

func view(name, address string) map[string]any {
	return map[string]any{"type": "view", "name": name, "url": address}
}

func under(name string, subs ...any) map[string]any {
	return map[string]any{"name": name, "sub_button": subs}
}

func buttons(list ...any) map[string]any { return map[string]any{"button": list} }

func TestMenuLimits(t *testing.T) {
	w := newTown(t)
	query := w.token("clinic")
	fit := func(n int) string { return strings.Repeat("a", n) }
	weapp := map[string]any{"type": "miniprogram", "name": "预约", "url": "https://town.example/", "appid": "wx0000000000000002", "pagepath": "pages/a"}
	weappWith := func(name string, value any) map[string]any {
		b := maps.Clone(weapp)
		b[name] = value
		return b
	}
	for name, try := range map[string]struct {
		body any
		code int
	}{
		"three_by_five": {buttons(under("办事", click("一", "1"), click("二", "2"), click("三", "3"), click("四", "4"), click("五", "5")), click("乙", "b"), view("丙", "https://town.example/")), 0},
		"no_button":     {buttons(), 40016},
		"four_buttons":  {buttons(click("a", "1"), click("b", "2"), click("c", "3"), click("d", "4")), 40016},
		"six_below":     {buttons(under("a", click("1", "1"), click("2", "2"), click("3", "3"), click("4", "4"), click("5", "5"), click("6", "6"))), 40023},
		"three_levels":  {buttons(under("a", under("b", click("c", "1")))), 40022},

		"name_16_bytes":      {buttons(click(fit(16), "1")), 0},
		"name_17_bytes":      {buttons(click(fit(17), "1")), 40018},
		"name_of_6_chinese":  {buttons(click("一二三四五六", "1")), 40018},
		"name_empty":         {buttons(click("", "1")), 40018},
		"sub_name_60_bytes":  {buttons(under("a", click(fit(60), "1"))), 0},
		"sub_name_61_bytes":  {buttons(under("a", click(fit(61), "1"))), 40025},
		"parent_name_17":     {buttons(under(fit(17), click("b", "1"))), 40018},
		"key_128_bytes":      {buttons(click("a", fit(128))), 0},
		"key_129_bytes":      {buttons(click("a", fit(129))), 40019},
		"key_empty":          {buttons(click("a", "")), 40019},
		"sub_key_129_bytes":  {buttons(under("a", click("b", fit(129)))), 40026},
		"url_1024_bytes":     {buttons(view("a", "https://town.example/"+fit(1003))), 0},
		"url_1025_bytes":     {buttons(view("a", "https://town.example/"+fit(1004))), 40020},
		"sub_url_1025_bytes": {buttons(under("a", view("b", "https://town.example/"+fit(1004)))), 40027},
		"url_empty":          {buttons(view("a", "")), 40020},
		"url_without_host":   {buttons(view("a", "town.example")), 40054},
		"sub_url_odd_scheme": {buttons(under("a", view("b", "ftp://town.example/"))), 40055},

		"type_missing":         {buttons(map[string]any{"name": "a", "key": "1"}), 40017},
		"type_unknown":         {buttons(map[string]any{"type": "press", "name": "a", "key": "1"}), 40017},
		"sub_type_unknown":     {buttons(under("a", map[string]any{"type": "press", "name": "a", "key": "1"})), 40024},
		"type_and_sub_buttons": {buttons(map[string]any{"type": "click", "name": "a", "key": "1", "sub_button": []any{click("b", "2")}}), 40017},

		"miniprogram":            {buttons(weapp), 0},
		"miniprogram_no_appid":   {buttons(weappWith("appid", "")), 40166},
		"miniprogram_no_page":    {buttons(weappWith("pagepath", "")), 40165},
		"miniprogram_no_url":     {buttons(weappWith("url", "")), 40020},
		"miniprogram_not_linked": {buttons(weappWith("appid", "wx9999999999999999")), 45064},
		"media_id_empty":         {buttons(map[string]any{"type": "media_id", "name": "a"}), 40007},

		"escaped_unicode": {`{"button":[{"type":"click","name":"\u516c\u544a","key":"1"}]}`, 40033},
		"escaped_quote":   {`{"button":[{"type":"click","name":"a\\u\"","key":"1"}]}`, 0},
		"not_json":        {`{"button":`, 47001},
		"empty_body":      {nil, 44002},
	} {
		t.Run(name, func(t *testing.T) {
			w.t = t
			w.wantCode(w.ask(http.MethodPost, "/cgi-bin/menu/create", query, try.body), try.code)
		})
	}
}

func TestMenuIsReadBackAndDeleted(t *testing.T) {
	w := newTown(t)
	w.wantCode(w.get("party", "/cgi-bin/menu/get"), 46003)
	if shown := w.get("party", "/cgi-bin/get_current_selfmenu_info"); shown["is_menu_open"] != 0.0 {
		t.Errorf("no menu shown as %v", shown)
	}
	w.wantCode(w.post("party", "/cgi-bin/menu/create", buttons(under("办事", view("进度", "https://town.example/q?a=1&b=2")), click("公告", "N"))), 0)
	_, data := w.raw(http.MethodGet, "/cgi-bin/menu/get", w.token("party"), nil)
	text := string(data)
	for _, want := range []string{
		`{"menu":{"button":[{"name":"办事","sub_button":[{"type":"view","name":"进度","url":"https://town.example/q?a=1&b=2","sub_button":[]}]},{"type":"click","name":"公告","key":"N","sub_button":[]}],"menuid":`,
	} {
		if !strings.HasPrefix(text, want) {
			t.Errorf("menu/get answered %s", text)
		}
	}
	_, data = w.raw(http.MethodGet, "/cgi-bin/get_current_selfmenu_info", w.token("party"), nil)
	if want := `{"is_menu_open":1,"selfmenu_info":{"button":[{"name":"办事","sub_button":{"list":[{"name":"进度","type":"view","url":"https://town.example/q?a=1&b=2"}]}},{"key":"N","name":"公告","type":"click"}]}}`; string(data) != want {
		t.Errorf("selfmenu %s", data)
	}
	w.wantCode(w.get("party", "/cgi-bin/menu/delete"), 0)
	w.wantCode(w.get("party", "/cgi-bin/menu/get"), 46003)
	w.wantCode(w.get("party", "/cgi-bin/menu/delete"), 0)
}

func TestWhoMaySetAMenu(t *testing.T) {
	w := newTown(t)
	w.wantCode(w.post("lapsed", "/cgi-bin/menu/create", buttons(click("a", "1"))), 48001)
	w.move(400 * 24 * time.Hour)
	w.wantCode(w.post("clinic", "/cgi-bin/menu/create", buttons(click("a", "1"))), 0)
	w.wantCode(w.post("party", "/cgi-bin/menu/create", buttons(click("a", "1"))), 48001)
}

func TestPhonePullsTheMenuAfterFiveMinutes(t *testing.T) {
	w := newTown(t)
	nameOnPhone := func() (name string) {
		w.do(func() {
			m := w.byKey["clinic"].menu.onPhone(w.person("wang-guiying"), w.clock.now(), w.set.MenuRefresh)
			name = m.buttons[0].Name
		})
		return name
	}
	if got := nameOnPhone(); got != "就诊" {
		t.Fatalf("first look: %q", got)
	}
	w.wantCode(w.post("clinic", "/cgi-bin/menu/create", buttons(click("新", "1"))), 0)
	w.move(5*time.Minute - time.Second)
	if got := nameOnPhone(); got != "就诊" {
		t.Errorf("within five minutes: %q", got)
	}
	w.move(time.Second)
	if got := nameOnPhone(); got != "新" {
		t.Errorf("after five minutes: %q", got)
	}
}
