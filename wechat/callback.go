package wechat

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"guiyi/domain"
)

// Codec verifies, opens and seals callbacks. It holds nothing: account and secrets come with every call.
//
// What it refuses is a *domain.Error: ErrUnauthenticated for a signature that does not fit, ErrForbidden for another account's
// push, ErrInvalid for the rest. Age and repetition of a push are not its business.
type Codec struct{}

// Bounds of fields. Longer ones do not exist on the platform.
const (
	longestName    = 64 // openid, MsgType, Event, MsgId
	longestAddress = 512
	replyTextBytes = 2048 // of a passive text (unconfirmed)
	cardsToMessage = 1    // news after a message of the person
	cardsToEvent   = 8    // news after an event (older page, unconfirmed)
)

var (
	errSignature = domain.Refuse(domain.ErrUnauthenticated, "bad_signature", "签名不正确")
	errBody      = domain.Refuse(domain.ErrInvalid, "bad_body", "推送内容无法识别")
	errPlain     = domain.Refuse(domain.ErrInvalid, "plain_refused", "这个账号只接受加密推送")
	errEncrypted = domain.Refuse(domain.ErrInvalid, "encrypted_refused", "这个账号没有设置消息加解密密钥")
	errOther     = domain.Refuse(domain.ErrForbidden, "wrong_account", "这条推送属于另一个账号")
)

// VerifyURL answers the platform's check when the callback address is set: the echostr, if the signature is right.
func (Codec) VerifyURL(_ domain.Account, creds domain.Credentials, q url.Values) (echo string, err error) {
	echo = q.Get("echostr")
	if !signedQuery(creds, q) || echo == "" || len(echo) > 1024 {
		return "", errSignature
	}
	return echo, nil
}

func signedQuery(creds domain.Credentials, q url.Values) bool {
	timestamp, nonce := q.Get("timestamp"), q.Get("nonce")
	return timestamp != "" && nonce != "" && creds.CallbackToken != "" &&
		signed(q.Get("signature"), creds.CallbackToken.Reveal(), timestamp, nonce)
}

// Open verifies and decrypts one push. An account with a key accepts encrypted pushes only, one without a key plain ones only.
// Of a push in compatible mode, which carries both forms, only the encrypted one is believed.
func (Codec) Open(acct domain.Account, creds domain.Credentials, q url.Values, body []byte) (domain.Inbound, error) {
	if !signedQuery(creds, q) {
		return domain.Inbound{}, errSignature
	}
	encrypted := ""
	if creds.Encrypted() || q.Get("encrypt_type") == "aes" || bytes.Contains(body, []byte("<Encrypt>")) {
		if err := readDocument(body, func(path, text string) {
			if path == "Encrypt" && encrypted == "" {
				encrypted = text
			}
		}); err != nil {
			return domain.Inbound{}, errBody
		}
	}
	switch {
	case creds.Encrypted() && encrypted == "":
		return domain.Inbound{}, errPlain
	case !creds.Encrypted() && (encrypted != "" || q.Get("encrypt_type") == "aes"):
		return domain.Inbound{}, errEncrypted
	case creds.Encrypted():
		var err error
		if body, err = openEncrypted(acct, creds, q, encrypted); err != nil {
			return domain.Inbound{}, err
		}
	}
	return readInbound(acct, body)
}

func openEncrypted(acct domain.Account, creds domain.Credentials, q url.Values, encrypted string) ([]byte, error) {
	if !signed(q.Get("msg_signature"), creds.CallbackToken.Reveal(), q.Get("timestamp"), q.Get("nonce"), encrypted) {
		return nil, errSignature
	}
	key, err := decodeAESKey(creds.EncodingAESKey)
	if err != nil {
		return nil, domain.Refuse(domain.ErrInvalid, "bad_aes_key", "账号设置的消息加解密密钥不正确")
	}
	message, err := openFrame(key, []byte(encrypted), acct.AppID)
	if refusal, ok := errors.AsType[*domain.Error](err); ok {
		return nil, refusal
	}
	if err != nil {
		return nil, errBody
	}
	return message, nil
}

// inboundReader collects the fields of a push. A field that comes twice is a sign of tampering.
type inboundReader struct {
	in      domain.Inbound
	to      string
	created string
	person  string // OpenID, in events about authorisations
	finish  domain.MassFinish
	seen    map[string]struct{}
	bad     bool
}

