package wechat

import (
	"errors"
	"testing"
	"time"

	"guiyi/domain"
)

func TestRulings(t *testing.T) {
	now := time.Date(2026, 11, 22, 21, 30, 40, 0, domain.Beijing)
	cases := []struct {
		remedy domain.Remedy
		kind   error
		wait   time.Duration
		codes  []int
	}{
		{domain.RemedyWait, domain.ErrUnavailable, 5 * time.Second, []int{-1}},
		{domain.RemedyWait, domain.ErrTooMany, 2*time.Hour + 29*time.Minute + 20*time.Second, []int{45009}},
		{domain.RemedyWait, domain.ErrTooMany, 20 * time.Second, []int{45011}},
		{domain.RemedyWait, domain.ErrTooMany, time.Minute, []int{45066}},
		{domain.RemedyWait, domain.ErrTooMany, 0, []int{45028}},
		{domain.RemedyWait, domain.ErrUnavailable, 30 * time.Second, []int{40001, 40014, 42001, 41001}},
		{domain.RemedyAlready, domain.ErrConflict, 0, []int{45065}},
		{domain.RemedyPerson, domain.ErrForbidden, 0, []int{43004, 43101, 43019, 62751, 48002}},
		{domain.RemedyPerson, domain.ErrNotFound, 0, []int{40003}},
		{domain.RemedyPerson, domain.ErrTooMany, 0, []int{45015, 45047}},
		{domain.RemedyAccount, domain.ErrForbidden, 0, []int{48001, 48004, 50002, 40164, 40125, 40013, 45103, 48003, 89503}},
		{domain.RemedyRequest, domain.ErrInvalid, 0, []int{40031, 40032, 40033, 45002, 45003, 45008, 45064, 45067, 47001, 47003, 87014, 40018, 65320}},
		{domain.RemedyRequest, domain.ErrNotFound, 0, []int{40007, 40059, 46003}},
		{domain.RemedyRequest, domain.ErrUnauthenticated, 0, []int{40029, 40163}},
		{domain.RemedyRequest, domain.ErrInvalid, 0, []int{99999}}, // unknown: refused, not done
		{domain.RemedyUnknown, domain.ErrUnavailable, 0, []int{-2}},
	}
	h := &handle{gateway: &Gateway{now: func() time.Time { return now }}, account: domain.Account{Key: "A1"}}
	e := &errand{h: h, api: api{path: "/cgi-bin/x"}}
	for _, c := range cases {
		for _, code := range c.codes {
			pe := e.refused(code, "some words rid: 65f0-1-2", 7)
			if pe.Remedy != c.remedy || !errors.Is(pe, c.kind) || pe.RetryAfter != c.wait {
				t.Errorf("%d: got %s, %v, %v; want %s, %v, %v", code, pe.Remedy, pe.Kind, pe.RetryAfter, c.remedy, c.kind, c.wait)
			}
			if pe.Message != "some words" || pe.RID != "65f0-1-2" || pe.API != "/cgi-bin/x" || pe.Account != "A1" {
				t.Errorf("%d: got %+v", code, pe)
			}
			if (pe.MsgID != 0) != (code == 45065) {
				t.Errorf("%d: msg_id %d", code, pe.MsgID)
			}
		}
	}
}

func TestRulingsNameEachCodeOnce(t *testing.T) {
	seen := map[int]bool{}
	for _, f := range families {
		if f.kind == nil || f.remedy == "" {
			t.Errorf("%v have no kind or no remedy", f.codes)
		}
		for _, code := range f.codes {
			if seen[code] {
				t.Errorf("%d stands in two families", code)
			}
			seen[code] = true
		}
	}
}
