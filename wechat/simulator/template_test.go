package simulator

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// reminder sets one template and gives a message that fits it.
func (w *town) reminder(openid string) map[string]any {
	w.t.Helper()
	w.control(http.MethodPut, "/_sim/accounts/clinic/templates", map[string]any{"templates": []any{map[string]string{
		"template_id": "T1", "title": "预约提醒", "content": "预约事项：{{thing1.DATA}}\n预约时间：{{time2.DATA}}\n",
	}}}, http.StatusOK)
	return map[string]any{
		"touser": openid, "template_id": "T1", "url": "https://town.example/b/1",
		"data": map[string]any{"thing1": map[string]string{"value": "户籍业务"}, "time2": map[string]string{"value": "2026-03-05 09:00"}},
	}
}

func TestTemplateArrivesLater(t *testing.T) {
	w := newTown(t)
	e := w.listen("clinic")
	out := w.post("clinic", "/cgi-bin/message/template/send", w.reminder(w.openidOf("clinic", "wang-guiying")))
	w.wantCode(out, 0)
	w.move(199 * time.Millisecond)
	if got := w.events(e, "TEMPLATESENDJOBFINISH"); len(got) != 0 {
		t.Errorf("event too early: %q", got)
	}
	w.move(30 * time.Second)
	want := fmt.Sprintf("<MsgID>%.0f</MsgID><Status><![CDATA[success]]></Status>", out["msgid"])
	if got := w.events(e, "TEMPLATESENDJOBFINISH"); !slices.Equal(got, []string{want}) {
		t.Errorf("events %q, want %q", got, want)
	}
	w.do(func() {
		a := w.byKey["clinic"]
		id, _ := a.followers.of(w.named["wang-guiying"])
		shown := a.chat(id, 0)
		if len(shown) != 1 || shown[0].Content.Title != "预约提醒" || shown[0].Content.URL != "https://town.example/b/1" ||
			!slices.Equal(shown[0].Content.Fields, []contentField{{"thing1", "预约事项", "户籍业务"}, {"time2", "预约时间", "2026-03-05 09:00"}}) {
			t.Errorf("phone shows %+v", shown)
		}
	})
}

func TestTemplateFates(t *testing.T) {
	w := newTown(t)
	e := w.listen("clinic")
	w.wantCode(w.post("clinic", "/cgi-bin/message/template/send", w.reminder(w.openids("clinic", refuses)[0])), 0)
	w.move(time.Minute)
	w.do(func() { w.set.TemplateErrorShare = 1 })
	w.wantCode(w.post("clinic", "/cgi-bin/message/template/send", w.reminder(w.openidOf("clinic", "wang-guiying"))), 0)
	w.move(time.Minute)
	got := w.events(e, "TEMPLATESENDJOBFINISH")
	if len(got) != 2 || !strings.HasSuffix(got[0], "<Status><![CDATA[failed:user block]]></Status>") ||
		!strings.HasSuffix(got[1], "<Status><![CDATA[failed: system failed]]></Status>") {
		t.Errorf("events %q", got)
	}
	if chat := w.chatOf("clinic", "wang-guiying"); len(chat) != 0 {
		t.Errorf("chat %q", chat)
	}
}

func TestTemplateRefuses(t *testing.T) {
	w := newTown(t)
	body := w.reminder(w.openidOf("clinic", "wang-guiying"))
	with := func(key string, value any) map[string]any {
		changed := maps.Clone(body)
		changed[key] = value
		return changed
	}
	data := func(thing, when string) map[string]any {
		return map[string]any{"thing1": map[string]string{"value": thing}, "time2": map[string]string{"value": when}}
	}
	for name, tc := range map[string]struct {
		key  string
		body any
		code int
	}{
		"a_subscription_account":       {"party", body, 48001},
		"an_openid_nobody_has":         {"clinic", with("touser", "oNobody"), 40003},
		"somebody_who_left":            {"clinic", with("touser", w.openidOf("clinic", "chen-yongfu")), 43004},
		"an_unknown_template":          {"clinic", with("template_id", "T9"), 40037},
		"a_foreign_mini_program":       {"clinic", with("miniprogram", map[string]string{"appid": "wx9"}), 40013},
		"a_thing_of_21_characters":     {"clinic", with("data", data(strings.Repeat("镇", 21), "9:00")), 47003},
		"a_time_without_figures":       {"clinic", with("data", data("户籍", "明早")), 47003},
		"a_value_with_a_line_break":    {"clinic", with("data", data("户\n籍", "9:00")), 47003},
		"a_missing_key":                {"clinic", with("data", map[string]any{"time2": map[string]string{"value": "9:00"}}), 47003},
		"a_thing_of_20_characters_yes": {"clinic", with("data", data(strings.Repeat("镇", 20), "9:00")), 0},
	} {
		t.Run(name, func(t *testing.T) {
			out := w.post(tc.key, "/cgi-bin/message/template/send", tc.body)
			w.wantCode(out, tc.code)
			if text, _ := out["errmsg"].(string); tc.code == 47003 && !strings.HasPrefix(text, "argument invalid! data.") {
				t.Errorf("text %q names no field", text)
			}
		})
	}
}

