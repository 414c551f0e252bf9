package simulator

import (
	"strings"
	"testing"
)

// The vector of the research notes: made with silenceper v2.1.13, opened with
// the npm package wechat-crypto; all values invented.
const (
	vectorKey   = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
	vectorAppID = "wx0000000000000001"
	vectorMsg   = "<xml><ToUserName><![CDATA[gh_sim000000001]]></ToUserName><FromUserName><![CDATA[oSimUser0000000000000000001]]></FromUserName><CreateTime>1760000000</CreateTime><MsgType><![CDATA[event]]></MsgType><Event><![CDATA[CLICK]]></Event><EventKey><![CDATA[BOOK]]></EventKey></xml>"
	vectorSeal  = "Q3stYC6hdFzMh9T8HCvyDFYqp+WRA4JhXTSMyMJMcetdiNVcMrNQ+2F56y/mfUu3sNA4f3vttHwk43/KyUP4k1N80G79WLMhSbBB5Xxj/zOMmGtP6RB1RX1Cp9Gca/UP8Kd6gYQ81vEvjt0eJtaIIdKie6LDJor+Qbt7VZLg7a50n6b3RTDS023UDa1EiXMqVwe99jJ9bLVjdJ2MO55Rhb9dBF7Y19kRyIXAlHeXaH9lvSZLjNcoMJawemdtFSR6vd5jIfEeM0PtZYUrntyvzgc7U+OMUNdJ3/CCjeJCAfiESPRNuyh9DchK1lSSmQRXwESPgbK8IhHufL3p4ML8NRZdHUWN6N7WmPq071GMdxQKeAaW+8XMfXmdt+M5zn+nEFgcS+iu3DoMZugDduT/Dfc+tP4VuA0p0wmXiBC8dG8="
)

func TestFrameAgreesWithThePublishedVector(t *testing.T) {
	key, err := decodeKey(vectorKey)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := seal(key, []byte("0123456789abcdef"), []byte(vectorMsg), vectorAppID)
	if err != nil || sealed != vectorSeal {
		t.Fatalf("sealed %q, %v", sealed, err)
	}
	clear, err := unseal(key, vectorSeal, vectorAppID)
	if err != nil || string(clear) != vectorMsg {
		t.Fatalf("unsealed %q, %v", clear, err)
	}
	if got := signature("simtoken", "1760000000", "nonce123"); got != "58efab0a9f4c3b36b3fe4b08e7baa355f6aad960" {
		t.Errorf("signature %s", got)
	}
	if got := signature("simtoken", "1760000000", "nonce123", vectorSeal); got != "73d24b924ff3cf45d35b018d7e259a4491cb4756" {
		t.Errorf("msg_signature %s", got)
	}
	if got := signature("AAAAA", "1714037059", "486452656"); got != "899cf89e464efb63f54ddac96b0a0a235f53aa78" {
		t.Errorf("official signature vector: %s", got)
	}
}

func TestUnsealRefuses(t *testing.T) {
	key, _ := decodeKey(vectorKey)
	other, _ := decodeKey(strings.Repeat("b", 43))
	for name, try := range map[string]func() ([]byte, error){
		"another_appid":  func() ([]byte, error) { return unseal(key, vectorSeal, "wx0000000000000002") },
		"wrong_key":      func() ([]byte, error) { return unseal(other, vectorSeal, vectorAppID) },
		"not_base64":     func() ([]byte, error) { return unseal(key, "%%%", vectorAppID) },
		"half_a_block":   func() ([]byte, error) { return unseal(key, vectorSeal[:12], vectorAppID) },
		"nothing_at_all": func() ([]byte, error) { return unseal(key, "", vectorAppID) },
	} {
		t.Run(name, func(t *testing.T) {
			if clear, err := try(); err == nil {
				t.Fatalf("opened to %q", clear)
			}
		})
	}
}
