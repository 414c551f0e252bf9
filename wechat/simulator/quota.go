package simulator

import "time"

// limit is what one account may call; 0 means unlimited.
type limit struct{ day, minute int }

// limits are the figures of the platform's tables (mid-2026, ordinary
// account). Calls that share a row share the counter.
var limits = map[string]limit{
	"token":            {day: 2000},
	"stable_token":     {day: 500000, minute: 10000},
	"menu/create":      {day: 1000},
	"menu/get":         {day: 10000},
	"menu/delete":      {day: 1000},
	"user/get":         {day: 500},
	"user/info":        {day: 500000},
	"blacklist":        {day: 10000},
	"qrcode":           {day: 100000},
	"sns/access_token": {minute: 50000},
	"media/upload":     {day: 100000},
	"media/get":        {day: 200000},
	"material":         {day: 10000},
	"draft/add":        {day: 1000},
	"draft/update":     {day: 1000},
	"draft/get":        {day: 500},
	"draft/batchget":   {day: 1000},
	"draft/count":      {day: 1000},
	"draft/delete":     {day: 1000},
	"custom":           {day: 500000},
	"template":         {day: 100000},
	"mass":             {day: 100, minute: 60},
	"mass/preview":     {day: 100},
	"mass/delete":      {day: 10},
	"changeopenid":     {day: 100000},
}

// used is what an account has called of one row.
type used struct {
	day, dayCount       int
	minute, minuteCount int64
}

// spend counts one call, or refuses it with 45009 (day) or 45011 (minute).
// Days are Beijing days.
func (s *Simulator) spend(a *account, row string, now time.Time) error {
	most, limited := limits[row]
	if !limited {
		return nil
	}
	if a.used == nil {
		a.used = map[string]*used{}
	}
	u := a.used[row]
	if u == nil {
		u = &used{}
		a.used[row] = u
	}
	if today := day(now); u.day != today {
		u.day, u.dayCount = today, 0
	}
	if minute := now.Unix() / 60; u.minute != minute {
		u.minute, u.minuteCount = minute, 0
	}
	if most.day > 0 && u.dayCount >= most.day {
		return refuse(45009)
	}
	if most.minute > 0 && u.minuteCount >= int64(most.minute) {
		return refuse(45011)
	}
	u.dayCount++
	u.minuteCount++
	return nil
}

// giveBack undoes spend, where failed calls do not count.
func (s *Simulator) giveBack(a *account, row string) {
	if u := a.used[row]; u != nil {
		u.dayCount--
		u.minuteCount--
	}
}
