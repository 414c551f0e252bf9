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
		if w.Channel == domain.ChannelMassOpenID && n < fewestInList {
			return errTooFew
		}
		b.Size = n
		return tx.InsertBatch(ctx, b)
	})
	if errors.Is(err, errTooFew) {
		return 0, nil
	}
	return n, err
}

// errTooFew rolls a claim back that somebody's leaving made too small to be sent.
var errTooFew = errors.New("fewer than two people for a list")

// fewestInList is the smallest list of openids that the platform takes.
const fewestInList = 2

// openIDBatch chooses how many of those left go into the next batch. The platform takes 2 to 10,000 openids a call, so a
// single person is never left over; when only one is left at all, it is 0 and that person waits for a touch.
func openIDBatch(left, size int) int {
	switch {
	case left < fewestInList:
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
	if b.State == domain.BatchFilled {
		if dissolved, err := s.trim(ctx, w, b); err != nil || dissolved {
			return step{say: "名单有变化，重新分批"}, err
		}
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
		return s.batchTrouble(call, m, b, err)
	}
	return s.accept(call, w, b, msgID)
}

// trim takes those out of an unsent batch who left or were told since it was filled. When too few are left to send to, the batch
// is dissolved.
func (s *Service) trim(ctx context.Context, w domain.Wave, b domain.Batch) (dissolved bool, err error) {
	err = s.store.InTx(ctx, func(tx *repository.Store) error {
		dissolved = false
		gone, err := tx.TrimBatch(ctx, b.ID, s.now())
		if err != nil || gone == 0 {
			return err
		}
		left := b.Size - gone
		dissolved = left == 0 || w.Channel == domain.ChannelMassOpenID && left < fewestInList
		if !dissolved {
			return tx.ResizeBatch(ctx, b.ID, -gone)
		}
		if err := tx.ReturnBatch(ctx, b.ID, domain.RecipientSending, w.Number, s.now()); err != nil {
			return err
		}
		if err := tx.ResizeBatch(ctx, b.ID, -b.Size); err != nil {
			return err
		}
		empty := b
		empty.State = domain.BatchFinished
		return tx.SettleBatch(ctx, empty, domain.BatchFilled, s.now())
	})
	return dissolved, err
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
	switch pe.Remedy {
	case domain.RemedyUnknown:
		return waitFor(waitUnknown<<min(b.Attempts, 6), "平台没有回应，稍后用同一编号确认"), nil
	case domain.RemedyAlready:
		return s.acceptUnnumbered(ctx, b, pe)
	}
	// Nothing was sent by this attempt. An earlier one may have been: then the batch stays "sending" under its guard.
	doubt := b.State == domain.BatchSending
	if doubt {
		err = s.store.BatchRefused(ctx, b.ID, pe.Code, pe.Message)
	} else {
		err = s.store.BatchHeld(ctx, b, pe.Code, pe.Message)
	}
	if err != nil {
		return step{}, err
	}
	if pe.Code == codeBadMedia {
		if err := s.store.SetBatchMedia(ctx, b.ID, ""); err != nil || b.ErrCode != codeBadMedia { // twice in a row: a new draft does not help
			return step{say: "重新上传公告"}, err
		}
	}
	if pe.Remedy != domain.RemedyWait {
		return s.pauseFor(ctx, m, pe)
	}
	st := s.waitForPlatform(pe)
	st.wait = max(st.wait, backoff(b.Attempts))
	if doubt { // ask again while the platform still remembers the guard
		st.wait = min(st.wait, time.Hour)
	}
	return st, nil
}

// acceptUnnumbered closes a batch of which the platform says that it was sent before, without the number of the job: its result can
// never be asked for.
func (s *Service) acceptUnnumbered(ctx context.Context, b domain.Batch, pe *domain.PlatformError) (step, error) {
	err := s.store.InTx(ctx, func(tx *repository.Store) error {
		if _, err := tx.MoveBatch(ctx, b.ID, domain.RecipientSending, domain.RecipientAccepted, "", s.now()); err != nil {
			return err
		}
		closed := b
		closed.State, closed.ErrCode, closed.ErrText = domain.BatchUnconfirmed, pe.Code, pe.Message
		return tx.SettleBatch(ctx, closed, domain.BatchSending, s.now())
	})
	return step{say: "平台说已发过，但没有给出任务编号"}, err
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
