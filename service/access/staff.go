package access

import (
	"context"
	"errors"
	"slices"
	"strings"
	"unicode/utf8"

	"guiyi/domain"
	"guiyi/repository"
)

// Refusals of changes to staff.
var (
	errLoginTaken = domain.Refuse(domain.ErrConflict, "login_taken", "这个登录名已经有人用了")
	errSelf       = domain.Refuse(domain.ErrConflict, "not_yourself", "不能停用自己的账号，也不能改自己的角色，请另一位管理员操作")
	errLastAdmin  = domain.Refuse(domain.ErrConflict, "last_admin", "这是最后一个能管理人员的账号，不能停用或者收回这个角色")
	errSameAgain  = domain.Refuse(domain.ErrInvalid, "same_password", "新密码不能和原来的一样")
	errOldWrong   = domain.Refuse(domain.ErrInvalid, "old_password", "原来的密码不对")
)

// NewStaff is what is needed to let somebody in.
type NewStaff struct {
	Login     string
	Name      string // empty = the login
	Roles     []string
	Password  string
	Temporary bool // the person has to choose a password of their own first
}

// AddStaff lets somebody in. Unknown roles, bad names and weak passwords are domain.ErrInvalid; a login in use is domain.ErrConflict.
func (s *Service) AddStaff(ctx context.Context, actor domain.Actor, n NewStaff) (domain.Staff, error) {
	login, err := domain.NormalLogin(n.Login)
	if err != nil {
		return domain.Staff{}, err
	}
	name := strings.TrimSpace(n.Name)
	if name == "" {
		name = login
	}
	if utf8.RuneCountInString(name) > 32 {
		return domain.Staff{}, domain.Refuse(domain.ErrInvalid, "long_name", "姓名请不要超过 32 个字")
	}
	if err := domain.CheckPassword(login, n.Password); err != nil {
		return domain.Staff{}, err
	}
	roles, err := s.pick(ctx, n.Roles)
	if err != nil {
		return domain.Staff{}, err
	}
	if err := s.free(ctx, login); err != nil { // before the slow part; the index has the last word
		return domain.Staff{}, err
	}
	hash, err := s.hash.make(ctx, n.Password)
	if err != nil {
		return domain.Staff{}, err
	}
	now := s.now()
	p := domain.Staff{
		ID: s.env.NewID(), Login: login, Name: name, Roles: roles, MustChange: n.Temporary, CreatedAt: now, UpdatedAt: now,
	}
	err = s.store.InTx(ctx, func(tx *repository.Store) error {
		err := tx.InsertStaff(ctx, p, hash)
		if errors.Is(err, domain.ErrConflict) {
			return errLoginTaken
		}
		if err != nil {
			return err
		}
		return tx.InsertAudit(ctx, s.entry(actor, "staff.add", "staff", p.ID, login+"，角色："+p.RoleNames()))
	})
	return p, err
}

// free tells whether nobody has the login yet.
func (s *Service) free(ctx context.Context, login string) error {
	_, err := s.store.StaffByLogin(ctx, login)
	switch {
	case err == nil:
		return errLoginTaken
	case errors.Is(err, domain.ErrNotFound):
		return nil
	default:
		return err
	}
}

// pick finds roles by id or by name, in the office's order.
func (s *Service) pick(ctx context.Context, want []string) ([]domain.Role, error) {
	all, err := s.store.Roles(ctx)
	if err != nil {
		return nil, err
	}
	for _, w := range want {
		if !slices.ContainsFunc(all, func(r domain.Role) bool { return r.ID == w || r.Name == w }) {
			return nil, domain.Refuse(domain.ErrInvalid, "unknown_role", "没有这个角色："+w)
		}
	}
	return slices.DeleteFunc(all, func(r domain.Role) bool {
		return !slices.Contains(want, r.ID) && !slices.Contains(want, r.Name)
	}), nil
}

// List lists everybody by login.
func (s *Service) List(ctx context.Context) ([]domain.Staff, error) { return s.store.ListStaff(ctx) }

// Roles lists all roles with their permissions.
func (s *Service) Roles(ctx context.Context) ([]domain.Role, error) { return s.store.Roles(ctx) }

// Disable keeps a person out and ends their sessions at once.
func (s *Service) Disable(ctx context.Context, actor domain.Actor, id string) error {
	return s.change(ctx, actor, id, "staff.disable", func(tx *repository.Store, p domain.Staff) (string, error) {
		if err := spare(ctx, tx, actor, p, domain.Staff{}); err != nil {
			return "", err
		}
		return p.Login, errors.Join(tx.DisableStaff(ctx, id, s.now()), tx.EndSessionsOf(ctx, id, ""))
	})
}

