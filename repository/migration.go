package repository

import (
	"context"
	"fmt"

	"gorm.io/gorm"

	"guiyi/domain"
)

// runningStates are those in which the engine may have work.
var runningStates = []domain.MigrationState{domain.MigrationAnnounced, domain.MigrationNotifying}

// InsertMigration stores a draft. A second open migration of the same account is domain.ErrConflict.
func (s *Store) InsertMigration(ctx context.Context, m domain.Migration) error {
	return inserted(s.in(ctx).Table("migration").Create(map[string]any{
		"id": m.ID, "account_id": m.AccountID, "open_account_id": m.AccountID, "target_id": m.TargetID, "state": m.State,
		"stop_on": m.StopOn, "cancel_on": m.CancelOn, "reason": m.Reason, "haste_why": m.HasteWhy, "archive_at": m.ArchiveAt,
		"data_note": m.DataNote, "open_note": m.OpenNote, "document_no": "", "approved_by": "", "approved_at": 0,
		"started_at": 0, "frozen_at": 0, "total": 0, "paused_at": 0, "pause_why": "", "wake_at": 0, "engine": "", "failures": 0,
		"sync_cursor": "", "sync_pass": 0, "lease_until": 0, "lease_turn": 0, "created_at": m.CreatedAt, "updated_at": m.UpdatedAt,
	}).Error, "migration of account "+m.AccountID)
}

// Migration finds one migration.
func (s *Store) Migration(ctx context.Context, id string) (domain.Migration, error) {
	var m domain.Migration
	return m, one(s.in(ctx).Table("migration").Where("id = ?", id).Take(&m).Error, "migration "+id)
}

// Migrations lists all migrations, the oldest first.
func (s *Store) Migrations(ctx context.Context) ([]domain.Migration, error) {
	var list []domain.Migration
	if err := s.in(ctx).Table("migration").Order("created_at, id").Find(&list).Error; err != nil {
		return nil, fmt.Errorf("list migrations: %w", err)
	}
	return list, nil
}

// OpenMigrationOf finds the migration of an account that is not cancelled.
func (s *Store) OpenMigrationOf(ctx context.Context, accountID string) (domain.Migration, error) {
	var m domain.Migration
	err := s.in(ctx).Table("migration").Where("open_account_id = ?", accountID).Take(&m).Error
	return m, one(err, "migration of account "+accountID)
}

// EditDraft changes dates and texts while the migration is a draft; later it is domain.ErrConflict.
func (s *Store) EditDraft(ctx context.Context, m domain.Migration) error {
	return changed(s.migration(ctx, m.ID, domain.MigrationDraft).Updates(map[string]any{
		"stop_on": m.StopOn, "cancel_on": m.CancelOn, "reason": m.Reason, "haste_why": m.HasteWhy, "archive_at": m.ArchiveAt,
		"data_note": m.DataNote, "open_note": m.OpenNote, "updated_at": m.UpdatedAt,
	}), "draft of migration "+m.ID)
}

// Approve moves a draft to approved.
func (s *Store) Approve(ctx context.Context, id, documentNo, by string, at domain.Instant) error {
	return changed(s.migration(ctx, id, domain.MigrationDraft).Updates(map[string]any{
		"state": domain.MigrationApproved, "document_no": documentNo, "approved_by": by, "approved_at": at, "updated_at": at,
	}), "draft of migration "+id)
}

// BackToDraft takes an approval back, because what was approved changes.
func (s *Store) BackToDraft(ctx context.Context, id string, at domain.Instant) error {
	return changed(s.migration(ctx, id, domain.MigrationApproved).Updates(map[string]any{
		"state": domain.MigrationDraft, "document_no": "", "approved_by": "", "approved_at": 0, "updated_at": at,
	}), "approved migration "+id)
}

// StartMigration moves an approved migration to announced and wakes the engine.
func (s *Store) StartMigration(ctx context.Context, id string, at domain.Instant) error {
	return changed(s.migration(ctx, id, domain.MigrationApproved).Updates(map[string]any{
		"state": domain.MigrationAnnounced, "started_at": at, "wake_at": at, "engine": "准备名单", "updated_at": at,
	}), "approved migration "+id)
}

