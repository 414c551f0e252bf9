// Package wechat is the wire to the WeChat platform: every call out (Gateway) and the sealed envelopes that come in (Codec).
// It is the only user of the WeChat SDK and the owner of its globals. It keeps nothing but tokens, budgets and nonces, in Redis.
//
//	gateway.go    Options, New, one handle per account
//	transport.go  one request: address, token, limits, typed errors, the guarded second try
//	sdk.go        how SDK calls get context, account and token, although the SDK has one HTTP client for all
//	token.go      access tokens by stable_token, shared by all processes
//	budget.go     how often an account may call, shared by all processes
//	errcode.go    the one table: errcode → what to do
//	shared.go     Redis, and life without it; nonce.go remembers callback nonces
//	follower.go menu.go material.go mass.go custom.go qrcode.go web.go   the calls
//	callback.go   verify, open and seal callbacks; frame.go the AES frame, document.go their XML
//
// What the platform's numbers mean for followers, waves and people is decided elsewhere (service/…). Every error of a Gateway
// method is a *domain.PlatformError.
package wechat
