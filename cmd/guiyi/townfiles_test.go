package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTown_example_and_import(t *testing.T) {
	environ := []string{"GUIYI_DATA_DIR=" + t.TempDir(), "GUIYI_LOG_LEVEL=error"}
	dir := filepath.Join(t.TempDir(), "ours")
	step := func(want int, args ...string) (out, errs string) {
		t.Helper()
		code, out, errs := execute(wired(), environ, args...)
		if code != want {
			t.Fatalf("%v ended with %d: %s%s", args, code, out, errs)
		}
		return out, errs
	}
	step(exitOK, "schema", "up")
	step(exitOK, "town", "example", dir)
	step(exitFailure, "town", "example", dir) // never into a folder that holds something
	if out, _ := step(exitOK, "town", "import", dir); !strings.Contains(out, "52 个事项") {
		t.Error(out)
	}
	if _, err := os.Stat(filepath.Join(dir, "accounts.json")); err == nil {
		t.Error("the example holds the demo's secrets")
	}

	file := filepath.Join(dir, "matters.csv")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(text), "\n")
	lines[3] = strings.Replace(lines[3], "D01", "D99", 1)
	if err := os.WriteFile(file, []byte(strings.Join(lines, "")), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, errs := step(exitFailure, "town", "import", dir); !strings.Contains(errs, "matters.csv 第4行") {
		t.Errorf("the fault is not named: %s", errs)
	}
	step(exitFailure, "town", "import", filepath.Join(dir, "nowhere"))
}
