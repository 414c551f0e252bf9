package config

import (
	"fmt"
	"log/slog"
	"strings"
	"time"
)

const prefix = "GUIYI_"

// Option describes one thing a deployment may set.
type Option struct {
	Name    string // as in the file and the environment, without the prefix, lower case
	Default string // what an absent or empty value means; words in <> are computed
	Help    string
	Secret  bool

	set func(*Config, string) error // nil for options that Load handles before all others
}

// Env is the variable that sets the option.
func (o Option) Env() string { return prefix + strings.ToUpper(o.Name) }

// computed says that the default is made from other options after all were read.
func (o Option) computed() bool { return strings.HasPrefix(o.Default, "<") }

// Options lists every option in the order people should meet them.
func Options() []Option {
	return []Option{
		{
			Name: "config", Default: "<none>",
			Help: "File with `KEY=VALUE` lines, read before the environment, which wins. Same as `--config`.",
		},
		{
			Name: "data_dir", Default: "data",
			Help: "Folder for files of this installation: the SQLite database and a key made by the program.",
			set:  into(func(c *Config) *string { return &c.DataDir }, text),
		},
		{
			Name: "listen", Default: "127.0.0.1:8080",
			Help: "`host:port` of pages, desk and callback door.",
			set:  into(func(c *Config) *string { return &c.HTTP.Listen }, address),
		},
		{
			Name: "public_url", Default: "<http:// and the listen address>",
			Help: "Address under which residents and the platform reach the program.",
			set:  into(func(c *Config) *string { return &c.HTTP.PublicURL }, baseURL),
		},
		{
			Name: "simulator_listen", Default: "127.0.0.1:8081",
			Help: "`host:port` of `guiyi simulator`.",
			set:  into(func(c *Config) *string { return &c.HTTP.Simulator }, address),
		},
		{
			Name: "trusted_proxies", Default: "<none>",
			Help: "Addresses or networks of reverse proxies whose `X-Forwarded-For` is believed, separated by commas.",
			set:  into(func(c *Config) *[]string { return &c.HTTP.TrustedProxies }, networks),
		},
		{ //nolint:gosec // the help shows the form of a login, not a login
			Name: "database", Default: "<sqlite: and guiyi.db in the data folder>", Secret: true,
			Help: "`sqlite:PATH`, `mysql://user:password@host:3306/name`, or `user:password@tcp(host:3306)/name`. The MySQL database must be `utf8mb4_bin`.",
			set:  into(func(c *Config) *Database { return &c.Database }, database),
		},
		{
			Name: "redis", Default: "embedded",
			Help: "`host:port`, or `embedded` for one inside the process (then one process does everything).",
			set:  setRedis,
		},
		{
			Name: "redis_password", Default: "<none>", Secret: true,
			Help: "Password of Redis.",
			set:  into(func(c *Config) *Secret { return &c.Redis.Password }, secret),
		},
		{
			Name: "redis_db", Default: "0",
			Help: "Number of the Redis database, 0–15.",
			set:  into(func(c *Config) *int { return &c.Redis.DB }, number(0, 15)),
		},
		{
			Name: "key", Default: "<made once, kept in the data folder>", Secret: true,
			Help: "32 bytes in base64 that encrypt app secrets and callback keys at rest. Required with MySQL. Make one: `openssl rand -base64 32`.",
			set:  into(func(c *Config) *Key { return &c.Key }, key),
		},
		{
			Name: "staff_idle", Default: "30m",
			Help: "A desk session ends after this long without a request.",
			set:  into(func(c *Config) *time.Duration { return &c.Staff.Idle }, duration(time.Minute, 24*time.Hour)),
		},
		{
			Name: "staff_lifetime", Default: "12h",
			Help: "A desk session ends after this long in any case.",
			set:  into(func(c *Config) *time.Duration { return &c.Staff.Lifetime }, duration(time.Minute, 7*24*time.Hour)),
		},
		{
			Name: "staff_lock_after", Default: "5",
			Help: "Wrong passwords in a row that lock a login, 3–20.",
			set:  into(func(c *Config) *int { return &c.Staff.LockAfter }, number(3, 20)),
		},
		{
			Name: "staff_lock_for", Default: "15m",
			Help: "How long a login stays locked.",
			set:  into(func(c *Config) *time.Duration { return &c.Staff.LockFor }, duration(time.Minute, 24*time.Hour)),
		},
		{
			Name: "wechat_api", Default: "https://api.weixin.qq.com",
			Help: "Base address of the platform's server calls; the demo sets all three to its simulator.",
			set:  into(func(c *Config) *string { return &c.WeChat.API }, baseURL),
		},
		{
			Name: "wechat_oauth", Default: "https://open.weixin.qq.com",
			Help: "Base address of the page where residents consent to sign in.",
			set:  into(func(c *Config) *string { return &c.WeChat.OAuth }, baseURL),
		},
		{
			Name: "wechat_mp", Default: "https://mp.weixin.qq.com",
			Help: "Base address of QR code pictures.",
			set:  into(func(c *Config) *string { return &c.WeChat.MP }, baseURL),
		},
		{
			Name: "callback_max_age", Default: "5m",
			Help: "A callback with an older timestamp is refused, 10s–1h.",
			set:  into(func(c *Config) *time.Duration { return &c.Callback.MaxAge }, duration(10*time.Second, time.Hour)),
		},
		{
			Name: "callback_max_body", Default: "256KiB",
			Help: "A larger callback is refused, 4KiB–4MiB.",
			set:  into(func(c *Config) *int64 { return &c.Callback.MaxBody }, size(4<<10, 4<<20)),
		},
		{
			Name: "mass_batch", Default: "1000",
			Help: "Followers in one mass send by openid, 2–10000 (the platform's limits).",
			set:  into(func(c *Config) *int { return &c.Send.MassBatch }, number(2, 10_000)),
		},
		{
			Name: "mass_per_minute", Default: "30",
			Help: "Mass sends per minute and account, 1–60 (60 is the platform's limit).",
			set:  into(func(c *Config) *int { return &c.Send.MassPerMinute }, number(1, 60)),
		},
		{
			Name: "custom_per_second", Default: "50",
			Help: "Customer-service messages per second and account, 1–1000.",
			set:  into(func(c *Config) *int { return &c.Send.CustomPerSecond }, number(1, 1000)),
		},
		{
			Name: "pause_share", Default: "5%",
			Help: "A wave pauses by itself when more than this share of the latest attempts failed.",
			set:  into(func(c *Config) *float64 { return &c.Send.PauseShare }, percent),
		},
		{
			Name: "pause_window", Default: "200",
			Help: "How many latest attempts that share is taken of, 10–10000.",
			set:  into(func(c *Config) *int { return &c.Send.PauseWindow }, number(10, 10_000)),
		},
		{
			Name: "unknown_look_back", Default: "24h",
			Help: "How long a mass send of unknown fate may be repeated under its duplicate guard, 2h–72h. The platform is said to look back 24h.",
			set:  into(func(c *Config) *time.Duration { return &c.Send.UnknownLookBack }, duration(2*time.Hour, 72*time.Hour)),
		},
		{
			Name: "notice_days", Default: "30",
			Help: "Days between announcing that an account closes and its last day, 0–365.",
			set:  into(func(c *Config) *int { return &c.Migration.NoticeDays }, number(0, 365)),
		},
		{
			Name: "migration_lease", Default: "10s",
			Help: "How long a silent worker keeps a migration before another one goes on with it, 2s–5m.",
			set:  into(func(c *Config) *time.Duration { return &c.Migration.Lease }, duration(2*time.Second, 5*time.Minute)),
		},
		{
			Name: "workers", Default: "4",
			Help: "Jobs one process runs at the same time, 1–256.",
			set:  into(func(c *Config) *int { return &c.Workers }, number(1, 256)),
		},
		{
			Name: "log_level", Default: "info",
			Help: "`debug`, `info`, `warn` or `error`.",
			set:  into(func(c *Config) *slog.Level { return &c.Log.Level }, level),
		},
		{
			Name: "log_format", Default: "text",
			Help: "`text` for people, `json` for machines.",
			set:  into(func(c *Config) *bool { return &c.Log.JSON }, oneOf("text", "json")),
		},
	}
}

// into makes a setter from the field it fills and the way its text is read.
func into[T any](field func(*Config) *T, parse func(string) (T, error)) func(*Config, string) error {
	return func(c *Config, raw string) error {
		v, err := parse(raw)
		if err != nil {
			return err
		}
		*field(c) = v
		return nil
	}
}

func setRedis(c *Config, raw string) error {
	if raw == "embedded" {
		c.Redis.Embedded = true
		return nil
	}
	addr, err := address(raw)
	if err != nil {
		return fmt.Errorf("%w, or the word embedded", err)
	}
	c.Redis.Addr = addr
	return nil
}
