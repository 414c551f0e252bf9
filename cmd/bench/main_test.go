package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"strings"
	"testing"
	"time"
)

// TestMain lets the test binary play the roles that bench starts as processes.
func TestMain(m *testing.M) {
	if role := os.Getenv(roleVariable); role != "" {
		os.Exit(playRole(context.Background(), role, os.Stdin, os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

func TestParse(t *testing.T) {
	t.Setenv(mysqlVariable, "")
	p, err := parse([]string{"callback", "--json", "wave", "--size", "50", "--duration=2s"}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, r := range p.rows {
		names = append(names, r.name)
	}
	if got := strings.Join(names, " "); got != "callback wave/openid wave/personal" {
		t.Errorf("rows %q: names and flags may stand in any order, and wave means all of its rows", got)
	}
	if !p.json || p.size != 50 || p.duration != 2*time.Second || p.rounds != 3 || p.engine != engineSQLite {
		t.Errorf("%+v", p)
	}
	if p, err := parse(nil, io.Discard); err != nil || len(p.rows) != len(rows) {
		t.Errorf("without names every row runs: %d, %v", len(p.rows), err)
	}
	for name, args := range map[string][]string{
		"no such row":                       {"wav"},
		"no such engine":                    {"--engine", "oracle"},
		"mysql without a server":            {"--engine", "mysql"},
		"too many operations":               {"--size", "1000001"},
		"too few":                           {"--size", "1"},
		"endless rounds":                    {"--rounds", "1000"},
		"endless time":                      {"--duration", "24h"},
		"an unknown flag":                   {"--fast"},
		"an unknown flag behind a row":      {"callback", "--fast"},
		"a flag without the value it wants": {"--size"},
	} {
		t.Run("refuses "+name, func(t *testing.T) {
			if _, err := parse(args, io.Discard); err == nil {
				t.Error("taken")
			}
		})
	}
}

func TestHelp(t *testing.T) {
	var out, errs bytes.Buffer
	if code := run(t.Context(), []string{"--help"}, &out, &errs); code != 0 || errs.Len() > 0 {
		t.Fatalf("exit %d, %s", code, &errs)
	}
	for _, want := range []string{"callback", "wave/openid", "wave/personal", "-json", "-engine"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("says nothing of %s", want)
		}
	}
}

// Every row runs once with a handful of operations, with all its processes. What it measures means nothing then.
func TestRun(t *testing.T) {
	var out, errs bytes.Buffer
	if code := run(t.Context(), []string{"--size", "30", "--rounds", "1", "--json"}, &out, &errs); code != 0 {
		t.Fatalf("exit %d: %s", code, &errs)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) < len(rows) {
		t.Fatalf("%s", &out)
	}
	for i, text := range lines[len(lines)-len(rows):] {
		var r report
		if err := json.Unmarshal([]byte(text), &r); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		if r.Name != rows[i].name || r.Ratio <= 0 || r.Ours.PeakMiB <= 0 || r.Bare.PerSecond <= 0 || r.Ours.Runs[0].Operations != 30 {
			t.Errorf("%s", text)
		}
	}
}

func TestRun_a_dead_process_is_an_error(t *testing.T) {
	if _, err := start(t.Context(), "nobody", nil, nil); err == nil {
		t.Error("a role that nobody can play was started")
	}
	p, err := start(t.Context(), roleDoorBare, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.ask("dance", nil); err == nil || !strings.Contains(err.Error(), "dance") {
		t.Errorf("an order that nobody understands: %v", err)
	}
	if err := p.stop(); err != nil {
		t.Error(err)
	}
}
