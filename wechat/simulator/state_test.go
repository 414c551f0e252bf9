package simulator

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// wantKept checks that the state file would bring back exactly this world, were
// the process killed now or closed now: every test of the package is a test of
// the state file, too.
func (w *town) wantKept() {
	w.t.Helper()
	if w.state == nil || w.t.Failed() {
		return
	}
	w.mu.Lock() // until the end: deliveries may be under way
	defer w.mu.Unlock()
	var fresh bytes.Buffer
	if err := w.capture().write(&fresh); err != nil {
		w.t.Fatal(err)
	}
	w.wantWorld(w.read(w.state.path))
	w.wantWorld(fresh.Bytes())
}

func (w *town) wantWorld(file []byte) {
	w.t.Helper()
	again, err := New(Options{})
	if err != nil {
		w.t.Fatal(err)
	}
	defer again.Close()
	if _, err := again.readState(w.stateFile(file)); err != nil {
		w.t.Fatal(err)
	}
	again.mu.Lock()
	defer again.mu.Unlock()
	w.wantSame(again)
	kept, found := w.capture(), again.capture()
	found.Clock.Now, found.Clock.Offset = kept.Clock.Now, kept.Clock.Offset
	want, got := textOf(w.t, kept), textOf(w.t, found)
	if bytes.Equal(got, want) {
		return
	}
	at := 0
	for at < min(len(got), len(want)) && got[at] == want[at] {
		at++
	}
	from := max(at-300, 0)
	w.t.Errorf("the state file holds another world: at %d\n got …%s\nwant …%s", at, got[from:min(at+200, len(got))], want[from:min(at+200, len(want))])
}

// copied is the state file as it is at this moment, under another name: what a
// process killed now leaves behind.
func (w *town) copied() string {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.stateFile(w.read(w.state.path))
}

func (w *town) read(path string) []byte {
	w.t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		w.t.Fatal(err)
	}
	return data
}

func (w *town) stateFile(data []byte) string {
	w.t.Helper()
	path := filepath.Join(w.t.TempDir(), "state")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		w.t.Fatal(err)
	}
	return path
}

// endings are the ways a process ends; each gives the file it leaves.
var endings = map[string]func(*town) string{
	"closed": func(w *town) string { w.Close(); return w.stateFile(w.read(w.state.path)) },
	"killed": (*town).copied,
	"saved": func(w *town) string {
		var file bytes.Buffer
		if err := w.Save(&file); err != nil {
			w.t.Fatal(err)
		}
		return w.stateFile(file.Bytes())
	},
}

// raise opens the file a town left behind.
func raise(t *testing.T, path string) *town {
	t.Helper()
	w := openTown(t, Options{State: path})
	if !w.Restored() {
		t.Fatal("the world is not restored")
	}
	return w
}

// look is everything the outside can see of a town without changing it, as
// pairs of question and answer.
func (w *town) look() string {
	w.t.Helper()
	var out strings.Builder
	for _, path := range []string{
		"/_sim/accounts", "/_sim/accounts/clinic", "/_sim/accounts/clinic/deliveries", "/_sim/accounts/clinic/relations",
		"/_sim/accounts/clinic/received", "/_sim/accounts/clinic/menu", "/_sim/accounts/clinic/drafts", "/_sim/accounts/clinic/mass",
		"/_sim/accounts/clinic/templates", "/_sim/accounts/clinic/notices", "/_sim/account-migrations", "/_sim/people?limit=100",
		"/_sim/people/wang-guiying", "/_sim/people/wang-guiying/chats", "/_sim/people/zhou-xiaowen/chats",
		"/_sim/faults", "/_sim/calls", "/_sim/settings", "/_sim/clock",
	} {
		at, query, _ := strings.Cut(path, "?")
		values, err := url.ParseQuery(query)
		if err != nil {
			w.t.Fatal(err)
		}
		_, body := w.raw(http.MethodGet, at, values, nil)
		fmt.Fprintf(&out, "%s\n%s\n", path, body)
	}
	return out.String()
}

func firstDifference(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(x), len(y)) {
		if x[i] != y[i] {
			return fmt.Sprintf("%.3000s\n%.3000s", x[i], y[i])
		}
	}
	return "one is longer"
}

