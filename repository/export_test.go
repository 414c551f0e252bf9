package repository

import "context"

// Exec runs a statement behind the store's back.
func (s *Store) Exec(ctx context.Context, statement string) error {
	return s.in(ctx).Exec(statement).Error
}
