package simulator

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
)

func massEndpoints() []endpoint {
	return []endpoint{
		{method: http.MethodPost, path: "/cgi-bin/message/mass/sendall", group: "mass", quota: "mass", sealed: true, handle: (*call).massSendAll},
		{method: http.MethodPost, path: "/cgi-bin/message/mass/send", group: "mass_openid", quota: "mass", sealed: true, handle: (*call).massSend},
		{method: http.MethodPost, path: "/cgi-bin/message/mass/preview", group: "mass", quota: "mass/preview", handle: (*call).massPreview},
		{method: http.MethodPost, path: "/cgi-bin/message/mass/get", group: "mass", handle: (*call).massStatus},
		{method: http.MethodPost, path: "/cgi-bin/message/mass/delete", group: "mass", quota: "mass/delete", handle: (*call).massDelete},
		{method: http.MethodPost, path: "/cgi-bin/message/mass/speed/get", group: "mass", handle: (*call).massSpeed},
		{method: http.MethodPost, path: "/cgi-bin/message/mass/speed/set", group: "mass", handle: (*call).setMassSpeed},
	}
}

// Limits of the mass-send pages (2026).
const (
	fewestOpenIDs   = 2
	mostOpenIDs     = 10000
	longestClientID = 64 // bytes
	massPerMonth    = 4  // service accounts: per person, and sends to all
)

// massSpeeds are the levels of speed/set, in people per minute.
var massSpeeds = [...]int{800_000, 600_000, 450_000, 300_000, 100_000}

// massState is what an account has sent to many.
type massState struct {
	jobs     map[int64]*massJob
	order    []*massJob // oldest first
	byClient map[string]*massJob
	speed    *int // level; nil: the one of the settings

	month    int     // Beijing month of received
	received []uint8 // per relation: mass messages this month, service accounts
	lastDay  int     // subscription: day of the latest accepted send
	allDay   int     // service: day of the latest send to all
	allMonth int
	allCount int // service: sends to all in allMonth

	verdicts []massVerdict // of the next jobs, set by the control interface
}

// massMessage is the part of a mass call that says what to send.
type massMessage struct {
	MsgType string `json:"msgtype"`
	MPNews  struct {
		MediaID string `json:"media_id"`
	} `json:"mpnews"`
	Text struct {
		Content string `json:"content"`
	} `json:"text"`
	Images struct {
		MediaIDs []string `json:"media_ids"`
	} `json:"images"`
	Image struct {
		MediaID string `json:"media_id"`
	} `json:"image"`
	SendIgnoreReprint int    `json:"send_ignore_reprint"`
	ClientMsgID       string `json:"clientmsgid"`
}