func TestWorldOutlivesItsProcess(t *testing.T) {
	for name, end := range endings {
		t.Run(name, func(t *testing.T) {
			w := newTown(t)
			fields := map[string]any{"PublicURL": "http://phones.example", "TemplateSlowest": "200ms"}
			w.control(http.MethodPatch, "/_sim/settings", fields, http.StatusOK)
			ear := w.listen("clinic")
			token := w.token("clinic")
			code := w.code("scope", scopeUserInfo, "sim_consent", "allow")
			web := w.exchange(w.code())
			cover := w.cover("clinic")
			kept := w.draft("clinic")
			w.act("wang-guiying", "write", map[string]any{"account": "clinic", "text": "在吗"})
			w.act("zhou-xiaowen", "follow", map[string]any{"account": "clinic"})
			w.wantCode(w.customText("在"), 0)
			reminder := w.reminder(w.openidOf("clinic", "wang-guiying"))
			reminder["client_msg_id"] = "once"
			msgID := w.post("clinic", "/cgi-bin/message/template/send", reminder)["msgid"]
			w.move(time.Second)
			job := w.wantJob(w.post("clinic", "/cgi-bin/message/mass/sendall", sendAll(w.draft("clinic"), "wave-1")))
			w.move(time.Minute)
			w.wantStatus("clinic", job, "SEND_SUCCESS")
			ticket, _ := w.post("clinic", "/cgi-bin/qrcode/create", map[string]any{
				"action_name": "QR_LIMIT_STR_SCENE", "action_info": map[string]any{"scene": map[string]string{"scene_str": "hall"}},
			})["ticket"].(string)
			w.wantCode(w.post("clinic", "/cgi-bin/menu/create", buttons(click("新", "1"))), 0)
			w.control(http.MethodPost, "/_sim/account-migrations", map[string]any{"from": "party", "to": "lapsed"}, http.StatusConflict)
			w.control(http.MethodPut, "/_sim/accounts/party/mass/verdicts", map[string]any{"verdicts": []any{map[string]any{"status": "err(20001)"}}}, http.StatusOK)
			w.fault(map[string]any{"path": "/cgi-bin/menu/get", "account": "party", "kind": "errcode", "code": 45009, "times": 2})
			w.wantCode(w.get("party", "/cgi-bin/menu/get"), 45009)
			refused := w.get("clinic", "/cgi-bin/user/info", "openid", "oNobody")
			w.settle()
			followers, seen := w.allFollowers("clinic"), w.look()

			again := raise(t, end(w))
			if got := again.look(); got != seen {
				t.Fatalf("looks different now:\n%s", firstDifference(got, seen))
			}
			if got := again.allFollowers("clinic"); !slices.Equal(got, followers) {
				t.Errorf("user/get %v, was %v", got, followers)
			}
			again.wantCode(again.ask(http.MethodGet, "/cgi-bin/menu/get", token, nil), 0)
			again.wantStatus("clinic", job, "SEND_SUCCESS")
			if out := again.post("clinic", "/cgi-bin/message/mass/sendall", sendAll(kept, "wave-1")); out.code() != 45065 || out["msg_id"] != float64(job) {
				t.Errorf("a repeat of the mass send: %v", out)
			}
			again.wantCode(again.post("clinic", "/cgi-bin/message/mass/sendall", sendAll(kept, "wave-2")), 45028)
			if out := again.post("clinic", "/cgi-bin/message/template/send", reminder); out["msgid"] != msgID {
				t.Errorf("a repeat of the template message: %v, was %v", out, msgID)
			}
			for i := range 4 {
				again.wantCode(again.customText(fmt.Sprint(i)), 0)
			}
			again.wantCode(again.customText("太多"), 45047)
			again.wantCode(again.exchange(code), 0)
			again.wantCode(again.exchange(code), 40163)
			again.wantCode(again.ask(http.MethodGet, "/sns/auth", url.Values{
				"access_token": {web["access_token"].(string)}, "openid": {web["openid"].(string)}, //nolint:forcetypeassert // texts, or the test fails
			}, nil), 0)
			if resp, _ := again.authorize("scope", scopeUserInfo); resp.StatusCode != http.StatusFound {
				t.Errorf("consent is asked again: HTTP %d", resp.StatusCode)
			}
			again.wantCode(again.post("clinic", "/cgi-bin/material/get_material", map[string]string{"media_id": "none"}), 40007)
			if _, data := again.raw(http.MethodPost, "/cgi-bin/material/get_material", again.token("clinic"), map[string]string{"media_id": cover}); !bytes.Equal(data, tinyPNG(t)) {
				t.Errorf("the cover is %d bytes", len(data))
			}
			again.act("wang-guiying", "scan", map[string]any{"ticket": ticket})
			if got := again.events(ear, "SCAN"); len(got) != 1 || element(got[0], "EventKey") != "hall" {
				t.Errorf("scan pushed %q", got)
			}
			rid := ridShape.FindString(refused["errmsg"].(string)) //nolint:forcetypeassert // a text, or the test fails
			again.wantCode(again.post("clinic", "/cgi-bin/openapi/rid/get", map[string]string{"rid": strings.TrimPrefix(rid, " rid: ")}), 0)
			again.wantCode(again.get("party", "/cgi-bin/menu/get"), 45009)
			again.wantCode(again.get("party", "/cgi-bin/menu/get"), 46003)
		})
	}
}

