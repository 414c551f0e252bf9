package simulator

import (
	"bytes"
	"embed"
	"html/template"
	"maps"
	"net/http"
	"net/url"
	"regexp"
)

// The page a browser inside WeChat opens for web authorisation. Which person
// holds the phone is told by the parameter sim_person, else by the header
// X-Sim-Person, else by the cookie sim_person, which /_sim/open sets. Nobody
// named: the page asks.
const (
	personParameter  = "sim_person"
	personHeader     = "X-Sim-Person"
	consentParameter = "sim_consent"  // allow or deny: the button on the consent page
	snapshotSwitch   = "sim_snapshot" // 1: play a snapshot page with a throw-away openid
)

//go:embed pages/*.html
var pageFiles embed.FS

var pages = template.Must(template.ParseFS(pageFiles, "pages/*.html"))

var stateShape = regexp.MustCompile(`^[a-zA-Z0-9_-]{0,128}$`)

func (c *call) authorize() (any, error) {
	c.forgetWeb()
	a := c.byAppID[c.query.Get("appid")]
	if a == nil {
		return authorizeError("AppID 参数错误", 40013)
	}
	if c.query.Get("response_type") != "code" {
		return authorizeError("response_type 参数错误", 10016)
	}
	back, err := url.Parse(c.query.Get("redirect_uri"))
	if err != nil || back.Host == "" || (back.Scheme != "http" && back.Scheme != "https") || !a.mayReturnTo(back) {
		return authorizeError("redirect_uri域名与后台配置不一致", 10003)
	}
	scope := c.query.Get("scope")
	if (scope != scopeBase && scope != scopeUserInfo) || a.mayCall("oauth", c.now) != nil {
		return authorizeError("Scope 参数错误或没有 Scope 权限", 10005)
	}
	state := c.query.Get("state")
	if !stateShape.MatchString(state) {
		return authorizeError("state 参数错误", 10012)
	}
	p, found := c.phoneOwner()
	if !found {
		return c.askPerson()
	}
	id := c.relate(a, p)
	snapshot := c.query.Get(snapshotSwitch) == "1"
	if scope == scopeUserInfo && !snapshot && c.needsConsent(a, id) {
		switch c.query.Get(consentParameter) {
		case "":
			return c.askConsent(a, p)
		case "allow":
			a.consent(id)
		default:
			return c.goBack(back, url.Values{"state": {state}}, p), nil
		}
	}
	who := webIdentity{account: a, id: id, scope: scope}
	if snapshot {
		who.snapshot = "o" + c.randomText(27)
	}
	code := c.randomText(32)
	c.webCodes[code] = &webCode{webIdentity: who, ends: c.now.Add(c.set.CodeLife)}
	return c.goBack(back, url.Values{"code": {code}, "state": {state}}, p), nil
}

// phoneOwner is the person signed in on the phone the request comes from.
func (c *call) phoneOwner() (personID, bool) {
	key := c.query.Get(personParameter)
	if key == "" {
		key = c.r.Header.Get(personHeader)
	}
	if cookie, err := c.r.Cookie(personParameter); key == "" && err == nil {
		key = cookie.Value
	}
	return c.personByKey(key)
}

// needsConsent: the first time, or with forcePopup.
func (c *call) needsConsent(a *account, id relID) bool {
	return !a.consents[id] || c.query.Get("forcePopup") == "true"
}

func (a *account) consent(id relID) {
	if a.consents == nil {
		a.consents = map[relID]bool{}
	}
	a.consents[id] = true
}

// goBack redirects to the page that asked, keeping its own query first.
func (c *call) goBack(back *url.URL, add url.Values, p personID) raw {
	if back.RawQuery != "" {
		back.RawQuery += "&"
	}
	back.RawQuery += add.Encode()
	return raw{status: http.StatusFound, location: back.String(), cookie: phoneCookie(c.personKey(p))}
}

// phoneCookie remembers whose phone a browser plays.
func phoneCookie(person string) *http.Cookie {
	return &http.Cookie{Name: personParameter, Value: person, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode} //nolint:gosec // it names an invented person and must work over http
}

// again is the address of this page with one parameter more.
func (c *call) again(name, value string) string {
	query := maps.Clone(c.query)
	query.Set(name, value)
	return c.r.URL.Path + "?" + query.Encode()
}

type choice struct{ Name, URL string }

// mostChoices keeps the page that asks for a person short.
const mostChoices = 60

func (c *call) askPerson() (any, error) {
	var people []choice
	for i := range c.people {
		if p := &c.people[i]; p.key != "" && len(people) < mostChoices {
			people = append(people, choice{p.name, c.again(personParameter, p.key)})
		}
	}
	for i := range c.people { // a world without named people
		if len(people) >= 12 {
			break
		}
		if c.people[i].key == "" {
			people = append(people, choice{c.people[i].name, c.again(personParameter, c.personKey(personID(i)))})
		}
	}
	return page("person.html", http.StatusOK, people)
}

func (c *call) askConsent(a *account, p personID) (any, error) {
	return page("consent.html", http.StatusOK, map[string]string{
		"Account": a.name, "Person": c.people[p].name,
		"Allow": c.again(consentParameter, "allow"), "Deny": c.again(consentParameter, "deny"),
	})
}

func authorizeError(text string, code int) (any, error) {
	return page("error.html", http.StatusOK, map[string]any{"Text": text, "Code": code})
}

func page(name string, status int, data any) (any, error) {
	var buf bytes.Buffer
	if err := pages.ExecuteTemplate(&buf, name, data); err != nil {
		return nil, err
	}
	return raw{status: status, contentType: "text/html; charset=utf-8", body: buf.Bytes()}, nil
}
