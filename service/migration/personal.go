package migration

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"guiyi/domain"
	"guiyi/repository"
)

// sendPersonal sends the next group of a person-by-person wave. The channel has no duplicate guard, therefore people are
// marked as "sending" in small groups just before their requests leave: whoever is still marked so when a worker comes back
// is unknown, counted and shown, and never sent to again by the program.
func (s *Service) sendPersonal(ctx context.Context, m domain.Migration, w domain.Wave) (step, error) {
	b, err := s.personalBatch(ctx, m, w)
	if err != nil {
		return step{}, err
	}
	if _, err := s.store.MoveBatch(ctx, b.ID, domain.RecipientSending, domain.RecipientUnknown, "no_answer", s.now()); err != nil {
		return step{}, err
	}
	text, err := s.redirectText(ctx, m) // before the claim: who is claimed must be sent to at once, or nobody knows who was
	if err != nil {
		return step{}, err
	}
	group, err := s.claimGroup(ctx, m, w, b)
	if err != nil {
		return step{}, err
	}
	if len(group) == 0 {
		return s.endPersonal(ctx, m, w, b)
	}
	fates := s.sendTexts(ctx, m.AccountID, group, text)
	written, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second) // what was sent must be written, also while going down
	defer cancel()
	if err := s.writeFates(written, m, w, b, fates); err != nil {
		return step{}, err
	}
	return s.afterGroup(written, m, w, fates)
}

// personalBatch is the one batch that a personal wave fills group by group.
func (s *Service) personalBatch(ctx context.Context, m domain.Migration, w domain.Wave) (domain.Batch, error) {
	open, err := s.store.OpenBatches(ctx, w.ID)
	if err != nil {
		return domain.Batch{}, err
	}
	if len(open) > 0 {
		return open[0], nil
	}
	b := domain.Batch{WaveID: w.ID, MigrationID: m.ID, ID: s.env.NewID(), State: domain.BatchSending}
	err = s.store.InTx(ctx, func(tx *repository.Store) error {
		last, err := tx.LastBatchNumber(ctx, w.ID)
		if err != nil {
			return err
		}
		b.Number = last + 1
		if err := tx.InsertBatch(ctx, b); err != nil {
			return err
		}
		return tx.BatchLeaves(ctx, b.ID, s.now())
	})
	return b, err
}

// claimGroup takes the next people up. The batch may hold people of another worker as well, who lost the lease while its requests
// were under way; the group is never more than what this very claim took.
func (s *Service) claimGroup(ctx context.Context, m domain.Migration, w domain.Wave, b domain.Batch) (group []domain.OpenID, err error) {
	err = s.store.InTx(ctx, func(tx *repository.Store) error {
		group, err = tx.ClaimTalkers(ctx, m, w.Number, b.ID, s.now().Add(-s.opt.Window), s.opt.PersonalGroup, s.now())
		if err != nil || len(group) == 0 {
			return err
		}
		return tx.ResizeBatch(ctx, b.ID, len(group))
	})
	return group, err
}

// fates sorts the people of a group by what became of their messages.
type fates struct {
	reached     []domain.OpenID
	unknown     []domain.OpenID
	unreachable map[string][]domain.OpenID // by reason: errcode_45015, …
	held        []domain.OpenID            // certainly not sent: the platform told us to wait or to stop
	trouble     *domain.PlatformError      // why they are held
}

func (s *Service) sendTexts(ctx context.Context, accountID string, group []domain.OpenID, text string) fates {
	f := fates{unreachable: map[string][]domain.OpenID{}}
	call := context.WithoutCancel(ctx) // a process that goes down starts no new message and lets those under way finish
	var mu sync.Mutex
	var tasks errgroup.Group
	tasks.SetLimit(s.opt.Parallel)
	for _, openid := range group {
		tasks.Go(func() error {
			mu.Lock()
			stop := f.trouble != nil || ctx.Err() != nil
			if stop {
				f.held = append(f.held, openid)
			}
			mu.Unlock()
			if stop {
				return nil
			}
			err := s.platform.SendText(call, accountID, openid, text)
			mu.Lock()
			defer mu.Unlock()
			f.sort(openid, err)
			return nil
		})
	}
	_ = tasks.Wait() // the tasks put their errors into f
	return f
}

func (f *fates) sort(openid domain.OpenID, err error) {
	var pe *domain.PlatformError
	switch {
	case err == nil:
		f.reached = append(f.reached, openid)
	case !errors.As(err, &pe) || pe.Remedy == domain.RemedyUnknown:
		f.unknown = append(f.unknown, openid)
	case pe.Remedy == domain.RemedyPerson:
		reason := fmt.Sprintf("errcode_%d", pe.Code)
		f.unreachable[reason] = append(f.unreachable[reason], openid)
	default:
		f.held = append(f.held, openid)
		f.trouble = pe
	}
}

func (f *fates) failed() int {
	n := len(f.unknown)
	for _, people := range f.unreachable {
		n += len(people)
	}
	return n
}

func (s *Service) writeFates(ctx context.Context, m domain.Migration, w domain.Wave, b domain.Batch, f fates) error {
	now := s.now()
	return s.store.InTx(ctx, func(tx *repository.Store) error {
		if err := tx.SettlePeople(ctx, m.ID, b.ID, f.reached, domain.RecipientReached, "", now); err != nil {
			return err
		}
		if err := tx.SettlePeople(ctx, m.ID, b.ID, f.unknown, domain.RecipientUnknown, "no_answer", now); err != nil {
			return err
		}
		for reason, people := range f.unreachable {
			if err := tx.SettlePeople(ctx, m.ID, b.ID, people, domain.RecipientUnreachable, reason, now); err != nil {
				return err
			}
		}
		if len(f.held) == 0 {
			return nil
		}
		if err := tx.ReturnPeople(ctx, m.ID, b.ID, f.held, w.Number, now); err != nil {
			return err
		}
		return tx.ResizeBatch(ctx, b.ID, -len(f.held))
	})
}

// minJudged is the smallest group whose share of failures says anything.
const minJudged = 20

func (s *Service) afterGroup(ctx context.Context, m domain.Migration, w domain.Wave, f fates) (step, error) {
	if f.trouble != nil {
		if f.trouble.Remedy == domain.RemedyWait {
			return s.waitForPlatform(f.trouble), nil
		}
		return s.pauseFor(ctx, m, f.trouble)
	}
	sent := len(f.reached) + f.failed()
	if sent >= minJudged && float64(f.failed()) > float64(sent)*s.opt.ErrorShare {
		return s.pauseWith(ctx, m, fmt.Sprintf("最近 %d 条里有 %d 条没有发出，请查看原因后再继续", sent, f.failed()))
	}
	return step{say: fmt.Sprintf("%s：又送达 %d 人", w.Kind.Label(), len(f.reached))}, nil
}

func (s *Service) endPersonal(ctx context.Context, m domain.Migration, w domain.Wave, b domain.Batch) (step, error) {
	b.State = domain.BatchFinished
	if err := s.store.SettleBatch(ctx, b, domain.BatchSending, s.now()); err != nil {
		return step{}, err
	}
	return s.endWave(ctx, m, w)
}
