package repository

import (
	"context"
	"fmt"

	"guiyi/domain"
)

// staffRow is the staff table without the password's hash, which only PasswordHash reads.
type staffRow struct {
	ID          string
	Login       string
	Name        string
	MustChange  bool
	DisabledAt  domain.Instant
	LastLoginAt domain.Instant
	CreatedAt   domain.Instant
	UpdatedAt   domain.Instant
}

const staffColumns = "id, login, name, must_change, disabled_at, last_login_at, created_at, updated_at"

// InsertStaff stores a person with their roles. A login that exists is domain.ErrConflict.
func (s *Store) InsertStaff(ctx context.Context, p domain.Staff, passwordHash string) error {
	err := s.in(ctx).Table("staff").Create(map[string]any{
		"id": p.ID, "login": p.Login, "name": p.Name, "password_hash": passwordHash, "must_change": flag(p.MustChange),
		"disabled_at": p.DisabledAt, "last_login_at": p.LastLoginAt, "created_at": p.CreatedAt, "updated_at": p.UpdatedAt,
	}).Error
	if err := inserted(err, "staff "+p.Login); err != nil {
		return err
	}
	return s.SetStaffRoles(ctx, p.ID, p.Roles)
}

// SetStaffRoles replaces the roles of a person.
func (s *Store) SetStaffRoles(ctx context.Context, staffID string, roles []domain.Role) error {
	if err := s.in(ctx).Exec("DELETE FROM staff_role WHERE staff_id = ?", staffID).Error; err != nil {
		return fmt.Errorf("clear the roles of staff %s: %w", staffID, err)
	}
	for _, r := range roles {
		err := s.in(ctx).Table("staff_role").Create(map[string]any{"staff_id": staffID, "role_id": r.ID}).Error
		if err := inserted(err, "role "+r.ID+" of staff "+staffID); err != nil {
			return err
		}
	}
	return nil
}

// Staff finds a person by id, with roles and their permissions.
func (s *Store) Staff(ctx context.Context, id string) (domain.Staff, error) {
	return s.staff(ctx, "id", id)
}

// StaffByLogin finds a person by login name, with roles and their permissions.
func (s *Store) StaffByLogin(ctx context.Context, login string) (domain.Staff, error) {
	return s.staff(ctx, "login", login)
}

func (s *Store) staff(ctx context.Context, column, value string) (domain.Staff, error) {
	var r staffRow
	err := s.in(ctx).Table("staff").Select(staffColumns).Where(column+" = ?", value).Take(&r).Error
	if err := one(err, "staff "+value); err != nil {
		return domain.Staff{}, err
	}
	list, err := s.withRoles(ctx, []staffRow{r})
	if err != nil {
		return domain.Staff{}, err
	}
	return list[0], nil
}

// ListStaff lists everybody by login, with roles and their permissions. There are tens of them.
func (s *Store) ListStaff(ctx context.Context) ([]domain.Staff, error) {
	var rows []staffRow
	if err := s.in(ctx).Table("staff").Select(staffColumns).Order("login").Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("list staff: %w", err)
	}
	return s.withRoles(ctx, rows)
}

func (s *Store) withRoles(ctx context.Context, rows []staffRow) ([]domain.Staff, error) {
	roles, err := s.Roles(ctx)
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(rows))
	for i, r := range rows {
		ids[i] = r.ID
	}
	var held []struct{ StaffID, RoleID string }
	if err := s.in(ctx).Table("staff_role").Where("staff_id IN ?", ids).Find(&held).Error; err != nil {
		return nil, fmt.Errorf("read the roles of staff: %w", err)
	}
	has := make(map[[2]string]bool, len(held))
	for _, h := range held {
		has[[2]string{h.StaffID, h.RoleID}] = true
	}
	list := make([]domain.Staff, len(rows))
	for i, r := range rows {
		list[i] = domain.Staff{
			ID: r.ID, Login: r.Login, Name: r.Name, MustChange: r.MustChange, DisabledAt: r.DisabledAt,
			LastLoginAt: r.LastLoginAt, CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt,
		}
		for _, role := range roles {
			if has[[2]string{r.ID, role.ID}] {
				list[i].Roles = append(list[i].Roles, role)
			}
		}
	}
	return list, nil
}

// Roles lists all roles in the office's order, with their permissions.
func (s *Store) Roles(ctx context.Context) ([]domain.Role, error) {
	var rows []struct{ ID, Name string }
	if err := s.in(ctx).Table("role").Select("id, name").Order("position").Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("list roles: %w", err)
	}
	var grants []struct {
		RoleID     string
		Permission domain.Permission
	}
	if err := s.in(ctx).Table("role_permission").Order("role_id, permission").Find(&grants).Error; err != nil {
		return nil, fmt.Errorf("list permissions: %w", err)
	}
	roles := make([]domain.Role, len(rows))
	for i, r := range rows {
		roles[i] = domain.Role{ID: r.ID, Name: r.Name}
		for _, g := range grants {
			if g.RoleID == r.ID {
				roles[i].Permissions = append(roles[i].Permissions, g.Permission)
			}
		}
	}
	return roles, nil
}

// PasswordHash reads the stored hash of a person's password.
func (s *Store) PasswordHash(ctx context.Context, staffID string) (string, error) {
	var r struct{ PasswordHash string }
	err := s.in(ctx).Table("staff").Select("password_hash").Where("id = ?", staffID).Take(&r).Error
	return r.PasswordHash, one(err, "password of staff "+staffID)
}

// SetPassword replaces the password; mustChange asks the person to replace it again at the next login.
func (s *Store) SetPassword(ctx context.Context, staffID, hash string, mustChange bool, at domain.Instant) error {
	return changed(s.in(ctx).Table("staff").Where("id = ?", staffID).
		Updates(map[string]any{"password_hash": hash, "must_change": flag(mustChange), "updated_at": at}), "staff "+staffID)
}

// DisableStaff keeps a person out. Somebody already kept out is domain.ErrConflict.
func (s *Store) DisableStaff(ctx context.Context, id string, at domain.Instant) error {
	return changed(s.in(ctx).Table("staff").Where("id = ? AND disabled_at = 0", id).
		Updates(map[string]any{"disabled_at": at, "updated_at": at}), "active staff "+id)
}

// EnableStaff lets a person in again.
func (s *Store) EnableStaff(ctx context.Context, id string, at domain.Instant) error {
	return changed(s.in(ctx).Table("staff").Where("id = ? AND disabled_at > 0", id).
		Updates(map[string]any{"disabled_at": 0, "updated_at": at}), "disabled staff "+id)
}

// NoteLogin remembers when a person logged in last; somebody who was disabled meanwhile is domain.ErrConflict.
func (s *Store) NoteLogin(ctx context.Context, id string, at domain.Instant) error {
	return changed(s.in(ctx).Table("staff").Where("id = ? AND disabled_at = 0", id).
		Updates(map[string]any{"last_login_at": at}), "active staff "+id)
}

// flag stores a truth value as 0 or 1 on both engines.
func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}
