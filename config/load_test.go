package config

import (
	"encoding/base64"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var goodKey = base64.StdEncoding.EncodeToString([]byte("0123456789abcdef0123456789abcdef"))

func mustLoad(t *testing.T, environ ...string) Config {
	t.Helper()
	c, err := Load(environ)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestLoad_nothing_set_gives_a_working_program(t *testing.T) {
	want := Config{
		DataDir:   "data",
		HTTP:      HTTP{Listen: "127.0.0.1:8080", PublicURL: "http://127.0.0.1:8080", Simulator: "127.0.0.1:8081"},
		Database:  Database{Driver: SQLite, DSN: Secret("sqlite:" + filepath.Join("data", "guiyi.db"))},
		Redis:     Redis{Embedded: true},
		Staff:     Staff{Idle: 30 * time.Minute, Lifetime: 12 * time.Hour, LockAfter: 5, LockFor: 15 * time.Minute},
		WeChat:    WeChat{API: "https://api.weixin.qq.com", OAuth: "https://open.weixin.qq.com", MP: "https://mp.weixin.qq.com"},
		Callback:  Callback{MaxAge: 5 * time.Minute, MaxBody: 262144},
		Send:      Send{MassBatch: 1000, MassPerMinute: 30, CustomPerSecond: 50, PauseShare: 0.05, PauseWindow: 200, UnknownLookBack: 24 * time.Hour},
		Migration: Migration{NoticeDays: 30, Lease: 10 * time.Second},
		Log:       Log{Level: slog.LevelInfo},
		Workers:   4,
	}
	if diff := cmp.Diff(want, mustLoad(t, "HOME=/root", "PATH=/bin")); diff != "" {
		t.Errorf("defaults (-want +got):\n%s", diff)
	}
}

func TestLoad_every_option_reaches_its_field(t *testing.T) {
	file := write(t, "# a comment\n\nexport_not=really\n")
	if _, err := Load([]string{"GUIYI_CONFIG=" + file}); err == nil {
		t.Error("a file with a foreign key was accepted")
	}
	got := mustLoad(
		t,
		"GUIYI_DATA_DIR=/var/lib/guiyi",
		"GUIYI_LISTEN=:80", "GUIYI_PUBLIC_URL=https://tinglan.example/", "GUIYI_SIMULATOR_LISTEN=:81",
		"GUIYI_DATABASE=mysql://town:p%40ss%2Fword@db/guiyi",
		"GUIYI_REDIS=redis:6379", "GUIYI_REDIS_PASSWORD=hush", "GUIYI_REDIS_DB=3",
		"GUIYI_KEY="+goodKey,
		"GUIYI_STAFF_IDLE=10m", "GUIYI_STAFF_LIFETIME=1h", "GUIYI_STAFF_LOCK_AFTER=3", "GUIYI_STAFF_LOCK_FOR=1h",
		"GUIYI_WECHAT_API=http://sim/a", "GUIYI_WECHAT_OAUTH=http://sim/b", "GUIYI_WECHAT_MP=http://sim/c/",
		"GUIYI_CALLBACK_MAX_AGE=30s", "GUIYI_CALLBACK_MAX_BODY=1MiB",
		"GUIYI_MASS_BATCH=10000", "GUIYI_MASS_PER_MINUTE=60", "GUIYI_CUSTOM_PER_SECOND=5",
		"GUIYI_PAUSE_SHARE=2.5%", "GUIYI_PAUSE_WINDOW=10", "GUIYI_UNKNOWN_LOOK_BACK=2h",
		"GUIYI_NOTICE_DAYS=0", "GUIYI_MIGRATION_LEASE=3s", "GUIYI_TRUSTED_PROXIES=10.0.0.5, 10.1.0.0/16",
		"GUIYI_WORKERS=16", "GUIYI_LOG_LEVEL=debug", "GUIYI_LOG_FORMAT=json",
	)
	want := Config{
		DataDir:   "/var/lib/guiyi",
		HTTP:      HTTP{Listen: ":80", PublicURL: "https://tinglan.example", Simulator: ":81", TrustedProxies: []string{"10.0.0.5", "10.1.0.0/16"}},
		Database:  Database{Driver: MySQL, DSN: "town:p@ss/word@tcp(db:3306)/guiyi"},
		Redis:     Redis{Addr: "redis:6379", Password: "hush", DB: 3},
		Key:       Key("0123456789abcdef0123456789abcdef"),
		Staff:     Staff{Idle: 10 * time.Minute, Lifetime: time.Hour, LockAfter: 3, LockFor: time.Hour},
		WeChat:    WeChat{API: "http://sim/a", OAuth: "http://sim/b", MP: "http://sim/c"},
		Callback:  Callback{MaxAge: 30 * time.Second, MaxBody: 1 << 20},
		Send:      Send{MassBatch: 10_000, MassPerMinute: 60, CustomPerSecond: 5, PauseShare: 0.025, PauseWindow: 10, UnknownLookBack: 2 * time.Hour},
		Migration: Migration{NoticeDays: 0, Lease: 3 * time.Second},
		Log:       Log{Level: slog.LevelDebug, JSON: true},
		Workers:   16,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestLoad_reports_all_faults_at_once_and_no_secret(t *testing.T) {
	_, err := Load([]string{
		"GUIYI_LISTEN=8080", "GUIYI_MASS_BATCH=1", "GUIYI_DATABASE=root:hunter2@nowhere",
		"GUIYI_KEY=aHVudGVyMg==", "GUIYI_LOG_LEVEL=loud",
	})
	if err == nil {
		t.Fatal("accepted")
	}
	for _, name := range []string{"LISTEN", "MASS_BATCH", "DATABASE", "KEY", "LOG_LEVEL"} {
		if !strings.Contains(err.Error(), "\n  GUIYI_"+name+"=") {
			t.Errorf("no line about GUIYI_%s in:\n%v", name, err)
		}
	}
	if strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "aHVudGVyMg") {
		t.Errorf("a secret is in the error: %v", err)
	}
}

func TestLoad_refuses(t *testing.T) {
	for name, environ := range map[string][]string{
		"port_out_of_range":          {"GUIYI_LISTEN=:65536"},
		"public_url_without_scheme":  {"GUIYI_PUBLIC_URL=tinglan.example"},
		"public_url_with_query":      {"GUIYI_PUBLIC_URL=https://a.example/?b"},
		"sqlite_without_path":        {"GUIYI_DATABASE=sqlite:"},
		"sqlite_with_options":        {"GUIYI_DATABASE=sqlite:x.db?mode=ro"},
		"mysql_without_name":         {"GUIYI_DATABASE=mysql://u:p@h", "GUIYI_KEY=" + goodKey},
		"mysql_without_user":         {"GUIYI_DATABASE=mysql://h/n", "GUIYI_KEY=" + goodKey},
		"mysql_without_key":          {"GUIYI_DATABASE=mysql://u:p@h/n"},
		"other_engine":               {"GUIYI_DATABASE=postgres://u:p@h/n", "GUIYI_KEY=" + goodKey},
		"redis_without_port":         {"GUIYI_REDIS=redis"},
		"embedded_redis_with_secret": {"GUIYI_REDIS_PASSWORD=x"},
		"short_key":                  {"GUIYI_KEY=c2hvcnQ="},
		"idle_longer_than_lifetime":  {"GUIYI_STAFF_IDLE=2h", "GUIYI_STAFF_LIFETIME=1h"},
		"percent_without_sign":       {"GUIYI_PAUSE_SHARE=0.05"},
		"percent_not_a_number":       {"GUIYI_PAUSE_SHARE=NaN%"},
		"body_too_big":               {"GUIYI_CALLBACK_MAX_BODY=9223372036854775807MiB"},
		"batch_above_the_platform":   {"GUIYI_MASS_BATCH=10001"},
		"age_too_short":              {"GUIYI_CALLBACK_MAX_AGE=1s"},
		"log_level_in_capitals":      {"GUIYI_LOG_LEVEL=INFO"},
		"log_format":                 {"GUIYI_LOG_FORMAT=xml"},
		"missing_file":               {"GUIYI_CONFIG=/does/not/exist"},
	} {
		t.Run(name, func(t *testing.T) {
			if c, err := Load(environ); err == nil {
				t.Errorf("accepted: %+v", c)
			}
		})
	}
}

func TestLoad_takes_database(t *testing.T) {
	for raw, want := range map[string]Database{
		"sqlite:/tmp/a b.db":                        {SQLite, "sqlite:/tmp/a b.db"},
		"mysql://u:p@h:3307/n?tls=true":             {MySQL, "u:p@tcp(h:3307)/n?tls=true"},
		"mysql://u@[::1]/n":                         {MySQL, "u@tcp([::1]:3306)/n"},
		"u:p:a@ss@tcp(h:3306)/n":                    {MySQL, "u:p:a@ss@tcp(h:3306)/n"},
		"root@unix(/run/mysqld/mysqld.sock)/n?a=b":  {MySQL, "root@unix(/run/mysqld/mysqld.sock)/n?a=b"},
		"mysql://u:%E5%AF%86%E7%A0%81@h/n":          {MySQL, "u:密码@tcp(h:3306)/n"},
		"u:p@tcp(127.0.0.1:3306)/guiyi?timeout=10s": {MySQL, "u:p@tcp(127.0.0.1:3306)/guiyi?timeout=10s"},
	} {
		t.Run(raw, func(t *testing.T) {
			if got := mustLoad(t, "GUIYI_DATABASE="+raw, "GUIYI_KEY="+goodKey).Database; got != want {
				t.Errorf("got %s %s", got.Driver, got.DSN.Reveal())
			}
		})
	}
}

func TestLoad_rank_is_override_environment_file_default(t *testing.T) {
	file := write(t, "\ufeffGUIYI_WORKERS = 7\r\nGUIYI_NOTICE_DAYS='40'\nGUIYI_MASS_BATCH=\"500\"\nGUIYI_LISTEN=:1\n")
	c, err := Load([]string{"GUIYI_CONFIG=" + file, "GUIYI_NOTICE_DAYS=50", "GUIYI_MASS_BATCH=", "GUIYI_LISTEN=:2"}, "GUIYI_LISTEN=:3")
	if err != nil {
		t.Fatal(err)
	}
	got := []any{c.Workers, c.Migration.NoticeDays, c.Send.MassBatch, c.HTTP.Listen}
	if diff := cmp.Diff([]any{7, 50, 500, ":3"}, got); diff != "" {
		t.Errorf("workers from file, days from environment, batch from file, listen from override (-want +got):\n%s", diff)
	}
}

func TestLoad_file_faults_name_their_line(t *testing.T) {
	file := write(t, "GUIYI_WORKERS=7\nGUIYI_WORKER=8\njust words\nGUIYI_WORKERS=9\nGUIYI_CONFIG=other\n")
	_, err := Load(nil, "GUIYI_CONFIG="+file)
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{file + ":2: GUIYI_WORKER is", file + ":3: not of", file + ":4: GUIYI_WORKERS is set", file + ":5: GUIYI_CONFIG is"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q missing in:\n%v", want, err)
		}
	}
}

func TestLoad_misspelt_variables_are_listed(t *testing.T) {
	c := mustLoad(t, "GUIYI_TEST_REQUIRE_ALL=1", "GUIYI_WORKRES=3", "GUIYI_LISTN=:80", "OTHER=1")
	if diff := cmp.Diff([]string{"GUIYI_LISTN", "GUIYI_WORKRES"}, c.Unknown); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestDatabase_File(t *testing.T) {
	if got := mustLoad(t, "GUIYI_DATA_DIR=/x").Database.File(); got != "/x/guiyi.db" {
		t.Errorf("file of the default database: %q", got)
	}
	if got := mustLoad(t, "GUIYI_DATABASE=mysql://u:p@h/n", "GUIYI_KEY="+goodKey).Database.File(); got != "" {
		t.Errorf("MySQL has a file: %q", got)
	}
}

func TestURLOf(t *testing.T) {
	for listen, want := range map[string]string{
		":8080":        "http://127.0.0.1:8080",
		"0.0.0.0:80":   "http://127.0.0.1:80",
		"[::]:80":      "http://127.0.0.1:80",
		"[::1]:80":     "http://[::1]:80",
		"town.cn:8080": "http://town.cn:8080",
	} {
		if got := URLOf(listen); got != want {
			t.Errorf("URLOf(%q) = %q, want %q", listen, got, want)
		}
	}
}

func write(t *testing.T, body string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "guiyi.env")
	if err := os.WriteFile(path, []byte(body), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
