package simulator

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// savedAccount is an account as plain data.
type savedAccount struct {
	Key           string          `json:"key"`
	Name          string          `json:"name"`
	WechatID      string          `json:"wechat_id"`
	AppID         string          `json:"appid"`
	Secret        string          `json:"secret"`
	Mark          string          `json:"mark"`
	Original      string          `json:"original"`
	Kind          kind            `json:"kind"`
	Subject       subject         `json:"subject"`
	VerifiedUntil time.Time       `json:"verified_until"`
	Group         string          `json:"group,omitempty"`
	AllowList     []string        `json:"allow_list,omitempty"`
	OAuthDomain   string          `json:"oauth_domain,omitempty"`
	LinkedApps    []string        `json:"linked_apps,omitempty"`
	Restricted    bool            `json:"restricted,omitempty"`
	Seized        map[string]bool `json:"seized,omitempty"`
	Callback      callback        `json:"callback"`

	Pending   []savedPush          `json:"pending,omitempty"` // queued or under way
	History   []attemptRecord      `json:"history,omitempty"`
	Relations savedRelations       `json:"relations"`
	Windows   []savedWindows       `json:"windows,omitempty"`
	Single    []savedEntry         `json:"single,omitempty"`
	Many      []savedEntry         `json:"many,omitempty"`
	Tokens    savedAccountTokens   `json:"tokens"`
	Menus     []savedMenu          `json:"menus,omitempty"` // those anybody still sees
	Menu      int64                `json:"menu,omitempty"`  // the current one
	Pulled    []savedPulled        `json:"pulled,omitempty"`
	Used      map[string]savedUsed `json:"used,omitempty"`
	Cleared   [2]int               `json:"cleared"` // month, count
	Ticket    savedTicket          `json:"ticket"`
	Library   map[string]string    `json:"library,omitempty"` // pictures by media_id
	Order     []string             `json:"order,omitempty"`   // permanent pictures
	Drafts    []savedDraft         `json:"drafts,omitempty"`
	Mass      savedMass            `json:"mass"`
	Templates savedTemplates       `json:"templates"`
	Notices   []notice             `json:"notices,omitempty"`

	all          []relation // becomes Relations when it is written
	single, many []*entry   // become Single and Many
}

// savedRelations are columns: one line a relation would be five times as long.
// Openids follow from the seed.
type savedRelations struct {
	Person   []personID       `json:"person"`
	Since    []int64          `json:"since"`
	Scene    []byte           `json:"scene"`
	Standing []byte           `json:"standing"`
	Arrived  map[relID]string `json:"arrived,omitempty"`
	Consents []relID          `json:"consents,omitempty"`
}

type savedWindows struct {
	Of    relID          `json:"of"`
	Left  [actions]int   `json:"left"`
	Until [actions]int64 `json:"until"`
}

type savedEntry struct {
	entry
	Receiver  relID     `json:"to,omitempty"`
	Receivers receivers `json:"set,omitempty"`
}

type savedPush struct {
	ID     int64  `json:"id"`
	From   relID  `json:"from"`
	OpenID string `json:"openid"`
	Body   []byte `json:"body"`
	What   string `json:"what"`
	Tries  int    `json:"tries,omitempty"`
	Again  bool   `json:"again,omitempty"`
}

type savedAccountTokens struct {
	Plain       string    `json:"plain,omitempty"`
	Stable      string    `json:"stable,omitempty"`
	Forced      time.Time `json:"forced"`
	ForcedDay   int       `json:"forced_day,omitempty"`
	ForcedCount int       `json:"forced_count,omitempty"`
}

type savedMenu struct {
	ID      int64    `json:"id"`
	Buttons []button `json:"buttons"`
}

type savedPulled struct {
	Person personID  `json:"person"`
	Menu   int64     `json:"menu,omitempty"`
	At     time.Time `json:"at"`
}

type savedUsed struct {
	Day         int   `json:"day"`
	DayCount    int   `json:"day_count"`
	Minute      int64 `json:"minute"`
	MinuteCount int64 `json:"minute_count"`
}

type savedTicket struct {
	Text string    `json:"text,omitempty"`
	Ends time.Time `json:"ends"`
}

