package config

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// OptionErrors is everything that is wrong with a configuration, a sentence each,
// in the order of the option table. Values of secrets are not repeated.
type OptionErrors []string

func (f OptionErrors) Error() string {
	if len(f) == 1 {
		return "configuration: " + f[0]
	}
	return fmt.Sprintf("configuration has %d faults:\n  %s", len(f), strings.Join(f, "\n  "))
}

// Load reads the options from, in rising order of rank: their defaults, the
// file that GUIYI_CONFIG names, environ (KEY=VALUE as os.Environ gives it), and
// overrides in the same form, which cmd makes from flags. An empty value means
// that the option is absent. The error is an [OptionErrors] and holds all of them.
func Load(environ []string, overrides ...string) (Config, error) {
	var faults OptionErrors
	given := values(append(slices.Clone(environ), overrides...))
	if path := given["GUIYI_CONFIG"]; path != "" {
		fromFile, wrong := readFile(path)
		faults = append(faults, wrong...)
		for k, v := range fromFile {
			if given[k] == "" {
				given[k] = v
			}
		}
	}

	var c Config
	for _, o := range Options() {
		raw := given[o.Env()]
		delete(given, o.Env())
		if raw == "" {
			if o.computed() {
				continue
			}
			raw = o.Default
		}
		if o.set == nil {
			continue
		}
		if err := o.set(&c, raw); err != nil {
			faults = append(faults, o.fault(raw, err))
		}
	}
	for k := range given {
		if !strings.HasPrefix(k, "GUIYI_TEST_") {
			c.Unknown = append(c.Unknown, k)
		}
	}
	slices.Sort(c.Unknown)

	c.complete()
	if len(faults) == 0 { // a combination says nothing while its parts are wrong
		faults = c.combinations()
	}
	if len(faults) > 0 {
		return Config{}, faults
	}
	return c, nil
}

func (o Option) fault(raw string, err error) string {
	if o.Secret {
		raw = mask
	}
	return fmt.Sprintf("%s=%s: %v", o.Env(), raw, err)
}

// complete fills the defaults that are made from other options.
func (c *Config) complete() {
	if c.HTTP.PublicURL == "" {
		c.HTTP.PublicURL = URLOf(c.HTTP.Listen)
	}
	if c.Database.Driver == "" {
		c.Database = Database{Driver: SQLite, DSN: Secret(sqlitePrefix + filepath.Join(c.DataDir, "guiyi.db"))}
	}
}

// combinations finds options that are right alone and wrong together.
func (c *Config) combinations() (faults OptionErrors) {
	if c.Database.Driver == MySQL && c.Key == nil {
		faults = append(faults, "GUIYI_KEY: needed with MySQL, because a key made by one machine is unknown to the next; make one with: openssl rand -base64 32")
	}
	if c.Staff.Lifetime < c.Staff.Idle {
		faults = append(faults, fmt.Sprintf("GUIYI_STAFF_LIFETIME=%v: must not be shorter than GUIYI_STAFF_IDLE=%v", c.Staff.Lifetime, c.Staff.Idle))
	}
	if c.Redis.Embedded && (c.Redis.Password != "" || c.Redis.DB != 0) {
		faults = append(faults, "GUIYI_REDIS=embedded: takes no password and no database number; give host:port or drop them")
	}
	return faults
}

// URLOf is the address a browser on this machine opens for a listen address.
func URLOf(listen string) string {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return "http://" + listen
	}
	if ip := net.ParseIP(host); host == "" || (ip != nil && ip.IsUnspecified()) {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, port)
}

// values keeps our own variables; of two with one name the later counts.
func values(environ []string) map[string]string {
	m := map[string]string{}
	for _, line := range environ {
		if k, v, ok := strings.Cut(line, "="); ok && strings.HasPrefix(k, prefix) {
			m[k] = v
		}
	}
	return m
}

// readFile reads KEY=VALUE lines: blank lines and lines that begin with # are
// skipped, one pair of quotes around a value is dropped, nothing is expanded.
func readFile(path string) (map[string]string, OptionErrors) {
	body, err := os.ReadFile(path)
	if err != nil {
		return nil, OptionErrors{fmt.Sprintf("GUIYI_CONFIG=%s: %v", path, err)}
	}
	known := map[string]bool{}
	for _, o := range Options() {
		known[o.Env()] = o.set != nil
	}
	m, faults := map[string]string{}, OptionErrors(nil)
	wrong := func(line int, format string, args ...any) {
		faults = append(faults, fmt.Sprintf("%s:%d: %s", path, line, fmt.Sprintf(format, args...)))
	}
	lines := bufio.NewScanner(bytes.NewReader(bytes.TrimPrefix(body, []byte("\ufeff"))))
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		k, v, ok := strings.Cut(line, "=")
		k = strings.TrimSpace(k)
		if _, twice := m[k]; !ok {
			wrong(n, "not of the form KEY=VALUE")
		} else if !known[k] {
			wrong(n, "%s is not an option that a file can set", k)
		} else if twice {
			wrong(n, "%s is set a second time", k)
		} else {
			m[k] = unquote(strings.TrimSpace(v))
		}
	}
	if err := lines.Err(); err != nil {
		faults = append(faults, fmt.Sprintf("%s: %v", path, err))
	}
	return m, faults
}

func unquote(v string) string {
	if n := len(v); n >= 2 && v[0] == v[n-1] && (v[0] == '"' || v[0] == '\'') {
		return v[1 : n-1]
	}
	return v
}
