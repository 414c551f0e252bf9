package simulator

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/skip2/go-qrcode"
)

func qrCodeEndpoints() []endpoint {
	return []endpoint{
		{method: http.MethodPost, path: "/cgi-bin/qrcode/create", group: "qrcode", quota: "qrcode", handle: (*call).qrCodeCreate},
		{method: http.MethodGet, path: "/cgi-bin/showqrcode", open: true, handle: (*call).qrCodeShow},
	}
}

const (
	longestCodeLife    = 2592000 // seconds, 30 days
	defaultCodeLife    = 60
	mostPermanentCodes = 100000
	longestSceneStr    = 64
)

// qrCode is a code with a scene.
type qrCode struct {
	account *account
	ticket  string
	url     string
	scene   string
	ends    time.Time // zero: permanent
}

// qrCodes are the permanent codes of an account by scene; asking for one again
// gives the same ticket (unconfirmed).
type qrCodes map[string]*qrCode

func (c *call) qrCodeCreate() (any, error) {
	var in struct {
		ExpireSeconds int64  `json:"expire_seconds"`
		ActionName    string `json:"action_name"`
		ActionInfo    struct {
			Scene struct {
				ID  int64  `json:"scene_id"`
				Str string `json:"scene_str"`
			} `json:"scene"`
		} `json:"action_info"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	number, text := in.ActionInfo.Scene.ID, in.ActionInfo.Scene.Str
	permanent, fits := false, false
	scene := strconv.FormatInt(number, 10)
	switch in.ActionName {
	case "QR_SCENE":
		fits = number > 0 && number <= 1<<32-1
	case "QR_LIMIT_SCENE":
		permanent, fits = true, number > 0 && number <= mostPermanentCodes
	case "QR_STR_SCENE":
		scene, fits = text, validScene(text)
	case "QR_LIMIT_STR_SCENE":
		permanent, scene, fits = true, text, validScene(text)
	}
	if !fits || in.ExpireSeconds < 0 || in.ExpireSeconds > longestCodeLife {
		return nil, refuse(40053)
	}
	life := in.ExpireSeconds
	if life == 0 {
		life = defaultCodeLife
	}
	if permanent {
		life = 0
	}
	code, err := c.codeFor(c.a, scene, time.Duration(life)*time.Second)
	if err != nil {
		return nil, err
	}
	// A good answer has no errcode and no errmsg.
	return struct {
		Ticket        string `json:"ticket"`
		ExpireSeconds int64  `json:"expire_seconds,omitempty"`
		URL           string `json:"url"`
	}{code.ticket, life, code.url}, nil
}

func validScene(text string) bool {
	return text != "" && utf8.RuneCountInString(text) <= longestSceneStr
}

// codeFor makes a code, permanent when life is 0.
func (s *Simulator) codeFor(a *account, scene string, life time.Duration) (*qrCode, error) {
	if life == 0 {
		if old := a.codes[scene]; old != nil {
			return old, nil
		}
		if len(a.codes) >= mostPermanentCodes {
			return nil, refuse(45029)
		}
	}
	code := &qrCode{
		account: a, scene: scene,
		ticket: "gQ" + s.randomText(94), url: "http://weixin.qq.com/q/02" + s.randomText(20),
	}
	if life > 0 {
		code.ends = s.clock.now().Add(life)
	} else {
		if a.codes == nil {
			a.codes = qrCodes{}
		}
		a.codes[scene] = code
	}
	s.tickets[code.ticket] = code
	s.tickets[code.url] = code // what a phone reads off the picture
	return code, nil
}

// codeByTicket finds a code by ticket, or by the address inside its picture.
func (s *Simulator) codeByTicket(ticket string) (*qrCode, error) {
	code := s.tickets[ticket]
	if code == nil {
		return nil, errors.New("no code has this ticket")
	}
	if !code.ends.IsZero() && !s.clock.now().Before(code.ends) {
		return nil, fmt.Errorf("the code ended at %s", code.ends.In(beijing).Format(time.DateTime))
	}
	return code, nil
}

func (c *call) qrCodeShow() (any, error) {
	code, _ := c.codeByTicket(c.query.Get("ticket"))
	if code == nil {
		return raw{status: http.StatusNotFound, contentType: "text/html; charset=utf-8", body: []byte("<h1>404 Not Found</h1>")}, nil
	}
	picture, err := qrcode.Encode(code.url, qrcode.Medium, 430)
	if err != nil {
		return nil, err
	}
	return raw{contentType: "image/png", body: picture}, nil
}

// splitScene gives a code's scene as the two fields of user/info: the number,
// or the text.
func splitScene(scene string) (int64, string) {
	if n, err := strconv.ParseInt(scene, 10, 64); err == nil {
		return n, ""
	}
	return 0, scene
}
