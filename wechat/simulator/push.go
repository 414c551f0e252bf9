package simulator

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// noPerson stands in for a relation where an event comes from the platform.
const noPerson relID = -1

// push is one message or event on its way to an account's callback. Its body
// never changes; signature, nonce and encryption are new with every attempt.
type push struct {
	id      int64
	account *account
	from    relID // noPerson: the platform itself
	openid  string
	body    []byte
	what    string // MsgType, or the name of the event
	tries   int
	again   bool // an additional delivery out of chaos
}

// outbox holds what waits for delivery.
type outbox struct {
	queue    []*push
	underway []*push
	running  int
	history  []attemptRecord // the latest, oldest first
}

// attemptRecord tells a developer what became of one delivery.
type attemptRecord struct {
	Time   int64  `json:"time"`
	What   string `json:"what"`
	Try    int    `json:"try"`
	Millis int64  `json:"millis"`
	Result string `json:"result"`
}

const historyLength = 200

// pushMessage sends what a person wrote. MsgId is added.
func (s *Simulator) pushMessage(a *account, id relID, msgType string, fields ...field) {
	fields = append(fields, number("MsgId", 7_400_000_000_000_000_000+s.newID()))
	s.push(a, id, a.followers.at(id).openid.String(), msgType, append([]field{cdata("MsgType", msgType)}, fields...))
}

// pushEvent sends an event of a person.
func (s *Simulator) pushEvent(a *account, id relID, event string, fields ...field) {
	head := []field{cdata("MsgType", "event"), cdata("Event", event)}
	s.push(a, id, a.followers.at(id).openid.String(), event, append(head, fields...))
}

// pushJob sends an event of the platform itself, such as MASSSENDJOBFINISH.
func (s *Simulator) pushJob(a *account, event string, fields ...field) {
	head := []field{cdata("MsgType", "event"), cdata("Event", event)}
	s.push(a, noPerson, "o"+s.derive("system", a.appID)[:27], event, append(head, fields...))
}

func (s *Simulator) push(a *account, id relID, openid, what string, fields []field) {
	if a.callback.URL == "" {
		return
	}
	head := []field{
		cdata("ToUserName", a.original), cdata("FromUserName", openid),
		number("CreateTime", s.clock.now().Unix()),
	}
	s.pushes++
	p := &push{id: s.pushes, account: a, from: id, openid: openid, what: what, body: xml(append(head, fields...))}
	if s.chance(s.set.LostShare) {
		s.record(p, 0, "lost on purpose")
		return
	}
	if s.chance(s.set.LateShare) {
		s.after(s.set.LateBy, pushPlan{push: p})
		return
	}
	s.enqueue(p)
}

func (s *Simulator) chance(share float64) bool { return share > 0 && s.rand.Float64() < share }

// wireChance is chance for what happens on the wire alone and leaves no trace
// in the world.
func (s *Simulator) wireChance(share float64) bool { return share > 0 && s.wire.Float64() < share }

// pushPlan delivers a push later: for the first time, or once more.
type pushPlan struct {
	push   *push
	repeat bool
}

func (p pushPlan) run(s *Simulator) {
	s.enqueue(p.push)
	if p.awaited(s) {
		s.end()
	}
}

// awaited says whether Settle waits for the plan: for a repetition, where time
// passes by itself.
func (p pushPlan) awaited(s *Simulator) bool { return p.repeat && s.clock.real != nil }

func (s *Simulator) enqueue(p *push) {
	s.begin()
	o := &p.account.outbox
	o.queue = append(o.queue, p)
	if n := len(o.queue); n > 1 && s.wireChance(s.set.ReorderShare) {
		o.queue[n-1], o.queue[n-2] = o.queue[n-2], o.queue[n-1]
	}
	if o.running < s.set.CallbackWorkers && !s.replaying() && s.ctx.Err() == nil {
		o.running++
		s.work.Go(func() { s.deliver(p.account) })
	}
}

// deliver works off the queue of one account and ends when it is empty.
func (s *Simulator) deliver(a *account) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := &a.outbox
	for len(o.queue) > 0 && s.ctx.Err() == nil {
		p := o.take(0)
		target, body, err := s.envelope(p)
		limit := s.set.CallbackTimeout
		s.mu.Unlock()
		var took time.Duration
		var answer []byte
		if err == nil {
			answer, took, err = s.post(target, body, limit)
		}
		s.mu.Lock()
		if s.ctx.Err() != nil && err != nil {
			break // cut off by Close: it stays under way for the next start
		}
		s.change(step{Answered: attempted(p, took, err), body: answer}, func() { s.settleAttempt(p, answer, took, err) })
	}
	o.running--
}

