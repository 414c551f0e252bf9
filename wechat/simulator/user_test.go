package simulator

import (
	"net/http"
	"testing"
	"time"
)

func (w *town) allFollowers(key string) []string {
	w.t.Helper()
	var all []string
	next := ""
	for range 100 {
		page := w.get(key, "/cgi-bin/user/get", "next_openid", next)
		w.wantCode(page, 0)
		if page["count"] == 0.0 {
			return all
		}
		data, _ := page["data"].(map[string]any)
		list, _ := data["openid"].([]any)
		for _, o := range list {
			openid, _ := o.(string)
			all = append(all, openid)
		}
		next, _ = page["next_openid"].(string)
	}
	w.t.Fatal("the pages never end")
	return nil
}

func TestFollowerPages(t *testing.T) {
	w := newTown(t, func(o *Options) { o.Settings.FollowerPage = 7 })
	first := w.get("clinic", "/cgi-bin/user/get")
	if first["total"] != 40.0 || first["count"] != 7.0 {
		t.Fatalf("first page %v", first)
	}
	all := w.allFollowers("clinic")
	seen := map[string]bool{}
	for _, o := range all {
		if len(o) != 28 || o[0] != 'o' || seen[o] {
			t.Fatalf("openid %q", o)
		}
		seen[o] = true
	}
	if len(all) != 40 {
		t.Fatalf("%d followers", len(all))
	}
	last := w.get("clinic", "/cgi-bin/user/get", "next_openid", all[39])
	if _, has := last["data"]; has || last["count"] != 0.0 || last["next_openid"] != "" || last["total"] != 40.0 {
		t.Errorf("empty page %v", last)
	}
	before := all[0]
	w.do(func() {
		if err := w.unfollow(w.byKey["clinic"], w.person("wang-guiying")); err != nil {
			t.Error(err)
		}
	})
	if after := w.allFollowers("clinic"); len(after) != 39 || (after[0] != before && after[0] != all[1]) {
		t.Errorf("after one left: %d", len(after))
	}
}

func TestFollowerProfiles(t *testing.T) {
	w := newTown(t)
	openid := func(account, who string) string {
		w.mu.Lock()
		defer w.mu.Unlock()
		return w.byKey[account].followers.at(w.relate(w.byKey[account], w.person(who))).openid.String()
	}
	here, gone := openid("clinic", "wang-guiying"), openid("clinic", "chen-yongfu")
	out := w.get("clinic", "/cgi-bin/user/info", "openid", here)
	if out["subscribe"] != 1.0 || out["nickname"] != "" || out["openid"] != here {
		t.Fatalf("follower %v", out)
	}
	inParty := w.get("party", "/cgi-bin/user/info", "openid", openid("party", "wang-guiying"))
	if inParty["openid"] == here || inParty["unionid"] != out["unionid"] || out["unionid"] == nil {
		t.Errorf("one person in two bound accounts: %v and %v", out, inParty)
	}
	if out := w.get("clinic", "/cgi-bin/user/info", "openid", gone); out["subscribe"] != 0.0 || len(out) != 2 {
		t.Errorf("somebody who left: %v", out)
	}
	w.wantCode(w.get("clinic", "/cgi-bin/user/info", "openid", openid("party", "zhou-xiaowen")), 40003)
	batch := func(ids ...string) reply {
		list := []map[string]string{}
		for _, id := range ids {
			list = append(list, map[string]string{"openid": id, "lang": "zh_CN"})
		}
		return w.post("clinic", "/cgi-bin/user/info/batchget", map[string]any{"user_list": list})
	}
	if list, _ := batch(here)["user_info_list"].([]any); len(list) != 1 {
		t.Error("batchget of one")
	}
	w.wantCode(batch(here, gone), 40003)
	w.wantCode(batch(make([]string, 101)...), 40032)
	w.wantCode(w.post("clinic", "/cgi-bin/user/info/batchget", "{"), 47001)
	w.wantCode(w.ask(http.MethodPost, "/cgi-bin/user/info/batchget", w.token("clinic"), nil), 44002)
}

func TestWhoMayReadFollowers(t *testing.T) {
	w := newTown(t)
	w.wantCode(w.get("lapsed", "/cgi-bin/user/get"), 48001)
	w.wantCode(w.get("party", "/cgi-bin/user/get"), 0)
	w.move(301 * 24 * time.Hour)
	w.wantCode(w.get("party", "/cgi-bin/user/get"), 48001)
	w.wantCode(w.get("clinic", "/cgi-bin/user/get"), 0)
	w.do(func() { w.byKey["clinic"].seized["user"] = true })
	w.wantCode(w.get("clinic", "/cgi-bin/user/get"), 48004)
}

func TestFollowerListQuota(t *testing.T) {
	w := newTown(t)
	for range 500 {
		w.wantCode(w.get("clinic", "/cgi-bin/user/get"), 0)
	}
	w.wantCode(w.get("clinic", "/cgi-bin/user/get"), 45009)
	w.wantCode(w.get("party", "/cgi-bin/user/get"), 0)
	w.move(15 * time.Hour) // 09:00 is 15 hours before midnight
	w.wantCode(w.get("clinic", "/cgi-bin/user/get"), 0)
}
