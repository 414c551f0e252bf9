package wechat

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"guiyi/domain"
)

// Bounds of one request. The longest regular answer is a page of 10,000 openids, about 310 KB.
const (
	largestAnswer  = 4 << 20
	callTimeout    = 15 * time.Second
	uploadTimeout  = 60 * time.Second
	longestMessage = 300 // of the platform's texts, kept in errors
)

// api is one call of the platform.
type api struct {
	path   string
	budget string        // row of the budget table; empty: not counted
	read   bool          // changes nothing, so an attempt that got no answer may simply be repeated
	limit  time.Duration // deadline; 0 = callTimeout
}

// errand is one call on its way: who calls what.
type errand struct {
	h   *handle
	api api
}

// request is what goes out; access_token is added on the way.
type request struct {
	method      string
	query       url.Values
	contentType string
	body        []byte
	noToken     bool
}

// newBase is the connection pool. It follows HTTPS_PROXY and its siblings, as operators expect.
func newBase() *http.Transport {
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout:    5 * time.Second,
		ResponseHeaderTimeout:  10 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
		MaxIdleConns:           256,
		MaxIdleConnsPerHost:    64,
		IdleConnTimeout:        60 * time.Second,
		ForceAttemptHTTP2:      true,
	}
}

// send does the call and gives the JSON answer of a success. A token that the platform refuses is dropped and the call is
// tried once more with a new one: the refusal means that nothing was done.
func (e *errand) send(ctx context.Context, r request) ([]byte, error) {
	for second := false; ; second = true {
		token := ""
		if !r.noToken {
			var err error
			if token, err = e.h.tokens.get(ctx); err != nil {
				return nil, e.beforeCall(err)
			}
		}
		answer, err := e.attempt(ctx, r, token)
		refusal, refused := errors.AsType[*domain.PlatformError](err)
		if second || r.noToken || !refused || !tokenRefused(refusal.Code) {
			return answer, err
		}
		e.h.tokens.invalidate(ctx, token)
	}
}

// attempt is one HTTP exchange.
func (e *errand) attempt(ctx context.Context, r request, token string) ([]byte, error) {
	var left atomic.Bool // a connection was there, so the request may have reached the platform
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { left.Store(true) }})
	resp, err := e.h.gateway.base.RoundTrip(e.httpRequest(ctx, r, token))
	if err != nil {
		if !left.Load() {
			return nil, e.failed(domain.RemedyWait, "no connection: "+e.reason(err, token))
		}
		return nil, e.lost("no answer: " + e.reason(err, token))
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, largestAnswer+1))
	switch {
	case err != nil:
		return nil, e.lost("the answer broke off: " + e.reason(err, token))
	case resp.StatusCode != http.StatusOK:
		return nil, e.lost("answered HTTP " + strconv.Itoa(resp.StatusCode))
	case len(answer) > largestAnswer:
		return nil, e.lost("answered more than " + strconv.Itoa(largestAnswer>>20) + " MiB")
	}
	return e.judge(answer, token)
}

func (e *errand) httpRequest(ctx context.Context, r request, token string) *http.Request {
	target := *e.h.gateway.apiBase
	target.Path += e.api.path
	query := r.query.Encode()
	if !r.noToken {
		if query != "" {
			query += "&"
		}
		query += "access_token=" + url.QueryEscape(token)
	}
	target.RawQuery = query
	req := (&http.Request{
		Method: r.method, URL: &target, Host: target.Host, Header: http.Header{},
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}).WithContext(ctx)
	if r.body != nil {
		req.ContentLength = int64(len(r.body))
		req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(r.body)), nil }
		req.Body, _ = req.GetBody()
		req.Header.Set("Content-Type", r.contentType)
	}
	return req
}

// judge separates answers that are a success from those that are an error or no answer of the platform at all.
func (e *errand) judge(answer []byte, token string) ([]byte, error) {
	text := bytes.TrimSpace(answer)
	if len(text) < 2 || text[0] != '{' || text[len(text)-1] != '}' {
		return nil, e.lost("answered something that is not JSON")
	}
	if !bytes.Contains(text, []byte(`"errcode"`)) || bytes.HasPrefix(text, []byte(`{"errcode":0,`)) {
		return text, nil
	}
	var verdict struct {
		ErrCode int          `json:"errcode"`
		ErrMsg  string       `json:"errmsg"`
		MsgID   looseInteger `json:"msg_id"`
	}
	if err := json.Unmarshal(text, &verdict); err != nil {
		return nil, e.lost("answered JSON that does not parse")
	}
	if verdict.ErrCode == 0 {
		return text, nil
	}
	return nil, e.refused(verdict.ErrCode, e.h.scrub(verdict.ErrMsg, token), int64(verdict.MsgID))
}

// refused builds the error of an errcode.
func (e *errand) refused(code int, message string, msgID int64) *domain.PlatformError {
	message, rid, _ := strings.Cut(message, " rid: ")
	r := rulingOf(code)
	pe := &domain.PlatformError{
		Account: e.h.account.Key, API: e.api.path, Code: code, Message: short(message), RID: short(rid), Remedy: r.remedy, Kind: r.kind,
	}
	if r.until != nil {
		pe.RetryAfter = r.until(e.h.gateway.now())
	}
	if r.remedy == domain.RemedyAlready {
		pe.MsgID = msgID
	}
	return pe
}

// lost is the error of a request that left and got no usable answer: it may have taken effect, unless it only reads.
func (e *errand) lost(message string) *domain.PlatformError {
	if e.api.read {
		return e.failed(domain.RemedyWait, message)
	}
	return e.failed(domain.RemedyUnknown, message)
}

func (e *errand) failed(remedy domain.Remedy, message string) *domain.PlatformError {
	return &domain.PlatformError{
		Account: e.h.account.Key, API: e.api.path, Message: short(message), Remedy: remedy, Kind: domain.ErrUnavailable,
	}
}

// beforeCall is the error of a call that could not begin because there is no token. Whatever the token call met, this one
// did nothing.
func (e *errand) beforeCall(err error) error {
	pe, ok := errors.AsType[*domain.PlatformError](err)
	if !ok {
		return e.failed(domain.RemedyWait, "no access token: "+e.reason(err, ""))
	}
	if pe.Remedy == domain.RemedyWait && !tokenRefused(pe.Code) {
		return pe
	}
	// A token call that is refused means wrong or blocked credentials, whatever the code means elsewhere.
	alarm := *pe
	alarm.Remedy, alarm.Kind, alarm.RetryAfter = domain.RemedyAccount, domain.ErrForbidden, 0
	return &alarm
}

// reason gives the cause of a failed exchange without the address, which holds the token.
func (e *errand) reason(err error, token string) string {
	if withURL, ok := errors.AsType[*url.Error](err); ok {
		err = withURL.Err
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return "no time left"
	}
	return e.h.scrub(err.Error(), token)
}

func short(s string) string {
	if len(s) > longestMessage {
		return strings.ToValidUTF8(s[:longestMessage], "") + "…"
	}
	return s
}

// looseInteger is a number that the platform writes as a number or as a text.
type looseInteger int64

func (n *looseInteger) UnmarshalJSON(text []byte) error {
	bare := strings.Trim(string(text), `"`)
	if bare == "" || bare == "null" {
		return nil
	}
	v, err := strconv.ParseInt(bare, 10, 64)
	if err != nil {
		return fmt.Errorf("not an integer: %.20s", bare)
	}
	*n = looseInteger(v)
	return nil
}
