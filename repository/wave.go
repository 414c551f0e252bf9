package repository

import (
	"context"
	"fmt"

	"gorm.io/gorm"

	"guiyi/domain"
)

// InsertWaves stores the planned waves of a migration.
func (s *Store) InsertWaves(ctx context.Context, waves []domain.Wave) error {
	return inserted(s.in(ctx).Table("wave").Create(&waves).Error, "waves")
}

// Waves lists the waves of a migration in their order.
func (s *Store) Waves(ctx context.Context, migrationID string) ([]domain.Wave, error) {
	var list []domain.Wave
	if err := s.in(ctx).Table("wave").Where("migration_id = ?", migrationID).Order("number").Find(&list).Error; err != nil {
		return nil, fmt.Errorf("list waves: %w", err)
	}
	return list, nil
}

// BeginWave moves a planned wave to sending.
func (s *Store) BeginWave(ctx context.Context, id string, audience int, at domain.Instant) error {
	return changed(s.in(ctx).Table("wave").Where("id = ? AND state = ?", id, domain.WavePlanned).
		Updates(map[string]any{"state": domain.WaveSending, "audience": audience, "started_at": at}), "planned wave "+id)
}

// EndWave moves a wave to done.
func (s *Store) EndWave(ctx context.Context, id string, at domain.Instant) error {
	return changed(s.in(ctx).Table("wave").Where("id = ? AND state = ?", id, domain.WaveSending).
		Updates(map[string]any{"state": domain.WaveDone, "done_at": at}), "sending wave "+id)
}

// SetWavePictures remembers the uploaded cover and QR picture, so that the articles of later batches use the same ones.
func (s *Store) SetWavePictures(ctx context.Context, id, coverID, qrImageURL string) error {
	return changed(s.in(ctx).Table("wave").Where("id = ?", id).
		Updates(map[string]any{"cover_id": coverID, "qr_image_url": qrImageURL}), "wave "+id)
}

// batchRow is the batch table: the platform's report lies flat in it.
type batchRow struct {
	ID, WaveID, MigrationID string
	Number                  int
	State                   domain.BatchState
	Size, Unnamed           int
	MediaID                 string
	MsgID                   int64
	Attempts                int
	SentAt, AcceptedAt      domain.Instant
	SettledAt               domain.Instant
	Status                  string
	TotalCount, FilterCount int
	SentCount, ErrorCount   int
	ArticleURL              string
	ErrCode                 int
	ErrText                 string
}

const batchColumns = "id, wave_id, migration_id, number, state, size, unnamed, media_id, msg_id, attempts, sent_at, accepted_at, settled_at, " +
	"status, total_count, filter_count, sent_count, error_count, article_url, err_code, err_text"

func (r batchRow) batch() domain.Batch {
	return domain.Batch{
		ID: r.ID, WaveID: r.WaveID, MigrationID: r.MigrationID, Number: r.Number, State: r.State, Size: r.Size, Unnamed: r.Unnamed,
		MediaID: r.MediaID, MsgID: r.MsgID, Attempts: r.Attempts, SentAt: r.SentAt, AcceptedAt: r.AcceptedAt, SettledAt: r.SettledAt,
		Result: domain.MassFinish{
			MsgID: r.MsgID, Status: r.Status, Total: r.TotalCount, Filter: r.FilterCount, Sent: r.SentCount, Failed: r.ErrorCount,
			ArticleURL: r.ArticleURL,
		},
		ErrCode: r.ErrCode, ErrText: r.ErrText,
	}
}

// InsertBatch stores a filled batch.
func (s *Store) InsertBatch(ctx context.Context, b domain.Batch) error {
	return inserted(s.in(ctx).Table("batch").Create(map[string]any{
		"id": b.ID, "wave_id": b.WaveID, "migration_id": b.MigrationID, "number": b.Number, "state": b.State, "size": b.Size, "unnamed": 0,
		"media_id": "", "msg_id": 0, "attempts": 0, "sent_at": 0, "accepted_at": 0, "settled_at": 0, "status": "",
		"total_count": 0, "filter_count": 0, "sent_count": 0, "error_count": 0, "article_url": "", "err_code": 0, "err_text": "",
	}).Error, "batch "+b.ID)
}

