package wechat

import (
	"encoding/xml"
	"errors"
	"maps"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/silenceper/wechat/v2/util"

	"guiyi/domain"
)

// The vector was produced by one public implementation and decoded by another; see docs of the callback format.
var vector = struct {
	account   domain.Account
	creds     domain.Credentials
	query     url.Values
	encrypted string
	message   string
}{
	account: domain.Account{ID: "acct", Key: "A1", AppID: "wx0000000000000001", OriginalID: "gh_sim000000001"},
	creds:   domain.Credentials{CallbackToken: "simtoken", EncodingAESKey: "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"},
	query: url.Values{
		"signature": {"58efab0a9f4c3b36b3fe4b08e7baa355f6aad960"}, "timestamp": {"1760000000"}, "nonce": {"nonce123"},
		"encrypt_type": {"aes"}, "msg_signature": {"73d24b924ff3cf45d35b018d7e259a4491cb4756"},
	},
	encrypted: "Q3stYC6hdFzMh9T8HCvyDFYqp+WRA4JhXTSMyMJMcetdiNVcMrNQ+2F56y/mfUu3sNA4f3vttHwk43/KyUP4k1N80G79WLMhSbBB5Xxj/zOMmGtP6RB1RX1Cp9Gca/UP8Kd6gYQ81vEvjt0eJtaIIdKie6LDJor+Qbt7VZLg7a50n6b3RTDS023UDa1EiXMqVwe99jJ9bLVjdJ2MO55Rhb9dBF7Y19kRyIXAlHeXaH9lvSZLjNcoMJawemdtFSR6vd5jIfEeM0PtZYUrntyvzgc7U+OMUNdJ3/CCjeJCAfiESPRNuyh9DchK1lSSmQRXwESPgbK8IhHufL3p4ML8NRZdHUWN6N7WmPq071GMdxQKeAaW+8XMfXmdt+M5zn+nEFgcS+iu3DoMZugDduT/Dfc+tP4VuA0p0wmXiBC8dG8=",
	message:   "<xml><ToUserName><![CDATA[gh_sim000000001]]></ToUserName><FromUserName><![CDATA[oSimUser0000000000000000001]]></FromUserName><CreateTime>1760000000</CreateTime><MsgType><![CDATA[event]]></MsgType><Event><![CDATA[CLICK]]></Event><EventKey><![CDATA[BOOK]]></EventKey></xml>",
}

func safeBody(encrypted string) []byte {
	return []byte("<xml><ToUserName><![CDATA[gh_sim000000001]]></ToUserName><Encrypt><![CDATA[" + encrypted + "]]></Encrypt></xml>")
}

