package domain

// RecipientState is what the ledger knows about one follower of an old account.
//
//	pending ─▶ sending ─▶ accepted ─▶ reached
//	   ▲          │           ├─▶ filtered ──▶ (sending again in the next wave)
//	   └──────────┴───────────┘   (job failed as a whole)
//	   ├─▶ left            (unfollowed before anything was sent)
//	   ├─▶ unreachable     (blacklisted by the account, refused by the platform for this person)
//	   └─▶ unknown         (sent without an answer, and the channel has no duplicate guard)
//
// Only pending and filtered rows are ever sent to. Everything else is either final or waits for the platform.
type RecipientState string

// States of a recipient.
const (
	RecipientPending     RecipientState = "pending"
	RecipientSending     RecipientState = "sending"
	RecipientAccepted    RecipientState = "accepted" // the platform took the job; it did not say that this person got it
	RecipientReached     RecipientState = "reached"
	RecipientFiltered    RecipientState = "filtered" // certainly not delivered: the platform's filter (monthly limit)
	RecipientLeft        RecipientState = "left"
	RecipientUnreachable RecipientState = "unreachable"
	RecipientUnknown     RecipientState = "unknown"
)

// RecipientStates lists all states in the order in which people read them.
var RecipientStates = []RecipientState{
	RecipientReached, RecipientAccepted, RecipientFiltered, RecipientLeft, RecipientUnreachable, RecipientUnknown,
	RecipientSending, RecipientPending,
}

// Label is the state as the board shows it.
func (s RecipientState) Label() string {
	return map[RecipientState]string{
		RecipientReached: "已送达", RecipientAccepted: "平台已受理", RecipientFiltered: "被平台过滤", RecipientLeft: "已取消关注",
		RecipientUnreachable: "无法送达", RecipientUnknown: "结果不明", RecipientSending: "正在发送", RecipientPending: "待发送",
	}[s]
}

// Recipient is one follower in the ledger of a migration.
type Recipient struct {
	MigrationID string
	OpenID      OpenID
	State       RecipientState
	Reason      string // why unreachable or unknown
	Wave        int    // number of the last wave that took this person up, 0 = none
	BatchID     string // the batch that holds or held it last
	LeftAt      Instant
	TouchedAt   Instant // when a touch reply told this person
	UpdatedAt   Instant
}

// WaveKind is the purpose of one sending act.
type WaveKind string

// Kinds of wave.
const (
	WaveAnnouncement WaveKind = "announcement" // 公告: everybody
	WaveFollowUp     WaveKind = "followup"     // 补发: those who certainly got nothing
	WavePersonal     WaveKind = "personal"     // 逐人告知: the same, one by one, inside an open customer-service window
)

// Label is the kind as the desk shows it.
func (k WaveKind) Label() string {
	return map[WaveKind]string{WaveAnnouncement: "公告群发", WaveFollowUp: "补发", WavePersonal: "逐人告知"}[k]
}

// Channel is the platform call a wave goes out by.
type Channel string

// Channels of waves.
const (
	ChannelMassAll    Channel = "mass_all"    // message/mass/sendall with is_to_all
	ChannelMassOpenID Channel = "mass_openid" // message/mass/send, 2 to 10,000 openids a call
	ChannelCustomer   Channel = "customer"    // message/custom/send, one person a call, no duplicate guard
)

// Label is the channel as the desk shows it.
func (c Channel) Label() string {
	return map[Channel]string{ChannelMassAll: "全员群发", ChannelMassOpenID: "分批群发", ChannelCustomer: "客服消息"}[c]
}

// WaveState is how far a wave is: planned ─▶ sending ─▶ done.
type WaveState string

// States of a wave.
const (
	WavePlanned WaveState = "planned"
	WaveSending WaveState = "sending"
	WaveDone    WaveState = "done"
)

// Wave is one sending act of a migration.
type Wave struct {
	ID          string
	MigrationID string
	Number      int // 1, 2, 3: they run in this order
	Kind        WaveKind
	Channel     Channel
	State       WaveState
	Audience    int    // how many it was meant for, counted when it began
	CoverID     string // permanent media_id of the cover picture on the old account
	QRImageURL  string // address of the new account's QR picture on the platform
	StartedAt   Instant
	DoneAt      Instant
}

