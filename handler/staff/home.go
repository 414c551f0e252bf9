package staff

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"guiyi/domain"
)

// task is one thing that waits for somebody.
type task struct {
	Mood string // colour
	What string // 等待批准
	Who  string // the account
	Why  []string
	Path string
	Mine bool // the person at the desk may do it
}

type homePage struct {
	Name   string
	Day    domain.Day
	Pulse  pulse
	Tasks  []task
	Moving []progress // under way, with bars
}

// Running tells whether anything has to be asked for again.
func (p homePage) Running() bool { return len(p.Moving) > 0 }

func (d *Desk) home(c *gin.Context) error {
	me := who(c)
	page := homePage{Name: me.Name, Day: d.now().Day()}
	var err error
	if page.Pulse, err = d.pulse(c); err != nil {
		return err
	}
	if me.Can(domain.MigrationRead) {
		list, err := d.Migration.List(c.Request.Context())
		if err != nil {
			return err
		}
		for _, s := range list {
			row := d.progressOf(s, page.Pulse)
			if row.Moving {
				page.Moving = append(page.Moving, row)
			}
			if t, ok := taskOf(me, row); ok {
				page.Tasks = append(page.Tasks, t)
			}
		}
	}
	if me.Can(domain.AccountsRead) {
		tasks, err := d.verificationTasks(c)
		if err != nil {
			return err
		}
		page.Tasks = append(page.Tasks, tasks...)
	}
	return d.door.Show(c, http.StatusOK, "home", "today", page)
}

func taskOf(me domain.Staff, p progress) (task, bool) {
	t := task{Who: p.Old.Name, Path: p.Self, Why: p.Blockers}
	switch {
	case !p.Migration.PausedAt.IsZero():
		t.Mood, t.What, t.Mine = "red", "暂停了，等人处理", me.Can(domain.MigrationRun)
	case p.Migration.State == domain.MigrationDraft && len(p.Blockers) > 1: // the last blocker is always "not approved"
		t.Mood, t.What, t.Mine, t.Why = "yellow", "资料还没有填完", me.Can(domain.MigrationWrite), p.Blockers[:len(p.Blockers)-1]
	case p.Migration.State == domain.MigrationDraft:
		t.Mood, t.What, t.Mine, t.Why = "blue", "等待批准", me.Can(domain.MigrationApprove), nil
	case p.Migration.State == domain.MigrationApproved:
		t.Mood, t.What, t.Mine = "blue", "已批准，可以开始", me.Can(domain.MigrationRun)
	case p.Migration.State.Started() && p.Tally.Unknown > 0 && !p.Running:
		t.Mood, t.What, t.Mine = "yellow", "有人的结果不明", me.Can(domain.MigrationRun)
	default:
		return task{}, false
	}
	return t, true
}

func (d *Desk) verificationTasks(c *gin.Context) ([]task, error) {
	list, err := d.Accounts.List(c.Request.Context())
	if err != nil {
		return nil, err
	}
	var tasks []task
	for _, a := range list {
		if v := d.verificationOf(a); v.Mood() != "green" {
			tasks = append(tasks, task{
				Mood: v.Mood(), What: v.Words(), Who: a.Name, Path: Prefix + "/accounts/" + a.Key, Mine: who(c).Can(domain.AccountsWrite),
			})
		}
	}
	return tasks, nil
}