// pushed signs and encrypts a message the way the platform does, by the SDK's functions instead of ours.
func pushed(t testing.TB, appID string, creds domain.Credentials, message string) (url.Values, []byte) {
	t.Helper()
	q := url.Values{"timestamp": {"1760000000"}, "nonce": {"n1"}}
	token := creds.CallbackToken.Reveal()
	q.Set("signature", util.Signature(token, "1760000000", "n1"))
	if !creds.Encrypted() {
		return q, []byte(message)
	}
	encrypted, err := util.EncryptMsg([]byte("0123456789abcdef"), []byte(message), appID, creds.EncodingAESKey.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	q.Set("encrypt_type", "aes")
	q.Set("msg_signature", util.Signature(token, "1760000000", "n1", string(encrypted)))
	return q, safeBody(string(encrypted))
}

func TestVerifyURL(t *testing.T) {
	creds := domain.Credentials{CallbackToken: "AAAAA"} // the official vector
	q := url.Values{"signature": {"899cf89e464efb63f54ddac96b0a0a235f53aa78"}, "timestamp": {"1714037059"}, "nonce": {"486452656"}, "echostr": {"42"}}
	if echo, err := (Codec{}).VerifyURL(domain.Account{}, creds, q); err != nil || echo != "42" {
		t.Errorf("got %q, %v", echo, err)
	}
	q.Set("nonce", "486452657")
	if _, err := (Codec{}).VerifyURL(domain.Account{}, creds, q); !errors.Is(err, domain.ErrUnauthenticated) {
		t.Errorf("a changed nonce: %v", err)
	}
	q.Set("nonce", "486452656")
	if _, err := (Codec{}).VerifyURL(domain.Account{}, domain.Credentials{}, q); !errors.Is(err, domain.ErrUnauthenticated) {
		t.Errorf("an account without a token: %v", err)
	}
}

func TestOpenVector(t *testing.T) {
	in, err := Codec{}.Open(vector.account, vector.creds, vector.query, safeBody(vector.encrypted))
	if err != nil {
		t.Fatal(err)
	}
	want := domain.Inbound{
		AccountID: "acct", OpenID: "oSimUser0000000000000000001", Type: "event", Event: "CLICK", EventKey: "BOOK",
		CreatedAt: 1760000000, Raw: []byte(vector.message),
	}
	if d := cmp.Diff(want, in); d != "" {
		t.Error(d)
	}
}

func TestOpenRefuses(t *testing.T) {
	plainCreds := domain.Credentials{CallbackToken: "simtoken"}
	plainQuery := url.Values{"signature": vector.query["signature"], "timestamp": vector.query["timestamp"], "nonce": vector.query["nonce"]}
	with := func(q url.Values, key, value string) url.Values {
		c := url.Values{}
		maps.Copy(c, q)
		c.Set(key, value)
		return c
	}
	otherAppQuery, otherAppBody := pushed(t, "wx0000000000000002", vector.creds, vector.message)
	cases := map[string]struct {
		creds domain.Credentials
		query url.Values
		body  []byte
		want  string // code of the refusal
	}{
		"a wrong signature":                     {vector.creds, with(vector.query, "signature", "0"), safeBody(vector.encrypted), "bad_signature"},
		"a wrong msg_signature":                 {vector.creds, with(vector.query, "msg_signature", vector.query.Get("signature")), safeBody(vector.encrypted), "bad_signature"},
		"no timestamp":                          {vector.creds, with(vector.query, "timestamp", ""), safeBody(vector.encrypted), "bad_signature"},
		"a plain body on an encrypted account":  {vector.creds, vector.query, []byte(vector.message), "plain_refused"},
		"an encrypted body on a plain account":  {plainCreds, plainQuery, safeBody(vector.encrypted), "encrypted_refused"},
		"the word aes on a plain account":       {plainCreds, with(plainQuery, "encrypt_type", "aes"), []byte(vector.message), "encrypted_refused"},
		"another account's push":                {vector.creds, otherAppQuery, otherAppBody, "wrong_appid"},
		"another account's plain push":          {plainCreds, plainQuery, []byte(strings.Replace(vector.message, "gh_sim000000001", "gh_sim000000002", 1)), "wrong_account"},
		"a changed ciphertext":                  {vector.creds, vector.query, safeBody("A" + vector.encrypted[1:]), "bad_signature"},
		"a cut document":                        {plainCreds, plainQuery, []byte(vector.message[:80]), "bad_body"},
		"something that is not XML":             {plainCreds, plainQuery, []byte(`{"a":1}`), "bad_body"},
		"nothing":                               {plainCreds, plainQuery, nil, "bad_body"},
		"a document type":                       {plainCreds, plainQuery, []byte(`<!DOCTYPE xml [<!ENTITY a "b">]>` + vector.message), "bad_body"},
		"an entity of its own":                  {plainCreds, plainQuery, []byte(strings.Replace(vector.message, "<![CDATA[BOOK]]>", "&boom;", 1)), "bad_body"},
		"two senders":                           {plainCreds, plainQuery, []byte(strings.Replace(vector.message, "<MsgType>", "<FromUserName>o2</FromUserName><MsgType>", 1)), "bad_body"},
		"a second document behind the first":    {plainCreds, plainQuery, []byte(vector.message + vector.message), "bad_body"},
		"no sender":                             {plainCreds, plainQuery, []byte(strings.ReplaceAll(vector.message, "FromUserName", "From")), "bad_body"},
		"a time that is no number":              {plainCreds, plainQuery, []byte(strings.Replace(vector.message, "1760000000", "now", 1)), "bad_body"},
		"an event without a name":               {plainCreds, plainQuery, []byte(strings.ReplaceAll(vector.message, "Event>", "Evnt>")), "bad_body"},
		"an openid of impossible length":        {plainCreds, plainQuery, []byte(strings.Replace(vector.message, "oSimUser", strings.Repeat("o", 90), 1)), "bad_body"},
		"elements nested without end":           {plainCreds, plainQuery, []byte("<xml>" + strings.Repeat("<a>", 5000) + strings.Repeat("</a>", 5000) + "</xml>"), "bad_body"},
		"bytes that are not UTF-8":              {plainCreds, plainQuery, []byte(strings.Replace(vector.message, "BOOK", "\xff\xfe", 1)), "bad_body"},
		"an account whose key is no key at all": {domain.Credentials{CallbackToken: "simtoken", EncodingAESKey: "short"}, vector.query, safeBody(vector.encrypted), "bad_aes_key"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			in, err := Codec{}.Open(vector.account, c.creds, c.query, c.body)
			var refusal *domain.Error
			if !errors.As(err, &refusal) || refusal.Code != c.want {
				t.Errorf("got %+v, %v; want %s", in, err, c.want)
			}
		})
	}
}

