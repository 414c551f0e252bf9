package domain

import "errors"

// Kinds of failure. Every error that crosses a floor is one of these (errors.Is) or is internal. The three places that
// turn a kind into something else are handler/web/errors.go (HTTP), jobs/server.go (queue) and wechat/errcode.go (platform codes).
var (
	ErrInvalid         = errors.New("invalid")         // the input is wrong; repeating it cannot help
	ErrUnauthenticated = errors.New("unauthenticated") // nobody is logged in
	ErrForbidden       = errors.New("forbidden")       // somebody is logged in who may not do this
	ErrNotFound        = errors.New("not found")       //
	ErrConflict        = errors.New("conflict")        // the thing has moved on since the caller looked
	ErrTooMany         = errors.New("too many")        // a quota or a rate is used up; later it may work
	ErrUnavailable     = errors.New("unavailable")     // something we depend on does not answer now
)

// Error is a refusal that a person may read. Code is stable, snake_case and meant for programs; Text is Chinese and meant for
// the person in front of the screen, without personal data.
type Error struct {
	Kind error  // one of the kinds above
	Code string // e.g. "unmapped_entries"
	Text string // e.g. "还有 2 个旧菜单没有对应的新入口"
}

// Refuse builds an Error. It is a short word for a thing said often.
func Refuse(kind error, code, text string) *Error { return &Error{Kind: kind, Code: code, Text: text} }

func (e *Error) Error() string { return e.Code + ": " + e.Text }

// Unwrap makes errors.Is(err, ErrConflict) work on a named refusal.
func (e *Error) Unwrap() error { return e.Kind }
