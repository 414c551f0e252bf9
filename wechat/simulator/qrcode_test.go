package simulator

import (
	"bytes"
	"image/png"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

func codeBody(action string, scene map[string]any, expire int) map[string]any {
	return map[string]any{"action_name": action, "expire_seconds": expire, "action_info": map[string]any{"scene": scene}}
}

func TestQRCodeLimits(t *testing.T) {
	w := newTown(t)
	query := w.token("clinic")
	id := func(n int64) map[string]any { return map[string]any{"scene_id": n} }
	str := func(s string) map[string]any { return map[string]any{"scene_str": s} }
	for name, try := range map[string]struct {
		body any
		code int
		life any // expire_seconds of the answer; nil: absent
	}{
		"temporary":             {codeBody("QR_SCENE", id(1), 604800), 0, 604800.0},
		"temporary_usual_life":  {codeBody("QR_STR_SCENE", str("a"), 0), 0, 60.0},
		"temporary_30_days":     {codeBody("QR_SCENE", id(1<<32-1), 2592000), 0, 2592000.0},
		"temporary_too_long":    {codeBody("QR_SCENE", id(1), 2592001), 40053, nil},
		"scene_zero":            {codeBody("QR_SCENE", id(0), 60), 40053, nil},
		"scene_above_32_bits":   {codeBody("QR_SCENE", id(1<<32), 60), 40053, nil},
		"permanent":             {codeBody("QR_LIMIT_SCENE", id(100000), 0), 0, nil},
		"permanent_above":       {codeBody("QR_LIMIT_SCENE", id(100001), 0), 40053, nil},
		"permanent_text":        {codeBody("QR_LIMIT_STR_SCENE", str(strings.Repeat("旧", 64)), 0), 0, nil},
		"text_of_65_characters": {codeBody("QR_LIMIT_STR_SCENE", str(strings.Repeat("a", 65)), 0), 40053, nil},
		"text_empty":            {codeBody("QR_LIMIT_STR_SCENE", str(""), 0), 40053, nil},
		"other_action":          {codeBody("QR_CARD", id(1), 60), 40053, nil},
	} {
		t.Run(name, func(t *testing.T) {
			w.t = t
			out := w.ask(http.MethodPost, "/cgi-bin/qrcode/create", query, try.body)
			w.wantCode(out, try.code)
			if try.code != 0 {
				return
			}
			if _, has := out["errmsg"]; has || out["ticket"] == "" || out["expire_seconds"] != try.life {
				t.Errorf("answer %v", out)
			}
		})
	}
	w.t = t
	w.wantCode(w.post("party", "/cgi-bin/qrcode/create", codeBody("QR_SCENE", id(1), 60)), 48001)
}

func TestQRCodePicture(t *testing.T) {
	w := newTown(t)
	out := w.post("clinic", "/cgi-bin/qrcode/create", codeBody("QR_SCENE", map[string]any{"scene_id": 5}, 60))
	ticket, _ := out["ticket"].(string)
	show := func() (seen, []byte) {
		return w.raw(http.MethodGet, "/cgi-bin/showqrcode", url.Values{"ticket": {ticket}}, nil)
	}
	resp, data := show()
	if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != "image/png" {
		t.Fatalf("HTTP %d %s", resp.StatusCode, resp.Header.Get("Content-Type"))
	}
	if _, err := png.Decode(bytes.NewReader(data)); err != nil {
		t.Error(err)
	}
	w.move(time.Minute)
	if resp, _ := show(); resp.StatusCode != http.StatusNotFound {
		t.Errorf("after its end: HTTP %d", resp.StatusCode)
	}
}

func TestSceneOfAnArrivalIsKept(t *testing.T) {
	w := newTown(t)
	out := w.post("clinic", "/cgi-bin/qrcode/create", codeBody("QR_LIMIT_STR_SCENE", map[string]any{"scene_str": "old-a"}, 0))
	again := w.post("clinic", "/cgi-bin/qrcode/create", codeBody("QR_LIMIT_STR_SCENE", map[string]any{"scene_str": "old-a"}, 0))
	if out["ticket"] != again["ticket"] {
		t.Error("the permanent code of one scene got a second ticket")
	}
	var openid string
	w.do(func() {
		a := w.byKey["clinic"]
		if err := w.scan(w.person("zhou-xiaowen"), a.codes["old-a"]); err != nil {
			t.Error(err)
		}
		id, _ := a.followers.of(w.person("zhou-xiaowen"))
		openid = a.followers.at(id).openid.String()
	})
	info := w.get("clinic", "/cgi-bin/user/info", "openid", openid)
	if info["subscribe_scene"] != "ADD_SCENE_QR_CODE" || info["qr_scene_str"] != "old-a" || info["qr_scene"] != 0.0 {
		t.Errorf("user/info %v", info)
	}
}
