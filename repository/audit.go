package repository

import (
	"context"
	"fmt"
	"strconv"

	"guiyi/domain"
)

// maxDetail is the length of an audit entry's detail, in characters; longer ones are cut, because the log must not be the reason
// why a change fails.
const maxDetail = 400

// auditRow is the audit_entry table.
type auditRow struct {
	Seq        int
	At         domain.Instant
	ActorID    string
	ActorName  string
	Action     string
	ObjectKind string
	ObjectID   string
	Detail     string
	Mark       string
}

func (r auditRow) entry() domain.AuditEntry {
	return domain.AuditEntry{
		Seq: r.Seq, At: r.At, Actor: domain.Actor{ID: r.ActorID, Name: r.ActorName},
		Action: r.Action, ObjectKind: r.ObjectKind, ObjectID: r.ObjectID, Detail: r.Detail,
	}
}

func (s *Store) auditMark(before string, r auditRow) string {
	return s.sealer.Mark("audit", before, strconv.Itoa(r.Seq), strconv.FormatInt(int64(r.At), 10), r.ActorID, r.ActorName,
		r.Action, r.ObjectKind, r.ObjectID, r.Detail)
}

// InsertAudit appends one entry to the audit log. Call it inside the transaction that makes the change, as its last statement:
// it takes the lock that puts all writers of the log in line. Seq is given by the log.
func (s *Store) InsertAudit(ctx context.Context, e domain.AuditEntry) error {
	return s.InTx(ctx, func(tx *Store) error {
		if err := changed(tx.in(ctx).Exec("UPDATE audit_head SET seq = seq + 1 WHERE id = 1"), "head of the audit log"); err != nil {
			return err
		}
		var head struct {
			Seq  int
			Mark string
		}
		if err := tx.in(ctx).Table("audit_head").Where("id = 1").Take(&head).Error; err != nil {
			return one(err, "head of the audit log")
		}
		row := auditRow{
			Seq: head.Seq, At: e.At, ActorID: e.Actor.ID, ActorName: cut(e.Actor.Name, 64), Action: e.Action,
			ObjectKind: e.ObjectKind, ObjectID: e.ObjectID, Detail: cut(e.Detail, maxDetail),
		}
		row.Mark = tx.auditMark(head.Mark, row)
		if err := inserted(tx.in(ctx).Table("audit_entry").Create(&row).Error, "audit entry"); err != nil {
			return err
		}
		return changed(tx.in(ctx).Exec("UPDATE audit_head SET mark = ? WHERE id = 1", row.Mark), "head of the audit log")
	})
}

func cut(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}

// AuditFilter narrows a page of the audit log. Empty fields do not narrow.
type AuditFilter struct {
	Action string // a whole action, or the part before the dot with it: "migration."
	Actor  string // id or name of whoever did it
	Before int    // entries older than this place; 0 = from the newest
	Limit  int
}

// AuditLog gives a page of the audit log, the newest first.
func (s *Store) AuditLog(ctx context.Context, f AuditFilter) ([]domain.AuditEntry, error) {
	q := s.in(ctx).Table("audit_entry").Order("seq DESC").Limit(f.Limit)
	if f.Before > 0 {
		q = q.Where("seq < ?", f.Before)
	}
	if n := len(f.Action); n > 0 && f.Action[n-1] == '.' {
		q = q.Where("action >= ? AND action < ?", f.Action, f.Action[:n-1]+"/") // '/' follows '.' in ASCII
	} else if n > 0 {
		q = q.Where("action = ?", f.Action)
	}
	if f.Actor != "" {
		q = q.Where("actor_id = ? OR actor_name = ?", f.Actor, f.Actor)
	}
	var rows []auditRow
	if err := q.Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("read the audit log: %w", err)
	}
	list := make([]domain.AuditEntry, len(rows))
	for i, r := range rows {
		list[i] = r.entry()
	}
	return list, nil
}

// VerifyAudit walks the whole audit log and gives the number of sound entries and the place of the first entry that was changed,
// removed or added by a hand that does not know the key; 0 when all is well.
func (s *Store) VerifyAudit(ctx context.Context) (sound, broken int, err error) {
	var head struct {
		Seq  int
		Mark string
	}
	if err := s.in(ctx).Table("audit_head").Where("id = 1").Take(&head).Error; err != nil {
		return 0, 0, one(err, "head of the audit log")
	}
	before := ""
	for {
		var rows []auditRow
		err := s.in(ctx).Table("audit_entry").Where("seq > ? AND seq <= ?", sound, head.Seq).Order("seq").Limit(500).Find(&rows).Error
		if err != nil {
			return sound, 0, fmt.Errorf("read the audit log: %w", err)
		}
		for _, r := range rows {
			if r.Seq != sound+1 || r.Mark != s.auditMark(before, r) {
				return sound, sound + 1, nil
			}
			sound, before = r.Seq, r.Mark
		}
		if len(rows) == 0 {
			break
		}
	}
	if sound != head.Seq || before != head.Mark {
		return sound, sound + 1, nil
	}
	return sound, 0, nil
}
