package simulator

import (
	"encoding/json"
	"errors"
	"net/http"
	"time"
)

func changeOpenIDEndpoints() []endpoint {
	return []endpoint{
		{method: http.MethodPost, path: "/cgi-bin/changeopenid", group: "migration", quota: "changeopenid", handle: (*call).changeOpenID},
	}
}

const mostChanged = 100

// moving is one account migration (账号迁移) of the platform that has passed
// its review: from that moment openids can be exchanged, for 15 days.
type moving struct {
	from, to *account
	opened   time.Time
	ends     time.Time
}

// openMoving declares a migration between two accounts. With moveFollowers the
// people who follow the old account follow the new one from now on; the
// platform sends no subscribe events for them unless the settings say so.
func (s *Simulator) openMoving(from, to *account, moveFollowers bool) (*moving, error) {
	switch {
	case from == to:
		return nil, errors.New("an account cannot migrate into itself")
	case from.subject == personal || to.subject == personal:
		return nil, errors.New("neither account may belong to a person")
	case from.kind != to.kind:
		return nil, errors.New("only accounts of one kind migrate into each other")
	case moveFollowers && to.followers.count > s.set.MovingMostFollowers:
		return nil, errors.New("the target has too many followers to take over those of another account")
	}
	now := s.clock.now()
	m := &moving{from: from, to: to, opened: now, ends: now.Add(s.set.ChangeOpenIDLife)}
	s.movings = append(s.movings, m)
	if moveFollowers {
		s.moveFollowers(m)
	}
	return m, nil
}

func (s *Simulator) moveFollowers(m *moving) {
	for i := range m.from.followers.all {
		old := &m.from.followers.all[i]
		if !old.is(following) {
			continue
		}
		id := s.relate(m.to, old.person)
		if m.to.followers.setFollowing(id, true, s.clock.now(), sceneMigration) && s.set.MovingSubscribeEvents {
			s.pushEvent(m.to, id, "subscribe", cdata("EventKey", ""))
		}
	}
}

// movingInto finds the open migration into the caller from the named account;
// the setting decides in which form the old account may be named.
func (c *call) movingInto(from string) *moving {
	for _, m := range c.movings {
		byAppID := m.from.appID == from && c.set.ChangeOpenIDForm != "original"
		byOriginal := m.from.original == from && c.set.ChangeOpenIDForm != "appid"
		if m.to == c.a && (byAppID || byOriginal) && c.now.Before(m.ends) {
			return m
		}
	}
	return nil
}

type changedOpenID struct {
	Old string `json:"ori_openid"`
	New string `json:"new_openid,omitempty"`
	Msg string `json:"err_msg"`
}

// changeOpenID gives the openids that people of the old account have at the
// new one. A text in place of the list is answered like one wrong openid.
func (c *call) changeOpenID() (any, error) {
	var in struct {
		FromAppID string          `json:"from_appid"`
		List      json.RawMessage `json:"openid_list"`
	}
	if json.Unmarshal(c.body, &in) != nil { // form encoding arrives here
		return nil, refuse(63182)
	}
	var list []string
	if json.Unmarshal(in.List, &list) != nil {
		var text string
		if json.Unmarshal(in.List, &text) == nil && text != "" {
			list = []string{text}
		}
	}
	if len(list) == 0 {
		return nil, refuse(63182)
	}
	m := c.movingInto(in.FromAppID)
	if m == nil {
		return nil, refuse(63178)
	}
	if len(list) > mostChanged {
		return nil, refuse(40032)
	}
	results := make([]changedOpenID, 0, len(list))
	for _, old := range list {
		id, found := m.from.followers.find(old)
		if !found || !m.from.followers.at(id).is(following) {
			results = append(results, changedOpenID{Old: old, Msg: "ori_openid error"})
			continue
		}
		fresh := c.relate(c.a, m.from.followers.at(id).person)
		results = append(results, changedOpenID{old, c.a.followers.at(fresh).openid.String(), "ok"})
	}
	return struct {
		okReply
		ResultList []changedOpenID `json:"result_list"`
	}{ok, results}, nil
}