// A job that is stopped at any stage of its life ends as it would have ended.
func TestJobGoesOnAfterAStop(t *testing.T) {
	life := []time.Duration{0, 300 * time.Millisecond, 401 * time.Millisecond, 601 * time.Millisecond}
	run := func(w *town, e *ear, from time.Duration) (string, []string) {
		w.move(time.Second - from)
		events := w.events(e, "MASSSENDJOBFINISH")
		_, jobs := w.raw(http.MethodGet, "/_sim/accounts/clinic/mass", nil, nil)
		_, received := w.raw(http.MethodGet, "/_sim/accounts/clinic/received", nil, nil)
		return string(jobs) + string(received), events
	}
	begin := func(t *testing.T) (*town, *ear) {
		w := newTown(t, func(o *Options) { o.Settings.PublicURL, o.Settings.MassErrorShare = "http://phones.example", 0.2 })
		e := w.listen("clinic")
		w.wantJob(w.post("clinic", "/cgi-bin/message/mass/sendall", sendAll(w.draft("clinic"), "")))
		return w, e
	}
	w, e := begin(t)
	want, wantEvents := run(w, e, 0)
	if len(wantEvents) != 1 {
		t.Fatalf("events %q", wantEvents)
	}
	for name, end := range endings {
		for _, at := range life {
			t.Run(fmt.Sprintf("%s_after_%v", name, at), func(t *testing.T) {
				w, e := begin(t)
				w.move(at)
				w.settle()
				got, events := run(raise(t, end(w)), e, at)
				if got != want {
					t.Errorf("ended otherwise:\n%s", firstDifference(got, want))
				}
				if !slices.Equal(events, wantEvents) {
					t.Errorf("events\n%q, want\n%q", events, wantEvents)
				}
			})
		}
	}
}

func TestProtectedJobWaitsOnAfterAStop(t *testing.T) {
	w := newTown(t, func(o *Options) { o.Settings.MassProtection = true })
	w.listen("clinic")
	job := w.wantJob(w.post("clinic", "/cgi-bin/message/mass/sendall", sendAll(w.draft("clinic"), "")))
	again := raise(t, w.copied())
	again.move(30 * time.Minute)
	again.wantStatus("clinic", job, "SEND_FAIL")
}

