package platform

import (
	"errors"
	"net/http"
	"runtime/debug"

	"github.com/gin-gonic/gin"

	"guiyi/domain"
)

// ours is a failure behind the door. Whatever kind it has, it is no fault of the push, and the push must come again.
type ours struct{ cause error }

func (o ours) Error() string { return o.cause.Error() }

// unread is a body that did not arrive, or is too large.
type unread struct{ cause error }

func (u unread) Error() string { return u.cause.Error() }
func (u unread) Unwrap() error { return u.cause }

// refusals maps kinds to the door's status.
var refusals = []struct {
	kind   error
	status int
}{
	{domain.ErrUnauthenticated, http.StatusForbidden},
	{domain.ErrForbidden, http.StatusForbidden},
	{domain.ErrInvalid, http.StatusBadRequest},
	{domain.ErrNotFound, http.StatusNotFound},
}

// refuse answers an error: refusals with their code, everything else as a failure of ours that the platform repeats.
func (d *Door) refuse(k *knock, err error) {
	if _, ok := errors.AsType[unread](err); ok {
		if _, large := errors.AsType[*http.MaxBytesError](err); large {
			d.turnAway(k, http.StatusRequestEntityTooLarge, "too_large", "推送内容太大")
			return
		}
		d.turnAway(k, http.StatusBadRequest, "cut_off", "推送内容不完整")
		return
	}
	if refusal, ok := errors.AsType[*domain.Error](err); ok {
		for _, r := range refusals {
			if errors.Is(refusal, r.kind) {
				d.turnAway(k, r.status, refusal.Code, refusal.Text)
				return
			}
		}
	}
	d.env.Log.Error("push not taken in, the platform will repeat it", "account", k.account.Key, "error", err)
	k.say(http.StatusServiceUnavailable, "unavailable", "暂时无法处理")
}

func (d *Door) turnAway(k *knock, status int, code, text string) {
	if k.account.ID != "" { // strangers who try addresses do not fill the log
		d.env.Log.Warn("push refused", "account", k.account.Key, "code", code)
	}
	k.say(status, code, text)
}

// rescue keeps the process alive whatever a push does to it.
func (d *Door) rescue(k *knock) {
	if p := recover(); p != nil {
		d.env.Log.Error("panic behind the callback door", "account", k.account.Key, "panic", p, "stack", string(debug.Stack()))
		k.say(http.StatusInternalServerError, "internal", "系统出错了")
	}
}

// say answers an error in one line.
func (k *knock) say(status int, code, text string) {
	if !k.Writer.Written() {
		k.JSON(status, gin.H{"error": code, "text": text})
	}
}
