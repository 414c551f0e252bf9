package migration_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"guiyi/domain"
	"guiyi/repository"
	"guiyi/repository/repotest"
	"guiyi/service"
	"guiyi/service/migration"
)

var clerk = domain.Actor{ID: "staff-1", Name: "演示员甲"}

// platform plays WeChat: it remembers who received what, honours the duplicate guard, and can be told to fail.
type platform struct {
	mu        sync.Mutex
	followers []domain.OpenID
	blacklist []domain.OpenID
	menu      []domain.MenuButton
	pageSize  int
	received  map[domain.OpenID]int // mass messages and texts a person got
	jobs      map[string]int64      // clientmsgid → job
	audiences map[int64][]domain.OpenID
	drafts    map[string]bool
	calls     int
	before    func(call string) error // called before the effect
	after     func(call string) error // called after the effect
	status    string                  // what MassStatus answers
	failing   bool                    // the next job is taken and then fails as a whole
	failed    map[int64]bool
	since     map[domain.OpenID]domain.Instant // when somebody followed, if not long ago
}

func (p *platform) enter(call string) error {
	p.calls++
	if p.before != nil {
		return p.before(call)
	}
	return nil
}

func (p *platform) leave(call string) error {
	if p.after != nil {
		return p.after(call)
	}
	return nil
}

func (p *platform) Followers(_ context.Context, _, next string) ([]domain.OpenID, string, int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.enter("followers"); err != nil {
		return nil, "", 0, err
	}
	start := 0
	for i, o := range p.followers {
		if o.Reveal() == next {
			start = i + 1
		}
	}
	page := p.followers[start:min(start+p.pageSize, len(p.followers))]
	if len(page) == 0 {
		return nil, "", len(p.followers), p.leave("followers")
	}
	return page, page[len(page)-1].Reveal(), len(p.followers), p.leave("followers")
}

func (p *platform) Blacklist(context.Context, string, string) ([]domain.OpenID, string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.blacklist, "", p.enter("blacklist")
}

func (p *platform) FollowedAt(_ context.Context, _ string, openids []domain.OpenID) (map[domain.OpenID]domain.Instant, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	since := map[domain.OpenID]domain.Instant{}
	for _, o := range openids {
		since[o] = max(p.since[o], 1)
	}
	return since, p.enter("batchget")
}

func (p *platform) UploadArticleImage(context.Context, string, string, []byte) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return "http://mmbiz.qpic.cn/qr", p.enter("uploadimg")
}

func (p *platform) AddImage(context.Context, string, string, []byte) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return "cover-media", p.enter("add_material")
}

func (p *platform) AddDraft(_ context.Context, _ string, d domain.Draft) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := errors.Join(d.Check(), p.enter("draft")); err != nil {
		return "", err
	}
	id := fmt.Sprintf("draft-%d", len(p.drafts)+1)
	p.drafts[id] = true
	return id, p.leave("draft")
}

func (p *platform) MassSendAll(_ context.Context, _, mediaID, guard string) (int64, error) {
	return p.mass("sendall", p.followers, mediaID, guard)
}

func (p *platform) MassSendOpenIDs(_ context.Context, _ string, to []domain.OpenID, mediaID, guard string) (int64, error) {
	return p.mass("send", to, mediaID, guard)
}

func (p *platform) mass(call string, to []domain.OpenID, mediaID, guard string) (int64, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.enter(call); err != nil {
		return 0, err
	}
	if job, ok := p.jobs[guard]; ok {
		return 0, &domain.PlatformError{Code: 45065, Remedy: domain.RemedyAlready, MsgID: job, Kind: domain.ErrConflict}
	}
	if !p.drafts[mediaID] {
		return 0, &domain.PlatformError{Code: 40007, Remedy: domain.RemedyRequest, Kind: domain.ErrInvalid}
	}
	delete(p.drafts, mediaID)
	job := int64(1000000000 + len(p.audiences))
	p.jobs[guard] = job
	p.audiences[job] = to
	if p.failing {
		p.failing, p.failed[job] = false, true
		to = nil
	}
	for _, o := range to {
		if !p.blocked(o) {
			p.received[o]++
		}
	}
	return job, p.leave(call)
}

