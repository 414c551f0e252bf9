package simulator

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"
)

// mode of a callback.
const (
	plainMode      = "plain"      // clear XML
	compatibleMode = "compatible" // clear fields and Encrypt
	safeMode       = "safe"       // ToUserName and Encrypt only
)

// callback is where and how an account's messages and events go.
type callback struct {
	URL    string `json:"url"`
	Token  string `json:"token"`
	AESKey string `json:"aes_key,omitempty"` // 43 characters; needed unless plain
	Mode   string `json:"mode"`
	// PreviousKey still opens replies after a key change.
	PreviousKey string `json:"previous_key,omitempty"`
}

// check finds what the console would refuse.
func (cb callback) check() error {
	address, err := url.Parse(cb.URL)
	if err != nil || address.Host == "" || (address.Scheme != "http" && address.Scheme != "https") {
		return errors.New("callback url must be an http or https address")
	}
	if n := len(cb.Token); n < 3 || n > 32 {
		return errors.New("callback token must have 3 to 32 characters")
	}
	switch cb.Mode {
	case plainMode:
		return nil
	case compatibleMode, safeMode:
		if _, err := decodeKey(cb.AESKey); err != nil {
			return err
		}
		if cb.PreviousKey != "" {
			_, err := decodeKey(cb.PreviousKey)
			return err
		}
		return nil
	}
	return errors.New("callback mode must be plain, compatible or safe")
}

// Redirect sends the callbacks of an account to another address of the same
// program; token, key and mode stay. The address is not asked first. It is for
// a world that goes on while the program listens somewhere else; what waits
// for delivery goes there, too.
func (s *Simulator) Redirect(account, address string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, err := s.accountNamed(account)
	if err != nil {
		return err
	}
	cb := a.callback
	cb.URL = address
	if err := cb.check(); err != nil {
		return err
	}
	if !s.change(step{Callback: &callbackStep{a.key, cb}}, func() { a.callback = cb }) {
		return errClosed
	}
	return nil
}

// verifyURL is the platform's GET before it accepts a callback setting. It
// runs without the world's lock.
func (s *Simulator) verifyURL(ctx context.Context, cb callback, timestamp, nonce, echo string) error {
	query := url.Values{
		"signature": {signature(cb.Token, timestamp, nonce)}, "timestamp": {timestamp}, "nonce": {nonce}, "echostr": {echo},
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, withQuery(cb.URL, query), http.NoBody)
	if err != nil {
		return err
	}
	answer, _, err := s.send(req)
	if err != nil {
		return err
	}
	if string(answer) != echo {
		return errors.New("the answer is not the echostr alone")
	}
	return nil
}

// callbackClient is a client without a proxy that keeps its connections.
func callbackClient() *http.Client {
	return &http.Client{
		Transport: &http.Transport{MaxIdleConnsPerHost: 64, IdleConnTimeout: 30 * time.Second},
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse // the platform follows none
		},
	}
}
