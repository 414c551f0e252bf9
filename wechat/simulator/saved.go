package simulator

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// savedWorld is the whole world as plain data: what a snapshot holds. Links
// are keys and numbers, indexes are left out, and lists have one order, so that
// equal worlds give equal texts. It shares with the world only what never
// changes, so it can be written without the lock.
type savedWorld struct {
	Seed     int64               `json:"seed"`
	Settings Settings            `json:"settings"`
	Rand     []byte              `json:"rand"`
	Seq      int64               `json:"seq"`
	LastID   int64               `json:"last_id"`
	Pushes   int64               `json:"pushes"`
	Starts   int64               `json:"starts"`
	Clock    savedClock          `json:"clock"`
	Names    []string            `json:"names"` // of all people
	Keys     map[personID]string `json:"keys,omitempty"`

	Accounts  []savedAccount          `json:"accounts"`
	Pictures  []savedPicture          `json:"pictures,omitempty"`
	Pages     []savedPage             `json:"pages,omitempty"`
	Movings   []savedMoving           `json:"movings,omitempty"`
	Tokens    map[string]savedToken   `json:"tokens,omitempty"`
	WebCodes  map[string]savedWebPass `json:"web_codes,omitempty"`
	WebTokens map[string]savedWebPass `json:"web_tokens,omitempty"`
	Codes     []savedCode             `json:"codes,omitempty"`
	Faults    []fault                 `json:"faults,omitempty"`
	Counts    []callsView             `json:"counts,omitempty"`
	Failed    []savedFailed           `json:"failed,omitempty"`
	Tasks     []savedTask             `json:"tasks,omitempty"`

	people []person // becomes Names and Keys when it is written
	pieces []*savedAccount
}

type savedClock struct {
	Now    time.Time      `json:"now"`
	Offset *time.Duration `json:"offset,omitempty"` // virtual minus real; absent: it stood
	Order  int64          `json:"order"`
}

type savedPicture struct {
	ID      string    `json:"id"`
	MediaID string    `json:"media_id,omitempty"`
	Name    string    `json:"name"`
	Format  string    `json:"format"`
	Data    []byte    `json:"data"`
	Added   time.Time `json:"added"`
	Ends    time.Time `json:"ends"`
}

type savedArticle struct {
	draftArticle
	Cover string `json:"cover"` // a picture
}

type savedPage struct {
	ID      string       `json:"id"`
	Account string       `json:"account"`
	Article savedArticle `json:"article"`
	Date    time.Time    `json:"date"`
	Preview bool         `json:"preview,omitempty"`
	Deleted bool         `json:"deleted,omitempty"`
	Dropped bool         `json:"dropped,omitempty"` // a job knows it, nobody can open it
}

type savedMoving struct {
	From   string    `json:"from"`
	To     string    `json:"to"`
	Opened time.Time `json:"opened"`
	Ends   time.Time `json:"ends"`
}

type savedToken struct {
	Account string    `json:"account"`
	Ends    time.Time `json:"ends"`
	Cut     bool      `json:"cut,omitempty"`
}

// savedWebPass is a code or a token of web authorisation.
type savedWebPass struct {
	Account  string    `json:"account"`
	To       relID     `json:"to"`
	Scope    string    `json:"scope"`
	Snapshot string    `json:"snapshot,omitempty"`
	Ends     time.Time `json:"ends"`
	Used     bool      `json:"used,omitempty"`    // of a code
	Refresh  bool      `json:"refresh,omitempty"` // of a token
}

type savedCode struct {
	Account string    `json:"account"`
	Ticket  string    `json:"ticket"`
	URL     string    `json:"url"`
	Scene   string    `json:"scene"`
	Ends    time.Time `json:"ends"`
}

type savedFailed struct {
	RID      string    `json:"rid"`
	Account  string    `json:"account"`
	At       time.Time `json:"at"`
	URL      string    `json:"url"`
	Body     []byte    `json:"body"` // bytes: it may be no text
	Response []byte    `json:"response"`
	IP       string    `json:"ip"`
}

type savedTask struct {
	Due   time.Time `json:"due"`
	Order int64     `json:"order"`
	savedPlan
}

// savedPlan is one of the kinds of plans.
type savedPlan struct {
	Account  string      `json:"account"`
	Push     *savedPush  `json:"push,omitempty"`
	Repeat   bool        `json:"repeat,omitempty"` // of a push
	Job      int64       `json:"job,omitempty"`
	Stage    massStage   `json:"stage,omitempty"`
	Verdict  string      `json:"verdict,omitempty"`
	Template *savedEntry `json:"template,omitempty"`
}

func (p pushPlan) saved() savedPlan {
	push := p.push.saved()
	return savedPlan{Account: p.push.account.key, Push: &push, Repeat: p.repeat}
}