type savedDraft struct {
	MediaID  string         `json:"media_id"`
	Articles []savedArticle `json:"articles"`
	Pages    []string       `json:"pages"`
	Updated  time.Time      `json:"updated"`
}

type savedMass struct {
	Jobs     []savedJob    `json:"jobs,omitempty"`
	Speed    *int          `json:"speed,omitempty"`
	Month    int           `json:"month,omitempty"`
	Received []byte        `json:"received,omitempty"`
	LastDay  int           `json:"last_day,omitempty"`
	AllDay   int           `json:"all_day,omitempty"`
	AllMonth int           `json:"all_month,omitempty"`
	AllCount int           `json:"all_count,omitempty"`
	Verdicts []massVerdict `json:"verdicts,omitempty"`
}

type savedJob struct {
	ID       int64     `json:"id"`
	DataID   int64     `json:"data_id"`
	ClientID string    `json:"client_id,omitempty"`
	Key      string    `json:"key"`
	MediaID  string    `json:"media_id,omitempty"`
	Base     string    `json:"base"`
	Accepted time.Time `json:"accepted"`
	Ended    time.Time `json:"ended"`
	ToAll    bool      `json:"to_all,omitempty"`
	Content  *content  `json:"content"`
	Pages    []string  `json:"pages,omitempty"`
	Status   string    `json:"status"`
	Finish   string    `json:"finish,omitempty"`
	Waiting  bool      `json:"waiting,omitempty"`
	Audience receivers `json:"audience,omitempty"`
	Chosen   receivers `json:"chosen,omitempty"`
	Total    int       `json:"total"`
	Filtered int       `json:"filtered"`
	Sent     int       `json:"sent"`
	Errors   int       `json:"errors"`
}

type savedTemplates struct {
	List   []templateSpec               `json:"list,omitempty"`
	Recent map[string]savedTemplateSent `json:"recent,omitempty"`
	Equal  map[string][]int64           `json:"equal,omitempty"`
}

type savedTemplateSent struct {
	MsgID int64     `json:"msg_id"`
	Time  time.Time `json:"time"`
}

func (s *Simulator) captureAccount(a *account) *savedAccount {
	out := &savedAccount{
		Key: a.key, Name: a.name, WechatID: a.wechatID, AppID: a.appID, Secret: a.secret, Mark: a.mark, Original: a.original,
		Kind: a.kind, Subject: a.subject, VerifiedUntil: utc(a.verifiedUntil), Group: a.group, AllowList: a.allowList,
		OAuthDomain: a.oauthDomain, LinkedApps: a.linkedApps, Restricted: a.restricted, Seized: maps.Clone(a.seized), Callback: a.callback,
		History: slices.Clone(a.outbox.history), all: slices.Clone(a.followers.all), single: a.inbox.single, many: a.inbox.mass,
		Tokens:  savedAccountTokens{a.tokens.plain, a.tokens.stable, utc(a.tokens.forced), a.tokens.forcedDay, a.tokens.forcedCount},
		Cleared: [2]int{a.cleared.month, a.cleared.count}, Ticket: savedTicket{a.ticket.text, utc(a.ticket.ends)},
		Notices: a.notices, Used: map[string]savedUsed{}, Library: map[string]string{},
	}
	out.Relations.Arrived = maps.Clone(a.followers.arrived)
	for id := range a.consents {
		out.Relations.Consents = append(out.Relations.Consents, id)
	}
	for _, p := range slices.Concat(a.outbox.queue, a.outbox.underway) {
		out.Pending = append(out.Pending, p.saved())
	}
	out.Windows = make([]savedWindows, 0, len(a.windows))
	for id, w := range a.windows {
		saved := savedWindows{Of: id}
		for act := range w {
			saved.Left[act], saved.Until[act] = w[act].left, w[act].until
		}
		out.Windows = append(out.Windows, saved)
	}
	for row, u := range a.used {
		out.Used[row] = savedUsed{u.day, u.dayCount, u.minute, u.minuteCount}
	}
	for mediaID, p := range a.materials.byMediaID {
		out.Library[mediaID] = p.id
	}
	for _, p := range a.materials.order {
		out.Order = append(out.Order, p.id)
	}
	for _, d := range a.drafts.order {
		out.Drafts = append(out.Drafts, d.saved())
	}
	out.captureMenus(&a.menu)
	out.Mass = a.mass.saved()
	out.Templates = a.templates.saved()
	return out
}

