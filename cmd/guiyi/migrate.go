package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/schollz/progressbar/v3"

	"guiyi/domain"
	"guiyi/service/migration"
)

// withMigrations opens the rooms for one command about migrations.
func withMigrations(ctx context.Context, c call, do func(*app) error) error {
	a, err := open(ctx, c.Config, newEnv(c.Config, c.Err))
	if err != nil {
		return err
	}
	defer a.Close()
	return do(a)
}

func migrationList(ctx context.Context, c call) error {
	return withMigrations(ctx, c, func(a *app) error {
		list, err := a.migrations.List(ctx)
		if err != nil {
			return err
		}
		if len(list) == 0 {
			_, _ = fmt.Fprintln(c.Out, "还没有整合安排：请在工作台新建")
			return nil
		}
		w := tabwriter.NewWriter(c.Out, 0, 0, 2, ' ', 0)
		_, _ = fmt.Fprintln(w, "CODE\t旧账号\t状态\t关注者\t已送达\t进度\t离停更")
		for _, m := range list {
			_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%d\t%d%%\t%d 天\n", m.Old.Key, m.Old.Name, stateOf(m), max(m.Tally.Total, m.Old.Followers),
				m.Tally.Reached, m.Percent, m.DaysLeft)
		}
		return w.Flush()
	})
}

func stateOf(m migration.Summary) string {
	if !m.Migration.PausedAt.IsZero() {
		return "已暂停"
	}
	return m.Migration.State.Label()
}

func migrationPlan(ctx context.Context, c call, o migrationOptions) error {
	return withMigrations(ctx, c, func(a *app) error {
		v, err := a.find(ctx, o.Code)
		if err != nil {
			return err
		}
		p, err := a.migrations.Plan(ctx, v.Migration.ID)
		if err != nil {
			return err
		}
		writePlan(c.Out, p)
		return nil
	})
}

func writePlan(w io.Writer, p migration.Plan) {
	m := p.View.Migration
	if !p.Fresh {
		_, _ = fmt.Fprintln(w, "平台没有回答，下面的关注者人数是上次知道的。")
	}
	_, _ = fmt.Fprintf(w, "%s → %s　%d 位关注者　停更 %s　注销 %s\n\n", p.View.Old.Name, p.View.Town.Name, p.Followers, m.StopOn, m.CancelOn)
	for _, pw := range p.Waves {
		_, _ = fmt.Fprintf(w, "第 %d 波　%s（%s）　至多 %d 人，%d 次调用\n　　　　%s\n", pw.Wave.Number, pw.Wave.Kind.Label(), pw.Wave.Channel.Label(),
			pw.Upper, pw.Calls, pw.Quota)
	}
	for _, part := range []struct {
		title string
		lines []string
	}{{"收不到群发的人", p.Missed}, {"认证过期时", p.Lapsed}, {"还不能开始", p.View.Blockers}} {
		if len(part.lines) > 0 {
			_, _ = fmt.Fprintf(w, "\n%s\n  · %s\n", part.title, strings.Join(part.lines, "\n  · "))
		}
	}
}

func migrationRun(ctx context.Context, c call, o migrationOptions) error {
	return withMigrations(ctx, c, func(a *app) error {
		v, err := a.find(ctx, o.Code)
		if err != nil {
			return err
		}
		if v.Migration.State.Started() {
			_, _ = fmt.Fprintf(c.Out, "%s已经开始\n", v.Old.Name)
		} else {
			if err := a.migrations.Start(ctx, actor(), v.Migration.ID); err != nil {
				return err
			}
			_, _ = fmt.Fprintf(c.Out, "%s开始告知关注者\n", v.Old.Name)
		}
		if !o.Watch {
			return nil
		}
		return a.watch(ctx, c, v.Migration.ID)
	})
}

// watch draws the progress until every wave is done. A pause ends it too: then somebody has to look.
func (a *app) watch(ctx context.Context, c call, id string) error {
	bar := progressbar.NewOptions(100, progressbar.OptionSetWriter(c.Err), progressbar.OptionSetWidth(40),
		progressbar.OptionSetElapsedTime(true), progressbar.OptionSetPredictTime(false), progressbar.OptionSetDescription("告知进度"),
		progressbar.OptionClearOnFinish())
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for {
		v, err := a.migrations.Get(ctx, id)
		if err != nil {
			return err
		}
		bar.Describe(fmt.Sprintf("%s  已送达 %d / %d", v.Migration.Engine, v.Tally.Reached, v.Tally.Total))
		_ = bar.Set(v.Percent)
		if !v.Running {
			_ = bar.Finish()
			return report(c, v)
		}
		select {
		case <-ctx.Done():
			_ = bar.Exit()
			_, _ = fmt.Fprintln(c.Err, "\n告知在后台继续；随时可用 guiyi migration status 查看")
			return ctx.Err()
		case <-tick.C:
		}
	}
}

func migrationStatus(ctx context.Context, c call, o migrationOptions) error {
	return withMigrations(ctx, c, func(a *app) error {
		v, err := a.find(ctx, o.Code)
		if err != nil {
			return err
		}
		return report(c, v)
	})
}

// report prints the counts; they add up. Somebody has to look when it is paused or people's fates are unknown.
func report(c call, v migration.View) error {
	t := v.Tally
	_, _ = fmt.Fprintf(c.Out, "%s　%s　%d%%　%s\n", v.Old.Name, stateOf(v.Summary), v.Percent, v.Migration.Engine)
	w := tabwriter.NewWriter(c.Out, 0, 0, 2, ' ', 0)
	for _, row := range []struct {
		label string
		n     int
	}{
		{"已送达", t.Reached},
		{"已受理，待确认", t.Unconfirmed},
		{"未送达，平台未说明是谁", t.NotDelivered},
		{"被平台过滤", t.Filtered},
		{"已取消关注", t.Left},
		{"无法送达", t.Unreachable},
		{"结果不明", t.Unknown},
		{"正在发送", t.Sending},
		{"待发送", t.Pending},
		{"合计", t.Total},
	} {
		_, _ = fmt.Fprintf(w, "  %s\t%d\n", row.label, row.n)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	switch {
	case !v.Migration.PausedAt.IsZero():
		return foundError("已暂停：" + v.Migration.PauseWhy)
	case t.Unknown > 0:
		return foundError(fmt.Sprintf("%d 人结果不明，请在工作台查看批次", t.Unknown))
	default:
		return nil
	}
}

// find looks a migration up by the key of its old account.
func (a *app) find(ctx context.Context, code string) (migration.View, error) {
	v, err := a.migrations.Find(ctx, code)
	if errors.Is(err, domain.ErrNotFound) {
		return v, domain.Refuse(domain.ErrNotFound, "no_migration", "没有编号为 "+code+" 的整合安排；guiyi migration list 列出全部")
	}
	return v, err
}
