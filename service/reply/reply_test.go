package reply_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"guiyi/domain"
	"guiyi/repository/repotest"
	"guiyi/service"
	"guiyi/service/matter"
	"guiyi/service/reply"
)

const base = "https://town.example"

// accounts knows the town's account and one old one.
type accounts struct{}

func (accounts) Account(_ context.Context, id string) (domain.Account, error) {
	switch id {
	case "new":
		return domain.Account{ID: id, Key: "town", Role: domain.RoleTown}, nil
	case "old":
		return domain.Account{ID: id, Key: "A3", Role: domain.RoleOld}, nil
	}
	return domain.Account{}, domain.ErrNotFound
}

// moved is the list of old accounts.
type moved []domain.MovedAccount

func (m moved) MovedAccounts(context.Context) ([]domain.MovedAccount, error) { return m, nil }

func (m moved) MovedAccount(_ context.Context, key string) (domain.MovedAccount, error) {
	for _, a := range m {
		if a.Key == key {
			return a, nil
		}
	}
	return domain.MovedAccount{}, domain.ErrNotFound
}

var hospital = domain.MovedAccount{
	Key: "A3", Name: "汀兰卫生院", StopOn: "2026-12-22", CancelOn: "2027-02-20",
	Entries: []domain.MappedEntry{
		{Name: "儿童接种", Kind: domain.ToMatter, Ref: "S026", Successor: "儿童预防接种预约", Path: "/services/S026"},
		{Name: "报告查询", Kind: domain.ToEnd, Successor: "不再提供"},
	},
}

func voice(t *testing.T, old ...domain.MovedAccount) *reply.Service {
	t.Helper()
	env := service.Env{Now: func() time.Time { return repotest.Noon }, NewID: repotest.IDs(), Log: slog.New(slog.DiscardHandler)}
	catalogue := matter.New(env, repotest.SQLite(t))
	if _, err := catalogue.Import(t.Context(), os.DirFS("../../cmd/guiyi/town")); err != nil {
		t.Fatal(err)
	}
	return reply.New(env, accounts{}, catalogue, moved(old), base+"/")
}

func text(content string) domain.Inbound {
	return domain.Inbound{AccountID: "new", Type: "text", Content: content}
}

func event(name, key string) domain.Inbound {
	return domain.Inbound{AccountID: "new", Type: "event", Event: name, EventKey: key}
}