// CancelMigration ends a migration that has told nobody yet, and frees its account for another one.
func (s *Store) CancelMigration(ctx context.Context, id, why string, at domain.Instant) error {
	return changed(s.in(ctx).Table("migration").Where("id = ? AND state IN ?", id,
		[]domain.MigrationState{domain.MigrationDraft, domain.MigrationApproved}).
		Updates(map[string]any{
			"state": domain.MigrationCancelled, "open_account_id": nil, "pause_why": why, "updated_at": at,
		}), "unstarted migration "+id)
}

// MoveMigration changes the state as domain.MigrationState draws it.
func (s *Store) MoveMigration(ctx context.Context, id string, from, to domain.MigrationState, at domain.Instant) error {
	return changed(s.migration(ctx, id, from).Updates(map[string]any{"state": to, "updated_at": at}), string(from)+" migration "+id)
}

// Pause stops the engine before its next step. A paused migration is domain.ErrConflict.
func (s *Store) Pause(ctx context.Context, id, why string, at domain.Instant) error {
	return changed(s.in(ctx).Table("migration").Where("id = ? AND state IN ? AND paused_at = 0", id, runningStates).
		Updates(map[string]any{"paused_at": at, "pause_why": why, "updated_at": at}), "running migration "+id)
}

// Resume lets the engine go on. A migration that is not paused is domain.ErrConflict.
func (s *Store) Resume(ctx context.Context, id string, at domain.Instant) error {
	return changed(s.in(ctx).Table("migration").Where("id = ? AND paused_at > 0", id).
		Updates(map[string]any{"paused_at": 0, "pause_why": "", "failures": 0, "wake_at": at, "updated_at": at}), "paused migration "+id)
}

// TakeLease gives the migration to one worker until the given moment and returns the number of this turn.
// While another worker holds it, it is domain.ErrConflict. Taking it answers the wake-up call: a new one may come during the turn.
func (s *Store) TakeLease(ctx context.Context, id string, turn int, now, until domain.Instant) error {
	return changed(s.in(ctx).Table("migration").
		Where("id = ? AND lease_turn = ? AND lease_until <= ? AND paused_at = 0 AND state IN ?", id, turn, now, runningStates).
		Updates(map[string]any{"lease_turn": turn + 1, "lease_until": until, "wake_at": 0}), "free lease of migration "+id)
}

// KeepLease prolongs the lease of the given turn; after somebody else took over it is domain.ErrConflict.
func (s *Store) KeepLease(ctx context.Context, id string, turn int, until domain.Instant) error {
	return changed(s.in(ctx).Table("migration").Where("id = ? AND lease_turn = ?", id, turn).
		Updates(map[string]any{"lease_until": until}), "lease of migration "+id)
}

// DropLeases lets all leases run out. Only a process that knows it is the only one may call it, at its start.
func (s *Store) DropLeases(ctx context.Context) error {
	return s.in(ctx).Table("migration").Where("lease_until > 0").Updates(map[string]any{"lease_until": 1}).Error
}

// Rest ends a turn: the lease is free again, the engine says what it waits for, and wakes at the given moment (0 = not by itself).
// If something asked for the engine during the turn, that wake-up call stays.
func (s *Store) Rest(ctx context.Context, id string, turn, failures int, engine string, wake, now domain.Instant) error {
	return changed(s.in(ctx).Table("migration").Where("id = ? AND lease_turn = ?", id, turn).Updates(map[string]any{
		"lease_until": 0, "engine": engine, "failures": failures, "updated_at": now,
		"wake_at": gorm.Expr("CASE WHEN wake_at > 0 THEN wake_at ELSE ? END", wake),
	}), "turn of migration "+id)
}

// Engine notes what the engine is doing, one line for people.
func (s *Store) Engine(ctx context.Context, id, line string) error {
	return s.in(ctx).Table("migration").Where("id = ?", id).Updates(map[string]any{"engine": line}).Error
}

