package simulator

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"time"
)

// endpoint is one call of the platform.
type endpoint struct {
	method string // GET or POST; empty: any
	path   string
	open   bool   // needs no access_token (token calls, web pages)
	group  string // row of the permission table; empty: anybody
	quota  string // row of the quota table; empty: unlimited
	body   int64  // largest body in bytes; 0: 1 MiB
	sealed bool   // the state file is on the disk before the answer goes out
	handle func(*call) (any, error)
}

const defaultBody = 1 << 20

// call is one request on its way through the platform. Handlers run with the
// world locked and must not wait for anything.
//
// A handler returns what the reply's JSON holds, or raw for other replies, or
// an *apiError. Returning ok gives {"errcode":0,"errmsg":"ok"}; a struct
// without errcode leaves it out, as many real calls do.
type call struct {
	*Simulator
	a     *account // whose token it is; nil on open endpoints
	r     *http.Request
	query url.Values
	body  []byte
	now   time.Time
}

// decode reads the JSON body.
func (c *call) decode(v any) error {
	if len(c.body) == 0 {
		return refuse(44002)
	}
	if err := json.Unmarshal(c.body, v); err != nil {
		return refuse(47001)
	}
	return nil
}

// okReply is the plain success of calls that return errcode 0.
type okReply struct {
	ErrCode int    `json:"errcode"`
	ErrMsg  string `json:"errmsg"`
}

var ok = okReply{ErrMsg: "ok"}

// raw is a reply that is not JSON: a picture, a page, a redirect.
type raw struct {
	status      int // 0: 200
	contentType string
	location    string
	cookie      *http.Cookie
	body        []byte
}

func (s *Simulator) serveCall(w http.ResponseWriter, r *http.Request) {
	e, found := s.endpoints[r.URL.Path]
	limit := e.body
	if limit == 0 {
		limit = defaultBody
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	var tooLarge *http.MaxBytesError
	if err != nil && !errors.As(err, &tooLarge) {
		return // the caller is gone
	}
	query := r.URL.Query()

	caller, f := s.faultFor(e, r, query, body)
	if f != nil && !f.After && s.disturb(w, r, caller, f) {
		return
	}

	var refusal error
	switch {
	case !found:
		refusal = refuse(40066)
	case tooLarge != nil:
		refusal = refuse(45002)
	}
	out := s.answer(e, &call{Simulator: s, r: r, query: query, body: body}, caller, refusal)
	if e.sealed {
		s.syncState()
	}
	if f != nil && f.After && s.disturb(w, r, caller, f) {
		return
	}
	out.write(w)
}

func (s *Simulator) faultFor(e endpoint, r *http.Request, query url.Values, body []byte) (*account, *fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	caller := s.callerOf(e, query, body)
	if len(s.faults) == 0 {
		return caller, nil
	}
	var f *fault
	s.change(step{Fault: &faultStep{caller.handle(), r.URL.Path}}, func() { f = s.nextFault(caller, r.URL.Path) })
	return caller, f
}

// answer performs the call, unless it is refused already, and counts it.
func (s *Simulator) answer(e endpoint, c *call, caller *account, refusal error) output {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := output{raw: raw{status: http.StatusServiceUnavailable}}
	s.change(step{Call: called(c, caller, refusal), body: c.body}, func() { out = s.carryOut(e, c, caller, refusal) })
	return out
}

func (s *Simulator) carryOut(e endpoint, c *call, caller *account, refusal error) output {
	c.now = s.clock.now()
	var reply any
	if refusal == nil {
		reply, refusal = s.perform(e, c)
	}
	out := s.render(reply, refusal, c.now)
	s.countCall(caller, c.r.URL.Path, out.errcode)
	s.keepFailed(c, caller, out)
	return out
}

// perform checks the right to call in the platform's order, then calls.
func (s *Simulator) perform(e endpoint, c *call) (any, error) {
	if e.method == http.MethodPost && c.r.Method != http.MethodPost {
		return nil, refuse(43002)
	}
	if e.method == http.MethodGet && c.r.Method != http.MethodGet {
		return nil, refuse(43001)
	}
	if !e.open {
		a, err := s.tokenOwner(c.query.Get("access_token"), c.now)
		if err != nil {
			return nil, err
		}
		c.a = a
		if err := a.mayCall(e.group, c.now); err != nil {
			return nil, err
		}
		if err := s.spend(a, e.quota, c.now); err != nil {
			return nil, err
		}
	}
	reply, err := e.handle(c)
	if err != nil && c.a != nil && !s.set.CountFailedCalls {
		s.giveBack(c.a, e.quota)
	}
	return reply, err
}

// callerOf guesses whose call it is for counters and faults, valid or not.
func (s *Simulator) callerOf(e endpoint, query url.Values, body []byte) *account {
	if token, found := s.accessTokens[query.Get("access_token")]; found {
		return token.owner
	}
	if a, found := s.byAppID[query.Get("appid")]; found {
		return a
	}
	var inBody struct {
		AppID string `json:"appid"`
	}
	if e.open && json.Unmarshal(body, &inBody) == nil {
		return s.byAppID[inBody.AppID]
	}
	return nil
}

// output is a finished reply.
type output struct {
	raw
	errcode int
	rid     string
}

func (s *Simulator) render(reply any, err error, now time.Time) output {
	if err == nil {
		if page, isRaw := reply.(raw); isRaw {
			return output{raw: page}
		}
	}
	var out output
	if err != nil {
		refusal, expected := errors.AsType[*apiError](err)
		if !expected {
			s.log.Error("simulated call failed", "error", err)
			refusal = refuse(-1)
		}
		out.errcode, out.rid = refusal.code, s.rid(now)
		fields := map[string]any{"errcode": refusal.code, "errmsg": refusal.text + " rid: " + out.rid}
		maps.Copy(fields, refusal.extra)
		reply = fields
	}
	text, err := encode(reply)
	if err != nil {
		s.log.Error("simulated reply not encodable", "error", err)
	}
	out.raw = raw{contentType: "application/json; encoding=utf-8", body: text}
	return out
}

func (o output) write(w http.ResponseWriter) {
	if o.contentType != "" {
		w.Header().Set("Content-Type", o.contentType)
	}
	if o.cookie != nil {
		http.SetCookie(w, o.cookie)
	}
	if o.location != "" {
		w.Header().Set("Location", o.location)
	}
	if o.status != 0 {
		w.WriteHeader(o.status)
	}
	_, _ = w.Write(o.body)
}

// hasEscape finds a \uXXXX escape in a JSON body. Drafts and menus are refused
// with 40033 when they hold one: the platform wants raw UTF-8.
func hasEscape(body []byte) bool {
	for i := 0; i+1 < len(body); i++ {
		if body[i] != '\\' {
			continue
		}
		i++ // whatever follows a backslash belongs to it
		if body[i] == 'u' {
			return true
		}
	}
	return false
}

// remoteIP is the address the call came from.
func remoteIP(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
