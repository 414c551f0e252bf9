package simulator

import (
	"net/http"
	"regexp"
	"slices"
	"time"
)

func tokenEndpoints() []endpoint {
	return []endpoint{
		{method: http.MethodGet, path: "/cgi-bin/token", open: true, handle: (*call).plainToken},
		{method: http.MethodPost, path: "/cgi-bin/stable_token", open: true, handle: (*call).stableToken},
	}
}

// accessToken is one issued token, of either family.
type accessToken struct {
	owner *account
	ends  time.Time
	cut   bool // ends early because it was replaced
}

// accountTokens are the newest token of each family; the families do not
// touch each other.
type accountTokens struct {
	plain, stable string
	forced        time.Time // last effective force_refresh
	forcedDay     int
	forcedCount   int
}

type tokenReply struct {
	AccessToken string `json:"access_token"`
	ExpiresIn   int    `json:"expires_in"`
}

// plainToken replaces the token with every call; the one before lives on for
// the overlap.
func (c *call) plainToken() (any, error) {
	a, err := c.tokenCaller(c.query.Get("grant_type"), c.query.Get("appid"), c.query.Get("secret"))
	if err != nil {
		return nil, err
	}
	if err := c.spend(a, "token", c.now); err != nil {
		return nil, err
	}
	c.shorten(a.tokens.plain, c.set.TokenOverlap)
	a.tokens.plain = c.issue(a)
	return tokenReply{a.tokens.plain, int(c.set.TokenLife.Seconds())}, nil
}

// stableToken gives the same token until its last minutes.
func (c *call) stableToken() (any, error) {
	var in struct {
		GrantType    string `json:"grant_type"`
		AppID        string `json:"appid"`
		Secret       string `json:"secret"`
		ForceRefresh bool   `json:"force_refresh"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	a, err := c.tokenCaller(in.GrantType, in.AppID, in.Secret)
	if err != nil {
		return nil, err
	}
	if err := c.spend(a, "stable_token", c.now); err != nil {
		return nil, err
	}
	t := &a.tokens
	current := c.accessTokens[t.stable]
	alive := current != nil && c.now.Before(current.ends)
	switch {
	case in.ForceRefresh && !within(c.now, t.forced, c.set.ForceRefreshSpacing):
		if err := c.spendForce(a); err != nil {
			return nil, err
		}
		delete(c.accessTokens, t.stable)
		t.stable, t.forced = c.issue(a), c.now
	case !alive:
		t.stable = c.issue(a)
	case !in.ForceRefresh && current.ends.Sub(c.now) < c.set.TokenOverlap:
		c.shorten(t.stable, c.set.TokenOverlap)
		t.stable = c.issue(a)
	}
	left := c.accessTokens[t.stable].ends.Sub(c.now)
	return tokenReply{t.stable, int(left.Seconds())}, nil
}

func (c *call) spendForce(a *account) error {
	t := &a.tokens
	if today := day(c.now); t.forcedDay != today {
		t.forcedDay, t.forcedCount = today, 0
	}
	if t.forcedCount >= c.set.ForceRefreshPerDay {
		return refuse(45009)
	}
	t.forcedCount++
	return nil
}

// tokenCaller checks grant type, credentials and the address of the caller.
func (c *call) tokenCaller(grant, appID, secret string) (*account, error) {
	switch {
	case appID == "":
		return nil, refuse(41002)
	case grant != "client_credential":
		return nil, refuse(40002)
	case secret == "":
		return nil, refuse(41004)
	}
	a, found := c.byAppID[appID]
	if !found {
		return nil, refuse(40013)
	}
	if a.secret != secret {
		return nil, refuse(40125)
	}
	if ip := remoteIP(c.r); len(a.allowList) > 0 && !slices.Contains(a.allowList, ip) {
		return nil, refuseText(40164, errorTexts[40164], ip, ip)
	}
	if a.restricted {
		return nil, refuse(50002)
	}
	return a, nil
}

func (c *call) issue(a *account) string {
	token := "98_" + c.randomText(150)
	c.accessTokens[token] = &accessToken{owner: a, ends: c.now.Add(c.set.TokenLife)}
	c.forgetTokens()
	return token
}

// shorten lets a replaced token live for d at most.
func (c *call) shorten(token string, d time.Duration) {
	if t := c.accessTokens[token]; t != nil && t.ends.Sub(c.now) > d {
		t.ends, t.cut = c.now.Add(d), true
	}
}

// forgetTokens drops tokens a day after their end, so that a long run does not
// grow; from then on they are unknown (40001) instead of expired (42001).
func (c *call) forgetTokens() {
	for token, t := range c.accessTokens {
		if !within(c.now, t.ends, 24*time.Hour) {
			delete(c.accessTokens, token)
		}
	}
}

var tokenShape = regexp.MustCompile(`^[0-9]{2,3}_[A-Za-z0-9_-]{20,508}$`)

// tokenOwner finds the account behind a token: 41001 missing, 40014 malformed,
// 42001 run out by itself, 40001 unknown, replaced or revoked.
func (s *Simulator) tokenOwner(token string, now time.Time) (*account, error) {
	if token == "" {
		return nil, refuse(41001)
	}
	if !tokenShape.MatchString(token) {
		return nil, refuse(40014)
	}
	t := s.accessTokens[token]
	switch {
	case t == nil:
		return nil, refuse(40001)
	case now.Before(t.ends):
		return t.owner, nil
	case t.cut:
		return nil, refuse(40001)
	}
	return nil, refuse(42001)
}
