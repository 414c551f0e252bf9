package simulator

import (
	"errors"
	"net/http"
	"strings"
	"time"
)

func (s *Simulator) peopleRoutes() []route {
	return []route{
		s.viewing("GET /_sim/people", s.listPeople),
		s.locked("POST /_sim/people", s.newPerson),
		s.viewing("GET /_sim/people/{person}", s.showPerson),
		free("GET /_sim/people/{person}/chats", s.showChats),
		s.locked("GET /_sim/people/{person}/chats/{account}", s.showChat),
		s.locked("GET /_sim/people/{person}/menu/{account}", s.showPhoneMenu),
		s.viewing("GET /_sim/open", s.openLink),
	}
}

type personView struct {
	Key   string `json:"key"`
	Name  string `json:"name"`
	Named bool   `json:"named"` // named in the scenario, not generated
}

func (s *Simulator) viewPerson(p personID) personView {
	return personView{s.personKey(p), s.people[p].name, s.people[p].key != ""}
}

const (
	usualPage   = 50
	largestPage = 1000
)

// listPeople pages through everybody, the named ones of the scenario first.
// q searches names and keys; account keeps its followers.
func (s *Simulator) listPeople(r *http.Request) (any, error) {
	query := r.URL.Query()
	var of *account
	if key := query.Get("account"); key != "" {
		a, err := s.accountNamed(key)
		if err != nil {
			return nil, err
		}
		of = a
	}
	start, err := number64(r, "after")
	if err != nil {
		return nil, err
	}
	limit, err := number64(r, "limit")
	if err != nil || limit > largestPage {
		return nil, errors.New("limit must be a number up to 1000")
	}
	if limit == 0 {
		limit = usualPage
	}
	search := query.Get("q")
	list := []personView{}
	for i := start; i < int64(len(s.people)); i++ {
		p := personID(i) //nolint:gosec // fewer than 2^31 people
		if search != "" && !strings.Contains(s.people[p].name, search) && !strings.Contains(s.personKey(p), search) {
			continue
		}
		if of != nil {
			if _, err := of.followerOf(p); err != nil {
				continue
			}
		}
		if int64(len(list)) == limit {
			return map[string]any{"people": list, "total": len(s.people), "next": i}, nil
		}
		list = append(list, s.viewPerson(p))
	}
	return map[string]any{"people": list, "total": len(s.people)}, nil
}

func (s *Simulator) newPerson(r *http.Request) (any, error) {
	var in struct {
		Key  string `json:"key"`
		Name string `json:"name"`
	}
	if err := read(r, &in); err != nil {
		return nil, err
	}
	if in.Name == "" || (in.Key != "" && !keyShape.MatchString(in.Key)) {
		return nil, errors.New("a person needs a name; a key, if any, holds letters, digits and hyphens")
	}
	if _, taken := s.personByKey(in.Key); taken {
		return nil, errors.New("somebody has this key")
	}
	return s.viewPerson(s.addPerson(in.Key, in.Name)), nil
}

// tie is a person's standing with one account.
type tie struct {
	Account     string `json:"account"`
	AccountName string `json:"account_name"`
	OpenID      string `json:"openid"`
	UnionID     string `json:"unionid,omitempty"`
	Following   bool   `json:"following"`
	Refuses     bool   `json:"refuses"`
	Blacklisted bool   `json:"blacklisted"`
	Since       int64  `json:"since,omitempty"` // unix second of the latest follow
}

func (s *Simulator) tieOf(a *account, id relID) tie {
	r := a.followers.at(id)
	return tie{
		Account: a.key, AccountName: a.name, OpenID: r.openid.String(), UnionID: s.unionID(a, r.person),
		Following: r.is(following), Refuses: r.is(refuses), Blacklisted: r.is(blacklisted), Since: r.since,
	}
}

func (s *Simulator) showPerson(r *http.Request) (any, error) {
	p, err := s.personNamed(r.PathValue("person"))
	if err != nil {
		return nil, err
	}
	ties := []tie{}
	for _, a := range s.accounts {
		if id, found := a.followers.of(p); found {
			ties = append(ties, s.tieOf(a, id))
		}
	}
	return struct {
		personView
		Accounts []tie `json:"accounts"`
	}{s.viewPerson(p), ties}, nil
}

