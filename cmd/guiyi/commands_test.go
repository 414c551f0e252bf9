package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"guiyi/domain"
)

// recorder answers every action and notes what it was asked to do.
type recorder struct {
	did  []string
	call call
	err  error
}

func (r *recorder) note(name string) func(context.Context, call) error {
	return func(_ context.Context, c call) error {
		r.did, r.call = append(r.did, name), c
		return r.err
	}
}

func noteWith[O any](r *recorder, name string) func(context.Context, call, O) error {
	return func(ctx context.Context, c call, o O) error {
		return r.note(fmt.Sprintf("%s %+v", name, o))(ctx, c)
	}
}

func (r *recorder) commands() commands {
	return commands{
		demo: noteWith[demoOptions](r, "demo"), serve: r.note("serve"), worker: r.note("worker"),
		simulator: noteWith[simulatorOptions](r, "simulator"),
		schemaUp:  r.note("schema up"), schemaDown: r.note("schema down"), schemaStatus: r.note("schema status"),
		doctor:   r.note("doctor"),
		staffAdd: noteWith[staffAddOptions](r, "staff add"), staffList: r.note("staff list"),
		townImport: noteWith[townOptions](r, "town import"), townExample: noteWith[townOptions](r, "town example"),
		migrationList: r.note("migration list"), migrationPlan: noteWith[migrationOptions](r, "migration plan"),
		migrationRun: noteWith[migrationOptions](r, "migration run"), migrationStatus: noteWith[migrationOptions](r, "migration status"),
	}
}

func execute(c commands, environ []string, args ...string) (code int, out, errs string) {
	var o, e bytes.Buffer
	code = run(context.Background(), c, process{args: args, environ: environ, in: strings.NewReader(""), out: &o, err: &e})
	return code, o.String(), e.String()
}

