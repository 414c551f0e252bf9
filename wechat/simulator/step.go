package simulator

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// step is one thing that changed the world, in the form that lets it happen
// again: a call, an act, a delivery, a moment of the clock. Between two steps
// the world stands still, and one step leads from the same world to the same
// world, chances included. The state file therefore holds a snapshot and the
// steps since. At and one other field are set.
type step struct {
	At       time.Time     `json:"at"` // the clock stands here meanwhile
	Call     *callStep     `json:"call,omitempty"`
	Fault    *faultStep    `json:"fault,omitempty"`
	Counted  *countedStep  `json:"counted,omitempty"`
	Control  *controlStep  `json:"control,omitempty"`
	Callback *callbackStep `json:"callback,omitempty"`
	Answered *answeredStep `json:"answered,omitempty"`
	Opened   *openedStep   `json:"opened,omitempty"`

	Move *time.Duration `json:"move,omitempty"` // of the clock
	Load bool           `json:"load,omitempty"` // body: a scenario
	Due  bool           `json:"due,omitempty"`  // planned tasks ran

	body []byte
}

// callStep is a call of the platform; its body is that of the step.
type callStep struct {
	Method      string `json:"method"`
	Path        string `json:"path"`
	Query       string `json:"query,omitempty"`
	Host        string `json:"host,omitempty"`
	TLS         bool   `json:"tls,omitempty"`
	Remote      string `json:"remote,omitempty"`
	ContentType string `json:"type,omitempty"`
	Cookie      string `json:"cookie,omitempty"`
	Person      string `json:"person,omitempty"`
	Caller      string `json:"caller,omitempty"`
	Refused     int    `json:"refused,omitempty"` // before its handler
}

// called describes a call as a step.
func called(c *call, caller *account, refusal error) *callStep {
	h := c.r.Header
	out := &callStep{
		Method: c.r.Method, Path: c.r.URL.Path, Query: c.r.URL.RawQuery, Host: c.r.Host, TLS: c.r.TLS != nil, Remote: c.r.RemoteAddr,
		ContentType: h.Get("Content-Type"), Cookie: h.Get("Cookie"), Person: h.Get(personHeader), Caller: caller.handle(),
	}
	if refused, is := errors.AsType[*apiError](refusal); is {
		out.Refused = refused.code
	}
	return out
}

func (in *callStep) request() *http.Request {
	r := &http.Request{
		Method: in.Method, URL: &url.URL{Path: in.Path, RawQuery: in.Query}, Host: in.Host, RemoteAddr: in.Remote,
		Header: http.Header{}, Body: http.NoBody,
	}
	if in.TLS {
		r.TLS = &tls.ConnectionState{}
	}
	for name, value := range map[string]string{"Content-Type": in.ContentType, "Cookie": in.Cookie, personHeader: in.Person} {
		if value != "" {
			r.Header.Set(name, value)
		}
	}
	return r
}

// faultStep is a look for an injected fault, which uses the fault up.
type faultStep struct {
	Caller string `json:"caller,omitempty"`
	Path   string `json:"path"`
}

// countedStep is a call that a fault answered in place of its handler.
type countedStep struct {
	Caller string `json:"caller,omitempty"`
	Path   string `json:"path"`
	Code   int    `json:"code,omitempty"`
}

// controlStep is a request of the control interface.
type controlStep struct {
	Method string `json:"method"`
	URI    string `json:"uri"`
}

// callbackStep is a callback setting that passed its verification.
type callbackStep struct {
	Account  string   `json:"account"`
	Callback callback `json:"callback"`
}

// answeredStep is what came of one delivery; the body is the answer.
type answeredStep struct {
	Account string        `json:"account"`
	Push    int64         `json:"push"`
	Took    time.Duration `json:"took,omitempty"`
	Failure string        `json:"failure,omitempty"`
}

// openedStep begins another life of the world after a stop.
type openedStep struct {
	PublicURL string `json:"public_url,omitempty"` // the address is another now
}

func attempted(p *push, took time.Duration, err error) *answeredStep {
	out := &answeredStep{Account: p.account.key, Push: p.id, Took: took}
	if err != nil {
		out.Failure = err.Error()
	}
	return out
}

