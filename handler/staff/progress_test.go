package staff

import (
	"math/rand/v2"
	"testing"

	"guiyi/domain"
	"guiyi/service/migration"
)

func TestBarOf_parts_fill_the_bar(t *testing.T) {
	dice := rand.New(rand.NewPCG(1, 2)) // the same numbers in every run
	n := func() int { return []int{0, 0, dice.IntN(3), dice.IntN(2_000_000)}[dice.IntN(4)] }
	for range 2000 {
		tally := domain.Tally{
			Reached: n(), Unconfirmed: n(), NotDelivered: n(), Filtered: n(), Left: n(), Unreachable: n(), Unknown: n(), Sending: n(), Pending: n(),
		}
		b := barOf(tally)
		sum, at := 0, 0
		for _, p := range b.Parts {
			if p.X != at || (p.N > 0) != (p.W >= 4) || (p.N == 0 && p.W != 0) {
				t.Fatalf("%s: %d people at %d, %d wide: %+v", p.Label, p.N, p.X, p.W, tally)
			}
			sum, at = sum+p.N, at+p.W
		}
		if sum != tally.Sum() || b.Total != sum || (sum > 0) != (at == 1000) {
			t.Fatalf("%d people drawn of %d, %d wide", sum, tally.Sum(), at)
		}
	}
}

func TestProgress_mood(t *testing.T) {
	running := migration.Summary{Running: true, Percent: 40, Migration: domain.Migration{State: domain.MigrationNotifying, FrozenAt: 1}}
	done := migration.Summary{Percent: 100, Migration: domain.Migration{State: domain.MigrationNotifying, FrozenAt: 1}}
	with := func(s migration.Summary, change func(*migration.Summary)) migration.Summary { change(&s); return s }
	for name, c := range map[string]struct {
		s           migration.Summary
		alive       bool
		mood, words string
	}{
		"running":                      {running, true, "blue", "正在告知"},
		"running and nobody works":     {running, false, "red", "后台没有运行"},
		"reading the list":             {with(running, func(s *migration.Summary) { s.Migration.FrozenAt = 0 }), true, "blue", "正在读取名单"},
		"paused":                       {with(done, func(s *migration.Summary) { s.Migration.PausedAt, s.Percent = 1, 40 }), true, "yellow", "已暂停"},
		"all fates known":              {done, false, "green", "告知完成"},
		"done with unknown fates":      {with(done, func(s *migration.Summary) { s.Tally.Unknown = 1 }), true, "yellow", "告知完成"},
		"done, platform said no count": {with(done, func(s *migration.Summary) { s.Tally.Unconfirmed = 1 }), true, "yellow", "告知完成"},
		"draft":                        {migration.Summary{Migration: domain.Migration{State: domain.MigrationDraft}}, true, "secondary", "草稿"},
	} {
		t.Run(name, func(t *testing.T) {
			p := progress{Summary: c.s, Alive: c.alive}
			if p.Mood() != c.mood || p.Words() != c.words {
				t.Errorf("%s %s", p.Mood(), p.Words())
			}
		})
	}
}

func TestProgress_columns_add_up(t *testing.T) {
	p := progress{Summary: migration.Summary{Tally: domain.Tally{
		Total: 511, Reached: 1, Unconfirmed: 2, NotDelivered: 4, Filtered: 8, Left: 16, Unreachable: 32, Unknown: 64, Sending: 128, Pending: 256,
	}}}
	if sum := p.Tally.Reached + p.Missed() + p.Unclear() + p.Waiting(); sum != 511 {
		t.Errorf("the board's columns add up to %d", sum)
	}
}
