package simulator

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// openidOf is a person's openid at an account.
func (w *town) openidOf(key, who string) string {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	a := w.byKey[key]
	id, found := a.followers.of(w.named[who])
	if !found {
		w.t.Fatalf("%s has nothing to do with %s", who, key)
	}
	return a.followers.at(id).openid.String()
}

func (w *town) act(who, act string, body map[string]any) {
	w.t.Helper()
	w.control(http.MethodPost, "/_sim/people/"+who+"/"+act, body, http.StatusOK)
}

func (w *town) customText(text string) reply {
	w.t.Helper()
	return w.post("clinic", "/cgi-bin/message/custom/send", map[string]any{
		"touser": w.openidOf("clinic", "wang-guiying"), "msgtype": "text", "text": map[string]string{"content": text},
	})
}

func TestCustomWindows(t *testing.T) {
	for name, tc := range map[string]struct {
		act    string
		body   map[string]any
		allows int
		life   time.Duration
	}{
		"five_in_48_hours_after_a_message":  {"write", map[string]any{"account": "clinic", "text": "你好"}, 5, 48 * time.Hour},
		"three_in_a_minute_after_a_tap":     {"tap", map[string]any{"account": "clinic", "button": "1"}, 3, time.Minute},
		"three_in_a_minute_after_an_option": {"write", map[string]any{"account": "clinic", "text": "户籍", "option": "1"}, 3, time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			w := newTown(t)
			w.wantCode(w.customText("太早"), 45015)
			w.act("wang-guiying", tc.act, tc.body)
			for i := range tc.allows {
				w.wantCode(w.customText(fmt.Sprint(i)), 0)
			}
			w.wantCode(w.customText("太多"), 45047)
			w.act("wang-guiying", tc.act, tc.body)
			w.move(tc.life - time.Second)
			w.wantCode(w.customText("还行"), 0)
			w.move(time.Second)
			w.wantCode(w.customText("太晚"), 45015)
		})
	}
	t.Run("a_view_button_opens_nothing", func(*testing.T) {
		w := newTown(t)
		w.act("wang-guiying", "tap", map[string]any{"account": "clinic", "button": "0.1"})
		w.wantCode(w.customText("x"), 45015)
	})
	t.Run("unfollowing_closes_it", func(*testing.T) {
		w := newTown(t)
		w.act("wang-guiying", "write", map[string]any{"account": "clinic", "text": "你好"})
		w.act("wang-guiying", "unfollow", map[string]any{"account": "clinic"})
		w.wantCode(w.customText("x"), 45015)
	})
	t.Run("windows_of_several_acts_add_up_shortest_first", func(*testing.T) {
		w := newTown(t)
		w.act("wang-guiying", "write", map[string]any{"account": "clinic", "text": "你好"})
		w.act("wang-guiying", "tap", map[string]any{"account": "clinic", "button": "1"})
		for range 3 {
			w.wantCode(w.customText("按键"), 0)
		}
		w.move(time.Minute)
		for range 5 {
			w.wantCode(w.customText("消息"), 0)
		}
		w.wantCode(w.customText("太多"), 45047)
	})
}

func TestCustomContent(t *testing.T) {
	w := newTown(t)
	w.act("wang-guiying", "write", map[string]any{"account": "clinic", "text": "你好"})
	openid := w.openidOf("clinic", "wang-guiying")
	card := map[string]any{"title": "预约挂号", "description": "周一至周五", "url": "https://town.example/q", "picurl": ""}
	cover := w.cover("clinic")
	for _, tc := range []struct {
		name, kind string
		body       any
		code       int
	}{
		{"a_text_of_2048_bytes_passes", "text", map[string]string{"content": strings.Repeat("x", 2048)}, 0},
		{"a_text_of_2049_bytes", "text", map[string]string{"content": strings.Repeat("x", 2049)}, 45002},
		{"an_empty_text", "text", map[string]string{"content": ""}, 44004},
		{"one_article_passes", "news", map[string]any{"articles": []any{card}}, 0},
		{"two_articles", "news", map[string]any{"articles": []any{card, card}}, 45008},
		{"no_article", "news", map[string]any{"articles": []any{}}, 44003},
		{"a_menu_passes", "msgmenu", map[string]any{"head_content": "请选择", "list": []any{map[string]string{"id": "1", "content": "户籍"}}, "tail_content": "谢谢"}, 0},
		{"an_image_passes", "image", map[string]string{"media_id": cover}, 0},
		{"an_unknown_image", "image", map[string]string{"media_id": "nothing"}, 40007},
		{"a_page_of_a_foreign_mini_program", "miniprogrampage", map[string]string{"title": "x", "appid": "wx9", "pagepath": "p", "thumb_media_id": cover}, 45064},
		{"a_page_of_the_linked_one_passes", "miniprogrampage", map[string]string{"title": "x", "appid": "wx0000000000000002", "pagepath": "p", "thumb_media_id": cover}, 0},
		{"a_kind_nobody_knows", "fax", map[string]string{}, 40008},
	} {
		t.Run(tc.name, func(*testing.T) {
			body := map[string]any{"touser": openid, "msgtype": tc.kind, tc.kind: tc.body}
			w.wantCode(w.post("clinic", "/cgi-bin/message/custom/send", body), tc.code)
		})
	}
	t.Run("refusals_use_nothing_up", func(t *testing.T) {
		w.wantCode(w.customText("第六条"), 45047) // five passed above
		if n := len(w.chatOf("clinic", "wang-guiying")); n != 6 {
			t.Errorf("%d entries in the chat", n)
		}
	})
}

func TestCustomReceivers(t *testing.T) {
	w := newTown(t)
	send := func(openid string) reply {
		return w.post("clinic", "/cgi-bin/message/custom/send", map[string]any{
			"touser": openid, "msgtype": "text", "text": map[string]string{"content": "x"},
		})
	}
	w.wantCode(send("oNobody"), 40003)
	w.wantCode(send(w.openidOf("party", "zhou-xiaowen")), 40003)
	w.wantCode(send(w.openids("clinic", blacklisted)[0]), 43019)
	w.wantCode(send(w.openids("clinic", refuses)[0]), 48002)
	w.wantCode(send(w.openidOf("clinic", "chen-yongfu")), 45015)
}

func TestTyping(t *testing.T) {
	w := newTown(t)
	typing := func(command string) reply {
		return w.post("clinic", "/cgi-bin/message/custom/typing",
			map[string]string{"touser": w.openidOf("clinic", "wang-guiying"), "command": command})
	}
	w.wantCode(typing("Typing"), 45080)
	w.act("wang-guiying", "write", map[string]any{"account": "clinic", "text": "你好"})
	w.wantCode(typing("Typing"), 0)
	w.wantCode(typing("Sleeping"), 45072)
}

func TestMenuOptionComesBackAsAText(t *testing.T) {
	w := newTown(t)
	e := w.listen("clinic")
	w.act("wang-guiying", "write", map[string]any{"account": "clinic", "text": "户籍", "option": "7"})
	w.settle()
	e.mu.Lock()
	defer e.mu.Unlock()
	if !slices.ContainsFunc(e.heard, func(body string) bool {
		return strings.Contains(body, "<Content><![CDATA[户籍]]></Content><bizmsgmenuid><![CDATA[7]]></bizmsgmenuid>")
	}) {
		t.Errorf("heard %q", e.heard)
	}
}