// chatView is one chat page: both directions, oldest first.
type chatView struct {
	tie
	Entries []*entry `json:"entries"`
}

const longestPoll = 60 * time.Second

// showChats gives all chats of a person with what is newer than after. With
// wait (seconds) it holds the answer until something is.
func (s *Simulator) showChats(r *http.Request) (any, error) {
	behind, err := number64(r, "after")
	if err != nil {
		return nil, err
	}
	seconds, err := number64(r, "wait")
	if err != nil {
		return nil, err
	}
	timer := time.NewTimer(min(time.Duration(seconds)*time.Second, longestPoll))
	defer timer.Stop()
	for {
		s.mu.Lock()
		p, err := s.personNamed(r.PathValue("person"))
		if err != nil {
			s.mu.Unlock()
			return nil, err
		}
		chats, fresh := s.chatsOf(p, behind)
		seq, changed := s.seq, s.changed
		s.mu.Unlock()
		answer := map[string]any{"seq": seq, "chats": chats}
		if fresh || seconds == 0 {
			return answer, nil
		}
		select {
		case <-changed:
		case <-timer.C:
			return answer, nil
		case <-r.Context().Done():
			return answer, nil
		case <-s.ctx.Done():
			return answer, nil
		}
	}
}

func (s *Simulator) chatsOf(p personID, behind int64) ([]chatView, bool) {
	chats, fresh := []chatView{}, false
	for _, a := range s.accounts {
		id, found := a.followers.of(p)
		if !found {
			continue
		}
		entries := a.chat(id, behind)
		fresh = fresh || len(entries) > 0
		chats = append(chats, chatView{s.tieOf(a, id), orEmpty(entries)})
	}
	return chats, fresh
}

// orEmpty makes an empty list [] and not null in JSON.
func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

func (s *Simulator) showChat(r *http.Request) (any, error) {
	p, a, err := s.pair(r.PathValue("person"), r.PathValue("account"))
	if err != nil {
		return nil, err
	}
	behind, err := number64(r, "after")
	if err != nil {
		return nil, err
	}
	id := s.relate(a, p)
	return chatView{s.tieOf(a, id), orEmpty(a.chat(id, behind))}, nil
}

// pair finds a person and an account.
func (s *Simulator) pair(who, key string) (personID, *account, error) {
	p, err := s.personNamed(who)
	if err != nil {
		return 0, nil, err
	}
	a, err := s.accountNamed(key)
	return p, a, err
}

// showPhoneMenu is the menu bar on a phone. Like a real phone it shows a copy
// of up to five minutes; fresh=1 pulls anew.
func (s *Simulator) showPhoneMenu(r *http.Request) (any, error) {
	p, a, err := s.pair(r.PathValue("person"), r.PathValue("account"))
	if err != nil {
		return nil, err
	}
	if _, err := a.followerOf(p); err != nil {
		return nil, &controlError{http.StatusConflict, err.Error()}
	}
	if r.URL.Query().Get("fresh") == "1" {
		delete(a.menu.pulled, p)
	}
	return a.menu.onPhone(p, s.clock.now(), s.set.MenuRefresh).view(), nil
}

// openLink signs a browser in as a person and sends it to a page, the way a
// tap on a link inside WeChat does.
func (s *Simulator) openLink(r *http.Request) (any, error) {
	p, err := s.personNamed(r.URL.Query().Get("person"))
	if err != nil {
		return nil, err
	}
	target := r.URL.Query().Get("url")
	if !strings.HasPrefix(target, "http://") && !strings.HasPrefix(target, "https://") && !isOwnPath(target) {
		return nil, errors.New("url must begin with http:// or https://")
	}
	return raw{status: http.StatusFound, location: target, cookie: phoneCookie(s.personKey(p))}, nil
}

// isOwnPath: pages of the simulator itself, such as articles.
func isOwnPath(target string) bool {
	return strings.HasPrefix(target, "/") && !strings.HasPrefix(target, "//") && !strings.HasPrefix(target, `/\`)
}
