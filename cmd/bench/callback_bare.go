package main

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"io"
	"net/http"
	"strconv"
	"time"
)

const roleDoorBare = "door-bare"

// bareDoor does what no door can do without: signature, AES, XML, and a sealed reply. It looks at no account, remembers no
// nonce and stores nothing.
type bareDoor struct{ envelope *envelope }

func openBareDoorRole(ctx context.Context, _ json.RawMessage) (part, any, error) {
	e, err := newEnvelope(callbackKey, callbackToken, oldAppID)
	if err != nil {
		return nil, nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("POST "+callbackPath, bareDoor{e})
	web, address, err := serve(ctx, mux)
	if err != nil {
		return nil, nil, err
	}
	return &server{shut: []func() error{web.Close}}, address, nil
}

func (d bareDoor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 256<<10))
	var outer struct{ Encrypt string }
	if err == nil {
		err = xml.Unmarshal(body, &outer)
	}
	if err != nil {
		http.Error(w, "no envelope", http.StatusBadRequest)
		return
	}
	q := r.URL.Query()
	if d.envelope.sign(q.Get("timestamp"), q.Get("nonce"), outer.Encrypt) != q.Get("msg_signature") {
		http.Error(w, "wrong signature", http.StatusForbidden)
		return
	}
	plain, err := d.envelope.open(outer.Encrypt)
	var in struct {
		ToUserName, FromUserName, MsgType, Content string
		CreateTime, MsgId                          int64
	}
	if err == nil {
		err = xml.Unmarshal(plain, &in)
	}
	if err != nil {
		http.Error(w, "no message", http.StatusBadRequest)
		return
	}
	now := strconv.FormatInt(time.Now().Unix(), 10)
	sealed := d.envelope.seal("<xml><ToUserName><![CDATA[" + in.FromUserName + "]]></ToUserName><FromUserName><![CDATA[" + in.ToUserName +
		"]]></FromUserName><CreateTime>" + now + "</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[" + replyText + "]]></Content></xml>")
	nonce := strconv.FormatInt(in.MsgId, 10)
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	_, _ = io.WriteString(w, "<xml><Encrypt><![CDATA["+sealed+"]]></Encrypt><MsgSignature><![CDATA["+d.envelope.sign(now, nonce, sealed)+
		"]]></MsgSignature><TimeStamp>"+now+"</TimeStamp><Nonce><![CDATA["+nonce+"]]></Nonce></xml>")
}
