package wechat

import (
	"time"

	"guiyi/domain"
)

// ruling says what an errcode means to a caller.
type ruling struct {
	remedy domain.Remedy
	kind   error
	until  func(now time.Time) time.Duration // for RemedyWait; nil = the caller decides
}

// pause is a fixed wait.
func pause(d time.Duration) func(time.Time) time.Duration {
	return func(time.Time) time.Duration { return d }
}

func nextMinute(now time.Time) time.Duration {
	return now.Truncate(time.Minute).Add(time.Minute).Sub(now)
}

// midnight is where the platform's day counters restart, Beijing time (unconfirmed, but universally observed).
func midnight(now time.Time) time.Duration {
	return domain.DayOf(now).AddDays(1).Start().Sub(now)
}

// families is the one table of return codes. Sources: the error sections of the API pages and the older general list
// (Global_Return_Code), both read 2026-11; codes that only SDKs and community threads carry are treated by their family.
// Texts of the platform are never looked at: they change.
var families = []family{
	// busy, rate and quota: nothing was done
	{ruling{domain.RemedyWait, domain.ErrUnavailable, pause(5 * time.Second)}, []int{-1}},
	{ruling{domain.RemedyWait, domain.ErrUnavailable, pause(30 * time.Second)}, []int{40001, 40014, 41001, 42001}}, // after the second try
	{ruling{domain.RemedyWait, domain.ErrUnavailable, pause(2 * time.Second)}, []int{43108, 45110, 63183}},
	{ruling{domain.RemedyWait, domain.ErrTooMany, midnight}, []int{45009}},
	{ruling{domain.RemedyWait, domain.ErrTooMany, nextMinute}, []int{45011}},
	{ruling{domain.RemedyWait, domain.ErrTooMany, pause(time.Minute)}, []int{45066, 53501}},
	{ruling{domain.RemedyWait, domain.ErrTooMany, nil}, []int{45028}}, // next day or next month, by the kind of account
	{ruling{domain.RemedyWait, domain.ErrUnavailable, pause(time.Hour)}, []int{61503}},

	// the duplicate guard: success
	{ruling{domain.RemedyAlready, domain.ErrConflict, nil}, []int{45065}},

	// one person cannot be reached
	{ruling{domain.RemedyPerson, domain.ErrNotFound, nil}, []int{40003, 46004, 49003}},
	{ruling{domain.RemedyPerson, domain.ErrForbidden, nil}, []int{40226, 43004, 43019, 43101, 43104, 48002, 50005, 61010, 62751}},
	{ruling{domain.RemedyPerson, domain.ErrTooMany, nil}, []int{45015, 45047}},

	// the account may not do this, or its settings are wrong: a person must look
	{ruling{domain.RemedyAccount, domain.ErrForbidden, nil}, []int{
		40013, 40125, 40164, 40243, 43107, 45103, 48001, 48003, 48004, 48006, 48008, 50001, 50002, 53500, 53504, 61003, 61007,
		65306, 65309, 89501, 89503, 89504, 89505, 89506, 89507,
	}},

	// the request is wrong
	{ruling{domain.RemedyRequest, domain.ErrUnauthenticated, nil}, []int{40029, 40030, 40163, 41008, 42002, 42003, 42007}},
	{ruling{domain.RemedyRequest, domain.ErrNotFound, nil}, []int{40007, 40037, 40059, 46001, 46002, 46003, 53502, 53600, 65301, 65302, 65303}},
	{ruling{domain.RemedyRequest, domain.ErrInvalid, nil}, []int{
		40002, 40004, 40005, 40006, 40008, 40009, 40010, 40011, 40012,
		40015, 40016, 40017, 40018, 40019, 40020, 40021, 40022, 40023, 40024, 40025, 40026, 40027, 40028,
		40031, 40032, 40033, 40035, 40054, 40055, 40066, 40097, 40113, 40119, 40120, 40130, 40132, 40137, 40165, 40166,
		41002, 41003, 41004, 41005, 41006, 41007, 41009, 41030, 43001, 43002, 43003, 44001, 44002, 44003, 44004,
		45001, 45002, 45003, 45004, 45005, 45006, 45007, 45008, 45010, 45029, 45064, 45067, 45083, 45084, 45159, 45168,
		47001, 47003, 48005, 53503, 53505, 63178, 63182, 65304, 65305, 65307, 65308, 65316, 65317, 65320, 76003, 87014,
	}},
}

// rulings is the table by code.
var rulings = spread(families)

type family struct {
	ruling
	codes []int
}

func spread(families []family) map[int]ruling {
	table := make(map[int]ruling, 160)
	for _, f := range families {
		for _, code := range f.codes {
			table[code] = f.ruling
		}
	}
	return table
}

// rulingOf finds the ruling of a code. A code we do not know is a refusal of the request: the platform answers with a code
// instead of acting. Unknown negative codes are faults inside the platform, and nobody can say what they left behind.
func rulingOf(code int) ruling {
	if r, known := rulings[code]; known {
		return r
	}
	if code < 0 {
		return ruling{domain.RemedyUnknown, domain.ErrUnavailable, nil}
	}
	return ruling{domain.RemedyRequest, domain.ErrInvalid, nil}
}

// tokenRefused tells whether the platform refused the token itself. Nothing was done then, so one second try is safe.
func tokenRefused(code int) bool { return code == 40001 || code == 40014 || code == 42001 }
