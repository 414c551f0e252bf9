package staff

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"guiyi/domain"
	"guiyi/handler/web"
	"guiyi/service/migration"
)

// askPlatform is how long a page waits for the platform before it shows what we last knew.
const askPlatform = 3 * time.Second

type migrationPage struct {
	progress
	View     migration.View
	Steps    []stateStep
	Facts    factsForm
	Approval approvalForm
	Rows     []mapRow
	Plan     *migration.Plan // only where it can be started from this page
	Editable bool            // draft or approved, and the person may
	May      may
	Fault    string
	Oob      bool // the list of blockers goes out beside another fragment
}

// may is what the person at the desk can do here and now.
type may struct{ Write, Approve, Start, Pause, Resume, Cancel bool }

// stateStep is one station of the drawing.
type stateStep struct {
	Name string
	Past bool
	Here bool
}

var stations = []domain.MigrationState{
	domain.MigrationDraft, domain.MigrationApproved, domain.MigrationAnnounced, domain.MigrationNotifying,
	domain.MigrationStopped, domain.MigrationArchived, domain.MigrationCancelling, domain.MigrationClosed,
}

func stepsOf(at domain.MigrationState) []stateStep {
	steps := make([]stateStep, 0, len(stations))
	past := true
	for _, s := range stations {
		here := s == at
		past = past && !here
		steps = append(steps, stateStep{s.Label(), past && at != domain.MigrationCancelled, here})
	}
	return steps
}

// factsForm is the form as it was filled in, so that a refusal does not empty it.
type factsForm struct {
	StopOn    string `form:"stop_on"`
	CancelOn  string `form:"cancel_on"`
	Reason    string `form:"reason"`
	HasteWhy  string `form:"haste_why"`
	ArchiveAt string `form:"archive_at"`
	DataNote  string `form:"data_note"`
	OpenNote  string `form:"open_note"`
}

func (f factsForm) facts() (migration.Facts, error) {
	stop, err1 := domain.ParseDay(f.StopOn)
	end, err2 := domain.ParseDay(f.CancelOn)
	return migration.Facts{
		StopOn: stop, CancelOn: end, Reason: f.Reason, HasteWhy: f.HasteWhy, ArchiveAt: f.ArchiveAt, DataNote: f.DataNote, OpenNote: f.OpenNote,
	}, errors.Join(err1, err2)
}

func factsOf(m domain.Migration) factsForm {
	return factsForm{string(m.StopOn), string(m.CancelOn), m.Reason, m.HasteWhy, m.ArchiveAt, m.DataNote, m.OpenNote}
}

// migrationOf finds the migration of the address: the open one of an account ("A3"), or any by its id.
func (d *Desk) migrationOf(c *gin.Context) (migration.View, error) {
	ref := c.Param("ref")
	v, err := d.Migration.Find(c.Request.Context(), ref)
	if errors.Is(err, domain.ErrNotFound) {
		return d.Migration.Get(c.Request.Context(), ref)
	}
	return v, err
}

func (d *Desk) showMigration(c *gin.Context) error {
	v, err := d.migrationOf(c)
	if err != nil {
		return err
	}
	if web.Partial(c) {
		p, err := d.pulse(c)
		if err != nil {
			return err
		}
		return d.door.Fragment(c, http.StatusOK, "migration", "progress", migrationPage{progress: d.progressOf(v.Summary, p), View: v})
	}
	return d.migrationPage(c, http.StatusOK, v, factsOf(v.Migration), "")
}

