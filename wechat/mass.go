package wechat

import (
	"context"
	"strconv"

	"guiyi/domain"
)

// Limits of one mass send (Batch_Sends and api_masssend pages, read 2026-11).
const (
	fewestOpenIDs   = 2
	mostOpenIDs     = 10_000
	longestClientID = 64
)

// massBody is the body of sendall, send and preview. The SDK has no clientmsgid and keeps a preview switch that sticks, so
// these calls are our own.
type massBody struct {
	Filter            *massFilter `json:"filter,omitempty"`
	ToUser            []string    `json:"touser,omitempty"`
	ToWXName          string      `json:"towxname,omitempty"`
	MPNews            mediaRef    `json:"mpnews"`
	MsgType           string      `json:"msgtype"`
	SendIgnoreReprint *int        `json:"send_ignore_reprint,omitempty"`
	ClientMsgID       string      `json:"clientmsgid,omitempty"`
}

type massFilter struct {
	IsToAll bool `json:"is_to_all"`
}

type mediaRef struct {
	MediaID string `json:"media_id"`
}

// MassSendAll sends a draft to all followers. It counts as the day's send of a subscription account, and as one of four a
// month of a service account. The answer means "accepted"; MASSSENDJOBFINISH and MassStatus say how it went.
// A clientMsgID (at most 64 bytes) that was used before gives the earlier job's id and an error with RemedyAlready.
func (g *Gateway) MassSendAll(ctx context.Context, accountID, mediaID, clientMsgID string) (msgID int64, err error) {
	return g.mass(ctx, accountID, "/cgi-bin/message/mass/sendall", clientMsgID, massBody{
		Filter: &massFilter{IsToAll: true}, MPNews: mediaRef{mediaID},
	})
}

// MassSendOpenIDs sends a draft to 2 to 10,000 followers of a service account; otherwise like MassSendAll.
func (g *Gateway) MassSendOpenIDs(ctx context.Context, accountID string, to []domain.OpenID, mediaID, clientMsgID string) (msgID int64, err error) {
	const path = "/cgi-bin/message/mass/send"
	if len(to) < fewestOpenIDs || len(to) > mostOpenIDs {
		return 0, refuse(accountID, api{path: path}, "a mass send goes to 2 to 10,000 openids, not "+strconv.Itoa(len(to)))
	}
	ids := make([]string, len(to))
	for i, id := range to {
		ids[i] = id.Reveal()
	}
	return g.mass(ctx, accountID, path, clientMsgID, massBody{ToUser: ids, MPNews: mediaRef{mediaID}})
}

func (g *Gateway) mass(ctx context.Context, accountID, path, clientMsgID string, body massBody) (int64, error) {
	a := api{path: path, budget: budgetMass}
	if clientMsgID == "" || len(clientMsgID) > longestClientID {
		return 0, refuse(accountID, a, "a mass send needs a clientmsgid of 1 to 64 bytes")
	}
	stopAtReprint := 0 // a hit in the originality library stops the job instead of sending something else
	body.MsgType, body.ClientMsgID, body.SendIgnoreReprint = "mpnews", clientMsgID, &stopAtReprint
	var out struct {
		MsgID looseInteger `json:"msg_id"`
	}
	err := g.call(ctx, accountID, a, body, &out)
	if pe := alreadySent(err); pe != nil {
		return pe.MsgID, pe
	}
	return int64(out.MsgID), err
}

// MassPreview shows a draft to one person, named by WeChat id (微信号); 100 a day.
func (g *Gateway) MassPreview(ctx context.Context, accountID, wechatID, mediaID string) error {
	a := api{path: "/cgi-bin/message/mass/preview"}
	return g.call(ctx, accountID, a, massBody{ToWXName: plain(wechatID), MPNews: mediaRef{mediaID}, MsgType: "mpnews"}, nil)
}

// MassStatus asks for the state of a job: SENDING, SEND_SUCCESS, SEND_FAIL or DELETE. An unknown id is domain.ErrNotFound.
func (g *Gateway) MassStatus(ctx context.Context, accountID string, msgID int64) (status string, err error) {
	var out struct {
		Status string `json:"msg_status"`
	}
	in := map[string]string{"msg_id": strconv.FormatInt(msgID, 10)}
	err = g.call(ctx, accountID, api{path: "/cgi-bin/message/mass/get", read: true}, in, &out)
	return out.Status, err
}
