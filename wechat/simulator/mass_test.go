package simulator

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// ear keeps what a plain callback heard.
type ear struct {
	mu    sync.Mutex
	heard []string
}

// listen gives an account a callback in plain mode.
func (w *town) listen(key string) *ear {
	w.t.Helper()
	e := &ear{}
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		e.mu.Lock()
		defer e.mu.Unlock()
		e.heard = append(e.heard, string(body))
	}))
	w.t.Cleanup(server.Close)
	w.do(func() { w.byKey[key].callback = callback{URL: server.URL, Token: "token", Mode: plainMode} })
	return e
}

// events is what the events of a kind say behind their head, once all arrived,
// sorted: several deliveries are under way at once.
func (w *town) events(e *ear, name string) []string {
	w.t.Helper()
	w.settle()
	e.mu.Lock()
	defer e.mu.Unlock()
	var out []string
	for _, body := range e.heard {
		if _, rest, found := strings.Cut(body, "<Event><![CDATA["+name+"]]></Event>"); found {
			out = append(out, strings.TrimSuffix(rest, "</xml>"))
		}
	}
	slices.Sort(out)
	return out
}

// openids are those of an account's people with a standing, in stable order.
func (w *town) openids(key string, marks standing) []string {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	f := &w.byKey[key].followers
	var out []string
	for _, id := range f.ordered() {
		if f.at(id).is(marks) {
			out = append(out, f.at(id).openid.String())
		}
	}
	return out
}

// got is how many phones show each mass message of an account.
func (w *town) got(key string) []int {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []int
	for _, e := range w.byKey[key].inbox.mass {
		out = append(out, e.receivers.count())
	}
	return out
}

func sendAll(mediaID, clientID string) map[string]any {
	return map[string]any{
		"filter": map[string]any{"is_to_all": true}, "mpnews": map[string]string{"media_id": mediaID},
		"msgtype": "mpnews", "send_ignore_reprint": 0, "clientmsgid": clientID,
	}
}

func textTo(list []string, text string) map[string]any {
	return map[string]any{"touser": list, "msgtype": "text", "text": map[string]string{"content": text}}
}

func (w *town) wantJob(r reply) int64 {
	w.t.Helper()
	id, _ := r["msg_id"].(float64)
	if r.code() != 0 || r["errmsg"] != "send job submission success" || id == 0 || r["msg_data_id"] == nil {
		w.t.Fatalf("not accepted: %v", r)
	}
	return int64(id)
}

func (w *town) wantStatus(key string, id int64, status string) {
	w.t.Helper()
	out := w.post(key, "/cgi-bin/message/mass/get", map[string]string{"msg_id": fmt.Sprint(id)})
	if out["msg_id"] != float64(id) || out["msg_status"] != status {
		w.t.Fatalf("mass/get %v, want %s", out, status)
	}
}

func TestSendAllReachesEveryReachableFollowerOnce(t *testing.T) {
	w := newTown(t)
	e := w.listen("clinic")
	id := w.wantJob(w.post("clinic", "/cgi-bin/message/mass/sendall", sendAll(w.draft("clinic"), "wave-1")))
	w.wantStatus("clinic", id, "SENDING")
	if n := w.got("clinic"); len(n) != 0 {
		t.Errorf("phones show it before the job ran: %v", n)
	}
	w.move(time.Second)
	w.wantStatus("clinic", id, "SEND_SUCCESS")
	if n := w.got("clinic"); !slices.Equal(n, []int{35}) { // 40 less 3 refusing and 2 blacklisted
		t.Errorf("phones that show it: %v", n)
	}
	if chat := w.chatOf("clinic", "wang-guiying"); !slices.Equal(chat, []string{"mass"}) {
		t.Errorf("chat %q", chat)
	}
	if chat := w.chatOf("clinic", "chen-yongfu"); len(chat) != 0 {
		t.Errorf("somebody who left sees %q", chat)
	}
	got := w.events(e, "MASSSENDJOBFINISH")
	var page string
	w.do(func() { page = w.byKey["clinic"].mass.order[0].pages[0].path() })
	want := fmt.Sprintf("<MsgID>%d</MsgID><Status><![CDATA[send success]]></Status><TotalCount>40</TotalCount><FilterCount>35</FilterCount>"+
		"<SentCount>35</SentCount><ErrorCount>0</ErrorCount>"+
		"<CopyrightCheckResult><Count>0</Count><ResultList></ResultList><CheckState>0</CheckState></CopyrightCheckResult>"+
		"<ArticleUrlResult><Count>1</Count><ResultList><item><ArticleIdx>1</ArticleIdx><ArticleUrl><![CDATA[%s%s]]></ArticleUrl></item></ResultList></ArticleUrlResult>",
		id, w.server.URL, page)
	if !slices.Equal(got, []string{want}) {
		t.Errorf("event\n%q, want\n%q", got, want)
	}
}