// Enable lets a disabled person in again.
func (s *Service) Enable(ctx context.Context, actor domain.Actor, id string) error {
	return s.change(ctx, actor, id, "staff.enable", func(tx *repository.Store, p domain.Staff) (string, error) {
		return p.Login, tx.EnableStaff(ctx, id, s.now())
	})
}

// SetRoles replaces the roles of a person.
func (s *Service) SetRoles(ctx context.Context, actor domain.Actor, id string, roles []string) error {
	picked, err := s.pick(ctx, roles)
	if err != nil {
		return err
	}
	return s.change(ctx, actor, id, "staff.roles", func(tx *repository.Store, p domain.Staff) (string, error) {
		next := domain.Staff{Roles: picked}
		if err := spare(ctx, tx, actor, p, next); err != nil {
			return "", err
		}
		return p.Login + "：" + p.RoleNames() + " → " + next.RoleNames(), tx.SetStaffRoles(ctx, id, picked)
	})
}

// ResetPassword sets a new password for somebody who forgot theirs, ends their sessions and lifts a lock.
// They have to choose their own at the next login.
func (s *Service) ResetPassword(ctx context.Context, actor domain.Actor, id, password string) error {
	p, err := s.store.Staff(ctx, id)
	if err != nil {
		return err
	}
	if err := domain.CheckPassword(p.Login, password); err != nil {
		return err
	}
	hash, err := s.hash.make(ctx, password)
	if err != nil {
		return err
	}
	return s.change(ctx, actor, id, "staff.reset_password", func(tx *repository.Store, p domain.Staff) (string, error) {
		return p.Login, errors.Join(
			tx.SetPassword(ctx, id, hash, true, s.now()),
			tx.EndSessionsOf(ctx, id, ""),
			tx.ForgetAttempts(ctx, "login:"+p.Login),
		)
	})
}

// ChangePassword replaces one's own password and ends one's other sessions; token is the one to keep.
func (s *Service) ChangePassword(ctx context.Context, p domain.Staff, token, old, fresh string) error {
	stored, err := s.store.PasswordHash(ctx, p.ID)
	if err != nil {
		return err
	}
	if err := s.takeAttempts(ctx, [2]string{"login:" + p.Login, "change:" + p.Login}); err != nil {
		return err
	}
	ok, err := s.hash.matches(ctx, old, stored)
	switch {
	case err != nil:
		return err
	case !ok:
		return errOldWrong
	case old == fresh:
		return errSameAgain
	}
	if err := domain.CheckPassword(p.Login, fresh); err != nil {
		return err
	}
	hash, err := s.hash.make(ctx, fresh)
	if err != nil {
		return err
	}
	return s.change(ctx, p.Actor(), p.ID, "staff.change_password", func(tx *repository.Store, p domain.Staff) (string, error) {
		return "", errors.Join(
			tx.SetPassword(ctx, p.ID, hash, false, s.now()),
			tx.EndSessionsOf(ctx, p.ID, hashToken(token)),
			tx.ForgetAttempts(ctx, "login:"+p.Login),
			tx.ForgetAttempts(ctx, "change:"+p.Login),
		)
	})
}

// change makes one change to one person, with its line in the audit log, in one transaction.
func (s *Service) change(ctx context.Context, actor domain.Actor, id, action string,
	do func(tx *repository.Store, p domain.Staff) (detail string, err error),
) error {
	return s.store.InTx(ctx, func(tx *repository.Store) error {
		p, err := tx.Staff(ctx, id)
		if err != nil {
			return err
		}
		detail, err := do(tx, p)
		if err != nil {
			return err
		}
		return tx.InsertAudit(ctx, s.entry(actor, action, "staff", id, detail))
	})
}

// spare refuses what would lock the office out of its own desk: p turning into next by one's own hand, or the last person who may
// administer staff losing that.
func spare(ctx context.Context, tx *repository.Store, actor domain.Actor, p, next domain.Staff) error {
	if actor.ID == p.ID {
		return errSelf
	}
	if p.Disabled() || !p.Can(domain.StaffWrite) || next.Can(domain.StaffWrite) {
		return nil
	}
	all, err := tx.ListStaff(ctx)
	if err != nil {
		return err
	}
	for _, other := range all {
		if other.ID != p.ID && !other.Disabled() && other.Can(domain.StaffWrite) {
			return nil
		}
	}
	return errLastAdmin
}
