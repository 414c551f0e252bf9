package simulator

import (
	"net/http"
	"time"
)

func openAPIEndpoints() []endpoint {
	return []endpoint{
		{method: http.MethodPost, path: "/cgi-bin/openapi/quota/get", group: "basic", handle: (*call).quotaGet},
		{method: http.MethodPost, path: "/cgi-bin/openapi/quota/clear", group: "basic", handle: (*call).quotaClear},
		{method: http.MethodPost, path: "/cgi-bin/clear_quota", group: "basic", handle: (*call).clearQuota},
		{method: http.MethodPost, path: "/cgi-bin/clear_quota/v2", open: true, handle: (*call).clearQuotaBySecret},
		{method: http.MethodPost, path: "/cgi-bin/openapi/rid/get", group: "basic", handle: (*call).ridGet},
		{method: http.MethodGet, path: "/cgi-bin/getcallbackip", group: "basic", handle: (*call).platformAddresses},
		{method: http.MethodGet, path: "/cgi-bin/get_api_domain_ip", group: "basic", handle: (*call).platformAddresses},
		{method: http.MethodGet, path: "/cgi-bin/ticket/getticket", group: "basic", handle: (*call).pageTicket},
	}
}

// clearingsPerMonth of one account, whichever way it clears.
const clearingsPerMonth = 10

// clearings are an account's quota clearings of one Beijing month.
type clearings struct{ month, count int }

func (c *call) spendClearing(a *account) error {
	if now := month(c.now); a.cleared.month != now {
		a.cleared = clearings{month: now}
	}
	if a.cleared.count >= clearingsPerMonth {
		return refuse(48006)
	}
	a.cleared.count++
	return nil
}

// rowOfPath is the quota row behind the cgi_path of a request body.
func (c *call) rowOfPath() (string, error) {
	var in struct {
		CGIPath string `json:"cgi_path"`
	}
	if err := c.decode(&in); err != nil {
		return "", err
	}
	e, found := c.endpoints[in.CGIPath]
	if !found {
		return "", refuse(76003)
	}
	return e.row(), nil
}

// row is the quota row of an endpoint; open ones spend theirs by themselves.
func (e endpoint) row() string {
	switch e.path {
	case "/cgi-bin/token":
		return "token"
	case "/cgi-bin/stable_token":
		return "stable_token"
	case "/sns/oauth2/access_token":
		return "sns/access_token"
	}
	return e.quota
}

func (c *call) quotaGet() (any, error) {
	row, err := c.rowOfPath()
	if err != nil {
		return nil, err
	}
	most := limits[row]
	var spent int
	if u := c.a.used[row]; u != nil && u.day == day(c.now) {
		spent = u.dayCount
	}
	reply := map[string]any{
		"errcode": 0, "errmsg": "ok",
		"quota":      map[string]int{"daily_limit": most.day, "used": spent, "remain": max(most.day-spent, 0)},
		"rate_limit": map[string]int{},
	}
	if most.minute > 0 {
		reply["rate_limit"] = map[string]int{"call_count": most.minute, "refresh_second": 60}
	}
	return reply, nil
}

func (c *call) quotaClear() (any, error) {
	row, err := c.rowOfPath()
	if err != nil {
		return nil, err
	}
	if err := c.spendClearing(c.a); err != nil {
		return nil, err
	}
	delete(c.a.used, row)
	return ok, nil
}

func (c *call) clearQuota() (any, error) {
	var in struct {
		AppID string `json:"appid"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if in.AppID != c.a.appID {
		return nil, refuse(40013)
	}
	return c.clearAll(c.a)
}

// clearQuotaBySecret needs no token: it works when the token quota is gone.
func (c *call) clearQuotaBySecret() (any, error) {
	var in struct {
		AppID     string `json:"appid"`
		AppSecret string `json:"appsecret"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	a, err := c.tokenCaller("client_credential", in.AppID, in.AppSecret)
	if err != nil {
		return nil, err
	}
	return c.clearAll(a)
}

func (c *call) clearAll(a *account) (any, error) {
	if err := c.spendClearing(a); err != nil {
		return nil, err
	}
	clear(a.used)
	return ok, nil
}

// failedCall is what rid/get tells about a refused call.
type failedCall struct {
	owner    *account
	at       time.Time
	url      string
	body     string
	response string
	ip       string
}

// Refused calls are kept for rid/get: the latest of them, for a week.
const (
	mostFailedCalls = 10_000
	failedCallLife  = 7 * 24 * time.Hour
	longestKeptBody = 4096
	failedCallsCut  = mostFailedCalls / 10 // dropped at once when full
)

// keepFailed remembers a refused call under its rid.
func (s *Simulator) keepFailed(c *call, caller *account, out output) {
	if caller == nil || out.rid == "" {
		return
	}
	if len(s.failedOrder) >= mostFailedCalls {
		for _, old := range s.failedOrder[:failedCallsCut] {
			delete(s.failed, old)
		}
		s.failedOrder = append([]string(nil), s.failedOrder[failedCallsCut:]...)
	}
	body := c.body[:min(len(c.body), longestKeptBody)]
	s.failedOrder = append(s.failedOrder, out.rid)
	s.failed[out.rid] = failedCall{caller, c.now, c.r.URL.Path, string(body), string(out.body), remoteIP(c.r)}
}

func (c *call) ridGet() (any, error) {
	var in struct {
		RID string `json:"rid"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	f, found := c.failed[in.RID]
	switch {
	case !found:
		return nil, refuse(76001)
	case !within(c.now, f.at, failedCallLife):
		return nil, refuse(76002)
	case f.owner != c.a:
		return nil, refuse(76004)
	}
	return map[string]any{"errcode": 0, "errmsg": "ok", "request": map[string]any{
		"invoke_time": f.at.Unix(), "cost_in_ms": 1, "request_url": f.url,
		"request_body": f.body, "response_body": f.response, "client_ip": f.ip,
	}}, nil
}

// platformAddresses: calls and callbacks all come from this machine.
func (c *call) platformAddresses() (any, error) {
	return map[string]any{"ip_list": []string{"127.0.0.1"}}, nil
}

// jsTicket is the ticket of the JS-SDK, the same until it ends.
type jsTicket struct {
	text string
	ends time.Time
}

func (c *call) pageTicket() (any, error) {
	if kind := c.query.Get("type"); kind != "jsapi" && kind != "wx_card" {
		return nil, refuse(40097)
	}
	t := &c.a.ticket
	if !c.now.Before(t.ends) {
		t.text, t.ends = c.randomText(86), c.now.Add(c.set.TokenLife)
	}
	return map[string]any{"errcode": 0, "errmsg": "ok", "ticket": t.text, "expires_in": int(t.ends.Sub(c.now).Seconds())}, nil
}
