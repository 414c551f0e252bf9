package simulator

import "errors"

// What people do with their phones. Each act shows on the phone, opens the
// windows it opens, and is pushed to the account. A person who does not
// follow sees no chat: writing and tapping are refused.

var (
	errNotFollowing = errors.New("this person does not follow the account")
	errFollows      = errors.New("this person follows the account already")
)

// follow makes a person a follower; arrival is the scene of the code that
// brought them, with its ticket, or nil.
func (s *Simulator) follow(a *account, p personID, how scene, arrival *qrCode) error {
	id := s.relate(a, p)
	now := s.clock.now()
	if !a.followers.setFollowing(id, true, now, how) {
		return errFollows
	}
	a.touch(id, actFollow, now)
	s.receive(a, id, entry{Kind: kindFollow, FromPerson: true})
	if arrival == nil {
		s.pushEvent(a, id, "subscribe", cdata("EventKey", ""))
		return nil
	}
	a.followers.arrived[id] = arrival.scene
	a.touch(id, actScan, now)
	s.pushEvent(a, id, "subscribe", cdata("EventKey", "qrscene_"+arrival.scene), cdata("Ticket", arrival.ticket))
	return nil
}

// unfollow closes all windows; the openid stays known.
func (s *Simulator) unfollow(a *account, p personID) error {
	id, found := a.followers.of(p)
	if !found || !a.followers.setFollowing(id, false, s.clock.now(), 0) {
		return errNotFollowing
	}
	a.closeWindows(id)
	s.receive(a, id, entry{Kind: kindLeave, FromPerson: true})
	s.pushEvent(a, id, "unsubscribe", cdata("EventKey", ""))
	return nil
}

// scan is a person holding the phone over a code of the account: a follower
// sends SCAN, anybody else becomes a follower.
func (s *Simulator) scan(p personID, code *qrCode) error {
	a := code.account
	id := s.relate(a, p)
	if !a.followers.at(id).is(following) {
		return s.follow(a, p, sceneQRCode, code)
	}
	a.touch(id, actScan, s.clock.now())
	s.receive(a, id, entry{Kind: kindScan, FromPerson: true, Content: &content{Type: "text", Text: code.scene}})
	s.pushEvent(a, id, "SCAN", cdata("EventKey", code.scene), cdata("Ticket", code.ticket))
	return nil
}

// write sends a text. menuOption is set when it came from a tap on an option
// of a menu message, which counts as a tap and not as a message.
func (s *Simulator) write(a *account, p personID, text, menuOption string) error {
	id, err := a.followerOf(p)
	if err != nil {
		return err
	}
	fields := []field{cdata("Content", text)}
	act := actMessage
	if menuOption != "" {
		act = actTap
		fields = append(fields, cdata("bizmsgmenuid", menuOption))
	}
	a.touch(id, act, s.clock.now())
	s.receive(a, id, entry{Kind: kindText, FromPerson: true, Content: &content{Type: "text", Text: text}})
	if !a.followers.at(id).is(blacklisted) { // the account does not hear them
		s.pushMessage(a, id, "text", fields...)
	}
	return nil
}

func (a *account) followerOf(p personID) (relID, error) {
	id, found := a.followers.of(p)
	if !found || !a.followers.at(id).is(following) {
		return 0, errNotFollowing
	}
	return id, nil
}