// What was queued or under way is delivered after the next start: same body,
// a fresh nonce, and the attempt that was cut off does not count.
func TestCallbackIsRepeatedAfterAStop(t *testing.T) {
	for name, end := range endings {
		t.Run("under_way_when_"+name, func(t *testing.T) {
			reached, release := make(chan struct{}), make(chan struct{})
			w, d := answering(t, safeMode, func(n int, k knock) (int, string) {
				if n == 1 {
					close(reached)
					<-release
				}
				return http.StatusOK, sealedReply(t, textReply(k, "在"))
			})
			defer close(release)
			w.act("wang-guiying", "write", map[string]any{"account": "clinic", "text": "在吗"})
			<-reached
			path := end(w)
			again := raise(t, path)
			again.settle()
			again.move(5*time.Second - time.Millisecond)
			again.settle()
			if n := len(d.knocks()); n != 1 {
				t.Fatalf("%d deliveries before the spacing is over", n)
			}
			again.move(time.Millisecond)
			again.settle()
			got := d.knocks()
			if len(got) != 2 || got[0].clear != got[1].clear || got[0].query.Get("nonce") == got[1].query.Get("nonce") {
				t.Fatalf("deliveries %+v", got)
			}
			if chat := again.chatOf("clinic", "wang-guiying"); !slices.Equal(chat, []string{"text 在吗", "reply 在"}) {
				t.Errorf("chat %q", chat)
			}
		})
		t.Run("waiting_when_"+name, func(t *testing.T) {
			w, d := answering(t, plainMode, func(int, knock) (int, string) { return http.StatusBadGateway, "" })
			w.writes("wang-guiying", "在吗")
			again := raise(t, end(w))
			for range 4 {
				again.move(5 * time.Second)
				again.settle()
			}
			if n := len(d.knocks()); n != 3 {
				t.Errorf("%d deliveries in all", n)
			}
			if chat := again.chatOf("clinic", "wang-guiying"); len(chat) != 2 || !strings.HasPrefix(chat[1], "notice") {
				t.Errorf("chat %q", chat)
			}
		})
	}
}

// With a running clock time goes on while nobody is there, and never back.
func TestTimeGoesOnWhileStopped(t *testing.T) {
	real := time.Date(2026, 3, 2, 9, 0, 0, 0, beijing)
	options := Options{State: filepath.Join(t.TempDir(), "state"), Now: func() time.Time { return real }}
	open := func() *Simulator {
		t.Helper()
		s, err := New(options)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := open()
	if _, err := s.Move(48 * time.Hour); err != nil {
		t.Fatal(err)
	}
	s.Close()
	for _, step := range []struct{ real, want time.Duration }{
		{time.Hour, 49 * time.Hour},
		{30 * time.Minute, 49 * time.Hour}, // the clock of the machine was set back
		{2 * time.Hour, 50 * time.Hour},
	} {
		start := time.Date(2026, 3, 2, 9, 0, 0, 0, beijing)
		real = start.Add(step.real)
		s := open()
		if got := s.Now().Sub(start); got != step.want {
			t.Errorf("%v after the start it is %v", step.real, got)
		}
		s.Close()
	}
	options.Now = nil // it stands where it was
	s = open()
	defer s.Close()
	if got := s.Now().Sub(time.Date(2026, 3, 2, 9, 0, 0, 0, beijing)); got != 50*time.Hour {
		t.Errorf("standing at %v", got)
	}
}

func TestNewAddressWins(t *testing.T) {
	w := newTown(t, func(o *Options) { o.Settings.PublicURL = "http://old.example" })
	path := w.copied()
	settings := DefaultSettings()
	settings.PublicURL, settings.CallbackDeliveries = "http://new.example", 1
	again := openTown(t, Options{State: path, Settings: settings})
	out := again.control(http.MethodGet, "/_sim/settings", nil, http.StatusOK)
	if out["PublicURL"] != "http://new.example" || out["CallbackDeliveries"] != 3.0 {
		t.Errorf("settings %v", out)
	}
}

func TestCallbacksFollowTheProgram(t *testing.T) {
	w, old := answering(t, safeMode, func(int, knock) (int, string) { return http.StatusBadGateway, "" })
	w.writes("wang-guiying", "在吗")
	again, fresh := raise(t, w.copied()), newDoor(t)
	if err := again.Redirect("clinic", fresh.URL+"/cb"); err != nil {
		t.Fatal(err)
	}
	again.move(5 * time.Second)
	again.settle()
	if before, now := len(old.knocks()), len(fresh.knocks()); before != 1 || now != 1 {
		t.Errorf("%d deliveries to the old address, %d to the new one", before, now)
	}
	for account, address := range map[string]string{"clinic": "ftp://nowhere", "nobody": fresh.URL, "party": fresh.URL} {
		if err := again.Redirect(account, address); err == nil {
			t.Errorf("%s goes to %s", account, address)
		}
	}
}

func TestEmptyWorldIsNotRestored(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	for range 2 { // killed before the scenario was loaded
		s, err := New(Options{State: path})
		if err != nil {
			t.Fatal(err)
		}
		if s.Restored() {
			t.Error("an empty world counts as restored")
		}
		s.Close()
	}
}

func TestClosedSimulatorRefuses(t *testing.T) {
	w := newTown(t)
	query := w.token("clinic")
	w.Close()
	w.Close()
	if resp, _ := w.raw(http.MethodGet, "/cgi-bin/user/get", query, nil); resp.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("a call answers HTTP %d", resp.StatusCode)
	}
	w.control(http.MethodPost, "/_sim/people", map[string]string{"name": "新人"}, http.StatusServiceUnavailable)
	if _, err := w.Move(time.Second); err == nil {
		t.Error("the clock moves")
	}
	if err := w.Load(strings.NewReader("{}")); err == nil {
		t.Error("a scenario is loaded")
	}
}

