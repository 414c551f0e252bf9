package simulator

import (
	"errors"
	"fmt"
	"net/http"
)

func (s *Simulator) actRoutes() []route {
	return []route{
		s.locked("POST /_sim/people/{person}/follow", s.doAct(s.followAct)),
		s.locked("POST /_sim/people/{person}/unfollow", s.doAct(s.unfollowAct)),
		s.locked("POST /_sim/people/{person}/scan", s.doAct(s.scanAct)),
		s.locked("POST /_sim/people/{person}/tap", s.doAct(s.tapAct)),
		s.locked("POST /_sim/people/{person}/write", s.doAct(s.writeAct)),
		s.locked("POST /_sim/people/{person}/refuse", s.doAct(s.refuseAct)),
		s.locked("POST /_sim/people/{person}/blacklist", s.doAct(s.blacklistAct)),
		s.locked("POST /_sim/accounts/{account}/crowd", s.crowdAct),
	}
}

// act is the body of every act; each uses the fields it needs.
type act struct {
	Account string `json:"account"`
	Ticket  string `json:"ticket"` // scan: ticket or address of a code
	Scene   string `json:"scene"`  // scan: of a permanent code of the account
	Button  string `json:"button"` // tap: "0" or "1.2"
	Scanned string `json:"scanned"`
	Text    string `json:"text"`   // write
	Option  string `json:"option"` // write: id of the tapped option of a menu message
	On      *bool  `json:"on"`     // refuse, blacklist; absent: true
}

func (in act) on() bool { return in.On == nil || *in.On }

// doAct reads person and act and answers what the act gave back.
func (s *Simulator) doAct(do func(personID, act) (any, error)) func(*http.Request) (any, error) {
	return func(r *http.Request) (any, error) {
		p, err := s.personNamed(r.PathValue("person"))
		if err != nil {
			return nil, err
		}
		var in act
		if err := read(r, &in); err != nil {
			return nil, err
		}
		out, err := do(p, in)
		if errors.Is(err, errNotFollowing) || errors.Is(err, errFollows) {
			return nil, &controlError{http.StatusConflict, err.Error()}
		}
		if out == nil {
			out = map[string]bool{"done": true}
		}
		return out, err
	}
}

func (s *Simulator) followAct(p personID, in act) (any, error) {
	a, err := s.accountNamed(in.Account)
	if err != nil {
		return nil, err
	}
	return nil, s.follow(a, p, sceneSearch, nil)
}

func (s *Simulator) unfollowAct(p personID, in act) (any, error) {
	a, err := s.accountNamed(in.Account)
	if err != nil {
		return nil, err
	}
	return nil, s.unfollow(a, p)
}

func (s *Simulator) scanAct(p personID, in act) (any, error) {
	if in.Ticket != "" {
		code, err := s.codeByTicket(in.Ticket)
		if err != nil {
			return nil, err
		}
		return nil, s.scan(p, code)
	}
	a, err := s.accountNamed(in.Account)
	if err != nil {
		return nil, err
	}
	code := a.codes[in.Scene]
	if code == nil {
		return nil, errors.New("scan needs the ticket of a code, or account and scene of a permanent one that the account has made")
	}
	return nil, s.scan(p, code)
}

func (s *Simulator) tapAct(p personID, in act) (any, error) {
	a, err := s.accountNamed(in.Account)
	if err != nil {
		return nil, err
	}
	return s.tap(a, p, in.Button, in.Scanned)
}

func (s *Simulator) writeAct(p personID, in act) (any, error) {
	a, err := s.accountNamed(in.Account)
	if err != nil {
		return nil, err
	}
	if in.Text == "" {
		return nil, errors.New("write needs a text")
	}
	return nil, s.write(a, p, in.Text, in.Option)
}

func (s *Simulator) refuseAct(p personID, in act) (any, error) {
	a, err := s.accountNamed(in.Account)
	if err != nil {
		return nil, err
	}
	id, err := a.followerOf(p)
	if err != nil {
		return nil, err
	}
	a.followers.setMark(id, refuses, in.on())
	return nil, nil
}

func (s *Simulator) blacklistAct(p personID, in act) (any, error) {
	a, err := s.accountNamed(in.Account)
	if err != nil {
		return nil, err
	}
	a.followers.setMark(s.relate(a, p), blacklisted, in.on())
	return nil, nil
}

// crowdAct lets many people do the same at once: the first followers in the
// order of user/get, or for follow people who do not follow yet.
func (s *Simulator) crowdAct(r *http.Request) (any, error) {
	a, err := s.accountNamed(r.PathValue("account"))
	if err != nil {
		return nil, err
	}
	var in struct {
		Do    string `json:"do"`
		Count int    `json:"count"`
		act
	}
	if err := read(r, &in); err != nil {
		return nil, err
	}
	in.Account = a.key
	do := map[string]func(personID, act) (any, error){
		"follow": s.followAct, "unfollow": s.unfollowAct, "write": s.writeAct, "tap": s.tapAct,
	}[in.Do]
	if do == nil {
		return nil, errors.New("do must be follow, unfollow, write or tap")
	}
	if in.Count < 1 {
		return nil, errors.New("count must be at least 1")
	}
	crowd := s.crowd(a, in.Do != "follow", in.Count)
	if len(crowd) < in.Count {
		return nil, fmt.Errorf("only %d people can do that", len(crowd))
	}
	for _, p := range crowd {
		if _, err := do(p, in.act); err != nil {
			return nil, err
		}
	}
	return map[string]int{"done": len(crowd)}, nil
}

// crowd picks followers, or people who are none.
func (s *Simulator) crowd(a *account, follow bool, n int) []personID {
	var out []personID
	if follow {
		for _, id := range a.followers.ordered() {
			if r := a.followers.at(id); r.is(following) && len(out) < n {
				out = append(out, r.person)
			}
		}
		return out
	}
	for i := range s.people {
		p := personID(i)
		if _, err := a.followerOf(p); err != nil && len(out) < n {
			out = append(out, p)
		}
	}
	return out
}
