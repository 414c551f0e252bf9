package simulator

import (
	"errors"
	"strconv"
	"strings"
)

// tapped is what a tap on a menu entry did, for the phone page.
type tapped struct {
	Did      string `json:"did"` // the button's type, or submenu
	Name     string `json:"name"`
	URL      string `json:"url,omitempty"` // to open now
	AppID    string `json:"appid,omitempty"`
	PagePath string `json:"pagepath,omitempty"`
	Sent     string `json:"sent,omitempty"` // the event the account gets
}

// tap is a person tapping an entry of the menu on the phone: "0" is the first
// entry, "1.2" the third below the second. scanned is what the camera reads,
// for the scancode types.
func (s *Simulator) tap(a *account, p personID, where, scanned string) (tapped, error) {
	id, err := a.followerOf(p)
	if err != nil {
		return tapped{}, err
	}
	m := a.menu.onPhone(p, s.clock.now(), s.set.MenuRefresh)
	if m == nil {
		return tapped{}, errors.New("the account shows no menu on this phone")
	}
	b, err := m.at(where)
	if err != nil {
		return tapped{}, err
	}
	out := tapped{Did: b.Type, Name: b.Name, URL: b.URL, AppID: b.AppID, PagePath: b.PagePath}
	menuID := number("MenuId", m.id)
	switch b.Type {
	case "":
		out.Did = "submenu" // opens on the phone, nothing is sent
		return out, nil
	case "click":
		a.touch(id, actTap, s.clock.now())
		s.pushTap(a, id, &out, "CLICK", cdata("EventKey", b.Key))
	case "view":
		s.pushTap(a, id, &out, "VIEW", cdata("EventKey", b.URL), menuID)
	case "miniprogram":
		s.pushTap(a, id, &out, "view_miniprogram", cdata("EventKey", b.PagePath), menuID)
	case "scancode_push", "scancode_waitmsg":
		a.touch(id, actTap, s.clock.now())
		s.pushTap(a, id, &out, b.Type, cdata("EventKey", b.Key),
			group("ScanCodeInfo", cdata("ScanType", "qrcode"), cdata("ScanResult", scanned)))
	case "media_id", "view_limited", "article_id", "article_view_limited":
		// The platform itself delivers the material; the account hears nothing.
		s.showTap(a, id, b.Name)
		s.receive(a, id, entry{
			Kind: kindReply, MediaID: b.MediaID,
			Content: &content{Type: b.Type, MediaID: b.MediaID, Title: b.Name},
		})
	default:
		return tapped{}, errors.New("tapping a button of type " + b.Type + " is not played yet")
	}
	return out, nil
}

func (s *Simulator) pushTap(a *account, id relID, out *tapped, event string, fields ...field) {
	out.Sent = event
	s.showTap(a, id, out.Name)
	s.pushEvent(a, id, event, fields...)
}

func (s *Simulator) showTap(a *account, id relID, name string) {
	s.receive(a, id, entry{Kind: kindTap, FromPerson: true, Content: &content{Type: "text", Text: name}})
}

// at finds a button by its place.
func (m *menu) at(where string) (button, error) {
	missing := errors.New(`no such menu entry: write "0" for the first, "1.2" for the third below the second`)
	first, second, deep := strings.Cut(where, ".")
	n, err := strconv.Atoi(first)
	if err != nil || n < 0 || n >= len(m.buttons) {
		return button{}, missing
	}
	b := m.buttons[n]
	if !deep {
		return b, nil
	}
	n, err = strconv.Atoi(second)
	if err != nil || n < 0 || n >= len(b.SubButton) {
		return button{}, missing
	}
	return b.SubButton[n], nil
}
