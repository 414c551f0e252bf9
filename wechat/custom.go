package wechat

import (
	"context"
	"errors"

	"guiyi/domain"
)

var customSend = api{path: "/cgi-bin/message/custom/send", budget: budgetCustom}

type customBody struct {
	ToUser  string      `json:"touser"`
	MsgType string      `json:"msgtype"`
	Text    *customText `json:"text,omitempty"`
	News    *customNews `json:"news,omitempty"`
}

type customText struct {
	Content string `json:"content"`
}

type customNews struct {
	Articles []customArticle `json:"articles"`
}

type customArticle struct {
	Title       string `json:"title"`
	Description string `json:"description"`
	URL         string `json:"url"`
	PicURL      string `json:"picurl"`
}

// SendText sends a customer-service message to one person inside a window that the person's own act opened: 5 in 48 h after a
// message, 3 in a minute after a follow, a menu click or a scan. There is no duplicate guard: after RemedyUnknown it must not
// be sent again by itself.
func (g *Gateway) SendText(ctx context.Context, accountID string, to domain.OpenID, text string) error {
	return g.call(ctx, accountID, customSend, customBody{
		ToUser: to.Reveal(), MsgType: "text", Text: &customText{plain(text)},
	}, nil)
}

// SendCard sends one picture-and-text card; otherwise like SendText.
func (g *Gateway) SendCard(ctx context.Context, accountID string, to domain.OpenID, card domain.Card) error {
	return g.call(ctx, accountID, customSend, customBody{
		ToUser: to.Reveal(), MsgType: "news", News: &customNews{[]customArticle{{
			Title: plain(card.Title), Description: plain(card.Description), URL: plain(card.URL), PicURL: plain(card.PictureURL),
		}}},
	}, nil)
}

// alreadySent finds the platform's word that it did this before.
func alreadySent(err error) *domain.PlatformError {
	if pe, ok := errors.AsType[*domain.PlatformError](err); ok && pe.Remedy == domain.RemedyAlready {
		return pe
	}
	return nil
}
