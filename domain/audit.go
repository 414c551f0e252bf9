package domain

// Actor is whoever changes something: a member of staff, the command line, or the program itself.
type Actor struct {
	ID   string // staff id, "cli" or "system"
	Name string // as the audit log shows it
}

// System is the actor of what the program does by itself.
var System = Actor{ID: "system", Name: "系统"}

// AuditEntry is one line of the audit log: who did what to which thing. It holds no personal data of residents and no secrets.
type AuditEntry struct {
	Seq        int // its place in the log, from 1 without gaps; 0 until stored
	At         Instant
	Actor      Actor
	Action     string // snake_case verb, e.g. "migration.start"
	ObjectKind string // e.g. "migration"
	ObjectID   string
	Detail     string // Chinese, for people, at most 400 characters
}
