package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// load plays the platform's senders: a fixed number of connections that are kept, each with one request under way.
type load struct {
	client  *http.Client
	address string
}

func newLoad(address string) *load {
	return &load{&http.Client{Transport: &http.Transport{MaxIdleConns: connections, MaxIdleConnsPerHost: connections}}, address}
}

// run sends all pushes, or those that the time allows, and gives the time that each took.
func (l *load) run(ctx context.Context, pushes []push, limit time.Duration) ([]time.Duration, error) {
	defer l.client.CloseIdleConnections()
	deadline := time.Now().Add(limit)
	var next atomic.Int64
	var tasks sync.WaitGroup
	times, failed := make([][]time.Duration, connections), make([]error, connections)
	for n := range connections {
		tasks.Go(func() {
			for failed[n] == nil && time.Now().Before(deadline) {
				i := int(next.Add(1)) - 1
				if i >= len(pushes) {
					return
				}
				began := time.Now()
				_, failed[n] = l.send(ctx, pushes[i])
				times[n] = append(times[n], time.Since(began))
			}
		})
	}
	tasks.Wait()
	for _, err := range failed {
		if err != nil {
			return nil, err
		}
	}
	return slices.Concat(times...), nil
}

// send posts one push; anything but an XML reply is an error.
func (l *load) send(ctx context.Context, p push) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, l.address+"?"+p.query, strings.NewReader(p.body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "text/xml")
	resp, err := l.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK || !bytes.HasPrefix(answer, []byte("<xml>")) {
		return nil, fmt.Errorf("the door answered HTTP %d %.200q", resp.StatusCode, answer)
	}
	return answer, nil
}