// Wake asks the engine to look again at the given moment, or earlier if it would anyway.
func (s *Store) Wake(ctx context.Context, id string, at domain.Instant) error {
	return s.in(ctx).Table("migration").Where("id = ? AND state IN ? AND (wake_at = 0 OR wake_at > ?)", id, runningStates, at).
		Updates(map[string]any{"wake_at": at}).Error
}

// DueMigrations lists what the engine should work on now: awake or left behind by a worker that died, not paused, held by nobody.
func (s *Store) DueMigrations(ctx context.Context, now domain.Instant) ([]domain.Migration, error) {
	var list []domain.Migration
	err := s.in(ctx).Table("migration").
		Where("((wake_at > 0 AND wake_at <= ?) OR lease_until > 0) AND lease_until <= ? AND paused_at = 0 AND state IN ?", now, now, runningStates).
		Order("wake_at, id").Limit(100).Find(&list).Error
	if err != nil {
		return nil, fmt.Errorf("list due migrations: %w", err)
	}
	return list, nil
}

// MoveSync remembers how far the follower list was read. The old place is the condition, so two readers cannot both move it.
func (s *Store) MoveSync(ctx context.Context, m domain.Migration, cursor string, pass int) error {
	return changed(s.in(ctx).Table("migration").
		Where("id = ? AND sync_cursor = ? AND sync_pass = ? AND frozen_at = 0", m.ID, m.SyncCursor, m.SyncPass).
		Updates(map[string]any{"sync_cursor": cursor, "sync_pass": pass}), "follower list of migration "+m.ID)
}

// Freeze closes the follower list with its size.
func (s *Store) Freeze(ctx context.Context, id string, total int, at domain.Instant) error {
	return changed(s.in(ctx).Table("migration").Where("id = ? AND frozen_at = 0", id).
		Updates(map[string]any{"frozen_at": at, "total": total, "updated_at": at}), "open list of migration "+id)
}

func (s *Store) migration(ctx context.Context, id string, state domain.MigrationState) *gorm.DB {
	return s.in(ctx).Table("migration").Where("id = ? AND state = ?", id, state)
}

// ReplaceEntries stores the entries read from the old menu in place of those of an earlier reading.
func (s *Store) ReplaceEntries(ctx context.Context, migrationID string, entries []domain.MappedEntry) error {
	if err := s.in(ctx).Exec("DELETE FROM mapped_entry WHERE migration_id = ?", migrationID).Error; err != nil {
		return fmt.Errorf("clear the mapping of migration %s: %w", migrationID, err)
	}
	if len(entries) == 0 {
		return nil
	}
	return inserted(s.in(ctx).Table("mapped_entry").Create(&entries).Error, "mapping of migration "+migrationID)
}

// Entries lists the mapping in the order of the old menu.
func (s *Store) Entries(ctx context.Context, migrationID string) ([]domain.MappedEntry, error) {
	var list []domain.MappedEntry
	err := s.in(ctx).Table("mapped_entry").Where("migration_id = ?", migrationID).Order("position").Find(&list).Error
	if err != nil {
		return nil, fmt.Errorf("list the mapping of migration %s: %w", migrationID, err)
	}
	return list, nil
}

// MapEntry decides where one old entry leads.
func (s *Store) MapEntry(ctx context.Context, e domain.MappedEntry) error {
	return changed(s.in(ctx).Table("mapped_entry").Where("id = ? AND migration_id = ?", e.ID, e.MigrationID).
		Updates(map[string]any{
			"kind": e.Kind, "ref": e.Ref, "successor": e.Successor, "path": e.Path, "offline": e.Offline, "updated_at": e.UpdatedAt,
		}), "entry "+e.ID)
}

// UnmappedEntries counts the entries that block the start.
func (s *Store) UnmappedEntries(ctx context.Context, migrationID string) (int, error) {
	var n int64
	err := s.in(ctx).Table("mapped_entry").Where("migration_id = ? AND kind = ''", migrationID).Count(&n).Error
	return int(n), err
}
