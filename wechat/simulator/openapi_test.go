package simulator

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestQuotaIsShownAndCleared(t *testing.T) {
	w := newTown(t)
	show := func() map[string]any {
		out := w.post("clinic", "/cgi-bin/openapi/quota/get", map[string]string{"cgi_path": "/cgi-bin/user/get"})
		w.wantCode(out, 0)
		quota, _ := out["quota"].(map[string]any)
		return quota
	}
	for range 500 {
		w.get("clinic", "/cgi-bin/user/get")
	}
	if got := show(); got["daily_limit"] != 500.0 || got["used"] != 500.0 || got["remain"] != 0.0 {
		t.Errorf("quota %v", got)
	}
	w.wantCode(w.get("clinic", "/cgi-bin/user/get"), 45009)
	w.wantCode(w.post("clinic", "/cgi-bin/openapi/quota/clear", map[string]string{"cgi_path": "/cgi-bin/user/get"}), 0)
	w.wantCode(w.get("clinic", "/cgi-bin/user/get"), 0)
	w.wantCode(w.post("clinic", "/cgi-bin/openapi/quota/get", map[string]string{"cgi_path": "user/get"}), 76003)
	w.wantCode(w.post("clinic", "/cgi-bin/clear_quota", map[string]string{"appid": w.byKey["party"].appID}), 40013)

	a := w.byKey["clinic"]
	for range 8 {
		w.wantCode(w.post("clinic", "/cgi-bin/clear_quota", map[string]string{"appid": a.appID}), 0)
	}
	bySecret := func() reply {
		return w.ask(http.MethodPost, "/cgi-bin/clear_quota/v2", nil, map[string]string{"appid": a.appID, "appsecret": a.secret})
	}
	w.wantCode(bySecret(), 0)
	w.wantCode(bySecret(), 48006)
	w.move(31 * 24 * time.Hour)
	w.wantCode(bySecret(), 0)
}

func TestMinuteQuota(t *testing.T) {
	w := newTown(t)
	out := w.post("clinic", "/cgi-bin/openapi/quota/get", map[string]string{"cgi_path": "/cgi-bin/message/mass/send"})
	rate, _ := out["rate_limit"].(map[string]any)
	if rate["call_count"] != 60.0 || rate["refresh_second"] != 60.0 {
		t.Errorf("rate limit %v", rate)
	}
	s := w.Simulator
	w.do(func() {
		a := w.byKey["clinic"]
		for range 60 {
			if err := s.spend(a, "mass", s.clock.now()); err != nil {
				t.Fatal(err)
			}
		}
		err := s.spend(a, "mass", s.clock.now())
		if refusal, is := errors.AsType[*apiError](err); !is || refusal.code != 45011 {
			t.Errorf("call 61 of a minute: %v", err)
		}
		if err := s.spend(a, "mass", s.clock.now().Add(time.Minute)); err != nil {
			t.Errorf("the next minute: %v", err)
		}
	})
}

func TestRidTellsAboutAFailedCall(t *testing.T) {
	w := newTown(t)
	failed := w.get("clinic", "/cgi-bin/user/info", "openid", "oNobody")
	text, _ := failed["errmsg"].(string)
	_, rid, _ := strings.Cut(text, " rid: ")
	out := w.post("clinic", "/cgi-bin/openapi/rid/get", map[string]string{"rid": rid})
	request, _ := out["request"].(map[string]any)
	if request["request_url"] != "/cgi-bin/user/info" || !strings.Contains(request["response_body"].(string), "invalid openid") { //nolint:forcetypeassert // or the test fails
		t.Errorf("rid %v", out)
	}
	w.wantCode(w.post("party", "/cgi-bin/openapi/rid/get", map[string]string{"rid": rid}), 76004)
	w.wantCode(w.post("clinic", "/cgi-bin/openapi/rid/get", map[string]string{"rid": "x"}), 76001)
	w.move(8 * 24 * time.Hour)
	w.wantCode(w.post("clinic", "/cgi-bin/openapi/rid/get", map[string]string{"rid": rid}), 76002)
}

func TestJSTicketStaysTheSame(t *testing.T) {
	w := newTown(t)
	first := w.get("clinic", "/cgi-bin/ticket/getticket", "type", "jsapi")
	w.move(time.Hour)
	second := w.get("clinic", "/cgi-bin/ticket/getticket", "type", "jsapi")
	if first["ticket"] != second["ticket"] || second["expires_in"] != 3600.0 {
		t.Errorf("tickets %v, %v", first, second)
	}
	w.wantCode(w.get("clinic", "/cgi-bin/ticket/getticket"), 40097)
}