func readInbound(acct domain.Account, doc []byte) (domain.Inbound, error) {
	r := inboundReader{in: domain.Inbound{AccountID: acct.ID, Raw: bytes.Clone(doc)}, seen: make(map[string]struct{}, 16)}
	if err := readDocument(doc, r.field); err != nil || r.bad || !utf8.Valid(doc) {
		return domain.Inbound{}, errBody
	}
	created, err := strconv.ParseInt(r.created, 10, 64)
	if err != nil || created <= 0 || created > 1<<40 {
		return domain.Inbound{}, errBody
	}
	r.in.CreatedAt = domain.Instant(created)
	if r.in.Type == "" || r.in.OpenID == "" || (r.in.Type == "event") != (r.in.Event != "") {
		return domain.Inbound{}, errBody
	}
	if acct.OriginalID != "" && r.to != acct.OriginalID {
		return domain.Inbound{}, errOther
	}
	if r.person != "" { // FromUserName is the platform's own sender there (authorization_change page, read 2026-11)
		r.in.OpenID = domain.OpenID(r.person)
	}
	if r.in.Event == "MASSSENDJOBFINISH" {
		r.finish.MsgID, _ = strconv.ParseInt(r.in.MsgID, 10, 64)
		r.in.MassFinish = &r.finish
	}
	return r.in, nil
}

func (r *inboundReader) field(path, text string) {
	switch path {
	case "ToUserName", "FromUserName", "CreateTime", "MsgType", "Event", "EventKey", "Content", "MsgId", "MsgID":
		if _, twice := r.seen[path]; twice {
			r.bad = true
		}
		r.seen[path] = struct{}{}
	}
	switch path {
	case "ToUserName":
		r.to = text
	case "FromUserName":
		r.in.OpenID = domain.OpenID(r.bounded(text))
	case "CreateTime":
		r.created = text
	case "MsgType":
		r.in.Type = r.bounded(text)
	case "Event":
		r.in.Event = r.bounded(text)
	case "EventKey":
		r.in.EventKey = text
	case "Content":
		r.in.Content = text
	case "MsgId", "MsgID", "PublishEventInfo/publish_id":
		r.in.MsgID = r.bounded(text)
	case "OpenID":
		r.person = r.bounded(strings.TrimSpace(text))
	default:
		r.massField(path, text)
	}
}

// massField reads the result of a mass send; counts that are no numbers count as 0.
func (r *inboundReader) massField(path, text string) {
	switch path {
	case "Status":
		r.finish.Status = cut(text, longestName)
	case "TotalCount":
		r.finish.Total = count(text)
	case "FilterCount":
		r.finish.Filter = count(text)
	case "SentCount":
		r.finish.Sent = count(text)
	case "ErrorCount":
		r.finish.Failed = count(text)
	case "ArticleUrlResult/ResultList/item/ArticleUrl":
		if r.finish.ArticleURL == "" && len(text) <= longestAddress {
			r.finish.ArticleURL = text
		}
	}
}

func (r *inboundReader) bounded(text string) string {
	if len(text) > longestName {
		r.bad = true
	}
	return text
}

func count(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// Seal writes the answer to a push: the reply's XML, encrypted when the account has a key; "success" for silence. Cards go
// before text, because the platform takes one message only; too long a text and too many cards are cut to what it accepts.
func (Codec) Seal(acct domain.Account, creds domain.Credentials, in domain.Inbound, r domain.Reply, now time.Time) ([]byte, error) {
	if r.Silent() || !in.Answerable() {
		return []byte("success"), nil
	}
	plain := replyXML(acct, in, r, now)
	if !creds.Encrypted() {
		return plain, nil
	}
	key, err := decodeAESKey(creds.EncodingAESKey)
	if err != nil {
		return nil, err
	}
	encrypted, err := sealFrame(key, plain, acct.AppID)
	if err != nil {
		return nil, err
	}
	timestamp, nonce := strconv.FormatInt(now.Unix(), 10), newNonce()
	var d document
	d.raw("<xml>").text("Encrypt", encrypted)
	d.text("MsgSignature", sign(creds.CallbackToken.Reveal(), timestamp, nonce, encrypted))
	d.raw("<TimeStamp>"+timestamp+"</TimeStamp>").text("Nonce", nonce).raw("</xml>")
	return d.buf, nil
}

func newNonce() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails since Go 1.24; it ends the program instead
	return strconv.FormatUint(binary.BigEndian.Uint64(b[:]), 10)
}

func replyXML(acct domain.Account, in domain.Inbound, r domain.Reply, now time.Time) []byte {
	var d document
	d.raw("<xml>").text("ToUserName", in.OpenID.Reveal()).text("FromUserName", acct.OriginalID)
	d.raw("<CreateTime>" + strconv.FormatInt(now.Unix(), 10) + "</CreateTime>")
	if len(r.Cards) == 0 {
		d.text("MsgType", "text").text("Content", cut(r.Text, replyTextBytes)).raw("</xml>")
		return d.buf
	}
	most := cardsToMessage
	if in.Type == "event" {
		most = cardsToEvent
	}
	cards := r.Cards[:min(most, len(r.Cards))]
	d.text("MsgType", "news").raw("<ArticleCount>" + strconv.Itoa(len(cards)) + "</ArticleCount><Articles>")
	for _, c := range cards {
		d.raw("<item>").text("Title", c.Title).text("Description", c.Description).text("PicUrl", c.PictureURL).text("Url", c.URL).raw("</item>")
	}
	d.raw("</Articles></xml>")
	return d.buf
}

// cut shortens a text to whole characters within n bytes.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