func (p *platform) blocked(o domain.OpenID) bool {
	return slices.Contains(p.blacklist, o)
}

func (p *platform) MassStatus(context.Context, string, int64) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.status, p.enter("mass_get")
}

// SendText lets go of the lock before the after hook, so that the hook may let a second worker send as well.
func (p *platform) SendText(_ context.Context, _ string, to domain.OpenID, _ string) error {
	p.mu.Lock()
	err := p.enter("custom")
	if err == nil {
		p.received[to]++
	}
	p.mu.Unlock()
	if err != nil {
		return err
	}
	return p.leave("custom")
}

func (p *platform) Menu(context.Context, string) ([]domain.MenuButton, error) { return p.menu, nil }

func (p *platform) CreateSceneQR(context.Context, string, string) (string, string, error) {
	return "ticket", "http://weixin.qq.com/q/1", nil
}

// catalogue knows one matter.
type catalogue struct{}

func (catalogue) Destination(_ context.Context, kind domain.DestinationKind, ref string) (domain.Destination, error) {
	if ref != "S026" {
		return domain.Destination{}, domain.Refuse(domain.ErrNotFound, "no_matter", "没有这个事项")
	}
	return domain.Destination{Kind: kind, Ref: ref, Name: "儿童预防接种预约", Path: "/services/S026", Offline: "卫生路8号，0000-6000104"}, nil
}

func (c catalogue) Keyword(ctx context.Context, text string) ([]domain.Destination, bool, error) {
	if text != "疫苗" {
		return nil, false, nil
	}
	d, err := c.Destination(ctx, domain.ToMatter, "S026")
	return []domain.Destination{d}, true, err
}

// bell remembers that it rang.
type bell struct{ rings int }

func (b *bell) Ring(context.Context, string, int) error { b.rings++; return nil }

// town is one old account with its followers, ready to be moved.
type town struct {
	*migration.Service
	t        *testing.T
	store    *repository.Store
	platform *platform
	bell     *bell
	clock    time.Time
	id       string
	old      domain.Account
}

func newTown(t *testing.T, store *repository.Store, kind domain.AccountKind, followers int) *town {
	t.Helper()
	w := &town{t: t, store: store, bell: &bell{}, clock: repotest.Noon, platform: &platform{
		pageSize: 40, received: map[domain.OpenID]int{}, jobs: map[string]int64{}, audiences: map[int64][]domain.OpenID{},
		drafts: map[string]bool{}, failed: map[int64]bool{}, since: map[domain.OpenID]domain.Instant{}, status: "SENDING",
		menu: []domain.MenuButton{{Name: "看病打针", Children: []domain.MenuButton{{Name: "儿童接种", Type: "click", Key: "VAC"}, {Name: "报告查询", Type: "view", URL: "http://old/report"}}}},
	}}
	for i := range followers {
		w.platform.followers = append(w.platform.followers, domain.OpenID(fmt.Sprintf("oFollower%018d", (i*7919)%100003)))
	}
	env := service.Env{Now: func() time.Time { return w.clock }, NewID: repotest.IDs(), Log: slog.New(slog.DiscardHandler)}
	w.Service = migration.New(env, store, w.platform, catalogue{}, w.bell, migration.Options{
		BaseURL: "https://town.example/", MassBatch: 30, PersonalGroup: 25, Parallel: 4,
	})
	w.old = w.account("A3", domain.RoleOld, kind, "汀兰卫生院")
	w.account("town", domain.RoleTown, domain.AccountService, "汀兰服务")
	return w
}

