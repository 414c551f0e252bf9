package simulator

import "fmt"

// head is the account without what links to other things.
func (a *savedAccount) head() *account {
	out := &account{
		key: a.Key, name: a.Name, wechatID: a.WechatID, appID: a.AppID, secret: a.Secret, mark: a.Mark, original: a.Original,
		kind: a.Kind, subject: a.Subject, verifiedUntil: a.VerifiedUntil, group: a.Group, allowList: a.AllowList,
		oauthDomain: a.OAuthDomain, linkedApps: a.LinkedApps, restricted: a.Restricted, seized: a.Seized, callback: a.Callback,
		tokens:  accountTokens{a.Tokens.Plain, a.Tokens.Stable, a.Tokens.Forced, a.Tokens.ForcedDay, a.Tokens.ForcedCount},
		cleared: clearings{a.Cleared[0], a.Cleared[1]}, ticket: jsTicket{a.Ticket.Text, a.Ticket.Ends},
		notices: a.Notices, used: map[string]*used{}, windows: map[relID]*windows{}, consents: map[relID]bool{},
	}
	if out.seized == nil {
		out.seized = map[string]bool{}
	}
	out.outbox.history = a.History
	for row, u := range a.Used {
		out.used[row] = &used{u.Day, u.DayCount, u.Minute, u.MinuteCount}
	}
	return out
}

func (l *loader) loadAccount(a *account, in *savedAccount) error {
	for _, part := range []func(*account, *savedAccount) error{
		l.loadRelations, l.loadOutbox, l.loadInbox, l.loadMenus, l.loadMaterials, l.loadDrafts, l.loadMass,
	} {
		if err := part(a, in); err != nil {
			return err
		}
	}
	a.templates = templates{recent: map[string]templateSent{}, equal: in.Templates.Equal}
	for _, spec := range in.Templates.List {
		a.templates.list = append(a.templates.list, &spec)
	}
	for key, sent := range in.Templates.Recent {
		a.templates.recent[key] = templateSent{sent.MsgID, sent.Time}
	}
	return nil
}

func (l *loader) loadRelations(a *account, in *savedAccount) error {
	r := &in.Relations
	if n := len(r.Person); len(r.Since) != n || len(r.Scene) != n || len(r.Standing) != n {
		return fmt.Errorf("%d relations, but %d, %d and %d of their values", n, len(r.Since), len(r.Scene), len(r.Standing))
	}
	f := &a.followers
	f.all = make([]relation, 0, len(r.Person))
	f.byPerson, f.byOpenID = make(map[personID]relID, len(r.Person)), make(map[openID]relID, len(r.Person))
	for i, p := range r.Person {
		if int(p) >= len(l.people) || p < 0 || scene(r.Scene[i]) > sceneOthers {
			return fmt.Errorf("relation %d is with nobody", i)
		}
		id := l.relate(a, p)
		rel := f.at(id)
		rel.since, rel.scene, rel.standing = r.Since[i], scene(r.Scene[i]), standing(r.Standing[i])
		if rel.is(following) {
			f.count++
		}
	}
	f.arrived = r.Arrived
	if f.arrived == nil {
		f.arrived = map[relID]string{}
	}
	f.ordered()
	for _, id := range r.Consents {
		a.consents[id] = true
	}
	for _, saved := range in.Windows {
		w := &windows{}
		for act := range w {
			w[act].left, w[act].until = saved.Left[act], saved.Until[act]
		}
		a.windows[saved.Of] = w
	}
	return nil
}

func (l *loader) loadOutbox(a *account, in *savedAccount) error {
	for i := range in.Pending {
		p, err := in.Pending[i].load(a)
		if err != nil {
			return err
		}
		l.begin()
		a.outbox.queue = append(a.outbox.queue, p)
	}
	return nil
}

func (in *savedPush) load(a *account) (*push, error) {
	if in.From != noPerson {
		if err := a.followers.holds(in.From); err != nil {
			return nil, err
		}
	}
	return &push{in.ID, a, in.From, in.OpenID, in.Body, in.What, in.Tries, in.Again}, nil
}

