package migration

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"guiyi/domain"
	"guiyi/repository"
)

// Refusals of this room that are not already named by domain.Migration.
var (
	errNotOld = domain.Refuse(domain.ErrInvalid, "not_old", "这个账号不是要整合的旧账号")
	errNoTown = domain.Refuse(domain.ErrConflict, "no_town", "还没有登记新账号，请先登记整合后的账号")
	errOpen   = domain.Refuse(domain.ErrConflict, "already_open", "这个账号已经有一份整合安排")
	errPaper  = domain.Refuse(domain.ErrInvalid, "no_document", "请填写批准文号和批准人")
	errNoWhy  = domain.Refuse(domain.ErrInvalid, "no_why", "请写明理由")
	errMoved  = domain.Refuse(domain.ErrConflict, "moved_on", "状态已经变化，请刷新页面后再试")
	errNoMenu = domain.Refuse(domain.ErrConflict, "not_editable", "已经开始的整合不能再改对应关系")
)

// Facts are what a person writes down about a migration while it is a draft.
type Facts struct {
	StopOn    domain.Day
	CancelOn  domain.Day
	Reason    string // one sentence, at most 80 characters
	HasteWhy  string // only when the notice is shorter than the rule
	ArchiveAt string
	DataNote  string
	OpenNote  string
}

// Draft opens a migration of the old account with the given key into the town's account. Dates and texts are proposed
// by the rules (notice period, freeze by size) and can be changed; the old menu is read at once if the platform answers.
func (s *Service) Draft(ctx context.Context, actor domain.Actor, accountKey string) (domain.Migration, error) {
	old, err := s.store.AccountByKey(ctx, accountKey)
	if err != nil {
		return domain.Migration{}, err
	}
	if old.Role != domain.RoleOld {
		return domain.Migration{}, errNotOld
	}
	town, err := s.town(ctx)
	if err != nil {
		return domain.Migration{}, err
	}
	old.Followers, _ = s.countFollowers(ctx, old)
	now := s.now()
	stop := now.Day().AddDays(s.opt.MinNotice + 1)
	m := domain.Migration{
		ID: s.env.NewID(), AccountID: old.ID, TargetID: town.ID, State: domain.MigrationDraft, StopOn: stop,
		CancelOn: stop.AddDays(domain.FreezeDays(old.Followers) + 7), Reason: "为了让大家少关注几个号、少跑几趟路",
		ArchiveAt: "注销之前可在本账号的历史文章里查看，注销之后请向" + old.HostUnit + "查询（电话" + old.Phone + "）", DataNote: "您在原账号留下的个人信息在账号注销后删除，不转到别处使用",
		OpenNote: "已经约好的号继续有效，没有答复的留言由原单位答复", CreatedAt: now, UpdatedAt: now,
	}
	err = s.audited(ctx, actor, m.ID, "migration.draft", "建立整合安排", func(tx *repository.Store) error {
		return tx.InsertMigration(ctx, m)
	})
	if errors.Is(err, domain.ErrConflict) {
		return domain.Migration{}, errOpen
	}
	if err != nil {
		return domain.Migration{}, err
	}
	if err := s.ReadMenu(ctx, actor, m.ID); err != nil {
		s.env.Log.WarnContext(ctx, "old menu not read", "account", old.Key, "error", err)
	}
	return m, nil
}

// countFollowers asks the platform how many people follow the account now, because the dates depend on it. When it does not
// answer, the number last known has to do, and fresh is false.
func (s *Service) countFollowers(ctx context.Context, a domain.Account) (n int, fresh bool) {
	_, _, total, err := s.platform.Followers(ctx, a.ID, "")
	if err == nil {
		err = s.store.SetFollowers(ctx, a.ID, total, s.now())
	}
	if err != nil {
		s.env.Log.WarnContext(ctx, "followers not counted", "account", a.Key, "error", err)
		return a.Followers, false
	}
	return total, true
}

func (s *Service) town(ctx context.Context) (domain.Account, error) {
	accounts, err := s.store.Accounts(ctx)
	if err != nil {
		return domain.Account{}, err
	}
	for _, a := range accounts {
		if a.Role == domain.RoleTown {
			return a, nil
		}
	}
	return domain.Account{}, errNoTown
}

