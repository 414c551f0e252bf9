package simulator

import (
	"net/http"
	"net/url"
	"strings"
	"time"
)

func oauthEndpoints() []endpoint {
	return []endpoint{
		{path: "/connect/oauth2/authorize", open: true, handle: (*call).authorize},
		{method: http.MethodGet, path: "/sns/oauth2/access_token", open: true, handle: (*call).exchangeCode},
		{method: http.MethodGet, path: "/sns/oauth2/refresh_token", open: true, handle: (*call).refreshWebToken},
		{method: http.MethodGet, path: "/sns/userinfo", open: true, handle: (*call).webUserInfo},
		{method: http.MethodGet, path: "/sns/auth", open: true, handle: (*call).checkWebToken},
	}
}

const (
	scopeBase     = "snsapi_base"
	scopeUserInfo = "snsapi_userinfo"
)

// webIdentity is who an authorisation speaks of.
type webIdentity struct {
	account  *account
	id       relID
	scope    string
	snapshot string // throw-away openid of a snapshot page; empty: the real one
}

func (w webIdentity) openID() string {
	if w.snapshot != "" {
		return w.snapshot
	}
	return w.account.followers.at(w.id).openid.String()
}

// webCode is a code of web authorisation: once, for five minutes.
type webCode struct {
	webIdentity
	ends time.Time
	used bool
}

// webToken is a user's access_token, or with refresh its refresh_token.
type webToken struct {
	webIdentity
	ends    time.Time
	refresh bool
}

// exchangeCode is sns/oauth2/access_token.
func (c *call) exchangeCode() (any, error) {
	a, err := c.webCaller()
	if err != nil {
		return nil, err
	}
	text := c.query.Get("code")
	if text == "" {
		return nil, refuse(41008)
	}
	code := c.webCodes[text]
	switch {
	case code == nil || code.account != a:
		return nil, refuse(40029)
	case code.used:
		return nil, refuse(40163)
	case !c.now.Before(code.ends):
		return nil, refuse(42003)
	}
	code.used = true
	refresh := c.issueWeb(code.webIdentity, true)
	return c.webTokenReply(code.webIdentity, refresh), nil
}

// webCaller checks the credentials of an exchange.
func (c *call) webCaller() (*account, error) {
	appID, secret := c.query.Get("appid"), c.query.Get("secret")
	switch {
	case appID == "":
		return nil, refuse(41002)
	case secret == "":
		return nil, refuse(41004)
	case c.query.Get("grant_type") != "authorization_code":
		return nil, refuse(40002)
	}
	a := c.byAppID[appID]
	if a == nil {
		return nil, refuse(40013)
	}
	if a.secret != secret {
		return nil, refuse(40125)
	}
	if err := a.mayCall("oauth", c.now); err != nil {
		return nil, err
	}
	return a, c.spend(a, "sns/access_token", c.now)
}

func (c *call) refreshWebToken() (any, error) {
	a := c.byAppID[c.query.Get("appid")]
	text := c.query.Get("refresh_token")
	switch {
	case a == nil:
		return nil, refuse(40013)
	case text == "":
		return nil, refuse(41003)
	case c.query.Get("grant_type") != "refresh_token":
		return nil, refuse(40002)
	}
	token := c.webTokens[text]
	switch {
	case token == nil || !token.refresh || token.account != a:
		return nil, refuse(40030)
	case !c.now.Before(token.ends):
		return nil, refuse(42002)
	}
	reply := c.webTokenReply(token.webIdentity, text)
	reply.UnionID = ""
	return reply, nil
}

type webTokenReply struct {
	AccessToken  string `json:"access_token"`
	ExpiresIn    int    `json:"expires_in"`
	RefreshToken string `json:"refresh_token"`
	OpenID       string `json:"openid"`
	Scope        string `json:"scope"`
	Snapshot     int    `json:"is_snapshotuser,omitempty"`
	UnionID      string `json:"unionid,omitempty"`
}

func (c *call) webTokenReply(who webIdentity, refresh string) webTokenReply {
	out := webTokenReply{
		AccessToken: c.issueWeb(who, false), ExpiresIn: int(c.set.WebTokenLife.Seconds()),
		RefreshToken: refresh, OpenID: who.openID(), Scope: who.scope,
	}
	switch {
	case who.snapshot != "":
		out.Snapshot = 1
	case who.scope == scopeUserInfo:
		out.UnionID = c.unionID(who.account, who.account.followers.at(who.id).person)
	}
	return out
}

func (c *call) issueWeb(who webIdentity, refresh bool) string {
	life := c.set.WebTokenLife
	if refresh {
		life = c.set.WebRefreshLife
	}
	text := "98_" + c.randomText(86)
	c.webTokens[text] = &webToken{webIdentity: who, ends: c.now.Add(life), refresh: refresh}
	return text
}

// webCallerByToken finds the token of sns/userinfo and sns/auth.
func (c *call) webCallerByToken() (*webToken, error) {
	text := c.query.Get("access_token")
	if text == "" {
		return nil, refuse(41001)
	}
	token := c.webTokens[text]
	switch {
	case token == nil || token.refresh:
		return nil, refuse(40001)
	case !c.now.Before(token.ends):
		return nil, refuse(42001)
	case c.query.Get("openid") != token.openID():
		return nil, refuse(40003)
	}
	return token, nil
}

func (c *call) webUserInfo() (any, error) {
	token, err := c.webCallerByToken()
	if err != nil {
		return nil, err
	}
	if token.scope != scopeUserInfo || token.snapshot != "" {
		return nil, refuse(48001)
	}
	p := token.account.followers.at(token.id).person
	out := map[string]any{
		"openid": token.openID(), "nickname": c.people[p].name, "sex": 0, "province": "", "city": "", "country": "",
		"headimgurl": "https://thirdwx.qlogo.cn/mmopen/vi_32/" + c.derive("face", c.personKey(p)) + "/132", "privilege": []string{},
	}
	if unionID := c.unionID(token.account, p); unionID != "" {
		out["unionid"] = unionID
	}
	return out, nil
}

func (c *call) checkWebToken() (any, error) {
	if _, err := c.webCallerByToken(); err != nil {
		return nil, err
	}
	return ok, nil
}

// forgetWeb drops codes and tokens a day after their end.
func (c *call) forgetWeb() {
	for text, code := range c.webCodes {
		if !within(c.now, code.ends, 24*time.Hour) {
			delete(c.webCodes, text)
		}
	}
	for text, token := range c.webTokens {
		if !within(c.now, token.ends, 24*time.Hour) {
			delete(c.webTokens, text)
		}
	}
}

// mayReturnTo checks the host of redirect_uri against the console's setting:
// the full host name, no parent and no sub-domain.
func (a *account) mayReturnTo(u *url.URL) bool {
	return a.oauthDomain == "" || strings.EqualFold(u.Hostname(), a.oauthDomain) || strings.EqualFold(u.Host, a.oauthDomain)
}
