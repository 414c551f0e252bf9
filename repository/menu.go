package repository

import (
	"context"
	"encoding/json"
	"fmt"

	"guiyi/domain"
)

// MenuPublication is one menu that was sent to the platform.
type MenuPublication struct {
	ID          string
	AccountID   string
	Fingerprint string
	Buttons     []domain.MenuButton
	Actor       string // name of whoever published it
	PublishedAt domain.Instant
}

// ReplaceMenu puts a menu of at most two levels in the place of the one kept. It belongs into a transaction.
func (s *Store) ReplaceMenu(ctx context.Context, entries []domain.MenuEntry) error {
	if err := s.in(ctx).Exec("DELETE FROM menu_entry").Error; err != nil {
		return fmt.Errorf("empty the menu: %w", err)
	}
	var rows []map[string]any
	add := func(parent, position int, e domain.MenuEntry) {
		rows = append(rows, map[string]any{
			"parent": parent, "position": position, "name": e.Name, "type": e.Type, "page": e.Page, "menu_key": e.Key,
		})
	}
	for i, e := range entries {
		add(0, i+1, e)
		for j, child := range e.Children {
			add(i+1, j+1, child)
		}
	}
	if len(rows) == 0 {
		return nil
	}
	return inserted(s.in(ctx).Table("menu_entry").Create(rows).Error, "menu entries")
}

// Menu reads the menu kept; empty when none was brought in yet.
func (s *Store) Menu(ctx context.Context) ([]domain.MenuEntry, error) {
	var rows []struct {
		Parent, Position int
		Name, Type, Page string
		MenuKey          string
	}
	err := s.in(ctx).Table("menu_entry").Select("parent, position, name, type, page, menu_key").Order("parent, position").Find(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read the menu: %w", err)
	}
	var list []domain.MenuEntry
	for _, r := range rows {
		e := domain.MenuEntry{Name: r.Name, Type: r.Type, Page: r.Page, Key: r.MenuKey}
		switch {
		case r.Parent == 0:
			list = append(list, e)
		case r.Parent <= len(list):
			list[r.Parent-1].Children = append(list[r.Parent-1].Children, e)
		}
	}
	return list, nil
}

// InsertMenuPublication notes what was sent.
func (s *Store) InsertMenuPublication(ctx context.Context, p MenuPublication) error {
	buttons, err := json.Marshal(p.Buttons)
	if err != nil {
		return err
	}
	return inserted(s.in(ctx).Table("menu_publication").Create(map[string]any{
		"id": p.ID, "account_id": p.AccountID, "fingerprint": p.Fingerprint, "buttons": string(buttons), "actor": p.Actor,
		"published_at": p.PublishedAt,
	}).Error, "menu publication "+p.ID)
}

// LatestMenuPublication finds what was sent last; domain.ErrNotFound when nothing was.
func (s *Store) LatestMenuPublication(ctx context.Context, accountID string) (MenuPublication, error) {
	var r struct {
		ID, AccountID, Fingerprint, Buttons, Actor string
		PublishedAt                                domain.Instant
	}
	err := s.in(ctx).Table("menu_publication").Select("id, account_id, fingerprint, buttons, actor, published_at").
		Where("account_id = ?", accountID).Order("published_at DESC, id DESC").Take(&r).Error
	if err != nil {
		return MenuPublication{}, one(err, "menu publication of account "+accountID)
	}
	p := MenuPublication{ID: r.ID, AccountID: r.AccountID, Fingerprint: r.Fingerprint, Actor: r.Actor, PublishedAt: r.PublishedAt}
	if err := json.Unmarshal([]byte(r.Buttons), &p.Buttons); err != nil {
		return p, fmt.Errorf("read menu publication %s: %w", p.ID, err)
	}
	return p, nil
}
