package main

import "testing"

// The vector was produced by one public implementation of the platform's safe mode and decoded by another.
const (
	vectorSealed  = "Q3stYC6hdFzMh9T8HCvyDFYqp+WRA4JhXTSMyMJMcetdiNVcMrNQ+2F56y/mfUu3sNA4f3vttHwk43/KyUP4k1N80G79WLMhSbBB5Xxj/zOMmGtP6RB1RX1Cp9Gca/UP8Kd6gYQ81vEvjt0eJtaIIdKie6LDJor+Qbt7VZLg7a50n6b3RTDS023UDa1EiXMqVwe99jJ9bLVjdJ2MO55Rhb9dBF7Y19kRyIXAlHeXaH9lvSZLjNcoMJawemdtFSR6vd5jIfEeM0PtZYUrntyvzgc7U+OMUNdJ3/CCjeJCAfiESPRNuyh9DchK1lSSmQRXwESPgbK8IhHufL3p4ML8NRZdHUWN6N7WmPq071GMdxQKeAaW+8XMfXmdt+M5zn+nEFgcS+iu3DoMZugDduT/Dfc+tP4VuA0p0wmXiBC8dG8="
	vectorMessage = "<xml><ToUserName><![CDATA[gh_sim000000001]]></ToUserName><FromUserName><![CDATA[oSimUser0000000000000000001]]></FromUserName><CreateTime>1760000000</CreateTime><MsgType><![CDATA[event]]></MsgType><Event><![CDATA[CLICK]]></Event><EventKey><![CDATA[BOOK]]></EventKey></xml>"
)

func TestEnvelope(t *testing.T) {
	e, err := newEnvelope("abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG", "simtoken", "wx0000000000000001")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := e.open(vectorSealed); err != nil || string(got) != vectorMessage {
		t.Errorf("got %q, %v", got, err)
	}
	if got := e.sign("1760000000", "nonce123", vectorSealed); got != "73d24b924ff3cf45d35b018d7e259a4491cb4756" {
		t.Errorf("signature %s", got)
	}
	for size := range 70 { // over two blocks of padding
		message := vectorMessage[:size]
		if got, err := e.open(e.seal(message)); err != nil || string(got) != message {
			t.Fatalf("%d bytes came back as %q, %v", size, got, err)
		}
	}
	for name, sealed := range map[string]string{
		"nothing": "", "no base64": "***", "half a block": vectorSealed[:12], "another account's": (&envelope{e.block, e.vector, e.token, "wx"}).seal("x"),
	} {
		if _, err := e.open(sealed); err == nil {
			t.Errorf("%s was opened", name)
		}
	}
}
