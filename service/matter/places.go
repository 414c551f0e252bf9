package matter

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"guiyi/domain"
)

// standing pages are there in every town; topics, bundles and guides come from the data.
var standing = []struct{ path, name string }{
	{"/services", "办事指南"},
	{"/bundles", "一件事"},
	{"/elder", "长辈版"},
	{"/moved", "旧号去哪了"},
}

var errNoPlace = domain.Refuse(domain.ErrInvalid, "no_destination", "没有这个去向：请从列表里选择事项或者页面。")

// Destination finds a place that something old can lead to. For domain.ToEnd there is nothing to find: ref is what the person in
// charge wrote for people, and the way without a phone is the town's hall. An unknown place is domain.ErrInvalid.
func (s *Service) Destination(ctx context.Context, kind domain.DestinationKind, ref string) (domain.Destination, error) {
	c, err := s.catalogue(ctx)
	if err != nil {
		return domain.Destination{}, err
	}
	d, ok := c.place(kind, ref)
	if !ok {
		return d, fmt.Errorf("destination %s %q: %w", kind, ref, errNoPlace)
	}
	return d, nil
}

// Destinations lists every place, matters first, for a form to choose from.
func (s *Service) Destinations(ctx context.Context) ([]domain.Destination, error) {
	c, err := s.catalogue(ctx)
	if err != nil {
		return nil, err
	}
	list := make([]domain.Destination, 0, len(c.Matters)+len(c.Topics)+len(c.Bundles)+len(standing))
	add := func(kind domain.DestinationKind, ref string) {
		if d, ok := c.place(kind, ref); ok {
			list = append(list, d)
		}
	}
	for _, m := range c.Matters {
		add(domain.ToMatter, m.ID)
	}
	for _, t := range c.Topics {
		add(domain.ToPage, t.Path)
	}
	for _, p := range standing {
		add(domain.ToPage, p.path)
	}
	for _, b := range c.Bundles {
		add(domain.ToPage, bundlePath(b.ID))
	}
	return list, nil
}

// Keyword finds the places for a word people wrote. The whole text or any part of it may be the word; the longest word wins, and
// several places of one word come in the order of the list. The second value tells whether there was one.
func (s *Service) Keyword(ctx context.Context, text string) ([]domain.Destination, bool, error) {
	c, err := s.catalogue(ctx)
	if err != nil {
		return nil, false, err
	}
	r := []rune(fold(text))
	folded := string(r[:min(len(r), maxQuery)])
	best := ""
	for _, k := range c.Keywords {
		if w := fold(k.Word); len(w) > len(best) && strings.Contains(folded, w) {
			best = w
		}
	}
	if best == "" {
		return nil, false, nil
	}
	var list []domain.Destination
	for _, k := range c.Keywords {
		if fold(k.Word) != best {
			continue
		}
		if d, ok := c.place(k.Kind, k.Ref); ok {
			list = append(list, d)
		}
	}
	return list, len(list) > 0, nil
}

func bundlePath(id string) string { return "/bundles/" + id }

// place builds the destination. It is where offline ways of pages are worded.
func (c *catalogue) place(kind domain.DestinationKind, ref string) (domain.Destination, bool) {
	d := domain.Destination{Kind: kind, Ref: ref}
	switch kind {
	case domain.ToMatter:
		m, ok := c.matters[ref]
		if !ok {
			return d, false
		}
		d.Name, d.Path = m.Name, guidePath(m.ID)
		d.Offline = m.Offline + "地点：" + m.Place + "；时间：" + m.Hours + "；电话：" + m.Phone + "。"
		return d, true
	case domain.ToEnd:
		d.Name, d.Offline = "不再提供", c.hall()
		return d, true
	case domain.ToPage:
		name, ok := c.pageName(ref)
		d.Name, d.Path, d.Offline = name, ref, c.hall()
		return d, ok
	default:
		return d, false
	}
}

// pageName names the page at a path, if there is one.
func (c *catalogue) pageName(path string) (string, bool) {
	if t, ok := c.topics[path]; ok {
		return t.Name, true
	}
	if id, ok := strings.CutPrefix(path, "/bundles/"); ok {
		b, found := c.bundles[id]
		return b.Name + "一件事", found
	}
	i := slices.IndexFunc(standing, func(p struct{ path, name string }) bool { return p.path == path })
	if i < 0 {
		return "", false
	}
	return standing[i].name, true
}

// hall is the way without a phone for everything that has no place of its own.
func (c *catalogue) hall() string {
	h := c.Town.Hall
	return "到" + h.Name + "（" + h.Place + "）或村（社区）代办点，" + h.Hours + "；电话：" + h.Phone + "、" + c.Town.Hotline + "。"
}
