package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

// bodies are what the bare loop posts: our own requests with gaps where people and ids stand.
type bodies struct {
	Draft string `json:"draft"` // gap: cover
	Mass  string `json:"mass"`  // gaps: people (the JSON list), media, client
	Text  string `json:"text"`  // gap: person
}

// Gaps in the bodies.
const (
	gapCover  = "{{cover}}"
	gapPeople = "{{people}}"
	gapMedia  = "{{media}}"
	gapClient = "{{client}}"
	gapPerson = "{{person}}"
)

// recorder notes the latest body of each call on its way to the platform.
type recorder struct {
	mu   sync.Mutex
	seen map[string][]byte
}

func (r *recorder) around(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		r.mu.Lock()
		r.seen[req.URL.Path] = body
		r.mu.Unlock()
		req.Body = io.NopCloser(bytes.NewReader(body))
		next.ServeHTTP(w, req)
	})
}

// rehearse plays the wave once for three people in this process and keeps what we posted. So the baseline posts the very same
// JSON, also after the program has changed its texts.
func rehearse(ctx context.Context, w wave) (b bodies, err error) {
	const few = 3
	rec := &recorder{seen: map[string][]byte{}}
	p, err := openPlatform(ctx, platformScript{Seed: 1, People: few, Speed: 60}, rec.around)
	if err != nil {
		return b, err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	db, err := newDatabase(ctx, engineSQLite)
	if err != nil {
		return b, err
	}
	defer func() { err = errors.Join(err, db.close(ctx)) }()
	sim := control(p.address)
	openids, err := sim.followers(ctx)
	if err != nil {
		return b, err
	}
	worker, callback, err := openWaveWorker(ctx, waveScript{DSN: db.dsn, Platform: p.address, MassBatch: massBatch(few)})
	if err != nil {
		return b, err
	}
	defer func() { err = errors.Join(err, worker.close()) }()
	if err := w.seedTown(ctx, worker.store, openids); err != nil {
		return b, err
	}
	if err := sim.everybodyWrites(ctx, few); err != nil {
		return b, err
	}
	if err := sim.sendCallbacksTo(ctx, callback); err != nil {
		return b, err
	}
	bounded, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if err := worker.workUntilDone(bounded); err != nil {
		return b, err
	}
	return rec.bodies()
}

func (r *recorder) bodies() (bodies, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var b bodies
	if text, ok := r.seen["/cgi-bin/message/custom/send"]; ok {
		var in struct {
			ToUser string `json:"touser"`
		}
		if err := json.Unmarshal(text, &in); err != nil {
			return b, err
		}
		b.Text = strings.Replace(string(text), in.ToUser, gapPerson, 1)
		return b, gapsIn(b.Text, gapPerson)
	}
	var err error
	if b.Draft, err = draftBody(r.seen["/cgi-bin/draft/add"]); err != nil {
		return b, err
	}
	b.Mass, err = massBody(r.seen["/cgi-bin/message/mass/send"])
	return b, err
}

func draftBody(text []byte) (string, error) {
	var in struct {
		Articles []struct {
			Cover string `json:"thumb_media_id"`
		} `json:"articles"`
	}
	if err := json.Unmarshal(text, &in); err != nil || len(in.Articles) != 1 {
		return "", fmt.Errorf("no draft was recorded: %w", err)
	}
	body := strings.Replace(string(text), `"`+in.Articles[0].Cover+`"`, `"`+gapCover+`"`, 1)
	return body, gapsIn(body, gapCover)
}

func massBody(text []byte) (string, error) {
	var in struct {
		ToUser json.RawMessage `json:"touser"`
		MPNews struct {
			MediaID string `json:"media_id"`
		} `json:"mpnews"`
		ClientMsgID string `json:"clientmsgid"`
	}
	if err := json.Unmarshal(text, &in); err != nil {
		return "", fmt.Errorf("no mass send was recorded: %w", err)
	}
	body := strings.NewReplacer(string(in.ToUser), gapPeople, in.MPNews.MediaID, gapMedia, in.ClientMsgID, gapClient).Replace(string(text))
	return body, gapsIn(body, gapPeople, gapMedia, gapClient)
}

// gapsIn checks that each gap is there once.
func gapsIn(body string, gaps ...string) error {
	for _, gap := range gaps {
		if n := strings.Count(body, gap); n != 1 {
			return fmt.Errorf("the recorded body has %d times %s", n, gap)
		}
	}
	return nil
}
