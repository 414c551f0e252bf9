package simulator

import (
	"container/heap"
	"fmt"
)

// restore fills an empty simulator. Links that lead nowhere are errors.
func (s *Simulator) restore(in *savedWorld) error {
	s.seed, s.set, s.seq, s.lastID, s.pushes, s.starts = in.Seed, in.Settings, in.Seq, in.LastID, in.Pushes, in.Starts
	s.sow()
	if err := s.pcg.UnmarshalBinary(in.Rand); err != nil {
		return err
	}
	if err := s.set.check(); err != nil {
		return err
	}
	s.clock.restore(in.Clock)
	for i, name := range in.Names {
		s.addPerson(in.Keys[personID(i)], name)
	}
	s.pictures, s.pages = map[string]*picture{}, map[string]*articlePage{}
	for _, p := range in.Pictures {
		s.pictures[p.ID] = &picture{p.ID, p.MediaID, p.Name, p.Format, p.Data, p.Added, p.Ends}
	}
	for i := range in.Accounts {
		s.addAccount(in.Accounts[i].head())
	}
	l := &loader{Simulator: s, pages: map[string]*articlePage{}}
	for _, part := range []func(*savedWorld) error{
		l.loadPages, l.loadAccounts, l.loadMovings, l.loadPasses, l.loadCodes, l.loadCalls, l.loadTasks,
	} {
		if err := part(in); err != nil {
			return err
		}
	}
	return nil
}

// restore sets the clock. Time went on while nobody was there if it ran before
// and runs now; otherwise it goes on where it stopped.
func (c *clock) restore(in savedClock) {
	c.still, c.latest, c.order = in.Now, in.Now, in.Order
	switch {
	case c.real == nil:
	case in.Offset != nil:
		c.offset = *in.Offset
	default:
		c.offset = in.Now.Sub(c.real())
	}
}

// loader finds what the links of a snapshot mean.
type loader struct {
	*Simulator
	pages map[string]*articlePage // also those that cannot be opened
}

func (l *loader) account(key string) (*account, error) {
	if a := l.byKey[key]; a != nil {
		return a, nil
	}
	return nil, fmt.Errorf("no account %q", key)
}

func (l *loader) article(in savedArticle) (draftArticle, error) {
	out := in.draftArticle
	if in.Cover != "" {
		out.cover = l.pictures[in.Cover]
		if out.cover == nil {
			return out, fmt.Errorf("no picture %q", in.Cover)
		}
	}
	return out, nil
}

func (l *loader) pagesOf(ids []string) ([]*articlePage, error) {
	var out []*articlePage
	for _, id := range ids {
		p := l.pages[id]
		if p == nil {
			return nil, fmt.Errorf("no page %q", id)
		}
		out = append(out, p)
	}
	return out, nil
}

func (l *loader) loadPages(in *savedWorld) error {
	for _, p := range in.Pages {
		a, err := l.account(p.Account)
		if err != nil {
			return err
		}
		article, err := l.article(p.Article)
		if err != nil {
			return err
		}
		page := &articlePage{p.ID, a, &article, p.Date, p.Preview, p.Deleted}
		l.pages[p.ID] = page
		if !p.Dropped {
			l.Simulator.pages[p.ID] = page
		}
	}
	return nil
}

func (l *loader) loadAccounts(in *savedWorld) error {
	for i := range in.Accounts {
		saved := &in.Accounts[i]
		if err := l.loadAccount(l.accounts[i], saved); err != nil {
			return fmt.Errorf("account %q: %w", saved.Key, err)
		}
	}
	return nil
}

func (l *loader) loadMovings(in *savedWorld) error {
	for _, m := range in.Movings {
		from, err := l.account(m.From)
		if err != nil {
			return err
		}
		to, err := l.account(m.To)
		if err != nil {
			return err
		}
		l.movings = append(l.movings, &moving{from, to, m.Opened, m.Ends})
	}
	return nil
}

func (l *loader) loadPasses(in *savedWorld) error {
	for text, t := range in.Tokens {
		a, err := l.account(t.Account)
		if err != nil {
			return err
		}
		l.accessTokens[text] = &accessToken{a, t.Ends, t.Cut}
	}
	for text, c := range in.WebCodes {
		who, err := l.identity(c)
		if err != nil {
			return err
		}
		l.webCodes[text] = &webCode{who, c.Ends, c.Used}
	}
	for text, t := range in.WebTokens {
		who, err := l.identity(t)
		if err != nil {
			return err
		}
		l.webTokens[text] = &webToken{who, t.Ends, t.Refresh}
	}
	return nil
}

func (l *loader) identity(in savedWebPass) (webIdentity, error) {
	a, err := l.account(in.Account)
	if err == nil {
		err = a.followers.holds(in.To)
	}
	return webIdentity{a, in.To, in.Scope, in.Snapshot}, err
}

// holds says whether a relation is there.
func (f *followers) holds(id relID) error {
	if id < 0 || int(id) >= len(f.all) {
		return fmt.Errorf("no relation %d", id)
	}
	return nil
}

func (l *loader) loadCodes(in *savedWorld) error {
	for _, c := range in.Codes {
		a, err := l.account(c.Account)
		if err != nil {
			return err
		}
		code := &qrCode{a, c.Ticket, c.URL, c.Scene, c.Ends}
		l.tickets[c.Ticket], l.tickets[c.URL] = code, code
		if c.Ends.IsZero() {
			if a.codes == nil {
				a.codes = qrCodes{}
			}
			a.codes[c.Scene] = code
		}
	}
	return nil
}

func (l *loader) loadCalls(in *savedWorld) error {
	for _, f := range in.Faults {
		l.faults = append(l.faults, &f)
	}
	for _, n := range in.Counts {
		if n.Errors == nil {
			n.Errors = map[int]int{}
		}
		l.counts[countKey{n.Account, n.Path}] = &count{n.Calls, n.Errors}
	}
	for _, f := range in.Failed {
		a, err := l.account(f.Account)
		if err != nil {
			return err
		}
		l.failedOrder = append(l.failedOrder, f.RID)
		l.failed[f.RID] = failedCall{a, f.At, f.URL, string(f.Body), string(f.Response), f.IP}
	}
	return nil
}

func (l *loader) loadTasks(in *savedWorld) error {
	for _, t := range in.Tasks {
		p, err := l.plan(t.savedPlan)
		if err != nil {
			return fmt.Errorf("planned task %d: %w", t.Order, err)
		}
		l.clock.tasks = append(l.clock.tasks, task{t.Due, t.Order, p})
	}
	heap.Init(&l.clock.tasks)
	return nil
}

func (l *loader) plan(in savedPlan) (plan, error) {
	a, err := l.account(in.Account)
	if err != nil {
		return nil, err
	}
	switch {
	case in.Push != nil:
		p, err := in.Push.load(a)
		if err != nil {
			return nil, err
		}
		out := pushPlan{push: p, repeat: in.Repeat}
		if out.awaited(l.Simulator) {
			l.begin()
		}
		return out, nil
	case in.Template != nil:
		return templatePlan{a, in.Template.Receiver, in.Template.entry}, a.followers.holds(in.Template.Receiver)
	}
	job := a.mass.jobs[in.Job]
	if job == nil {
		return nil, fmt.Errorf("no mass job %d", in.Job)
	}
	return massPlan{a, job, in.Stage, in.Verdict}, nil
}
