package wechat

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/silenceper/wechat/v2/credential"
	offcontext "github.com/silenceper/wechat/v2/officialaccount/context"
	"github.com/silenceper/wechat/v2/util"
	"github.com/sirupsen/logrus"

	"guiyi/domain"
)

// sdkDoor is the transport of the SDK's one HTTP client. The SDK knows neither contexts nor several hosts, and puts the access
// token into every address. So it is given a ticket instead of a token; the door finds the errand by the ticket, and the real
// token never comes near the SDK. A request without a valid ticket does not leave the process.
type sdkDoor struct {
	serial   atomic.Uint64
	admitted sync.Map // ticket → admitted
}

// admitted is an errand whose request the SDK is about to bring.
type admitted struct {
	ctx context.Context //nolint:containedctx // the SDK has no place to pass it through; gone when the call returns
	e   *errand
}

// The SDK's client is a global of the SDK, so its transport is one of ours.
var (
	door    = &sdkDoor{}
	ownOnce sync.Once
)

// ownSDK takes over the SDK's globals, once in the life of the process.
func ownSDK() {
	ownOnce.Do(func() {
		logrus.SetOutput(io.Discard) // importing the SDK turned the global logrus to debug, and it logs message bodies
		logrus.SetLevel(logrus.PanicLevel)
		util.DefaultHTTPClient = &http.Client{
			Transport:     door,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}
	})
}

// ticket stands in for the access token in the SDK's hands.
type ticket string

// GetAccessToken is how the SDK asks for it.
func (t ticket) GetAccessToken() (string, error) { return string(t), nil }

var _ credential.AccessTokenHandle = ticket("")

// RoundTrip does the errand that the ticket names.
func (d *sdkDoor) RoundTrip(req *http.Request) (*http.Response, error) {
	query := req.URL.Query()
	found, ok := d.admitted.Load(query.Get("access_token"))
	if !ok {
		return nil, errors.New("a request of the SDK outside a gateway call was refused")
	}
	a, _ := found.(admitted)
	query.Del("access_token")
	r := request{method: req.Method, query: query, contentType: req.Header.Get("Content-Type")}
	if req.Body != nil {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return nil, err
		}
		if err := req.Body.Close(); err != nil {
			return nil, err
		}
		r.body = body
	}
	a.e.api.path = req.URL.Path
	answer, err := a.e.send(a.ctx, r)
	if err != nil {
		return nil, err
	}
	return &http.Response{
		Status: "200 OK", StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{},
		ContentLength: int64(len(answer)), Body: io.NopCloser(bytes.NewReader(answer)), Request: req,
	}, nil
}

// sdk runs f with the SDK speaking for the account. Whatever goes wrong inside comes out as a *domain.PlatformError.
func (g *Gateway) sdk(ctx context.Context, accountID string, a api, f func(c *offcontext.Context) error) error {
	ctx, e, done, err := g.begin(ctx, accountID, a)
	if err != nil {
		return err
	}
	defer done()
	t := ticket("ticket-" + strconv.FormatUint(door.serial.Add(1), 10))
	door.admitted.Store(string(t), admitted{ctx, e})
	defer door.admitted.Delete(string(t))
	if err := f(&offcontext.Context{Config: e.h.config, AccessTokenHandle: t}); err != nil {
		if pe, ok := errors.AsType[*domain.PlatformError](err); ok {
			return pe
		}
		return e.lost("the SDK could not read the answer: " + e.reason(err, string(t)))
	}
	return nil
}