func TestOpenReads(t *testing.T) {
	head := "<xml><ToUserName><![CDATA[gh_sim000000001]]></ToUserName><FromUserName><![CDATA[oUser]]></FromUserName><CreateTime>1650896441</CreateTime>"
	cases := map[string]struct {
		message string
		want    domain.Inbound
	}{
		"a text": {
			head + "<MsgType><![CDATA[text]]></MsgType><Content><![CDATA[预约 <a&b> ]]></Content><MsgId>1234567890123456</MsgId></xml>",
			domain.Inbound{Type: "text", Content: "预约 <a&b> ", MsgID: "1234567890123456"},
		},
		"a follow through a code": {
			head + "<MsgType><![CDATA[event]]></MsgType><Event><![CDATA[subscribe]]></Event><EventKey><![CDATA[qrscene_old-account-a]]></EventKey><Ticket><![CDATA[T]]></Ticket></xml>",
			domain.Inbound{Type: "event", Event: "subscribe", EventKey: "qrscene_old-account-a"},
		},
		"an event nobody knows": {
			"<?xml version=\"1.0\"?>\n" + head + "\n <MsgType>event</MsgType><Event>tomorrow</Event><Deep><A><B>1</B><B>2</B></A></Deep></xml>\n",
			domain.Inbound{Type: "event", Event: "tomorrow"},
		},
		"a withdrawn consent, told by the platform about a person": {
			head + "<MsgType>event</MsgType><Event>user_authorization_revoke</Event><OpenID> oPerson</OpenID><AppID>wx1</AppID><RevokeInfo>205</RevokeInfo></xml>",
			domain.Inbound{OpenID: "oPerson", Type: "event", Event: "user_authorization_revoke"},
		},
		"a finished mass send": {
			head + `<MsgType><![CDATA[event]]></MsgType><Event><![CDATA[MASSSENDJOBFINISH]]></Event>
<MsgID>1000000003</MsgID><Status><![CDATA[send success]]></Status><TotalCount>296</TotalCount><FilterCount>295</FilterCount><SentCount>294</SentCount><ErrorCount>1</ErrorCount>
<CopyrightCheckResult><Count>0</Count><ResultList></ResultList><CheckState>0</CheckState></CopyrightCheckResult>
<ArticleUrlResult><Count>1</Count><ResultList><item><ArticleIdx>1</ArticleIdx><ArticleUrl><![CDATA[http://mp.weixin.qq.com/s/xxx]]></ArticleUrl></item></ResultList></ArticleUrlResult></xml>`,
			domain.Inbound{Type: "event", Event: "MASSSENDJOBFINISH", MsgID: "1000000003", MassFinish: &domain.MassFinish{
				MsgID: 1000000003, Status: "send success", Total: 296, Filter: 295, Sent: 294, Failed: 1, ArticleURL: "http://mp.weixin.qq.com/s/xxx",
			}},
		},
		"a finished publication, known by its own id": {
			head + "<MsgType>event</MsgType><Event>PUBLISHJOBFINISH</Event><PublishEventInfo><publish_id>2247503051</publish_id><publish_status>0</publish_status></PublishEventInfo></xml>",
			domain.Inbound{Type: "event", Event: "PUBLISHJOBFINISH", MsgID: "2247503051"},
		},
	}
	for name, c := range cases {
		for mode, creds := range map[string]domain.Credentials{"plain": {CallbackToken: "simtoken"}, "safe": vector.creds} {
			t.Run(name+"/"+mode, func(t *testing.T) {
				q, body := pushed(t, vector.account.AppID, creds, c.message)
				got, err := Codec{}.Open(vector.account, creds, q, body)
				if err != nil {
					t.Fatal(err)
				}
				want := c.want
				want.AccountID, want.CreatedAt, want.Raw = "acct", 1650896441, []byte(c.message)
				if want.OpenID == "" {
					want.OpenID = "oUser"
				}
				if d := cmp.Diff(want, got); d != "" {
					t.Error(d)
				}
			})
		}
	}
}

