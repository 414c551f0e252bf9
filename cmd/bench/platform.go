package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"guiyi/wechat/simulator"
)

const rolePlatform = "platform"

// The accounts of the bench, on the platform and in our register. The keys are made up for this program.
const (
	oldKey, townKey     = "old", "town"
	oldAppID, townAppID = "wxbench000000000a", "wxbench000000000b"
	oldID, townID       = "gh_bench00000a", "gh_bench00000b"
	appSecret           = "benchbenchbenchbenchbenchbench00"
	callbackToken       = "benchtoken"
	callbackKey         = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
)

// platformScript says what the platform holds.
type platformScript struct {
	Seed   int64 `json:"seed"`
	People int   `json:"people"` // followers of the old account
	// Speed is how many of its seconds pass in one of ours. The platform's own reviews, sending times and calls a minute are
	// not what is measured.
	Speed int `json:"speed"`
}

// standIn is the simulator on a port of its own. Its clock moves in small steps.
type standIn struct {
	sim     *simulator.Simulator
	server  *http.Server
	address string
	stop    context.CancelFunc
	work    sync.WaitGroup
}

// around, if any, stands before the simulator and sees each call.
func openPlatform(ctx context.Context, s platformScript, around func(http.Handler) http.Handler) (*standIn, error) {
	sim, err := simulator.New(simulator.Options{Seed: s.Seed, Start: time.Now()})
	if err != nil {
		return nil, err
	}
	world, err := json.Marshal(worldOf(s.People))
	if err == nil {
		err = sim.Load(bytes.NewReader(world))
	}
	if err != nil {
		sim.Close()
		return nil, err
	}
	handler := http.Handler(sim)
	if around != nil {
		handler = around(sim)
	}
	server, address, err := serve(ctx, handler)
	if err != nil {
		sim.Close()
		return nil, err
	}
	moving, stop := context.WithCancel(ctx)
	p := &standIn{sim: sim, server: server, address: address, stop: stop}
	p.work.Go(func() { p.move(moving, s.Speed) })
	return p, nil
}

// serve answers on a free port of this machine alone.
func serve(ctx context.Context, handler http.Handler) (*http.Server, string, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, "", err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(listener) }() // ends with Close
	return server, "http://" + listener.Addr().String(), nil
}

func (p *standIn) move(ctx context.Context, speed int) {
	const step = 10 * time.Millisecond
	tick := time.NewTicker(step)
	defer tick.Stop()
	last := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			_, _ = p.sim.Move(now.Sub(last) * time.Duration(speed)) // fails for going back only
			last = now
		}
	}
}

func (p *standIn) do(_ context.Context, what string) (any, error) {
	return nil, fmt.Errorf("the platform takes no order %q", what)
}

func (p *standIn) close() error {
	p.stop()
	p.work.Wait()
	err := p.server.Close()
	p.sim.Close()
	return err
}

func worldOf(people int) any {
	account := func(key, appID, original, name string, followers int) map[string]any {
		return map[string]any{
			"key": key, "name": name, "appid": appID, "secret": appSecret, "original": original, "kind": "service",
			"followers": map[string]int{"count": followers},
		}
	}
	return map[string]any{
		"people": map[string]int{"generated": people},
		"accounts": []any{
			account(oldKey, oldAppID, oldID, "汀兰卫生院", people), account(townKey, townAppID, townID, "汀兰服务", 0),
		},
	}
}

func openPlatformRole(ctx context.Context, script json.RawMessage) (part, any, error) {
	var s platformScript
	if err := json.Unmarshal(script, &s); err != nil {
		return nil, nil, err
	}
	p, err := openPlatform(ctx, s, nil)
	if err != nil {
		return nil, nil, err
	}
	return p, p.address, nil
}

// control speaks to the simulator's control interface.
type control string

// call sends in (nil: a GET) and reads the answer into out (nil: not needed).
func (c control) call(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader = http.NoBody
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(text)
	}
	answer, err := c.raw(ctx, method, path, body)
	if err != nil || out == nil {
		return err
	}
	return json.Unmarshal(answer, out)
}

func (c control) raw(ctx context.Context, method, path string, body io.Reader) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, string(c)+"/_sim/"+path, body)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = errors.New("simulator: " + strings.TrimSpace(string(answer)))
	}
	return answer, err
}

// followers lists the openids of the old account.
func (c control) followers(ctx context.Context) ([]string, error) {
	text, err := c.raw(ctx, http.MethodGet, "accounts/"+oldKey+"/relations", http.NoBody)
	if err != nil {
		return nil, err
	}
	var list []string
	for lines := json.NewDecoder(bytes.NewReader(text)); ; {
		var line struct {
			OpenID string `json:"openid"`
		}
		if err := lines.Decode(&line); errors.Is(err, io.EOF) {
			return list, nil
		} else if err != nil {
			return nil, err
		}
		list = append(list, line.OpenID)
	}
}

// sendCallbacksTo makes the platform push the old account's events to this address, in safe mode.
func (c control) sendCallbacksTo(ctx context.Context, address string) error {
	return c.call(ctx, http.MethodPut, "accounts/"+oldKey+"/callback", map[string]any{
		"url": address, "token": callbackToken, "aes_key": callbackKey, "mode": "safe", "skip_verification": true,
	}, nil)
}

// everybodyWrites opens the customer-service window of all followers.
func (c control) everybodyWrites(ctx context.Context, people int) error {
	return c.call(ctx, http.MethodPost, "accounts/"+oldKey+"/crowd", map[string]any{"do": "write", "count": people, "text": "你好"}, nil)
}

// accepted counts the calls of a path that the platform took.
func (c control) accepted(ctx context.Context, path string) (int, error) {
	var out struct {
		Calls []struct {
			Account string         `json:"account"`
			Path    string         `json:"path"`
			Calls   int            `json:"calls"`
			Errors  map[string]int `json:"errors"`
		} `json:"calls"`
	}
	if err := c.call(ctx, http.MethodGet, "calls", nil, &out); err != nil {
		return 0, err
	}
	n := 0
	for _, line := range out.Calls {
		if line.Account != oldKey || line.Path != path {
			continue
		}
		n += line.Calls
		for _, errs := range line.Errors {
			n -= errs
		}
	}
	return n, nil
}

// massReceived counts the phones that show a mass message. It waits until all jobs have ended.
func (c control) massReceived(ctx context.Context) (int, error) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		var out struct {
			Jobs []struct {
				Ended    int64 `json:"ended"`
				Received int   `json:"received"`
			} `json:"jobs"`
		}
		if err := c.call(ctx, http.MethodGet, "accounts/"+oldKey+"/mass", nil, &out); err != nil {
			return 0, err
		}
		sum, running := 0, 0
		for _, j := range out.Jobs {
			sum += j.Received
			if j.Ended == 0 {
				running++
			}
		}
		if running == 0 {
			return sum, nil
		}
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-tick.C:
		}
	}
}