func (l *loader) loadInbox(a *account, in *savedAccount) error {
	box := &a.inbox
	box.of = map[relID][]int32{}
	for i := range in.Single {
		e := in.Single[i].entry
		e.receiver = in.Single[i].Receiver
		if err := a.followers.holds(e.receiver); err != nil {
			return err
		}
		box.of[e.receiver] = append(box.of[e.receiver], int32(len(box.single))) //nolint:gosec // fewer than 2^31 entries
		box.single = append(box.single, &e)
	}
	for i := range in.Many {
		e := in.Many[i].entry
		e.receivers, e.toReceivers = in.Many[i].Receivers, true
		if err := a.followers.holdAll(e.receivers); err != nil {
			return err
		}
		box.mass = append(box.mass, &e)
	}
	return nil
}

func (f *followers) holdAll(set receivers) (err error) {
	set.each(func(id relID) {
		if missing := f.holds(id); missing != nil {
			err = missing
		}
	})
	return err
}

func (l *loader) loadMenus(a *account, in *savedAccount) error {
	menus := map[int64]*menu{}
	for _, m := range in.Menus {
		menus[m.ID] = &menu{m.Buttons, m.ID}
	}
	a.menu = menuState{current: menus[in.Menu], pulled: map[personID]pulledMenu{}}
	for _, p := range in.Pulled {
		a.menu.pulled[p.Person] = pulledMenu{menus[p.Menu], p.At}
	}
	return nil
}

func (l *loader) loadMaterials(a *account, in *savedAccount) error {
	a.materials.byMediaID = map[string]*picture{}
	for mediaID, id := range in.Library {
		p := l.pictures[id]
		if p == nil {
			return fmt.Errorf("no picture %q", id)
		}
		a.materials.byMediaID[mediaID] = p
	}
	for _, id := range in.Order {
		p := l.pictures[id]
		if p == nil {
			return fmt.Errorf("no picture %q", id)
		}
		a.materials.order = append(a.materials.order, p)
	}
	return nil
}

func (l *loader) loadDrafts(a *account, in *savedAccount) error {
	a.drafts.byMediaID = map[string]*draft{}
	for _, saved := range in.Drafts {
		pages, err := l.pagesOf(saved.Pages)
		if err != nil {
			return err
		}
		d := &draft{mediaID: saved.MediaID, pages: pages, updated: saved.Updated}
		for _, one := range saved.Articles {
			article, err := l.article(one)
			if err != nil {
				return err
			}
			d.articles = append(d.articles, article)
		}
		a.drafts.byMediaID[d.mediaID] = d
		a.drafts.order = append(a.drafts.order, d)
	}
	return nil
}

func (l *loader) loadMass(a *account, in *savedAccount) error {
	m := &in.Mass
	a.mass = massState{
		jobs: map[int64]*massJob{}, byClient: map[string]*massJob{}, speed: m.Speed, month: m.Month, received: m.Received,
		lastDay: m.LastDay, allDay: m.AllDay, allMonth: m.AllMonth, allCount: m.AllCount, verdicts: m.Verdicts,
	}
	for _, j := range m.Jobs {
		pages, err := l.pagesOf(j.Pages)
		if err != nil {
			return err
		}
		for _, set := range []receivers{j.Audience, j.Chosen} {
			if err := a.followers.holdAll(set); err != nil {
				return err
			}
		}
		job := &massJob{
			id: j.ID, dataID: j.DataID, clientID: j.ClientID, key: j.Key, mediaID: j.MediaID, base: j.Base,
			accepted: j.Accepted, ended: j.Ended, toAll: j.ToAll, content: j.Content, pages: pages,
			status: j.Status, finish: j.Finish, waiting: j.Waiting, audience: j.Audience, chosen: j.Chosen,
			total: j.Total, filtered: j.Filtered, sent: j.Sent, errors: j.Errors,
		}
		a.mass.jobs[job.id], a.mass.byClient[job.key] = job, job
		a.mass.order = append(a.mass.order, job)
	}
	return nil
}
