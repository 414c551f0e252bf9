package matter

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"unicode"

	"guiyi/domain"
)

// maxQuery is how many characters of a question are looked at.
const maxQuery = 40

// maxHits is how many matters a search names; more is a list, not an answer.
const maxHits = 20

// What a hit is worth. A whole word beats a part, the name beats the words people use for it, both beat the small print.
const (
	worthName      = 60
	worthSynonym   = 50
	worthInName    = 30
	worthInSynonym = 20
	worthOffice    = 8
	worthSummary   = 6
	worthPrint     = 3
)

// fillers are words that stand in every question and say nothing about the matter.
var fillers = strings.NewReplacer(
	"怎么办理", "", "怎么办", "", "怎么", "", "怎样", "", "如何", "", "请问", "", "在哪里", "", "在哪儿", "", "在哪", "", "哪里", "",
	"什么时候", "", "多少钱", "", "要什么材料", "", "需要什么", "", "我想", "", "我要", "", "想要", "", "办理", "", "可以", "", "能不能", "",
)

// entry is what the search knows of one matter, all folded.
type entry struct {
	matter   domain.Matter
	name     string
	synonyms []string
	office   string
	summary  string
	print    string
	pairs    map[string]int // pairs of characters and what finding one is worth
}

type index []entry

func newIndex(c *catalogue) index {
	list := make(index, 0, len(c.Matters))
	for _, m := range c.Matters {
		e := entry{
			matter: m, name: fold(m.Name), office: fold(c.departments[m.DepartmentID].Name), summary: fold(m.Summary),
			print: printOf(m), pairs: map[string]int{},
		}
		for _, w := range m.Synonyms {
			e.synonyms = append(e.synonyms, fold(w))
		}
		for _, k := range c.Keywords {
			if k.Kind == domain.ToMatter && k.Ref == m.ID {
				e.synonyms = append(e.synonyms, fold(k.Word))
			}
		}
		for worth, text := range map[int]string{5: e.name, 4: strings.Join(e.synonyms, " "), 2: e.summary, 1: e.print} {
			for _, p := range pairs(text) {
				e.pairs[p] = max(e.pairs[p], worth)
			}
		}
		list = append(list, e)
	}
	return list
}

// printOf joins the small print of a guide: papers, conditions, questions.
func printOf(m domain.Matter) string {
	var b strings.Builder
	for _, p := range m.Materials {
		b.WriteString(p.Name + " ")
	}
	for _, t := range slices.Concat(m.Conditions, m.Steps) {
		b.WriteString(t + " ")
	}
	for _, q := range m.FAQs {
		b.WriteString(q.Question + q.Answer + " ")
	}
	return fold(b.String())
}

// fold makes two spellings of one thing equal: half-width, lower case, without punctuation; spaces part words.
func fold(text string) string {
	return strings.Join(strings.FieldsFunc(strings.Map(func(r rune) rune {
		if r >= '！' && r <= '～' { // full-width forms of ASCII
			r -= '！' - '!'
		}
		return unicode.ToLower(r)
	}, text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) }), " ")
}

// pairs cuts a text into overlapping pairs of characters: 社保卡 is 社保, 保卡.
func pairs(text string) []string {
	var list []string
	for word := range strings.FieldsSeq(text) {
		r := []rune(word)
		for i := 0; i+1 < len(r); i++ {
			list = append(list, string(r[i:i+2]))
		}
	}
	return list
}

// terms are the words of a question that matter.
func terms(question string) []string {
	r := []rune(question)
	question = string(r[:min(len(r), maxQuery)])
	short := strings.Fields(fillers.Replace(fold(question)))
	if len(short) > 0 {
		return short
	}
	return strings.Fields(fold(question))
}

// Search finds matters by name, by the words people use, by office and by the small print; the best first, twenty at most.
// Only the first forty characters of the question are looked at.
func (s *Service) Search(ctx context.Context, question string) ([]domain.Matter, error) {
	c, err := s.catalogue(ctx)
	if err != nil {
		return nil, err
	}
	return c.index.find(terms(question)), nil
}

func (ix index) find(words []string) []domain.Matter {
	type hit struct {
		matter domain.Matter
		worth  int
	}
	var hits []hit
	for _, e := range ix {
		total := 0
		for _, w := range words {
			worth := e.worth(w)
			if worth == 0 {
				total = 0 // every word counts: 身份证 丢了 is about one thing
				break
			}
			total += worth
		}
		if total > 0 {
			hits = append(hits, hit{e.matter, total})
		}
	}
	slices.SortStableFunc(hits, func(a, b hit) int { return cmp.Compare(b.worth, a.worth) })
	list := make([]domain.Matter, 0, min(len(hits), maxHits))
	for _, h := range hits[:min(len(hits), maxHits)] {
		list = append(list, h.matter)
	}
	return list
}

// worth says how well a word fits a matter; 0 = not at all.
func (e entry) worth(word string) int {
	if strings.EqualFold(word, e.matter.ID) {
		return worthName
	}
	total := 0
	if strings.Contains(e.name, word) {
		total += worthInName
		if e.name == word {
			total += worthName
		}
	}
	total += e.worthOfSynonyms(word)
	if strings.Contains(e.office, word) {
		total += worthOffice
	}
	if strings.Contains(e.summary, word) {
		total += worthSummary
	}
	if strings.Contains(e.print, word) {
		total += worthPrint
	}
	if total > 0 {
		return total
	}
	return e.worthOfPairs(word)
}

func (e entry) worthOfSynonyms(word string) int {
	best := 0
	for _, s := range e.synonyms {
		switch {
		case s == word:
			best = max(best, worthSynonym)
		case strings.Contains(s, word), len([]rune(s)) > 1 && strings.Contains(word, s):
			best = max(best, worthInSynonym)
		}
	}
	return best
}

// worthOfPairs is the fallback for long or crooked words: half of their pairs must be there.
func (e entry) worthOfPairs(word string) int {
	all := pairs(word)
	found, total := 0, 0
	for _, p := range all {
		if w := e.pairs[p]; w > 0 {
			found++
			total += w
		}
	}
	if len(all) < 2 || found*2 < len(all) {
		return 0
	}
	return total
}
