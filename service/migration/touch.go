package migration

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"guiyi/domain"
)

// Limits of a passive or customer-service text (2,048 bytes; figure of third-party copies, unconfirmed).
const maxTextBytes = 2048

// emergency ends every automatic text.
const emergency = "紧急情况请拨打110、119、120。"

// Reasons in the ledger for people who were told by an answer to their own touch.
const reasonTouch = "touch"

// Respond answers every touch of an old account once its migration has started: what the person asked for first, else the
// whole redirect with the catalogue. Other accounts, and old accounts that nobody closes yet, are not its business.
func (s *Service) Respond(ctx context.Context, in domain.Inbound) (domain.Reply, bool, error) {
	m, started, err := s.startedOf(ctx, in.AccountID)
	if err != nil || !started || !in.Answerable() {
		return domain.Reply{}, false, err
	}
	text, err := s.answer(ctx, m, in)
	if err != nil {
		return domain.Reply{}, false, err
	}
	if err := s.noteTouch(ctx, m, in); err != nil {
		return domain.Reply{}, false, err
	}
	return domain.Reply{Text: text}, true, nil
}

func (s *Service) startedOf(ctx context.Context, accountID string) (domain.Migration, bool, error) {
	m, err := s.store.OpenMigrationOf(ctx, accountID)
	if errors.Is(err, domain.ErrNotFound) {
		return m, false, nil
	}
	return m, err == nil && m.State.Started(), err
}

// noteTouch writes into the ledger that the person knows. Before the list is frozen nobody is crossed off it: the
// announcement goes to all in any case.
func (s *Service) noteTouch(ctx context.Context, m domain.Migration, in domain.Inbound) error {
	if m.FrozenAt.IsZero() {
		return s.store.NoteBack(ctx, m.ID, in.OpenID, s.now())
	}
	if in.Follow() {
		if err := s.store.AddReached(ctx, m.ID, in.OpenID, reasonTouch, in.CreatedAt); err != nil {
			return err
		}
	}
	return s.store.NoteTouched(ctx, m.ID, in.OpenID, reasonTouch, in.CreatedAt)
}