func (d *Desk) migrationPage(c *gin.Context, status int, v migration.View, f factsForm, fault string) error {
	p, err := d.pulse(c)
	if err != nil {
		return err
	}
	page := migrationPage{progress: d.progressOf(v.Summary, p), View: v, Steps: stepsOf(v.Migration.State), Facts: f, Fault: fault}
	page.Approval = approvalForm{c.PostForm("document_no"), c.PostForm("approved_by")} // a refusal does not empty it
	page.May = mayDo(who(c), v)
	page.Editable = page.May.Write
	if page.Rows, err = d.mapRows(c, v, page.Editable); err != nil {
		return err
	}
	if page.May.Start {
		ctx, cancel := context.WithTimeout(c.Request.Context(), askPlatform)
		defer cancel()
		plan, err := d.Migration.Plan(ctx, v.Migration.ID)
		if err != nil {
			return err
		}
		page.Plan = &plan
	}
	return d.door.Page(c, status, "migration", page)
}

func mayDo(me domain.Staff, v migration.View) may {
	draft, approved := v.Migration.State == domain.MigrationDraft, v.Migration.State == domain.MigrationApproved
	paused := !v.Migration.PausedAt.IsZero()
	return may{
		Write:   (draft || approved) && me.Can(domain.MigrationWrite),
		Approve: draft && me.Can(domain.MigrationApprove),
		Start:   approved && me.Can(domain.MigrationRun),
		Pause:   v.Running && me.Can(domain.MigrationRun),
		Resume:  paused && me.Can(domain.MigrationRun),
		Cancel:  (draft || approved) && me.Can(domain.MigrationWrite),
	}
}

// act does one thing to the migration of the address and shows its page again. A refusal comes back on the page, as a sentence.
func (d *Desk) act(c *gin.Context, word string, do func(ctx context.Context, by domain.Actor, id string) error) error {
	v, err := d.migrationOf(c)
	if err != nil {
		return err
	}
	err = do(c.Request.Context(), who(c).Actor(), v.Migration.ID)
	text, refused := web.FormFault(err)
	if err != nil && !refused {
		return err
	}
	answer := web.AnswerTo(err)
	if v, err = d.Migration.Get(c.Request.Context(), v.Migration.ID); err != nil { // a colleague may have moved it, and its address changes when it is cancelled
		return err
	}
	if refused {
		return d.migrationPage(c, answer.Status, v, factsOf(v.Migration), text)
	}
	return web.Redirect(c, done(selfOf(v.Summary), word))
}

func (d *Desk) editFacts(c *gin.Context) error {
	var form factsForm
	if err := web.Bind(c, &form); err != nil {
		return err
	}
	v, err := d.migrationOf(c)
	if err != nil {
		return err
	}
	facts, err := form.facts()
	if err == nil {
		err = d.Migration.Edit(c.Request.Context(), who(c).Actor(), v.Migration.ID, facts)
	}
	if text, ok := web.FormFault(err); ok {
		return d.migrationPage(c, web.AnswerTo(err).Status, v, form, text)
	}
	if err != nil {
		return err
	}
	return web.Redirect(c, done(selfOf(v.Summary), "facts"))
}

func (d *Desk) readMenu(c *gin.Context) error { return d.act(c, "menu", d.Migration.ReadMenu) }

func (d *Desk) approve(c *gin.Context) error {
	var form approvalForm
	if err := web.Bind(c, &form); err != nil {
		return err
	}
	return d.act(c, "approved", func(ctx context.Context, by domain.Actor, id string) error {
		return d.Migration.Approve(ctx, by, id, form.DocumentNo, form.ApprovedBy)
	})
}

// approvalForm is the approval as it was filled in.
type approvalForm struct {
	DocumentNo string `form:"document_no"`
	ApprovedBy string `form:"approved_by"`
}

func (d *Desk) start(c *gin.Context) error { return d.act(c, "started", d.Migration.Start) }

func (d *Desk) pause(c *gin.Context) error { return d.because(c, "paused", d.Migration.Pause) }

func (d *Desk) resume(c *gin.Context) error { return d.act(c, "resumed", d.Migration.Resume) }

func (d *Desk) cancel(c *gin.Context) error { return d.because(c, "cancelled", d.Migration.Cancel) }

