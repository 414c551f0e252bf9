package config

import (
	"fmt"
	"io"
	"log/slog"
)

const mask = "***"

// Secret is text that no format verb, log handler or encoder prints.
type Secret string

// Reveal gives the text itself, for the one place that needs it.
func (s Secret) Reveal() string { return string(s) }

// Format writes *** for every verb, also for wrong ones, which fmt would
// otherwise answer with the raw value.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, mask) }

// LogValue hides the text from slog.
func (Secret) LogValue() slog.Value { return slog.StringValue(mask) }

// MarshalText hides the text from encoders.
func (Secret) MarshalText() ([]byte, error) { return []byte(mask), nil }

// Key is key material of 32 bytes, hidden like a [Secret].
type Key []byte

// Format writes *** for every verb.
func (Key) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, mask) }

// LogValue hides the key from slog.
func (Key) LogValue() slog.Value { return slog.StringValue(mask) }

// MarshalText hides the key from encoders.
func (Key) MarshalText() ([]byte, error) { return []byte(mask), nil }