func TestArticlePage(t *testing.T) {
	w := newTown(t)
	image, _ := w.upload("clinic", "/cgi-bin/media/uploadimg", tinyPNG(t))["url"].(string)
	id := w.wantJob(w.post("clinic", "/cgi-bin/message/mass/sendall", sendAll(w.draft("clinic", w.article("clinic",
		"content", `<p>搬家</p><img src="`+image+`">`, "content_source_url", "https://town.example/q", "author", "镇办")), "")))
	w.move(time.Second)
	var page string
	w.do(func() { page = w.byKey["clinic"].mass.order[0].pages[0].path() })
	resp, body := w.raw(http.MethodGet, page, nil, nil)
	if policy := resp.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'") {
		t.Errorf("policy %q", policy)
	}
	for _, part := range []string{"搬家公告", "小村卫生院", "镇办", `<img src="/mmbiz_png/`, `href="https://town.example/q"`, "阅读原文"} {
		if !strings.Contains(string(body), part) {
			t.Errorf("page lacks %q", part)
		}
	}
	w.wantCode(w.post("clinic", "/cgi-bin/message/mass/delete", map[string]any{"msg_id": id, "article_idx": 1}), 0)
	w.wantStatus("clinic", id, "DELETE")
	if _, body := w.raw(http.MethodGet, page, nil, nil); !strings.Contains(string(body), "该内容已被发布者删除") {
		t.Error("the page of a deleted message still shows it")
	}
	w.wantCode(w.post("clinic", "/cgi-bin/message/mass/delete", map[string]any{"msg_id": 1}), 40059)
}

func TestSendToOpenIDs(t *testing.T) {
	w := newTown(t)
	e := w.listen("clinic")
	list := append(w.openids("clinic", following), "oSomebodyOfAnotherAccount00")
	var gone string
	w.do(func() {
		a := w.byKey["clinic"]
		id, _ := a.followers.of(w.named["chen-yongfu"])
		gone = a.followers.at(id).openid.String()
	})
	list = append(list, gone, list[0]) // the last one twice
	id := w.wantJob(w.post("clinic", "/cgi-bin/message/mass/send", textTo(list, "搬家")))
	w.move(time.Minute)
	w.wantStatus("clinic", id, "SEND_SUCCESS")
	if n := w.got("clinic"); !slices.Equal(n, []int{35}) {
		t.Errorf("phones %v", n)
	}
	got := w.events(e, "MASSSENDJOBFINISH")
	want := "<TotalCount>42</TotalCount><FilterCount>35</FilterCount><SentCount>35</SentCount><ErrorCount>0</ErrorCount>"
	if len(got) != 1 || !strings.Contains(got[0], want) {
		t.Errorf("event %q", got)
	}
}

func TestMassRefuses(t *testing.T) {
	w := newTown(t)
	some := w.openids("clinic", following)
	other := w.openids("party", following)
	many := make([]string, 10001)
	for i := range many {
		many[i] = fmt.Sprintf("o%027d", i)
	}
	draft := w.draft("clinic")
	with := func(m map[string]any, key string, value any) map[string]any { m[key] = value; return m }
	for name, tc := range map[string]struct {
		key, path string
		body      any
		code      int
	}{
		"a_text_in_place_of_the_list":            {"clinic", "send", with(textTo(nil, "x"), "touser", some[0]), 40031},
		"an_empty_list":                          {"clinic", "send", textTo([]string{}, "x"), 40032},
		"a_list_of_one":                          {"clinic", "send", textTo(some[:1], "x"), 40130},
		"a_list_of_10001":                        {"clinic", "send", textTo(many, "x"), 40032},
		"a_list_of_another_accounts_people":      {"clinic", "send", textTo(other, "x"), 40003},
		"an_openid_list_by_a_subscription_count": {"party", "send", textTo(other, "x"), 48001},
		"an_unverified_account":                  {"lapsed", "sendall", sendAll("x", ""), 48001},
		"an_unknown_draft":                       {"clinic", "sendall", sendAll("nothing", ""), 40007},
		"the_draft_of_another_account":           {"party", "sendall", sendAll(draft, ""), 40007},
		"a_tag_that_is_not_there": {
			"clinic", "sendall",
			with(sendAll(draft, ""), "filter", map[string]any{"is_to_all": false, "tag_id": 2}), 45159,
		},
		"a_kind_nobody_knows":     {"clinic", "send", with(textTo(some, "x"), "msgtype", "fax"), 40008},
		"an_empty_text":           {"clinic", "send", textTo(some, ""), 44004},
		"a_client_id_of_65_bytes": {"clinic", "sendall", sendAll(draft, strings.Repeat("x", 65)), 45067},
		"what_is_no_json":         {"clinic", "sendall", "{", 47001},
		"an_empty_body":           {"clinic", "sendall", "", 44002},
		"an_unknown_msg_id":       {"clinic", "get", map[string]any{"msg_id": 1}, 40059},
		"a_speed_of_5":            {"clinic", "speed/set", map[string]any{"speed": 5}, 45083},
		"no_speed":                {"clinic", "speed/set", map[string]any{}, 45084},
	} {
		t.Run(name, func(t *testing.T) {
			w.wantCode(w.post(tc.key, "/cgi-bin/message/mass/"+tc.path, tc.body), tc.code)
		})
	}
	w.move(time.Minute)
	if n := w.got("clinic"); len(n) != 0 {
		t.Errorf("a refused call reached %v phones", n)
	}
}

