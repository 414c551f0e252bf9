package domain

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// Permission is one thing a member of staff may do at the desk. Which role has which is in the table role_permission.
type Permission string

// Permissions, in the order of the desk's navigation.
const (
	AccountsRead     Permission = "accounts.read"
	AccountsWrite    Permission = "accounts.write"
	MigrationRead    Permission = "migration.read"
	MigrationWrite   Permission = "migration.write"   // facts, mapping
	MigrationApprove Permission = "migration.approve" // register the approval
	MigrationRun     Permission = "migration.run"     // start, pause, resume
	CatalogueRead    Permission = "catalogue.read"
	MenuPublish      Permission = "menu.publish"
	StaffRead        Permission = "staff.read"
	StaffWrite       Permission = "staff.write"
	AuditRead        Permission = "audit.read"
)

// Role is a bundle of permissions under the name the office uses.
type Role struct {
	ID          string // e.g. "manager", as the command line takes it
	Name        string // e.g. 账号管理员
	Permissions []Permission
}

// Staff is a person who logs in at the desk.
type Staff struct {
	ID          string
	Login       string // lower case, see NormalLogin
	Name        string
	Roles       []Role
	MustChange  bool    // the password was set by somebody else and has to be replaced first
	DisabledAt  Instant // zero while the person may log in
	LastLoginAt Instant
	CreatedAt   Instant
	UpdatedAt   Instant
}

// Can tells whether one of the person's roles has the permission.
func (s Staff) Can(p Permission) bool {
	return slices.ContainsFunc(s.Roles, func(r Role) bool { return slices.Contains(r.Permissions, p) })
}

// RoleNames joins the names of the roles: 账号管理员、发布.
func (s Staff) RoleNames() string {
	names := make([]string, len(s.Roles))
	for i, r := range s.Roles {
		names[i] = r.Name
	}
	return strings.Join(names, "、")
}

// Disabled tells whether the person may not log in any more.
func (s Staff) Disabled() bool { return !s.DisabledAt.IsZero() }

// Actor is the person as the audit log names them.
func (s Staff) Actor() Actor { return Actor{ID: s.ID, Name: s.Name} }

var loginPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{1,31}$`)

// NormalLogin gives the one spelling of a login name, so that Chen and chen are the same person and share one count of failures.
func NormalLogin(login string) (string, error) {
	login = strings.ToLower(strings.TrimSpace(login))
	if !loginPattern.MatchString(login) {
		return "", Refuse(ErrInvalid, "bad_login_name", "登录名用 2 到 32 个小写字母、数字、点、横线或下划线，以字母或数字开头")
	}
	return login, nil
}

// Length of passwords, in characters. The upper bound keeps the work of hashing bounded.
const (
	MinPassword = 10
	MaxPassword = 128
)

// CheckPassword names what is wrong with a new password, or gives nil.
func CheckPassword(login, password string) error {
	n := utf8.RuneCountInString(password)
	low := strings.ToLower(password)
	switch {
	case n < MinPassword:
		return Refuse(ErrInvalid, "short_password", "密码至少 10 个字符")
	case n > MaxPassword:
		return Refuse(ErrInvalid, "long_password", "密码不要超过 128 个字符")
	case strings.Contains(low, login) && n < MinPassword+utf8.RuneCountInString(login):
		return Refuse(ErrInvalid, "password_is_login", "密码不能是登录名，也不能只在登录名上加几个字符")
	case distinct(low) < 4:
		return Refuse(ErrInvalid, "plain_password", "密码太简单，请不要只重复几个字符")
	}
	return nil
}

func distinct(s string) int {
	seen := map[rune]bool{}
	for _, r := range s {
		seen[r] = true
	}
	return len(seen)
}

// Session is one login of a member of staff. The token itself lives in the browser only; we keep its hash.
type Session struct {
	TokenHash string // hex SHA-256
	StaffID   string
	CreatedAt Instant
	SeenAt    Instant // within a minute of the last request
}
