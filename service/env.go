// Package service holds what every room of the service floor is given: the clock, new ids and the log.
// The rooms themselves are its subfolders; they do not know each other.
package service

import (
	"log/slog"

	"guiyi/domain"
)

// Env is the part of the outside world that every room needs.
type Env struct {
	Now   domain.Clock
	NewID func() string // UUIDv7 text, 36 characters, growing with time
	Log   *slog.Logger
}
