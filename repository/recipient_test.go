package repository_test

import (
	"fmt"
	"testing"

	"guiyi/domain"
	"guiyi/repository"
	"guiyi/repository/repotest"
)

func TestClaimSome_takes_everybody_once_over_both_states(t *testing.T) {
	repotest.Each(t, func(t *testing.T, s *repository.Store) {
		ctx, at := t.Context(), domain.At(repotest.Noon)
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		people := func(prefix string, n int) []domain.OpenID {
			list := make([]domain.OpenID, n)
			for i := range list {
				list[i] = domain.OpenID(fmt.Sprintf("o%03d-%s", i, prefix))
			}
			return list
		}
		must(s.AddRecipients(ctx, "m", people("filtered", 5), at))
		if n, err := s.ClaimAll(ctx, "m", 1, "first", at); err != nil || n != 5 {
			t.Fatalf("%d, %v", n, err)
		}
		_, err := s.MoveBatch(ctx, "first", domain.RecipientSending, domain.RecipientFiltered, "platform_filter", at)
		must(err)
		must(s.AddRecipients(ctx, "m", people("pending", 6), at))
		must(s.AddRecipients(ctx, "other", people("pending", 6), at))

		for most, want := range map[int]int{3: 3, 11: 11, 500: 11} {
			if n, err := s.SendableUpTo(ctx, "m", 2, most); err != nil || n != want {
				t.Errorf("counted %d of at most %d, %v", n, most, err)
			}
		}
		if n, err := s.SendableUpTo(ctx, "m", 1, 500); err != nil || n != 6 {
			t.Errorf("counted %d, %v: a wave does not count those it has taken up already", n, err)
		}
		seen := map[domain.OpenID]string{}
		for i, want := range []int{4, 4, 3, 0} { // the second batch spans both states
			batch := fmt.Sprintf("batch-%d", i)
			if n, err := s.ClaimSome(ctx, "m", 2, batch, 4, at); err != nil || n != want {
				t.Fatalf("batch %d took up %d, %v", i, n, err)
			}
			list, err := s.BatchOpenIDs(ctx, batch, domain.RecipientSending)
			must(err)
			if len(list) != want {
				t.Errorf("batch %d holds %d", i, len(list))
			}
			for _, o := range list {
				if seen[o] != "" {
					t.Errorf("%s is in %s and %s", o.Reveal(), seen[o], batch)
				}
				seen[o] = batch
			}
		}
		if len(seen) != 11 {
			t.Errorf("%d of 11 people taken up", len(seen))
		}
		if n, err := s.CountSendable(ctx, "other", 2); err != nil || n != 6 {
			t.Errorf("%d left in the other migration, %v", n, err)
		}
	})
}
