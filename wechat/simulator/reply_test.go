package simulator

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestReplies(t *testing.T) {
	const notice = "notice 该公众号暂时无法提供服务，请稍后再试"
	news := func(k knock, n int) string {
		items := strings.Repeat("<item><Title>标题</Title><Description>说明</Description><PicUrl></PicUrl><Url>https://town.example/</Url></item>", n)
		return fmt.Sprintf("<xml><ToUserName>%s</ToUserName><FromUserName>%s</FromUserName><CreateTime>1</CreateTime><MsgType>news</MsgType><ArticleCount>%d</ArticleCount><Articles>%s</Articles></xml>",
			element(k.clear, "FromUserName"), element(k.clear, "ToUserName"), n, items)
	}
	for name, try := range map[string]struct {
		mode  string
		reply func(t *testing.T, k knock) string
		want  string // what follows on the phone; empty: nothing
	}{
		"success":                 {safeMode, func(*testing.T, knock) string { return "success" }, ""},
		"empty_body":              {safeMode, func(*testing.T, knock) string { return "" }, ""},
		"text_encrypted":          {safeMode, func(t *testing.T, k knock) string { return sealedReply(t, textReply(k, "您好")) }, "reply 您好"},
		"text_clear":              {plainMode, func(_ *testing.T, k knock) string { return textReply(k, "您好") }, "reply 您好"},
		"compatible_takes_clear":  {compatibleMode, func(_ *testing.T, k knock) string { return textReply(k, "您好") }, "reply 您好"},
		"compatible_takes_sealed": {compatibleMode, func(t *testing.T, k knock) string { return sealedReply(t, textReply(k, "您好")) }, "reply 您好"},
		"clear_in_safe_mode":      {safeMode, func(_ *testing.T, k knock) string { return textReply(k, "您好") }, notice},
		"sealed_emptiness":        {safeMode, func(t *testing.T, _ knock) string { return sealedReply(t, "") }, notice},
		"wrong_signature": {safeMode, func(t *testing.T, k knock) string {
			return strings.Replace(sealedReply(t, textReply(k, "您好")), "1760000001", "1760000002", 1)
		}, notice},
		"json":          {plainMode, func(*testing.T, knock) string { return `{"errcode":0}` }, notice},
		"garbage":       {plainMode, func(*testing.T, knock) string { return "<xml><" }, notice},
		"empty_content": {plainMode, func(_ *testing.T, k knock) string { return textReply(k, "") }, notice},
		"text_too_long": {plainMode, func(_ *testing.T, k knock) string { return textReply(k, strings.Repeat("好", 683)) }, notice},
		"names_swapped": {plainMode, func(_ *testing.T, k knock) string { return swapNames(textReply(k, "您好")) }, notice},
		"one_article":   {plainMode, func(_ *testing.T, k knock) string { return news(k, 1) }, "reply"},
		"two_articles":  {plainMode, func(_ *testing.T, k knock) string { return news(k, 2) }, notice},
		"no_article":    {plainMode, func(_ *testing.T, k knock) string { return news(k, 0) }, notice},
		"unknown_msg_type": {plainMode, func(_ *testing.T, k knock) string {
			return strings.Replace(textReply(k, "您好"), "[text]", "[card]", 1)
		}, notice},
	} {
		t.Run(name, func(t *testing.T) {
			w, d := answering(t, try.mode, func(_ int, k knock) (int, string) { return http.StatusOK, try.reply(t, k) })
			w.writes("wang-guiying", "你好")
			want := []string{"text 你好"}
			if try.want != "" {
				want = append(want, try.want)
			}
			if got := w.chatOf("clinic", "wang-guiying"); !slices.Equal(got, want) {
				t.Errorf("the phone shows %q, want %q", got, want)
			}
			w.move(time.Minute)
			w.settle()
			if n := len(d.knocks()); n != 1 {
				t.Errorf("%d deliveries, want 1: the program did answer", n)
			}
		})
	}
}

func swapNames(text string) string {
	text = strings.ReplaceAll(text, "ToUserName", "X")
	text = strings.ReplaceAll(text, "FromUserName", "ToUserName")
	return strings.ReplaceAll(text, "X", "FromUserName")
}

// An event takes up to eight articles; one that takes no reply ignores it.
func TestRepliesToEvents(t *testing.T) {
	w, _ := answering(t, plainMode, func(_ int, k knock) (int, string) { return http.StatusOK, textReply(k, "欢迎") })
	w.do(func() {
		a := w.byKey["clinic"]
		if err := w.follow(a, w.person("zhou-xiaowen"), sceneSearch, nil); err != nil {
			t.Error(err)
		}
		if err := w.unfollow(a, w.person("zhou-xiaowen")); err != nil {
			t.Error(err)
		}
		if _, err := w.tap(a, w.person("wang-guiying"), "0.1", ""); err != nil {
			t.Error(err)
		}
	})
	w.settle()
	if got := w.chatOf("clinic", "zhou-xiaowen"); !slices.Equal(got, []string{"follow", "leave", "reply 欢迎"}) {
		t.Errorf("follow and unfollow: %q", got)
	}
	if got := w.chatOf("clinic", "wang-guiying"); !slices.Equal(got, []string{"tap 接种"}) {
		t.Errorf("a view button takes no reply: %q", got)
	}
}
