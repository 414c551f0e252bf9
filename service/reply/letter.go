package reply

import (
	"html"
	"strings"

	"guiyi/domain"
)

// maxText is what a passive text reply may hold, in bytes (Passive_user_reply_message, older page, unconfirmed for 2026).
const maxText = 2048

// letter is an answer being written: lines with links, and at the end the line every answer must have. A line that would make
// the answer too long is left out; those before it stay.
type letter struct {
	base  string
	town  domain.TownProfile
	lines []string
	size  int
	full  bool
}

func newLetter(base string, town domain.TownProfile) *letter {
	return &letter{base: base, town: town, size: len(town.Emergency)}
}

// line adds a line of plain text.
func (l *letter) line(text string) { l.raw(escape(text)) }

// gap adds an empty line.
func (l *letter) gap() { l.raw("") }

// link adds a line that opens one of our pages.
func (l *letter) link(text, path string) { l.linkTo("", text, path) }

// linkTo adds a line with words in front of its link.
func (l *letter) linkTo(lead, text, path string) {
	l.raw(escape(lead) + `<a href="` + html.EscapeString(l.base+path) + `">` + escape(text) + `</a>`)
}

// phones adds whom to call.
func (l *letter) phones() {
	l.line("电话：" + l.town.Hall.Phone + "（" + l.town.Hall.Hours + "）或" + l.town.Hotline + "。")
}

// matter adds what one needs to know before leaving the house.
func (l *letter) matter(m domain.Matter) {
	l.link(m.Name, "/services/"+m.ID)
	var bring []string
	for _, p := range m.Materials {
		switch {
		case p.Shared:
		case p.Need == "" || p.Need == "必要":
			bring = append(bring, p.Name)
		default:
			bring = append(bring, p.Name+"（"+p.Need+"）")
		}
	}
	if len(bring) > 0 {
		l.line("要带：" + strings.Join(bring, "、"))
	}
	l.line("地点：" + m.Place)
	l.line("时间：" + m.Hours)
	l.line("电话：" + m.Phone)
}

func (l *letter) raw(text string) {
	if l.full = l.full || l.size+len(text)+1 > maxText; l.full {
		return
	}
	l.lines = append(l.lines, text)
	l.size += len(text) + 1
}

// text is the finished answer; it always ends with the line for emergencies.
func (l *letter) text() string {
	return strings.Join(append(l.lines, l.town.Emergency), "\n")
}

// escape keeps words of ours from being read as markup.
var escape = strings.NewReplacer("<", "＜", ">", "＞").Replace
