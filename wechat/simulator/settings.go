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
	LateShare          float64       // pushes that come LateBy later
	LateBy             time.Duration
	OldKeyShare        float64 // pushes under the previous key, where one is set

	FollowerPage     int           // openids per page of user/get
	MenuRefresh      time.Duration // a phone pulls the menu again after this time
	ReplyTextBytes   int           // passive text reply
	HangLimit        time.Duration // real time an injected timeout holds a connection
	CountFailedCalls bool          // calls that fail on their parameters use up quota

	PublicURL          string        // address phones reach the platform under; empty: the host of the call
	TemporaryMediaLife time.Duration // life of a media_id of media/upload
	MostImages         int           // permanent images of one account
	RefuseEscapes      bool          // \uXXXX in a draft is refused with 40033
	KeepOutsideLinks   bool          // links out of article bodies stay alive
	FrameLinks         bool          // the phone page shows outside pages inside the phone; they must allow it
	DraftsVanish       bool          // a draft leaves the box when its mass send is accepted

	MassSpeed         int           // level 0 (800,000 a minute) to 4 (100,000), unless an account sets its own
	MassReview        time.Duration // from acceptance to the first message
	MassFinishLead    time.Duration // the finish event comes this long before the end
	MassRetryWindow   time.Duration // a repeat of a send younger than this is 45066, an older one 45065
	MassLookBack      time.Duration // repeats are recognised this long
	MassProtection    bool          // a send to all waits for the administrator
	MassConfirmLimit  time.Duration // how long it waits
	MassErrorShare    float64       // people a job fails to reach, counted in ErrorCount
	MassRefuseForeign bool          // an unknown openid in a list is 40003 for the whole call

	CustomTextBytes int // text of customer-service and mass messages

	TemplateFastest      time.Duration // from acceptance to the finish event, at least
	TemplateSlowest      time.Duration // and at most
	TemplateErrorShare   float64       // messages that end in "failed: system failed"
	TemplateGuard        time.Duration // a client_msg_id is sent once within this time
	TemplateStrict       bool          // values must fit the type of their key (47003)
	TemplateEqualPerHour int           // equal texts an hour: above it a warning, above twice 48004; 0: no guard

	ChangeOpenIDLife      time.Duration // how long openids can be exchanged
	ChangeOpenIDForm      string        // how from_appid names the old account: appid, original, either
	MovingMostFollowers   int           // of the target, when followers move
	MovingSubscribeEvents bool          // moved followers cause subscribe events
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
		LateBy:              3 * time.Minute,
		FollowerPage:        10000,
		MenuRefresh:         5 * time.Minute,
		ReplyTextBytes:      2048,
		HangLimit:           60 * time.Second,
		CountFailedCalls:    true,

		TemporaryMediaLife: 3 * 24 * time.Hour,
		MostImages:         100_000,
		RefuseEscapes:      true,
		DraftsVanish:       true,

		// With these, 18,600 people take about two seconds.
		MassReview:       600 * time.Millisecond,
		MassFinishLead:   200 * time.Millisecond,
		MassRetryWindow:  time.Minute,
		MassLookBack:     24 * time.Hour,
		MassConfirmLimit: 30 * time.Minute,

		CustomTextBytes: 2048,

		TemplateFastest:      200 * time.Millisecond,
		TemplateSlowest:      30 * time.Second,
		TemplateGuard:        10 * time.Minute,
		TemplateStrict:       true,
		TemplateEqualPerHour: 1000,

		ChangeOpenIDLife:    15 * 24 * time.Hour,
		ChangeOpenIDForm:    "either",
		MovingMostFollowers: 1000,
	}
}
