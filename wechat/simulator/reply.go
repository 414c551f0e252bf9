package simulator

import (
	"bytes"
	encxml "encoding/xml"
	"errors"
	"fmt"
)

// answerable says whether a message or event may be answered with a message.
func answerable(what string) bool {
	switch what {
	case "text", "image", "voice", "video", "shortvideo", "location", "link",
		"subscribe", "SCAN", "LOCATION", "CLICK", "scancode_waitmsg":
		return true
	}
	return false
}

// mostArticles is how many news items a reply may hold: one after a message
// of the person, eight after an event.
func mostArticles(what string) int {
	switch what {
	case "text", "image", "voice", "video", "shortvideo", "location", "link":
		return 1
	}
	return 8
}

// replyXML is a passive reply as it arrives.
type replyXML struct {
	XMLName      encxml.Name `xml:"xml"`
	Encrypt      string      `xml:"Encrypt"`
	MsgSignature string      `xml:"MsgSignature"`
	TimeStamp    string      `xml:"TimeStamp"`
	Nonce        string      `xml:"Nonce"`

	ToUserName   string `xml:"ToUserName"`
	FromUserName string `xml:"FromUserName"`
	MsgType      string `xml:"MsgType"`
	Content      string `xml:"Content"`
	ImageMediaID string `xml:"Image>MediaId"`
	VoiceMediaID string `xml:"Voice>MediaId"`
	VideoMediaID string `xml:"Video>MediaId"`
	VideoTitle   string `xml:"Video>Title"`
	MusicTitle   string `xml:"Music>Title"`
	MusicURL     string `xml:"Music>MusicUrl"`
	ArticleCount int    `xml:"ArticleCount"`
	Articles     []struct {
		Title       string `xml:"Title"`
		Description string `xml:"Description"`
		PicURL      string `xml:"PicUrl"`
		URL         string `xml:"Url"`
	} `xml:"Articles>item"`
}

// takeReply reads what a callback answered and shows it on the phone. The
// result is a line for the delivery history; an error means the platform
// throws the answer away.
func (s *Simulator) takeReply(p *push, answer []byte) (string, error) {
	if len(answer) == 0 || string(answer) == "success" {
		return "success", nil
	}
	var reply replyXML
	if err := encxml.Unmarshal(answer, &reply); err != nil {
		return "", errors.New("neither success, nor empty, nor XML")
	}
	if p.account.callback.Mode == safeMode && reply.Encrypt == "" {
		return "", errors.New("safe mode wants an encrypted reply")
	}
	if reply.Encrypt != "" {
		clear, err := p.account.openReply(reply)
		if err != nil {
			return "", err
		}
		if len(bytes.TrimSpace(clear)) == 0 {
			return "", errors.New("encrypted reply is empty; answer success instead")
		}
		reply = replyXML{}
		if err := encxml.Unmarshal(clear, &reply); err != nil {
			return "", errors.New("encrypted reply is not XML")
		}
	}
	if p.from == noPerson || !answerable(p.what) {
		return "reply ignored: " + p.what + " takes none", nil
	}
	if reply.ToUserName != p.openid || reply.FromUserName != p.account.original {
		return "", errors.New("ToUserName must be the openid, FromUserName the account's original id")
	}
	shown, err := s.replyContent(p, &reply)
	if err != nil {
		return "", err
	}
	s.receive(p.account, p.from, entry{Kind: kindReply, Content: shown, MediaID: shown.MediaID})
	return "replied with " + reply.MsgType, nil
}

// openReply checks MsgSignature and decrypts with the key, or the one before.
func (a *account) openReply(reply replyXML) ([]byte, error) {
	if signature(a.callback.Token, reply.TimeStamp, reply.Nonce, reply.Encrypt) != reply.MsgSignature {
		return nil, errors.New("MsgSignature is wrong")
	}
	var failure error
	for _, encoded := range []string{a.callback.AESKey, a.callback.PreviousKey} {
		if encoded == "" {
			continue
		}
		key, err := decodeKey(encoded)
		if err != nil {
			return nil, err
		}
		clear, err := unseal(key, reply.Encrypt, a.appID)
		if err == nil {
			return clear, nil
		}
		failure = err
	}
	if failure == nil {
		failure = errors.New("encrypted reply, but no key is set")
	}
	return nil, failure
}

func (s *Simulator) replyContent(p *push, reply *replyXML) (*content, error) {
	switch reply.MsgType {
	case "text":
		if reply.Content == "" {
			return nil, errors.New("text reply with empty Content")
		}
		if len(reply.Content) > s.set.ReplyTextBytes {
			return nil, fmt.Errorf("text reply longer than %d bytes", s.set.ReplyTextBytes)
		}
		return &content{Type: "text", Text: reply.Content}, nil
	case "news":
		if len(reply.Articles) == 0 || len(reply.Articles) != reply.ArticleCount {
			return nil, errors.New("news reply: ArticleCount does not fit the items")
		}
		if most := mostArticles(p.what); len(reply.Articles) > most {
			return nil, fmt.Errorf("news reply with more than %d articles", most)
		}
		shown := &content{Type: "news"}
		for _, item := range reply.Articles {
			shown.Articles = append(shown.Articles, article(item))
		}
		return shown, nil
	case "image", "voice", "video":
		id := reply.ImageMediaID + reply.VoiceMediaID + reply.VideoMediaID
		if id == "" {
			return nil, errors.New(reply.MsgType + " reply without MediaId")
		}
		return &content{Type: reply.MsgType, MediaID: id, Title: reply.VideoTitle}, nil
	case "music":
		return &content{Type: "music", Title: reply.MusicTitle, URL: reply.MusicURL}, nil
	case "transfer_customer_service":
		return &content{Type: "transfer_customer_service"}, nil
	}
	return nil, fmt.Errorf("MsgType %q is no reply type", reply.MsgType)
}
