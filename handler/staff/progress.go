package staff

import (
	"github.com/gin-gonic/gin"

	"guiyi/domain"
	"guiyi/handler/web"
	"guiyi/service/migration"
)

// staleAfter is how old the newest sign of life of a worker may be, in seconds, before the desk says that nothing runs.
const staleAfter = 120

// pulse tells whether anything runs at all. No page may look well while it does not.
type pulse struct {
	At    domain.Instant
	Alive bool
}

func (d *Desk) pulse(c *gin.Context) (pulse, error) {
	at, err := d.Migration.LastBeat(c.Request.Context())
	return pulse{At: at, Alive: !at.IsZero() && d.now() < at+staleAfter}, err
}

// part is one piece of a bar: the people with one kind of fate.
type part struct {
	Class string // of the colour
	Label string
	Note  string // what it means, in a sentence
	N     int
	X, W  int // place and width in thousandths of the bar
}

// bar draws a tally. All parts are in the table; those with people are in the picture. Widths add up to 1000.
type bar struct {
	Total int
	Parts []part
}

func barOf(t domain.Tally) bar {
	b := bar{Total: t.Sum(), Parts: []part{
		{Class: "reached", Label: "已送达", Note: "平台报告已发送，或者本人点开旧账号时已看到新入口", N: t.Reached},
		{Class: "unconfirmed", Label: "平台已受理", Note: "平台还没有报告结果", N: t.Unconfirmed},
		{Class: "missed", Label: "部分批次未送达", Note: "平台只报告了人数，没有说明是谁", N: t.NotDelivered},
		{Class: "filtered", Label: "被平台过滤", Note: "确定没有收到，下一波会再发", N: t.Filtered},
		{Class: "left", Label: "已取消关注", Note: "发送之前已经离开", N: t.Left},
		{Class: "unreachable", Label: "无法送达", Note: "被拉黑，或者平台拒绝对此人发送", N: t.Unreachable},
		{Class: "unknown", Label: "结果不明", Note: "发出后没有回音，不会自动重发，要由人决定", N: t.Unknown},
		{Class: "sending", Label: "正在发送", Note: "已经在发送的批次里", N: t.Sending},
		{Class: "pending", Label: "待发送", Note: "还没有轮到", N: t.Pending},
	}}
	if b.Total > 0 {
		b.lay()
	}
	return b
}

// thinnest is the least width of a part with people: a handful among a million must still be seen.
const thinnest = 4

// lay gives every part with people its thinnest width and shares the rest out by numbers.
func (b *bar) lay() {
	rest := 1000
	for _, p := range b.Parts {
		if p.N > 0 {
			rest -= thinnest
		}
	}
	at, sum := 0, 0
	for i, p := range b.Parts {
		share := sum * rest / b.Total
		sum += p.N
		b.Parts[i].X = at
		if p.N > 0 {
			b.Parts[i].W = thinnest + sum*rest/b.Total - share
		}
		at += b.Parts[i].W
	}
}

// progress is one migration with how it goes: a row of the board, and the top of its own page.
type progress struct {
	migration.Summary
	Bar    bar
	Alive  bool
	Self   string // address of its page
	Moving bool   // the page should ask again by itself
}

func (d *Desk) progressOf(s migration.Summary, p pulse) progress {
	return progress{Summary: s, Bar: barOf(s.Tally), Alive: p.Alive, Self: selfOf(s), Moving: s.Running}
}

// selfOf is the address of a migration: by the account's short name, as people speak of it. A cancelled one goes by its id, because
// its account may have another by now.
func selfOf(s migration.Summary) string {
	if s.Migration.State == domain.MigrationCancelled {
		return Prefix + "/migrations/" + s.Migration.ID
	}
	return Prefix + "/migrations/" + s.Old.Key
}

// Followers is how many people it is about: the ledger once it is frozen, what the platform last said before.
func (p progress) Followers() int {
	if p.Migration.FrozenAt.IsZero() {
		return p.Old.Followers
	}
	return p.Tally.Total
}

// Missed counts who certainly got nothing.
func (p progress) Missed() int {
	return p.Tally.Filtered + p.Tally.Left + p.Tally.Unreachable + p.Tally.NotDelivered
}

// Unclear counts whose fate the platform has not told.
func (p progress) Unclear() int { return p.Tally.Unknown + p.Tally.Unconfirmed }

// Waiting counts who is still to be told.
func (p progress) Waiting() int { return p.Tally.Sending + p.Tally.Pending }

// Mood is the colour of the state: green only when everybody's fate is settled, blue while the engine works and a worker lives.
func (p progress) Mood() string {
	switch {
	case !p.Migration.PausedAt.IsZero():
		return "yellow"
	case p.Running && !p.Alive:
		return "red"
	case p.Running:
		return "blue"
	case p.Migration.State.Started() && p.Percent == 100 && p.Unclear() == 0:
		return "green"
	case p.Migration.State.Started():
		return "yellow"
	case p.Migration.State == domain.MigrationApproved:
		return "azure"
	default:
		return "secondary"
	}
}

// Words say the state in a few characters.
func (p progress) Words() string {
	switch {
	case !p.Migration.PausedAt.IsZero():
		return "已暂停"
	case p.Running && !p.Alive:
		return "后台没有运行"
	case p.Running && p.Migration.FrozenAt.IsZero():
		return "正在读取名单"
	case p.Running:
		return "正在告知"
	case p.Migration.State.Started() && p.Percent == 100:
		return "告知完成"
	default:
		return p.Migration.State.Label()
	}
}

// Days says how long is left until the stop date.
func (p progress) Days() string {
	switch n := p.DaysLeft; {
	case p.Migration.StopOn.IsZero() || p.Migration.State == domain.MigrationCancelled:
		return "—"
	case n > 0:
		return web.Number(n) + " 天"
	case n == 0:
		return "今天停更"
	default:
		return "已停更 " + web.Number(-n) + " 天"
	}
}
