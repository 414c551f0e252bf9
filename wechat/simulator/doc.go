// Package simulator plays the WeChat platform: one HTTP handler that stands in
// for api.weixin.qq.com, mp.weixin.qq.com and open.weixin.qq.com, keeps the
// state of many accounts and many people, and pushes signed and encrypted
// callbacks to the programs under test.
//
// It imports nothing of this module and shares no code with the client, so the
// two cannot agree on a mistake. What the platform does comes from its public
// pages; a value no page confirms is a field of [Settings].
//
// # Rooms
//
//	simulator.go    New, Load, Handler, Settle, Close: the door for Go programs
//	settings.go     every unconfirmed value, with its default
//	clock.go        the movable clock and the tasks that wait for it
//	world.go        accounts and people
//	relation.go     who follows whom, openids, unionids, sets of receivers
//	phone.go        what each person's phone shows
//	frame.go        one call: count, fault, token, permission, quota, handler, reply
//	endpoints.go    the list of all calls, one line a room
//	errors.go       return codes and their exact texts
//	permission.go   who may call what
//	quota.go        day and minute limits
//	fault.go        injected faults
//	token.go        token, stable_token, allow-list
//	message.go      the tree of a pushed message and its XML form
//	callback.go     where an account's callbacks go, and its verification
//	push.go         delivery of callbacks: workers, retries, chaos
//	reply.go        reading what a callback answered
//	crypto.go       signature and AES frame
//	window.go       the allowances a person's act opens
//	material.go     uploaded images and their addresses
//	draft.go        the draft box; article_body.go cleans, article_page.go shows
//	mass.go         mass-send calls; massjob.go the life of a job
//	custom.go       customer-service messages
//	template.go     template messages and their library
//	changeopenid.go account migration of the platform
//	act.go, tap.go  what people do: follow, scan, write, tap
//	user.go menu.go qrcode.go oauth.go authorize.go openapi.go
//	                the calls of these subjects
//	scenario.go     accounts and people from a JSON file; names.go invents names
//	step.go         what changes the world, in a form that can happen again
//	state.go        the state file; keeper.go writes it
//	saved*.go, restore*.go
//	                the world as plain data, and back
//	control*.go     the control interface under /_sim/
//	phone_page.go   the page that shows residents' phones; its parts in page/
//
// One rule holds it together: everything in the world is guarded by
// Simulator.mu. Handlers of calls, tasks of the clock and the functions that
// record something on a phone run with it held and therefore never wait for
// anything; the network is touched only by push.go, outside the lock.
//
// Another holds the state file together: whatever changes the world does so
// inside Simulator.change, and depends on nothing but the world, the clock of
// that moment and what its step carries.
//
// How to add a call: write a handler in the file of its subject, list it in
// that file's endpoints function, and name that function in endpoints.go.
package simulator
