package town_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"guiyi/cmd/guiyi/town"
	"guiyi/domain"
	"guiyi/repository/repotest"
	"guiyi/service"
	"guiyi/service/matter"
	"guiyi/service/menu"
	"guiyi/service/reply"
	"guiyi/wechat/simulator"
)

const base = "http://127.0.0.1:8080"

// scenario is what of the simulator's file the other files must agree with.
type scenario struct {
	Accounts []struct {
		Key      string `json:"key"`
		Name     string `json:"name"`
		WeChatID string `json:"wechat_id"`
		AppID    string `json:"appid"`
		Original string `json:"original"`
		Secret   string `json:"secret"`
		Kind     string `json:"kind"`
		Callback struct {
			URL    string `json:"url"`
			Token  string `json:"token"`
			AESKey string `json:"aes_key"`
			Mode   string `json:"mode"`
		} `json:"callback"`
		Followers struct {
			Count int `json:"count"`
		} `json:"followers"`
		Menu struct {
			Button []button `json:"button"`
		} `json:"menu"`
	} `json:"accounts"`
}

type button struct {
	Name string   `json:"name"`
	Sub  []button `json:"sub_button"`
}

func readScenario(t *testing.T) scenario {
	t.Helper()
	var s scenario
	if err := json.Unmarshal(town.Scenario(base), &s); err != nil {
		t.Fatal(err)
	}
	return s
}

func env() service.Env {
	return service.Env{Now: func() time.Time { return repotest.Noon }, NewID: repotest.IDs(), Log: slog.New(slog.DiscardHandler)}
}

func catalogue(t *testing.T) *matter.Service {
	t.Helper()
	s := matter.New(env(), repotest.SQLite(t))
	if report, err := s.Import(t.Context(), town.Catalogue()); err != nil {
		t.Fatal(err, report.Faults)
	}
	return s
}

func TestAccounts_agree_with_the_simulator(t *testing.T) {
	list, err := town.Accounts()
	if err != nil {
		t.Fatal(err)
	}
	world := readScenario(t)
	if len(list) != 5 || len(world.Accounts) != 5 {
		t.Fatalf("%d and %d accounts", len(list), len(world.Accounts))
	}
	for i, a := range list {
		w := world.Accounts[i]
		ours := []string{a.Key, a.Name, a.WeChatID, a.AppID, a.OriginalID, a.AppSecret, a.Kind, a.CallbackToken, a.EncodingAESKey, base + "/wechat/callback/" + a.Key, "safe"}
		theirs := []string{w.Key, w.Name, w.WeChatID, w.AppID, w.Original, w.Secret, w.Kind, w.Callback.Token, w.Callback.AESKey, w.Callback.URL, w.Callback.Mode}
		if d := cmp.Diff(ours, theirs); d != "" {
			t.Errorf("%s: %s", a.Key, d)
		}
		if len(a.EncodingAESKey) != 43 {
			t.Errorf("%s: the key has %d characters", a.Key, len(a.EncodingAESKey))
		}
	}
}

func TestScenario(t *testing.T) {
	world := readScenario(t)
	total := 0
	for _, a := range world.Accounts[1:] {
		total += a.Followers.Count
	}
	if total != 28_102 {
		t.Errorf("the old accounts have %d followers", total)
	}
	sim, err := simulator.New(simulator.Options{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer sim.Close()
	if err := sim.Load(bytes.NewReader(town.Scenario(base))); err != nil {
		t.Error(err)
	}
}

func TestMappings_cover_every_old_entry(t *testing.T) {
	places := catalogue(t)
	mappings, err := town.Mappings()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range readScenario(t).Accounts[1:] {
		var entries, mapped []string
		for _, b := range a.Menu.Button {
			if len(b.Sub) == 0 {
				entries = append(entries, b.Name)
			}
			for _, s := range b.Sub {
				entries = append(entries, s.Name)
			}
		}
		for _, m := range mappings[a.Key] {
			mapped = append(mapped, m.Old)
			if _, err := places.Destination(t.Context(), domain.DestinationKind(m.Kind), m.Ref); err != nil {
				t.Errorf("%s %s: %v", a.Key, m.Old, err)
			}
			if (m.Kind == string(domain.ToEnd)) != (m.Offline != "") {
				t.Errorf("%s %s: only what ends says what people can do instead: %q", a.Key, m.Old, m.Offline)
			}
		}
		if d := cmp.Diff(entries, mapped); d != "" {
			t.Errorf("%s: %s", a.Key, d)
		}
	}
}

// accounts and nobody stand in for the rooms the answers ask besides the catalogue.
type accounts struct{}

func (accounts) Account(context.Context, string) (domain.Account, error) {
	return domain.Account{Key: "town", Role: domain.RoleTown}, nil
}

type nobody struct{}

func (nobody) MovedAccounts(context.Context) ([]domain.MovedAccount, error) { return nil, nil }
func (nobody) MovedAccount(context.Context, string) (domain.MovedAccount, error) {
	return domain.MovedAccount{}, domain.ErrNotFound
}

func TestMenu_every_entry_leads_somewhere(t *testing.T) {
	places := catalogue(t)
	office := menu.New(env(), repotest.SQLite(t), nil, base)
	if err := office.Import(t.Context(), town.Menu()); err != nil {
		t.Fatal(err)
	}
	var file []struct {
		Sub []struct {
			Name, Type, Page, Key string
		}
	}
	if err := json.Unmarshal(town.Menu(), &file); err != nil {
		t.Fatal(err)
	}
	voice := reply.New(env(), accounts{}, places, nobody{}, base)
	help := answer(t, voice, "NO_SUCH_KEY")
	for _, parent := range file {
		if len(parent.Sub) != 5 {
			t.Errorf("%d entries under one button", len(parent.Sub))
		}
		for _, e := range parent.Sub {
			switch e.Type {
			case "view":
				kind, ref := domain.ToPage, e.Page
				if id, guide := strings.CutPrefix(e.Page, "/services/"); guide {
					kind, ref = domain.ToMatter, id
				}
				if _, err := places.Destination(t.Context(), kind, ref); err != nil {
					t.Errorf("%s: %v", e.Name, err)
				}
			case "click":
				if answer(t, voice, e.Key) == help {
					t.Errorf("%s: the key %s is answered like an unknown one", e.Name, e.Key)
				}
			default:
				t.Errorf("%s: type %q", e.Name, e.Type)
			}
		}
	}
}

func answer(t *testing.T, voice *reply.Service, key string) string {
	t.Helper()
	r, ok, err := voice.Respond(t.Context(), domain.Inbound{Type: "event", Event: "CLICK", EventKey: key})
	if err != nil || !ok {
		t.Fatalf("%s: %v, %v", key, ok, err)
	}
	return r.Text
}
