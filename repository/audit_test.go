package repository_test

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"guiyi/domain"
	"guiyi/repository"
	"guiyi/repository/repotest"
)

func TestAudit(t *testing.T) {
	chen := domain.Actor{ID: "00000000-0000-7000-8000-000000000001", Name: "陈晓"}
	entry := func(action string) domain.AuditEntry {
		return domain.AuditEntry{At: 1, Actor: chen, Action: action, ObjectKind: "migration", ObjectID: "m", Detail: "开始"}
	}
	repotest.Each(t, func(t *testing.T, s *repository.Store) {
		t.Run("writers at the same time leave no gap", func(t *testing.T) {
			var wg sync.WaitGroup
			for range 8 {
				wg.Go(func() {
					for range 5 {
						if err := s.InsertAudit(t.Context(), entry("migration.start")); err != nil {
							t.Error(err)
						}
					}
				})
			}
			wg.Wait()
			if sound, broken, err := s.VerifyAudit(t.Context()); sound != 40 || broken != 0 || err != nil {
				t.Errorf("%d sound, broken at %d, %v", sound, broken, err)
			}
		})
		t.Run("goes with the transaction that failed", func(t *testing.T) {
			err := s.InTx(t.Context(), func(tx *repository.Store) error {
				if err := tx.InsertAudit(t.Context(), entry("migration.start")); err != nil {
					return err
				}
				return domain.ErrConflict
			})
			if sound, broken, _ := s.VerifyAudit(t.Context()); !errors.Is(err, domain.ErrConflict) || sound != 40 || broken != 0 {
				t.Errorf("%v: %d sound, broken at %d", err, sound, broken)
			}
		})
		t.Run("a detail that is too long is cut, not refused", func(t *testing.T) {
			long := entry("staff.add")
			long.Detail = strings.Repeat("长", 2000)
			if err := s.InsertAudit(t.Context(), long); err != nil {
				t.Fatal(err)
			}
			list, err := s.AuditLog(t.Context(), repository.AuditFilter{Limit: 1})
			if err != nil || len([]rune(list[0].Detail)) != 400 || list[0].Seq != 41 {
				t.Errorf("%+v, %v", list, err)
			}
		})
		t.Run("pages by key, filtered", func(t *testing.T) {
			for _, f := range []struct {
				repository.AuditFilter
				want []int
			}{
				{repository.AuditFilter{Limit: 3}, []int{41, 40, 39}},
				{repository.AuditFilter{Limit: 2, Before: 3}, []int{2, 1}},
				{repository.AuditFilter{Limit: 2, Action: "staff."}, []int{41}},
				{repository.AuditFilter{Limit: 2, Action: "migration.start", Before: 41}, []int{40, 39}},
				{repository.AuditFilter{Limit: 2, Action: "migration"}, nil},
				{repository.AuditFilter{Limit: 1, Actor: "陈晓", Before: 41}, []int{40}},
				{repository.AuditFilter{Limit: 1, Actor: "别人"}, nil},
			} {
				list, err := s.AuditLog(t.Context(), f.AuditFilter)
				if err != nil {
					t.Fatal(err)
				}
				var got []int
				for _, e := range list {
					got = append(got, e.Seq)
				}
				if d := cmp.Diff(f.want, got); d != "" {
					t.Errorf("%+v: %s", f.AuditFilter, d)
				}
			}
		})
	})
}

func TestVerifyAudit_finds_what_was_done_behind_our_back(t *testing.T) {
	for name, c := range map[string]struct {
		statement string
		broken    int
	}{
		"a changed row":      {"UPDATE audit_entry SET detail = 'x' WHERE seq = 2", 2},
		"a changed time":     {"UPDATE audit_entry SET at = at + 1 WHERE seq = 3", 3},
		"a removed row":      {"DELETE FROM audit_entry WHERE seq = 2", 2},
		"the end cut off":    {"DELETE FROM audit_entry WHERE seq >= 3", 3},
		"another's name":     {"UPDATE audit_entry SET actor_name = '别人' WHERE seq = 1", 1},
		"everything removed": {"DELETE FROM audit_entry", 1},
	} {
		t.Run(name, func(t *testing.T) {
			s := repotest.SQLite(t)
			for range 4 {
				if err := s.InsertAudit(t.Context(), domain.AuditEntry{At: 9, Actor: domain.System, Action: "a.b"}); err != nil {
					t.Fatal(err)
				}
			}
			if err := s.Exec(t.Context(), c.statement); err != nil {
				t.Fatal(err)
			}
			if _, broken, err := s.VerifyAudit(t.Context()); broken != c.broken || err != nil {
				t.Errorf("found at %d, %v", broken, err)
			}
		})
	}
}