func TestOpenCompatibleMode(t *testing.T) {
	q, body := pushed(t, vector.account.AppID, vector.creds, vector.message)
	forged := strings.Replace(string(body), "<Encrypt>", "<FromUserName>oForged</FromUserName><EventKey>FORGED</EventKey><Encrypt>", 1)
	in, err := Codec{}.Open(vector.account, vector.creds, q, []byte(forged))
	if err != nil || in.EventKey != "BOOK" {
		t.Errorf("the clear part of a compatible push was believed: %+v, %v", in, err)
	}
}

// answer is what an independent reader finds in a sealed reply.
type answer struct {
	To       string                                             `xml:"ToUserName"`
	From     string                                             `xml:"FromUserName"`
	Created  int64                                              `xml:"CreateTime"`
	Type     string                                             `xml:"MsgType"`
	Content  string                                             `xml:"Content"`
	Count    int                                                `xml:"ArticleCount"`
	Articles []struct{ Title, Description, PicUrl, Url string } `xml:"Articles>item"`
}

func TestSeal(t *testing.T) {
	now := time.Unix(1760000001, 0)
	text := domain.Inbound{OpenID: "oUser", Type: "text"}
	click := domain.Inbound{OpenID: "oUser", Type: "event", Event: "CLICK"}
	cards := make([]domain.Card, 10)
	for i := range cards {
		cards[i] = domain.Card{Title: "第一步 ]]> <x>", Description: "说明", PictureURL: "https://p.example/1.png", URL: "https://h5.example/a?b=1&c=2"}
	}
	plain := domain.Credentials{CallbackToken: "simtoken"}

	t.Run("silence is the word success, encrypted or not", func(t *testing.T) {
		for _, creds := range []domain.Credentials{plain, vector.creds} {
			if out, err := (Codec{}).Seal(vector.account, creds, text, domain.Reply{}, now); err != nil || string(out) != "success" {
				t.Errorf("got %q, %v", out, err)
			}
		}
	})
	t.Run("an event that shows no answer gets none", func(t *testing.T) {
		in := domain.Inbound{OpenID: "oUser", Type: "event", Event: "VIEW"}
		if out, err := (Codec{}).Seal(vector.account, plain, in, domain.Reply{Text: "x"}, now); err != nil || string(out) != "success" {
			t.Errorf("got %q, %v", out, err)
		}
	})
	cases := map[string]struct {
		in    domain.Inbound
		reply domain.Reply
		check func(t *testing.T, a answer)
	}{
		"a text with the end mark of CDATA and a character XML cannot hold": {
			text,
			domain.Reply{Text: "你好 ]]> <a href=\"https://h5.example/?a=1&b=2\">看</a>\x00\n😀"},
			func(t *testing.T, a answer) {
				if a.Type != "text" || a.Content != "你好 ]]> <a href=\"https://h5.example/?a=1&b=2\">看</a>\n😀" {
					t.Errorf("got %+v", a)
				}
			},
		},
		"a text too long is cut between characters": {
			text,
			domain.Reply{Text: strings.Repeat("归", 700)},
			func(t *testing.T, a answer) {
				if a.Content != strings.Repeat("归", 682) {
					t.Errorf("got %d bytes", len(a.Content))
				}
			},
		},
		"one card after a message": {
			text,
			domain.Reply{Cards: cards},
			func(t *testing.T, a answer) {
				if a.Type != "news" || a.Count != 1 || len(a.Articles) != 1 || a.Articles[0].Title != "第一步 ]]> <x>" || a.Articles[0].Url != cards[0].URL {
					t.Errorf("got %+v", a)
				}
			},
		},
		"eight cards after an event": {
			click,
			domain.Reply{Cards: cards},
			func(t *testing.T, a answer) {
				if a.Count != 8 || len(a.Articles) != 8 {
					t.Errorf("got %d, %d", a.Count, len(a.Articles))
				}
			},
		},
	}
	for name, c := range cases {
		for mode, creds := range map[string]domain.Credentials{"plain": plain, "safe": vector.creds} {
			t.Run(name+"/"+mode, func(t *testing.T) {
				out, err := Codec{}.Seal(vector.account, creds, c.in, c.reply, now)
				if err != nil {
					t.Fatal(err)
				}
				if creds.Encrypted() {
					out = unsealed(t, creds, out)
				}
				var a answer
				if err := xml.Unmarshal(out, &a); err != nil {
					t.Fatalf("%v in %s", err, out)
				}
				if a.To != "oUser" || a.From != "gh_sim000000001" || a.Created != now.Unix() {
					t.Errorf("got %+v", a)
				}
				c.check(t, a)
			})
		}
	}
}

