package simulator

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"time"
)

// wantSame looks into every field of two locked worlds, so that a field which
// the state file forgets is found by any test that sets it.
func (w *town) wantSame(again *Simulator) {
	w.t.Helper()
	type parts struct {
		World     *world
		Set       Settings
		Numbers   [5]int64
		Tokens    map[string]*accessToken
		WebCodes  map[string]*webCode
		WebTokens map[string]*webToken
		Tickets   map[string]*qrCode
		Faults    []*fault
		Counts    map[countKey]*count
		Failed    map[string]failedCall
		Order     []string
		Tasks     []task
	}
	of := func(s *Simulator) parts {
		tasks := slices.SortedFunc(slices.Values(s.clock.tasks), func(a, b task) int { return cmp.Compare(a.order, b.order) })
		for _, a := range s.accounts {
			a.followers.ordered()
		}
		return parts{
			&s.world, s.set,
			[...]int64{s.seed, s.seq, s.lastID, s.pushes, s.starts},
			s.accessTokens, s.webCodes, s.webTokens, s.tickets, s.faults, s.counts, s.failed, s.failedOrder, tasks,
		}
	}
	d := difference{}
	if found := d.between(reflect.ValueOf(of(w.Simulator)), reflect.ValueOf(of(again))); found != "" {
		w.t.Errorf("the state file holds another world: %s", found)
	}
}

// difference finds the first place where two values are not alike. Nil and
// empty are alike, and so is one moment in two zones. It holds the pairs of
// pointers under way or done.
type difference map[[2]uintptr]bool

// inTransit are the fields of an outbox that only say how far a delivery is;
// capture puts them together.
var inTransit = map[string]bool{"queue": true, "underway": true, "running": true}

// between is where the difference lies and what it is; empty: there is none.
func (d difference) between(a, b reflect.Value) string {
	switch a.Kind() {
	case reflect.Pointer, reflect.Interface:
		return d.behind(a, b)
	case reflect.Struct:
		isTime, isOutbox := a.Type() == reflect.TypeFor[time.Time](), a.Type() == reflect.TypeFor[outbox]()
		for i := range a.NumField() {
			name := a.Type().Field(i).Name
			if isTime && name == "loc" || isOutbox && inTransit[name] {
				continue
			}
			if found := d.between(a.Field(i), b.Field(i)); found != "" {
				return "." + name + found
			}
		}
	case reflect.Slice:
		if a.Len() != b.Len() {
			return fmt.Sprintf(" has %d and %d elements", a.Len(), b.Len())
		}
		for i := range a.Len() {
			if found := d.between(a.Index(i), b.Index(i)); found != "" {
				return fmt.Sprintf("[%d]%s", i, found)
			}
		}
	case reflect.Map:
		if a.Len() != b.Len() {
			return fmt.Sprintf(" has %d and %d entries", a.Len(), b.Len())
		}
		for entries := a.MapRange(); entries.Next(); {
			other := b.MapIndex(entries.Key())
			if !other.IsValid() {
				return fmt.Sprintf("[%v] is missing", entries.Key())
			}
			if found := d.between(entries.Value(), other); found != "" {
				return fmt.Sprintf("[%v]%s", entries.Key(), found)
			}
		}
	default:
		if !a.Equal(b) {
			return fmt.Sprintf(" is %v and %v", a, b)
		}
	}
	return ""
}

func (d difference) behind(a, b reflect.Value) string {
	if a.IsNil() || b.IsNil() {
		if a.IsNil() && b.IsNil() {
			return ""
		}
		return fmt.Sprintf(" is nil: %t and %t", a.IsNil(), b.IsNil())
	}
	if a.Kind() == reflect.Interface && a.Elem().Type() != b.Elem().Type() {
		return fmt.Sprintf(" is a %v and a %v", a.Elem().Type(), b.Elem().Type())
	}
	if a.Kind() == reflect.Pointer {
		pair := [2]uintptr{a.Pointer(), b.Pointer()}
		if d[pair] {
			return ""
		}
		d[pair] = true
	}
	return d.between(a.Elem(), b.Elem())
}
