package domain

import "log/slog"

// OpenID names one person towards one WeChat account. It is personal data: printing or logging it shows only its ends.
// Use Reveal where the platform or the database needs the whole.
type OpenID string

// Reveal gives the whole id, for the wire and the database only.
func (o OpenID) Reveal() string { return string(o) }

// String masks: oAbc…wxyz.
func (o OpenID) String() string { return maskEnds(string(o), 4, 4) }

// LogValue keeps the whole id out of logs.
func (o OpenID) LogValue() slog.Value { return slog.StringValue(o.String()) }

// Secret is an app secret, a callback token or an EncodingAESKey in clear text, on its way between storage and the wire.
type Secret string

// Reveal gives the clear text.
func (s Secret) Reveal() string { return string(s) }

// String never shows anything of it.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return "***"
}

// LogValue keeps the secret out of logs.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText keeps the secret out of JSON and templates that encode it by accident.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

func maskEnds(s string, head, tail int) string {
	r := []rune(s)
	if len(r) <= head+tail {
		return "***"
	}
	return string(r[:head]) + "…" + string(r[len(r)-tail:])
}
