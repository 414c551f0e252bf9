package domain

// MovedAccount is what residents may read about an old account: when it stops, what moved where, whom to ask.
// It stays readable for ever, also after the account is closed.
type MovedAccount struct {
	Key         string
	Name        string
	KindLabel   string
	HostUnit    string
	Phone       string
	State       MigrationState
	AnnouncedAt Instant
	StopOn      Day
	CancelOn    Day
	Reason      string
	ArchiveAt   string
	OpenNote    string
	DataNote    string
	Entries     []MappedEntry

	TargetName     string
	TargetWeChatID string
	TargetSubject  string
	TargetPhone    string
	QRPNG          string // path of the new account's QR picture; empty when there is none
}
