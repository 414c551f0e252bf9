package domain

import (
	"database/sql/driver"
	"fmt"
	"time"
)

// Clock tells the time. Production hands in the system clock, tests a fixed one; nobody else calls time.Now.
type Clock func() time.Time

// Beijing is the only time zone people see. China has had no daylight saving time since 1991, so a fixed offset is exact.
var Beijing = time.FixedZone("Asia/Shanghai", 8*60*60)

// Instant is a moment in whole seconds, stored as unix seconds in a BIGINT column. The zero Instant means "not yet".
type Instant int64

// At turns a time into an Instant; the part below a second is cut off.
func At(t time.Time) Instant {
	if t.IsZero() {
		return 0
	}
	return Instant(t.Unix())
}

// IsZero tells whether the moment has not come yet.
func (i Instant) IsZero() bool { return i == 0 }

// Time gives the moment in UTC, or the zero time.
func (i Instant) Time() time.Time {
	if i == 0 {
		return time.Time{}
	}
	return time.Unix(int64(i), 0).UTC()
}

// Add moves the moment; d is cut to whole seconds.
func (i Instant) Add(d time.Duration) Instant { return i + Instant(d/time.Second) }

// Day is the Beijing calendar day of the moment.
func (i Instant) Day() Day { return DayOf(i.Time()) }

// String shows the moment as people write it: 2026-11-22 09:30, Beijing time; empty for the zero Instant.
func (i Instant) String() string {
	if i == 0 {
		return ""
	}
	return i.Time().In(Beijing).Format("2006-01-02 15:04")
}

// Day is a calendar day in Beijing, written 2026-11-22 and stored as that text, so that it sorts and compares as text.
// The empty Day means "not set".
type Day string

// DayOf is the Beijing calendar day on which t falls.
func DayOf(t time.Time) Day {
	if t.IsZero() {
		return ""
	}
	return Day(t.In(Beijing).Format(time.DateOnly))
}

// ParseDay reads 2026-11-22. An empty text is the empty Day; anything else is ErrInvalid.
func ParseDay(s string) (Day, error) {
	if s == "" {
		return "", nil
	}
	if _, err := time.ParseInLocation(time.DateOnly, s, Beijing); err != nil {
		return "", Refuse(ErrInvalid, "bad_day", "日期请写成 2026-01-31 的样子")
	}
	return Day(s), nil
}

// IsZero tells whether the day is not set.
func (d Day) IsZero() bool { return d == "" }

// Start is the first moment of the day in Beijing.
func (d Day) Start() time.Time {
	t, err := time.ParseInLocation(time.DateOnly, string(d), Beijing)
	if err != nil {
		return time.Time{}
	}
	return t
}

// AddDays gives the day n days later (or earlier).
func (d Day) AddDays(n int) Day { return DayOf(d.Start().AddDate(0, 0, n)) }

// Until counts the days from d to other: 0 on the same day, negative when other is earlier.
func (d Day) Until(other Day) int {
	return int(other.Start().Sub(d.Start()) / (24 * time.Hour))
}

// Chinese shows the day as an announcement does: 2026年11月22日.
func (d Day) Chinese() string {
	if d == "" {
		return ""
	}
	t := d.Start()
	return fmt.Sprintf("%d年%d月%d日", t.Year(), int(t.Month()), t.Day())
}

// Value stores the day as text.
func (d Day) Value() (driver.Value, error) { return string(d), nil }

// Scan reads a text column.
func (d *Day) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*d = ""
	case string:
		*d = Day(v)
	case []byte:
		*d = Day(v)
	default:
		return fmt.Errorf("scan a day from %T", src)
	}
	return nil
}
