package simulator

import (
	"math/rand/v2"
	"sort"
	"time"
)

// Kinds of what a phone shows. The first group came from the account, the
// second was done by the person.
const (
	kindMass     = "mass"     // mass message, article or other
	kindPreview  = "preview"  // preview of a mass message
	kindCustom   = "custom"   // customer-service message
	kindTemplate = "template" // template message
	kindReply    = "reply"    // passive reply to a callback
	kindNotice   = "notice"   // the platform's own line, such as "account unavailable"

	kindText   = "text"   // the person wrote
	kindTap    = "tap"    // the person tapped a menu entry
	kindScan   = "scan"   // the person scanned a code
	kindFollow = "follow" // the person followed
	kindLeave  = "leave"  // the person unfollowed
)

// entry is one thing on the chat page of one person with one account.
type entry struct {
	Seq         int64    `json:"seq"`  // grows over the whole world
	Time        int64    `json:"time"` // unix seconds, virtual
	Kind        string   `json:"kind"`
	FromPerson  bool     `json:"from_person,omitempty"`
	Content     *content `json:"content,omitempty"`
	MsgID       int64    `json:"msg_id,omitempty"`
	MsgDataID   int64    `json:"msg_data_id,omitempty"`
	MediaID     string   `json:"media_id,omitempty"`
	ClientID    string   `json:"client_id,omitempty"` // clientmsgid or client_msg_id
	TemplateID  string   `json:"template_id,omitempty"`
	receiver    relID    // of a single entry
	receivers   receivers
	toReceivers bool
}

// content is what is inside a bubble. Only the fields of its type are set.
type content struct {
	Type     string         `json:"type"` // text image news voice video menu template miniprogram …
	Text     string         `json:"text,omitempty"`
	Articles []article      `json:"articles,omitempty"`
	MediaID  string         `json:"media_id,omitempty"`
	ImageURL string         `json:"image_url,omitempty"`
	Title    string         `json:"title,omitempty"`
	URL      string         `json:"url,omitempty"` // what a tap opens
	AppID    string         `json:"appid,omitempty"`
	PagePath string         `json:"pagepath,omitempty"`
	Options  []option       `json:"options,omitempty"` // of a menu message
	Tail     string         `json:"tail,omitempty"`
	Fields   []contentField `json:"fields,omitempty"` // of a template message, in its order
}

type article struct {
	Title       string `json:"title"`
	Description string `json:"description,omitempty"`
	PicURL      string `json:"picurl,omitempty"`
	URL         string `json:"url,omitempty"`
}

type option struct {
	ID   string `json:"id"`
	Text string `json:"text"`
}

type contentField struct {
	Key   string `json:"key"`
	Label string `json:"label,omitempty"`
	Value string `json:"value"`
}

// inbox keeps what the phones of one account's people show: single entries by
// person, and mass messages once with the set of their receivers.
type inbox struct {
	single []*entry
	mass   []*entry
	of     map[relID][]int32 // positions in single
}

// receive puts one entry on one phone. Time and Seq are filled in.
func (s *Simulator) receive(a *account, id relID, e entry) {
	e.receiver = id
	s.stamp(&e)
	if a.inbox.of == nil {
		a.inbox.of = map[relID][]int32{}
	}
	a.inbox.of[id] = append(a.inbox.of[id], int32(len(a.inbox.single))) //nolint:gosec // fewer than 2^31 entries
	a.inbox.single = append(a.inbox.single, &e)
}

// receiveAll puts one entry on the phones of a whole set, stored once. The set
// must not change afterwards.
func (s *Simulator) receiveAll(a *account, set receivers, e entry) {
	e.receivers, e.toReceivers = set, true
	s.stamp(&e)
	a.inbox.mass = append(a.inbox.mass, &e)
}

func (s *Simulator) stamp(e *entry) {
	s.seq++
	e.Seq, e.Time = s.seq, s.clock.now().Unix()
	close(s.changed)
	s.changed = make(chan struct{})
}

// chat is what one person sees of one account, oldest first, from behind a
// sequence number.
func (a *account) chat(id relID, behind int64) []*entry {
	var out []*entry
	for _, at := range a.inbox.of[id] {
		if e := a.inbox.single[at]; e.Seq > behind {
			out = append(out, e)
		}
	}
	for _, e := range a.inbox.mass {
		if e.Seq > behind && e.receivers.has(id) {
			out = append(out, e)
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Seq < out[j].Seq })
	return out
}

// newID gives the growing integers of msg_id, menuid and the like.
func (s *Simulator) newID() int64 {
	s.lastID++
	return 1_000_000_000 + s.lastID
}

// randomText is n characters of the base64url alphabet, for tokens, tickets
// and media ids.
func (s *Simulator) randomText(n int) string { return randomText(s.rand, n) }

func randomText(source *rand.Rand, n int) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	out := make([]byte, n)
	for i := range out {
		out[i] = alphabet[source.IntN(len(alphabet))]
	}
	return string(out)
}

// within says whether a moment lies less than d in the past.
func within(now, then time.Time, d time.Duration) bool { return now.Before(then.Add(d)) }