func (p massPlan) saved() savedPlan {
	return savedPlan{Account: p.account.key, Job: p.job.id, Stage: p.stage, Verdict: p.verdict}
}

func (p templatePlan) saved() savedPlan {
	return savedPlan{Account: p.account.key, Template: &savedEntry{entry: p.entry, Receiver: p.to}}
}

// capture takes the locked world down. What is large and never changes is
// shared and turned into its saved form by complete, without the lock.
func (s *Simulator) capture() *savedWorld {
	source, _ := s.pcg.MarshalBinary() // never fails
	out := &savedWorld{
		Seed: s.seed, Settings: s.set, Rand: source, Seq: s.seq, LastID: s.lastID, Pushes: s.pushes, Starts: s.starts,
		Clock:  savedClock{Now: utc(s.clock.now()), Order: s.clock.order},
		people: s.people, Tokens: map[string]savedToken{}, WebCodes: map[string]savedWebPass{}, WebTokens: map[string]savedWebPass{},
	}
	if s.clock.real != nil {
		offset := s.clock.offset
		out.Clock.Offset = &offset
	}
	for _, a := range s.accounts {
		out.pieces = append(out.pieces, s.captureAccount(a))
	}
	for _, m := range s.movings {
		out.Movings = append(out.Movings, savedMoving{m.from.key, m.to.key, utc(m.opened), utc(m.ends)})
	}
	for _, p := range s.pictures {
		out.Pictures = append(out.Pictures, savedPicture{p.id, p.mediaID, p.name, p.format, p.data, utc(p.added), utc(p.ends)})
	}
	s.capturePages(out)
	for text, t := range s.accessTokens {
		out.Tokens[text] = savedToken{t.owner.key, utc(t.ends), t.cut}
	}
	for text, c := range s.webCodes {
		out.WebCodes[text] = savedWebPass{c.account.key, c.id, c.scope, c.snapshot, utc(c.ends), c.used, false}
	}
	for text, t := range s.webTokens {
		out.WebTokens[text] = savedWebPass{t.account.key, t.id, t.scope, t.snapshot, utc(t.ends), false, t.refresh}
	}
	for ticket, c := range s.tickets {
		if ticket == c.ticket { // and not the address in its picture
			out.Codes = append(out.Codes, savedCode{c.account.key, c.ticket, c.url, c.scene, utc(c.ends)})
		}
	}
	s.captureCalls(out)
	for _, t := range s.clock.tasks {
		out.Tasks = append(out.Tasks, savedTask{utc(t.due), t.order, t.plan.saved()})
	}
	return out
}

func (s *Simulator) capturePages(out *savedWorld) {
	seen := map[*articlePage]bool{}
	add := func(p *articlePage, dropped bool) {
		if !seen[p] {
			seen[p] = true
			out.Pages = append(out.Pages, savedPage{p.id, p.account.key, saveArticle(p.article), utc(p.date), p.preview, p.deleted, dropped})
		}
	}
	for _, p := range s.pages {
		add(p, false)
	}
	for _, a := range s.accounts {
		for _, job := range a.mass.order {
			for _, p := range job.pages {
				add(p, true)
			}
		}
	}
}

func (s *Simulator) captureCalls(out *savedWorld) {
	for _, f := range s.faults {
		out.Faults = append(out.Faults, *f)
	}
	for key, n := range s.counts {
		out.Counts = append(out.Counts, callsView{key.account, key.path, n.calls, maps.Clone(n.errors)})
	}
	for _, rid := range s.failedOrder {
		f := s.failed[rid]
		out.Failed = append(out.Failed, savedFailed{rid, f.owner.key, utc(f.at), f.url, []byte(f.body), []byte(f.response), f.ip})
	}
}

// complete finishes what capture left for the time after the lock.
func (w *savedWorld) complete() {
	w.Names, w.Keys = make([]string, len(w.people)), map[personID]string{}
	for i, p := range w.people {
		w.Names[i] = p.name
		if p.key != "" {
			w.Keys[personID(i)] = p.key
		}
	}
	for _, a := range w.pieces {
		a.complete()
		w.Accounts = append(w.Accounts, *a)
	}
	slices.SortFunc(w.Pictures, func(a, b savedPicture) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortFunc(w.Pages, func(a, b savedPage) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortFunc(w.Codes, func(a, b savedCode) int { return cmp.Compare(a.Ticket, b.Ticket) })
	slices.SortFunc(w.Counts, func(a, b callsView) int {
		return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.Path, b.Path))
	})
	slices.SortFunc(w.Tasks, func(a, b savedTask) int { return cmp.Compare(a.Order, b.Order) })
}

func utc(t time.Time) time.Time { return t.UTC().Round(0) }

func saveArticle(a *draftArticle) savedArticle {
	out := savedArticle{draftArticle: *a}
	if a.cover != nil {
		out.Cover = a.cover.id
	}
	return out
}
