package simulator

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"
)

func (s *Simulator) accountRoutes() []route {
	return []route{
		s.viewing("GET /_sim/accounts", s.listAccounts),
		s.viewing("GET /_sim/accounts/{account}", s.showAccount),
		s.locked("PATCH /_sim/accounts/{account}", s.changeAccount),
		free("PUT /_sim/accounts/{account}/callback", s.setCallback),
		s.viewing("GET /_sim/accounts/{account}/deliveries", s.listDeliveries),
		s.viewing("GET /_sim/accounts/{account}/relations", s.exportRelations),
		s.viewing("GET /_sim/accounts/{account}/received", s.exportReceived),
		s.viewing("GET /_sim/accounts/{account}/menu", s.showMenu),
	}
}

// accountView is an account in the control interface.
type accountView struct {
	Key           string         `json:"key"`
	Name          string         `json:"name"`
	WechatID      string         `json:"wechat_id"`
	AppID         string         `json:"appid"`
	Original      string         `json:"original"`
	Kind          kind           `json:"kind"`
	Subject       subject        `json:"subject"`
	VerifiedUntil string         `json:"verified_until"`
	Verified      bool           `json:"verified"`
	OpenPlatform  string         `json:"open_platform"`
	Restricted    bool           `json:"restricted"`
	Seized        []string       `json:"seized"`
	OAuthDomain   string         `json:"oauth_domain"`
	CallbackURL   string         `json:"callback_url"`
	CallbackMode  string         `json:"callback_mode"`
	Followers     followerCounts `json:"followers"`
	HasMenu       bool           `json:"has_menu"`
}

// followerCounts: refusing and blacklisted are part of following.
type followerCounts struct {
	Following   int `json:"following"`
	Reachable   int `json:"reachable"`
	Refusing    int `json:"refusing"`
	Blacklisted int `json:"blacklisted"`
	Gone        int `json:"gone"`
}

func (f *followers) counts() followerCounts {
	var out followerCounts
	for i := range f.all {
		r := &f.all[i]
		switch {
		case r.is(following):
			out.Following++
			if r.reachable() {
				out.Reachable++
			}
			if r.is(refuses) {
				out.Refusing++
			}
			if r.is(blacklisted) {
				out.Blacklisted++
			}
		case r.since != 0:
			out.Gone++
		}
	}
	return out
}

func (s *Simulator) viewOf(a *account) accountView {
	seized := []string{}
	for group, on := range a.seized {
		if on {
			seized = append(seized, group)
		}
	}
	slices.Sort(seized)
	until := "never"
	if !a.verifiedUntil.IsZero() {
		until = a.verifiedUntil.In(beijing).Format(time.DateOnly)
	}
	return accountView{
		Key: a.key, Name: a.name, WechatID: a.wechatID, AppID: a.appID, Original: a.original, Kind: a.kind, Subject: a.subject,
		VerifiedUntil: until, Verified: a.verified(s.clock.now()), OpenPlatform: a.group, Restricted: a.restricted, Seized: seized,
		OAuthDomain: a.oauthDomain, CallbackURL: a.callback.URL, CallbackMode: a.callback.Mode,
		Followers: a.followers.counts(), HasMenu: a.menu.current != nil,
	}
}

func (s *Simulator) listAccounts(*http.Request) (any, error) {
	list := make([]accountView, 0, len(s.accounts))
	for _, a := range s.accounts {
		list = append(list, s.viewOf(a))
	}
	return map[string]any{"accounts": list}, nil
}

// showAccount adds the credentials: they are the simulator's own.
func (s *Simulator) showAccount(r *http.Request) (any, error) {
	a, err := s.accountNamed(r.PathValue("account"))
	if err != nil {
		return nil, err
	}
	return struct {
		accountView
		Secret     string   `json:"secret"`
		AllowList  []string `json:"allow_list"`
		LinkedApps []string `json:"linked_apps"`
		Callback   callback `json:"callback"`
	}{s.viewOf(a), a.secret, a.allowList, a.linkedApps, a.callback}, nil
}

