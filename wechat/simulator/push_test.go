package simulator

import (
	"encoding/json"
	encxml "encoding/xml"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	doorToken = "simtoken"
	doorKey   = vectorKey
)

// door is a program under test: it keeps what it is sent and answers what the
// test says.
type door struct {
	*httptest.Server
	mu     sync.Mutex
	got    []knock
	answer func(n int, k knock) (int, string) // n counts from 1
}

type knock struct {
	query url.Values
	body  string
	clear string // decrypted, in safe mode
}

func newDoor(t *testing.T) *door {
	t.Helper()
	d := &door{answer: func(int, knock) (int, string) { return http.StatusOK, "success" }}
	d.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		k := knock{query: r.URL.Query(), body: string(body), clear: string(body)}
		if r.Method == http.MethodGet {
			_, _ = io.WriteString(w, k.query.Get("echostr"))
			return
		}
		var envelope struct{ Encrypt string }
		if encxml.Unmarshal(body, &envelope) == nil && envelope.Encrypt != "" {
			key, _ := decodeKey(doorKey)
			clear, err := unseal(key, envelope.Encrypt, "wx0000000000000001")
			if err != nil {
				t.Errorf("cannot open the push: %v", err)
			}
			want := signature(doorToken, k.query.Get("timestamp"), k.query.Get("nonce"), envelope.Encrypt)
			if k.query.Get("msg_signature") != want || k.query.Get("encrypt_type") != "aes" {
				t.Errorf("msg_signature or encrypt_type wrong in %v", k.query)
			}
			k.clear = string(clear)
		}
		if k.query.Get("signature") != signature(doorToken, k.query.Get("timestamp"), k.query.Get("nonce")) {
			t.Error("signature wrong")
		}
		d.mu.Lock()
		d.got = append(d.got, k)
		n := len(d.got)
		answer := d.answer
		d.mu.Unlock()
		status, text := answer(n, k)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, text)
	}))
	t.Cleanup(d.Close)
	return d
}

func (d *door) knocks() []knock {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.got)
}

// answering is a town whose clinic pushes to a door with these answers.
func answering(t *testing.T, mode string, answer func(n int, k knock) (int, string), change ...func(*Options)) (*town, *door) {
	t.Helper()
	w, d := newTown(t, change...), newDoor(t)
	if answer != nil {
		d.answer = answer
	}
	w.do(func() {
		w.byKey["clinic"].callback = callback{URL: d.URL + "/cb?town=1", Token: doorToken, AESKey: doorKey, Mode: mode}
	})
	return w, d
}

// write lets a person write to the clinic and waits for the deliveries.
func (w *town) writes(who, text string) {
	w.t.Helper()
	w.do(func() {
		if err := w.write(w.byKey["clinic"], w.person(who), text, ""); err != nil {
			w.t.Error(err)
		}
	})
	w.settle()
}

func element(text, name string) string {
	_, rest, _ := strings.Cut(text, "<"+name+">")
	inside, _, _ := strings.Cut(rest, "</"+name+">")
	return strings.TrimSuffix(strings.TrimPrefix(inside, "<![CDATA["), "]]>")
}

func textReply(k knock, text string) string {
	return fmt.Sprintf("<xml><ToUserName><![CDATA[%s]]></ToUserName><FromUserName><![CDATA[%s]]></FromUserName><CreateTime>1</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[%s]]></Content></xml>",
		element(k.clear, "FromUserName"), element(k.clear, "ToUserName"), text)
}

// sealedReply encrypts a reply as a good program does.
func sealedReply(t *testing.T, clear string) string {
	t.Helper()
	key, _ := decodeKey(doorKey)
	sealed, err := seal(key, []byte("0123456789abcdef"), []byte(clear), "wx0000000000000001")
	if err != nil {
		t.Error(err)
	}
	return fmt.Sprintf("<xml><Encrypt><![CDATA[%s]]></Encrypt><MsgSignature><![CDATA[%s]]></MsgSignature><TimeStamp>1760000001</TimeStamp><Nonce><![CDATA[any]]></Nonce></xml>",
		sealed, signature(doorToken, "1760000001", "any", sealed))
}

