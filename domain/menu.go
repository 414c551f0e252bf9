package domain

// MenuButton is one entry of a custom menu (自定义菜单). A button with children only opens them.
type MenuButton struct {
	Name     string       `json:"name"`
	Type     string       `json:"type,omitempty"` // click, view, miniprogram, …; empty for a parent
	Key      string       `json:"key,omitempty"`  // click types
	URL      string       `json:"url,omitempty"`  // view and miniprogram
	AppID    string       `json:"appid,omitempty"`
	PagePath string       `json:"pagepath,omitempty"`
	Children []MenuButton `json:"sub_button,omitempty"`
}
