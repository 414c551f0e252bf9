package repository

import "context"

// Exec runs a statement behind the store's back.
func (s *Store) Exec(ctx context.Context, statement string) error {
	return s.in(ctx).Exec(statement).Error
}

// Column reads one column as it is stored.
func (s *Store) Column(ctx context.Context, table, column string) (list []string, err error) {
	return list, s.in(ctx).Table(table).Pluck(column, &list).Error
}