func TestPushByMode(t *testing.T) {
	for _, mode := range []string{plainMode, compatibleMode, safeMode} {
		t.Run(mode, func(t *testing.T) {
			w, d := answering(t, mode, nil)
			w.writes("wang-guiying", "预约 <3 ]]>")
			got := d.knocks()
			if len(got) != 1 {
				t.Fatalf("%d deliveries", len(got))
			}
			k := got[0]
			if k.query.Get("town") != "1" || k.query.Get("openid") != element(k.clear, "FromUserName") {
				t.Errorf("query %v", k.query)
			}
			if hasClear, hasSealed := strings.Contains(k.body, "<Content>"), strings.Contains(k.body, "<Encrypt>"); hasClear != (mode != safeMode) || hasSealed != (mode != plainMode) {
				t.Errorf("body %q", k.body)
			}
			var in struct {
				ToUserName, FromUserName, MsgType, Content string
				CreateTime, MsgId                          int64
			}
			if err := encxml.Unmarshal([]byte(k.clear), &in); err != nil {
				t.Fatal(err)
			}
			if in.ToUserName != "gh_sim000000001" || in.MsgType != "text" || in.Content != "预约 <3 ]]>" || in.MsgId == 0 || in.CreateTime != w.Now().Unix() {
				t.Errorf("message %+v", in)
			}
			if !strings.HasPrefix(k.clear, "<xml><ToUserName><![CDATA[gh_sim000000001]]></ToUserName>") || !strings.Contains(k.clear, "<CreateTime>1") {
				t.Errorf("form %q", k.clear)
			}
		})
	}
}

func TestRepeatedPush(t *testing.T) {
	w, d := answering(t, safeMode, func(int, knock) (int, string) { return http.StatusInternalServerError, "" })
	w.writes("wang-guiying", "在吗")
	if n := len(d.knocks()); n != 1 {
		t.Fatalf("%d deliveries before five seconds have passed", n)
	}
	for range 4 {
		w.move(5 * time.Second)
		w.settle()
	}
	got := d.knocks()
	if len(got) != 3 {
		t.Fatalf("%d deliveries in all, want 3", len(got))
	}
	for _, k := range got[1:] {
		if k.clear != got[0].clear {
			t.Error("a repetition has another body")
		}
		if k.body == got[0].body || k.query.Get("nonce") == got[0].query.Get("nonce") || k.query.Get("timestamp") == got[0].query.Get("timestamp") {
			t.Error("a repetition has the same encryption, nonce or timestamp")
		}
	}
	want := []string{"text 在吗", "notice 该公众号暂时无法提供服务，请稍后再试"}
	if got := w.chatOf("clinic", "wang-guiying"); !slices.Equal(got, want) {
		t.Errorf("the phone shows %q", got)
	}
}

func TestRepetitionStopsWhenAnswered(t *testing.T) {
	w, d := answering(t, safeMode, func(n int, _ knock) (int, string) {
		if n == 1 {
			return http.StatusBadGateway, ""
		}
		return http.StatusOK, ""
	}, func(o *Options) { o.Settings.CallbackDeliveries = 4 })
	w.writes("wang-guiying", "在吗")
	for range 4 {
		w.move(5 * time.Second)
		w.settle()
	}
	if n := len(d.knocks()); n != 2 {
		t.Errorf("%d deliveries, want 2", n)
	}
	if got := w.chatOf("clinic", "wang-guiying"); len(got) != 1 {
		t.Errorf("the phone shows %q", got)
	}
}

func TestSlowCallbackIsCutAndRepeated(t *testing.T) {
	release := make(chan struct{})
	w, d := answering(t, plainMode, func(n int, _ knock) (int, string) {
		if n == 1 {
			<-release
		}
		return http.StatusOK, "success"
	}, func(o *Options) { o.Settings.CallbackTimeout = 500 * time.Millisecond })
	defer close(release)
	w.writes("wang-guiying", "在吗")
	w.move(5 * time.Second)
	w.settle()
	if n := len(d.knocks()); n != 2 {
		t.Errorf("%d deliveries, want 2", n)
	}
}