// massSendAll sends to every follower or to one tag.
func (c *call) massSendAll() (any, error) {
	var in struct {
		Filter struct {
			ToAll bool        `json:"is_to_all"`
			TagID json.Number `json:"tag_id"`
		} `json:"filter"`
		massMessage
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	scope := "all"
	if !in.Filter.ToAll {
		scope = "tag " + in.Filter.TagID.String()
	}
	if err := c.guardRepeat(in.massMessage, scope); err != nil {
		return nil, err
	}
	if !in.Filter.ToAll {
		return nil, refuse(45159) // tags are not built: none exists
	}
	job := &massJob{toAll: true}
	for i := range c.a.followers.all {
		if c.a.followers.all[i].is(following) {
			job.audience.add(relID(i))
			job.total++
		}
	}
	return c.acceptMass(job, in.massMessage, scope)
}

// massSend sends to a list of openids.
func (c *call) massSend() (any, error) {
	var in struct {
		ToUser json.RawMessage `json:"touser"`
		massMessage
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	var list []string
	if json.Unmarshal(in.ToUser, &list) != nil {
		return nil, refuse(40031)
	}
	scope := "list " + strings.Join(list, " ")
	if err := c.guardRepeat(in.massMessage, scope); err != nil {
		return nil, err
	}
	job, err := c.listAudience(list)
	if err != nil {
		return nil, err
	}
	return c.acceptMass(job, in.massMessage, scope)
}

// listAudience turns openids into relations. Somebody who left counts in the
// total and is filtered; a list without any openid of this account is 40003.
func (c *call) listAudience(list []string) (*massJob, error) {
	switch n := len(list); {
	case n == 0 || n > mostOpenIDs:
		return nil, refuse(40032)
	case n < fewestOpenIDs:
		return nil, refuse(40130)
	}
	job := &massJob{}
	strangers := 0
	seen := make(map[string]bool, len(list))
	for _, openid := range list {
		if seen[openid] {
			continue
		}
		seen[openid] = true
		job.total++
		id, found := c.a.followers.find(openid)
		if !found {
			strangers++
			continue
		}
		job.audience.add(id)
	}
	if strangers == job.total || strangers > 0 && c.set.MassRefuseForeign {
		return nil, refuse(40003)
	}
	return job, nil
}

// clientKey is what a repeat is recognised by: clientmsgid, else a digest of
// audience and content.
func (m massMessage) clientKey(scope string) string {
	if m.ClientMsgID != "" {
		return "id " + m.ClientMsgID
	}
	sum := sha256.Sum256([]byte(strings.Join([]string{
		scope, m.MsgType, m.MPNews.MediaID, m.Text.Content, m.Image.MediaID, strings.Join(m.Images.MediaIDs, " "),
	}, "\x00")))
	return "digest " + hex.EncodeToString(sum[:])
}

// guardRepeat refuses a send that was accepted before: 45066 while the first
// is younger than the retry window, then 45065 with its msg_id until the
// look-back ends. It comes before the look at list and media_id: the draft of
// the first is gone, and the repeat must be recognised all the same.
func (c *call) guardRepeat(m massMessage, scope string) error {
	if len(m.ClientMsgID) > longestClientID {
		return refuse(45067)
	}
	job := c.a.mass.byClient[m.clientKey(scope)]
	switch {
	case job == nil || !within(c.now, job.accepted, c.set.MassLookBack):
		return nil
	case within(c.now, job.accepted, c.set.MassRetryWindow):
		return refuse(45066)
	}
	refusal := refuse(45065)
	refusal.extra = map[string]any{"msg_id": job.id}
	return refusal
}

// acceptMass checks content and quota and submits the job. Errcode 0 means
// accepted, nothing more.
func (c *call) acceptMass(job *massJob, m massMessage, scope string) (any, error) {
	if err := c.takeContent(job, m); err != nil {
		return nil, err
	}
	if err := c.spendMass(job.toAll); err != nil {
		return nil, err
	}
	job.id, job.dataID = c.newID(), 2_247_000_000+c.newID()
	job.clientID, job.key, job.accepted, job.status = m.ClientMsgID, m.clientKey(scope), c.now, massSending
	job.mediaID = m.MPNews.MediaID
	state := &c.a.mass
	if state.jobs == nil {
		state.jobs, state.byClient = map[int64]*massJob{}, map[string]*massJob{}
	}
	state.jobs[job.id], state.byClient[job.key] = job, job
	state.order = append(state.order, job)
	if d := c.a.drafts.byMediaID[m.MPNews.MediaID]; d != nil && c.set.DraftsVanish {
		c.forgetDraft(c.a, d)
	}
	c.runMass(c.a, job)
	return struct {
		okReply
		MsgID     int64 `json:"msg_id"`
		MsgDataID int64 `json:"msg_data_id"`
	}{okReply{ErrMsg: "send job submission success"}, job.id, job.dataID}, nil
}

// takeContent resolves what the message shows; articles get their lasting
// pages here.
func (c *call) takeContent(job *massJob, m massMessage) error {
	shown, d, err := c.massContent(m)
	if err != nil {
		return err
	}
	if d != nil {
		for _, a := range d.articles {
			p := c.addPage(c.a, a, false)
			job.pages = append(job.pages, p)
			shown.Articles = append(shown.Articles, p.card(c.base()))
		}
	}
	job.content, job.base = shown, c.base()
	return nil
}

// massContent is the bubble of a mass message; for articles also their draft.
func (c *call) massContent(m massMessage) (*content, *draft, error) {
	switch m.MsgType {
	case "mpnews":
		d, found := c.a.drafts.byMediaID[m.MPNews.MediaID]
		if !found {
			return nil, nil, refuse(40007)
		}
		return &content{Type: "news", MediaID: d.mediaID}, d, nil
	case "text":
		if m.Text.Content == "" {
			return nil, nil, refuse(44004)
		}
		if len(m.Text.Content) > c.set.CustomTextBytes {
			return nil, nil, refuse(45002)
		}
		return &content{Type: "text", Text: m.Text.Content}, nil, nil
	case "image":
		id := m.Image.MediaID
		if len(m.Images.MediaIDs) > 0 {
			id = m.Images.MediaIDs[0]
		}
		p, found := c.a.materials.usable(id, c.now)
		if !found {
			return nil, nil, refuse(40007)
		}
		return &content{Type: "image", MediaID: id, ImageURL: c.base() + p.path()}, nil, nil
	case "voice", "mpvideo", "video", "wxcard":
		return nil, nil, refuse(40007) // such material cannot be made here
	}
	return nil, nil, refuse(40008)
}

// spendMass is the sending quota: one accepted send a day for subscription
// accounts; for service accounts one to all a day and four a month. What a
// service account may send to one person is filtered when the job starts.
func (c *call) spendMass(toAll bool) error {
	state := &c.a.mass
	today := day(c.now)
	if c.a.kind == subscriptionAccount {
		if state.lastDay == today {
			return refuse(45028)
		}
		state.lastDay = today
		return nil
	}
	if !toAll {
		return nil
	}
	if state.allMonth != month(c.now) {
		state.allMonth, state.allCount = month(c.now), 0
	}
	if state.allDay == today || state.allCount >= massPerMonth {
		return refuse(45028)
	}
	state.allDay = today
	state.allCount++
	return nil
}

// massPreview puts the message on one phone at once, outside the quota.
func (c *call) massPreview() (any, error) {
	var in struct {
		ToUser   string `json:"touser"`
		ToWxName string `json:"towxname"`
		massMessage
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	id, err := c.previewReader(in.ToUser, in.ToWxName)
	if err != nil {
		return nil, err
	}
	shown, d, err := c.massContent(in.massMessage)
	if err != nil {
		return nil, err
	}
	if d != nil {
		for _, p := range d.pages {
			shown.Articles = append(shown.Articles, p.card(c.base()))
		}
	}
	msgID := c.newID()
	c.receive(c.a, id, entry{Kind: kindPreview, Content: shown, MsgID: msgID, MediaID: shown.MediaID})
	return struct {
		okReply
		MsgID int64 `json:"msg_id"`
	}{okReply{ErrMsg: "preview success"}, msgID}, nil
}

// previewReader is who gets a preview; a WeChat id here is the key of a person.
func (c *call) previewReader(openid, wechatID string) (relID, error) {
	if wechatID != "" {
		p, found := c.personByKey(wechatID)
		if !found {
			return 0, refuse(40132)
		}
		id, follows := c.a.followers.of(p)
		if !follows || !c.a.followers.at(id).is(following) {
			return 0, refuse(43004)
		}
		return id, nil
	}
	id, found := c.a.followers.find(openid)
	if !found {
		return 0, refuse(40003)
	}
	if !c.a.followers.at(id).is(following) {
		return 0, refuse(43004)
	}
	return id, nil
}

// flexInt is a number that callers also write as a string.
type flexInt int64

func (n *flexInt) UnmarshalJSON(text []byte) error {
	v, err := strconv.ParseInt(strings.Trim(string(text), `"`), 10, 64)
	*n = flexInt(v)
	return err
}