func TestRespond(t *testing.T) {
	s := voice(t, hospital)
	for name, c := range map[string]struct {
		in   domain.Inbound
		want []string
	}{
		"a follow":                         {event("subscribe", ""), []string{"欢迎关注“汀兰服务”", "/services/S026", "/elder", "/moved"}},
		"a follow from an old account":     {event("subscribe", "qrscene_mig-A3"), []string{"从“汀兰卫生院”来到“汀兰服务”", "儿童接种：<a", "/services/S026", "/moved/A3", "报告查询：不再提供", "不会以“账号迁移”为由"}},
		"a scan by somebody who follows":   {event("SCAN", "mig-A3"), []string{"从“汀兰卫生院”来到", "/moved/A3"}},
		"a code of a forgotten account":    {event("subscribe", "qrscene_mig-A9"), []string{"欢迎关注“汀兰服务”"}},
		"a tap on 停水停电":                    {event("CLICK", "Q01"), []string{"0000-6000201", "0000-6000202", "/query/Q01"}},
		"a tap on 最新通知":                    {event("CLICK", "NOTICE_LATEST"), []string{"/notices", "/moved"}},
		"a tap on 旧号去哪了":                   {event("CLICK", "MIGRATION_HELP"), []string{"汀兰卫生院（2026年12月22日停更）", "/moved/A3"}},
		"a tap on an entry of last year":   {event("CLICK", "GONE"), []string{"大家常用的是", "0000-6000101"}},
		"停电":                               {text("停电"), []string{"0000-6000201", "/query/Q01"}},
		"打针":                               {text("打针"), []string{"/services/S026", "/services/S027", "预防接种证"}},
		"身份证 with papers, place and hours": {text("补办身份证"), []string{"/services/S033", "要带：户口簿", "8号窗", "周六"}},
		"生娃":                               {text("生娃"), []string{"/bundles/B1"}},
		"补贴":                               {text("有什么补贴"), []string{"/query/Q09"}},
		"a word only the search knows":     {text("高龄津贴怎么领"), []string{"/services/S014"}},
		"人工":                               {text("人工"), []string{"0000-6000101", "12345", "08:30", "/hotline", "/message"}},
		"12345":                            {text("12345"), []string{"0000-6000101", "12345", "08:30", "/hotline", "/message"}},
		"旧号":                               {text("旧号去哪了"), []string{"/moved/A3"}},
		"nothing that fits":                {text("asdfgh"), []string{"/services/S026", "/services/S031", "/services/S029", "0000-6000101", "12345"}},
		"an empty text":                    {text(""), []string{"大家常用的是"}},
		"a picture":                        {domain.Inbound{AccountID: "new", Type: "image"}, []string{"只看得懂文字"}},
	} {
		t.Run(name, func(t *testing.T) {
			r, ok, err := s.Respond(t.Context(), c.in)
			if err != nil || !ok {
				t.Fatalf("%v, %v", ok, err)
			}
			for _, want := range c.want {
				if !strings.Contains(r.Text, want) {
					t.Errorf("no %q in\n%s", want, r.Text)
				}
			}
			proper(t, r.Text)
		})
	}
}

var links = regexp.MustCompile(`<a href="([^"]*)">`)

// proper checks what holds for every answer.
func proper(t *testing.T, answer string) {
	t.Helper()
	if !strings.HasSuffix(answer, "\n紧急情况请拨打110、119、120。") {
		t.Errorf("the last line is missing in\n%s", answer)
	}
	if len(answer) > 2048 || !utf8.ValidString(answer) {
		t.Errorf("%d bytes", len(answer))
	}
	for _, l := range links.FindAllStringSubmatch(answer, -1) {
		if !strings.HasPrefix(l[1], base+"/") || strings.HasPrefix(l[1], base+"//") {
			t.Errorf("not an absolute address of ours: %s", l[1])
		}
	}
}

func TestRespond_leaves_alone(t *testing.T) {
	s := voice(t)
	for name, in := range map[string]domain.Inbound{
		"an old account":   {AccountID: "old", Type: "text", Content: "打针"},
		"an unfollow":      event("unsubscribe", ""),
		"a tap on a link":  event("VIEW", "https://town.example/services"),
		"a finished job":   {AccountID: "new", Type: "event", Event: "MASSSENDJOBFINISH", MsgID: "1"},
		"a reported place": event("LOCATION", ""),
	} {
		t.Run(name, func(t *testing.T) {
			if r, ok, err := s.Respond(t.Context(), in); ok || err != nil || !r.Silent() {
				t.Errorf("got %+v, %v, %v", r, ok, err)
			}
		})
	}
}

func TestRespond_never_outgrows_the_limit(t *testing.T) {
	many := make([]domain.MovedAccount, 0, 60)
	for i := range 60 {
		a := hospital
		a.Key, a.Name = fmt.Sprintf("A%d", i), strings.Repeat("很长的旧号名称", 3)
		for range 20 {
			a.Entries = append(a.Entries, hospital.Entries[0])
		}
		many = append(many, a)
	}
	s := voice(t, many...)
	for _, in := range []domain.Inbound{event("CLICK", "MIGRATION_HELP"), event("subscribe", "qrscene_mig-A0"), text(strings.Repeat("身份证", 200_000))} {
		r, ok, err := s.Respond(t.Context(), in)
		if err != nil || !ok {
			t.Fatalf("%v, %v", ok, err)
		}
		proper(t, r.Text)
	}
}
