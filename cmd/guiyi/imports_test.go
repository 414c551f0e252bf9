package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The shape of the house, as a test. Data and calls flow one way:
//
//	cmd ─▶ everything
//	handler ─▶ handler/{citizen,staff,kiosk,platform} ─▶ handler/web ─▶ domain
//	                        ▼
//	jobs ──────────▶ service/<room> ─▶ repository ─▶ domain         wechat ─▶ domain
//	                        └────────▶ service (Env) ─▶ domain      wechat/simulator, config, domain ─▶ nothing of ours
//
// Whoever changes a table here changes docs/adr/0001-layout-and-arrows.md too.

// source is one Go file, seen from outside.
type source struct {
	path    string // below the root, with slashes
	pkg     string // its package clause
	imports []string
}

func (s source) folder() string { return path.Dir(s.path) }
func (s source) test() bool {
	return strings.HasSuffix(s.path, "_test.go") || strings.HasSuffix(s.pkg, "test")
}

const module = "guiyi"

// arrows says what a floor may import of ours, besides folders below its own.
// The first line whose floor matches counts. A * stands for one folder name.
var arrows = []struct {
	floor string // a folder and all below it
	may   []string
}{
	{"cmd", []string{"**"}},
	{"config", nil},
	{"domain", nil},
	{"wechat/simulator", nil},
	{"wechat", []string{"domain"}},
	{"repository", []string{"domain"}},
	{"service/*", []string{"service", "repository", "domain"}},
	{"service", []string{"domain"}},
	{"jobs", []string{"service", "service/*", "domain"}},
	{"handler/web", []string{"domain"}},
	{"handler/*", []string{"handler/web", "service", "service/*", "domain"}},
	{"handler", []string{"handler/*", "domain"}},
}

// homes says where a module of somebody else's may be used, tests included.
var homes = []struct {
	module string
	home   []string
}{
	{"github.com/gin-gonic/gin", []string{"handler"}},
	{"gorm.io", []string{"repository"}},
	{"github.com/glebarez", []string{"repository"}},
	{"github.com/go-sql-driver", []string{"repository"}},
	{"github.com/pressly/goose", []string{"repository"}},
	{"github.com/hibiken/asynq", []string{"jobs"}},
	{"github.com/silenceper/wechat", []string{"wechat"}},
	{"github.com/sirupsen/logrus", []string{"wechat"}},
	{"github.com/spf13", []string{"cmd"}},
}

// testOnly are modules that no program contains.
var testOnly = []string{
	"github.com/google/go-cmp", "github.com/go-rod/rod", "github.com/PuerkitoBio/goquery", "pgregory.net/rapid", "net/http/httptest", "testing",
}

// vague are names that say nothing about what is inside, so everything ends up there.
var vague = []string{"util", "utils", "common", "base", "helper", "helpers", "misc", "shared"}

func TestImports(t *testing.T) {
	all := sources(t, "../..")
	if len(all) < 10 {
		t.Fatalf("only %d files found: the walk is broken", len(all))
	}
	for _, s := range all {
		for _, fault := range faultsOf(s) {
			t.Errorf("%s: %s", s.path, fault)
		}
	}
}

func faultsOf(s source) (faults []string) {
	if slices.Contains(vague, path.Base(s.folder())) || slices.Contains(vague, strings.TrimSuffix(s.pkg, "_test")) {
		faults = append(faults, "a package name must say what is inside")
	}
	for _, imp := range s.imports {
		if imp == module || strings.HasPrefix(imp, module+"/") {
			if ours := strings.TrimPrefix(imp, module+"/"); !mayImport(s, ours) {
				faults = append(faults, "must not import "+imp)
			}
			continue
		}
		if fault := foreign(s, imp); fault != "" {
			faults = append(faults, fault)
		}
	}
	return faults
}

// mayImport follows the arrows. Tests may put neighbours together, except on
// the three floors that must stay able to stand alone.
func mayImport(s source, ours string) bool {
	for _, a := range arrows {
		floor, ok := matched(a.floor, s.folder())
		if !ok {
			continue
		}
		if ours == floor || within(floor, ours) && floor != "wechat" && floor != "handler" && floor != "service" {
			return true
		}
		if s.test() && a.may != nil {
			return !within("cmd", ours)
		}
		return slices.ContainsFunc(a.may, func(may string) bool {
			ok, _ := path.Match(may, ours)
			return ok || may == "**"
		})
	}
	return false // a folder without a floor
}

func foreign(s source, imp string) string {
	for _, h := range homes {
		if within(h.module, imp) && !slices.ContainsFunc(h.home, func(home string) bool { return within(home, s.folder()) }) {
			return imp + " stays in " + strings.Join(h.home, " and ")
		}
	}
	standard := !strings.Contains(strings.Split(imp, "/")[0], ".")
	switch {
	case s.test():
		return ""
	case slices.ContainsFunc(testOnly, func(m string) bool { return within(m, imp) }):
		return imp + " is for tests"
	case within("domain", s.folder()) && !standard:
		return "domain imports the standard library alone, not " + imp
	case within("wechat/simulator", s.folder()) && within("github.com/silenceper/wechat", imp):
		return "the simulator shares no code with the client, not even its SDK"
	}
	return ""
}

