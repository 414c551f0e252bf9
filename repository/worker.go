package repository

import (
	"context"
	"fmt"

	"guiyi/domain"
)

// Beat notes that a worker process is alive.
func (s *Store) Beat(ctx context.Context, workerID string, at domain.Instant) error {
	res := s.in(ctx).Table("worker").Where("id = ?", workerID).Updates(map[string]any{"seen_at": at})
	if res.Error != nil {
		return fmt.Errorf("note a sign of life: %w", res.Error)
	}
	if res.RowsAffected > 0 {
		return nil
	}
	return ignoreConflict(inserted(s.in(ctx).Table("worker").
		Create(map[string]any{"id": workerID, "started_at": at, "seen_at": at}).Error, "worker "+workerID))
}

// LastBeat gives the newest sign of life of any worker, zero when there never was one.
func (s *Store) LastBeat(ctx context.Context) (domain.Instant, error) {
	var at *domain.Instant
	if err := s.in(ctx).Table("worker").Select("MAX(seen_at)").Scan(&at).Error; err != nil || at == nil {
		return 0, err
	}
	return *at, nil
}

// ForgetWorkers removes the traces of workers that have been silent since the given moment.
func (s *Store) ForgetWorkers(ctx context.Context, before domain.Instant) error {
	return s.in(ctx).Exec("DELETE FROM worker WHERE seen_at < ?", before).Error
}
