package config

import (
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

func text(raw string) (string, error) { return raw, nil }

func secret(raw string) (Secret, error) { return Secret(raw), nil }

func number(low, high int) func(string) (int, error) {
	return func(raw string) (int, error) {
		n, err := strconv.Atoi(raw)
		if err != nil || n < low || n > high {
			return 0, fmt.Errorf("must be a whole number from %d to %d", low, high)
		}
		return n, nil
	}
}

func duration(low, high time.Duration) func(string) (time.Duration, error) {
	return func(raw string) (time.Duration, error) {
		d, err := time.ParseDuration(raw)
		if err != nil || d < low || d > high {
			return 0, fmt.Errorf("must be a time span like 90s, 15m or 2h, from %v to %v", low, high)
		}
		return d, nil
	}
}

// size reads bytes, or KiB and MiB by name.
func size(low, high int64) func(string) (int64, error) {
	return func(raw string) (int64, error) {
		digits, unit := raw, int64(1)
		if d, ok := strings.CutSuffix(raw, "KiB"); ok {
			digits, unit = d, 1<<10
		} else if d, ok := strings.CutSuffix(raw, "MiB"); ok {
			digits, unit = d, 1<<20
		}
		n, err := strconv.ParseInt(digits, 10, 64)
		if err != nil || n < 0 || n > high/unit || n*unit < low {
			return 0, fmt.Errorf("must be a size in bytes, or like 256KiB, from %d to %d bytes", low, high)
		}
		return n * unit, nil
	}
}

// percent reads "5%" as 0.05. The sign is required: a bare 0.05 could mean either.
func percent(raw string) (float64, error) {
	digits, ok := strings.CutSuffix(raw, "%")
	n, err := strconv.ParseFloat(digits, 64)
	if !ok || err != nil || math.IsNaN(n) || n <= 0 || n > 100 {
		return 0, errors.New("must be a percentage like 5%, above 0% and at most 100%")
	}
	return n / 100, nil
}

func address(raw string) (string, error) {
	_, port, err := net.SplitHostPort(raw)
	if err != nil {
		return "", errors.New("must be host:port, like 127.0.0.1:8080 or :8080")
	}
	if _, err := number(0, math.MaxUint16)(port); err != nil {
		return "", errors.New("must end in a port number from 0 to 65535")
	}
	return raw, nil
}

// networks reads addresses and CIDR ranges, separated by commas.
func networks(raw string) ([]string, error) {
	list := strings.Split(raw, ",")
	for i, one := range list {
		list[i] = strings.TrimSpace(one)
		_, addressErr := netip.ParseAddr(list[i])
		_, rangeErr := netip.ParsePrefix(list[i])
		if addressErr != nil && rangeErr != nil {
			return nil, errors.New("must be addresses or networks like 10.0.0.5,10.1.0.0/16")
		}
	}
	return list, nil
}

func baseURL(raw string) (string, error) {
	u, err := url.Parse(raw)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" ||
		u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return "", errors.New("must be an address like https://example.gov.cn, without login, query or fragment")
	}
	return strings.TrimRight(raw, "/"), nil
}

func key(raw string) (Key, error) {
	k, err := base64.StdEncoding.DecodeString(raw)
	if err != nil || len(k) != keySize {
		return nil, fmt.Errorf("must be %d bytes in base64; make one with: openssl rand -base64 %d", keySize, keySize)
	}
	return k, nil
}

func level(raw string) (slog.Level, error) {
	if !slices.Contains([]string{"debug", "info", "warn", "error"}, raw) {
		return 0, errors.New("must be debug, info, warn or error")
	}
	var l slog.Level
	err := l.UnmarshalText([]byte(raw))
	return l, err
}

// oneOf reads one of two words and says whether it was the second.
func oneOf(first, second string) func(string) (bool, error) {
	return func(raw string) (bool, error) {
		if raw != first && raw != second {
			return false, fmt.Errorf("must be %s or %s", first, second)
		}
		return raw == second, nil
	}
}

// mysqlDSN is the form go-sql-driver reads, as far as a person can get it wrong.
var mysqlDSN = regexp.MustCompile(`^[^:@/]+(:.*)?@(tcp|unix)\([^)]+\)/[^/?]+(\?.*)?$`)

func database(raw string) (Database, error) {
	wrong := errors.New("must be sqlite:PATH, mysql://user:password@host:3306/name or user:password@tcp(host:3306)/name")
	if path, ok := strings.CutPrefix(raw, sqlitePrefix); ok {
		if path == "" || strings.ContainsAny(path, "?#%") { // they mean something in the driver's own address
			return Database{}, errors.New("must name a file after sqlite:, without ?, # or %")
		}
		return Database{Driver: SQLite, DSN: Secret(raw)}, nil
	}
	if strings.HasPrefix(raw, "mysql://") {
		dsn, ok := dsnOf(raw)
		if !ok {
			return Database{}, wrong
		}
		raw = dsn
	}
	if !mysqlDSN.MatchString(raw) {
		return Database{}, wrong
	}
	return Database{Driver: MySQL, DSN: Secret(raw)}, nil
}

// dsnOf rewrites a mysql:// address. In the driver's own form nothing before
// the last @ is escaped, so user and password go in as they are.
func dsnOf(raw string) (string, bool) {
	u, err := url.Parse(raw)
	if err != nil || u.User == nil || u.Hostname() == "" || u.Fragment != "" {
		return "", false
	}
	port := u.Port()
	if port == "" {
		port = "3306"
	}
	login := u.User.Username()
	if password, ok := u.User.Password(); ok {
		login += ":" + password
	}
	dsn := fmt.Sprintf("%s@tcp(%s)%s", login, net.JoinHostPort(u.Hostname(), port), u.EscapedPath())
	if u.RawQuery != "" {
		dsn += "?" + u.RawQuery
	}
	return dsn, true
}
