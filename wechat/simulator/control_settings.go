package simulator

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"time"
)

// view is the settings by field name, durations as text such as "2h0m0s".
func (t *Settings) view() map[string]any {
	out := map[string]any{}
	v := reflect.ValueOf(t).Elem()
	for i := range v.NumField() {
		value := v.Field(i).Interface()
		if d, isDuration := value.(time.Duration); isDuration {
			value = d.String()
		}
		out[v.Type().Field(i).Name] = value
	}
	return out
}

// change sets the fields named in a JSON object.
func (t *Settings) change(fields map[string]json.RawMessage) error {
	v := reflect.ValueOf(t).Elem()
	for name, text := range fields {
		field := v.FieldByName(name)
		if !field.IsValid() {
			return fmt.Errorf("there is no setting %q; GET /_sim/settings lists them", name)
		}
		if field.Type() == reflect.TypeFor[time.Duration]() {
			var s string
			if json.Unmarshal(text, &s) != nil {
				return fmt.Errorf(`setting %s is a duration such as "5m"`, name)
			}
			d, err := time.ParseDuration(s)
			if err != nil || d < 0 {
				return fmt.Errorf(`setting %s is a duration such as "5m"`, name)
			}
			field.SetInt(int64(d))
			continue
		}
		if err := json.Unmarshal(text, field.Addr().Interface()); err != nil {
			return fmt.Errorf("setting %s is a %s", name, field.Kind())
		}
	}
	return t.check()
}

func (t *Settings) check() error {
	if t.CallbackDeliveries < 1 || t.CallbackWorkers < 1 || t.FollowerPage < 1 {
		return errors.New("settings: CallbackDeliveries, CallbackWorkers and FollowerPage must be at least 1 (start from DefaultSettings)")
	}
	return nil
}

func (s *Simulator) showSettings(*http.Request) (any, error) { return s.set.view(), nil }

// changeSettings takes effect at once; a bad field changes nothing.
func (s *Simulator) changeSettings(r *http.Request) (any, error) {
	var fields map[string]json.RawMessage
	if err := read(r, &fields); err != nil {
		return nil, err
	}
	changed := s.set
	if err := changed.change(fields); err != nil {
		return nil, err
	}
	s.set = changed
	return s.set.view(), nil
}