func (p *push) saved() savedPush {
	return savedPush{p.id, p.from, p.openid, p.body, p.what, p.tries, p.again}
}

func (d *draft) saved() savedDraft {
	out := savedDraft{MediaID: d.mediaID, Updated: utc(d.updated), Pages: pageIDs(d.pages)}
	for i := range d.articles {
		out.Articles = append(out.Articles, saveArticle(&d.articles[i]))
	}
	return out
}

func pageIDs(pages []*articlePage) []string {
	var out []string
	for _, p := range pages {
		out = append(out, p.id)
	}
	return out
}

func (a *savedAccount) captureMenus(m *menuState) {
	seen := map[int64]bool{}
	see := func(one *menu) int64 {
		if one == nil {
			return 0
		}
		if !seen[one.id] {
			seen[one.id] = true
			a.Menus = append(a.Menus, savedMenu{one.id, one.buttons})
		}
		return one.id
	}
	a.Menu = see(m.current)
	for p, seen := range m.pulled {
		a.Pulled = append(a.Pulled, savedPulled{p, see(seen.menu), utc(seen.at)})
	}
}

func (m *massState) saved() savedMass {
	out := savedMass{
		Speed: m.speed, Month: m.month, Received: slices.Clone(m.received), LastDay: m.lastDay,
		AllDay: m.allDay, AllMonth: m.allMonth, AllCount: m.allCount, Verdicts: slices.Clone(m.verdicts),
	}
	for _, j := range m.order {
		out.Jobs = append(out.Jobs, savedJob{
			ID: j.id, DataID: j.dataID, ClientID: j.clientID, Key: j.key, MediaID: j.mediaID, Base: j.base,
			Accepted: utc(j.accepted), Ended: utc(j.ended), ToAll: j.toAll, Content: j.content, Pages: pageIDs(j.pages),
			Status: j.status, Finish: j.finish, Waiting: j.waiting, Audience: j.audience, Chosen: slices.Clone(j.chosen),
			Total: j.total, Filtered: j.filtered, Sent: j.sent, Errors: j.errors,
		})
	}
	return out
}

func (t *templates) saved() savedTemplates {
	out := savedTemplates{List: t.copies(), Recent: map[string]savedTemplateSent{}, Equal: map[string][]int64{}}
	for key, sent := range t.recent {
		out.Recent[key] = savedTemplateSent{sent.msgID, utc(sent.time)}
	}
	for key, times := range t.equal {
		out.Equal[key] = slices.Clone(times)
	}
	return out
}

// complete finishes what captureAccount left for the time after the lock.
func (a *savedAccount) complete() {
	r := &a.Relations
	r.Person, r.Since = make([]personID, len(a.all)), make([]int64, len(a.all))
	r.Scene, r.Standing = make([]byte, len(a.all)), make([]byte, len(a.all))
	for i := range a.all {
		rel := &a.all[i]
		r.Person[i], r.Since[i], r.Scene[i], r.Standing[i] = rel.person, rel.since, byte(rel.scene), byte(rel.standing)
	}
	slices.Sort(r.Consents)
	for _, e := range a.single {
		a.Single = append(a.Single, savedEntry{entry: *e, Receiver: e.receiver})
	}
	for _, e := range a.many {
		a.Many = append(a.Many, savedEntry{entry: *e, Receivers: e.receivers})
	}
	slices.SortFunc(a.Pending, func(x, y savedPush) int { return cmp.Compare(x.ID, y.ID) })
	slices.SortFunc(a.Windows, func(x, y savedWindows) int { return cmp.Compare(x.Of, y.Of) })
	slices.SortFunc(a.Menus, func(x, y savedMenu) int { return cmp.Compare(x.ID, y.ID) })
	slices.SortFunc(a.Pulled, func(x, y savedPulled) int { return cmp.Compare(x.Person, y.Person) })
}
