package wechat

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"guiyi/domain"
)

// flatPlatform takes every message and does nothing, so that what is measured is the way there.
func flatPlatform(b *testing.B) *httptest.Server {
	b.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if r.URL.Path == "/cgi-bin/stable_token" {
			_, _ = io.WriteString(w, `{"access_token":"token","expires_in":7200}`)
			return
		}
		_, _ = io.WriteString(w, `{"errcode":0,"errmsg":"ok"}`)
	}))
	b.Cleanup(server.Close)
	return server
}

const benchText = "您好，“汀兰卫生院”正在整合到“汀兰服务”，请点这里查看全部服务对照表。"

func BenchmarkSendText(b *testing.B) {
	w := &platformTown{}
	w.secret.Store(domain.Secret(testSecret))
	g, err := New(Options{
		APIBase: flatPlatform(b).URL, Now: fixedNow, Log: slog.New(slog.DiscardHandler), Accounts: w.lookup,
		Limits: Limits{CustomPerSecond: -1, PerDay: map[string]int{budgetCustom: -1}},
	})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := g.SendText(b.Context(), "A3", "oSimUser0000000000000000001", benchText); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkBareSend is the least that can be done: the same body, posted by net/http.
func BenchmarkBareSend(b *testing.B) {
	server := flatPlatform(b)
	body := []byte(`{"touser":"oSimUser0000000000000000001","msgtype":"text","text":{"content":"` + benchText + `"}}`)
	b.ReportAllocs()
	for b.Loop() {
		resp, err := server.Client().Post(server.URL+"/cgi-bin/message/custom/send?access_token=token", "application/json", bytes.NewReader(body))
		if err != nil {
			b.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
	}
}
