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
	d := &difference{seen: map[[2]uintptr]bool{}}
	d.look("", reflect.ValueOf(of(w.Simulator)), reflect.ValueOf(of(again)))
	if d.found != "" {
		w.t.Errorf("the state file holds another world: %s", d.found)
	}
}

// difference is the first place where two values are not alike. Nil and empty
// are alike, and so is one moment in two zones.
type difference struct {
	seen  map[[2]uintptr]bool // pairs of pointers under way or done
	found string
}

// inTransit are the fields of an outbox that only say how far a delivery is;
// capture puts them together.
var inTransit = map[string]bool{"queue": true, "underway": true, "running": true}

func (d *difference) look(at string, a, b reflect.Value) {
	if d.found != "" {
		return
	}
	switch a.Kind() {
	case reflect.Pointer, reflect.Interface:
		d.lookBehind(at, a, b)
	case reflect.Struct:
		for i := range a.NumField() {
			name := a.Type().Field(i).Name
			isTime := a.Type() == reflect.TypeFor[time.Time]()
			if isTime && name == "loc" || a.Type() == reflect.TypeFor[outbox]() && inTransit[name] {
				continue
			}
			d.look(at+"."+name, a.Field(i), b.Field(i))
		}
	case reflect.Slice, reflect.Array:
		if a.Len() != b.Len() {
			d.found = fmt.Sprintf("%s has %d and %d elements", at, a.Len(), b.Len())
			return
		}
		for i := range a.Len() {
			d.look(fmt.Sprintf("%s[%d]", at, i), a.Index(i), b.Index(i))
		}
	case reflect.Map:
		if a.Len() != b.Len() {
			d.found = fmt.Sprintf("%s has %d and %d entries", at, a.Len(), b.Len())
			return
		}
		for _, key := range a.MapKeys() {
			other := b.MapIndex(key)
			if !other.IsValid() {
				d.found = fmt.Sprintf("%s lacks %v", at, key)
				return
			}
			d.look(fmt.Sprintf("%s[%v]", at, key), a.MapIndex(key), other)
		}
	default:
		if !a.Equal(b) {
			d.found = fmt.Sprintf("%s is %v and %v", at, a, b)
		}
	}
}

func (d *difference) lookBehind(at string, a, b reflect.Value) {
	if a.IsNil() != b.IsNil() {
		d.found = fmt.Sprintf("%s is nil: %t and %t", at, a.IsNil(), b.IsNil())
		return
	}
	if a.IsNil() {
		return
	}
	if a.Kind() == reflect.Pointer {
		pair := [2]uintptr{a.Pointer(), b.Pointer()}
		if d.seen[pair] {
			return
		}
		d.seen[pair] = true
	} else if a.Elem().Type() != b.Elem().Type() {
		d.found = fmt.Sprintf("%s is a %v and a %v", at, a.Elem().Type(), b.Elem().Type())
		return
	}
	d.look(at, a.Elem(), b.Elem())
}
