package simulator

import (
	"strconv"
	"strings"
	"time"
)

// kind of an account. The platform's words changed in 2025: what it now calls
// 公众号 is the former subscription account.
type kind string

const (
	subscriptionAccount kind = "subscription"
	serviceAccount      kind = "service"
	miniProgram         kind = "miniprogram"
)

// subject is who owns an account.
type subject string

const (
	personal   subject = "person"
	enterprise subject = "enterprise"
	government subject = "government"
)

// account is one WeChat account with everything the platform keeps for it.
// A room that needs more state adds one field here and declares its type in
// its own file.
type account struct {
	key           string // our handle, used by the control interface and in files
	name          string
	wechatID      string
	appID         string
	secret        string
	mark          string // characters 2 to 6 of its openids
	original      string // gh_ and 12 hex digits
	kind          kind
	subject       subject
	verifiedUntil time.Time // zero: never verified
	group         string    // open-platform account it is bound to; empty: none
	allowList     []string  // addresses that may ask for a token; empty: any
	oauthDomain   string    // host web authorisation may return to; empty: any
	linkedApps    []string  // mini-programs linked to the account
	restricted    bool      // every call answers 50002
	seized        map[string]bool

	callback  callback
	outbox    outbox
	followers followers
	windows   map[relID]*windows
	inbox     inbox
	tokens    accountTokens
	menu      menuState
	codes     qrCodes
	used      map[string]*used
	consents  map[relID]bool // who allowed snsapi_userinfo
	cleared   clearings
	ticket    jsTicket
	materials materials
	drafts    drafts
	mass      massState
	templates templates
	notices   []notice
}

// handle is the account's key; empty for no account.
func (a *account) handle() string {
	if a == nil {
		return ""
	}
	return a.key
}

// verified says whether the yearly verification still holds.
func (a *account) verified(now time.Time) bool {
	return a.subject != personal && now.Before(a.verifiedUntil)
}

// personID numbers the people of the world from 0.
type personID int32

// person is somebody with a WeChat account and a phone.
type person struct {
	key  string // empty: derived from the number, see personKey
	name string
}

// world is everything the platform knows. It is part of Simulator and guarded
// by its lock.
type world struct {
	accounts   []*account
	byKey      map[string]*account
	byAppID    map[string]*account
	byOriginal map[string]*account
	people     []person
	named      map[string]personID
	pictures   map[string]*picture     // by the id in their address
	pages      map[string]*articlePage // by the id in their address
	movings    []*moving
}

func newWorld() world {
	return world{
		byKey: map[string]*account{}, byAppID: map[string]*account{}, byOriginal: map[string]*account{},
		named: map[string]personID{},
	}
}

func (w *world) addAccount(a *account) {
	w.accounts = append(w.accounts, a)
	w.byKey[a.key] = a
	w.byAppID[a.appID] = a
	w.byOriginal[a.original] = a
}

func (w *world) addPerson(key, name string) personID {
	id := personID(len(w.people)) //nolint:gosec // the world is smaller than 2^31
	w.people = append(w.people, person{key: key, name: name})
	if key != "" {
		w.named[key] = id
	}
	return id
}

// personKey is the name of a person in the control interface: the key the
// scenario gave, or "p" and the number.
func (w *world) personKey(id personID) string {
	if key := w.people[id].key; key != "" {
		return key
	}
	return "p" + strconv.Itoa(int(id))
}

func (w *world) personByKey(key string) (personID, bool) {
	if id, ok := w.named[key]; ok {
		return id, true
	}
	digits, ok := strings.CutPrefix(key, "p")
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseInt(digits, 10, 32)
	if err != nil || n < 0 || int(n) >= len(w.people) || w.people[n].key != "" {
		return 0, false
	}
	return personID(n), true
}
