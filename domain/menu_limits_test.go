package domain_test

import (
	"strings"
	"testing"

	"guiyi/domain"
)

func TestCheckMenu(t *testing.T) {
	view := func(name string) domain.MenuButton {
		return domain.MenuButton{Name: name, Type: "view", URL: "https://town.example/services"}
	}
	many := func(n int) (list []domain.MenuButton) {
		for range n {
			list = append(list, view("指南"))
		}
		return list
	}
	for name, c := range map[string]struct {
		menu []domain.MenuButton
		want string // "" = fine
	}{
		"five Chinese characters fit the first level": {[]domain.MenuButton{view("便民服务处")}, ""},
		"six do not":               {[]domain.MenuButton{view("便民服务中心")}, "“便民服务中心”的名称有 18 字节，最多 16 字节"},
		"twenty fit the second":    {[]domain.MenuButton{{Name: "办事", Children: []domain.MenuButton{view(strings.Repeat("字", 20))}}}, ""},
		"twenty-one do not":        {[]domain.MenuButton{{Name: "办事", Children: []domain.MenuButton{view(strings.Repeat("字", 21))}}}, "名称有 63 字节，最多 60 字节"},
		"four first-level buttons": {many(4), "一级菜单要有 1 到 3 个，现在有 4 个"},
		"none":                     {nil, "现在有 0 个"},
		"six entries under one":    {[]domain.MenuButton{{Name: "办事", Children: many(6)}}, "“办事”的子菜单最多 5 个，现在有 6 个"},
		"a third level":            {[]domain.MenuButton{{Name: "办事", Children: []domain.MenuButton{{Name: "更多", Children: many(1)}}}}, "“办事—更多”不能再有下一级"},
		"a parent that also acts":  {[]domain.MenuButton{{Name: "办事", Type: "click", Key: "K", Children: many(1)}}, "“办事”有子菜单，就不能再有自己的动作"},
		"a click without a key":    {[]domain.MenuButton{{Name: "停电", Type: "click"}}, "“停电”要有 key"},
		"a key too long":           {[]domain.MenuButton{{Name: "停电", Type: "click", Key: strings.Repeat("k", 129)}}, "最多 128 字节"},
		"a view without address":   {[]domain.MenuButton{{Name: "指南", Type: "view"}}, "“指南”的网址要以"},
		"a view of a bare path":    {[]domain.MenuButton{{Name: "指南", Type: "view", URL: "/services"}}, "“指南”的网址要以"},
		"an address too long":      {[]domain.MenuButton{{Name: "指南", Type: "view", URL: "https://t.example/" + strings.Repeat("a", 1024)}}, "最多 1024 字节"},
		"neither action nor child": {[]domain.MenuButton{{Name: "指南"}}, "“指南”既没有动作，也没有子菜单"},
		"an unknown type":          {[]domain.MenuButton{{Name: "指南", Type: "teleport"}}, "类型“teleport”用不了"},
		"no name":                  {[]domain.MenuButton{view(" ")}, "没有名称"},
		"half a mini-program":      {[]domain.MenuButton{{Name: "预约", Type: "miniprogram", AppID: "wx1"}}, "小程序"},
	} {
		t.Run(name, func(t *testing.T) {
			got := strings.Join(domain.CheckMenu(c.menu), "；")
			if (c.want == "") != (got == "") || !strings.Contains(got, c.want) {
				t.Errorf("got %q", got)
			}
		})
	}
}
