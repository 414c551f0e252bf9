package domain

import (
	"slices"
	"strconv"
	"time"
)

// MigrationState is where an old account stands on its way out.
//
//	draft ─▶ approved ─▶ announced ─▶ notifying ─▶ stopped ─▶ archived ─▶ cancelling ─▶ closed
//	  └──────────┴──▶ cancelled (with reason)
//
// approved→announced happens when the operator starts it; announced→notifying when the announcement went out.
type MigrationState string

// States of a migration.
const (
	MigrationDraft      MigrationState = "draft"
	MigrationApproved   MigrationState = "approved"
	MigrationAnnounced  MigrationState = "announced"
	MigrationNotifying  MigrationState = "notifying"
	MigrationStopped    MigrationState = "stopped"
	MigrationArchived   MigrationState = "archived"
	MigrationCancelling MigrationState = "cancelling"
	MigrationClosed     MigrationState = "closed"
	MigrationCancelled  MigrationState = "cancelled"
)

var migrationMoves = map[MigrationState][]MigrationState{
	MigrationDraft:      {MigrationApproved, MigrationCancelled},
	MigrationApproved:   {MigrationAnnounced, MigrationCancelled},
	MigrationAnnounced:  {MigrationNotifying},
	MigrationNotifying:  {MigrationStopped},
	MigrationStopped:    {MigrationArchived},
	MigrationArchived:   {MigrationCancelling},
	MigrationCancelling: {MigrationClosed},
}

// MayBecome tells whether the move is drawn above.
func (s MigrationState) MayBecome(next MigrationState) bool {
	return slices.Contains(migrationMoves[s], next)
}

// Started tells whether followers may have been told: from then on every touch of the old account is answered with the redirect.
func (s MigrationState) Started() bool {
	switch s {
	case MigrationAnnounced, MigrationNotifying, MigrationStopped, MigrationArchived, MigrationCancelling:
		return true
	default:
		return false
	}
}

// Label is the state as the desk shows it.
func (s MigrationState) Label() string {
	return map[MigrationState]string{
		MigrationDraft: "草稿", MigrationApproved: "已批准", MigrationAnnounced: "公告中", MigrationNotifying: "告知中",
		MigrationStopped: "已停更", MigrationArchived: "已归档", MigrationCancelling: "注销中", MigrationClosed: "已注销",
		MigrationCancelled: "已取消",
	}[s]
}

// Migration is one old account on its way into the town's account.
type Migration struct {
	ID         string
	AccountID  string // the old account
	TargetID   string // the town's account
	State      MigrationState
	StopOn     Day    // 停更日期: nothing new is published from this day on
	CancelOn   Day    // 注销日期: not earlier than this day
	Reason     string // one sentence, at most 80 characters
	HasteWhy   string // why the notice period is shorter than the rule, empty when it is not
	ArchiveAt  string // where old articles can be read: address or place
	DataNote   string // what happens to personal data
	OpenNote   string // what happens to open bookings and messages
	DocumentNo string // of the approval
	ApprovedBy string // name of the person who approved
	ApprovedAt Instant
	StartedAt  Instant
	FrozenAt   Instant // when the follower list was frozen into the ledger
	Total      int     // ledger rows, 0 until frozen
	PausedAt   Instant // a person or the error guard paused it
	PauseWhy   string
	WakeAt     Instant // the engine has nothing to do before this moment
	Engine     string  // what the engine does right now, for people: one line
	SyncCursor string  // next_openid of the follower list, "" at the start
	SyncPass   int     // passes over the list already finished
	Failures   int     // engine failures in a row, for the growing delay
	LeaseUntil Instant // a worker holds the migration until then
	LeaseTurn  int     // grows each time a worker takes it; names the queue's task
	CreatedAt  Instant
	UpdatedAt  Instant
}

