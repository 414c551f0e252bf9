package repository_test

import (
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"guiyi/domain"
	"guiyi/repository"
	"guiyi/repository/repotest"
)

func smallCatalogue() repository.Catalogue {
	return repository.Catalogue{
		Departments: []domain.Department{{ID: "D04", Name: "汀兰镇卫生院", Place: "卫生路8号", Hours: "每日", Phone: "0000-6000104", Supervision: "0000-6000902"}},
		Matters: []domain.Matter{{
			ID: "S026", DepartmentID: "D04", Name: "儿童预防接种预约", BasicCode: "999200026000", CarryingOutCode: "TESTDEMO00000001015999200026000",
			Type: domain.MatterPublic, Handling: "即办", Audience: []string{"自然人"}, LegalDays: 5, PromisedDays: 3, Visits: 1, VisitReason: "要打针",
			Charged: true, Fee: "免费", Ways: []string{"窗口"}, Resource: "R03", OnlineDepth: "III", Upper: true, MobileURL: "/x", Basis: "演示",
			Conditions: []string{"0—6岁"}, Steps: []string{"登记", "接种"}, Materials: []domain.Material{{Name: "接种证", Copies: 1, Shared: true, Hint: "可补办"}},
			Result: "无证照", Place: "接种门诊", Hours: "周二", Phone: "1", Supervision: "2", Offline: "打电话", Note: "带孩子", Sensitive: []string{"医疗健康信息"},
			SeparateConsent: true, ByGuardian: true, KeptFor: "30日", FAQs: []domain.FAQ{{Question: "要钱吗？", Answer: "不要。"}},
			Summary: "打疫苗", Situations: []string{"health"}, Synonyms: []string{"打针"},
		}},
		Bundles:  []domain.Bundle{{ID: "B1", Name: "新生儿出生", MatterIDs: []string{"S026"}}},
		Topics:   []domain.Topic{{Path: "/booking", Name: "预约办理", Sections: []domain.TopicSection{{Title: "怎么约", Items: []domain.Contact{{MatterID: "S026"}}}}}},
		Keywords: []domain.Keyword{{Word: "打针", Kind: domain.ToMatter, Ref: "S026"}, {Word: "打针", Kind: domain.ToPage, Ref: "/booking"}},
		Town:     domain.TownProfile{Name: "汀兰镇", Hall: domain.Contact{Name: "便民服务中心"}, Situations: []domain.Situation{{Key: "health"}}},
	}
}

func TestCatalogue(t *testing.T) {
	repotest.Each(t, func(t *testing.T, s *repository.Store) {
		replace := func(c repository.Catalogue, generation string) {
			t.Helper()
			err := s.InTx(t.Context(), func(tx *repository.Store) error {
				return tx.ReplaceCatalogue(t.Context(), c, generation, 1)
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		if g, err := s.CatalogueGeneration(t.Context()); err != nil || g != "" {
			t.Fatalf("before the first import: %q, %v", g, err)
		}
		want := smallCatalogue()
		replace(want, "one")

		t.Run("every element comes back as it was stored", func(t *testing.T) {
			got, err := s.Catalogue(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Error(d)
			}
		})
		t.Run("a second import replaces the first", func(t *testing.T) {
			next := smallCatalogue()
			next.Matters[0].Name = "儿童接种"
			next.Bundles = nil
			replace(next, "two")
			got, err := s.Catalogue(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if len(got.Matters) != 1 || got.Matters[0].Name != "儿童接种" || len(got.Bundles) != 0 {
				t.Errorf("got %+v", got)
			}
			if g, err := s.CatalogueGeneration(t.Context()); err != nil || g != "two" {
				t.Errorf("generation %q, %v", g, err)
			}
		})
	})
}

func TestMatterViews(t *testing.T) {
	repotest.Each(t, func(t *testing.T, s *repository.Store) {
		count := func(id string, day domain.Day) {
			if err := s.CountMatterView(t.Context(), id, day); err != nil {
				t.Error(err)
			}
		}
		count("S001", "2026-11-01")
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() { count("S026", "2026-11-22") })
		}
		all.Wait()
		got, err := s.MatterViews(t.Context(), "2026-11-02")
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(map[string]int{"S026": 20}, got); d != "" {
			t.Error(d)
		}
	})
}