// matched says whether folder is floor or below it, and names the folder that stood for floor.
func matched(floor, folder string) (string, bool) {
	parts, have := strings.Split(floor, "/"), strings.Split(folder, "/")
	if len(have) < len(parts) {
		return "", false
	}
	head := strings.Join(have[:len(parts)], "/")
	ok, _ := path.Match(floor, head)
	return head, ok
}

// within says whether inner is outer or below it.
func within(outer, inner string) bool {
	return inner == outer || strings.HasPrefix(inner, outer+"/")
}

func TestImports_rules_can_fail(t *testing.T) {
	for name, tc := range map[string]struct {
		file    string
		imports string
		wrong   bool
	}{
		"cmd_wires_everybody":               {"cmd/guiyi/app.go", "guiyi/wechat/simulator", false},
		"room_uses_storage":                 {"service/migration/run.go", "guiyi/repository", false},
		"room_uses_env":                     {"service/migration/run.go", "guiyi/service", false},
		"room_uses_its_own_folder":          {"service/migration/run.go", "guiyi/service/migration/plan", false},
		"rooms_are_strangers":               {"service/migration/run.go", "guiyi/service/inbox", true},
		"room_knows_no_platform":            {"service/migration/run.go", "guiyi/wechat", true},
		"room_knows_no_queue":               {"service/migration/run.go", "guiyi/jobs", true},
		"env_knows_no_room":                 {"service/env.go", "guiyi/service/inbox", true},
		"env_knows_no_storage":              {"service/env.go", "guiyi/repository", true},
		"door_uses_room":                    {"handler/staff/board.go", "guiyi/service/migration", false},
		"door_uses_web":                     {"handler/staff/board.go", "guiyi/handler/web", false},
		"door_does_not_reach_storage":       {"handler/staff/board.go", "guiyi/repository", true},
		"doors_are_strangers":               {"handler/staff/board.go", "guiyi/handler/citizen", true},
		"web_knows_no_room":                 {"handler/web/errors.go", "guiyi/service/access", true},
		"web_knows_no_door":                 {"handler/web/errors.go", "guiyi/handler/staff", true},
		"handler_mounts_doors":              {"handler/handler.go", "guiyi/handler/platform", false},
		"handler_knows_no_room":             {"handler/handler.go", "guiyi/service/access", true},
		"job_uses_room":                     {"jobs/migration.go", "guiyi/service/migration", false},
		"job_does_not_reach_storage":        {"jobs/migration.go", "guiyi/repository", true},
		"storage_knows_no_room":             {"repository/account.go", "guiyi/service/migration", true},
		"gateway_knows_domain":              {"wechat/send.go", "guiyi/domain", false},
		"gateway_knows_no_stand_in":         {"wechat/send.go", "guiyi/wechat/simulator", true},
		"gateway_test_meets_stand_in":       {"wechat/send_test.go", "guiyi/wechat/simulator", false},
		"stand_in_is_alone":                 {"wechat/simulator/mass.go", "guiyi/domain", true},
		"stand_in_uses_its_own_folder":      {"wechat/simulator/mass.go", "guiyi/wechat/simulator/phone", false},
		"stand_in_has_no_client_code":       {"wechat/simulator/mass.go", "github.com/silenceper/wechat/v2/util", true},
		"stand_in_is_tried_by_a_client":     {"wechat/simulator/mass_test.go", "github.com/silenceper/wechat/v2", false},
		"stand_in_test_does_not_know_us":    {"wechat/simulator/mass_test.go", "guiyi/wechat", true},
		"domain_is_the_ground":              {"domain/account.go", "guiyi/config", true},
		"domain_is_standard":                {"domain/account.go", "github.com/google/uuid", true},
		"domain_uses_time":                  {"domain/account.go", "time", false},
		"config_is_alone":                   {"config/load.go", "guiyi/domain", true},
		"only_cmd_reads_config":             {"jobs/server.go", "guiyi/config", true},
		"test_of_a_room_uses_a_fresh_store": {"service/migration/run_test.go", "guiyi/repository/repotest", false},
		"test_does_not_import_cmd":          {"service/migration/run_test.go", "guiyi/cmd/guiyi", true},
		"gin_outside_handler":               {"service/access/login.go", "github.com/gin-gonic/gin", true},
		"gorm_outside_repository":           {"jobs/server.go", "gorm.io/gorm", true},
		"asynq_outside_jobs":                {"service/env.go", "github.com/hibiken/asynq", true},
		"asynq_in_jobs":                     {"jobs/server.go", "github.com/hibiken/asynq", false},
		"sdk_outside_wechat":                {"service/inbox/answer.go", "github.com/silenceper/wechat/v2/officialaccount", true},
		"cmp_in_the_program":                {"service/env.go", "github.com/google/go-cmp/cmp", true},
		"vague_name":                        {"service/util/strings.go", "strings", true},
		"folder_without_a_floor":            {"pkg/x.go", "guiyi/domain", true},
	} {
		t.Run(name, func(t *testing.T) {
			s := source{path: tc.file, pkg: path.Base(path.Dir(tc.file)), imports: []string{tc.imports}}
			if faults := faultsOf(s); (len(faults) > 0) != tc.wrong {
				t.Errorf("%s importing %s: faults %q", tc.file, tc.imports, faults)
			}
		})
	}
}

