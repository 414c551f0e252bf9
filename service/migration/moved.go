package migration

import (
	"context"
	"errors"

	"guiyi/domain"
)

// MovedAccounts lists the old accounts that residents may ask for: those whose migration has started, for ever.
func (s *Service) MovedAccounts(ctx context.Context) ([]domain.MovedAccount, error) {
	migrations, err := s.store.Migrations(ctx)
	if err != nil {
		return nil, err
	}
	var list []domain.MovedAccount
	for _, m := range migrations {
		if !m.State.Started() && m.State != domain.MigrationClosed {
			continue
		}
		a, err := s.movedAccount(ctx, m)
		if err != nil {
			return nil, err
		}
		list = append(list, a)
	}
	return list, nil
}

// MovedAccount is the page of one old account. One that has not been announced is domain.ErrNotFound.
func (s *Service) MovedAccount(ctx context.Context, key string) (domain.MovedAccount, error) {
	v, err := s.Find(ctx, key)
	if err != nil {
		return domain.MovedAccount{}, err
	}
	if !v.Migration.State.Started() && v.Migration.State != domain.MigrationClosed {
		return domain.MovedAccount{}, domain.Refuse(domain.ErrNotFound, "not_moved", "没有找到这个账号的整合安排")
	}
	return s.movedAccount(ctx, v.Migration)
}

func (s *Service) movedAccount(ctx context.Context, m domain.Migration) (domain.MovedAccount, error) {
	old, town, err := s.pair(ctx, m)
	entries, entriesErr := s.store.Entries(ctx, m.ID)
	return domain.MovedAccount{
		Key: old.Key, Name: old.Name, KindLabel: old.Kind.Label(), HostUnit: old.HostUnit, Phone: old.Phone, State: m.State,
		AnnouncedAt: m.StartedAt, StopOn: m.StopOn, CancelOn: m.CancelOn, Reason: m.Reason, ArchiveAt: m.ArchiveAt,
		OpenNote: m.OpenNote, DataNote: m.DataNote, Entries: entries, TargetName: town.Name, TargetWeChatID: town.WeChatID,
		TargetSubject: town.Subject, TargetPhone: town.Phone,
	}, errors.Join(err, entriesErr)
}
