package wechat

import (
	"context"
	"net/url"
	"unicode/utf8"
)

// CreateSceneQR makes a permanent code that carries a scene of 1 to 64 characters (QR_LIMIT_STR_SCENE; 100,000 of them per
// account). url is what the code says when it is drawn by ourselves; QRImageURL is the platform's picture of it. The SDK
// takes a success with errmsg "ok" for an error here, so the call is our own.
func (g *Gateway) CreateSceneQR(ctx context.Context, accountID, scene string) (ticket, url string, err error) {
	a := api{path: "/cgi-bin/qrcode/create", budget: budgetQR}
	if n := utf8.RuneCountInString(scene); n < 1 || n > 64 {
		return "", "", refuse(accountID, a, "a scene has 1 to 64 characters")
	}
	in := map[string]any{
		"action_name": "QR_LIMIT_STR_SCENE",
		"action_info": map[string]any{"scene": map[string]string{"scene_str": plain(scene)}},
	}
	var out struct {
		Ticket string `json:"ticket"`
		URL    string `json:"url"`
	}
	err = g.call(ctx, accountID, a, in, &out)
	return out.Ticket, out.URL, err
}

// QRImageURL is the address of the platform's picture of a code; anybody may load it.
func (g *Gateway) QRImageURL(ticket string) string {
	return g.mpBase + "/cgi-bin/showqrcode?ticket=" + url.QueryEscape(ticket)
}
