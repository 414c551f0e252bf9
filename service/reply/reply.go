// Package reply is the voice of the town's account: what it answers at once to a follow, a tap on the menu or a word somebody
// writes. It answers from the catalogue with links and telephone numbers; it sends nothing by itself and takes no cases.
//
// The touch replies of old accounts are not here but in the migration's room.
package reply

import (
	"context"
	"fmt"
	"strings"

	"guiyi/domain"
	"guiyi/service"
)

// Catalogue is what the answers are made of; service/matter has it.
type Catalogue interface {
	Town(ctx context.Context) (domain.TownProfile, error)
	Get(ctx context.Context, id string) (domain.Matter, error)
	Keyword(ctx context.Context, text string) ([]domain.Destination, bool, error)
	Search(ctx context.Context, question string) ([]domain.Matter, error)
	MostUsed(ctx context.Context, n int) ([]domain.Matter, error)
	Topic(ctx context.Context, path string) (domain.Topic, error)
}

// Moved knows the old accounts; the migration's room has it.
type Moved interface {
	MovedAccounts(ctx context.Context) ([]domain.MovedAccount, error)
	MovedAccount(ctx context.Context, key string) (domain.MovedAccount, error)
}

// Accounts tells accounts apart; repository.Store has it.
type Accounts interface {
	Account(ctx context.Context, id string) (domain.Account, error)
}

// Service answers for the town's account.
type Service struct {
	env       service.Env
	accounts  Accounts
	catalogue Catalogue
	moved     Moved
	base      string
}

// New makes the service. publicURL is the address under which residents reach the pages.
func New(env service.Env, accounts Accounts, catalogue Catalogue, moved Moved, publicURL string) *Service {
	return &Service{env: env, accounts: accounts, catalogue: catalogue, moved: moved, base: strings.TrimRight(publicURL, "/")}
}

// Keys of the menu's click entries.
const (
	keyOutage  = "Q01"
	keyNotices = "NOTICE_LATEST"
	keyMoved   = "MIGRATION_HELP"
)

// scenePrefix begins the scene of the new account's code that an old account shows: mig-A3.
const scenePrefix = "mig-"

// Respond answers what reached the town's account. The second value is false when it is none of this room's business: another
// account, or something the platform shows no answer to.
func (s *Service) Respond(ctx context.Context, in domain.Inbound) (domain.Reply, bool, error) {
	if !in.Answerable() {
		return domain.Reply{}, false, nil
	}
	account, err := s.accounts.Account(ctx, in.AccountID)
	if err != nil {
		return domain.Reply{}, false, fmt.Errorf("find the account that was written to: %w", err)
	}
	if account.Role != domain.RoleTown {
		return domain.Reply{}, false, nil
	}
	town, err := s.catalogue.Town(ctx)
	if err != nil {
		return domain.Reply{}, false, fmt.Errorf("answer for %s: %w", account.Key, err)
	}
	l := newLetter(s.base, town)
	known, err := s.write(ctx, l, in)
	if err != nil || !known {
		return domain.Reply{}, false, err
	}
	return domain.Reply{Text: l.text()}, true, nil
}

// write chooses the answer; false when there is none.
func (s *Service) write(ctx context.Context, l *letter, in domain.Inbound) (bool, error) {
	switch {
	case in.Follow():
		return true, s.welcome(ctx, l, strings.TrimPrefix(in.EventKey, "qrscene_"))
	case in.Type == "event" && in.Event == "SCAN":
		return true, s.welcome(ctx, l, in.EventKey)
	case in.Type == "event" && in.Event == "CLICK":
		return true, s.tapped(ctx, l, in.EventKey)
	case in.Type == "text":
		return true, s.wrote(ctx, l, in.Content)
	case in.Type == "event":
		return false, nil
	default: // a picture, a voice message, a place: nobody looks at them here
		return true, s.help(ctx, l, "这里只看得懂文字。您可以写几个字，比如“打针”“身份证”。大家常用的是：")
	}
}

// welcome greets a new follower; people who came from an old account learn first where its services are.
func (s *Service) welcome(ctx context.Context, l *letter, scene string) error {
	key, migrated := strings.CutPrefix(scene, scenePrefix)
	if migrated {
		if old, err := s.moved.MovedAccount(ctx, key); err == nil {
			s.fromOld(l, old)
			return nil
		} // a code of an account we no longer know is as good as any: the general welcome follows
	}
	l.line("您好，欢迎关注“" + l.town.AccountName + "”！办事、查询、找人，点下面的菜单，或者直接写几个字。")
	l.gap()
	l.line("大家常用的：")
	if err := s.list(ctx, l, 6); err != nil {
		return err
	}
	l.link("全部办事指南", "/services")
	l.link("长辈版（大字）", "/elder")
	l.link("旧号去哪了", "/moved")
	l.phones()
	return nil
}

