package domain

import "strconv"

// Inbound is one message or event that a WeChat account's callback delivered, already verified and decrypted.
type Inbound struct {
	AccountID string
	OpenID    OpenID  // who did it; the platform's own sender for job events
	Type      string  // MsgType: text, image, voice, video, shortvideo, location, link, event
	Event     string  // for Type "event": subscribe, unsubscribe, SCAN, CLICK, VIEW, MASSSENDJOBFINISH, …
	EventKey  string  // button key, address or scene, as the platform wrote it (with its qrscene_ prefix)
	Content   string  // for Type "text": what the person wrote
	MsgID     string  // MsgId of messages, MsgID of job events; empty for other events
	CreatedAt Instant // CreateTime of the platform
	Raw       []byte  // the decrypted XML, kept whole

	MassFinish *MassFinish // only for MASSSENDJOBFINISH
}

// Key is the natural key of the inbound within its account; a repeated push has the same key.
// Messages go by MsgId; events by person, second, event and key, because two different events of one person
// can fall into one second (platform advice plus our reading of it; see Receiving_event_pushes, read 2026-11).
func (in Inbound) Key() string {
	if in.MsgID != "" {
		return in.Type + ":" + in.Event + ":" + in.MsgID
	}
	return in.Type + ":" + in.OpenID.Reveal() + ":" + strconv.FormatInt(int64(in.CreatedAt), 10) + ":" + in.Event + ":" + in.EventKey
}

// Answerable tells whether the platform shows a passive reply to this inbound. Answers to others are thrown away by it.
func (in Inbound) Answerable() bool {
	if in.Type != "event" {
		return true
	}
	switch in.Event {
	case "subscribe", "SCAN", "CLICK", "scancode_waitmsg", "LOCATION":
		return true
	default:
		return false
	}
}

// Follow tells whether the person has just followed the account.
func (in Inbound) Follow() bool { return in.Type == "event" && in.Event == "subscribe" }

// Unfollow tells whether the person has just left the account.
func (in Inbound) Unfollow() bool { return in.Type == "event" && in.Event == "unsubscribe" }

// Reply is a passive answer. The zero Reply is silence: the door answers "success".
type Reply struct {
	Text  string // up to 2,048 bytes; <a href> links are shown as links
	Cards []Card // news; 1 at most after a message of the person, up to 8 after an event
}

// Silent tells whether there is nothing to say.
func (r Reply) Silent() bool { return r.Text == "" && len(r.Cards) == 0 }

// Card is one picture-and-text card (图文) that leads to an address.
type Card struct {
	Title       string
	Description string
	PictureURL  string
	URL         string
}

// MassFinish is what MASSSENDJOBFINISH reports of one mass-send job. Counts are approximate by the platform's own word:
// the event comes when the job is about to finish (Batch_Sends page, read 2026-11).
type MassFinish struct {
	MsgID      int64
	Status     string // "send success", "send fail" or "err(N)"
	Total      int    // size of the audience
	Filter     int    // left after the platform's filters
	Sent       int
	Failed     int // ErrorCount
	ArticleURL string
}

// Success tells whether the platform ran the job at all; it says nothing about how many were reached.
func (f MassFinish) Success() bool { return f.Status == "send success" }
