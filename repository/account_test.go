package repository_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"guiyi/domain"
	"guiyi/repository"
	"guiyi/repository/repotest"
)

func hospital(id, key string) domain.Account {
	return domain.Account{
		ID: id, Key: key, Role: domain.RoleOld, Kind: domain.AccountService, Name: "汀兰卫生院", WeChatID: "demo_hospital",
		OriginalID: "gh_0000000000a3", AppID: "wx0000000000000" + key, Subject: "汀兰镇卫生院", HostUnit: "卫生院", Phone: "0000-6000104",
		VerifiedUntil: "2027-06-30", Followers: 18600, LastPublished: "2026-11-20", CreatedAt: 1, UpdatedAt: 1,
	}
}

func TestAccount(t *testing.T) {
	secrets := domain.Credentials{AppSecret: "app-secret", CallbackToken: "token", EncodingAESKey: "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"}
	repotest.Each(t, func(t *testing.T, s *repository.Store) {
		want := hospital("00000000-0000-7000-8000-000000000001", "A3")
		if err := s.InsertAccount(t.Context(), want, secrets); err != nil {
			t.Fatal(err)
		}

		t.Run("comes back as it was stored", func(t *testing.T) {
			got, err := s.AccountByKey(t.Context(), "A3")
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Error(d)
			}
		})
		t.Run("secrets come back only by their own door", func(t *testing.T) {
			got, err := s.Credentials(t.Context(), want.ID)
			if err != nil || got != secrets {
				t.Errorf("got %+v, %v", got, err)
			}
		})
		t.Run("a second account under the same key is refused", func(t *testing.T) {
			err := s.InsertAccount(t.Context(), hospital("00000000-0000-7000-8000-000000000002", "A3"), secrets)
			if !errors.Is(err, domain.ErrConflict) {
				t.Errorf("got %v", err)
			}
		})
		t.Run("keys differ by case", func(t *testing.T) {
			if _, err := s.AccountByKey(t.Context(), "a3"); !errors.Is(err, domain.ErrNotFound) {
				t.Errorf("got %v", err)
			}
		})
		t.Run("the follower count changes", func(t *testing.T) {
			if err := s.SetFollowers(t.Context(), want.ID, 18601, 2); err != nil {
				t.Fatal(err)
			}
			if err := s.SetFollowers(t.Context(), want.ID, 18601, 2); err != nil {
				t.Errorf("the same value a second time: %v", err)
			}
			if err := s.SetFollowers(t.Context(), "nobody", 1, 2); !errors.Is(err, domain.ErrConflict) {
				t.Errorf("an unknown account: %v", err)
			}
		})
	})
}

func TestSealer(t *testing.T) {
	s, err := repository.NewSealer(repotest.Key)
	if err != nil {
		t.Fatal(err)
	}
	sealed := s.Seal("account.secret:1", "clear")
	t.Run("opens in its place", func(t *testing.T) {
		if plain, err := s.Open("account.secret:1", sealed); err != nil || plain != "clear" {
			t.Errorf("got %q, %v", plain, err)
		}
	})
	t.Run("does not open in another place", func(t *testing.T) {
		if _, err := s.Open("account.secret:2", sealed); err == nil {
			t.Error("a value copied to another row opened")
		}
	})
	t.Run("does not open with another key", func(t *testing.T) {
		other, err := repository.NewSealer([]byte("ffffffffffffffffffffffffffffffff"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := other.Open("account.secret:1", sealed); err == nil {
			t.Error("opened")
		}
	})
	t.Run("the same text is never sealed alike", func(t *testing.T) {
		if s.Seal("account.secret:1", "clear") == sealed {
			t.Error("two sealings are equal")
		}
	})
	t.Run("a short key is refused", func(t *testing.T) {
		if _, err := repository.NewSealer([]byte("short")); err == nil {
			t.Error("accepted")
		}
	})
}
