package simulator

import (
	"fmt"
	"time"
)

// apiError is a refusal of the platform. The reply carries code and text, the
// text ends in a fresh rid, and extra holds further fields (45065 tells the
// msg_id of the earlier job).
type apiError struct {
	code  int
	text  string
	extra map[string]any
}

func (e *apiError) Error() string { return fmt.Sprintf("%d %s", e.code, e.text) }

// refuse is the error with the platform's own text for the code.
func refuse(code int) *apiError {
	text, ok := errorTexts[code]
	if !ok {
		text = "unknown error"
	}
	return &apiError{code: code, text: text}
}

// refuseText is the error with a text that names something of the request.
func refuseText(code int, format string, args ...any) *apiError {
	return &apiError{code: code, text: fmt.Sprintf(format, args...)}
}

// rid is the request id behind every error text: the second of the call and
// two random groups, each eight hex digits.
func (s *Simulator) rid(now time.Time) string {
	return fmt.Sprintf("%08x-%08x-%08x", uint32(now.Unix()), s.rand.Uint32(), s.rand.Uint32()) //nolint:gosec // 32 bits are the form
}

// errorTexts are the texts as seen in the platform's pages and replies
// (limits-and-errors of the research notes, mid-2026). Texts nobody quotes
// follow the old global list.
var errorTexts = map[int]string{
	-1:    "system error",
	40001: "invalid credential, access_token is invalid or not latest",
	40002: "invalid grant_type",
	40003: "invalid openid",
	40004: "invalid media type",
	40005: "invalid file type",
	40006: "invalid meida size", // the platform's own spelling
	40007: "invalid media_id",
	40008: "invalid message type",
	40009: "invalid image size",
	40013: "invalid appid",
	40014: "invalid access_token",
	40015: "invalid menu type",
	40016: "invalid button size",
	40017: "invalid button type",
	40018: "invalid button name size",
	40019: "invalid button key size",
	40020: "invalid button url size",
	40022: "invalid sub button level",
	40023: "invalid sub button size",
	40024: "invalid sub button type",
	40025: "invalid sub button name size",
	40026: "invalid sub button key size",
	40027: "invalid sub button url size",
	40029: "invalid code",
	40030: "invalid refresh_token",
	40031: "invalid openid list",
	40032: "invalid openid list size",
	40033: "invalid charset. please check your request, if include \\uxxxx will create fail!",
	40035: "invalid template size",
	40037: "invalid template_id",
	40048: "invalid redirect_uri",
	40053: "invalid action info",
	40054: "invalid button url domain",
	40055: "invalid sub button url domain",
	40059: "invalid msg id",
	40066: "invalid url",
	40097: "invalid args",
	40113: "unsupported file type",
	40114: "invalid index value",
	40119: "invalid use button type",
	40120: "invalid use sub button type",
	40125: "invalid appsecret",
	40130: "invalid openid list size, at least two openid",
	40132: "invalid username",
	40137: "invalid image format",
	40163: "code been used",
	40164: "invalid ip %s ipv6 ::ffff:%s, not in whitelist",
	40165: "invalid weapp pagepath",
	40166: "invalid weapp appid",
	40226: "code blocked",
	41001: "access_token missing",
	41002: "appid missing",
	41003: "refresh_token missing",
	41004: "appsecret missing",
	41005: "media data missing",
	41006: "media_id missing",
	41007: "sub_menu data missing",
	41008: "missing code",
	41009: "missing openid",
	41030: "invalid page",
	42001: "access_token expired",
	42002: "refresh_token expired",
	42003: "code expired",
	43001: "require GET method",
	43002: "require POST method",
	43004: "require subscribe",
	43019: "require remove blacklist",
	43101: "user refuse to accept the msg",
	44001: "empty media data",
	44002: "empty post data",
	44003: "empty news data",
	44004: "empty content",
	45001: "media size out of limit",
	45002: "content size out of limit",
	45003: "title size out of limit",
	45004: "description size out of limit",
	45005: "url size out of limit",
	45006: "picurl size out of limit",
	45008: "article size out of limit",
	45009: "reach max api daily quota limit",
	45010: "create menu limit",
	45011: "api minute-quota reach limit  must slower  retry next minute",
	45015: "response out of time limit or subscription is canceled",
	45026: "template num exceeds limit",
	45028: "has no masssend quota",
	45029: "qrcode count out of limit",
	45047: "out of response count limit",
	45064: "no permission to use weapp in menu",
	45065: "clientmsgid exist",
	45066: "same clientmsgid retry too fast",
	45067: "clientmsgid size out of limit",
	45072: "invalid command",
	45080: "no message window",
	45083: "the speed out of range",
	45084: "No speed message",
	45103: "This API has been unsupported",
	45157: "invalid tag name",
	45159: "invalid tag id",
	46001: "media data no exist",
	46003: "menu no exist",
	46004: "user no exist",
	47001: "data format error",
	47003: "argument invalid!",
	48001: "api unauthorized",
	48002: "user block receive message",
	48003: "user not agree mass-send protocol",
	48004: "api forbidden for irregularities",
	48005: "forbid to delete material used by auto-reply or menu",
	48006: "forbid to clear quota because of reaching the limit",
	49003: "not match openid with appid",
	50002: "user limited",
	62751: "user in black list",
	63178: "appid wrong",
	63182: "openid_list empty",
	63183: "",
	53600: "invalid article id",
	65301: "not exist menuid corresponding user",
	65303: "there is no selfmenu, please create selfmenu first",
	65316: "conditional menu contain too many domain",
	65320: "can not set privacy rule",
	76001: "rid not found",
	76002: "rid is expired",
	76003: "cgi_path invalid",
	76004: "rid is not of this account",
	87014: "risky content",
	88000: "without comment privilege",
}
