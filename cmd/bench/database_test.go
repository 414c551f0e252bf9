package main

import "testing"

func TestWithDatabase(t *testing.T) {
	for dsn, want := range map[string]string{
		"u:p@tcp(127.0.0.1:3306)/":                "u:p@tcp(127.0.0.1:3306)/bench",
		"u:p@tcp(127.0.0.1:3306)/old":             "u:p@tcp(127.0.0.1:3306)/bench",
		"u:p@tcp(127.0.0.1:3306)/old?timeout=1s":  "u:p@tcp(127.0.0.1:3306)/bench?timeout=1s",
		"u:a/b?c@tcp(127.0.0.1:3306)/old?tls=x&y": "u:a/b?c@tcp(127.0.0.1:3306)/bench?tls=x&y",
		"u:p@tcp(127.0.0.1:3306)":                 "u:p@tcp(127.0.0.1:3306)/bench",
	} {
		if got := withDatabase(dsn, "bench"); got != want {
			t.Errorf("%s became %s", dsn, got)
		}
	}
}