// Edit changes the facts. An approved migration becomes a draft again: what was approved has changed.
func (s *Service) Edit(ctx context.Context, actor domain.Actor, id string, f Facts) error {
	m, err := s.store.Migration(ctx, id)
	if err != nil {
		return err
	}
	m.StopOn, m.CancelOn, m.Reason, m.HasteWhy = f.StopOn, f.CancelOn, strings.TrimSpace(f.Reason), strings.TrimSpace(f.HasteWhy)
	m.ArchiveAt, m.DataNote, m.OpenNote = strings.TrimSpace(f.ArchiveAt), strings.TrimSpace(f.DataNote), strings.TrimSpace(f.OpenNote)
	for _, text := range []string{m.HasteWhy, m.ArchiveAt, m.DataNote, m.OpenNote} {
		if utf8.RuneCountInString(text) > 300 {
			return domain.Refuse(domain.ErrInvalid, "too_long", "每一项请不要超过 300 个字")
		}
	}
	if err := m.Check(s.env.Now(), s.opt.MinNotice); err != nil {
		return err
	}
	m.UpdatedAt = s.now()
	return s.audited(ctx, actor, id, "migration.edit", "修改日期和说明", func(tx *repository.Store) error {
		if err := s.reopen(ctx, tx, id); err != nil {
			return err
		}
		return moved(tx.EditDraft(ctx, m))
	})
}

// reopen takes the approval back if there is one; a draft stays a draft.
func (s *Service) reopen(ctx context.Context, tx *repository.Store, id string) error {
	err := tx.BackToDraft(ctx, id, s.now())
	if errors.Is(err, domain.ErrConflict) {
		return nil
	}
	return err
}

// ReadMenu reads the old account's menu from the platform and lists its entries anew. Entries that were mapped before and
// are still there under the same name keep their mapping.
func (s *Service) ReadMenu(ctx context.Context, actor domain.Actor, id string) error {
	m, err := s.editable(ctx, id)
	if err != nil {
		return err
	}
	buttons, err := s.platform.Menu(ctx, m.AccountID)
	if err != nil {
		return fmt.Errorf("read the old menu: %w", err)
	}
	before, err := s.store.Entries(ctx, id)
	if err != nil {
		return err
	}
	entries := s.listEntries(id, buttons, before)
	return s.audited(ctx, actor, id, "migration.read_menu", fmt.Sprintf("读取旧菜单，共 %d 项", len(entries)), func(tx *repository.Store) error {
		if err := s.reopen(ctx, tx, id); err != nil {
			return err
		}
		return tx.ReplaceEntries(ctx, id, entries)
	})
}

func (s *Service) listEntries(id string, buttons []domain.MenuButton, before []domain.MappedEntry) []domain.MappedEntry {
	known := map[string]domain.MappedEntry{}
	for _, e := range before {
		known[e.Parent+"\x00"+e.Name] = e
	}
	var entries []domain.MappedEntry
	add := func(parent string, b domain.MenuButton) {
		e := known[parent+"\x00"+b.Name]
		e.ID, e.MigrationID, e.Position = s.env.NewID(), id, len(entries)+1
		e.Parent, e.Name, e.Type, e.Target, e.UpdatedAt = parent, b.Name, b.Type, b.Key, s.now()
		if b.URL != "" {
			e.Target = b.URL
		}
		entries = append(entries, e)
	}
	for _, b := range buttons {
		if len(b.Children) == 0 {
			add("", b)
		}
		for _, c := range b.Children {
			add(b.Name, c)
		}
	}
	return entries
}

func (s *Service) editable(ctx context.Context, id string) (domain.Migration, error) {
	m, err := s.store.Migration(ctx, id)
	if err != nil {
		return m, err
	}
	if m.State != domain.MigrationDraft && m.State != domain.MigrationApproved {
		return m, errNoMenu
	}
	return m, nil
}

