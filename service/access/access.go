// Package access is the porter's lodge of the desk: who may come in, for how long, with which permissions, and the book in which
// every change is written down. It knows staff only; residents are no business of it.
package access

import (
	"context"
	"time"

	"guiyi/domain"
	"guiyi/repository"
	"guiyi/service"
)

// Options bound logins. The zero value of each means the default.
type Options struct {
	Idle         time.Duration // a session ends after this long without a request; default 30 min
	Lifetime     time.Duration // and after this long in any case; default 12 h
	LockAfter    int           // wrong passwords in a row that lock a login name; default 5
	LockFor      time.Duration // how long; default 15 min
	AddressAfter int           // failed attempts from one network address that lock it, for all names; default 30
	HashKiB      uint32        // memory that one password hash takes; default 19 MiB, tests take less
}

func (o Options) withDefaults() Options {
	if o.Idle <= 0 {
		o.Idle = 30 * time.Minute
	}
	if o.Lifetime <= 0 {
		o.Lifetime = 12 * time.Hour
	}
	if o.LockAfter <= 0 {
		o.LockAfter = 5
	}
	if o.LockFor <= 0 {
		o.LockFor = 15 * time.Minute
	}
	if o.AddressAfter <= 0 {
		o.AddressAfter = 30
	}
	if o.HashKiB == 0 {
		o.HashKiB = 19 * 1024
	}
	return o
}

// Service is the room.
type Service struct {
	env   service.Env
	store *repository.Store
	opt   Options
	hash  *hasher
}

// New opens the room.
func New(env service.Env, store *repository.Store, o Options) *Service {
	o = o.withDefaults()
	return &Service{env: env, store: store, opt: o, hash: newHasher(o.HashKiB)}
}

func (s *Service) now() domain.Instant { return domain.At(s.env.Now()) }

// Can tells whether the person may do something.
func (s *Service) Can(p domain.Staff, what domain.Permission) bool {
	return !p.Disabled() && p.Can(what)
}

// Audit writes one line into the audit log, for changes that touch no table of ours. Rooms that change a row call
// repository.Store.InsertAudit inside the same transaction instead.
func (s *Service) Audit(ctx context.Context, actor domain.Actor, action, objectKind, objectID, detail string) error {
	return s.store.InsertAudit(ctx, s.entry(actor, action, objectKind, objectID, detail))
}

func (s *Service) entry(actor domain.Actor, action, kind, id, detail string) domain.AuditEntry {
	return domain.AuditEntry{At: s.now(), Actor: actor, Action: action, ObjectKind: kind, ObjectID: id, Detail: detail}
}

// AuditFilter narrows a page of the audit log; see repository.AuditFilter.
type AuditFilter = repository.AuditFilter

// AuditLog gives a page of the audit log, the newest first, at most 200 entries.
func (s *Service) AuditLog(ctx context.Context, f AuditFilter) ([]domain.AuditEntry, error) {
	if f.Limit <= 0 || f.Limit > 200 {
		f.Limit = 50
	}
	return s.store.AuditLog(ctx, f)
}

// VerifyAudit checks the whole audit log: how many entries are sound, and the place of the first one that was changed or removed
// behind our back (0 = none).
func (s *Service) VerifyAudit(ctx context.Context) (sound, broken int, err error) {
	return s.store.VerifyAudit(ctx)
}
