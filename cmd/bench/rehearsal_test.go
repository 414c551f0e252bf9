package main

import (
	"strings"
	"testing"
)

func TestBodies(t *testing.T) {
	text := &recorder{seen: map[string][]byte{"/cgi-bin/message/custom/send": []byte(`{"touser":"oA","msgtype":"text","text":{"content":"您好"}}`)}}
	b, err := text.bodies()
	if want := `{"touser":"{{person}}","msgtype":"text","text":{"content":"您好"}}`; err != nil || b.Text != want {
		t.Errorf("got %s, %v", b.Text, err)
	}
	mass := &recorder{seen: map[string][]byte{
		"/cgi-bin/draft/add":         []byte(`{"articles":[{"title":"公告","thumb_media_id":"cover9"}]}`),
		"/cgi-bin/message/mass/send": []byte(`{"touser":["oA","oB"],"mpnews":{"media_id":"m1"},"msgtype":"mpnews","clientmsgid":"gy-1"}`),
	}}
	b, err = mass.bodies()
	if want := `{"touser":{{people}},"mpnews":{"media_id":"{{media}}"},"msgtype":"mpnews","clientmsgid":"{{client}}"}`; err != nil || b.Mass != want {
		t.Errorf("got %s, %v", b.Mass, err)
	}
	if !strings.Contains(b.Draft, `"thumb_media_id":"{{cover}}"`) {
		t.Errorf("got %s", b.Draft)
	}
	if _, err := (&recorder{}).bodies(); err == nil {
		t.Error("a rehearsal in which nothing was posted must fail")
	}
}

func TestMassBatch(t *testing.T) {
	for size, want := range map[int]int{3: 1000, 20_000: 1000, 90_000: 1000, 100_000: 1112, 1_000_000: 10_000} {
		if got := massBatch(size); got != want {
			t.Errorf("%d people: %d in one call, want %d", size, got, want)
		}
	}
}
