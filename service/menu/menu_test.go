package menu_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"guiyi/domain"
	"guiyi/repository"
	"guiyi/repository/repotest"
	"guiyi/service"
	"guiyi/service/menu"
)

const demoFile = "../../cmd/guiyi/town/menu.json"

// platform records what was published, or fails.
type platform struct {
	sent    map[string][]domain.MenuButton
	failure error
}

func (p *platform) PublishMenu(_ context.Context, accountID string, buttons []domain.MenuButton) error {
	if p.failure == nil {
		p.sent[accountID] = buttons
	}
	return p.failure
}

type office struct {
	*menu.Service
	platform *platform
	store    *repository.Store
}

func newOffice(t *testing.T, s *repository.Store) office {
	t.Helper()
	env := service.Env{Now: func() time.Time { return repotest.Noon }, NewID: repotest.IDs(), Log: slog.New(slog.DiscardHandler)}
	for _, a := range []domain.Account{
		{ID: "old", Key: "A3", Role: domain.RoleOld, Kind: domain.AccountService, Name: "汀兰卫生院", AppID: "wx3"},
		{ID: "new", Key: "town", Role: domain.RoleTown, Kind: domain.AccountService, Name: "汀兰服务", AppID: "wx0"},
	} {
		if err := s.InsertAccount(t.Context(), a, domain.Credentials{}); err != nil {
			t.Fatal(err)
		}
	}
	p := &platform{sent: map[string][]domain.MenuButton{}}
	return office{menu.New(env, s, p, "https://town.example/"), p, s}
}

func demo(t *testing.T) []byte {
	t.Helper()
	b, err := os.ReadFile(demoFile)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestPublish(t *testing.T) {
	repotest.Each(t, func(t *testing.T, s *repository.Store) {
		o := newOffice(t, s)
		if _, err := o.Publish(t.Context(), domain.System); !errors.Is(err, domain.ErrConflict) {
			t.Fatalf("without a menu: %v", err)
		}
		if err := o.Import(t.Context(), demo(t)); err != nil {
			t.Fatal(err)
		}
		if st, err := o.Status(t.Context()); err != nil || st.Current || st.Faults != "" || len(st.Entries) != 3 {
			t.Errorf("before: %+v, %v", st, err)
		}
		if _, err := o.Publish(t.Context(), domain.Actor{ID: "1", Name: "演示员甲"}); err != nil {
			t.Fatal(err)
		}
		sent := o.platform.sent["new"]
		if len(o.platform.sent) != 1 || len(sent) != 3 || len(sent[0].Children) != 5 {
			t.Fatalf("sent %+v", o.platform.sent)
		}
		if got := sent[0].Children[1]; got.Name != "办事指南" || got.Type != "view" || got.URL != "https://town.example/services" {
			t.Errorf("second entry: %+v", got)
		}
		if got := sent[1].Children[0]; got.Type != "click" || got.Key != "Q01" || got.URL != "" {
			t.Errorf("a click entry: %+v", got)
		}
		st, err := o.Status(t.Context())
		if err != nil || !st.Current || st.Published.Actor != "演示员甲" || st.Published.PublishedAt != domain.At(repotest.Noon) {
			t.Errorf("after: %+v, %v", st, err)
		}

		changed := strings.Replace(string(demo(t)), "办事指南", "怎么办事", 1)
		if err := o.Import(t.Context(), []byte(changed)); err != nil {
			t.Fatal(err)
		}
		if st, err := o.Status(t.Context()); err != nil || st.Current {
			t.Errorf("a changed menu still counts as published: %v", err)
		}
	})
}

func TestPublish_that_fails_is_not_noted(t *testing.T) {
	o := newOffice(t, repotest.SQLite(t))
	if err := o.Import(t.Context(), demo(t)); err != nil {
		t.Fatal(err)
	}
	o.platform.failure = domain.ErrUnavailable
	if _, err := o.Publish(t.Context(), domain.System); !errors.Is(err, domain.ErrUnavailable) {
		t.Fatalf("got %v", err)
	}
	if st, err := o.Status(t.Context()); err != nil || st.Current || !st.Published.PublishedAt.IsZero() {
		t.Errorf("got %+v, %v", st, err)
	}
}

func TestImport_refuses(t *testing.T) {
	o := newOffice(t, repotest.SQLite(t))
	if err := o.Import(t.Context(), demo(t)); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ file, want string }{
		"a name the platform cuts off": {strings.Replace(string(demo(t)), "找镇里", "找镇政府办事", 1), "“找镇政府办事”的名称有 18 字节"},
		"a misspelt field":             {strings.Replace(string(demo(t)), `"page"`, `"pgae"`, 1), "读不懂"},
		"no JSON at all":               {"menu: none", "读不懂"},
		"an empty menu":                {"[]", "还没有菜单内容"},
	} {
		t.Run(name, func(t *testing.T) {
			err := o.Import(t.Context(), []byte(c.file))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v", err)
			}
			if st, err := o.Status(t.Context()); err != nil || len(st.Entries) != 3 || st.Entries[2].Name != "找镇里" {
				t.Errorf("the menu kept was touched: %+v, %v", st.Entries, err)
			}
		})
	}
}
