package simulator

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// bigWorld has 30,000 relations, and a line on every phone.
func bigWorld(b *testing.B) *Simulator {
	b.Helper()
	s, err := New(Options{State: filepath.Join(b.TempDir(), "state")})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(s.Close)
	err = s.Load(strings.NewReader(`{"people":{"generated":24000},"accounts":[
		{"key":"A3","name":"汀兰卫生院","kind":"service","followers":{"count":20000,"refusing":90}},
		{"key":"A4","name":"汀兰中心小学","kind":"subscription","followers":{"count":10000}}]}`))
	if err != nil {
		b.Fatal(err)
	}
	for _, body := range []string{`{"do":"write","count":20000,"text":"请问新号叫什么名字？"}`} {
		r, err := http.NewRequestWithContext(b.Context(), http.MethodPost, "/_sim/accounts/A3/crowd", strings.NewReader(body))
		if err != nil {
			b.Fatal(err)
		}
		s.ServeHTTP(discard{http.Header{}}, r)
	}
	if err := s.rewrite(); err != nil {
		b.Fatal(err)
	}
	return s
}

// How long a snapshot keeps the world locked.
func BenchmarkSnapshotLocked(b *testing.B) {
	s := bigWorld(b)
	for b.Loop() {
		s.mu.Lock()
		s.capture()
		s.mu.Unlock()
	}
}

// A whole fresh state file, with its fsync.
func BenchmarkSnapshotWritten(b *testing.B) {
	s := bigWorld(b)
	info, err := os.Stat(s.state.path)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := s.rewrite(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(info.Size()), "bytes")
}

// What one kept step adds to a call.
func BenchmarkStep(b *testing.B) {
	s := bigWorld(b)
	st := step{Call: &callStep{Method: http.MethodPost, Path: "/cgi-bin/message/custom/send", Host: "127.0.0.1:8081", Query: "access_token=" + strings.Repeat("x", 153)}, body: make([]byte, 400)}
	for b.Loop() {
		s.mu.Lock()
		s.change(st, func() {})
		s.mu.Unlock()
	}
}

// Opening the file of a killed process: a snapshot and the most steps there
// are behind it.
func BenchmarkOpen(b *testing.B) {
	s := bigWorld(b)
	s.mu.Lock()
	a := s.byKey["A3"]
	a.callback = callback{URL: "http://127.0.0.1:1/", Token: "token", Mode: plainMode}
	s.mu.Unlock()
	if err := s.rewrite(); err != nil {
		b.Fatal(err)
	}
	quiet := s.copyOf(b)
	for range mostSteps - 1 {
		r, err := http.NewRequestWithContext(b.Context(), http.MethodPost, "/cgi-bin/stable_token", strings.NewReader(
			`{"grant_type":"client_credential","appid":"`+a.appID+`","secret":"`+a.secret+`"}`))
		if err != nil {
			b.Fatal(err)
		}
		s.ServeHTTP(discard{http.Header{}}, r)
	}
	busy := s.copyOf(b)
	for name, path := range map[string]string{"a_snapshot": quiet, "and_10000_steps": busy} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				s, err := New(Options{Now: time.Now})
				if err != nil {
					b.Fatal(err)
				}
				if _, err := s.readState(path); err != nil {
					b.Fatal(err)
				}
				s.Close()
			}
		})
	}
}

func (s *Simulator) copyOf(b *testing.B) string {
	b.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	data, err := os.ReadFile(s.state.path)
	if err != nil {
		b.Fatal(err)
	}
	path := filepath.Join(b.TempDir(), "copy")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		b.Fatal(err)
	}
	return path
}