// MayStart names what is missing before followers may be told, or gives nil.
// unmapped is the number of old menu entries without a destination; minNotice the notice period in days.
func (m Migration) MayStart(now time.Time, unmapped, minNotice int) error {
	switch {
	case m.State == MigrationDraft:
		return Refuse(ErrConflict, "not_approved", "还没有批准：请先登记批准文号和批准人")
	case m.State != MigrationApproved:
		return Refuse(ErrConflict, "already_started", "这个账号的整合已经开始或者已经取消")
	case unmapped > 0:
		return Refuse(ErrConflict, "unmapped_entries", "还有 "+strconv.Itoa(unmapped)+" 个旧菜单没有写明新入口，请先对应好")
	}
	return m.checkDates(DayOf(now), minNotice)
}

// Check names what is wrong with the texts and dates of a draft, or gives nil.
func (m Migration) Check(now time.Time, minNotice int) error {
	switch {
	case m.Reason == "":
		return Refuse(ErrInvalid, "no_reason", "请用一句话写明整合原因")
	case len([]rune(m.Reason)) > 80:
		return Refuse(ErrInvalid, "long_reason", "整合原因请不要超过 80 个字")
	case m.ArchiveAt == "":
		return Refuse(ErrInvalid, "no_archive", "请写明以前的文章在哪里查阅")
	case m.DataNote == "":
		return Refuse(ErrInvalid, "no_data_note", "请写明个人信息如何处理")
	case m.OpenNote == "":
		return Refuse(ErrInvalid, "no_open_note", "请写明已经预约或者留言的事项怎么办")
	}
	return m.checkDates(DayOf(now), minNotice)
}

// farthestDays catches a mistyped year before it is in an announcement.
const farthestDays = 3 * 366

func (m Migration) checkDates(today Day, minNotice int) error {
	switch {
	case m.StopOn.IsZero() || m.CancelOn.IsZero():
		return Refuse(ErrInvalid, "no_dates", "请填写停更日期和注销日期")
	case today.Until(m.CancelOn) > farthestDays || today.Until(m.StopOn) > farthestDays:
		return Refuse(ErrInvalid, "far_dates", "停更和注销日期请写在三年以内，请检查年份")
	case m.CancelOn < m.StopOn:
		return Refuse(ErrInvalid, "cancel_before_stop", "注销日期不能早于停更日期")
	case today.Until(m.StopOn) < minNotice && m.HasteWhy == "":
		return Refuse(ErrInvalid, "short_notice", "停更日期至少要在公告之后 "+strconv.Itoa(minNotice)+" 天；确需提前的，请写明理由")
	}
	return nil
}

// FreezeDays is how long the platform freezes an account before it is cancelled, by follower count:
// 7, 15, 30 or 60 days (copies of the platform's 2017 announcement and a 2025 guide; unconfirmed, so it only proposes a date).
func FreezeDays(followers int) int {
	switch {
	case followers <= 1000:
		return 7
	case followers <= 10000:
		return 15
	case followers <= 100000:
		return 30
	default:
		return 60
	}
}

// DestinationKind says where an old entry leads from now on.
type DestinationKind string

// Kinds of destination. An entry without one blocks the start.
const (
	ToMatter DestinationKind = "matter" // Ref = id of a matter
	ToPage   DestinationKind = "page"   // Ref = path of an H5 page of the town's account
	ToEnd    DestinationKind = "ends"   // ends without substitute; Offline says what people can do
)

// Destination is a place in the new account, with the way for people without a phone.
type Destination struct {
	Kind    DestinationKind
	Ref     string
	Name    string // as people read it: 儿童预防接种预约
	Path    string // path of its H5 page, e.g. /services/S026; empty for ToEnd
	Offline string // 不用手机也能办: place, hours, phone
}

// MappedEntry is one entry of an old account's menu and where it leads now.
type MappedEntry struct {
	ID          string
	MigrationID string
	Position    int    // order in the old menu, from 1
	Parent      string // name of the first-level button, empty for a first-level entry
	Name        string
	Type        string // button type on the platform
	Target      string // its key, address or page path
	Kind        DestinationKind
	Ref         string
	Successor   string // name of the destination as it was when mapped
	Path        string
	Offline     string
	UpdatedAt   Instant
}

// Mapped tells whether somebody decided where the entry leads.
func (e MappedEntry) Mapped() bool { return e.Kind != "" }