func TestCommandLine_reaches_the_action(t *testing.T) {
	for line, want := range map[string]string{
		"demo":                        "demo {Port:-1 Fresh:false}",
		"demo --port 0":               "demo {Port:0 Fresh:false}",
		"demo --fresh --port 9000":    "demo {Port:9000 Fresh:true}",
		"serve":                       "serve",
		"town import ./ours":          "town import {Dir:./ours}",
		"town example ./ours":         "town example {Dir:./ours}",
		"worker":                      "worker",
		"simulator":                   "simulator {Empty:false State:}",
		"simulator --empty":           "simulator {Empty:true State:}",
		"schema up":                   "schema up",
		"schema down":                 "schema down",
		"schema status":               "schema status",
		"doctor":                      "doctor",
		"staff list":                  "staff list",
		"staff add chen":              "staff add {Login:chen Name: Roles:[]}",
		"staff add --role a,b chen":   "staff add {Login:chen Name: Roles:[a b]}",
		"staff add chen --name 陈晓":    "staff add {Login:chen Name:陈晓 Roles:[]}",
		"migration list":              "migration list",
		"migration plan A3":           "migration plan {Code:A3 Watch:false}",
		"migration run A3 --watch":    "migration run {Code:A3 Watch:true}",
		"migration status A3":         "migration status {Code:A3 Watch:false}",
		"--config= migration list":    "migration list",
		"migration run --watch -- A3": "migration run {Code:A3 Watch:true}",
	} {
		t.Run(line, func(t *testing.T) {
			var r recorder
			code, _, errs := execute(r.commands(), nil, strings.Fields(line)...)
			if code != exitOK || errs != "" {
				t.Fatalf("exit %d: %s", code, errs)
			}
			if diff := cmp.Diff([]string{want}, r.did); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestCommandLine_mistakes_exit_2_and_do_nothing(t *testing.T) {
	for line, want := range map[string]string{
		"dmeo":                    `did you mean "demo"?`,
		"schema":                  "say which command",
		"schema upp":              `did you mean "up"?`,
		"migration run":           "CODE is missing",
		"migration run A3 A4":     `nothing takes the argument "A4"`,
		"staff add":               "LOGIN is missing",
		"serve now":               `nothing takes the argument "now"`,
		"demo --port x":           "invalid argument",
		"demo --port 65536":       "--port must be",
		"demo --prot 1":           "unknown flag: --prot",
		"serve --config /no/file": "GUIYI_CONFIG=/no/file",
	} {
		t.Run(line, func(t *testing.T) {
			var r recorder
			code, out, errs := execute(r.commands(), nil, strings.Fields(line)...)
			if code != exitUsage || len(r.did) != 0 {
				t.Errorf("exit %d, did %v", code, r.did)
			}
			if !strings.Contains(errs, want) || !strings.Contains(errs, "See 'guiyi") {
				t.Errorf("error does not help: %s", errs)
			}
			if out != "" || strings.Count(errs, "\n") > 2 {
				t.Errorf("usage was poured out:\n%s%s", out, errs)
			}
		})
	}
}

func TestExitCode(t *testing.T) {
	for name, tc := range map[string]struct {
		err  error
		want int
	}{
		"done":        {nil, exitOK},
		"failed":      {errors.New("disk full"), exitFailure},
		"found":       {fmt.Errorf("doctor: %w", foundError("2 of 9 checks failed")), exitFound},
		"interrupted": {fmt.Errorf("watch: %w", context.Canceled), exitInterrupted},
	} {
		t.Run(name, func(t *testing.T) {
			r := recorder{err: tc.err}
			code, out, errs := execute(r.commands(), nil, "doctor")
			if code != tc.want {
				t.Errorf("exit %d, want %d", code, tc.want)
			}
			if out != "" || (tc.err == nil) != (errs == "") {
				t.Errorf("out %q, err %q", out, errs)
			}
		})
	}
}

func TestConfiguration_reaches_the_action(t *testing.T) {
	file := filepath.Join(t.TempDir(), "g.env")
	if err := os.WriteFile(file, []byte("GUIYI_WORKERS=9\nGUIYI_LISTEN=:1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var r recorder
	code, _, errs := execute(r.commands(), []string{"GUIYI_LISTEN=:2", "GUIYI_LISTN=:3"}, "serve", "--config", file)
	if code != exitOK || r.call.Config.Workers != 9 || r.call.Config.HTTP.Listen != ":2" {
		t.Errorf("exit %d, %+v", code, r.call.Config)
	}
	if !strings.Contains(errs, "no option reads GUIYI_LISTN") {
		t.Errorf("a misspelt variable went unnoticed: %q", errs)
	}
}

func TestExitCode_refusal_is_read_without_its_code(t *testing.T) {
	r := recorder{err: fmt.Errorf("start: %w", domain.Refuse(domain.ErrConflict, "not_approved", "还没有批准"))}
	code, _, errs := execute(r.commands(), nil, "doctor")
	if code != exitFailure || errs != "guiyi: 还没有批准\n" {
		t.Errorf("exit %d, %q", code, errs)
	}
}

func TestConfiguration_faults_exit_2(t *testing.T) {
	var r recorder
	code, _, errs := execute(r.commands(), []string{"GUIYI_WORKERS=0", "GUIYI_LISTEN=x"}, "serve")
	if code != exitUsage || len(r.did) != 0 || !strings.Contains(errs, "2 faults") || !strings.Contains(errs, "guiyi config table") {
		t.Errorf("exit %d, did %v: %s", code, r.did, errs)
	}
}

func TestHelp_every_command_explains_itself(t *testing.T) {
	var r recorder
	var walk func(*cobra.Command)
	seen := 0
	walk = func(cmd *cobra.Command) {
		for _, sub := range cmd.Commands() {
			if name := sub.Name(); name == "help" || name == "completion" {
				continue
			}
			seen++
			if sub.Short == "" || len(sub.Long) < 40 || sub.Example == "" || strings.HasSuffix(sub.Short, ".") {
				t.Errorf("%s: short, long or example is missing", sub.CommandPath())
			}
			for line := range strings.Lines(sub.Long) {
				if len(line) > 90 {
					t.Errorf("%s: line too long for a terminal: %s", sub.CommandPath(), line)
				}
			}
			code, out, errs := execute(r.commands(), []string{"GUIYI_WORKERS=0"}, append(strings.Fields(sub.CommandPath())[1:], "--help")...)
			if code != exitOK || errs != "" || !strings.Contains(out, "Usage:") {
				t.Errorf("%s --help: exit %d, %s", sub.CommandPath(), code, errs)
			}
			walk(sub)
		}
	}
	walk(newRoot(r.commands(), process{}))
	if seen < 18 {
		t.Errorf("walked over %d commands only", seen)
	}
}

func TestHelp_an_action_that_is_not_wired_has_no_command(t *testing.T) {
	code, out, _ := execute(commands{}, nil)
	if code != exitOK || strings.Contains(out, "\n  demo ") || strings.Contains(out, "\n  schema ") || !strings.Contains(out, "version") {
		t.Errorf("exit %d:\n%s", code, out)
	}
	if code, _, _ := execute(commands{}, nil, "demo"); code != exitUsage {
		t.Errorf("demo without an action: exit %d", code)
	}
}

func TestInformation_needs_no_configuration(t *testing.T) {
	broken := []string{"GUIYI_WORKERS=0"}
	if code, out, _ := execute(commands{}, broken, "config", "table"); code != exitOK || !strings.Contains(out, "| `GUIYI_LISTEN` |") {
		t.Errorf("exit %d:\n%s", code, out)
	}
	if code, out, _ := execute(commands{}, broken, "version"); code != exitOK || !strings.HasPrefix(out, "guiyi ") || strings.Count(out, "\n") != 1 {
		t.Errorf("exit %d: %q", code, out)
	}
}
