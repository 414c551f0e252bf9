package migration

import (
	"context"
	"errors"
	"fmt"
	"time"

	"guiyi/domain"
	"guiyi/repository"
)

// sendMass does the next piece of a mass wave: finish what is begun, settle what the platform reported, fill the next batch.
func (s *Service) sendMass(ctx context.Context, m domain.Migration, w domain.Wave) (step, error) {
	open, err := s.store.OpenBatches(ctx, w.ID)
	if err != nil {
		return step{}, err
	}
	for _, b := range open {
		if b.State == domain.BatchFilled || b.State == domain.BatchSending {
			return s.sendBatch(ctx, m, w, b)
		}
	}
	for _, b := range open {
		settled, st, err := s.settleBatch(ctx, m, w, b)
		if err != nil || settled {
			return st, err
		}
	}
	filled, err := s.fillBatch(ctx, m, w)
	switch {
	case err != nil:
		return step{}, err
	case filled > 0:
		return step{say: fmt.Sprintf("%s：下一批 %d 人", w.Kind.Label(), filled)}, nil
	case len(open) > 0:
		return waitFor(s.opt.PollAfter, w.Kind.Label()+"：等待平台报告结果"), nil
	default:
		return s.endWave(ctx, m, w)
	}
}

// fillBatch takes the next people up into a new batch and returns how many they are; 0 means that nobody is left.
func (s *Service) fillBatch(ctx context.Context, m domain.Migration, w domain.Wave) (int, error) {
	left, err := s.store.SendableUpTo(ctx, m.ID, w.Number, s.opt.MassBatch+2) // openIDBatch asks for no more
	if err != nil || left == 0 {
		return 0, err
	}
	size := left
	if w.Channel == domain.ChannelMassOpenID {
		if size = openIDBatch(left, s.opt.MassBatch); size == 0 {
			return 0, nil
		}
	}
	var n int
	err = s.store.InTx(ctx, func(tx *repository.Store) error {
		last, err := tx.LastBatchNumber(ctx, w.ID)
		if err != nil {
			return err
		}
		b := domain.Batch{ID: s.env.NewID(), WaveID: w.ID, MigrationID: m.ID, Number: last + 1, State: domain.BatchFilled}
		if w.Channel == domain.ChannelMassAll {
			n, err = tx.ClaimAll(ctx, m.ID, w.Number, b.ID, s.now())
		} else {
			n, err = tx.ClaimSome(ctx, m.ID, w.Number, b.ID, size, s.now())
		}
		if err != nil || n == 0 {
			return err
		}
		b.Size = n
		return tx.InsertBatch(ctx, b)
	})
	return n, err
}

// openIDBatch chooses how many of those left go into the next batch. The platform takes 2 to 10,000 openids a call, so a
// single person is never left over; when only one is left at all, it is 0 and that person waits for a touch.
func openIDBatch(left, size int) int {
	switch {
	case left < 2:
		return 0
	case left <= size:
		return left
	case left == size+1 && size > 2:
		return size - 1
	case left == size+1:
		return left // size 2 and three people: one call of three
	default:
		return size
	}
}

// sendBatch sends a batch, or sends it again when nobody knows what became of it: the clientmsgid makes the platform refuse
// the second one and name the first.
func (s *Service) sendBatch(ctx context.Context, m domain.Migration, w domain.Wave, b domain.Batch) (step, error) {
	if b.State == domain.BatchSending && b.SentAt.Add(s.opt.Guard) <= s.now() {
		return s.giveUp(ctx, b)
	}
	if b.MediaID == "" {
		return s.prepareDraft(ctx, m, w, b)
	}
	var to []domain.OpenID
	if w.Channel == domain.ChannelMassOpenID {
		var err error
		if to, err = s.store.BatchOpenIDs(ctx, b.ID, domain.RecipientSending); err != nil {
			return step{}, err
		}
	}
	if err := s.store.BatchLeaves(ctx, b.ID, s.now()); err != nil {
		return step{}, err
	}
	call := context.WithoutCancel(ctx) // a process that goes down lets the call finish; it has its own deadline
	var msgID int64
	var err error
	if w.Channel == domain.ChannelMassAll {
		msgID, err = s.platform.MassSendAll(call, m.AccountID, b.MediaID, b.ClientMsgID())
	} else {
		msgID, err = s.platform.MassSendOpenIDs(call, m.AccountID, to, b.MediaID, b.ClientMsgID())
	}
	var pe *domain.PlatformError
	if errors.As(err, &pe) && pe.Remedy == domain.RemedyAlready && pe.MsgID != 0 {
		msgID, err = pe.MsgID, nil
	}
	if err != nil {
		return s.batchTrouble(ctx, m, b, err)
	}
	return s.accept(call, w, b, msgID)
}

