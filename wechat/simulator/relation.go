package simulator

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"math/bits"
	"sort"
	"strconv"
	"time"
)

// openID is the id of a person towards one account: 28 characters, the first
// an o. Kept as an array because there are millions of them.
type openID [28]byte

func (o openID) String() string { return string(o[:]) }

func parseOpenID(text string) (openID, bool) {
	var o openID
	if len(text) != len(o) {
		return o, false
	}
	copy(o[:], text)
	return o, true
}

// relID numbers the relations of one account from 0, in the order they began.
type relID int32

// standing of a person towards an account.
type standing uint8

const (
	following   standing = 1 << iota // is a follower now
	refuses                          // switched off messages in the account's settings
	blacklisted                      // put on the blacklist by the account
	known                            // authorised a web page, or followed at some time
)

// relation is what binds one person to one account. It stays when the person
// leaves: the openid never changes.
type relation struct {
	openid openID
	person personID
	since  int64 // unix second of the latest follow
	scene  scene
	standing
}

func (r *relation) is(s standing) bool { return r.standing&s != 0 }

// reachable says whether a mass message gets through to the person.
func (r *relation) reachable() bool {
	return r.is(following) && !r.is(refuses) && !r.is(blacklisted)
}

// scene is the way somebody became a follower.
type scene uint8

const (
	sceneSearch scene = iota
	sceneQRCode
	sceneCard
	sceneMigration
	sceneOthers
)

func (s scene) String() string {
	return [...]string{
		"ADD_SCENE_SEARCH", "ADD_SCENE_QR_CODE", "ADD_SCENE_PROFILE_CARD",
		"ADD_SCENE_ACCOUNT_MIGRATION", "ADD_SCENE_OTHERS",
	}[s]
}

// followers are all relations of one account.
type followers struct {
	all      []relation
	byOpenID map[openID]relID
	byPerson map[personID]relID
	byOrder  []relID // sorted by openid: the order of user/get
	sorted   bool
	count    int              // followers now
	arrived  map[relID]string // scene value of the code that brought them
}

// find is the relation behind an openid.
func (f *followers) find(openid string) (relID, bool) {
	o, ok := parseOpenID(openid)
	if !ok {
		return 0, false
	}
	id, ok := f.byOpenID[o]
	return id, ok
}

func (f *followers) of(p personID) (relID, bool) {
	id, ok := f.byPerson[p]
	return id, ok
}

func (f *followers) at(id relID) *relation { return &f.all[id] }

// ordered is the stable, not chronological order of the follower list.
func (f *followers) ordered() []relID {
	if !f.sorted {
		f.byOrder = f.byOrder[:0]
		for i := range f.all {
			f.byOrder = append(f.byOrder, relID(i))
		}
		sort.Slice(f.byOrder, func(i, j int) bool { return f.less(f.byOrder[i], f.byOrder[j]) })
		f.sorted = true
	}
	return f.byOrder
}

func (f *followers) less(i, j relID) bool {
	return string(f.all[i].openid[:]) < string(f.all[j].openid[:])
}

// after is the position in ordered behind an openid; empty means the start.
func (f *followers) after(openid string) int {
	order := f.ordered()
	return sort.Search(len(order), func(i int) bool { return string(f.all[order[i]].openid[:]) > openid })
}

// relate finds the relation of a person or begins one without following.
func (s *Simulator) relate(a *account, p personID) relID {
	f := &a.followers
	if id, ok := f.byPerson[p]; ok {
		return id
	}
	if f.byPerson == nil {
		f.byPerson, f.byOpenID, f.arrived = map[personID]relID{}, map[openID]relID{}, map[relID]string{}
	}
	id := relID(len(f.all)) //nolint:gosec // fewer than 2^31 relations
	o := s.openID(a, p)
	f.all = append(f.all, relation{openid: o, person: p, standing: known})
	f.byPerson[p], f.byOpenID[o] = id, id
	if f.sorted {
		at := sort.Search(len(f.byOrder), func(i int) bool { return f.less(id, f.byOrder[i]) })
		f.byOrder = append(f.byOrder, 0)
		copy(f.byOrder[at+1:], f.byOrder[at:])
		f.byOrder[at] = id
	}
	return id
}

// setFollowing changes the standing and keeps the count; false means that
// nothing changed.
func (f *followers) setFollowing(id relID, on bool, now time.Time, how scene) bool {
	r := f.at(id)
	if r.is(following) == on {
		return false
	}
	if on {
		r.standing |= following
		r.since, r.scene = now.Unix(), how
		f.count++
		return true
	}
	r.standing &^= following | refuses
	delete(f.arrived, id)
	f.count--
	return true
}

// openID derives the openid from the seed, so that it is the same in every run:
// o, five characters of the account, 22 of the person.
func (s *Simulator) openID(a *account, p personID) openID {
	var o openID
	o[0] = 'o'
	if a.mark == "" {
		a.mark = s.derive("account", a.appID)[:5]
	}
	copy(o[1:6], a.mark)
	copy(o[6:], s.derive("openid", a.appID, strconv.Itoa(int(p))))
	return o
}

// unionID is the id of a person towards all accounts bound to one
// open-platform account; empty when the account is bound to none.
func (s *Simulator) unionID(a *account, p personID) string {
	if a.group == "" {
		return ""
	}
	return "o6_" + s.derive("unionid", a.group, strconv.Itoa(int(p)))[:25]
}

// derive is 43 base64url characters that depend on the seed and the parts.
func (s *Simulator) derive(parts ...string) string {
	sum := s.digest(parts...)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// hexOf is up to 64 hex digits that depend on the seed and the parts.
func (s *Simulator) hexOf(n int, parts ...string) string {
	sum := s.digest(parts...)
	return hex.EncodeToString(sum[:])[:n]
}

func (s *Simulator) digest(parts ...string) [32]byte {
	buf := make([]byte, 0, 96)
	buf = strconv.AppendInt(buf, s.seed, 10)
	for _, part := range parts {
		buf = append(buf, 0)
		buf = append(buf, part...)
	}
	return sha256.Sum256(buf)
}

// receivers is a set of relations of one account, one bit each: a mass job to
// a million people costs 125 kB, not a million entries.
type receivers []uint64

func (r *receivers) add(id relID) {
	word := int(id) / 64
	for len(*r) <= word {
		*r = append(*r, 0)
	}
	(*r)[word] |= 1 << (uint(id) % 64) //nolint:gosec // ids are not negative
}

func (r receivers) has(id relID) bool {
	word := int(id) / 64
	return word < len(r) && r[word]&(1<<(uint(id)%64)) != 0 //nolint:gosec // ids are not negative
}

// setMark sets or clears refuses or blacklisted.
func (f *followers) setMark(id relID, mark standing, on bool) {
	if on {
		f.at(id).standing |= mark
	} else {
		f.at(id).standing &^= mark
	}
}

// each calls f for every member, in order.
func (r receivers) each(f func(relID)) {
	for i, word := range r {
		for word != 0 {
			f(relID(i*64 + bits.TrailingZeros64(word))) //nolint:gosec // fewer than 2^31 relations
			word &= word - 1
		}
	}
}
