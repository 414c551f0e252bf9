package simulator

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

func (s *Simulator) worldRoutes() []route {
	return []route{
		free("POST /_sim/load", s.loadScenario),
		s.viewing("GET /_sim/faults", s.listFaults),
		s.locked("POST /_sim/faults", s.addFault),
		s.locked("DELETE /_sim/faults", s.clearFaults),
		s.viewing("GET /_sim/calls", s.listCalls),
		s.locked("DELETE /_sim/calls", s.clearCalls),
		s.viewing("GET /_sim/settings", s.showSettings),
		s.locked("PATCH /_sim/settings", s.changeSettings),
		s.viewing("GET /_sim/clock", func(*http.Request) (any, error) { return s.clockView(s.clock.now()), nil }),
		free("POST /_sim/clock", s.moveClock),
		free("POST /_sim/settle", s.waitSettled),
	}
}

func (s *Simulator) loadScenario(r *http.Request) (any, error) {
	if err := s.Load(http.MaxBytesReader(nil, r.Body, largestControlBody)); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return map[string]int{"accounts": len(s.accounts), "people": len(s.people)}, nil
}

func (s *Simulator) listFaults(*http.Request) (any, error) {
	list := make([]fault, 0, len(s.faults)) // copies: they are encoded without the lock
	for _, f := range s.faults {
		list = append(list, *f)
	}
	return map[string]any{"faults": list}, nil
}

func (s *Simulator) addFault(r *http.Request) (any, error) {
	var f fault
	if err := read(r, &f); err != nil {
		return nil, err
	}
	if err := f.check(); err != nil {
		return nil, err
	}
	if f.Path != "*" {
		if _, known := s.endpoints[f.Path]; !known {
			return nil, errors.New("no call has the path " + f.Path + "; paths begin with / and carry no query")
		}
	}
	if f.Account != "" {
		a, err := s.accountNamed(f.Account)
		if err != nil {
			return nil, err
		}
		f.Account = a.key
	}
	f.ID, f.Hits = s.newID(), 0
	added := f
	s.faults = append(s.faults, &added)
	return f, nil
}

// clearFaults removes those that fit path, account and id; all without any.
func (s *Simulator) clearFaults(r *http.Request) (any, error) {
	path, account := r.URL.Query().Get("path"), r.URL.Query().Get("account")
	id, err := number64(r, "id")
	if err != nil {
		return nil, err
	}
	before := len(s.faults)
	s.faults = slices.DeleteFunc(s.faults, func(f *fault) bool {
		return (path == "" || f.Path == path) && (account == "" || f.Account == account) && (id == 0 || f.ID == id)
	})
	return map[string]int{"cleared": before - len(s.faults)}, nil
}

type callsView struct {
	Account string      `json:"account"` // empty: caller unknown
	Path    string      `json:"path"`
	Calls   int         `json:"calls"`
	Errors  map[int]int `json:"errors,omitempty"` // by errcode
}

func (s *Simulator) listCalls(r *http.Request) (any, error) {
	path, account := r.URL.Query().Get("path"), r.URL.Query().Get("account")
	list := []callsView{}
	for key, n := range s.counts {
		if (path == "" || key.path == path) && (account == "" || key.account == account) {
			list = append(list, callsView{key.account, key.path, n.calls, maps.Clone(n.errors)})
		}
	}
	slices.SortFunc(list, func(a, b callsView) int {
		return strings.Compare(a.Account+"\x00"+a.Path, b.Account+"\x00"+b.Path)
	})
	return map[string]any{"calls": list}, nil
}

func (s *Simulator) clearCalls(*http.Request) (any, error) {
	clear(s.counts)
	return map[string]bool{"done": true}, nil
}

func (s *Simulator) clockView(now time.Time) any {
	return map[string]any{
		"now": now.In(beijing).Format(time.RFC3339), "unix": now.Unix(),
		"running": s.clock.real != nil, "planned": len(s.clock.tasks),
	}
}

// moveClock takes {"move":"48h"} or {"to":"2026-04-01T00:00:00+08:00"}.
func (s *Simulator) moveClock(r *http.Request) (any, error) {
	var in struct {
		Move string `json:"move"`
		To   string `json:"to"`
	}
	if err := read(r, &in); err != nil {
		return nil, err
	}
	var d time.Duration
	switch {
	case in.Move != "":
		parsed, err := time.ParseDuration(in.Move)
		if err != nil {
			return nil, errors.New(`move must be a duration such as "90s", "5m" or "48h"`)
		}
		d = parsed
	case in.To != "":
		to, err := time.Parse(time.RFC3339, in.To)
		if err != nil {
			return nil, errors.New(`to must be a time such as "2026-04-01T00:00:00+08:00"`)
		}
		d = to.Sub(s.Now())
	default:
		return nil, errors.New(`say {"move":"48h"} or {"to":"2026-04-01T00:00:00+08:00"}`)
	}
	now, err := s.Move(d)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.clockView(now), nil
}

// waitSettled waits until every callback is delivered, 30 s unless told.
func (s *Simulator) waitSettled(r *http.Request) (any, error) {
	in := struct {
		Seconds int `json:"seconds"`
	}{30}
	if err := read(r, &in); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(r.Context(), time.Duration(in.Seconds)*time.Second)
	defer cancel()
	if err := s.Settle(ctx); err != nil {
		return nil, &controlError{http.StatusConflict, "callbacks are still under way after the time given"}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.clockView(s.clock.now()), nil
}
