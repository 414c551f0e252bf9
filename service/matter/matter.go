// Package matter is the catalogue counter: it takes in the list of matters (事项), finds them by department, situation or the
// words people use, and knows every place of the residents' pages that something can lead to.
//
// It does not book, take cases or send anything; it only says where, when, with which papers and by which phone.
package matter

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"

	"guiyi/domain"
	"guiyi/repository"
	"guiyi/service"
)

// Service answers from the catalogue. It keeps a copy in memory and notices an import of another process by its generation.
type Service struct {
	env   service.Env
	store *repository.Store

	mu   sync.Mutex
	held *catalogue
}

// New makes the service; nothing is read before the first question.
func New(env service.Env, store *repository.Store) *Service {
	return &Service{env: env, store: store}
}

// catalogue is one state of the catalogue with what is derived from it. It is never changed after it was built.
type catalogue struct {
	repository.Catalogue
	generation  string
	matters     map[string]domain.Matter
	departments map[string]domain.Department
	topics      map[string]domain.Topic
	bundles     map[string]domain.Bundle
	index       index
}

// errNoMatter is what an unknown or withdrawn id leads to.
var errNoMatter = domain.Refuse(domain.ErrNotFound, "no_matter", "没有这个事项，可能已经取消或者改名。请搜索名称，或者打12345问一问。")

func (s *Service) catalogue(ctx context.Context) (*catalogue, error) {
	generation, err := s.store.CatalogueGeneration(ctx)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.held != nil && s.held.generation == generation {
		return s.held, nil
	}
	if generation == "" {
		return nil, domain.Refuse(domain.ErrUnavailable, "no_catalogue", "事项目录还没有导入，请先打电话或者到窗口办理。")
	}
	all, err := s.store.Catalogue(ctx)
	if err != nil {
		return nil, fmt.Errorf("load the catalogue: %w", err)
	}
	s.held = build(all, generation)
	return s.held, nil
}

// build fills what a matter takes from its department and prepares the look-ups.
func build(all repository.Catalogue, generation string) *catalogue {
	c := &catalogue{
		Catalogue: all, generation: generation, matters: map[string]domain.Matter{}, departments: map[string]domain.Department{},
		topics: map[string]domain.Topic{}, bundles: map[string]domain.Bundle{},
	}
	for _, d := range all.Departments {
		c.departments[d.ID] = d
	}
	for i, m := range c.Matters {
		d := c.departments[m.DepartmentID]
		m.Place, m.Hours = or(m.Place, d.Place), or(m.Hours, d.Hours)
		m.Phone, m.Supervision = or(m.Phone, d.Phone), or(m.Supervision, d.Supervision)
		c.Matters[i], c.matters[m.ID] = m, m
	}
	for _, b := range all.Bundles {
		c.bundles[b.ID] = b
	}
	for _, t := range all.Topics {
		c.topics[t.Path] = c.fill(t)
	}
	c.index = newIndex(c)
	return c
}

func or(text, fallback string) string {
	if text == "" {
		return fallback
	}
	return text
}

// fill gives the entries of a topic the names of the matters they stand for, and lists the departments where they belong.
func (c *catalogue) fill(t domain.Topic) domain.Topic {
	sections := slices.Clone(t.Sections)
	for i, section := range sections {
		items := slices.Clone(section.Items)
		for j, item := range items {
			if m, ok := c.matters[item.MatterID]; ok {
				items[j].Name, items[j].Path = or(item.Name, m.Name), guidePath(m.ID)
				items[j].Note = or(item.Note, m.Summary)
			}
		}
		if section.Departments {
			for _, d := range c.Departments {
				items = append(items, domain.Contact{Name: d.Name, Place: d.Place, Hours: d.Hours, Phone: d.Phone})
			}
		}
		sections[i].Items = items
	}
	t.Sections = sections
	return t
}

func guidePath(id string) string { return "/services/" + id }

// Town gives what the pages say about the town.
func (s *Service) Town(ctx context.Context) (domain.TownProfile, error) {
	c, err := s.catalogue(ctx)
	if err != nil {
		return domain.TownProfile{}, err
	}
	return c.Town, nil
}

// Departments lists the offices in the order of the list.
func (s *Service) Departments(ctx context.Context) ([]domain.Department, error) {
	c, err := s.catalogue(ctx)
	if err != nil {
		return nil, err
	}
	return c.Departments, nil
}

// Department finds one office.
func (s *Service) Department(ctx context.Context, id string) (domain.Department, error) {
	c, err := s.catalogue(ctx)
	if err != nil {
		return domain.Department{}, err
	}
	d, ok := c.departments[id]
	if !ok {
		return d, fmt.Errorf("department %q: %w", id, domain.ErrNotFound)
	}
	return d, nil
}

// Get gives the guide of one matter, with place, hours and phones of its department where it has none of its own.
func (s *Service) Get(ctx context.Context, id string) (domain.Matter, error) {
	c, err := s.catalogue(ctx)
	if err != nil {
		return domain.Matter{}, err
	}
	m, ok := c.matters[id]
	if !ok {
		return m, errNoMatter
	}
	return m, nil
}

// Filter narrows a list; empty fields do not.
type Filter struct {
	Department string // id
	Situation  string // key
}

// List gives the matters that pass the filter, in the order of the list; of a situation those first that belong to it before
// others.
func (s *Service) List(ctx context.Context, f Filter) ([]domain.Matter, error) {
	c, err := s.catalogue(ctx)
	if err != nil {
		return nil, err
	}
	var list []domain.Matter
	for _, m := range c.Matters {
		if (f.Department == "" || m.DepartmentID == f.Department) && (f.Situation == "" || slices.Contains(m.Situations, f.Situation)) {
			list = append(list, m)
		}
	}
	if f.Situation != "" {
		slices.SortStableFunc(list, func(a, b domain.Matter) int {
			return cmp.Compare(slices.Index(a.Situations, f.Situation), slices.Index(b.Situations, f.Situation))
		})
	}
	return list, nil
}

// Bundles lists what is done in one go (一件事).
func (s *Service) Bundles(ctx context.Context) ([]domain.Bundle, error) {
	c, err := s.catalogue(ctx)
	if err != nil {
		return nil, err
	}
	return c.Bundles, nil
}

// Bundle gives one of them with its matters.
func (s *Service) Bundle(ctx context.Context, id string) (domain.Bundle, []domain.Matter, error) {
	c, err := s.catalogue(ctx)
	if err != nil {
		return domain.Bundle{}, nil, err
	}
	b, ok := c.bundles[id]
	if !ok {
		return b, nil, fmt.Errorf("bundle %q: %w", id, domain.ErrNotFound)
	}
	list := make([]domain.Matter, 0, len(b.MatterIDs))
	for _, id := range b.MatterIDs {
		list = append(list, c.matters[id])
	}
	return b, list, nil
}

// Topics lists the pages behind the menu, in the order of the file.
func (s *Service) Topics(ctx context.Context) ([]domain.Topic, error) {
	c, err := s.catalogue(ctx)
	if err != nil {
		return nil, err
	}
	return c.Topics, nil
}

// Topic gives the page at a path, with names and phones filled in.
func (s *Service) Topic(ctx context.Context, path string) (domain.Topic, error) {
	c, err := s.catalogue(ctx)
	if err != nil {
		return domain.Topic{}, err
	}
	t, ok := c.topics[path]
	if !ok {
		return t, fmt.Errorf("topic %q: %w", path, domain.ErrNotFound)
	}
	return t, nil
}
