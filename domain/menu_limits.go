package domain

import (
	"fmt"
	"strings"
)

// Limits of a custom menu (api_createcustommenu, read 2026-11). Names are counted in bytes of UTF-8: five Chinese characters fit
// on the first level. Phones show about 4 and 8
// characters and cut the rest.
const (
	menuButtons   = 3
	menuChildren  = 5
	menuName      = 16
	menuChildName = 60
	menuKeyBytes  = 128
	menuURLBytes  = 1024
)

// MenuEntry is one entry of the town's menu as it is kept. A page is a path of ours; the address people open is made from it when
// the menu is published.
type MenuEntry struct {
	Name     string
	Type     string // view or click; empty for a parent
	Page     string // view: /services
	Key      string // click: Q01
	Children []MenuEntry
}

// Button makes the platform's form of an entry. base is the public address without a slash at its end.
func (e MenuEntry) Button(base string) MenuButton {
	b := MenuButton{Name: e.Name, Type: e.Type, Key: e.Key}
	if e.Page != "" {
		b.URL = base + e.Page
	}
	for _, child := range e.Children {
		b.Children = append(b.Children, child.Button(base))
	}
	return b
}

// CheckMenu names every entry the platform would refuse, in the order of the menu; nothing when the menu is fine.
func CheckMenu(buttons []MenuButton) (faults []string) {
	if n := len(buttons); n < 1 || n > menuButtons {
		faults = append(faults, fmt.Sprintf("一级菜单要有 1 到 %d 个，现在有 %d 个", menuButtons, n))
	}
	for _, b := range buttons {
		faults = append(faults, b.check(b.Name, menuName)...)
		if n := len(b.Children); n > menuChildren {
			faults = append(faults, fmt.Sprintf("“%s”的子菜单最多 %d 个，现在有 %d 个", b.Name, menuChildren, n))
		}
		for _, child := range b.Children {
			place := b.Name + "—" + child.Name
			if len(child.Children) > 0 {
				faults = append(faults, "“"+place+"”不能再有下一级")
			}
			faults = append(faults, child.check(place, menuChildName)...)
		}
	}
	return faults
}

// check looks at one button. place is how the fault names it.
func (b MenuButton) check(place string, most int) (faults []string) {
	fault := func(format string, args ...any) {
		faults = append(faults, "“"+place+"”"+fmt.Sprintf(format, args...))
	}
	switch n := len(b.Name); {
	case strings.TrimSpace(b.Name) == "":
		fault("没有名称")
	case n > most:
		fault("的名称有 %d 字节，最多 %d 字节（一个汉字 3 字节）", n, most)
	}
	if len(b.Children) > 0 {
		if b.Type != "" || b.Key != "" || b.URL != "" {
			fault("有子菜单，就不能再有自己的动作")
		}
		return faults
	}
	switch b.Type {
	case "click", "scancode_push", "scancode_waitmsg":
		if b.Key == "" || len(b.Key) > menuKeyBytes {
			fault("要有 key，最多 %d 字节", menuKeyBytes)
		}
	case "view":
		if !strings.HasPrefix(b.URL, "http://") && !strings.HasPrefix(b.URL, "https://") {
			fault("的网址要以 http:// 或 https:// 开头")
		}
		if len(b.URL) > menuURLBytes {
			fault("的网址有 %d 字节，最多 %d 字节", len(b.URL), menuURLBytes)
		}
	case "miniprogram":
		if b.AppID == "" || b.PagePath == "" || b.URL == "" {
			fault("是小程序，要有 appid、pagepath 和备用网址")
		}
	case "":
		fault("既没有动作，也没有子菜单")
	default:
		fault("的类型“%s”用不了", b.Type)
	}
	return faults
}
