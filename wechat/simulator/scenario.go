package simulator

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"regexp"
	"time"
)

// keyShape keeps keys fit for addresses and cookies.
var keyShape = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// scenario is the file form of a world; docs/simulator.md explains each field.
type scenario struct {
	People   scenarioPeople    `json:"people"`
	Accounts []scenarioAccount `json:"accounts"`
}

type scenarioPeople struct {
	Named []struct {
		Key  string `json:"key"`
		Name string `json:"name"`
	} `json:"named"`
	// Generated is the number of invented people. Zero: enough for the largest
	// account and four fifths of all follows, so that some follow several.
	Generated int `json:"generated"`
}

type scenarioAccount struct {
	Key           string            `json:"key"`
	Name          string            `json:"name"`
	WechatID      string            `json:"wechat_id"`
	AppID         string            `json:"appid"`
	Secret        string            `json:"secret"`
	Original      string            `json:"original"`
	Kind          kind              `json:"kind"`
	Subject       subject           `json:"subject"`
	VerifiedUntil string            `json:"verified_until"` // a day, "never", or empty: 300 days from the start
	OpenPlatform  string            `json:"open_platform"`
	AllowList     []string          `json:"allow_list"`
	OAuthDomain   string            `json:"oauth_domain"`
	LinkedApps    []string          `json:"linked_apps"`
	Seized        []string          `json:"seized"`
	Callback      callback          `json:"callback"`
	Followers     scenarioFollowers `json:"followers"`
	Menu          json.RawMessage   `json:"menu"`
}

// scenarioFollowers are numbers and named people. Refusing and blacklisted
// ones are part of Count, gone ones are not.
type scenarioFollowers struct {
	Count       int `json:"count"`
	Refusing    int `json:"refusing"`
	Blacklisted int `json:"blacklisted"`
	Gone        int `json:"gone"`
	Named       struct {
		Following   []string `json:"following"`
		Refusing    []string `json:"refusing"`
		Blacklisted []string `json:"blacklisted"`
		Gone        []string `json:"gone"`
	} `json:"named"`
}

// Load adds the accounts and people of a scenario to the world. Callback
// addresses are taken as they are, without verification. An error names the
// field; what was added before it stays.
func (s *Simulator) Load(file io.Reader) error {
	text, err := io.ReadAll(file)
	if err != nil {
		return fmt.Errorf("scenario: %w", err)
	}
	in, err := readScenario(bytes.NewReader(text))
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.change(step{Load: true, body: text}, func() { err = s.load(in) }) {
		return errClosed
	}
	return err
}

func readScenario(file io.Reader) (*scenario, error) {
	dec := json.NewDecoder(file)
	dec.DisallowUnknownFields()
	var in scenario
	if err := dec.Decode(&in); err != nil {
		return nil, fmt.Errorf("scenario: %w", err)
	}
	return &in, nil
}

func (s *Simulator) load(in *scenario) error {
	if err := s.loadPeople(in); err != nil {
		return err
	}
	for i := range in.Accounts {
		if err := s.loadAccount(&in.Accounts[i]); err != nil {
			return fmt.Errorf("scenario account %d (%q): %w", i+1, in.Accounts[i].Key, err)
		}
	}
	return nil
}

func (s *Simulator) loadPeople(in *scenario) error {
	for i, p := range in.People.Named {
		if !keyShape.MatchString(p.Key) || p.Name == "" {
			return fmt.Errorf("scenario people.named %d: name and key are needed, the key of letters, digits and hyphens", i+1)
		}
		if _, taken := s.personByKey(p.Key); taken {
			return fmt.Errorf("scenario people.named %d: key %q is taken", i+1, p.Key)
		}
		s.addPerson(p.Key, p.Name)
	}
	n := in.People.Generated
	if n == 0 {
		sum := 0
		for _, a := range in.Accounts {
			sum += a.Followers.Count + a.Followers.Gone
			n = max(n, a.Followers.Count+a.Followers.Gone)
		}
		n = max(n, sum*4/5)
	}
	r := s.seeded("people")
	for range n {
		s.addPerson("", inventName(r))
	}
	return nil
}

// seeded is a random source of its own for one part of loading, so that a
// change elsewhere in the file does not reshuffle everything.
func (s *Simulator) seeded(part string) *rand.Rand {
	var seed [32]byte
	copy(seed[:], s.derive("seed", part))
	return rand.New(rand.NewChaCha8(seed)) //nolint:gosec // repeatable on purpose
}

