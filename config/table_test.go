package config

import (
	"flag"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the option table into README.md")

func TestREADME_shows_the_option_table(t *testing.T) {
	const path, begin, end = "../README.md", "<!-- config:begin -->\n", "<!-- config:end -->"
	readme, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(readme), begin)
	block, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatal("README.md has no block between config:begin and config:end")
	}
	if *update {
		if err := os.WriteFile(path, []byte(before+begin+Table()+end+after), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if block != Table() {
		t.Error("README.md is behind the option table; run: make golden")
	}
}

func TestOptions_are_sound(t *testing.T) {
	seen := map[string]bool{}
	for _, o := range Options() {
		if seen[o.Name] || o.Name != strings.ToLower(o.Name) || o.Help == "" {
			t.Errorf("option %q: twice, not lower case, or without help", o.Name)
		}
		seen[o.Name] = true
		if strings.Contains(o.Help+o.Default, "|") {
			t.Errorf("option %q: a bar breaks the Markdown table", o.Name)
		}
		if o.set != nil && !o.computed() {
			if err := o.set(&Config{}, o.Default); err != nil {
				t.Errorf("option %q refuses its own default: %v", o.Name, err)
			}
		}
	}
}