func (s *Service) fromOld(l *letter, old domain.MovedAccount) {
	l.line("您好，欢迎从“" + old.Name + "”来到“" + l.town.AccountName + "”！原来的服务在这里：")
	for _, e := range old.Entries {
		if e.Path != "" {
			l.linkTo(e.Name+"：", e.Successor, e.Path)
		} else {
			l.line(e.Name + "：不再提供，怎么办请看对照表")
		}
	}
	l.link("全部对照表和旧号的安排", "/moved/"+old.Key)
	l.line("我们不会以“账号迁移”为由要您转账、给密码或者验证码。")
	l.phones()
}

func (s *Service) tapped(ctx context.Context, l *letter, key string) error {
	switch key {
	case keyOutage:
		return s.topic(ctx, l, "/query/Q01")
	case keyNotices:
		return s.topic(ctx, l, "/notices")
	case keyMoved:
		return s.movedHelp(ctx, l)
	default:
		return s.help(ctx, l, nothingFits)
	}
}

// topic tells the gist of a page: its lead, the first telephone numbers, the link.
func (s *Service) topic(ctx context.Context, l *letter, path string) error {
	t, err := s.catalogue.Topic(ctx, path)
	if err != nil {
		return err
	}
	l.line("【" + t.Name + "】" + t.Lead)
	told := 0
	for _, section := range t.Sections {
		for _, c := range section.Items {
			if told == maxContacts {
				break
			}
			switch {
			case c.Phone != "":
				l.line(c.Name + "：" + c.Phone)
				told++
			case c.Path != "":
				l.link(c.Name, c.Path)
				told++
			}
		}
	}
	l.link("查看“"+t.Name+"”", path)
	return nil
}

// maxContacts is how many entries of a page an answer repeats.
const maxContacts = 4

func (s *Service) movedHelp(ctx context.Context, l *letter) error {
	list, err := s.moved.MovedAccounts(ctx)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		return s.help(ctx, l, "现在没有正在合并的旧号。大家常用的是：")
	}
	l.line("请选择您原来关注的账号：")
	for _, old := range list {
		text := old.Name
		if !old.StopOn.IsZero() {
			text += "（" + old.StopOn.Chinese() + "停更）"
		}
		l.link(text, "/moved/"+old.Key)
	}
	l.line("服务都照常办，只是换了地方。")
	l.phones()
	return nil
}

func (s *Service) wrote(ctx context.Context, l *letter, text string) error {
	if strings.Contains(text, "人工") || strings.Contains(text, "客服") || strings.Contains(text, "12345") {
		s.human(l)
		return nil
	}
	places, ok, err := s.catalogue.Keyword(ctx, text)
	if err != nil {
		return err
	}
	if ok {
		return s.places(ctx, l, places)
	}
	found, err := s.catalogue.Search(ctx, text)
	if err != nil {
		return err
	}
	if len(found) == 0 {
		return s.help(ctx, l, nothingFits)
	}
	l.line("您要找的可能是：")
	for _, m := range found[:min(len(found), maxFound)] {
		l.link(m.Name, "/services/"+m.ID)
	}
	if len(found) > maxFound {
		l.link("更多办事指南", "/services")
	}
	l.phones()
	return nil
}

// maxFound is how many matters an answer names.
const maxFound = 5

// places answers a word of the keyword list. One matter is told with papers, place and hours; several are named.
func (s *Service) places(ctx context.Context, l *letter, places []domain.Destination) error {
	for _, p := range places {
		if p.Kind != domain.ToMatter {
			if err := s.page(ctx, l, p); err != nil {
				return err
			}
			continue
		}
		m, err := s.catalogue.Get(ctx, p.Ref)
		if err != nil {
			return err
		}
		l.matter(m)
	}
	return nil
}

func (s *Service) page(ctx context.Context, l *letter, p domain.Destination) error {
	switch {
	case p.Ref == "/moved":
		return s.movedHelp(ctx, l)
	case strings.HasPrefix(p.Ref, "/bundles/"):
		l.link(p.Name, p.Path)
		l.line(p.Offline)
		return nil
	default:
		return s.topic(ctx, l, p.Ref)
	}
}

// human answers people who want a person: the chat has nobody behind it, so it says whom to call and where to go.
func (s *Service) human(l *letter) {
	l.line("对话框由程序自动回复。要找人，请这样：")
	l.line("打电话：" + l.town.Hall.Phone + "（" + l.town.Hall.Hours + "）")
	l.line("其他时间：" + l.town.Hotline + "（24小时）")
	l.line("当面说：" + l.town.Hall.Name + "，" + l.town.Hall.Place)
	l.link("各窗口、各村电话", "/hotline")
	l.link("留言反映的办法", "/message")
}

const nothingFits = "没有找到完全对应的内容。大家常用的是："

// help is the answer when nothing fits: the three matters most people want, and a person to call.
func (s *Service) help(ctx context.Context, l *letter, lead string) error {
	l.line(lead)
	if err := s.list(ctx, l, 3); err != nil {
		return err
	}
	l.link("搜一搜全部办事指南", "/services")
	l.link("留言反映的办法", "/message")
	l.phones()
	return nil
}

func (s *Service) list(ctx context.Context, l *letter, n int) error {
	most, err := s.catalogue.MostUsed(ctx, n)
	if err != nil {
		return err
	}
	for _, m := range most {
		l.link(m.Name, "/services/"+m.ID)
	}
	return nil
}