// unsealed reads an encrypted reply with the SDK's functions instead of ours.
func unsealed(t *testing.T, creds domain.Credentials, out []byte) []byte {
	t.Helper()
	var envelope struct{ Encrypt, MsgSignature, TimeStamp, Nonce string }
	if err := xml.Unmarshal(out, &envelope); err != nil {
		t.Fatal(err)
	}
	if want := util.Signature(creds.CallbackToken.Reveal(), envelope.TimeStamp, envelope.Nonce, envelope.Encrypt); envelope.MsgSignature != want {
		t.Errorf("signature %s, want %s", envelope.MsgSignature, want)
	}
	_, message, err := util.DecryptMsg(vector.account.AppID, envelope.Encrypt, creds.EncodingAESKey.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	return message
}

func TestSealNeverRepeats(t *testing.T) {
	in, r := domain.Inbound{OpenID: "oUser", Type: "text"}, domain.Reply{Text: "x"}
	seen := map[string]bool{}
	for range 50 {
		out, err := Codec{}.Seal(vector.account, vector.creds, in, r, time.Unix(1, 0))
		if err != nil || seen[string(out)] {
			t.Fatalf("a reply came out twice, or %v", err)
		}
		seen[string(out)] = true
	}
}

// FuzzOpen throws anything at the door: no panic, and nothing is let in whose signature the fuzzer could not make.
func FuzzOpen(f *testing.F) {
	plain := domain.Credentials{CallbackToken: "simtoken"}
	f.Add(safeBody(vector.encrypted), vector.encrypted, vector.query.Get("msg_signature"))
	f.Add([]byte(vector.message), "", "")
	f.Add([]byte("<xml><a></xml>"), "AAAA", "x")
	f.Fuzz(func(t *testing.T, body []byte, encrypted, msgSignature string) {
		if in, err := (Codec{}).Open(vector.account, plain, vector.query, body); err == nil && (in.OpenID == "" || in.CreatedAt <= 0) {
			t.Errorf("an incomplete push was let in: %+v", in)
		}
		q := url.Values{}
		maps.Copy(q, vector.query)
		q.Set("msg_signature", msgSignature)
		if in, err := (Codec{}).Open(vector.account, vector.creds, q, safeBody(encrypted)); err == nil && in.EventKey != "BOOK" {
			t.Errorf("a forged push was let in: %+v", in)
		}
		// past the signature: what a stolen token could reach
		q.Set("msg_signature", sign("simtoken", q.Get("timestamp"), q.Get("nonce"), encrypted))
		_, _ = Codec{}.Open(vector.account, vector.creds, q, safeBody(encrypted))
		q.Set("msg_signature", msgSignature)
		_, _ = Codec{}.Open(vector.account, vector.creds, q, body)
	})
}

func BenchmarkOpenSeal(b *testing.B) {
	body := safeBody(vector.encrypted)
	for b.Loop() {
		in, err := Codec{}.Open(vector.account, vector.creds, vector.query, body)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := (Codec{}).Seal(vector.account, vector.creds, in, domain.Reply{Text: "x"}, time.Unix(1, 0)); err != nil {
			b.Fatal(err)
		}
	}
}
