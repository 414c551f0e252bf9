package migration_test

import (
	"errors"
	"strings"
	"testing"

	"guiyi/domain"
	"guiyi/repository/repotest"
	"guiyi/service/migration"
)

func refusal(err error) string {
	if refusal, ok := errors.AsType[*domain.Error](err); ok {
		return refusal.Code
	}
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestDraft(t *testing.T) {
	w := newTown(t, repotest.SQLite(t), domain.AccountService, 18600)
	m, err := w.Draft(t.Context(), clerk, "A3")
	w.must(err)
	w.id = m.ID

	t.Run("dates are proposed by the rules", func(t *testing.T) {
		if m.StopOn != "2026-12-23" || m.CancelOn != "2027-01-29" { // 31 days' notice, 30 days' freeze, 7 to confirm
			t.Errorf("stop %s, cancel %s", m.StopOn, m.CancelOn)
		}
	})
	t.Run("the old menu is read", func(t *testing.T) {
		v := w.view()
		if len(v.Entries) != 2 || v.Unmapped != 2 || v.Entries[0].Parent != "看病打针" || v.Entries[1].Target != "http://old/report" {
			t.Errorf("%+v", v.Entries)
		}
	})
	t.Run("a second one for the same account is refused", func(t *testing.T) {
		if _, err := w.Draft(t.Context(), clerk, "A3"); refusal(err) != "already_open" {
			t.Error(err)
		}
	})
	t.Run("the town's own account cannot be merged into itself", func(t *testing.T) {
		if _, err := w.Draft(t.Context(), clerk, "town"); refusal(err) != "not_old" {
			t.Error(err)
		}
	})
	t.Run("an unknown account is not found", func(t *testing.T) {
		if _, err := w.Draft(t.Context(), clerk, "A9"); !errors.Is(err, domain.ErrNotFound) {
			t.Error(err)
		}
	})
}

func TestEdit(t *testing.T) {
	good := migration.Facts{
		StopOn: "2026-12-25", CancelOn: "2027-02-01", Reason: "少关注几个号", ArchiveAt: "新账号", DataNote: "删除", OpenNote: "继续有效",
	}
	for _, c := range []struct {
		name   string
		change func(*migration.Facts)
		want   string
	}{
		{"complete facts are taken", func(*migration.Facts) {}, ""},
		{"29 days of notice without a reason", func(f *migration.Facts) { f.StopOn = "2026-12-21" }, "short_notice"},
		{"29 days of notice with a reason", func(f *migration.Facts) { f.StopOn, f.HasteWhy = "2026-12-21", "上级要求" }, ""},
		{"cancelled before it stops", func(f *migration.Facts) { f.CancelOn = "2026-12-24" }, "cancel_before_stop"},
		{"no dates", func(f *migration.Facts) { f.StopOn = "" }, "no_dates"},
		{"no reason", func(f *migration.Facts) { f.Reason = "  " }, "no_reason"},
		{"a reason of 81 characters", func(f *migration.Facts) { f.Reason = strings.Repeat("长", 81) }, "long_reason"},
		{"nothing about personal data", func(f *migration.Facts) { f.DataNote = "" }, "no_data_note"},
		{"nothing about open bookings", func(f *migration.Facts) { f.OpenNote = "" }, "no_open_note"},
		{"no place for old articles", func(f *migration.Facts) { f.ArchiveAt = "" }, "no_archive"},
		{"a note of 301 characters", func(f *migration.Facts) { f.DataNote = strings.Repeat("长", 301) }, "too_long"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newTown(t, repotest.SQLite(t), domain.AccountService, 10)
			m, err := w.Draft(t.Context(), clerk, "A3")
			w.must(err)
			f := good
			c.change(&f)
			if got := refusal(w.Edit(t.Context(), clerk, m.ID, f)); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
	t.Run("an edit after the approval takes the approval back", func(t *testing.T) {
		w := newTown(t, repotest.SQLite(t), domain.AccountService, 10).approved()
		w.must(w.Edit(t.Context(), clerk, w.id, good))
		if v := w.view(); v.Migration.State != domain.MigrationDraft || v.Migration.DocumentNo != "" {
			t.Errorf("%+v", v.Migration)
		}
		if err := w.Start(t.Context(), clerk, w.id); refusal(err) != "not_approved" {
			t.Error(err)
		}
	})
	t.Run("nothing changes once it has started", func(t *testing.T) {
		w := newTown(t, repotest.SQLite(t), domain.AccountService, 10).started()
		if err := w.Edit(t.Context(), clerk, w.id, good); refusal(err) != "moved_on" {
			t.Error(err)
		}
		if err := w.Map(t.Context(), clerk, w.id, w.view().Entries[0].ID, domain.ToMatter, "S026", ""); refusal(err) != "not_editable" {
			t.Error(err)
		}
		if err := w.Cancel(t.Context(), clerk, w.id, "不做了"); refusal(err) != "moved_on" {
			t.Error(err)
		}
	})
}

func TestMap(t *testing.T) {
	w := newTown(t, repotest.SQLite(t), domain.AccountService, 10)
	m, err := w.Draft(t.Context(), clerk, "A3")
	w.must(err)
	w.id = m.ID
	entry := w.view().Entries[0]

	t.Run("an unmapped entry blocks approval and start", func(t *testing.T) {
		if err := w.Approve(t.Context(), clerk, m.ID, "文号", "李四"); refusal(err) != "unmapped_entries" {
			t.Error(err)
		}
		if err := w.Start(t.Context(), clerk, m.ID); err == nil {
			t.Error("started")
		}
		if got := w.view().Blockers; len(got) != 2 {
			t.Errorf("the board says %v", got)
		}
	})
	t.Run("an end needs a way out", func(t *testing.T) {
		if err := w.Map(t.Context(), clerk, m.ID, entry.ID, domain.ToEnd, "", " "); refusal(err) != "no_offline" {
			t.Error(err)
		}
	})
	t.Run("a matter that does not exist is refused", func(t *testing.T) {
		if err := w.Map(t.Context(), clerk, m.ID, entry.ID, domain.ToMatter, "S999", ""); refusal(err) != "no_matter" {
			t.Error(err)
		}
	})
	t.Run("an entry of nobody is refused", func(t *testing.T) {
		if err := w.Map(t.Context(), clerk, m.ID, "nothing", domain.ToMatter, "S026", ""); !errors.Is(err, domain.ErrConflict) {
			t.Error(err)
		}
	})
	t.Run("a mapping survives reading the menu again", func(t *testing.T) {
		w.mapAll()
		w.must(w.ReadMenu(t.Context(), clerk, m.ID))
		v := w.view()
		if v.Unmapped != 0 || v.Entries[0].Successor != "儿童预防接种预约" || v.Entries[0].Offline != "卫生路8号，0000-6000104" {
			t.Errorf("%+v", v.Entries)
		}
	})
	t.Run("approval needs a document and a person", func(t *testing.T) {
		if err := w.Approve(t.Context(), clerk, m.ID, " ", "李四"); refusal(err) != "no_document" {
			t.Error(err)
		}
		w.must(w.Approve(t.Context(), clerk, m.ID, "文号", "李四"))
		if err := w.Approve(t.Context(), clerk, m.ID, "文号", "李四"); refusal(err) != "moved_on" {
			t.Errorf("a second time: %v", err)
		}
	})
}

func TestPlan(t *testing.T) {
	w := newTown(t, repotest.SQLite(t), domain.AccountService, 61).approved()
	p, err := w.Plan(t.Context(), w.id)
	w.must(err)
	if len(p.Waves) != 3 || p.Followers != 61 || !p.Fresh || p.Waves[1].Calls != 3 {
		t.Errorf("%+v", p)
	}
	if len(w.platform.received) != 0 || len(w.view().Waves) != 0 {
		t.Error("a plan did something")
	}
	t.Run("a subscription account cannot send to openids", func(t *testing.T) {
		w := newTown(t, repotest.SQLite(t), domain.AccountSubscription, 61).approved()
		p, err := w.Plan(t.Context(), w.id)
		w.must(err)
		for _, wave := range p.Waves {
			if wave.Wave.Channel == domain.ChannelMassOpenID {
				t.Errorf("%+v", wave)
			}
		}
	})
}

func TestAnnouncement(t *testing.T) {
	w := newTown(t, repotest.SQLite(t), domain.AccountService, 10).approved()
	d, err := w.Announcement(t.Context(), w.id)
	w.must(err)
	for _, part := range []string{
		"汀兰卫生院", "汀兰服务", "demo_town", "汀兰镇(演示)", // who moves where, and how to find it
		"2026年12月23日", "2027年1月6日", // stop and cancellation
		"儿童接种", "儿童预防接种预约", "阅读原文", "报告查询", "不再提供", "请到卫生院窗口打印", // every entry
		"历史文章里查看", "继续有效", "删除", "0000-6000104", "12345", // articles, open matters, data, phones
		"要求您转账、提供密码或者短信验证码", "感谢", "卫生院", "2026年11月22日",
	} {
		if !strings.Contains(d.Content, part) {
			t.Errorf("the announcement lacks %q", part)
		}
	}
	if err := d.Check(); err != nil {
		t.Error(err)
	}
	if strings.Contains(d.Content, "<a ") || d.SourceURL != "https://town.example/moved/A3" {
		t.Errorf("links in the body are lost on the way; 阅读原文 leads to %q", d.SourceURL)
	}
}
