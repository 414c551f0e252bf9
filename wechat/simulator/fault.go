package simulator

import (
	"errors"
	"net"
	"net/http"
	"slices"
	"time"
)

// fault is a disturbance of calls, set through the control interface.
type fault struct {
	ID      int64   `json:"id"`
	Account string  `json:"account,omitempty"` // account key; empty: any
	Path    string  `json:"path"`              // a path of the platform, or * for all
	Kind    string  `json:"kind"`              // errcode delay reset timeout status
	After   bool    `json:"after,omitempty"`   // the call takes effect first
	Code    int     `json:"code,omitempty"`    // errcode
	Text    string  `json:"text,omitempty"`    // errcode: replaces the usual text
	DelayMS int     `json:"delay_ms,omitempty"`
	Status  int     `json:"status,omitempty"` // status: the HTTP status
	Body    string  `json:"body,omitempty"`   // status: the body, HTML unless it starts with {
	Times   int     `json:"times,omitempty"`  // 0: until cleared
	Share   float64 `json:"share,omitempty"`  // chance per call; 0: every call
	Hits    int     `json:"hits"`
}

func (f *fault) check() error {
	if f.Path == "" {
		return errors.New(`fault needs a path, for example "/cgi-bin/user/get", or "*" for all`)
	}
	if f.Share < 0 || f.Share > 1 || f.Times < 0 {
		return errors.New("fault: share lies between 0 and 1, times is not negative")
	}
	switch f.Kind {
	case "errcode":
		if f.Code == 0 {
			return errors.New("fault of kind errcode needs a code other than 0")
		}
		if f.After {
			return errors.New("fault of kind errcode comes before the effect; for the time after use reset, timeout or status")
		}
	case "delay":
		if f.DelayMS <= 0 {
			return errors.New("fault of kind delay needs delay_ms above 0")
		}
	case "status":
		if f.Status < 100 || f.Status > 599 {
			return errors.New("fault of kind status needs an HTTP status from 100 to 599")
		}
	case "reset", "timeout":
	default:
		return errors.New("fault kind must be errcode, delay, reset, timeout or status")
	}
	return nil
}

// nextFault picks the first fault that fits and uses it up.
func (s *Simulator) nextFault(a *account, path string) *fault {
	for i, f := range s.faults {
		if f.Path != "*" && f.Path != path {
			continue
		}
		if f.Account != "" && (a == nil || a.key != f.Account) {
			continue
		}
		if f.Share > 0 && s.rand.Float64() >= f.Share {
			continue
		}
		f.Hits++
		picked := *f
		if f.Times > 0 {
			f.Times--
			if f.Times == 0 {
				s.faults = slices.Delete(s.faults, i, i+1)
			}
		}
		return &picked
	}
	return nil
}

// disturb plays a fault without holding the world. It returns true when the
// call has got its answer, or never will.
func (s *Simulator) disturb(w http.ResponseWriter, r *http.Request, caller *account, f *fault) bool {
	switch f.Kind {
	case "errcode":
		refusal := refuse(f.Code)
		if f.Text != "" {
			refusal.text = f.Text
		}
		var out output
		s.mu.Lock()
		s.change(step{Counted: &countedStep{caller.handle(), r.URL.Path, f.Code}}, func() {
			out = s.render(nil, refusal, s.clock.now())
			s.countCall(caller, r.URL.Path, f.Code)
		})
		s.mu.Unlock()
		out.write(w)
		return true
	case "delay":
		s.wait(r, time.Duration(f.DelayMS)*time.Millisecond)
		return r.Context().Err() != nil
	case "timeout":
		s.mu.Lock()
		limit := s.set.HangLimit
		s.mu.Unlock()
		s.wait(r, limit)
	case "status":
		contentType := "text/html; charset=utf-8"
		if f.Body != "" && f.Body[0] == '{' {
			contentType = "application/json"
		}
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(f.Status)
		_, _ = w.Write([]byte(f.Body))
		s.countBefore(caller, r.URL.Path, f)
		return true
	}
	s.countBefore(caller, r.URL.Path, f)
	reset(w)
	return true
}

// countBefore counts a call that never reached its handler.
func (s *Simulator) countBefore(caller *account, path string, f *fault) {
	if f.After {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.change(step{Counted: &countedStep{caller.handle(), path, 0}}, func() { s.countCall(caller, path, 0) })
}

// wait is real time, cut short when the caller goes or the simulator closes.
func (s *Simulator) wait(r *http.Request, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.Context().Done():
	case <-s.ctx.Done():
	}
}

// reset cuts the connection without an answer.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // net/http then closes the connection
	}
	if tcp, isTCP := conn.(*net.TCPConn); isTCP {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

// countKey and count are the counters of calls, per account and path.
type countKey struct{ account, path string }

type count struct {
	calls  int
	errors map[int]int // by errcode
}

func (s *Simulator) countCall(a *account, path string, errcode int) {
	key := countKey{path: path}
	if a != nil {
		key.account = a.key
	}
	if _, known := s.endpoints[path]; !known {
		key.path = "(unknown)"
	}
	n := s.counts[key]
	if n == nil {
		n = &count{errors: map[int]int{}}
		s.counts[key] = n
	}
	n.calls++
	if errcode != 0 {
		n.errors[errcode]++
	}
}