// envelope is address and body of one attempt.
func (s *Simulator) envelope(p *push) (string, []byte, error) {
	cb := p.account.callback
	timestamp := strconv.FormatInt(s.clock.now().Unix(), 10)
	nonce := strconv.FormatUint(uint64(s.wire.Uint32()), 10)
	query := url.Values{"signature": {signature(cb.Token, timestamp, nonce)}, "timestamp": {timestamp}, "nonce": {nonce}}
	if p.from != noPerson {
		query.Set("openid", p.openid)
	}
	body := p.body
	if cb.Mode != plainMode {
		encoded := cb.AESKey
		if cb.PreviousKey != "" && s.wireChance(s.set.OldKeyShare) {
			encoded = cb.PreviousKey
		}
		key, err := decodeKey(encoded)
		if err != nil {
			return "", nil, err
		}
		encrypted, err := seal(key, []byte(randomText(s.wire, 16)), p.body, p.account.appID)
		if err != nil {
			return "", nil, err
		}
		query.Set("encrypt_type", "aes")
		query.Set("msg_signature", signature(cb.Token, timestamp, nonce, encrypted))
		element := xml([]field{cdata("ToUserName", p.account.original), cdata("Encrypt", encrypted)})
		if cb.Mode == compatibleMode {
			element = append(bytes.TrimSuffix(bytes.Clone(p.body), []byte("</xml>")), "<Encrypt><![CDATA["+encrypted+"]]></Encrypt></xml>"...)
		}
		body = element
	}
	return withQuery(cb.URL, query), body, nil
}

func withQuery(address string, query url.Values) string {
	sign := "?"
	if strings.Contains(address, "?") {
		sign = "&"
	}
	return address + sign + query.Encode()
}

// post is one delivery: one POST with the platform's limit of real time.
func (s *Simulator) post(target string, body []byte, limit time.Duration) ([]byte, time.Duration, error) {
	ctx, cancel := context.WithTimeout(s.ctx, limit)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(body))
	if err != nil {
		return nil, 0, err
	}
	req.Header.Set("Content-Type", "text/xml")
	req.Header.Set("User-Agent", "Mozilla/4.0")
	return s.send(req)
}

const largestReply = 256 << 10

func (s *Simulator) send(req *http.Request) ([]byte, time.Duration, error) {
	started := s.realTime()
	resp, err := s.client.Do(req) //nolint:gosec // calling the address the operator set is the purpose
	if err != nil {
		if wrapped, isURL := errors.AsType[*url.Error](err); isURL {
			err = wrapped.Err
		}
		return nil, s.realTime().Sub(started), err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, largestReply+1))
	took := s.realTime().Sub(started)
	switch {
	case err != nil:
		return nil, took, err
	case resp.StatusCode != http.StatusOK:
		return nil, took, fmt.Errorf("answered HTTP %d", resp.StatusCode)
	case len(answer) > largestReply:
		return nil, took, errors.New("answered more than 256 KiB")
	}
	return answer, took, nil
}

func (s *Simulator) realTime() time.Time {
	if s.clock.real == nil {
		return time.Time{}
	}
	return s.clock.real()
}

// settleAttempt decides what follows a delivery: done, once more, or the
// notice on the person's phone.
func (s *Simulator) settleAttempt(p *push, answer []byte, took time.Duration, err error) {
	p.account.outbox.forget(p)
	defer s.end()
	p.tries++
	switch {
	case err != nil && p.tries < s.set.CallbackDeliveries && !p.again:
		s.record(p, took, "no valid answer, will repeat: "+err.Error())
		s.repeat(p)
		return
	case err != nil:
		s.record(p, took, "given up: "+err.Error())
		s.excuse(p)
	case p.again:
		s.record(p, took, "delivered twice on purpose")
	default:
		result, err := s.takeReply(p, answer)
		if err != nil {
			s.record(p, took, "reply refused: "+err.Error())
			s.excuse(p)
			break
		}
		s.record(p, took, result)
	}
	if !p.again && s.chance(s.set.DuplicateShare) {
		twin := *p
		s.pushes++
		twin.id, twin.again = s.pushes, true
		s.enqueue(&twin)
	}
}

// repeat plans the next delivery of the same body.
func (s *Simulator) repeat(p *push) {
	again := pushPlan{push: p, repeat: true}
	if again.awaited(s) {
		s.begin()
	}
	s.after(s.set.CallbackSpacing, again)
}

// take begins an attempt with the push at a place of the queue.
func (o *outbox) take(at int) *push {
	p := o.queue[at]
	if at == 0 {
		o.queue[0], o.queue = nil, o.queue[1:]
	} else {
		o.queue = slices.Delete(o.queue, at, at+1)
	}
	o.underway = append(o.underway, p)
	return p
}

// forget takes a push out of the outbox once its attempt is settled.
func (o *outbox) forget(p *push) {
	o.underway = slices.DeleteFunc(o.underway, func(q *push) bool { return q == p })
}

// excuse tells the person that the account did not answer; events without a
// conversation have nowhere to show it.
func (s *Simulator) excuse(p *push) {
	if p.from != noPerson && answerable(p.what) {
		s.receive(p.account, p.from, entry{Kind: kindNotice, Content: &content{Type: "text", Text: "该公众号暂时无法提供服务，请稍后再试"}})
	}
}

func (s *Simulator) record(p *push, took time.Duration, result string) {
	o := &p.account.outbox
	if len(o.history) >= historyLength {
		o.history = slices.Delete(o.history, 0, len(o.history)-historyLength+1)
	}
	o.history = append(o.history, attemptRecord{
		Time: s.clock.now().Unix(), What: p.what, Try: p.tries, Millis: took.Milliseconds(), Result: result,
	})
}