// change lets something happen to the locked world as one step. When it
// returns, the step is in the state file, so whoever is told of it afterwards
// can rely on it. False: the simulator is closed and nothing happened.
func (s *Simulator) change(what step, do func()) bool {
	if s.state != nil && s.state.closed {
		return false
	}
	what.At = s.clock.now().Round(0) // the wall clock: the other one ends with the process
	if s.replaying() {
		what.At = *s.replayed
	}
	release := s.clock.hold(what.At)
	do()
	release()
	s.clock.passed(what.At)
	if s.state != nil && !s.replaying() {
		s.state.append(what)
	}
	return true
}

func (s *Simulator) replaying() bool { return s.replayed != nil }

// again lets a step of the state file happen once more. It locks the world
// itself, the control interface aside.
func (s *Simulator) again(st *step) error {
	s.replayed = &st.At
	defer func() { s.replayed = nil }()
	if st.Control != nil {
		return s.controlAgain(st)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var err error
	s.change(step{}, func() { err = s.worldAgain(st) })
	return err
}

func (s *Simulator) worldAgain(st *step) error {
	switch {
	case st.Call != nil:
		s.callAgain(st)
	case st.Fault != nil:
		s.nextFault(s.byKey[st.Fault.Caller], st.Fault.Path)
	case st.Counted != nil:
		if st.Counted.Code != 0 {
			s.rid(s.clock.now()) // the refusal had one
		}
		s.countCall(s.byKey[st.Counted.Caller], st.Counted.Path, st.Counted.Code)
	case st.Callback != nil:
		a, err := s.accountNamed(st.Callback.Account)
		if err != nil {
			return err
		}
		a.callback = st.Callback.Callback
	case st.Answered != nil:
		return s.answeredAgain(st)
	case st.Load:
		in, err := readScenario(bytes.NewReader(st.body))
		if err != nil {
			return err
		}
		_ = s.load(in) // what was wrong with it then is wrong now
	case st.Move != nil:
		s.jump(*st.Move)
	case st.Due:
		s.runDue(s.clock.now())
	case st.Opened != nil:
		s.goOn(*st.Opened)
	default:
		return errors.New("a step of a kind this version does not know")
	}
	return nil
}

func (s *Simulator) callAgain(st *step) {
	r := st.Call.request()
	var refusal error
	if st.Call.Refused != 0 {
		refusal = refuse(st.Call.Refused)
	}
	c := &call{Simulator: s, r: r, query: r.URL.Query(), body: st.body}
	s.carryOut(s.endpoints[st.Call.Path], c, s.byKey[st.Call.Caller], refusal)
}

func (s *Simulator) controlAgain(st *step) error {
	r, err := http.NewRequestWithContext(s.ctx, st.Control.Method, st.Control.URI, bytes.NewReader(st.body))
	if err != nil {
		return err
	}
	s.control.ServeHTTP(discard{http.Header{}}, r)
	return nil
}

// discard takes an answer nobody waits for any more.
type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(b []byte) (int, error) { return io.Discard.Write(b) }
func (d discard) WriteHeader(int)             {}

func (s *Simulator) answeredAgain(st *step) error {
	a, err := s.accountNamed(st.Answered.Account)
	if err != nil {
		return err
	}
	for i, p := range a.outbox.queue {
		if p.id != st.Answered.Push {
			continue
		}
		a.outbox.take(i)
		var failure error
		if st.Answered.Failure != "" {
			failure = errors.New(st.Answered.Failure)
		}
		s.settleAttempt(p, st.body, st.Answered.Took, failure)
		return nil
	}
	return fmt.Errorf("push %d of %s was answered, but never sent", st.Answered.Push, a.key)
}

// goOn begins another life of the world. What was queued or under way when the
// last one ended is repeated like a delivery whose connection broke, but the
// broken attempt does not count; meanwhile the program under test can start.
func (s *Simulator) goOn(in openedStep) {
	s.starts++
	s.sowWire()
	s.set.PublicURL = or(in.PublicURL, s.set.PublicURL)
	for _, a := range s.accounts {
		waiting := a.outbox.queue
		a.outbox.queue = nil
		for _, p := range waiting {
			s.repeat(p)
			s.end()
		}
	}
}
