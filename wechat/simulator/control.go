package simulator

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
)

// The control interface: what no platform has, because there it is people and
// time that do these things. JSON in, JSON out; an error is one plain line
// that says what the caller did wrong.

// controlHandler mounts the rooms of the control interface.
func (s *Simulator) controlHandler() http.Handler {
	mux := http.NewServeMux()
	routes := slices.Concat(s.accountRoutes(), s.peopleRoutes(), s.actRoutes(), s.sendingRoutes(), s.worldRoutes())
	for _, r := range routes {
		mux.Handle(r.pattern, r.handler)
	}
	mux.HandleFunc("GET /_sim/routes", func(w http.ResponseWriter, _ *http.Request) {
		list := make([]string, 0, len(routes))
		for _, r := range routes {
			list = append(list, r.pattern)
		}
		writeControl(w, map[string]any{"routes": list, "see": "docs/simulator.md"}, nil)
	})
	page := phonePage()
	mux.Handle("GET /_sim/{$}", page)
	mux.Handle("GET /_sim/page/", page)
	mux.HandleFunc("/_sim/", func(w http.ResponseWriter, r *http.Request) {
		writeControl(w, nil, &controlError{
			http.StatusNotFound, fmt.Sprintf("nothing answers %s %s; GET /_sim/routes lists what does", r.Method, r.URL.Path),
		})
	})
	return http.NewCrossOriginProtection().Handler(mux)
}

// route is one line of the control interface.
type route struct {
	pattern string
	handler http.HandlerFunc
}

// locked makes a route whose function runs with the world locked and may
// change it: one step in the state file.
func (s *Simulator) locked(pattern string, answer func(*http.Request) (any, error)) route {
	return free(pattern, func(r *http.Request) (out any, err error) {
		body, err := io.ReadAll(io.LimitReader(r.Body, largestControlBody))
		if err != nil {
			return nil, err
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		s.mu.Lock()
		defer s.mu.Unlock()
		if !s.change(step{Control: &controlStep{r.Method, r.URL.RequestURI()}, body: body}, func() { out, err = answer(r) }) {
			return nil, errClosed
		}
		return out, err
	})
}

// viewing makes a route whose function looks at the locked world and leaves it
// as it is.
func (s *Simulator) viewing(pattern string, answer func(*http.Request) (any, error)) route {
	return free(pattern, func(r *http.Request) (any, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		return answer(r)
	})
}

// free makes a route whose function locks by itself, or waits.
func free(pattern string, answer func(*http.Request) (any, error)) route {
	return route{pattern, func(w http.ResponseWriter, r *http.Request) {
		out, err := answer(r)
		writeControl(w, out, err)
	}}
}

// controlError is a refusal of the control interface.
type controlError struct {
	status int
	text   string
}

func (e *controlError) Error() string { return e.text }

var errClosed = &controlError{http.StatusServiceUnavailable, "the simulator is closed"}

func missing(format string, args ...any) error {
	return &controlError{http.StatusNotFound, fmt.Sprintf(format, args...)}
}

func writeControl(w http.ResponseWriter, out any, err error) {
	if page, isRaw := out.(raw); isRaw && err == nil {
		output{raw: page}.write(w)
		return
	}
	status := http.StatusOK
	if err != nil {
		status = http.StatusBadRequest
		if refusal, plain := errors.AsType[*controlError](err); plain {
			status = refusal.status
		}
		out = map[string]string{"error": err.Error()}
	}
	text, err := encode(out)
	if err != nil {
		status, text = http.StatusInternalServerError, []byte(`{"error":"answer not encodable"}`)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(append(text, '\n'))
}

const largestControlBody = 64 << 20

// read decodes the body of a control request; misspelt fields are refused.
// An empty body leaves v as it is.
func read(r *http.Request, v any) error {
	dec := json.NewDecoder(io.LimitReader(r.Body, largestControlBody))
	dec.DisallowUnknownFields()
	switch err := dec.Decode(v); {
	case err == nil, errors.Is(err, io.EOF):
		return nil
	default:
		return fmt.Errorf("body: %s", strings.TrimPrefix(err.Error(), "json: "))
	}
}

func (s *Simulator) accountNamed(key string) (*account, error) {
	if a := s.byKey[key]; a != nil {
		return a, nil
	}
	if a := s.byAppID[key]; a != nil {
		return a, nil
	}
	if key == "" {
		return nil, errors.New(`account is missing: name its key, for example "A3"`)
	}
	return nil, missing("no account has the key or appid %q; GET /_sim/accounts lists them", key)
}

func (s *Simulator) personNamed(key string) (personID, error) {
	p, found := s.personByKey(key)
	if !found {
		return 0, missing("nobody has the key %q; GET /_sim/people lists them", key)
	}
	return p, nil
}