func TestUnusableStateFiles(t *testing.T) {
	w := newTown(t)
	w.act("wang-guiying", "write", map[string]any{"account": "clinic", "text": "在吗"})
	w.wantCode(w.get("clinic", "/cgi-bin/user/get"), 0)
	good := w.read(w.copied())
	head := len(stateForm + stateVersion + "\n")
	nonsense := func(change func(*savedWorld)) []byte {
		w.mu.Lock()
		world := w.capture()
		w.mu.Unlock()
		world.complete()
		change(world)
		world.people, world.pieces = nil, nil
		return packed(t, world)
	}
	for name, tc := range map[string]struct {
		data []byte
		says string
	}{
		"empty":              {nil, "was not written by the simulator"},
		"some_other_file":    {[]byte("SQLite format 3\x00 and so on"), "was not written by the simulator"},
		"later_version":      {append([]byte(stateForm+"77\n"), good[head:]...), `"77" of another version`},
		"head_alone":         {good[:head], "holds no world"},
		"cut_snapshot":       {good[:head+400], "the end is missing"},
		"no_snapshot":        {append(slices.Clone(good[:head]), frame([]byte("{}\n"), nil)...), "EOF"},
		"relation_to_nobody": {nonsense(func(w *savedWorld) { w.Accounts[0].Relations.Person[3] = 7000 }), "with nobody"},
		"columns_differ":     {nonsense(func(w *savedWorld) { w.Accounts[0].Relations.Since = nil }), "relations"},
		"token_of_nobody":    {nonsense(func(w *savedWorld) { w.Tokens["98_x"] = savedToken{Account: "nobody"} }), `no account "nobody"`},
		"entry_of_nobody":    {nonsense(func(w *savedWorld) { w.Accounts[0].Single[0].Receiver = -5 }), "no relation -5"},
		"task_without_job":   {nonsense(func(w *savedWorld) { w.Tasks = []savedTask{{savedPlan: savedPlan{Account: "clinic", Job: 9}}} }), "no mass job 9"},
		"no_chance":          {nonsense(func(w *savedWorld) { w.Rand = nil }), "PCG"},
		"unknown_step":       {append(slices.Clone(good), frame([]byte("{}\n"), nil)...), "does not know"},
		"answer_to_nothing":  {append(slices.Clone(good), frame([]byte(`{"answered":{"account":"clinic","push":99}}`+"\n"), nil)...), "never sent"},
	} {
		t.Run(name, func(t *testing.T) {
			path := w.stateFile(tc.data)
			_, err := New(Options{State: path})
			if !errors.Is(err, ErrState) || !strings.Contains(err.Error(), tc.says) || !strings.Contains(err.Error(), "delete it") {
				t.Errorf("opened with %v", err)
			}
			if !bytes.Equal(w.read(path), tc.data) {
				t.Error("the file was changed")
			}
		})
	}
	t.Run("a_flipped_bit_anywhere", func(t *testing.T) {
		for at := 0; at < len(good); at += 7 {
			bad := slices.Clone(good)
			bad[at] ^= 1 << (at % 8)
			if _, err := New(Options{State: w.stateFile(bad)}); !errors.Is(err, ErrState) {
				t.Errorf("byte %d of %d: opened with %v", at, len(good), err)
			}
		}
	})
	t.Run("a_folder", func(t *testing.T) {
		if _, err := New(Options{State: t.TempDir()}); err == nil {
			t.Error("opened")
		}
	})
}

