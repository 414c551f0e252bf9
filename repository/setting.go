package repository

import (
	"context"
	"errors"
	"fmt"

	"guiyi/domain"
)

// Setting reads one named value; domain.ErrNotFound when nobody set it.
func (s *Store) Setting(ctx context.Context, name string) (string, error) {
	var r struct{ Value string }
	err := s.in(ctx).Table("setting").Select("value").Where("name = ?", name).Take(&r).Error
	return r.Value, one(err, "setting "+name)
}

// SetSetting stores one named value, new or not.
func (s *Store) SetSetting(ctx context.Context, name, value string, at domain.Instant) error {
	update := func() error {
		return changed(s.in(ctx).Table("setting").Where("name = ?", name).
			Updates(map[string]any{"value": value, "updated_at": at}), "setting "+name)
	}
	err := update()
	if !errors.Is(err, domain.ErrConflict) {
		return err
	}
	err = inserted(s.in(ctx).Table("setting").
		Create(map[string]any{"name": name, "value": value, "updated_at": at}).Error, "setting "+name)
	if !errors.Is(err, domain.ErrConflict) {
		return err
	}
	if err := update(); err != nil { // somebody inserted it between the two statements
		return fmt.Errorf("set %s: %w", name, err)
	}
	return nil
}