func (s *Simulator) loadAccount(in *scenarioAccount) error {
	a := &account{
		key: in.Key, name: in.Name, wechatID: in.WechatID, appID: in.AppID, secret: in.Secret, original: in.Original,
		kind: in.Kind, subject: in.Subject, group: in.OpenPlatform, allowList: in.AllowList,
		oauthDomain: in.OAuthDomain, linkedApps: in.LinkedApps, seized: map[string]bool{},
	}
	for _, group := range in.Seized {
		a.seized[group] = true
	}
	if err := s.completeAccount(a, in); err != nil {
		return err
	}
	s.addAccount(a)
	if err := s.loadFollowers(a, in.Followers); err != nil {
		return err
	}
	return s.loadMenu(a, in.Menu)
}

// completeAccount checks what the file says and derives what it leaves out.
func (s *Simulator) completeAccount(a *account, in *scenarioAccount) error {
	if !keyShape.MatchString(a.key) || a.name == "" {
		return errors.New("name and key are needed, the key of letters, digits and hyphens")
	}
	if _, taken := s.byKey[a.key]; taken {
		return errors.New("key is taken")
	}
	switch a.kind {
	case subscriptionAccount, serviceAccount, miniProgram:
	default:
		return fmt.Errorf("kind %q must be subscription, service or miniprogram", a.kind)
	}
	switch a.subject {
	case "":
		a.subject = government
	case personal, enterprise, government:
	default:
		return fmt.Errorf("subject %q must be person, enterprise or government", a.subject)
	}
	a.appID = or(a.appID, "wx"+s.hexOf(16, "appid", a.key))
	a.secret = or(a.secret, s.hexOf(32, "secret", a.key))
	a.original = or(a.original, "gh_"+s.hexOf(12, "original", a.key))
	if _, taken := s.byAppID[a.appID]; taken {
		return fmt.Errorf("appid %s is taken", a.appID)
	}
	a.verifiedUntil = s.clock.now().AddDate(0, 0, 300)
	if in.VerifiedUntil != "" {
		until, err := parseVerified(in.VerifiedUntil)
		if err != nil {
			return err
		}
		a.verifiedUntil = until
	}
	cb := in.Callback
	if cb.URL != "" {
		cb.Mode = or(cb.Mode, safeMode)
		if err := cb.check(); err != nil {
			return err
		}
	}
	a.callback = cb
	return nil
}

func or(text, fallback string) string {
	if text == "" {
		return fallback
	}
	return text
}

// loadFollowers draws the followers of one account.
func (s *Simulator) loadFollowers(a *account, in scenarioFollowers) error {
	r := s.seeded("followers " + a.key)
	now := s.clock.now()
	join := func(p personID, marks standing, gone bool) {
		id := s.relate(a, p)
		since := now.Add(-time.Duration(r.Int64N(int64(4 * 365 * 24 * time.Hour))))
		a.followers.setFollowing(id, true, since, scene(r.IntN(int(sceneMigration)))) //nolint:gosec // a small number
		a.followers.at(id).standing |= marks
		if gone {
			a.followers.setFollowing(id, false, now, 0)
		}
	}
	named := 0
	for _, list := range []struct {
		keys  []string
		marks standing
		gone  bool
	}{
		{in.Named.Following, 0, false},
		{in.Named.Refusing, refuses, false},
		{in.Named.Blacklisted, blacklisted, false},
		{in.Named.Gone, 0, true},
	} {
		for _, key := range list.keys {
			p, found := s.personByKey(key)
			if !found {
				return fmt.Errorf("followers.named: nobody has the key %q", key)
			}
			if _, twice := a.followers.of(p); twice {
				return fmt.Errorf("followers.named: %q stands there twice", key)
			}
			join(p, list.marks, list.gone)
			named++
		}
	}
	var pool []personID
	for i := range s.people {
		if s.people[i].key == "" {
			pool = append(pool, personID(i))
		}
	}
	count := in.Count - (named - len(in.Named.Gone))
	refusing, black := in.Refusing-len(in.Named.Refusing), in.Blacklisted-len(in.Named.Blacklisted)
	gone := in.Gone - len(in.Named.Gone)
	refusing, black, gone = max(refusing, 0), max(black, 0), max(gone, 0)
	switch {
	case count < 0 || refusing+black > count:
		return errors.New("followers: count is smaller than the people it must hold")
	case count+gone > len(pool):
		return fmt.Errorf("followers: %d people needed, people.generated gives %d", count+gone, len(pool))
	}
	r.Shuffle(len(pool), func(i, j int) { pool[i], pool[j] = pool[j], pool[i] })
	defer a.followers.ordered() // sorted now, not at the first call
	for i, p := range pool[:count+gone] {
		switch {
		case i < refusing:
			join(p, refuses, false)
		case i < refusing+black:
			join(p, blacklisted, false)
		default:
			join(p, 0, i >= count)
		}
	}
	return nil
}