// Batches lists the batches of a wave by number, starting behind the given one, at most limit.
func (s *Store) Batches(ctx context.Context, waveID string, after, limit int) ([]domain.Batch, error) {
	return s.batches(s.in(ctx).Table("batch").Where("wave_id = ? AND number > ?", waveID, after).Order("number").Limit(limit))
}

// OpenBatches lists the batches of a wave that are not settled, by number.
func (s *Store) OpenBatches(ctx context.Context, waveID string) ([]domain.Batch, error) {
	return s.batches(s.in(ctx).Table("batch").Where("wave_id = ? AND state IN ?", waveID,
		[]domain.BatchState{domain.BatchFilled, domain.BatchSending, domain.BatchAccepted}).Order("number"))
}

// ReportedLate lists the batches that were given up as unconfirmed, with the given status, and whose result came after all.
func (s *Store) ReportedLate(ctx context.Context, m domain.Migration, status string) ([]domain.Batch, error) {
	return s.batches(s.in(ctx).Table("batch").Where("migration_id = ? AND state = ? AND status = ? AND EXISTS "+
		"(SELECT 1 FROM mass_result r WHERE r.account_id = ? AND r.msg_id = batch.msg_id)",
		m.ID, domain.BatchUnconfirmed, status, m.AccountID).Order("wave_id, number"))
}

func (s *Store) batches(q *gorm.DB) ([]domain.Batch, error) {
	var rows []batchRow
	if err := q.Select(batchColumns).Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("list batches: %w", err)
	}
	list := make([]domain.Batch, len(rows))
	for i, r := range rows {
		list[i] = r.batch()
	}
	return list, nil
}

// LastBatchNumber gives the highest batch number of a wave, 0 when there is none.
func (s *Store) LastBatchNumber(ctx context.Context, waveID string) (int, error) {
	var n *int
	err := s.in(ctx).Table("batch").Select("MAX(number)").Where("wave_id = ?", waveID).Scan(&n).Error
	if err != nil || n == nil {
		return 0, err
	}
	return *n, nil
}

// LastAccepted is when the platform took the last batch of a wave, zero when it took none.
func (s *Store) LastAccepted(ctx context.Context, waveID string) (domain.Instant, error) {
	var at *domain.Instant
	if err := s.in(ctx).Table("batch").Select("MAX(accepted_at)").Where("wave_id = ?", waveID).Scan(&at).Error; err != nil || at == nil {
		return 0, err
	}
	return *at, nil
}

// ResizeBatch notes how many people are in a batch that is filled group by group.
func (s *Store) ResizeBatch(ctx context.Context, id string, by int) error {
	return changed(s.in(ctx).Table("batch").Where("id = ?", id).Updates(map[string]any{"size": gorm.Expr("size + ?", by)}), "batch "+id)
}

// SetBatchMedia remembers the draft a batch sends, or forgets it ("") when the platform no longer knows it.
func (s *Store) SetBatchMedia(ctx context.Context, id, mediaID string) error {
	return changed(s.in(ctx).Table("batch").Where("id = ?", id).Updates(map[string]any{"media_id": mediaID}), "batch "+id)
}

// BatchLeaves notes that a request is about to leave, before it does.
func (s *Store) BatchLeaves(ctx context.Context, id string, at domain.Instant) error {
	return changed(s.in(ctx).Table("batch").
		Where("id = ? AND state IN ?", id, []domain.BatchState{domain.BatchFilled, domain.BatchSending}).
		Updates(map[string]any{
			"state": domain.BatchSending, "attempts": gorm.Expr("attempts + 1"),
			"sent_at": gorm.Expr("CASE WHEN sent_at = 0 THEN ? ELSE sent_at END", at),
		}), "unsent batch "+id)
}

// BatchHeld puts a batch back to filled, because the platform certainly did nothing and never had it before. b is the batch as it
// was before the attempt: if another attempt has left meanwhile, it is domain.ErrConflict.
func (s *Store) BatchHeld(ctx context.Context, b domain.Batch, code int, text string) error {
	return changed(s.in(ctx).Table("batch").Where("id = ? AND state = ? AND attempts = ?", b.ID, domain.BatchSending, b.Attempts+1).
		Updates(map[string]any{"state": domain.BatchFilled, "sent_at": 0, "err_code": code, "err_text": text}), "sending batch "+b.ID)
}

