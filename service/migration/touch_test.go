package migration_test

import (
	"slices"
	"strings"
	"testing"

	"guiyi/domain"
	"guiyi/repository"
	"guiyi/repository/repotest"
)

func (w *town) touch(in domain.Inbound) string {
	w.t.Helper()
	in.AccountID, in.CreatedAt = w.old.ID, domain.At(w.clock)
	r, ok, err := w.Respond(w.t.Context(), in)
	w.must(err)
	if !ok {
		return ""
	}
	return r.Text
}

func TestRespond(t *testing.T) {
	w := newTown(t, repotest.SQLite(t), domain.AccountService, 20).approved()
	person := w.platform.followers[0]
	t.Run("nothing is said before the start", func(t *testing.T) {
		if got := w.touch(domain.Inbound{OpenID: person, Type: "text", Content: "你好"}); got != "" {
			t.Error(got)
		}
	})
	w.must(w.Start(t.Context(), clerk, w.id))
	w.work()
	for _, c := range []struct {
		name  string
		in    domain.Inbound
		parts []string
	}{
		{"any text", domain.Inbound{Type: "text", Content: "在吗"}, []string{"正在整合到“汀兰服务”", "/moved/A3", "儿童接种", "请到卫生院窗口打印", "0000-6000104"}},
		{"a picture", domain.Inbound{Type: "image"}, []string{"/moved/A3"}},
		{"a follow", domain.Inbound{Type: "event", Event: "subscribe"}, []string{"/moved/A3", "demo_town"}},
		{"the name of an old entry", domain.Inbound{Type: "text", Content: "我要约儿童接种"}, []string{"您问的“儿童接种”", "/services/S026", "卫生路8号"}},
		{"a keyword of the catalogue", domain.Inbound{Type: "text", Content: "疫苗"}, []string{"您问的“疫苗”", "/services/S026"}},
		{"a tap on an old button", domain.Inbound{Type: "event", Event: "CLICK", EventKey: "VAC"}, []string{"您问的“儿童接种”"}},
		{"a tap on an unknown button", domain.Inbound{Type: "event", Event: "CLICK", EventKey: "GONE"}, []string{"/moved/A3"}},
		{"an entry that ends", domain.Inbound{Type: "text", Content: "报告查询"}, []string{"不再在手机上提供", "请到卫生院窗口打印"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.in.OpenID = person
			got := w.touch(c.in)
			for _, p := range append(c.parts, "紧急情况请拨打110、119、120。") {
				if !strings.Contains(got, p) {
					t.Errorf("lacks %q: %s", p, got)
				}
			}
			if len(got) > 2048 {
				t.Errorf("%d bytes", len(got))
			}
		})
	}
	t.Run("an event nobody sees is not answered", func(t *testing.T) {
		if got := w.touch(domain.Inbound{OpenID: person, Type: "event", Event: "VIEW", EventKey: "http://old/report"}); got != "" {
			t.Error(got)
		}
	})
	t.Run("another account is not this room's business", func(t *testing.T) {
		if _, ok, err := w.Respond(t.Context(), domain.Inbound{AccountID: "account-town", OpenID: person, Type: "text"}); ok || err != nil {
			t.Errorf("%v %v", ok, err)
		}
	})
	t.Run("after the stop date it says so", func(t *testing.T) {
		w.clock = w.clock.AddDate(0, 0, 31)
		if got := w.touch(domain.Inbound{OpenID: person, Type: "text", Content: "在吗"}); !strings.Contains(got, "已于2026年12月23日停止更新") {
			t.Error(got)
		}
	})
}

func TestRespond_many_entries_stay_within_the_limit(t *testing.T) {
	w := newTown(t, repotest.SQLite(t), domain.AccountService, 20)
	w.platform.menu = nil
	for range 3 {
		b := domain.MenuButton{Name: strings.Repeat("菜", 4)}
		for range 5 {
			b.Children = append(b.Children, domain.MenuButton{Name: strings.Repeat("单", 20), Type: "click", Key: "K"})
		}
		w.platform.menu = append(w.platform.menu, b)
	}
	w.started()
	got := w.touch(domain.Inbound{OpenID: w.platform.followers[0], Type: "text", Content: "在吗"})
	if len(got) > 2048 || !strings.HasSuffix(got, "紧急情况请拨打110、119、120。") || !strings.Contains(got, "/moved/A3") {
		t.Errorf("%d bytes: %s", len(got), got)
	}
}

func TestLedger_of_comings_and_goings(t *testing.T) {
	repotest.Each(t, func(t *testing.T, s *repository.Store) {
		w := newTown(t, s, domain.AccountService, 20).started()
		w.platform.before = func(call string) error {
			if call == "uploadimg" { // the list is frozen, nothing is sent: now people come and go
				w.platform.before = nil
				gone := w.platform.followers[1]
				w.platform.followers = append(w.platform.followers[:1:1], w.platform.followers[2:]...)
				w.must(w.Observe(t.Context(), domain.Inbound{AccountID: w.old.ID, OpenID: gone, Type: "event", Event: "unsubscribe", CreatedAt: domain.At(w.clock)}))
				w.touch(domain.Inbound{OpenID: "oNewcomer", Type: "event", Event: "subscribe"})
			}
			return nil
		}
		v := w.finish()
		if v.Tally.Left != 1 || v.Tally.Reached != 20 || v.Tally.Total != 21 {
			t.Errorf("%+v", v.Tally)
		}
		w.everyoneOnce()

		t.Run("who comes back is told again", func(t *testing.T) {
			w.touch(domain.Inbound{OpenID: "oFollower000000000000007919", Type: "event", Event: "subscribe"})
			if v := w.view(); v.Tally.Left != 0 {
				t.Errorf("%+v", v.Tally)
			}
		})
	})
}

// People follow while the announcement goes out, and their follow events are lost: reading the list again finds them.
func TestLedger_finds_latecomers(t *testing.T) {
	w := newTown(t, repotest.SQLite(t), domain.AccountService, 20).started()
	w.work() // the announcement is accepted, its result not known yet
	later := []domain.OpenID{"oLate1", "oLate2", "oLate3"}
	for _, o := range later {
		w.platform.since[o] = domain.At(w.clock) + 1
	}
	early := domain.OpenID("oBetweenFreezeAndSend")
	w.platform.since[early] = domain.At(w.clock) - 1
	before := w.platform.followers
	w.platform.followers = append(append(slices.Clip(before), later...), early)
	w.platform.received[early]++ // it was in the platform's audience, though not in our list
	w.reportAs(domain.MassFinish{MsgID: 1000000000, Status: "send success", Total: 21, Filter: 21, Sent: 21})
	v := w.finish()
	w.everyoneOnce()
	if v.Tally.Total != 24 || v.Tally.Reached != 23 || v.Tally.Unconfirmed != 1 {
		t.Errorf("%+v", v.Tally)
	}
	if b := w.batches(2); len(b) != 1 || b[0].Size != 3 {
		t.Errorf("the follow-up had %+v", b)
	}
}

func TestMoved(t *testing.T) {
	w := newTown(t, repotest.SQLite(t), domain.AccountService, 20).approved()
	if _, err := w.MovedAccount(t.Context(), "A3"); refusal(err) != "not_moved" {
		t.Errorf("before the announcement: %v", err)
	}
	w.must(w.Start(t.Context(), clerk, w.id))
	list, err := w.MovedAccounts(t.Context())
	w.must(err)
	if len(list) != 1 || list[0].Name != "汀兰卫生院" || list[0].TargetWeChatID != "demo_town" || len(list[0].Entries) != 2 {
		t.Errorf("%+v", list)
	}
}
