// Package config turns the environment and an optional file into one typed
// value. It decides nothing: it names every option, checks what people wrote
// and says all that is wrong at once. Only cmd imports it; every other part of
// the program is handed the few values it needs.
package config

import (
	"log/slog"
	"strings"
	"time"
)

// Config holds every option, parsed and checked. The zero value is of no use;
// [Load] makes one in which each field has a working value.
type Config struct {
	// DataDir is where files of this installation live: the SQLite database
	// unless Database says otherwise, and a key the program made itself.
	DataDir string

	HTTP      HTTP
	Database  Database
	Redis     Redis
	Staff     Staff
	WeChat    WeChat
	Callback  Callback
	Send      Send
	Migration Migration
	Log       Log

	// Key encrypts the secrets of accounts at rest. Nil means none was given,
	// which Load allows with SQLite only: [OwnKey] then makes one in DataDir.
	Key Key

	// Workers is how many jobs one process runs at the same time.
	Workers int

	// Unknown lists GUIYI_ variables of the environment that no option reads,
	// in alphabetical order: most often a misspelling, so worth a warning.
	Unknown []string
}

// HTTP says where the program listens and how people reach it.
type HTTP struct {
	Listen    string // host:port of pages, desk and callback door
	PublicURL string // address people type, without a trailing slash
	Simulator string // host:port of the platform simulator

	TrustedProxies []string // addresses or networks whose X-Forwarded-For is believed
}

// Driver names a database engine.
type Driver string

// The engines the program runs on.
const (
	SQLite Driver = "sqlite"
	MySQL  Driver = "mysql"
)

const sqlitePrefix = "sqlite:"

// Database is one engine and how to reach it.
type Database struct {
	Driver Driver
	// DSN is sqlite:PATH, or for MySQL a data source name of go-sql-driver
	// (user:password@tcp(host:port)/name?options).
	DSN Secret
}

// File is the path of the SQLite database, empty for MySQL.
func (d Database) File() string {
	if d.Driver != SQLite {
		return ""
	}
	return strings.TrimPrefix(d.DSN.Reveal(), sqlitePrefix)
}

// Redis holds the queue, tokens and rate budgets.
type Redis struct {
	Embedded bool // in this process; Addr, Password and DB are then empty
	Addr     string
	Password Secret
	DB       int
}

// Staff bounds the sessions of people who log in at the desk.
type Staff struct {
	Idle      time.Duration // a session ends after this long without a request
	Lifetime  time.Duration // and after this long in any case
	LockAfter int           // wrong passwords in a row that lock a login
	LockFor   time.Duration
}

// WeChat holds the base addresses of the platform, without a trailing slash.
type WeChat struct {
	API   string // server calls
	OAuth string // consent page a resident's browser is sent to
	MP    string // pictures of QR codes
}

// Callback bounds what the platform may push to us.
type Callback struct {
	MaxAge  time.Duration // older timestamps are refused
	MaxBody int64         // bytes
}

// Send bounds what leaves the program. Rates are per account, shared by all processes.
type Send struct {
	MassBatch       int           // openids in one mass send
	MassPerMinute   int           // mass sends
	CustomPerSecond int           // customer-service messages
	PauseShare      float64       // 0.05 = a wave pauses when 5 % failed
	PauseWindow     int           // of this many latest attempts
	UnknownLookBack time.Duration // how long a duplicate guard is trusted
}

// Migration holds the rules for closing an old account that a deployment may change.
type Migration struct {
	NoticeDays int           // between announcement and stop
	Lease      time.Duration // how long a silent worker keeps a migration
}

// Log says what is logged and in which form.
type Log struct {
	Level slog.Level
	JSON  bool
}

// Embedded says whether the program brings its own queue and so must do
// everything in one process: a second process would not hear its bell.
func (c Config) Embedded() bool { return c.Redis.Embedded }