// accept notes that the platform took the batch, under the number of its job.
func (s *Service) accept(ctx context.Context, w domain.Wave, b domain.Batch, msgID int64) (step, error) {
	err := s.store.InTx(ctx, func(tx *repository.Store) error {
		if err := tx.BatchAccepted(ctx, b.ID, msgID, s.now()); err != nil {
			return err
		}
		_, err := tx.MoveBatch(ctx, b.ID, domain.RecipientSending, domain.RecipientAccepted, "", s.now())
		return err
	})
	return step{say: fmt.Sprintf("%s：第 %d 批已受理", w.Kind.Label(), b.Number)}, err
}

// codeBadMedia is 40007: the platform no longer knows the draft.
const codeBadMedia = 40007

// batchTrouble decides what a failed send means for the batch.
func (s *Service) batchTrouble(ctx context.Context, m domain.Migration, b domain.Batch, err error) (step, error) {
	var pe *domain.PlatformError
	if !errors.As(err, &pe) {
		return step{}, err // our own fault before or after the call; the batch stays sending and is asked for again
	}
	switch {
	case pe.Remedy == domain.RemedyUnknown:
		return waitFor(waitUnknown<<min(b.Attempts, 6), "平台没有回应，稍后用同一编号确认"), nil
	case pe.Code == codeBadMedia:
		return step{say: "重新上传公告"}, s.store.SetBatchMedia(ctx, b.ID, "")
	}
	// Nothing was sent by this attempt. An earlier one may have been: then the batch stays "sending" under its guard.
	if b.Attempts == 0 {
		if err := s.store.BatchHeld(ctx, b.ID, pe.Code, pe.Message); err != nil {
			return step{}, err
		}
	}
	if pe.Remedy == domain.RemedyWait || pe.Remedy == domain.RemedyAlready {
		return s.waitForPlatform(pe), nil
	}
	return s.pauseFor(ctx, m, pe)
}

// giveUp calls a batch unknown when the platform's memory of its guard may be over. Only a person may decide to send it again.
func (s *Service) giveUp(ctx context.Context, b domain.Batch) (step, error) {
	err := s.store.InTx(ctx, func(tx *repository.Store) error {
		if _, err := tx.MoveBatch(ctx, b.ID, domain.RecipientSending, domain.RecipientUnknown, "no_answer", s.now()); err != nil {
			return err
		}
		from := b.State
		b.State = domain.BatchUnknown
		return tx.SettleBatch(ctx, b, from, s.now())
	})
	return step{say: "有一批结果不明"}, err
}

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
	var failed bool
	err = s.store.InTx(ctx, func(tx *repository.Store) error {
		var err error
		failed, err = s.writeResult(ctx, tx, m, w, b, f)
		return err
	})
	if err != nil || !failed {
		return true, step{say: fmt.Sprintf("%s：第 %d 批已有结果", w.Kind.Label(), b.Number)}, err
	}
	st, err := s.pauseWith(ctx, m, "群发没有成功（"+f.Status+"），请查看公众平台的通知，改好后继续")
	return true, st, err
}

// statusUnconfirmed stands for a job that the platform calls sent without ever reporting its counts.
const statusUnconfirmed = "unconfirmed"

// askForResult asks for a job whose finish event is late. An empty status means: not known yet.
func (s *Service) askForResult(ctx context.Context, m domain.Migration, b domain.Batch) (domain.MassFinish, error) {
	age := time.Duration(s.now()-b.AcceptedAt) * time.Second
	if age < s.opt.PollAfter {
		return domain.MassFinish{}, nil
	}
	status, err := s.platform.MassStatus(ctx, m.AccountID, b.MsgID)
	var pe *domain.PlatformError
	switch {
	case errors.As(err, &pe) && pe.Code != codeBadJob:
		s.env.Log.WarnContext(ctx, "job not asked for", "migration_id", m.ID, "batch_id", b.ID, "error", pe)
		return domain.MassFinish{}, nil
	case err != nil:
		return domain.MassFinish{}, err
	case status == "SEND_FAIL":
		return domain.MassFinish{MsgID: b.MsgID, Status: "send fail"}, nil
	case age >= s.opt.ConfirmAfter:
		return domain.MassFinish{MsgID: b.MsgID, Status: statusUnconfirmed}, nil
	default:
		return domain.MassFinish{}, nil
	}
}

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
	left, err := tx.MoveLeavers(ctx, b.ID, domain.RecipientAccepted, b.AcceptedAt, now)
	if err != nil {
		return false, err
	}
	b.Result = f
	if f.Status == statusUnconfirmed {
		b.State = domain.BatchUnconfirmed
		return false, tx.SettleBatch(ctx, b, domain.BatchAccepted, now)
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
		b.Unnamed = b.Size - left
	case domain.RecipientFiltered:
		_, err = tx.MoveBatch(ctx, b.ID, domain.RecipientAccepted, people, "platform_filter", now)
	default:
		_, err = tx.MoveBatch(ctx, b.ID, domain.RecipientAccepted, people, "", now)
	}
	if err != nil {
		return false, err
	}
	return failed, tx.SettleBatch(ctx, b, domain.BatchAccepted, now)
}
