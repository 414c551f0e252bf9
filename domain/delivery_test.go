package domain_test

import (
	"testing"

	"guiyi/domain"
)

func TestSettlement(t *testing.T) {
	const ok = "send success"
	for _, c := range []struct {
		name          string
		f             domain.MassFinish
		rows, excused int
		batch         domain.BatchState
		people        domain.RecipientState
	}{
		{"everybody got it", domain.MassFinish{Status: ok, Total: 50, Sent: 50}, 50, 0, domain.BatchFinished, domain.RecipientReached},
		{"all but the blacklisted", domain.MassFinish{Status: ok, Total: 50, Sent: 47}, 47, 3, domain.BatchFinished, domain.RecipientReached},
		{"late joiners got it too", domain.MassFinish{Status: ok, Total: 60, Sent: 60}, 50, 0, domain.BatchFinished, domain.RecipientReached},
		{"one missed it", domain.MassFinish{Status: ok, Total: 50, Sent: 49}, 50, 0, domain.BatchPartly, domain.RecipientAccepted},
		{"a smaller audience than the ledger", domain.MassFinish{Status: ok, Total: 48, Sent: 48}, 50, 0, domain.BatchPartly, domain.RecipientAccepted},
		{"nobody got it", domain.MassFinish{Status: ok, Total: 50}, 50, 0, domain.BatchFinished, domain.RecipientFiltered},
		{"no counts at all", domain.MassFinish{Status: ok}, 50, 0, domain.BatchUnconfirmed, domain.RecipientAccepted},
		{"nobody in it any more", domain.MassFinish{Status: ok}, 0, 0, domain.BatchFinished, domain.RecipientReached},
		{"it did not run", domain.MassFinish{Status: "err(20001)"}, 50, 0, domain.BatchFailed, domain.RecipientPending},
		{"it broke off half way", domain.MassFinish{Status: "send fail", Total: 50, Sent: 20}, 50, 0, domain.BatchPartly, domain.RecipientAccepted},
	} {
		t.Run(c.name, func(t *testing.T) {
			if b, p := domain.Settlement(c.f, c.rows, c.excused); b != c.batch || p != c.people {
				t.Errorf("%s, %s", b, p)
			}
		})
	}
}
