package simulator

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"
)

func menuEndpoints() []endpoint {
	return []endpoint{
		{method: http.MethodPost, path: "/cgi-bin/menu/create", group: "menu", quota: "menu/create", handle: (*call).menuCreate},
		{method: http.MethodGet, path: "/cgi-bin/menu/get", group: "menu", quota: "menu/get", handle: (*call).menuGet},
		{method: http.MethodGet, path: "/cgi-bin/menu/delete", group: "menu", quota: "menu/delete", handle: (*call).menuDelete},
		{method: http.MethodGet, path: "/cgi-bin/get_current_selfmenu_info", group: "menu", quota: "menu/get", handle: (*call).menuShown},
	}
}

// Limits of a menu; lengths are UTF-8 bytes.
const (
	mostButtons      = 3
	mostSubButtons   = 5
	longestName      = 16
	longestSubName   = 60
	longestKey       = 128
	longestButtonURL = 1024
)

// button is one entry of a menu.
type button struct {
	Type      string   `json:"type,omitempty"`
	Name      string   `json:"name"`
	Key       string   `json:"key,omitempty"`
	URL       string   `json:"url,omitempty"`
	AppID     string   `json:"appid,omitempty"`
	PagePath  string   `json:"pagepath,omitempty"`
	MediaID   string   `json:"media_id,omitempty"`
	ArticleID string   `json:"article_id,omitempty"`
	SubButton []button `json:"sub_button"` // read back as [], never absent
}

// menu is one version; it is replaced, never changed.
type menu struct {
	buttons []button
	id      int64
}

// menuState is the menu of an account, and what each phone shows of it: a
// phone pulls the menu when a chat is opened and its copy is old enough.
type menuState struct {
	current *menu
	pulled  map[personID]pulledMenu
}

type pulledMenu struct {
	menu *menu
	at   time.Time
}

// onPhone is the menu a person sees; nil: none.
func (m *menuState) onPhone(p personID, now time.Time, refresh time.Duration) *menu {
	seen, has := m.pulled[p]
	if has && within(now, seen.at, refresh) {
		return seen.menu
	}
	if m.pulled == nil {
		m.pulled = map[personID]pulledMenu{}
	}
	m.pulled[p] = pulledMenu{menu: m.current, at: now}
	return m.current
}

func (c *call) menuCreate() (any, error) {
	var in struct {
		Button []button `json:"button"`
	}
	if hasEscape(c.body) {
		return nil, refuse(40033)
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if err := c.a.setMenu(in.Button, c.newID()); err != nil {
		return nil, err
	}
	return ok, nil
}

// setMenu checks a menu and makes it the account's.
func (a *account) setMenu(buttons []button, id int64) error {
	if len(buttons) == 0 || len(buttons) > mostButtons {
		return refuse(40016)
	}
	for i := range buttons {
		if err := a.checkButton(&buttons[i]); err != nil {
			return err
		}
	}
	a.menu.current = &menu{buttons: buttons, id: id}
	return nil
}

// level are the return codes of one level of a menu.
type level struct {
	nameBytes                                        int
	name, kind, key, url, domain, appID, media, page int
}

var (
	topLevel = level{longestName, 40018, 40017, 40019, 40020, 40054, 40166, 40007, 40165}
	subLevel = level{longestSubName, 40025, 40024, 40026, 40027, 40055, 40166, 40007, 40165}
)

func (a *account) checkButton(b *button) error {
	if b.Name == "" || len(b.Name) > longestName {
		return refuse(40018)
	}
	if len(b.SubButton) == 0 {
		if b.Type == "" {
			return refuse(40017)
		}
		b.SubButton = []button{}
		return a.checkAction(b, topLevel)
	}
	if b.Type != "" {
		return refuse(40017) // a parent carries name and sub_button only
	}
	if len(b.SubButton) > mostSubButtons {
		return refuse(40023)
	}
	for i := range b.SubButton {
		sub := &b.SubButton[i]
		if len(sub.SubButton) > 0 {
			return refuse(40022)
		}
		sub.SubButton = []button{}
		if sub.Name == "" || len(sub.Name) > longestSubName {
			return refuse(40025)
		}
		if err := a.checkAction(sub, subLevel); err != nil {
			return err
		}
	}
	return nil
}

// checkAction checks the fields that the type of a button needs.
func (a *account) checkAction(b *button, l level) error {
	switch b.Type {
	case "click", "scancode_push", "scancode_waitmsg", "pic_sysphoto", "pic_photo_or_album", "pic_weixin", "location_select":
		if b.Key == "" || len(b.Key) > longestKey {
			return refuse(l.key)
		}
	case "view":
		return checkButtonURL(b.URL, l)
	case "miniprogram":
		switch {
		case b.AppID == "":
			return refuse(l.appID)
		case b.PagePath == "":
			return refuse(l.page)
		case !slices.Contains(a.linkedApps, b.AppID):
			return refuse(45064)
		}
		return checkButtonURL(b.URL, l)
	case "media_id", "view_limited":
		if b.MediaID == "" {
			return refuse(l.media)
		}
	case "article_id", "article_view_limited":
		if b.ArticleID == "" {
			return refuse(53600)
		}
	default:
		return refuse(l.kind)
	}
	return nil
}

func checkButtonURL(text string, l level) error {
	if text == "" || len(text) > longestButtonURL {
		return refuse(l.url)
	}
	if u, err := url.Parse(text); err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return refuse(l.domain)
	}
	return nil
}

func (c *call) menuGet() (any, error) {
	m := c.a.menu.current
	if m == nil {
		return nil, refuse(46003)
	}
	return map[string]any{"menu": map[string]any{"button": m.buttons, "menuid": m.id}}, nil
}

// menuDelete answers ok also when there is none.
func (c *call) menuDelete() (any, error) {
	c.a.menu.current = nil
	return ok, nil
}

// menuShown is get_current_selfmenu_info, which wraps sub-buttons in a list.
func (c *call) menuShown() (any, error) {
	m := c.a.menu.current
	if m == nil {
		return map[string]any{"is_menu_open": 0, "selfmenu_info": map[string]any{"button": []any{}}}, nil
	}
	shown := make([]any, 0, len(m.buttons))
	for _, b := range m.buttons {
		if len(b.SubButton) > 0 {
			subs := make([]any, 0, len(b.SubButton))
			for _, sub := range b.SubButton {
				subs = append(subs, sub.leaf())
			}
			shown = append(shown, map[string]any{"name": b.Name, "sub_button": map[string]any{"list": subs}})
			continue
		}
		shown = append(shown, b.leaf())
	}
	return map[string]any{"is_menu_open": 1, "selfmenu_info": map[string]any{"button": shown}}, nil
}

// leaf is a button without sub_button.
func (b button) leaf() any {
	out := map[string]string{"type": b.Type, "name": b.Name}
	for name, value := range map[string]string{
		"key": b.Key, "url": b.URL, "appid": b.AppID, "pagepath": b.PagePath, "media_id": b.MediaID, "article_id": b.ArticleID,
	} {
		if value != "" {
			out[name] = value
		}
	}
	return out
}

// loadMenu takes the menu of a scenario, in the form of menu/create.
func (s *Simulator) loadMenu(a *account, file json.RawMessage) error {
	if len(file) == 0 {
		return nil
	}
	var in struct {
		Button []button `json:"button"`
	}
	if err := json.Unmarshal(file, &in); err != nil {
		return fmt.Errorf("menu: %w", err)
	}
	if err := a.setMenu(in.Button, s.newID()); err != nil {
		return fmt.Errorf("menu: the platform refuses it with %w", err)
	}
	return nil
}
