package simulator

import "time"

// Settings are the values that no public page confirms, or that a test wants
// to turn. Durations are virtual unless the comment says real. Start from
// [DefaultSettings]; the zero value of the whole struct stands for it.
type Settings struct {
	TokenLife           time.Duration // life of an access_token
	TokenOverlap        time.Duration // how long a replaced token lives on
	ForceRefreshSpacing time.Duration // force_refresh within this time changes nothing
	ForceRefreshPerDay  int
	CodeLife            time.Duration // OAuth code
	WebTokenLife        time.Duration // OAuth access_token
	WebRefreshLife      time.Duration // OAuth refresh_token

	CallbackTimeout    time.Duration // real time one delivery may take
	CallbackDeliveries int           // deliveries in all, the first included (3 or 4)
	CallbackSpacing    time.Duration // between two deliveries of one message
	CallbackWorkers    int           // deliveries under way at once, per account
	DuplicateShare     float64       // pushes delivered once more although they were answered
	LostShare          float64       // pushes never delivered
	ReorderShare       float64       // pushes that overtake the one before

	FollowerPage     int           // openids per page of user/get
	MenuRefresh      time.Duration // a phone pulls the menu again after this time
	ReplyTextBytes   int           // passive text reply
	HangLimit        time.Duration // real time an injected timeout holds a connection
	CountFailedCalls bool          // calls that fail on their parameters use up quota
}

// DefaultSettings are the defaults of the research notes.
func DefaultSettings() Settings {
	return Settings{
		TokenLife:           2 * time.Hour,
		TokenOverlap:        5 * time.Minute,
		ForceRefreshSpacing: 30 * time.Second,
		ForceRefreshPerDay:  20,
		CodeLife:            5 * time.Minute,
		WebTokenLife:        2 * time.Hour,
		WebRefreshLife:      30 * 24 * time.Hour,
		CallbackTimeout:     5 * time.Second,
		CallbackDeliveries:  3,
		CallbackSpacing:     5 * time.Second,
		CallbackWorkers:     8,
		FollowerPage:        10000,
		MenuRefresh:         5 * time.Minute,
		ReplyTextBytes:      2048,
		HangLimit:           60 * time.Second,
		CountFailedCalls:    true,
	}
}
