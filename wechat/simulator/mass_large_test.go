package simulator

import (
	"net/http"
	"slices"
	"testing"
	"time"
)

// A large account costs time once, not memory per message: the job keeps one
// bit a person.
func TestSendAllToAHundredThousand(t *testing.T) {
	w := newTown(t)
	w.control(http.MethodPost, "/_sim/load", map[string]any{
		"people":   map[string]any{"generated": 100_100},
		"accounts": []any{map[string]any{"key": "city", "name": "大城", "kind": "service", "followers": map[string]any{"count": 100_000, "refusing": 700}}},
	}, http.StatusOK)
	id := w.wantJob(w.post("city", "/cgi-bin/message/mass/sendall", sendAll(w.draft("city"), "all")))
	w.move(8*time.Second + 47*time.Millisecond)
	w.wantStatus("city", id, "SENDING")
	w.move(time.Millisecond)
	w.wantStatus("city", id, "SEND_SUCCESS") // 0.6 s of review, 99,300 at 800,000 a minute
	if n := w.got("city"); !slices.Equal(n, []int{99_300}) {
		t.Errorf("phones %v", n)
	}
	w.do(func() {
		if words := len(w.byKey["city"].inbox.mass[0].receivers); words > 100_000/64+1 {
			t.Errorf("the set takes %d words", words)
		}
	})
}
