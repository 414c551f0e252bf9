// Package accounts is the register of the WeChat accounts this installation speaks for: which there are, what is known of each,
// their secrets, and whether the door is locked. Closing one is the migration room's business.
//
// Reads are cached for a few seconds, because the callback door and every call to the platform begin with one.
package accounts

import (
	"context"
	"sync"
	"time"

	"guiyi/domain"
	"guiyi/repository"
	"guiyi/service"
)

// How long a read may be old. Another process sees a change within staleAfter; unknown accounts are looked up again after
// missAfter, so that asking for nonsense costs the database nothing.
const (
	staleAfter = 5 * time.Second
	missAfter  = time.Second
)

// Service is the room of accounts.
type Service struct {
	env   service.Env
	store *repository.Store

	mu   sync.Mutex
	seen *snapshot // what was read last
}

// snapshot is all accounts at one moment; there are tens of them. Secrets are opened when first asked for.
type snapshot struct {
	at     time.Time
	byID   map[string]domain.Account
	byKey  map[string]string // key → id
	opened map[string]domain.Credentials
}

// New opens the room.
func New(env service.Env, store *repository.Store) *Service { return &Service{env: env, store: store} }

// Listing is one account with what may be said about its secrets: whether they are there, never what they are.
type Listing struct {
	domain.Account
	HasSecret bool // an app secret is stored, so the program can call the platform for it
	Encrypted bool // callbacks must come encrypted
}

// Get finds an account by the short name people use, for the desk.
func (s *Service) Get(ctx context.Context, key string) (Listing, error) {
	a, err := s.ByKey(ctx, key)
	if err != nil {
		return Listing{}, err
	}
	c, err := s.Credentials(ctx, a.ID)
	if err != nil {
		return Listing{}, err
	}
	return Listing{Account: a, HasSecret: c.AppSecret != "", Encrypted: c.Encrypted()}, nil
}

// List lists all accounts as they are now, the town's own first, then by key.
func (s *Service) List(ctx context.Context) ([]domain.Account, error) { return s.store.Accounts(ctx) }

// ByKey finds an account by the short name in addresses and commands.
func (s *Service) ByKey(ctx context.Context, key string) (domain.Account, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.find(ctx, func(snap *snapshot) (string, bool) {
		id, ok := snap.byKey[key]
		return id, ok
	})
}

// ByID finds an account by its id.
func (s *Service) ByID(ctx context.Context, id string) (domain.Account, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.find(ctx, func(snap *snapshot) (string, bool) {
		_, ok := snap.byID[id]
		return id, ok
	})
}

// Credentials opens the secrets of an account, once per change of the account.
func (s *Service) Credentials(ctx context.Context, id string) (domain.Credentials, error) {
	_, c, err := s.Lookup(ctx, id)
	return c, err
}

// Lookup gives an account together with its secrets.
func (s *Service) Lookup(ctx context.Context, id string) (domain.Account, domain.Credentials, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, err := s.find(ctx, func(snap *snapshot) (string, bool) {
		_, ok := snap.byID[id]
		return id, ok
	})
	if err != nil {
		return domain.Account{}, domain.Credentials{}, err
	}
	if c, ok := s.seen.opened[id]; ok {
		return a, c, nil
	}
	c, err := s.store.Credentials(ctx, id)
	if err != nil {
		return domain.Account{}, domain.Credentials{}, err
	}
	s.seen.opened[id] = c
	return a, c, nil
}

// find picks one account, and looks a second time before it says that there is none.
func (s *Service) find(ctx context.Context, pick func(*snapshot) (id string, ok bool)) (domain.Account, error) {
	for _, age := range []time.Duration{staleAfter, missAfter} {
		snap, err := s.look(ctx, age)
		if err != nil {
			return domain.Account{}, err
		}
		if id, ok := pick(snap); ok {
			return snap.byID[id], nil
		}
	}
	return domain.Account{}, domain.Refuse(domain.ErrNotFound, "no_account", "没有登记这个账号")
}

// look gives a snapshot that is younger than the given age. s.mu is held.
func (s *Service) look(ctx context.Context, age time.Duration) (*snapshot, error) {
	now := s.env.Now()
	if s.seen != nil && now.Sub(s.seen.at) < age {
		return s.seen, nil
	}
	list, err := s.store.Accounts(ctx)
	if err != nil {
		return nil, err
	}
	next := &snapshot{
		at: now, byID: make(map[string]domain.Account, len(list)), byKey: make(map[string]string, len(list)),
		opened: map[string]domain.Credentials{},
	}
	for _, a := range list {
		next.byID[a.ID], next.byKey[a.Key] = a, a.ID
		if s.seen == nil {
			continue
		}
		// A change in the very second of the last look may have come after it: then the secrets are opened anew.
		if c, ok := s.seen.opened[a.ID]; ok && s.seen.byID[a.ID].UpdatedAt == a.UpdatedAt && a.UpdatedAt < domain.At(s.seen.at) {
			next.opened[a.ID] = c
		}
	}
	s.seen = next
	return next, nil
}