// because acts with a reason that the form gives.
func (d *Desk) because(c *gin.Context, word string, do func(ctx context.Context, by domain.Actor, id, why string) error) error {
	var form struct {
		Why string `form:"why"`
	}
	if err := web.Bind(c, &form); err != nil {
		return err
	}
	return d.act(c, word, func(ctx context.Context, by domain.Actor, id string) error { return do(ctx, by, id, form.Why) })
}

func (d *Desk) showPlan(c *gin.Context) error {
	v, err := d.migrationOf(c)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(c.Request.Context(), askPlatform)
	defer cancel()
	plan, err := d.Migration.Plan(ctx, v.Migration.ID)
	if err != nil {
		return err
	}
	return d.door.Page(c, http.StatusOK, "plan", planPage{plan, selfOf(v.Summary)})
}

type planPage struct {
	migration.Plan
	Self string
}

type announcementPage struct {
	migration.View
	Draft domain.Draft
	Self  string
}

func (d *Desk) showAnnouncement(c *gin.Context) error {
	v, err := d.migrationOf(c)
	if err != nil {
		return err
	}
	draft, err := d.Migration.Announcement(c.Request.Context(), v.Migration.ID)
	if err != nil {
		return err
	}
	return d.door.Page(c, http.StatusOK, "announcement", announcementPage{v, draft, selfOf(v.Summary)})
}

// article is the text of the announcement as it will be sent, for the frame on its page. It comes with its own styles, as every
// article does, so it gets a policy of its own: nothing but styles and pictures, and no door to the page around it.
func (d *Desk) article(c *gin.Context) error {
	v, err := d.migrationOf(c)
	if err != nil {
		return err
	}
	draft, err := d.Migration.Announcement(c.Request.Context(), v.Migration.ID)
	if err != nil {
		return err
	}
	c.Header("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox; frame-ancestors 'self'")
	c.Header("X-Frame-Options", "SAMEORIGIN")
	page := `<!doctype html><html lang="zh-CN"><meta charset="utf-8"><meta name="viewport" content="width=device-width">` +
		`<style>body{margin:16px;background:#fff;font-family:system-ui,"PingFang SC","Microsoft YaHei","Noto Sans CJK SC",sans-serif}</style>` +
		draft.Content
	c.Data(http.StatusOK, "text/html; charset=utf-8", []byte(page))
	return nil
}

type batchesPage struct {
	Title   string
	Wave    domain.Wave
	Batches []domain.Batch
	Self    string
	Next    int // number to go on behind, 0 on the last page
}

const batchesShown = 50 // as many as the room gives at a time

func (d *Desk) showWave(c *gin.Context) error {
	v, err := d.migrationOf(c)
	if err != nil {
		return err
	}
	var q struct {
		After int `form:"after"`
	}
	if err := web.Bind(c, &q); err != nil {
		return err
	}
	for _, w := range v.Waves {
		if w.ID != c.Param("wave") {
			continue
		}
		list, err := d.Migration.Batches(c.Request.Context(), w.ID, q.After)
		if err != nil {
			return err
		}
		page := batchesPage{Title: v.Old.Name, Wave: w, Batches: list, Self: selfOf(v.Summary)}
		if len(list) == batchesShown {
			page.Next = list[len(list)-1].Number
		}
		return d.door.Page(c, http.StatusOK, "wave", page)
	}
	return domain.ErrNotFound
}

// Told tells how many the platform says it reached, in words.
func (batchesPage) Told(b domain.Batch) string {
	if b.Result.Status == "" {
		return "—"
	}
	var words []string
	for _, n := range []struct {
		name string
		n    int
	}{{"受众", b.Result.Total}, {"过滤后", b.Result.Filter}, {"送达", b.Result.Sent}, {"失败", b.Result.Failed}} {
		words = append(words, n.name+" "+web.Number(n.n))
	}
	return strings.Join(words, "，")
}