func TestEvents(t *testing.T) {
	w, d := answering(t, safeMode, nil)
	code := w.post("clinic", "/cgi-bin/qrcode/create", map[string]any{
		"action_name": "QR_LIMIT_STR_SCENE", "action_info": map[string]any{"scene": map[string]any{"scene_str": "old-account-a"}},
	})
	ticket, _ := code["ticket"].(string)
	menuID := int64(0)
	w.do(func() { menuID = w.byKey["clinic"].menu.current.id })
	for _, try := range []struct {
		name string
		act  func(a *account, p personID) error
		want string // after MsgType
	}{
		{"follow", func(a *account, p personID) error { return w.follow(a, p, sceneSearch, nil) }, "<Event><![CDATA[subscribe]]></Event><EventKey><![CDATA[]]></EventKey></xml>"},
		{"scan_by_follower", func(_ *account, p personID) error { return w.scan(p, w.tickets[ticket]) }, "<Event><![CDATA[SCAN]]></Event><EventKey><![CDATA[old-account-a]]></EventKey><Ticket><![CDATA[" + ticket + "]]></Ticket></xml>"},
		{"tap_click", func(a *account, p personID) error { _, err := w.tap(a, p, "0.0", ""); return err }, "<Event><![CDATA[CLICK]]></Event><EventKey><![CDATA[BOOK]]></EventKey></xml>"},
		{"tap_view", func(a *account, p personID) error { _, err := w.tap(a, p, "0.1", ""); return err }, fmt.Sprintf("<Event><![CDATA[VIEW]]></Event><EventKey><![CDATA[https://town.example/jab]]></EventKey><MenuId>%d</MenuId></xml>", menuID)},
		{"tap_submenu", func(a *account, p personID) error { _, err := w.tap(a, p, "0", ""); return err }, ""},
		{"unfollow", func(a *account, p personID) error { return w.unfollow(a, p) }, "<Event><![CDATA[unsubscribe]]></Event><EventKey><![CDATA[]]></EventKey></xml>"},
		{"scan_by_stranger", func(_ *account, p personID) error { return w.scan(p, w.tickets[ticket]) }, "<Event><![CDATA[subscribe]]></Event><EventKey><![CDATA[qrscene_old-account-a]]></EventKey><Ticket><![CDATA[" + ticket + "]]></Ticket></xml>"},
	} {
		t.Run(try.name, func(t *testing.T) {
			before := len(d.knocks())
			w.do(func() {
				if err := try.act(w.byKey["clinic"], w.person("zhou-xiaowen")); err != nil {
					t.Error(err)
				}
			})
			w.settle()
			got := d.knocks()[before:]
			if try.want == "" {
				if len(got) != 0 {
					t.Errorf("sent %q", got[0].clear)
				}
				return
			}
			if len(got) != 1 || !strings.HasSuffix(got[0].clear, "<MsgType><![CDATA[event]]></MsgType>"+try.want) {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestJobEventHasNoPerson(t *testing.T) {
	w, d := answering(t, safeMode, nil)
	w.do(func() {
		w.pushJob(w.byKey["clinic"], "MASSSENDJOBFINISH", number("MsgID", 7),
			group("CopyrightCheckResult", number("Count", 0), group("ResultList"), number("CheckState", 0)))
	})
	w.settle()
	k := d.knocks()[0]
	if k.query.Has("openid") || len(element(k.clear, "FromUserName")) != 28 {
		t.Errorf("query %v, from %q", k.query, element(k.clear, "FromUserName"))
	}
	if want := "<MsgID>7</MsgID><CopyrightCheckResult><Count>0</Count><ResultList></ResultList><CheckState>0</CheckState></CopyrightCheckResult></xml>"; !strings.HasSuffix(k.clear, want) {
		t.Errorf("body %q", k.clear)
	}
}

func TestChaos(t *testing.T) {
	for name, try := range map[string]struct {
		change func(*Settings)
		want   int
	}{
		"all_twice": {func(s *Settings) { s.DuplicateShare = 1 }, 20},
		"all_lost":  {func(s *Settings) { s.LostShare = 1 }, 0},
		"reordered": {func(s *Settings) { s.ReorderShare = 1 }, 10},
		"all_late":  {func(s *Settings) { s.LateShare = 1 }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			w, d := answering(t, safeMode, nil, func(o *Options) { o.Settings.CallbackWorkers = 1; try.change(&o.Settings) })
			w.do(func() {
				for i := range 10 {
					if err := w.write(w.byKey["clinic"], w.person("wang-guiying"), fmt.Sprint(i), ""); err != nil {
						t.Error(err)
					}
				}
			})
			w.settle()
			got := d.knocks()
			if len(got) != try.want {
				t.Fatalf("%d deliveries, want %d", len(got), try.want)
			}
			if name == "all_late" {
				w.move(3 * time.Minute)
				w.settle()
				if n := len(d.knocks()); n != 10 {
					t.Errorf("%d deliveries after the delay", n)
				}
				return
			}
			if name == "reordered" && element(got[0].clear, "Content") == "0" && element(got[1].clear, "Content") == "1" {
				t.Error("nothing overtook anything")
			}
		})
	}
}

func TestCallbackSettingIsVerified(t *testing.T) {
	w, d := newTown(t), newDoor(t)
	set := func(t *testing.T, in map[string]any) int {
		t.Helper()
		resp, data := w.raw(http.MethodPut, "/_sim/accounts/clinic/callback", nil, in)
		if resp.StatusCode != http.StatusOK {
			var refusal struct{ Error string }
			if json.Unmarshal(data, &refusal) != nil || refusal.Error == "" {
				t.Errorf("no plain error: %s", data)
			}
		}
		return resp.StatusCode
	}
	deaf := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `"echo"`) }))
	t.Cleanup(deaf.Close)
	good := map[string]any{"url": d.URL, "token": doorToken, "aes_key": doorKey}
	with := func(name string, value any) map[string]any {
		in := maps.Clone(good)
		in[name] = value
		return in
	}
	for name, try := range map[string]struct {
		in     map[string]any
		status int
	}{
		"short_key":    {with("aes_key", "abc"), http.StatusBadRequest},
		"no_address":   {with("url", "door"), http.StatusBadRequest},
		"short_token":  {with("token", "x"), http.StatusBadRequest},
		"odd_mode":     {with("mode", "open"), http.StatusBadRequest},
		"wrong_echo":   {with("url", deaf.URL), http.StatusConflict},
		"nobody_there": {with("url", "http://127.0.0.1:1"), http.StatusConflict},
	} {
		t.Run(name, func(t *testing.T) {
			if got := set(t, try.in); got != try.status {
				t.Errorf("HTTP %d, want %d", got, try.status)
			}
			w.do(func() {
				if w.byKey["clinic"].callback.URL != "" {
					t.Error("the bad setting was taken")
				}
			})
		})
	}
	if got := set(t, good); got != http.StatusOK {
		t.Fatalf("good setting: HTTP %d", got)
	}
	w.do(func() {
		if cb := w.byKey["clinic"].callback; cb.URL != d.URL || cb.Mode != safeMode {
			t.Errorf("setting %+v", cb)
		}
	})
}

func TestPushUnderThePreviousKey(t *testing.T) {
	w, d := answering(t, safeMode, nil, func(o *Options) { o.Settings.OldKeyShare = 1 })
	w.do(func() { // the door knows doorKey only
		cb := &w.byKey["clinic"].callback
		cb.AESKey, cb.PreviousKey = strings.Repeat("b", 43), doorKey
	})
	w.writes("wang-guiying", "在吗")
	if got := d.knocks(); len(got) != 1 || element(got[0].clear, "Content") != "在吗" {
		t.Errorf("got %+v", got)
	}
}
