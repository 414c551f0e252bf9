package matter

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"guiyi/domain"
)

// What "most used" means: readers of the last thirty days, on top of a head start for the matters the town named itself, so that
// the first curious visitors do not turn the first page upside down.
const (
	viewDays  = 30
	headStart = 20 // views per place in the town's own list
)

// CountView notes that somebody opened a guide.
func (s *Service) CountView(ctx context.Context, id string) error {
	if err := s.store.CountMatterView(ctx, id, domain.DayOf(s.env.Now())); err != nil {
		return fmt.Errorf("count a view: %w", err)
	}
	return nil
}

// MostUsed gives the n matters people open most.
func (s *Service) MostUsed(ctx context.Context, n int) ([]domain.Matter, error) {
	c, err := s.catalogue(ctx)
	if err != nil {
		return nil, err
	}
	score, err := s.store.MatterViews(ctx, domain.DayOf(s.env.Now()).AddDays(1-viewDays))
	if err != nil {
		return nil, err
	}
	for i, id := range c.Town.MostUsed {
		score[id] += (len(c.Town.MostUsed) - i) * headStart
	}
	list := slices.Clone(c.Matters)
	slices.SortStableFunc(list, func(a, b domain.Matter) int { return cmp.Compare(score[b.ID], score[a.ID]) })
	return list[:min(n, len(list))], nil
}
