package wechat

import (
	"context"
	"net/http"
	"net/url"
	"regexp"

	"guiyi/domain"
)

var (
	codeShape  = regexp.MustCompile(`^[A-Za-z0-9_-]{1,256}$`)
	stateShape = regexp.MustCompile(`^[A-Za-z0-9]{0,128}$`)
)

// AuthorizeURL is where the browser inside WeChat goes to learn who it is (Wechat_webpage_authorization page, read 2026-11).
// scope is snsapi_base (silent, openid only) or snsapi_userinfo (asks the person); state is up to 128 letters and digits.
func (g *Gateway) AuthorizeURL(ctx context.Context, accountID, redirect, scope, state string) (string, error) {
	a := api{path: "/connect/oauth2/authorize"}
	if (scope != "snsapi_base" && scope != "snsapi_userinfo") || !stateShape.MatchString(state) || redirect == "" {
		return "", refuse(accountID, a, "scope, state or redirect address are not what the platform accepts")
	}
	_, e, done, err := g.begin(ctx, accountID, a)
	if err != nil {
		return "", err
	}
	done()
	return g.openBase + a.path + "?appid=" + url.QueryEscape(e.h.account.AppID) + "&redirect_uri=" + url.QueryEscape(redirect) +
		"&response_type=code&scope=" + scope + "&state=" + state + "#wechat_redirect", nil
}

// ExchangeCode turns the code of a redirect into an identity. A code works once and for 5 minutes; afterwards the error is
// domain.ErrUnauthenticated and the person must log in again. The user's own tokens are not kept.
func (g *Gateway) ExchangeCode(ctx context.Context, accountID, code string) (domain.WebIdentity, error) {
	a := api{path: "/sns/oauth2/access_token"}
	if !codeShape.MatchString(code) {
		err := domain.PlatformError{Account: accountID, API: a.path, Message: "the code has an impossible shape", Remedy: domain.RemedyRequest, Kind: domain.ErrUnauthenticated}
		return domain.WebIdentity{}, &err
	}
	ctx, e, done, err := g.begin(ctx, accountID, a)
	if err != nil {
		return domain.WebIdentity{}, err
	}
	defer done()
	var out struct {
		OpenID   string       `json:"openid"`
		UnionID  string       `json:"unionid"`
		Snapshot looseInteger `json:"is_snapshotuser"`
	}
	err = e.exchange(ctx, request{method: http.MethodGet, noToken: true, query: url.Values{
		"appid": {e.h.account.AppID}, "secret": {e.h.secret.Reveal()}, "code": {code}, "grant_type": {"authorization_code"},
	}}, nil, &out)
	if err != nil {
		return domain.WebIdentity{}, err
	}
	if out.OpenID == "" {
		return domain.WebIdentity{}, e.lost("answered without an openid")
	}
	return domain.WebIdentity{OpenID: domain.OpenID(out.OpenID), UnionID: out.UnionID, Snapshot: out.Snapshot == 1}, nil
}

// Probe tells whether the account can be spoken for now: it fetches a token and reads the menu, which changes nothing.
func (g *Gateway) Probe(ctx context.Context, accountID string) error {
	err := g.call(ctx, accountID, api{path: "/cgi-bin/menu/get", read: true}, nil, nil)
	if isCode(err, noMenu) {
		return nil
	}
	return err
}