func packed(t *testing.T, world *savedWorld) []byte {
	t.Helper()
	var file bytes.Buffer
	if err := world.writeText(&file); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

// A process killed in the middle of a write leaves half a step; nobody heard
// of it, so it never happened.
func TestHalfAStepIsNone(t *testing.T) {
	w := newTown(t)
	before := w.read(w.copied())
	w.control(http.MethodPost, "/_sim/people", map[string]string{"name": "新人", "key": "new"}, http.StatusOK)
	after := w.read(w.copied())
	for _, size := range []int{len(before), len(before) + 1, len(before) + frameHead, len(after) - 1, len(after)} {
		for name, data := range map[string][]byte{
			"cut":   after[:size],
			"zeros": append(slices.Clone(after[:size]), make([]byte, 4096)...),
		} {
			if name == "zeros" && size != len(before) && size != len(after) {
				continue // half a step and zeros behind it are damage
			}
			again := openTown(t, Options{State: w.stateFile(data)})
			if _, found := again.named["new"]; found != (size == len(after)) {
				t.Errorf("%s at %d of %d..%d: found %t", name, size, len(before), len(after), found)
			}
			again.act("wang-guiying", "write", map[string]any{"account": "clinic", "text": "继续"}) // and it goes on behind it
		}
	}
}

// Fresh snapshots are taken while calls come in; nothing is lost or doubled.
func TestSnapshotsDuringCalls(t *testing.T) {
	w := newTown(t, func(o *Options) { o.Settings.TemplateStrict = false })
	w.listen("clinic")
	var calls sync.WaitGroup
	for i := range 8 {
		calls.Go(func() {
			for j := range 25 {
				w.act("wang-guiying", "write", map[string]any{"account": "clinic", "text": fmt.Sprint(i, j)})
				w.wantCode(w.get("clinic", "/cgi-bin/user/get"), 0)
			}
		})
	}
	done := make(chan struct{})
	go func() { calls.Wait(); close(done) }()
	for running, n := true, 0; running || n < 3; n++ {
		select {
		case <-done:
			running = false
		default:
		}
		if err := w.rewrite(); err != nil {
			t.Fatal(err)
		}
	}
	w.settle()
	w.mu.Lock()
	steps, size := w.state.steps, w.state.bytes
	w.mu.Unlock()
	if steps != 0 || size != 0 {
		t.Errorf("%d steps with %d bytes behind a snapshot taken in silence", steps, size)
	}
	chat := raise(t, w.copied()).chatOf("clinic", "wang-guiying")
	slices.Sort(chat)
	if len(slices.Compact(chat)) != 200 {
		t.Errorf("%d lines", len(chat))
	}
}

// When the disk refuses a step, the world goes on and the next snapshot holds
// its effect.
func TestDiskThatRefuses(t *testing.T) {
	w := newTown(t)
	w.mu.Lock()
	_ = w.state.file.Close()
	w.mu.Unlock()
	w.act("wang-guiying", "write", map[string]any{"account": "clinic", "text": "一"})
	w.act("wang-guiying", "write", map[string]any{"account": "clinic", "text": "二"})
	w.mu.Lock()
	failed := w.state.failed
	w.mu.Unlock()
	if failed == nil {
		t.Fatal("the failure went unnoticed")
	}
	if err := w.rewrite(); err != nil {
		t.Fatal(err)
	}
	w.act("wang-guiying", "write", map[string]any{"account": "clinic", "text": "三"})
	if chat := raise(t, w.copied()).chatOf("clinic", "wang-guiying"); len(chat) != 3 {
		t.Errorf("chat %q", chat)
	}
}