func (w *town) account(key string, role domain.AccountRole, kind domain.AccountKind, name string) domain.Account {
	a := domain.Account{
		ID: "account-" + key, Key: key, Role: role, Kind: kind, Name: name, WeChatID: "demo_" + key, OriginalID: "gh_" + key,
		AppID: "wx" + key, Subject: "汀兰镇(演示)", HostUnit: "卫生院", Phone: "0000-6000104", Followers: len(w.platform.followers),
	}
	w.must(w.store.InsertAccount(w.t.Context(), a, domain.Credentials{AppSecret: "s"}))
	return a
}

func (w *town) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// approved drafts, maps and approves the migration.
func (w *town) approved() *town {
	w.t.Helper()
	ctx := w.t.Context()
	m, err := w.Draft(ctx, clerk, "A3")
	w.must(err)
	w.id = m.ID
	w.mapAll()
	w.must(w.Approve(ctx, clerk, m.ID, "汀政函〔2026〕8号", "李四"))
	return w
}

func (w *town) mapAll() {
	w.t.Helper()
	v := w.view()
	for _, e := range v.Entries {
		if e.Name == "报告查询" {
			w.must(w.Map(w.t.Context(), clerk, w.id, e.ID, domain.ToEnd, "", "请到卫生院窗口打印"))
		} else {
			w.must(w.Map(w.t.Context(), clerk, w.id, e.ID, domain.ToMatter, "S026", ""))
		}
	}
}

// started starts it as well.
func (w *town) started() *town {
	w.t.Helper()
	w.approved()
	w.must(w.Start(w.t.Context(), clerk, w.id))
	return w
}

func (w *town) view() migration.View {
	w.t.Helper()
	v, err := w.Get(w.t.Context(), w.id)
	w.must(err)
	if v.Tally.Sum() != v.Tally.Total {
		w.t.Fatalf("the counts do not add up: %+v", v.Tally)
	}
	return v
}

// work lets a worker take one turn.
func (w *town) work() migration.View {
	w.t.Helper()
	m, err := w.store.Migration(w.t.Context(), w.id)
	w.must(err)
	w.must(w.Work(w.t.Context(), w.id, m.LeaseTurn))
	return w.view()
}

// report lets the platform report every job it took as fully delivered, except to the blacklisted.
func (w *town) report() {
	w.t.Helper()
	for _, job := range w.platform.jobs {
		if w.platform.failed[job] {
			w.reportAs(domain.MassFinish{MsgID: job, Status: "send fail"})
			continue
		}
		sent := 0
		for _, o := range w.platform.audiences[job] {
			if !w.platform.blocked(o) {
				sent++
			}
		}
		total := len(w.platform.audiences[job])
		w.reportAs(domain.MassFinish{MsgID: job, Status: "send success", Total: total, Filter: sent, Sent: sent})
	}
}

func (w *town) reportAs(f domain.MassFinish) {
	w.t.Helper()
	w.must(w.Observe(w.t.Context(), domain.Inbound{
		AccountID: w.old.ID, Type: "event", Event: "MASSSENDJOBFINISH", MassFinish: &f, CreatedAt: domain.At(w.clock),
	}))
}

// finish works and reports until every wave is done, or fails the test after many turns.
func (w *town) finish() migration.View {
	w.t.Helper()
	for range 100 {
		v := w.work()
		if v.Percent == 100 {
			return v
		}
		if !v.Migration.PausedAt.IsZero() {
			w.must(w.Resume(w.t.Context(), clerk, w.id))
		}
		w.report()
		w.clock = w.clock.Add(time.Minute)
	}
	w.t.Fatalf("not finished: %+v", w.view().Migration)
	return migration.View{}
}

// everyoneOnce fails unless every follower who can be reached got exactly one message and nobody else got any.
func (w *town) everyoneOnce() {
	w.t.Helper()
	for _, o := range w.platform.followers {
		want := 1
		if w.platform.blocked(o) {
			want = 0
		}
		if got := w.platform.received[o]; got != want {
			w.t.Fatalf("%s got %d messages, want %d", o, got, want)
		}
		delete(w.platform.received, o)
	}
	if len(w.platform.received) != 0 {
		w.t.Fatalf("%d strangers got a message", len(w.platform.received))
	}
}