// Map decides where one old entry leads: to a matter, to a page, or that it ends without substitute. For the last one the
// offline way says what people can do instead and must not be empty; for the others an empty one takes the catalogue's.
func (s *Service) Map(ctx context.Context, actor domain.Actor, id, entryID string, kind domain.DestinationKind, ref, offline string) error {
	if _, err := s.editable(ctx, id); err != nil {
		return err
	}
	e := domain.MappedEntry{ID: entryID, MigrationID: id, Kind: kind, Ref: ref, Offline: strings.TrimSpace(offline), UpdatedAt: s.now()}
	switch kind {
	case domain.ToMatter, domain.ToPage:
		d, err := s.catalogue.Destination(ctx, kind, ref)
		if err != nil {
			return fmt.Errorf("find the destination: %w", err)
		}
		e.Successor, e.Path = d.Name, d.Path
		if e.Offline == "" {
			e.Offline = d.Offline
		}
	case domain.ToEnd:
		if e.Offline == "" {
			return domain.Refuse(domain.ErrInvalid, "no_offline", "不再提供的服务，请写明居民可以怎么办")
		}
		e.Ref, e.Successor = "", "不再提供"
	default:
		return domain.Refuse(domain.ErrInvalid, "bad_kind", "请选择新入口")
	}
	if utf8.RuneCountInString(e.Offline) > 300 {
		return domain.Refuse(domain.ErrInvalid, "too_long", "线下办法请不要超过 300 个字")
	}
	before, err := s.store.Entries(ctx, id)
	if err != nil {
		return err
	}
	if i := slices.IndexFunc(before, func(b domain.MappedEntry) bool { return b.ID == entryID }); i >= 0 {
		e.Name = before[i].Name
	}
	return s.audited(ctx, actor, id, "migration.map", "旧菜单“"+e.Name+"”对应到“"+e.Successor+"”", func(tx *repository.Store) error {
		if err := s.reopen(ctx, tx, id); err != nil {
			return err
		}
		return tx.MapEntry(ctx, e)
	})
}

// withUnmapped finds a migration and counts its entries without a destination, which block approval and start.
func (s *Service) withUnmapped(ctx context.Context, id string) (m domain.Migration, unmapped int, err error) {
	if m, err = s.store.Migration(ctx, id); err != nil {
		return m, 0, err
	}
	unmapped, err = s.store.UnmappedEntries(ctx, id)
	return m, unmapped, err
}

// Approve records that the closing was approved: by which document and by whom. Whatever would block the start blocks this too,
// so that nothing incomplete is approved.
func (s *Service) Approve(ctx context.Context, actor domain.Actor, id, documentNo, approvedBy string) error {
	documentNo, approvedBy = strings.TrimSpace(documentNo), strings.TrimSpace(approvedBy)
	if documentNo == "" || approvedBy == "" {
		return errPaper
	}
	if utf8.RuneCountInString(documentNo) > 60 || utf8.RuneCountInString(approvedBy) > 30 {
		return domain.Refuse(domain.ErrInvalid, "too_long", "批准文号请不要超过 60 个字，批准人不要超过 30 个字")
	}
	m, unmapped, err := s.withUnmapped(ctx, id)
	if err != nil {
		return err
	}
	asApproved := m
	if m.State == domain.MigrationDraft {
		asApproved.State = domain.MigrationApproved
	}
	if err := errors.Join(m.Check(s.env.Now(), s.opt.MinNotice), asApproved.MayStart(s.env.Now(), unmapped, s.opt.MinNotice)); err != nil {
		return firstRefusal(err)
	}
	return s.audited(ctx, actor, id, "migration.approve", "批准："+documentNo+"，"+approvedBy, func(tx *repository.Store) error {
		return moved(tx.Approve(ctx, id, documentNo, approvedBy, s.now()))
	})
}

// Cancel ends a migration that has told nobody yet.
func (s *Service) Cancel(ctx context.Context, actor domain.Actor, id, why string) error {
	why = strings.TrimSpace(why)
	if why == "" || utf8.RuneCountInString(why) > 300 {
		return errNoWhy
	}
	return s.audited(ctx, actor, id, "migration.cancel", "取消："+why, func(tx *repository.Store) error {
		return moved(tx.CancelMigration(ctx, id, why, s.now()))
	})
}

// moved gives a conflict of the database the words of a clerk.
func moved(err error) error {
	if errors.Is(err, domain.ErrConflict) {
		return errMoved
	}
	return err
}

// firstRefusal picks the first refusal out of a joined error, so that a person reads one sentence at a time.
func firstRefusal(err error) error {
	if refusal, ok := errors.AsType[*domain.Error](err); ok {
		return refusal
	}
	return err
}
