package simulator

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// newTownOfTwo has a second service account with a few followers.
func newTownOfTwo(t *testing.T, change ...func(*Options)) *town {
	w := newTown(t, change...)
	w.control(http.MethodPost, "/_sim/load", map[string]any{
		"people":   map[string]any{"generated": 5},
		"accounts": []any{map[string]any{"key": "new", "name": "小村服务", "kind": "service", "followers": map[string]any{"count": 3}}},
	}, http.StatusOK)
	return w
}

func (w *town) convert(from string, list any) reply {
	w.t.Helper()
	return w.post("new", "/cgi-bin/changeopenid", map[string]any{"from_appid": from, "openid_list": list})
}

func TestChangeOpenID(t *testing.T) {
	w := newTownOfTwo(t)
	old, appID := w.openids("clinic", following), w.byKey["clinic"].appID
	w.wantCode(w.convert(appID, old[:2]), 63178) // nobody declared a migration
	w.control(http.MethodPost, "/_sim/account-migrations", map[string]any{"from": "clinic", "to": "new"}, http.StatusOK)

	out := w.convert(appID, []string{old[0], "oNobody", w.openidOf("clinic", "chen-yongfu")})
	w.wantCode(out, 0)
	results, _ := out["result_list"].([]any)
	if len(results) != 3 {
		t.Fatalf("results %v", out)
	}
	first, _ := results[0].(map[string]any)
	if first["ori_openid"] != old[0] || first["err_msg"] != "ok" || len(first["new_openid"].(string)) != 28 || first["new_openid"] == old[0] {
		t.Errorf("first result %v", first)
	}
	for _, r := range results[1:] {
		if r := r.(map[string]any); r["err_msg"] != "ori_openid error" || r["new_openid"] != nil {
			t.Errorf("result %v", r)
		}
	}
	t.Run("the_same_again_gives_the_same", func(t *testing.T) {
		again, _ := w.convert(appID, old[:1])["result_list"].([]any)
		if again[0].(map[string]any)["new_openid"] != first["new_openid"] {
			t.Error("another new openid")
		}
	})
	t.Run("a_text_in_place_of_the_list_is_one_wrong_openid", func(t *testing.T) {
		out := w.convert(appID, strings.Join(old[:2], ","))
		if list, _ := out["result_list"].([]any); out.code() != 0 || len(list) != 1 || list[0].(map[string]any)["err_msg"] != "ori_openid error" {
			t.Errorf("got %v", out)
		}
	})
	t.Run("100_pass_101_do_not", func(*testing.T) {
		list := make([]string, 101)
		w.wantCode(w.convert(appID, list[:100]), 0)
		w.wantCode(w.convert(appID, list), 40032)
	})
	t.Run("an_empty_list", func(*testing.T) { w.wantCode(w.convert(appID, []string{}), 63182) })
	t.Run("form_encoding", func(*testing.T) {
		form := url.Values{"from_appid": {appID}, "openid_list": {old[0]}}.Encode()
		w.wantCode(w.post("new", "/cgi-bin/changeopenid", form), 63182)
	})
	t.Run("an_unknown_old_account", func(*testing.T) { w.wantCode(w.convert("wx9", old[:2]), 63178) })
	t.Run("the_wrong_direction", func(*testing.T) {
		w.wantCode(w.post("clinic", "/cgi-bin/changeopenid", map[string]any{"from_appid": w.byKey["new"].appID, "openid_list": old[:1]}), 63178)
	})
	t.Run("the_form_of_the_name_is_a_setting", func(*testing.T) {
		original := w.byKey["clinic"].original
		w.wantCode(w.convert(original, old[:1]), 0)
		w.do(func() { w.set.ChangeOpenIDForm = "appid" })
		w.wantCode(w.convert(original, old[:1]), 63178)
		w.do(func() { w.set.ChangeOpenIDForm = "original" })
		w.wantCode(w.convert(appID, old[:1]), 63178)
		w.do(func() { w.set.ChangeOpenIDForm = "either" })
	})
	t.Run("after_15_days_it_is_over", func(*testing.T) {
		w.move(15*24*time.Hour - time.Second)
		w.wantCode(w.convert(appID, old[:1]), 0)
		w.move(time.Second)
		w.wantCode(w.convert(appID, old[:1]), 63178)
	})
}

func TestAccountMigrationMovesFollowers(t *testing.T) {
	w := newTownOfTwo(t)
	e := w.listen("new")
	w.control(http.MethodPost, "/_sim/account-migrations", map[string]any{"from": "clinic", "to": "new", "move_followers": true}, http.StatusOK)
	if n := w.get("new", "/cgi-bin/user/get")["total"]; n.(float64) < 40 {
		t.Errorf("total %v", n)
	}
	profile := w.get("new", "/cgi-bin/user/info", "openid", w.openidOf("new", "wang-guiying"))
	if profile["subscribe_scene"] != "ADD_SCENE_ACCOUNT_MIGRATION" {
		t.Errorf("profile %v", profile)
	}
	if got := w.events(e, "subscribe"); len(got) != 0 {
		t.Errorf("subscribe events %q", got)
	}
}

func TestAccountMigrationRefuses(t *testing.T) {
	w := newTownOfTwo(t, func(o *Options) { o.Settings.MovingMostFollowers = 2 })
	for name, body := range map[string]map[string]any{
		"subscription_into_service":  {"from": "party", "to": "new"},
		"into_itself":                {"from": "new", "to": "new"},
		"a_personal_account":         {"from": "lapsed", "to": "party"},
		"followers_into_a_large_one": {"from": "clinic", "to": "new", "move_followers": true},
	} {
		t.Run(name, func(t *testing.T) {
			resp, data := w.raw(http.MethodPost, "/_sim/account-migrations", nil, body)
			if resp.StatusCode != http.StatusConflict {
				t.Errorf("HTTP %d %s", resp.StatusCode, data)
			}
		})
	}
}
