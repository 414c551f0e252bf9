package domain_test

import (
	"strings"
	"testing"

	"guiyi/domain"
)

func TestCheckPassword(t *testing.T) {
	for name, c := range map[string]struct {
		password string
		ok       bool
	}{
		"ten characters":                 {"horse-blue", true},
		"nine characters":                {"horse-blu", false},
		"ten Chinese characters":         {"春风又绿江南岸明月何", true},
		"the login itself":               {"chen.xiaoming", false},
		"the login with a number behind": {"Chen.Xiaoming1", false},
		"the login inside a long phrase": {"chen.xiaoming likes blue horses", true},
		"one letter repeated":            {"aaaaaaaaaaaa", false},
		"longer than the limit":          {strings.Repeat("abcdefgh", 17), false},
	} {
		t.Run(name, func(t *testing.T) {
			if err := domain.CheckPassword("chen.xiaoming", c.password); (err == nil) != c.ok {
				t.Errorf("%q: %v", c.password, err)
			}
		})
	}
}

func TestNormalLogin(t *testing.T) {
	for in, want := range map[string]string{" Chen ": "chen", "a1": "a1", "a": "", "陈": "", "-x": "", "x y": "", "": "", "a..b": "a..b"} {
		got, err := domain.NormalLogin(in)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q became %q, %v", in, got, err)
		}
	}
}

func TestStaff_can(t *testing.T) {
	s := domain.Staff{Roles: []domain.Role{
		{Name: "一审", Permissions: []domain.Permission{domain.CatalogueRead}},
		{Name: "安全审计", Permissions: []domain.Permission{domain.AuditRead}},
	}}
	if !s.Can(domain.AuditRead) || !s.Can(domain.CatalogueRead) || s.Can(domain.StaffWrite) || (domain.Staff{}).Can(domain.AuditRead) {
		t.Error("permissions are not those of the roles")
	}
	if s.RoleNames() != "一审、安全审计" {
		t.Error(s.RoleNames())
	}
}