// Observe takes in what an old account's callbacks tell about its migration: who left, and how a mass-send job went.
// It may see the same event twice.
func (s *Service) Observe(ctx context.Context, in domain.Inbound) error {
	if in.MassFinish == nil && !in.Unfollow() {
		return nil
	}
	if in.MassFinish != nil {
		if err := s.store.NoteMassResult(ctx, in.AccountID, *in.MassFinish, s.now()); err != nil {
			return err
		}
	}
	m, err := s.store.OpenMigrationOf(ctx, in.AccountID)
	if errors.Is(err, domain.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if in.Unfollow() {
		return s.store.NoteLeft(ctx, m.ID, in.OpenID, in.CreatedAt)
	}
	if err := s.store.Wake(ctx, m.ID, s.now()); err != nil {
		return err
	}
	s.ring(ctx, m)
	return nil
}

func (s *Service) answer(ctx context.Context, m domain.Migration, in domain.Inbound) (string, error) {
	asked := in.Content
	if in.Type == "event" && in.Event == "CLICK" {
		asked = ""
		entries, err := s.store.Entries(ctx, m.ID)
		if err != nil {
			return "", err
		}
		for _, e := range entries {
			if e.Target == in.EventKey {
				return s.entryText(ctx, m, e)
			}
		}
	}
	if asked != "" {
		if text, err := s.askedText(ctx, m, asked); err != nil || text != "" {
			return text, err
		}
	}
	return s.redirectText(ctx, m)
}

// askedText answers a person who wrote the name of an old entry or a keyword of the catalogue; "" when it is neither.
func (s *Service) askedText(ctx context.Context, m domain.Migration, asked string) (string, error) {
	asked = strings.TrimSpace(asked)
	entries, err := s.store.Entries(ctx, m.ID)
	if err != nil {
		return "", err
	}
	for _, e := range entries {
		if strings.Contains(asked, e.Name) {
			return s.entryText(ctx, m, e)
		}
	}
	found, ok, err := s.catalogue.Keyword(ctx, asked)
	if err != nil || !ok || len(found) == 0 {
		return "", err
	}
	d := found[0]
	return s.entryText(ctx, m, domain.MappedEntry{Name: asked, Kind: d.Kind, Successor: d.Name, Path: d.Path, Offline: d.Offline})
}

// entryText tells where one old entry went (announcements.md 5.3).
func (s *Service) entryText(ctx context.Context, m domain.Migration, e domain.MappedEntry) (string, error) {
	old, town, err := s.pair(ctx, m)
	if err != nil {
		return "", err
	}
	t := textLimit{}
	if e.Kind == domain.ToEnd {
		t.add("“%s”不再在手机上提供。您可以这样办：%s\n", shorten(e.Name, 20), e.Offline)
	} else {
		t.add("您问的“%s”现在由“%s”办理：%s\n", shorten(e.Name, 20), town.Name, link(s.opt.BaseURL+e.Path, e.Successor))
		if e.Offline != "" {
			t.add("不用手机也能办：%s\n", e.Offline)
		}
	}
	t.add("%s\n", link(s.movedURL(old), "全部服务对照表"))
	return t.close(), nil
}

// redirectText is the redirect message with the service catalogue (announcements.md 5.2).
func (s *Service) redirectText(ctx context.Context, m domain.Migration) (string, error) {
	old, town, err := s.pair(ctx, m)
	if err != nil {
		return "", err
	}
	entries, err := s.store.Entries(ctx, m.ID)
	if err != nil {
		return "", err
	}
	t := textLimit{}
	if m.StopOn <= s.now().Day() {
		t.add("您好，“%s”已于%s停止更新，服务转到“%s”。\n", old.Name, m.StopOn.Chinese(), town.Name)
	} else {
		t.add("您好，“%s”正在整合到“%s”，%s起不再更新。\n", old.Name, town.Name, m.StopOn.Chinese())
	}
	t.add("全部服务对照表：%s\n", link(s.movedURL(old), "点这里查看"))
	t.add("在微信搜索“%s”（微信号：%s）即可找到，不关注也能办事。\n", town.Name, town.WeChatID)
	t.add("需要人工帮助：%s 或 12345。\n", old.Phone)
	if len(entries) > 0 {
		t.add("您要找的服务在这里：\n")
	}
	for _, e := range entries {
		if e.Kind == domain.ToEnd {
			t.add("· %s：%s\n", e.Name, e.Offline)
		} else {
			t.add("· %s：%s\n", e.Name, link(s.opt.BaseURL+e.Path, e.Successor))
		}
	}
	return t.close(), nil
}

func (s *Service) pair(ctx context.Context, m domain.Migration) (old, town domain.Account, err error) {
	if old, err = s.store.Account(ctx, m.AccountID); err != nil {
		return old, town, err
	}
	town, err = s.store.Account(ctx, m.TargetID)
	return old, town, err
}

func (s *Service) movedURL(old domain.Account) string { return s.opt.BaseURL + "/moved/" + old.Key }

func link(url, label string) string { return `<a href="` + url + `">` + label + `</a>` }

func shorten(s string, runes int) string {
	r := []rune(s)
	if len(r) <= runes {
		return s
	}
	return string(r[:runes]) + "…"
}

// textLimit builds a text line by line and leaves out lines that would not fit, but never its end.
type textLimit struct{ b strings.Builder }

func (t *textLimit) add(format string, args ...any) {
	line := fmt.Sprintf(format, args...)
	if t.b.Len()+len(line)+len(emergency) <= maxTextBytes {
		t.b.WriteString(line)
	}
}

func (t *textLimit) close() string { return t.b.String() + emergency }
