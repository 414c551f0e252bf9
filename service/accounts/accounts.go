// Package accounts is the register of the WeChat accounts this installation speaks for: which there are, what is known of each,
// and whether its door is locked. Closing one is the migration room's business.
package accounts

import (
	"context"

	"guiyi/domain"
	"guiyi/repository"
)

// Service is the room.
type Service struct{ store *repository.Store }

// New opens the room.
func New(store *repository.Store) *Service { return &Service{store} }

// Listing is one account with what may be said about its secrets: whether they are there, never what they are.
type Listing struct {
	domain.Account
	HasSecret bool // an app secret is stored, so the program can call the platform for it
	Encrypted bool // callbacks must come encrypted
}

// List lists all accounts, the town's own first.
func (s *Service) List(ctx context.Context) ([]domain.Account, error) { return s.store.Accounts(ctx) }

// Get finds an account by the short name people use.
func (s *Service) Get(ctx context.Context, key string) (Listing, error) {
	a, err := s.store.AccountByKey(ctx, key)
	if err != nil {
		return Listing{}, err
	}
	c, err := s.store.Credentials(ctx, a.ID)
	if err != nil {
		return Listing{}, err
	}
	return Listing{Account: a, HasSecret: c.AppSecret != "", Encrypted: c.Encrypted()}, nil
}