func (s *Simulator) changeAccount(r *http.Request) (any, error) {
	a, err := s.accountNamed(r.PathValue("account"))
	if err != nil {
		return nil, err
	}
	var in struct {
		VerifiedUntil *string   `json:"verified_until"`
		Restricted    *bool     `json:"restricted"`
		Seized        *[]string `json:"seized"`
		AllowList     *[]string `json:"allow_list"`
		OAuthDomain   *string   `json:"oauth_domain"`
		LinkedApps    *[]string `json:"linked_apps"`
		Secret        *string   `json:"secret"`
	}
	if err := read(r, &in); err != nil {
		return nil, err
	}
	if in.VerifiedUntil != nil {
		until, err := parseVerified(*in.VerifiedUntil)
		if err != nil {
			return nil, err
		}
		a.verifiedUntil = until
	}
	if in.Seized != nil {
		seized := map[string]bool{}
		for _, group := range *in.Seized {
			if _, known := permissions[group]; !known {
				return nil, fmt.Errorf("seized: %q is no group of calls", group)
			}
			seized[group] = true
		}
		a.seized = seized
	}
	replace(&a.restricted, in.Restricted)
	replace(&a.allowList, in.AllowList)
	replace(&a.oauthDomain, in.OAuthDomain)
	replace(&a.linkedApps, in.LinkedApps)
	replace(&a.secret, in.Secret)
	return s.viewOf(a), nil
}

func replace[T any](field, value *T) {
	if value != nil {
		*field = *value
	}
}

// parseVerified reads a day or never.
func parseVerified(text string) (time.Time, error) {
	if text == "never" {
		return time.Time{}, nil
	}
	until, err := time.ParseInLocation(time.DateOnly, text, beijing)
	if err != nil {
		return time.Time{}, fmt.Errorf("verified_until %q must be a day like 2027-06-30, or never", text)
	}
	return until, nil
}

// setCallback is what the developer console does: it asks the address first
// and keeps the old setting when the answer is wrong.
func (s *Simulator) setCallback(r *http.Request) (any, error) {
	var in struct {
		callback
		SkipVerification bool `json:"skip_verification"`
	}
	if err := read(r, &in); err != nil {
		return nil, err
	}
	cb := in.callback
	cb.Mode = or(cb.Mode, safeMode)
	s.mu.Lock()
	a, err := s.accountNamed(r.PathValue("account"))
	timestamp, nonce, echo := strconv.FormatInt(s.clock.now().Unix(), 10), strconv.Itoa(int(s.wire.Int32())), strconv.Itoa(int(s.wire.Int64()>>1))
	limit := s.set.CallbackTimeout
	s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(r.Context(), limit)
	defer cancel()
	if cb.URL != "" {
		if err := cb.check(); err != nil {
			return nil, err
		}
		if !in.SkipVerification {
			if err := s.verifyURL(ctx, cb, timestamp, nonce, echo); err != nil {
				return nil, &controlError{http.StatusConflict, "the callback address failed the verification: " + err.Error()}
			}
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.change(step{Callback: &callbackStep{a.key, cb}}, func() { a.callback = cb }) {
		return nil, errClosed
	}
	return s.viewOf(a), nil
}

func (s *Simulator) listDeliveries(r *http.Request) (any, error) {
	a, err := s.accountNamed(r.PathValue("account"))
	if err != nil {
		return nil, err
	}
	return map[string]any{"waiting": len(a.outbox.queue), "deliveries": slices.Clone(a.outbox.history)}, nil
}

func (s *Simulator) showMenu(r *http.Request) (any, error) {
	a, err := s.accountNamed(r.PathValue("account"))
	if err != nil {
		return nil, err
	}
	return a.menu.current.view(), nil
}

// view is a menu in the control interface; button is null when there is none.
func (m *menu) view() any {
	if m == nil {
		return map[string]any{"button": nil}
	}
	return map[string]any{"button": m.buttons, "menuid": m.id}
}

func number64(r *http.Request, name string) (int64, error) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return 0, errors.New(name + " must be a whole number, not negative")
	}
	return n, nil
}