// BatchState is what happened to one call of a wave.
//
//	filled ─▶ sending ─▶ accepted ─▶ finished | partly | unconfirmed
//	             │           └─▶ failed (rows go back to pending)
//	             ├─▶ failed (refused by the platform)
//	             └─▶ unknown (no answer, and the guard's look-back is over)
type BatchState string

// States of a batch.
const (
	BatchFilled      BatchState = "filled"
	BatchSending     BatchState = "sending"
	BatchAccepted    BatchState = "accepted"
	BatchFinished    BatchState = "finished"    // everybody in it was reached, left, or is known to be out of reach
	BatchPartly      BatchState = "partly"      // some were not delivered and the platform does not say who
	BatchUnconfirmed BatchState = "unconfirmed" // the platform says sent, but its counts never came
	BatchFailed      BatchState = "failed"
	BatchUnknown     BatchState = "unknown"
)

// Settled tells whether nothing more will happen to the batch by itself.
func (s BatchState) Settled() bool {
	switch s {
	case BatchFinished, BatchPartly, BatchUnconfirmed, BatchFailed, BatchUnknown:
		return true
	default:
		return false
	}
}

// Label is the state as the desk shows it.
func (s BatchState) Label() string {
	return map[BatchState]string{
		BatchFilled: "待发", BatchSending: "发送中", BatchAccepted: "平台已受理", BatchFinished: "已完成", BatchPartly: "部分送达",
		BatchUnconfirmed: "已发未确认", BatchFailed: "失败", BatchUnknown: "结果不明",
	}[s]
}

// Batch is one call to the platform and the people in it.
type Batch struct {
	ID          string // its clientmsgid is derived from it
	WaveID      string
	MigrationID string
	Number      int
	State       BatchState
	Size        int    // ledger rows in it
	Unnamed     int    // rows of a partly delivered batch of which the platform does not say who got it
	MediaID     string // of the draft it sends
	MsgID       int64  // of the platform's job
	Attempts    int
	SentAt      Instant // when the first attempt left
	AcceptedAt  Instant
	SettledAt   Instant
	Result      MassFinish // what the platform reported, zero until it did
	ErrCode     int
	ErrText     string
}

// ClientMsgID is the duplicate guard of the batch: at most 64 bytes, the same for every attempt.
func (b Batch) ClientMsgID() string { return "gy-" + b.ID }

// Tally counts the ledger rows of one migration by what is known about them. The parts always add up to Total.
type Tally struct {
	Total        int
	Reached      int // delivered, by the platform's own count
	Unconfirmed  int // accepted, and the platform has not said how it went
	NotDelivered int // in partly delivered batches: the platform counts them but does not name them
	Filtered     int
	Left         int
	Unreachable  int
	Unknown      int
	Sending      int
	Pending      int
}

// Settled counts everybody whose fate is known or can no longer change by itself.
func (t Tally) Settled() int {
	return t.Total - t.Pending - t.Sending
}

// Sum adds the parts up; it equals Total unless something is badly wrong.
func (t Tally) Sum() int {
	return t.Reached + t.Unconfirmed + t.NotDelivered + t.Filtered + t.Left + t.Unreachable + t.Unknown + t.Sending + t.Pending
}

// Settlement decides what a finished mass job means for its rows.
//
// rows is the number of ledger rows in the batch that had not left before the job was accepted; excused how many of the platform's audience are known to be out of reach
// (for a send to all: people on the account's blacklist, who count in Total; for a list of openids: those who left before
// the job was accepted). The platform reports numbers, never names, so there are five cases:
// it did not run; it reported no counts; nobody got it; everybody got it who could; or somebody missed it and nobody can say who.
// "Reached" needs both: no more people missed than are excused, and at least as many sent as there are rows.
func Settlement(f MassFinish, rows, excused int) (BatchState, RecipientState) {
	switch {
	case !f.Success() && f.Sent == 0:
		return BatchFailed, RecipientPending
	case rows == 0:
		return BatchFinished, RecipientReached
	case f.Total == 0 && f.Sent == 0:
		return BatchUnconfirmed, RecipientAccepted
	case f.Success() && f.Sent >= rows && f.Total-f.Sent <= excused:
		return BatchFinished, RecipientReached
	case f.Sent == 0:
		return BatchFinished, RecipientFiltered
	default:
		return BatchPartly, RecipientAccepted
	}
}
