package repository_test

import (
	"errors"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"guiyi/domain"
	"guiyi/repository"
	"guiyi/repository/repotest"
)

func TestStaff(t *testing.T) {
	repotest.Each(t, func(t *testing.T, s *repository.Store) {
		roles, err := s.Roles(t.Context())
		if err != nil || len(roles) != 10 {
			t.Fatalf("%d roles, %v", len(roles), err)
		}
		manager, auditor := roles[7], roles[8]
		want := domain.Staff{
			ID: "00000000-0000-7000-8000-000000000001", Login: "chen", Name: "陈晓", Roles: []domain.Role{manager, auditor},
			MustChange: true, CreatedAt: 1, UpdatedAt: 1,
		}
		if err := s.InsertStaff(t.Context(), want, "hash"); err != nil {
			t.Fatal(err)
		}

		t.Run("comes back with roles and permissions", func(t *testing.T) {
			got, err := s.StaffByLogin(t.Context(), "chen")
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Error(d)
			}
			if !got.Can(domain.AuditRead) || !got.Can(domain.MigrationRun) || got.Can(domain.MigrationApprove) {
				t.Errorf("permissions %v", got.Roles)
			}
		})
		t.Run("every permission is granted to some role", func(t *testing.T) {
			for _, p := range []domain.Permission{
				domain.AccountsRead, domain.AccountsWrite, domain.MigrationRead, domain.MigrationWrite, domain.MigrationApprove,
				domain.MigrationRun, domain.CatalogueRead, domain.MenuPublish, domain.StaffRead, domain.StaffWrite, domain.AuditRead,
			} {
				if !(domain.Staff{Roles: roles}).Can(p) {
					t.Errorf("nobody has %s", p)
				}
			}
		})
		t.Run("a second person under the same login is refused", func(t *testing.T) {
			again := want
			again.ID = "00000000-0000-7000-8000-000000000002"
			if err := s.InsertStaff(t.Context(), again, "hash"); !errors.Is(err, domain.ErrConflict) {
				t.Errorf("got %v", err)
			}
		})
		t.Run("roles are replaced", func(t *testing.T) {
			if err := s.SetStaffRoles(t.Context(), want.ID, []domain.Role{manager}); err != nil {
				t.Fatal(err)
			}
			if got, err := s.Staff(t.Context(), want.ID); err != nil || got.RoleNames() != "账号管理员" {
				t.Errorf("%s, %v", got.RoleNames(), err)
			}
		})
		t.Run("disabled once", func(t *testing.T) {
			if err := s.DisableStaff(t.Context(), want.ID, 5); err != nil {
				t.Fatal(err)
			}
			if err := s.DisableStaff(t.Context(), want.ID, 6); !errors.Is(err, domain.ErrConflict) {
				t.Errorf("a second time: %v", err)
			}
			if err := s.NoteLogin(t.Context(), want.ID, 6); !errors.Is(err, domain.ErrConflict) {
				t.Errorf("logs in though disabled: %v", err)
			}
			if err := s.EnableStaff(t.Context(), want.ID, 7); err != nil {
				t.Error(err)
			}
		})
		t.Run("somebody unknown is not found", func(t *testing.T) {
			if _, err := s.StaffByLogin(t.Context(), "nobody"); !errors.Is(err, domain.ErrNotFound) {
				t.Errorf("got %v", err)
			}
		})
	})
}

func TestSession(t *testing.T) {
	repotest.Each(t, func(t *testing.T, s *repository.Store) {
		for _, n := range []domain.Session{
			{TokenHash: "a", StaffID: "1", CreatedAt: 100, SeenAt: 200},
			{TokenHash: "b", StaffID: "1", CreatedAt: 50, SeenAt: 250},
			{TokenHash: "c", StaffID: "2", CreatedAt: 100, SeenAt: 200},
			{TokenHash: "d", StaffID: "2", CreatedAt: 100, SeenAt: 120},
		} {
			if err := s.InsertSession(t.Context(), n); err != nil {
				t.Fatal(err)
			}
		}
		here := func(hash string) bool {
			_, err := s.Session(t.Context(), hash)
			if err != nil && !errors.Is(err, domain.ErrNotFound) {
				t.Fatal(err)
			}
			return err == nil
		}
		if err := s.PurgeSessions(t.Context(), 60, 150, 300); err != nil {
			t.Fatal(err)
		}
		if !here("a") || here("b") || !here("c") || here("d") {
			t.Error("purge took the wrong sessions")
		}
		if err := s.EndSessionsOf(t.Context(), "1", ""); err != nil {
			t.Fatal(err)
		}
		if here("a") || !here("c") {
			t.Error("ended somebody else's session")
		}
	})
}

func TestTakeAttempt(t *testing.T) {
	repotest.Each(t, func(t *testing.T, s *repository.Store) {
		t.Run("forty guesses at once get five tries", func(t *testing.T) {
			var wg sync.WaitGroup
			results := make([]error, 40)
			for i := range results {
				wg.Go(func() { results[i] = s.TakeAttempt(t.Context(), "login:chen", 5, 100, 200) })
			}
			wg.Wait()
			taken := 0
			for _, err := range results {
				if err == nil {
					taken++
				} else if !errors.Is(err, domain.ErrTooMany) {
					t.Error(err)
				}
			}
			if taken != 5 {
				t.Errorf("%d tries", taken)
			}
		})
		t.Run("after expiry the count begins anew", func(t *testing.T) {
			if err := s.TakeAttempt(t.Context(), "login:chen", 5, 199, 300); !errors.Is(err, domain.ErrTooMany) {
				t.Errorf("before: %v", err)
			}
			for i := range 6 {
				err := s.TakeAttempt(t.Context(), "login:chen", 5, 200, 300)
				if (err == nil) != (i < 5) {
					t.Errorf("try %d: %v", i+1, err)
				}
			}
		})
		t.Run("success gives back", func(t *testing.T) {
			if err := s.ForgetAttempts(t.Context(), "login:chen"); err != nil {
				t.Fatal(err)
			}
			if at, err := s.AttemptsExpire(t.Context(), "login:chen"); err != nil || at != 0 {
				t.Errorf("%v, %v", at, err)
			}
			for range 10 {
				if err := s.TakeAttempt(t.Context(), "addr:10.0.0.1", 2, 200, 300); err != nil {
					t.Fatal(err)
				}
				if err := s.GiveAttemptBack(t.Context(), "addr:10.0.0.1"); err != nil {
					t.Fatal(err)
				}
			}
		})
	})
}
