package accounts_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"guiyi/domain"
	"guiyi/repository"
	"guiyi/repository/repotest"
	"guiyi/service"
	"guiyi/service/accounts"
)

var clerk = domain.Actor{ID: "s1", Name: "陈经办"}

func room(t *testing.T, store *repository.Store) (*accounts.Service, *time.Time) {
	t.Helper()
	now := repotest.Noon
	env := service.Env{Now: func() time.Time { return now }, NewID: repotest.IDs(), Log: slog.New(slog.DiscardHandler)}
	return accounts.New(env, store), &now
}

func hospital() (domain.Account, domain.Credentials) {
	return domain.Account{
			Key: "A3", Role: domain.RoleOld, Kind: domain.AccountService, Name: "汀兰卫生院", OriginalID: "gh_0000000000a3", AppID: "wx00000000000000a3",
		}, domain.Credentials{
			AppSecret: "0123456789abcdef0123456789abcdef", CallbackToken: "demoTokenA3", EncodingAESKey: "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
		}
}

func TestRegister(t *testing.T) {
	repotest.Each(t, func(t *testing.T, store *repository.Store) {
		s, _ := room(t, store)
		a, c := hospital()
		got, err := s.Register(t.Context(), clerk, a, c)
		if err != nil {
			t.Fatal(err)
		}
		stored, creds, err := s.Lookup(t.Context(), got.ID)
		if err != nil || creds != c {
			t.Fatalf("got %+v, %v", creds, err)
		}
		if d := cmp.Diff(got, stored); d != "" || stored.CreatedAt != domain.At(repotest.Noon) {
			t.Errorf("created %v, %s", stored.CreatedAt, d)
		}
		log, err := store.AuditLog(t.Context(), repository.AuditFilter{Action: "account.", Limit: 10})
		if err != nil || len(log) != 1 || log[0].ObjectID != got.ID || log[0].Actor != clerk {
			t.Errorf("audit: %+v, %v", log, err)
		}

		taken := map[string]func(*domain.Account){
			"key_taken":   func(a *domain.Account) { a.AppID = "wx00000000000000a4" },
			"appid_taken": func(a *domain.Account) { a.Key = "A4" },
		}
		for code, change := range taken {
			other := a
			change(&other)
			_, err := s.Register(t.Context(), clerk, other, c)
			if refusal, ok := errors.AsType[*domain.Error](err); !ok || refusal.Code != code || !errors.Is(err, domain.ErrConflict) {
				t.Errorf("got %v, want %s", err, code)
			}
		}
	})
}

func TestRegisterRefuses(t *testing.T) {
	cases := map[string]func(*domain.Account, *domain.Credentials){
		"bad_key":         func(a *domain.Account, _ *domain.Credentials) { a.Key = "A 3" },
		"bad_role":        func(a *domain.Account, _ *domain.Credentials) { a.Role = "" },
		"bad_kind":        func(a *domain.Account, _ *domain.Credentials) { a.Kind = "website" },
		"bad_name":        func(a *domain.Account, _ *domain.Credentials) { a.Name = "  " },
		"bad_appid":       func(a *domain.Account, _ *domain.Credentials) { a.AppID = "wx123" },
		"bad_original_id": func(a *domain.Account, _ *domain.Credentials) { a.OriginalID = "汀兰" },
		"bad_secret":      func(_ *domain.Account, c *domain.Credentials) { c.AppSecret = "" },
		"bad_token":       func(_ *domain.Account, c *domain.Credentials) { c.CallbackToken = "to" },
		"bad_aes_key":     func(_ *domain.Account, c *domain.Credentials) { c.EncodingAESKey = "short" },
		"too_long":        func(a *domain.Account, _ *domain.Credentials) { a.Phone = string(make([]byte, 65)) },
		"bad_day":         func(a *domain.Account, _ *domain.Credentials) { a.VerifiedUntil = "soon" },
	}
	s, _ := room(t, repotest.SQLite(t))
	for code, change := range cases {
		t.Run(code, func(t *testing.T) {
			a, c := hospital()
			change(&a, &c)
			_, err := s.Register(t.Context(), clerk, a, c)
			if refusal, ok := errors.AsType[*domain.Error](err); !ok || refusal.Code != code || !errors.Is(err, domain.ErrInvalid) {
				t.Errorf("got %v", err)
			}
		})
	}
	if list, err := s.List(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("something was registered: %v, %v", list, err)
	}
}

func TestOneTown(t *testing.T) {
	s, _ := room(t, repotest.SQLite(t))
	a, c := hospital()
	a.Role = domain.RoleTown
	if _, err := s.Register(t.Context(), clerk, a, c); err != nil {
		t.Fatal(err)
	}
	a.Key, a.AppID = "town2", "wx00000000000000b0"
	if _, err := s.Register(t.Context(), clerk, a, c); !errors.Is(err, domain.ErrConflict) {
		t.Errorf("a second town: %v", err)
	}
}

func TestLookupIsCached(t *testing.T) {
	store := repotest.SQLite(t)
	s, now := room(t, store)
	a, c := hospital()
	a, err := s.Register(t.Context(), clerk, a, c)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Lookup(t.Context(), a.ID); err != nil {
		t.Fatal(err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel() // every trip to the database now fails
	if _, _, err := s.Lookup(gone, a.ID); err != nil {
		t.Errorf("a second look went to the database: %v", err)
	}
	if _, err := s.ByKey(gone, "nonsense"); !errors.Is(err, domain.ErrNotFound) {
		t.Errorf("nonsense went to the database: %v", err)
	}
	*now = now.Add(6 * time.Second)
	if _, _, err := s.Lookup(gone, a.ID); err == nil {
		t.Error("an old copy was used")
	}
	if _, got, err := s.Lookup(t.Context(), a.ID); err != nil || got != c {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestAnotherProcessRegisters(t *testing.T) {
	store := repotest.SQLite(t)
	here, now := room(t, store)
	if _, err := here.ByKey(t.Context(), "A3"); !errors.Is(err, domain.ErrNotFound) {
		t.Fatal(err)
	}
	there, _ := room(t, store)
	a, c := hospital()
	if _, err := there.Register(t.Context(), clerk, a, c); err != nil {
		t.Fatal(err)
	}
	*now = now.Add(2 * time.Second)
	if got, err := here.Get(t.Context(), "A3"); err != nil || !got.HasSecret || !got.Encrypted {
		t.Errorf("got %+v, %v", got, err)
	}
}
