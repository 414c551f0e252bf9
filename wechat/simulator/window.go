package simulator

import "time"

// action is something a person does that lets the account write to them.
type action uint8

const (
	actMessage action = iota // wrote a message
	actTap                   // tapped a click, scancode_push or scancode_waitmsg button
	actFollow
	actScan
	actions
)

// allowance is what an action opens (customer-service pages, mid-2026).
var allowances = [actions]struct {
	messages int
	life     time.Duration
}{
	actMessage: {5, 48 * time.Hour},
	actTap:     {3, time.Minute},
	actFollow:  {3, time.Minute},
	actScan:    {3, time.Minute},
}

// windows are the allowances of one relation, one per kind of action. How the
// platform combines them is not documented; here each kind counts by itself.
type windows [actions]struct {
	left  int
	until int64 // unix second the window closes; 0: never opened
}

// touch opens a fresh allowance for an action of a person.
func (a *account) touch(id relID, act action, now time.Time) {
	if a.windows == nil {
		a.windows = map[relID]*windows{}
	}
	w := a.windows[id]
	if w == nil {
		w = &windows{}
		a.windows[id] = w
	}
	w[act].left, w[act].until = allowances[act].messages, now.Add(allowances[act].life).Unix()
}

// closeWindows is what unfollowing does.
func (a *account) closeWindows(id relID) { delete(a.windows, id) }
