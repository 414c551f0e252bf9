package domain

import (
	"errors"
	"fmt"
	"time"
)

// Remedy is what a caller can do about an error code of the platform.
type Remedy string

// Remedies, from mild to grave.
const (
	RemedyWait    Remedy = "wait"    // busy, rate or quota: the same call may work later
	RemedyAlready Remedy = "already" // the duplicate guard says it was done before: success
	RemedyPerson  Remedy = "person"  // this one person cannot be reached
	RemedyRequest Remedy = "request" // the request is wrong; repeating it cannot help
	RemedyAccount Remedy = "account" // the account may not do this now; stop and tell the operator
	RemedyUnknown Remedy = "unknown" // the request may have taken effect; ask before doing it again
)

// PlatformError is an answer of the platform, or the lack of one, that says the call did not simply succeed.
// It never holds secrets, tokens or openids.
type PlatformError struct {
	Account    string // key of the account
	API        string // path, e.g. /cgi-bin/message/mass/send
	Code       int    // errcode; 0 when there was no answer
	Message    string // the platform's own text, without its rid
	RID        string // the platform's request id, for its support
	Remedy     Remedy
	RetryAfter time.Duration // for RemedyWait, 0 = caller decides
	MsgID      int64         // for RemedyAlready of mass sends: the id of the earlier job
	Kind       error         // one of the kinds of errors.go
}

func (e *PlatformError) Error() string {
	if e.Code == 0 {
		return fmt.Sprintf("%s %s: %s", e.Account, e.API, e.Message)
	}
	return fmt.Sprintf("%s %s: errcode %d %s rid %s", e.Account, e.API, e.Code, e.Message, e.RID)
}

// Unwrap gives the kind.
func (e *PlatformError) Unwrap() error { return e.Kind }

// RemedyOf finds the remedy in an error chain; RemedyUnknown when the chain holds no PlatformError, because a request that
// failed in a way we do not understand may have taken effect.
func RemedyOf(err error) Remedy {
	if pe, ok := errors.AsType[*PlatformError](err); ok {
		return pe.Remedy
	}
	return RemedyUnknown
}
