package simulator

import (
	"net/http"
	"slices"
	"time"
)

func customEndpoints() []endpoint {
	return []endpoint{
		{method: http.MethodPost, path: "/cgi-bin/message/custom/send", group: "custom", quota: "custom", handle: (*call).customSend},
		{method: http.MethodPost, path: "/cgi-bin/message/custom/typing", group: "custom", quota: "custom", handle: (*call).customTyping},
	}
}

// customMessage is the body of custom/send.
type customMessage struct {
	ToUser  string `json:"touser"`
	MsgType string `json:"msgtype"`
	Text    struct {
		Content string `json:"content"`
	} `json:"text"`
	Image struct {
		MediaID string `json:"media_id"`
	} `json:"image"`
	News struct {
		Articles []article `json:"articles"`
	} `json:"news"`
	MPNews struct {
		MediaID string `json:"media_id"`
	} `json:"mpnews"`
	MsgMenu struct {
		Head string `json:"head_content"`
		List []struct {
			ID      string `json:"id"`
			Content string `json:"content"`
		} `json:"list"`
		Tail string `json:"tail_content"`
	} `json:"msgmenu"`
	MiniProgramPage struct {
		Title        string `json:"title"`
		AppID        string `json:"appid"`
		PagePath     string `json:"pagepath"`
		ThumbMediaID string `json:"thumb_media_id"`
	} `json:"miniprogrampage"`
}

// customSend writes to one person who did something a moment ago. A message
// that is refused for its content does not use up the allowance.
func (c *call) customSend() (any, error) {
	var in customMessage
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	id, found := c.a.followers.find(in.ToUser)
	if !found {
		return nil, refuse(40003)
	}
	shown, err := c.customContent(&in)
	if err != nil {
		return nil, err
	}
	switch who := c.a.followers.at(id); {
	case who.is(blacklisted):
		return nil, refuse(43019)
	case !who.is(following):
		return nil, refuse(45015)
	case who.is(refuses):
		return nil, refuse(48002)
	}
	if err := c.a.useWindow(id, c.now); err != nil {
		return nil, err
	}
	c.receive(c.a, id, entry{Kind: kindCustom, Content: shown, MediaID: shown.MediaID})
	return ok, nil
}

// useWindow takes one message out of an open allowance, of several the one
// that closes first: 45015 when none is open, 45047 when all open ones are
// used up.
func (a *account) useWindow(id relID, now time.Time) error {
	best, open := -1, false
	w := a.windows[id]
	if w == nil {
		return refuse(45015)
	}
	for act := range w {
		if now.Unix() >= w[act].until {
			continue
		}
		open = true
		if w[act].left > 0 && (best < 0 || w[act].until < w[best].until) {
			best = act
		}
	}
	switch {
	case !open:
		return refuse(45015)
	case best < 0:
		return refuse(45047)
	}
	w[best].left--
	return nil
}

func (c *call) customContent(in *customMessage) (*content, error) {
	switch in.MsgType {
	case "text":
		return c.customText(in.Text.Content)
	case "image":
		p, found := c.a.materials.usable(in.Image.MediaID, c.now)
		if !found {
			return nil, refuse(40007)
		}
		return &content{Type: "image", MediaID: in.Image.MediaID, ImageURL: c.base() + p.path()}, nil
	case "news":
		return customNews(in.News.Articles)
	case "mpnews":
		d, found := c.a.drafts.byMediaID[in.MPNews.MediaID]
		if !found {
			return nil, refuse(40007)
		}
		if len(d.pages) != 1 {
			return nil, refuse(45008)
		}
		return &content{Type: "news", MediaID: d.mediaID, Articles: []article{d.pages[0].card(c.base())}}, nil
	case "msgmenu":
		return c.customMenu(in)
	case "miniprogrampage":
		return c.customMiniProgram(in)
	case "voice", "video", "music":
		return nil, refuse(40007) // such material cannot be made here
	}
	return nil, refuse(40008)
}

func (c *call) customText(text string) (*content, error) {
	if text == "" {
		return nil, refuse(44004)
	}
	if len(text) > c.set.CustomTextBytes {
		return nil, refuse(45002)
	}
	return &content{Type: "text", Text: text}, nil
}

// customNews wants exactly one article.
func customNews(articles []article) (*content, error) {
	switch n := len(articles); {
	case n == 0:
		return nil, refuse(44003)
	case n > 1:
		return nil, refuse(45008)
	case articles[0].Title == "":
		return nil, refuse(40097)
	}
	return &content{Type: "news", Articles: articles}, nil
}

func (c *call) customMenu(in *customMessage) (*content, error) {
	if in.MsgMenu.Head == "" && len(in.MsgMenu.List) == 0 {
		return nil, refuse(44004)
	}
	shown := &content{Type: "menu", Text: in.MsgMenu.Head, Tail: in.MsgMenu.Tail}
	for _, o := range in.MsgMenu.List {
		if o.ID == "" || o.Content == "" {
			return nil, refuse(40097)
		}
		shown.Options = append(shown.Options, option{ID: o.ID, Text: o.Content})
	}
	return shown, nil
}

// customMiniProgram is the card of a page of a linked mini-program.
func (c *call) customMiniProgram(in *customMessage) (*content, error) {
	m := in.MiniProgramPage
	if !slices.Contains(c.a.linkedApps, m.AppID) {
		return nil, refuse(45064)
	}
	p, found := c.a.materials.usable(m.ThumbMediaID, c.now)
	if !found {
		return nil, refuse(40007)
	}
	return &content{Type: "miniprogram", Title: m.Title, AppID: m.AppID, PagePath: m.PagePath, ImageURL: c.base() + p.path()}, nil
}

// customTyping shows "对方正在输入…"; the phone keeps no trace of it.
func (c *call) customTyping() (any, error) {
	var in struct {
		ToUser  string `json:"touser"`
		Command string `json:"command"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	id, found := c.a.followers.find(in.ToUser)
	switch {
	case !found:
		return nil, refuse(40003)
	case in.Command != "Typing" && in.Command != "CancelTyping":
		return nil, refuse(45072)
	case !c.a.windowOpen(id, c.now):
		return nil, refuse(45080)
	}
	return ok, nil
}

func (a *account) windowOpen(id relID, now time.Time) bool {
	w := a.windows[id]
	if w == nil {
		return false
	}
	for act := range w {
		if now.Unix() < w[act].until {
			return true
		}
	}
	return false
}