func TestForeignOpenIDBySetting(t *testing.T) {
	w := newTown(t, func(o *Options) { o.Settings.MassRefuseForeign = true })
	list := append(w.openids("clinic", following), "oSomebodyOfAnotherAccount00")
	w.wantCode(w.post("clinic", "/cgi-bin/message/mass/send", textTo(list, "x")), 40003)
}

func TestRepeatOfAMassSend(t *testing.T) {
	w := newTown(t)
	draft := w.draft("clinic")
	body := sendAll(draft, "wave-1")
	id := w.wantJob(w.post("clinic", "/cgi-bin/message/mass/sendall", body))
	t.Run("the_draft_is_gone", func(*testing.T) {
		w.wantCode(w.post("clinic", "/cgi-bin/draft/get", map[string]string{"media_id": draft}), 40007)
	})
	t.Run("within_a_minute_is_too_fast", func(*testing.T) {
		w.move(59 * time.Second)
		w.wantCode(w.post("clinic", "/cgi-bin/message/mass/sendall", body), 45066)
	})
	t.Run("after_a_minute_tells_the_earlier_msg_id", func(t *testing.T) {
		w.move(time.Second)
		out := w.post("clinic", "/cgi-bin/message/mass/sendall", body)
		w.wantCode(out, 45065)
		if out["msg_id"] != float64(id) {
			t.Errorf("msg_id %v, want %d", out["msg_id"], id)
		}
	})
	t.Run("another_text_under_the_same_id_is_the_same", func(*testing.T) {
		w.wantCode(w.post("clinic", "/cgi-bin/message/mass/sendall", sendAll("anything", "wave-1")), 45065)
	})
	t.Run("reaches_nobody_twice", func(t *testing.T) {
		if n := w.got("clinic"); !slices.Equal(n, []int{35}) {
			t.Errorf("phones %v", n)
		}
	})
	t.Run("a_day_later_it_is_forgotten", func(*testing.T) {
		w.move(24 * time.Hour)
		w.wantCode(w.post("clinic", "/cgi-bin/message/mass/sendall", body), 40007)
	})
}

func TestRepeatWithoutClientID(t *testing.T) {
	w := newTown(t)
	list := w.openids("clinic", following)
	w.wantJob(w.post("clinic", "/cgi-bin/message/mass/send", textTo(list, "搬家")))
	w.move(2 * time.Minute)
	w.wantCode(w.post("clinic", "/cgi-bin/message/mass/send", textTo(list, "搬家")), 45065)
	w.wantJob(w.post("clinic", "/cgi-bin/message/mass/send", textTo(list, "搬家二")))
	w.wantJob(w.post("clinic", "/cgi-bin/message/mass/send", textTo(list[1:], "搬家")))
}

func TestRetryWindowBySetting(t *testing.T) {
	w := newTown(t, func(o *Options) { o.Settings.MassRetryWindow = 0 })
	body := sendAll(w.draft("clinic"), "wave-1")
	w.wantJob(w.post("clinic", "/cgi-bin/message/mass/sendall", body))
	w.wantCode(w.post("clinic", "/cgi-bin/message/mass/sendall", body), 45065)
}

func TestSubscriptionAccountSendsOnceADay(t *testing.T) {
	w := newTown(t)
	send := func() reply { return w.post("party", "/cgi-bin/message/mass/sendall", sendAll(w.draft("party"), "")) }
	w.wantJob(send())
	w.wantCode(send(), 45028)
	w.move(14*time.Hour + 59*time.Minute) // 23:59 Beijing
	w.wantCode(send(), 45028)
	w.move(time.Minute)
	w.wantJob(send())
}

