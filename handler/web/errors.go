package web

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"guiyi/domain"
)

// Answer is what HTTP says about an error.
type Answer struct {
	Status     int
	Title      string // short, Chinese
	Text       string // what people read; never internals
	Code       string
	RetryAfter time.Duration // 0 = no header
}

// RetrySeconds is RetryAfter as the header Retry-After takes it.
func (a Answer) RetrySeconds() string { return strconv.Itoa(int(a.RetryAfter.Seconds())) }

// answers is the one map from kinds of failure to HTTP. The first kind that fits decides.
var answers = []struct {
	kind error
	Answer
}{
	{domain.ErrInvalid, Answer{http.StatusUnprocessableEntity, "填写的内容有误", "请检查填写的内容后再提交。", "invalid", 0}},
	{domain.ErrUnauthenticated, Answer{http.StatusUnauthorized, "请先登录", "请先登录。", "unauthenticated", 0}},
	{domain.ErrForbidden, Answer{http.StatusForbidden, "没有这个权限", "您的账号没有这项权限。如需办理，请联系系统管理员。", "forbidden", 0}},
	{domain.ErrNotFound, Answer{http.StatusNotFound, "没有找到", "没有找到您要的内容，可能已经移走或者地址有误。", "not_found", 0}},
	{domain.ErrConflict, Answer{http.StatusConflict, "情况已经变化", "这件事在您打开页面之后已经变化，请刷新后再试。", "conflict", 0}},
	{domain.ErrTooMany, Answer{http.StatusTooManyRequests, "请稍后再试", "次数太多了，请稍后再试。", "too_many", time.Minute}},
	{domain.ErrUnavailable, Answer{http.StatusServiceUnavailable, "暂时无法使用", "系统暂时无法处理，请稍后再试。", "unavailable", 10 * time.Second}},
}

var (
	internal = Answer{http.StatusInternalServerError, "系统出错了", "系统出错了。请记下编号，告诉系统管理员。", "internal", 0}
	tooLarge = Answer{http.StatusRequestEntityTooLarge, "内容太大", "提交的内容太大，请精简后再试。", "too_large", 0}
)

// AnswerTo maps an error to HTTP. The text of a *domain.Error is shown; everything else gets the standing text of its kind,
// and what is none of the kinds is an internal fault whose text nobody outside may read.
func AnswerTo(err error) Answer {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return tooLarge
	}
	for _, a := range answers {
		if errors.Is(err, a.kind) {
			return spoken(err, a.Answer)
		}
	}
	return internal
}

func spoken(err error, a Answer) Answer {
	if refusal, ok := errors.AsType[*domain.Error](err); ok {
		a.Text, a.Code = refusal.Text, refusal.Code
	}
	var wait interface{ Wait() time.Duration }
	if a.RetryAfter > 0 && errors.As(err, &wait) && wait.Wait() > 0 {
		a.RetryAfter = wait.Wait()
	}
	return a
}

// FormFault gives the sentence to show above a form that has to be filled in again, and whether err is a refusal of that sort
// (invalid input, or a conflict with a text of its own). Everything else goes back to the caller as it came.
func FormFault(err error) (string, bool) {
	refusal, ok := errors.AsType[*domain.Error](err)
	if ok && (errors.Is(err, domain.ErrInvalid) || errors.Is(err, domain.ErrConflict)) {
		return refusal.Text, true
	}
	return "", false
}
