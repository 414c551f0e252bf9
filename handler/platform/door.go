// Package platform is the door the WeChat platform knocks at: POST /wechat/callback/{account key}. It bounds, verifies and
// opens each push, hands it to the inbox, and answers well inside the platform's 5 seconds. It has no pages and no sessions.
//
// What it answers decides what the platform does: 200 ends the matter, anything else brings the push again (three times in
// all), so a refusal is a 4xx and a failure of ours a 503, never a silent 200.
package platform

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"guiyi/domain"
	"guiyi/service"
)

// Defaults of Options.
const (
	defaultMaxAge   = 10 * time.Minute
	defaultMaxBody  = 256 << 10
	defaultDeadline = 4500 * time.Millisecond
	longestNonce    = 64
)

// Accounts finds the account a push is for, and its secrets. It is asked for every push.
type Accounts interface {
	ByKey(ctx context.Context, key string) (domain.Account, error)
	Credentials(ctx context.Context, id string) (domain.Credentials, error)
}

// Codec knows the wire format. What it refuses is a *domain.Error.
type Codec interface {
	VerifyURL(acct domain.Account, creds domain.Credentials, q url.Values) (echo string, err error)
	Open(acct domain.Account, creds domain.Credentials, q url.Values, body []byte) (domain.Inbound, error)
	Seal(acct domain.Account, creds domain.Credentials, in domain.Inbound, r domain.Reply, now time.Time) ([]byte, error)
}

// Inbox takes a push in and gives the passive reply.
type Inbox interface {
	Answer(ctx context.Context, in domain.Inbound) (domain.Reply, error)
}

// Nonces remembers marks for ttl and tells whether a mark is new.
type Nonces interface {
	Fresh(ctx context.Context, mark string, ttl time.Duration) bool
}

// Options of the door; zero values are the defaults.
type Options struct {
	MaxAge   time.Duration // how far a push's timestamp may be from our clock, both ways; 10 minutes
	MaxBody  int64         // 256 KiB
	Deadline time.Duration // for everything behind the door; 4.5 s, because the platform hangs up after 5
}

// Door is the callback door of all accounts.
type Door struct {
	env      service.Env
	accounts Accounts
	inbox    Inbox
	codec    Codec
	nonces   Nonces
	opt      Options
}

// New builds the door.
func New(env service.Env, accounts Accounts, inbox Inbox, codec Codec, nonces Nonces, opt Options) *Door {
	if opt.MaxAge <= 0 {
		opt.MaxAge = defaultMaxAge
	}
	if opt.MaxBody <= 0 {
		opt.MaxBody = defaultMaxBody
	}
	if opt.Deadline <= 0 {
		opt.Deadline = defaultDeadline
	}
	return &Door{env, accounts, inbox, codec, nonces, opt}
}

// Mount hangs the door into a router.
func (d *Door) Mount(r gin.IRouter) {
	const path = "/wechat/callback/:account"
	r.GET(path, d.guarded(d.verify))
	r.POST(path, d.guarded(d.receive))
}

// knock is one request, with the account it is for.
type knock struct {
	*gin.Context
	account domain.Account
	creds   domain.Credentials
	query   url.Values
}

// guarded gives a handler its deadline and account, and turns errors and panics into answers. An answer is text, or XML when
// it begins like XML.
func (d *Door) guarded(h func(context.Context, *knock) ([]byte, error)) gin.HandlerFunc {
	return func(c *gin.Context) {
		ctx, cancel := context.WithTimeout(c.Request.Context(), d.opt.Deadline)
		defer cancel()
		k := &knock{Context: c, query: c.Request.URL.Query()}
		defer d.rescue(k)
		err := d.identify(ctx, k)
		var out []byte
		if err == nil {
			out, err = h(ctx, k)
		}
		if err != nil {
			d.refuse(k, err)
			return
		}
		contentType := "text/plain; charset=utf-8"
		if len(out) > 0 && out[0] == '<' && c.Request.Method == http.MethodPost {
			contentType = "text/xml; charset=utf-8"
		}
		c.Header("X-Content-Type-Options", "nosniff")
		c.Data(http.StatusOK, contentType, out)
	}
}

func (d *Door) identify(ctx context.Context, k *knock) (err error) {
	if k.account, err = d.accounts.ByKey(ctx, k.Param("account")); err != nil {
		return err
	}
	k.creds, err = d.accounts.Credentials(ctx, k.account.ID)
	return err
}

// verify answers the check the platform makes when the address is set.
func (d *Door) verify(_ context.Context, k *knock) ([]byte, error) {
	echo, err := d.codec.VerifyURL(k.account, k.creds, k.query)
	if err != nil {
		return nil, err
	}
	return []byte(echo), d.timely(k)
}

// receive takes one push in.
func (d *Door) receive(ctx context.Context, k *knock) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(k.Writer, k.Request.Body, d.opt.MaxBody))
	if err != nil {
		return nil, unread{err}
	}
	in, err := d.codec.Open(k.account, k.creds, k.query, body)
	if err != nil {
		return nil, err
	}
	// Only now is the sender known to hold the account's token, so only now is anything remembered.
	if err := d.timely(k); err != nil {
		return nil, err
	}
	if err := d.unseen(ctx, k); err != nil {
		return nil, err
	}
	reply, err := d.inbox.Answer(ctx, in)
	if err != nil {
		return nil, ours{err}
	}
	out, err := d.codec.Seal(k.account, k.creds, in, reply, d.env.Now())
	if err != nil { // the push is stored, and a repeat would fail in the same way
		d.env.Log.Error("reply not sealed, staying silent", "account", k.account.Key, "error", err)
		return []byte("success"), nil
	}
	return out, nil
}

// timely refuses a push whose timestamp is far from our clock. The platform itself demands no such check.
func (d *Door) timely(k *knock) error {
	at, err := strconv.ParseInt(k.query.Get("timestamp"), 10, 64)
	if err != nil || at < 0 || at > 1<<40 {
		return domain.Refuse(domain.ErrInvalid, "bad_timestamp", "推送时间无法识别")
	}
	if age := d.env.Now().Sub(time.Unix(at, 0)); age > d.opt.MaxAge || age < -d.opt.MaxAge {
		return domain.Refuse(domain.ErrForbidden, "stale", "推送时间与本机时间相差太多，请检查服务器时钟")
	}
	return nil
}

// unseen refuses a push that is played a second time. The platform's own repeats are signed anew.
func (d *Door) unseen(ctx context.Context, k *knock) error {
	signature := k.query.Get("signature")
	if k.creds.Encrypted() {
		signature = k.query.Get("msg_signature")
	}
	nonce := k.query.Get("nonce")
	if len(nonce) > longestNonce {
		return domain.Refuse(domain.ErrInvalid, "bad_nonce", "推送参数无法识别")
	}
	mark := k.account.ID + ":" + k.query.Get("timestamp") + ":" + nonce + ":" + signature
	if !d.nonces.Fresh(ctx, mark, 2*d.opt.MaxAge) {
		return domain.Refuse(domain.ErrForbidden, "replayed", "这条推送已经处理过")
	}
	return nil
}