// BatchRefused notes what the platform said of a batch of which an earlier attempt may have taken effect.
func (s *Store) BatchRefused(ctx context.Context, id string, code int, text string) error {
	return changed(s.in(ctx).Table("batch").Where("id = ? AND state = ?", id, domain.BatchSending).
		Updates(map[string]any{"err_code": code, "err_text": text}), "sending batch "+id)
}

// BatchAccepted notes the platform's job.
func (s *Store) BatchAccepted(ctx context.Context, id string, msgID int64, at domain.Instant) error {
	return changed(s.in(ctx).Table("batch").Where("id = ? AND state = ?", id, domain.BatchSending).
		Updates(map[string]any{
			"state": domain.BatchAccepted, "msg_id": msgID, "accepted_at": at, "err_code": 0, "err_text": "",
		}), "sending batch "+id)
}

// BatchForgotten puts an accepted batch back to sending, because the platform does not know its job. It keeps its draft: if that is
// used up, the platform says so.
func (s *Store) BatchForgotten(ctx context.Context, id string) error {
	return changed(s.in(ctx).Table("batch").Where("id = ? AND state = ?", id, domain.BatchAccepted).
		Updates(map[string]any{"state": domain.BatchSending, "msg_id": 0, "accepted_at": 0}), "accepted batch "+id)
}

// SettleBatch gives a batch its last state, with what the platform reported and the error if there was one.
func (s *Store) SettleBatch(ctx context.Context, b domain.Batch, from domain.BatchState, at domain.Instant) error {
	return changed(s.in(ctx).Table("batch").Where("id = ? AND state = ?", b.ID, from).Updates(map[string]any{
		"state": b.State, "unnamed": b.Unnamed, "settled_at": at, "status": b.Result.Status, "total_count": b.Result.Total,
		"filter_count": b.Result.Filter, "sent_count": b.Result.Sent, "error_count": b.Result.Failed,
		"article_url": b.Result.ArticleURL, "err_code": b.ErrCode, "err_text": b.ErrText,
	}), string(from)+" batch "+b.ID)
}

// PartlyDelivered adds up the rows of the partly delivered batches of a migration that nobody can name,
// and how many of them the platform says it reached.
func (s *Store) PartlyDelivered(ctx context.Context, migrationID string) (rows, sent int, err error) {
	var sum struct{ Unnamed, Sent int }
	err = s.in(ctx).Table("batch").
		Select("COALESCE(SUM(unnamed), 0) AS unnamed, COALESCE(SUM(CASE WHEN sent_count < unnamed THEN sent_count ELSE unnamed END), 0) AS sent").
		Where("migration_id = ? AND state = ?", migrationID, domain.BatchPartly).Scan(&sum).Error
	return sum.Unnamed, sum.Sent, err
}

// massResultRow is the mass_result table.
type massResultRow struct {
	AccountID   string
	MsgID       int64
	Status      string
	TotalCount  int
	FilterCount int
	SentCount   int
	ErrorCount  int
	ArticleURL  string
	ReceivedAt  domain.Instant
}

// NoteMassResult keeps what MASSSENDJOBFINISH reported; a repeat changes nothing.
func (s *Store) NoteMassResult(ctx context.Context, accountID string, f domain.MassFinish, at domain.Instant) error {
	row := massResultRow{accountID, f.MsgID, head(f.Status, 64), f.Total, f.Filter, f.Sent, f.Failed, head(f.ArticleURL, 512), at}
	return ignoreConflict(inserted(s.in(ctx).Table("mass_result").Create(&row).Error, "mass result"))
}

// MassResult finds what the platform reported of a job, or domain.ErrNotFound.
func (s *Store) MassResult(ctx context.Context, accountID string, msgID int64) (domain.MassFinish, error) {
	var r massResultRow
	err := s.in(ctx).Table("mass_result").Where("account_id = ? AND msg_id = ?", accountID, msgID).Take(&r).Error
	return domain.MassFinish{
		MsgID: r.MsgID, Status: r.Status, Total: r.TotalCount, Filter: r.FilterCount, Sent: r.SentCount, Failed: r.ErrorCount,
		ArticleURL: r.ArticleURL,
	}, one(err, "mass result")
}