func TestServiceAccountSendsToAllOnceADayAndFourTimesAMonth(t *testing.T) {
	w := newTown(t)
	send := func() reply { return w.post("clinic", "/cgi-bin/message/mass/sendall", sendAll(w.draft("clinic"), "")) }
	for range 4 {
		w.wantJob(send())
		w.wantCode(send(), 45028)
		w.move(24 * time.Hour)
	}
	w.wantCode(send(), 45028)
	w.move(26 * 24 * time.Hour) // April
	w.wantJob(send())
}

func TestFifthMessageOfAMonthIsFilteredSilently(t *testing.T) {
	w := newTown(t)
	e := w.listen("clinic")
	list := w.openids("clinic", following)
	for i := range 5 {
		w.wantJob(w.post("clinic", "/cgi-bin/message/mass/send", textTo(list, fmt.Sprint("消息", i))))
		w.move(time.Hour)
	}
	w.move(31 * 24 * time.Hour)
	w.wantJob(w.post("clinic", "/cgi-bin/message/mass/send", textTo(list, "四月")))
	w.move(time.Hour)
	if n := w.got("clinic"); !slices.Equal(n, []int{35, 35, 35, 35, 0, 35}) {
		t.Errorf("phones %v", n)
	}
	events := w.events(e, "MASSSENDJOBFINISH")
	if len(events) != 6 || !strings.Contains(events[4], "<TotalCount>40</TotalCount><FilterCount>0</FilterCount><SentCount>0</SentCount>") ||
		!strings.Contains(events[4], "send success") {
		t.Errorf("events %q", events)
	}
}

func TestMassCallsPerMinute(t *testing.T) {
	w := newTown(t)
	list := w.openids("clinic", following)
	for i := range 60 {
		w.wantJob(w.post("clinic", "/cgi-bin/message/mass/send", textTo(list, fmt.Sprint(i))))
	}
	w.wantCode(w.post("clinic", "/cgi-bin/message/mass/send", textTo(list, "61")), 45011)
	w.move(time.Minute)
	for i := range 40 {
		w.wantJob(w.post("clinic", "/cgi-bin/message/mass/send", textTo(list, fmt.Sprint("b", i))))
	}
	w.wantCode(w.post("clinic", "/cgi-bin/message/mass/send", textTo(list, "101")), 45009)
}

func TestMassJobThatFails(t *testing.T) {
	for status, want := range map[string]string{
		"err(20001)": "<TotalCount>40</TotalCount><FilterCount>0</FilterCount><SentCount>0</SentCount><ErrorCount>0</ErrorCount>",
		"send fail":  "<TotalCount>40</TotalCount><FilterCount>35</FilterCount><SentCount>0</SentCount><ErrorCount>35</ErrorCount>",
	} {
		t.Run(status, func(t *testing.T) {
			w := newTown(t)
			e := w.listen("clinic")
			w.control(http.MethodPut, "/_sim/accounts/clinic/mass/verdicts",
				map[string]any{"verdicts": []any{map[string]any{"status": status, "times": 1}}}, http.StatusOK)
			id := w.wantJob(w.post("clinic", "/cgi-bin/message/mass/sendall", sendAll(w.draft("clinic"), "")))
			w.move(time.Minute)
			w.wantStatus("clinic", id, "SEND_FAIL")
			if n := w.got("clinic"); len(n) != 0 {
				t.Errorf("phones %v", n)
			}
			got := w.events(e, "MASSSENDJOBFINISH")
			if len(got) != 1 || !strings.Contains(got[0], "<Status><![CDATA["+status+"]]></Status>"+want) {
				t.Errorf("event %q", got)
			}
			w.move(24 * time.Hour)
			id = w.wantJob(w.post("clinic", "/cgi-bin/message/mass/sendall", sendAll(w.draft("clinic"), "")))
			w.move(time.Minute)
			w.wantStatus("clinic", id, "SEND_SUCCESS")
		})
	}
}