func TestClientMsgIDGuardsTenMinutes(t *testing.T) {
	w := newTown(t)
	body := w.reminder(w.openidOf("clinic", "wang-guiying"))
	body["client_msg_id"] = "appt-1"
	first := w.post("clinic", "/cgi-bin/message/template/send", body)["msgid"]
	w.move(9*time.Minute + 59*time.Second)
	if again := w.post("clinic", "/cgi-bin/message/template/send", body); again.code() != 0 || again["msgid"] != first {
		t.Errorf("repeat %v, want msgid %v", again, first)
	}
	w.move(time.Minute)
	if n := len(w.chatOf("clinic", "wang-guiying")); n != 1 {
		t.Errorf("%d messages on the phone", n)
	}
	if later := w.post("clinic", "/cgi-bin/message/template/send", body); later["msgid"] == first {
		t.Error("the guard does not end")
	}
}

func TestMarketingGuard(t *testing.T) {
	w := newTown(t, func(o *Options) { o.Settings.TemplateEqualPerHour = 3 })
	body := w.reminder(w.openidOf("clinic", "wang-guiying"))
	send := func() reply { return w.post("clinic", "/cgi-bin/message/template/send", body) }
	notices := func() int {
		return len(w.control(http.MethodGet, "/_sim/accounts/clinic/notices", nil, http.StatusOK)["notices"].([]any))
	}
	for range 3 {
		w.wantCode(send(), 0)
	}
	if notices() != 0 {
		t.Error("warned too early")
	}
	w.move(time.Hour)
	for range 6 {
		w.wantCode(send(), 0)
	}
	if notices() != 1 {
		t.Error("no warning")
	}
	w.wantCode(send(), 48004)
	w.move(48 * time.Hour)
	w.wantCode(send(), 48004) // gone for good
}

func TestTemplateLibrary(t *testing.T) {
	w := newTown(t)
	out := w.post("clinic", "/cgi-bin/template/api_add_template",
		map[string]any{"template_id_short": "46002", "keyword_name_list": []string{"预约事项", "预约时间"}})
	w.wantCode(out, 0)
	list, _ := w.get("clinic", "/cgi-bin/template/get_all_private_template")["template_list"].([]any)
	if len(list) != 1 {
		t.Fatalf("list %v", list)
	}
	if got := list[0].(map[string]any)["content"]; got != "预约事项：{{thing1.DATA}}\n预约时间：{{time2.DATA}}\n" {
		t.Errorf("content %q", got)
	}
	w.wantCode(w.post("clinic", "/cgi-bin/template/api_add_template", map[string]any{"template_id_short": "1", "keyword_name_list": []string{"x"}}), 40037)
	w.wantCode(w.post("clinic", "/cgi-bin/template/api_add_template", map[string]any{"template_id_short": "46002", "keyword_name_list": []string{"中奖金额"}}), 40097)
	for range 24 {
		w.wantCode(w.post("clinic", "/cgi-bin/template/api_add_template",
			map[string]any{"template_id_short": "46002", "keyword_name_list": []string{"预约事项"}}), 0)
	}
	w.wantCode(w.post("clinic", "/cgi-bin/template/api_add_template",
		map[string]any{"template_id_short": "46002", "keyword_name_list": []string{"预约事项"}}), 45026)
	w.wantCode(w.post("clinic", "/cgi-bin/template/del_private_template", map[string]any{"template_id": out["template_id"]}), 0)
	w.wantCode(w.post("clinic", "/cgi-bin/template/del_private_template", map[string]any{"template_id": out["template_id"]}), 40037)
}

func TestParameterTypes(t *testing.T) {
	for value, tc := range map[string]struct {
		key  string
		fits bool
	}{
		"42":              {"number1", true},
		"四十二":             {"number1", false},
		"abc":             {"letter1", true},
		"ab1":             {"letter1", false},
		"A-17/3":          {"character_string1", true},
		"甲17":             {"character_string1", false},
		"审核通过":            {"phrase2", true},
		"审核已经通过":          {"phrase2", false},
		"王桂英":             {"name1", true},
		"王桂英王桂英王桂英王桂":     {"name1", false},
		"0512-8888 6666":  {"phone_number4", true},
		"打电话":             {"phone_number4", false},
		"￥120.50元":        {"amount1", true},
		"很多钱":             {"amount1", false},
		"2026年3月5日 15:01": {"date1", true},
		"旧模板的随便什么文字，长一点也没有关系": {"keyword1", true},
	} {
		t.Run(tc.key+"_"+value, func(t *testing.T) {
			if got := fitsParameter(tc.key, value); got != tc.fits {
				t.Errorf("fits: %v", got)
			}
		})
	}
}