// TestClock_and_streams: the time and the process streams come from outside,
// and tests wait for signals, not for time to pass.
func TestClock_and_streams(t *testing.T) {
	for _, s := range sources(t, "../..") {
		for _, fault := range callFaults(t, s, filepath.Join("../..", s.path), nil) {
			t.Error(fault)
		}
	}
}

func TestClock_and_streams_rules_can_fail(t *testing.T) {
	for name, tc := range map[string]struct {
		file, body string
		wrong      bool
	}{
		"clock_in_a_service":       {"service/x.go", `import "time"; var _ = time.Now()`, true},
		"clock_under_another_name": {"service/x.go", `import t "time"; var _ = t.Since`, true},
		"clock_in_cmd":             {"cmd/guiyi/x.go", `import "time"; var _ = time.Now()`, false},
		"clock_in_a_test":          {"service/x_test.go", `import "time"; var _ = time.Now()`, false},
		"print_in_a_job":           {"jobs/x.go", `import "fmt"; func f() { fmt.Printf("x") }`, true},
		"write_in_a_job":           {"jobs/x.go", `import "fmt"; func f() { fmt.Fprintf(nil, "x") }`, false},
		"sleep_in_a_test":          {"jobs/x_test.go", `import "time"; func f() { time.Sleep(1) }`, true},
		"sleep_in_a_test_of_cmd":   {"cmd/guiyi/x_test.go", `import "time"; func f() { time.Sleep(1) }`, true},
		"global_log":               {"jobs/x.go", `import "log/slog"; func f() { slog.Info("x") }`, true},
		"own_log":                  {"jobs/x.go", `import "log/slog"; func f(l *slog.Logger) { l.Info("x") }`, false},
	} {
		t.Run(name, func(t *testing.T) {
			faults := callFaults(t, source{path: tc.file}, tc.file, "package x; "+tc.body)
			if (len(faults) > 0) != tc.wrong {
				t.Errorf("faults %q", faults)
			}
		})
	}
}

// callFaults finds forbidden names of standard packages in one file. A src of
// nil means that the file is read.
func callFaults(t *testing.T, s source, file string, src any) (faults []string) {
	t.Helper()
	forbidden := map[string][]string{}
	if s.test() {
		forbidden["time"] = []string{"Sleep"}
	} else if !within("cmd", s.folder()) {
		forbidden["time"] = []string{"Now", "Since", "Until"}
		forbidden["fmt"] = []string{"Print", "Printf", "Println"}
		forbidden["log/slog"] = []string{"Debug", "Info", "Warn", "Error", "Log", "LogAttrs", "With", "Default", "SetDefault"}
	}
	set := token.NewFileSet()
	f, err := parser.ParseFile(set, file, src, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	local := map[string]string{} // the name in this file → import path
	for _, imp := range f.Imports {
		p, _ := strconv.Unquote(imp.Path.Value)
		name := path.Base(p)
		if imp.Name != nil {
			name = imp.Name.Name
		}
		local[name] = p
	}
	ast.Inspect(f, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if x, ok := sel.X.(*ast.Ident); ok && slices.Contains(forbidden[local[x.Name]], sel.Sel.Name) {
			faults = append(faults, set.Position(sel.Pos()).String()+": "+local[x.Name]+"."+sel.Sel.Name+" does not belong here")
		}
		return true
	})
	return faults
}

// sources reads the import clauses of every Go file below root.
func sources(t *testing.T, root string) (all []source) {
	t.Helper()
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name := d.Name(); d.IsDir() && file != root && (name[0] == '.' || name[0] == '_' || name == "testdata") {
			return filepath.SkipDir
		}
		if d.IsDir() || filepath.Ext(file) != ".go" {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		below, err := filepath.Rel(root, file)
		if err != nil {
			return err
		}
		s := source{path: filepath.ToSlash(below), pkg: f.Name.Name}
		for _, imp := range f.Imports {
			p, err := strconv.Unquote(imp.Path.Value)
			if err != nil {
				return err
			}
			s.imports = append(s.imports, p)
		}
		all = append(all, s)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}
