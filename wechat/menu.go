package wechat

import (
	"context"
	"errors"

	offcontext "github.com/silenceper/wechat/v2/officialaccount/context"
	"github.com/silenceper/wechat/v2/officialaccount/menu"

	"guiyi/domain"
)

const noMenu = 46003

// Menu reads the menu people see: the one set by the API, else the one made on the admin site. An account without a menu has
// an empty one.
func (g *Gateway) Menu(ctx context.Context, accountID string) ([]domain.MenuButton, error) {
	var buttons []domain.MenuButton
	err := g.sdk(ctx, accountID, api{path: "/cgi-bin/menu/get", read: true}, func(c *offcontext.Context) error {
		m, err := menu.NewMenu(c).GetMenu()
		for i := range m.Menu.Button {
			buttons = append(buttons, fromMenu(&m.Menu.Button[i]))
		}
		return err
	})
	if err == nil && len(buttons) > 0 {
		return buttons, nil
	}
	if err != nil && !isCode(err, noMenu) {
		return nil, err
	}
	return g.adminMenu(ctx, accountID)
}

// adminMenu reads the menu made on the admin site (get_current_selfmenu_info).
func (g *Gateway) adminMenu(ctx context.Context, accountID string) ([]domain.MenuButton, error) {
	var buttons []domain.MenuButton
	err := g.sdk(ctx, accountID, api{path: "/cgi-bin/get_current_selfmenu_info", read: true}, func(c *offcontext.Context) error {
		m, err := menu.NewMenu(c).GetCurrentSelfMenuInfo()
		if err != nil || m.IsMenuOpen == 0 {
			return err
		}
		for _, b := range m.SelfMenuInfo.Button {
			buttons = append(buttons, fromAdminMenu(b))
		}
		return nil
	})
	if isCode(err, noMenu) {
		return nil, nil
	}
	return buttons, err
}

func fromMenu(b *menu.Button) domain.MenuButton {
	out := domain.MenuButton{Name: b.Name, Type: b.Type, Key: b.Key, URL: b.URL, AppID: b.AppID, PagePath: b.PagePath}
	if out.Key == "" {
		out.Key = b.MediaID
	}
	for _, child := range b.SubButtons {
		out.Children = append(out.Children, fromMenu(child))
	}
	return out
}

func fromAdminMenu(b menu.SelfMenuButton) domain.MenuButton {
	out := domain.MenuButton{Name: b.Name, Type: b.Type, Key: b.Key, URL: b.URL}
	if out.Key == "" {
		out.Key = b.Value
	}
	for _, child := range b.SubButton.List {
		out.Children = append(out.Children, fromAdminMenu(child))
	}
	return out
}

// PublishMenu replaces the default menu. It switches off a menu made on the admin site. Phones show it within 5 minutes.
func (g *Gateway) PublishMenu(ctx context.Context, accountID string, buttons []domain.MenuButton) error {
	a := api{path: "/cgi-bin/menu/create", budget: budgetMenu}
	body, err := rawJSON(map[string]any{"button": plainMenu(buttons)})
	if err != nil {
		return refuse(accountID, a, err.Error())
	}
	return g.sdk(ctx, accountID, a, func(c *offcontext.Context) error {
		return menu.NewMenu(c).SetMenuByJSON(string(body))
	})
}

func plainMenu(buttons []domain.MenuButton) []domain.MenuButton {
	out := make([]domain.MenuButton, len(buttons))
	for i, b := range buttons {
		b.Name, b.Key, b.URL, b.PagePath = plain(b.Name), plain(b.Key), plain(b.URL), plain(b.PagePath)
		if len(b.Children) > 0 {
			b.Children = plainMenu(b.Children)
		}
		out[i] = b
	}
	return out
}

func isCode(err error, code int) bool {
	pe, ok := errors.AsType[*domain.PlatformError](err)
	return ok && pe.Code == code
}
