package domain

// WebIdentity is who stands before an H5 page, as web OAuth (网页授权) of one account tells it.
type WebIdentity struct {
	OpenID   OpenID // towards the account that asked
	UnionID  string // only for scope snsapi_userinfo and accounts bound to an open platform; personal data
	Snapshot bool   // the page runs as a snapshot (快照页): the identity is a fake one and must not be stored
}
