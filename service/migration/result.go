package migration

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"guiyi/domain"
	"guiyi/repository"
)

// settleBatch looks whether the platform has reported how a job went, and writes it into the ledger.
func (s *Service) settleBatch(ctx context.Context, m domain.Migration, w domain.Wave, b domain.Batch) (bool, step, error) {
	f, err := s.store.MassResult(ctx, m.AccountID, b.MsgID)
	if errors.Is(err, domain.ErrNotFound) {
		f, err = s.askForResult(ctx, m, b)
	}
	if code(err) == codeBadJob {
		return true, step{say: "平台没有这个群发任务，用同一编号再确认"}, s.askAnew(ctx, b)
	}
	if err != nil || f.Status == "" {
		return false, step{}, err
	}
	err = s.store.InTx(ctx, func(tx *repository.Store) error {
		failed, err := s.writeResult(ctx, tx, m, w, b, f)
		if err != nil || !failed {
			return err
		}
		return s.pauseOn(ctx, tx, m, "群发没有成功（"+f.Status+"），请查看公众平台的通知，改好后继续") // together: nobody may go on in between
	})
	return true, step{say: fmt.Sprintf("%s：第 %d 批已有结果", w.Kind.Label(), b.Number)}, err
}

// settleLate takes in counts that came after their batches were given up as unconfirmed. A failure is no news then: the platform had
// called the job sent, and sending again on its second word could tell people twice.
func (s *Service) settleLate(ctx context.Context, m domain.Migration, waves []domain.Wave, late []domain.Batch) error {
	for _, b := range late {
		w := waves[slices.IndexFunc(waves, func(w domain.Wave) bool { return w.ID == b.WaveID })]
		f, err := s.store.MassResult(ctx, m.AccountID, b.MsgID)
		if err != nil {
			return err
		}
		err = s.store.InTx(ctx, func(tx *repository.Store) error {
			if f.Success() {
				_, err := s.writeResult(ctx, tx, m, w, b, f)
				return err
			}
			known := b
			known.Result = f
			return tx.SettleBatch(ctx, known, domain.BatchUnconfirmed, s.now())
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// statusUnconfirmed stands for a job that the platform calls sent without having reported its counts.
const statusUnconfirmed = "unconfirmed"

// askForResult asks for a job whose finish event is late. An empty status means: not known yet.
func (s *Service) askForResult(ctx context.Context, m domain.Migration, b domain.Batch) (domain.MassFinish, error) {
	age := time.Duration(s.now()-b.AcceptedAt) * time.Second
	if age < s.opt.PollAfter {
		return domain.MassFinish{}, nil
	}
	status, err := s.platform.MassStatus(ctx, m.AccountID, b.MsgID)
	var pe *domain.PlatformError
	if errors.As(err, &pe) && pe.Code != codeBadJob {
		s.env.Log.WarnContext(ctx, "job not asked for", "migration_id", m.ID, "batch_id", b.ID, "error", pe)
		status, err = statusSending, nil
	}
	patience := s.opt.ConfirmAfter
	if status == statusSending { // reviews and large audiences take their time
		patience = s.opt.Guard
	}
	switch {
	case err != nil:
		return domain.MassFinish{}, err
	case status == "SEND_FAIL":
		return domain.MassFinish{MsgID: b.MsgID, Status: "send fail"}, nil
	case age >= patience:
		return domain.MassFinish{MsgID: b.MsgID, Status: statusUnconfirmed}, nil
	default:
		return domain.MassFinish{}, nil
	}
}

// statusSending is mass/get's word for a job under way (SENDING, SEND_SUCCESS, SEND_FAIL, DELETE; api_getmassmsgstatus page, read 2026-11).
const statusSending = "SENDING"

// codeBadJob is 40059: the platform does not know the job it once named.
const codeBadJob = 40059

func code(err error) int {
	if pe, ok := errors.AsType[*domain.PlatformError](err); ok {
		return pe.Code
	}
	return 0
}

// askAnew puts a batch back to "sending": it is sent again under its guard, which is success at once if the platform took it.
func (s *Service) askAnew(ctx context.Context, b domain.Batch) error {
	return s.store.InTx(ctx, func(tx *repository.Store) error {
		if err := tx.BatchForgotten(ctx, b.ID); err != nil {
			return err
		}
		_, err := tx.MoveBatch(ctx, b.ID, domain.RecipientAccepted, domain.RecipientSending, "", s.now())
		return err
	})
}

// writeResult settles a batch and its people; failed tells that the job did not run and its people wait again.
func (s *Service) writeResult(ctx context.Context, tx *repository.Store, m domain.Migration, w domain.Wave, b domain.Batch, f domain.MassFinish) (failed bool, err error) {
	now := s.now()
	from := b.State
	left, err := tx.MoveLeavers(ctx, b.ID, domain.RecipientAccepted, b.AcceptedAt, now)
	if err != nil {
		return false, err
	}
	b.Result = f
	if f.Status == statusUnconfirmed {
		b.State = domain.BatchUnconfirmed
		return false, tx.SettleBatch(ctx, b, from, now)
	}
	excused := left
	if w.Channel == domain.ChannelMassAll {
		if excused, err = tx.CountUnreachable(ctx, m.ID, reasonBlacklisted); err != nil {
			return false, err
		}
	}
	var people domain.RecipientState
	b.State, people = domain.Settlement(f, b.Size-left, excused)
	switch people {
	case domain.RecipientPending:
		failed, b.ErrText = true, f.Status
		err = tx.ReturnBatch(ctx, b.ID, domain.RecipientAccepted, w.Number, now)
	case domain.RecipientAccepted:
		if b.State == domain.BatchPartly {
			b.Unnamed = b.Size - left
		}
	case domain.RecipientFiltered:
		err = tx.FilterBatch(ctx, b.ID, "platform_filter", now)
	default:
		_, err = tx.MoveBatch(ctx, b.ID, domain.RecipientAccepted, people, "", now)
	}
	if err != nil {
		return false, err
	}
	return failed, tx.SettleBatch(ctx, b, from, now)
}
