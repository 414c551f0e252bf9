// Package menu keeps the custom menu of the town's account and publishes it. What the entries answer when they are tapped is not
// here but in the room that answers (service/reply) and on the residents' pages.
package menu

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"guiyi/domain"
	"guiyi/repository"
	"guiyi/service"
)

// Publisher sends a menu to the platform. It replaces the account's menu, so sending it twice does no harm.
type Publisher interface {
	PublishMenu(ctx context.Context, accountID string, buttons []domain.MenuButton) error
}

// Publication is one menu that was sent to the platform.
type Publication = repository.MenuPublication

// Service keeps and publishes the menu.
type Service struct {
	env       service.Env
	store     *repository.Store
	publisher Publisher
	base      string
}

// New makes the service. publicURL is the address under which residents reach the pages.
func New(env service.Env, store *repository.Store, publisher Publisher, publicURL string) *Service {
	return &Service{env: env, store: store, publisher: publisher, base: strings.TrimRight(publicURL, "/")}
}

var errNoMenu = domain.Refuse(domain.ErrConflict, "no_menu", "还没有菜单内容，请先导入菜单。")

// Import puts a menu file in the place of the menu kept. The platform's limits are checked first; on any fault nothing changes and
// the error (domain.ErrInvalid) names every entry that is wrong. It does not publish.
func (s *Service) Import(ctx context.Context, file []byte) error {
	type entry struct {
		Name string  `json:"name"`
		Type string  `json:"type"`
		Page string  `json:"page"`
		Key  string  `json:"key"`
		Sub  []entry `json:"sub"`
	}
	var list []entry
	dec := json.NewDecoder(bytes.NewReader(file))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&list); err != nil {
		return fmt.Errorf("%w: %w", domain.Refuse(domain.ErrInvalid, "menu_file", "菜单文件读不懂，请检查格式。"), err)
	}
	var turn func([]entry) []domain.MenuEntry
	turn = func(list []entry) (out []domain.MenuEntry) {
		for _, e := range list {
			out = append(out, domain.MenuEntry{Name: e.Name, Type: e.Type, Page: e.Page, Key: e.Key, Children: turn(e.Sub)})
		}
		return out
	}
	entries := turn(list)
	if _, err := s.buttons(entries); err != nil {
		return err
	}
	err := s.store.InTx(ctx, func(tx *repository.Store) error { return tx.ReplaceMenu(ctx, entries) })
	if err != nil {
		return fmt.Errorf("import the menu: %w", err)
	}
	return nil
}

// buttons gives the platform's form of the menu, or says what is wrong with it.
func (s *Service) buttons(entries []domain.MenuEntry) ([]domain.MenuButton, error) {
	if len(entries) == 0 {
		return nil, errNoMenu
	}
	buttons := make([]domain.MenuButton, len(entries))
	for i, e := range entries {
		buttons[i] = e.Button(s.base)
	}
	if faults := domain.CheckMenu(buttons); len(faults) > 0 {
		return nil, domain.Refuse(domain.ErrInvalid, "menu_limits", "菜单不合平台的规定："+strings.Join(faults, "；")+"。")
	}
	return buttons, nil
}

// Publish sends the menu kept to the town's account and notes when, by whom and what.
func (s *Service) Publish(ctx context.Context, actor domain.Actor) (Publication, error) {
	var none Publication
	entries, err := s.store.Menu(ctx)
	if err != nil {
		return none, err
	}
	buttons, err := s.buttons(entries)
	if err != nil {
		return none, err
	}
	account, err := s.town(ctx)
	if err != nil {
		return none, err
	}
	mark, err := fingerprint(buttons)
	if err != nil {
		return none, err
	}
	if err := s.publisher.PublishMenu(ctx, account.ID, buttons); err != nil {
		return none, fmt.Errorf("publish the menu of account %s: %w", account.Key, err)
	}
	p := Publication{
		ID: s.env.NewID(), AccountID: account.ID, Fingerprint: mark, Buttons: buttons, Actor: actor.Name, PublishedAt: domain.At(s.env.Now()),
	}
	err = s.store.InTx(ctx, func(tx *repository.Store) error {
		if err := tx.InsertMenuPublication(ctx, p); err != nil {
			return err
		}
		return tx.InsertAudit(ctx, domain.AuditEntry{
			At: p.PublishedAt, Actor: actor, Action: "menu.publish", ObjectKind: "account", ObjectID: account.ID,
			Detail: "发布“" + account.Name + "”的菜单",
		})
	})
	if err != nil {
		return none, fmt.Errorf("note the published menu: %w", err)
	}
	s.env.Log.InfoContext(ctx, "menu published", "account", account.Key, "fingerprint", mark[:12])
	return p, nil
}

// Status is the menu kept and what of it is on people's phones.
type Status struct {
	Entries   []domain.MenuEntry
	Buttons   []domain.MenuButton // with the addresses people open
	Faults    string              // why it cannot be published, empty when it can
	Published Publication
	Current   bool // what is published is what is kept
}

// Status compares the menu kept with what was published last.
func (s *Service) Status(ctx context.Context) (Status, error) {
	entries, err := s.store.Menu(ctx)
	if err != nil {
		return Status{}, err
	}
	st := Status{Entries: entries}
	st.Buttons, err = s.buttons(entries)
	if refusal, ok := errors.AsType[*domain.Error](err); ok {
		st.Faults = refusal.Text
	}
	account, err := s.town(ctx)
	if err != nil {
		return st, err
	}
	st.Published, err = s.store.LatestMenuPublication(ctx, account.ID)
	if errors.Is(err, domain.ErrNotFound) {
		return st, nil
	}
	if err != nil {
		return st, err
	}
	mark, err := fingerprint(st.Buttons)
	st.Current = err == nil && mark == st.Published.Fingerprint
	return st, err
}

func (s *Service) town(ctx context.Context) (domain.Account, error) {
	list, err := s.store.Accounts(ctx)
	if err != nil {
		return domain.Account{}, err
	}
	for _, a := range list {
		if a.Role == domain.RoleTown {
			return a, nil
		}
	}
	return domain.Account{}, domain.Refuse(domain.ErrConflict, "no_town_account", "还没有登记本镇的账号。")
}

func fingerprint(buttons []domain.MenuButton) (string, error) {
	text, err := json.Marshal(buttons)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}