func TestMassProtection(t *testing.T) {
	for name, tc := range map[string]struct {
		answer map[string]any
		finish string
		status string
	}{
		"confirmed": {map[string]any{"confirm": true}, "send success", "SEND_SUCCESS"},
		"refused":   {map[string]any{"confirm": false}, "err(40001)", "SEND_FAIL"},
		"no_answer": {nil, "err(40002)", "SEND_FAIL"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newTown(t, func(o *Options) { o.Settings.MassProtection = true })
			id := w.wantJob(w.post("clinic", "/cgi-bin/message/mass/sendall", sendAll(w.draft("clinic"), "")))
			w.move(29 * time.Minute)
			w.wantStatus("clinic", id, "SENDING")
			if tc.answer != nil {
				w.control(http.MethodPost, fmt.Sprintf("/_sim/accounts/clinic/mass/%d/answer", id), tc.answer, http.StatusOK)
			}
			w.move(time.Minute)
			w.wantStatus("clinic", id, tc.status)
			jobs := w.control(http.MethodGet, "/_sim/accounts/clinic/mass", nil, http.StatusOK)["jobs"].([]any)
			if got := jobs[0].(map[string]any)["finish"]; got != tc.finish {
				t.Errorf("finish %v, want %s", got, tc.finish)
			}
		})
	}
}

func TestWhoLeavesDuringAJobIsAnError(t *testing.T) {
	w := newTown(t, func(o *Options) { o.Settings.MassSpeed = 4 })
	e := w.listen("clinic")
	w.do(func() { w.set.MassFinishLead = 0 })
	w.wantJob(w.post("clinic", "/cgi-bin/message/mass/sendall", sendAll(w.draft("clinic"), "")))
	w.move(600 * time.Millisecond)
	w.do(func() {
		if err := w.unfollow(w.byKey["clinic"], w.named["wang-guiying"]); err != nil {
			t.Error(err)
		}
	})
	w.move(time.Second)
	if n := w.got("clinic"); !slices.Equal(n, []int{34}) {
		t.Errorf("phones %v", n)
	}
	if got := w.events(e, "MASSSENDJOBFINISH"); len(got) != 1 || !strings.Contains(got[0], "<FilterCount>35</FilterCount><SentCount>34</SentCount><ErrorCount>1</ErrorCount>") {
		t.Errorf("event %q", got)
	}
}

func TestFinishEventComesBeforeTheEnd(t *testing.T) {
	w := newTown(t, func(o *Options) { o.Settings.MassSpeed = 4; o.Settings.MassReview = 0 })
	w.move(500 * time.Millisecond)
	e := w.listen("clinic")
	id := w.wantJob(w.post("clinic", "/cgi-bin/message/mass/sendall", sendAll(w.draft("clinic"), "")))
	w.do(func() { w.set.MassFinishLead = 10 * time.Millisecond })
	w.move(12 * time.Millisecond) // 35 people at 100,000 a minute: 21 ms
	if got := w.events(e, "MASSSENDJOBFINISH"); len(got) != 1 {
		t.Fatalf("events %q", got)
	}
	w.wantStatus("clinic", id, "SENDING")
	w.move(9 * time.Millisecond)
	w.wantStatus("clinic", id, "SEND_SUCCESS")
}

func TestPreviewIsOutsideTheQuota(t *testing.T) {
	w := newTown(t)
	draft := w.draft("party")
	reader := w.openids("party", following)[0]
	for range 3 {
		w.wantCode(w.post("party", "/cgi-bin/message/mass/preview",
			map[string]any{"touser": reader, "msgtype": "mpnews", "mpnews": map[string]string{"media_id": draft}}), 0)
	}
	w.wantCode(w.post("party", "/cgi-bin/message/mass/preview",
		map[string]any{"towxname": "zhou-xiaowen", "msgtype": "text", "text": map[string]string{"content": "看看"}}), 0)
	if chat := w.chatOf("party", "zhou-xiaowen"); !slices.Contains(chat, "preview 看看") {
		t.Errorf("chat %q", chat)
	}
	w.wantCode(w.post("party", "/cgi-bin/message/mass/preview",
		map[string]any{"towxname": "chen-yongfu", "msgtype": "text", "text": map[string]string{"content": "x"}}), 43004)
	w.wantCode(w.post("party", "/cgi-bin/message/mass/preview",
		map[string]any{"towxname": "nobody", "msgtype": "text", "text": map[string]string{"content": "x"}}), 40132)
	w.wantJob(w.post("party", "/cgi-bin/message/mass/sendall", sendAll(draft, "")))
}

func TestSpeedLevels(t *testing.T) {
	w := newTown(t)
	if out := w.post("clinic", "/cgi-bin/message/mass/speed/get", map[string]any{}); out["speed"] != 0.0 || out["realspeed"] != 80.0 {
		t.Errorf("default %v", out)
	}
	w.wantCode(w.post("clinic", "/cgi-bin/message/mass/speed/set", map[string]any{"speed": 3}), 0)
	if out := w.post("clinic", "/cgi-bin/message/mass/speed/get", map[string]any{}); out["speed"] != 3.0 || out["realspeed"] != 30.0 {
		t.Errorf("after setting %v", out)
	}
}
