package domain

// AccountKind is the platform's kind of account; it decides which calls the account may make.
type AccountKind string

// Kinds of account. "subscription" is what the platform calls 公众号 since 2025 (formerly 订阅号).
const (
	AccountSubscription AccountKind = "subscription" // 公众号（原订阅号）
	AccountService      AccountKind = "service"      // 服务号
)

// Label is the kind as the desk shows it.
func (k AccountKind) Label() string {
	switch k {
	case AccountSubscription:
		return "公众号（原订阅号）"
	case AccountService:
		return "服务号"
	default:
		return string(k)
	}
}

// Valid tells whether the kind is one we can work with.
func (k AccountKind) Valid() bool { return k == AccountSubscription || k == AccountService }

// AccountRole tells what the account is to us.
type AccountRole string

// Roles of an account.
const (
	RoleTown AccountRole = "town" // the one consolidated account
	RoleOld  AccountRole = "old"  // an account that is merged into it
)

// Account is one WeChat account that this installation can speak for.
type Account struct {
	ID            string // UUIDv7
	Key           string // short name in addresses and commands, e.g. "A3", "town"; [A-Za-z0-9_-]{1,32}
	Role          AccountRole
	Kind          AccountKind
	Name          string // as residents see it: 汀兰卫生院
	WeChatID      string // 微信号, for people who type it
	OriginalID    string // gh_…, ToUserName of callbacks
	AppID         string
	Subject       string // 认证主体
	HostUnit      string // 主办单位
	Phone         string // of the host unit, shown to residents
	VerifiedUntil Day    // verification lapses after this day; empty = not verified
	Followers     int    // as last counted by the platform
	LastPublished Day    // of the newest item, empty when unknown
	CreatedAt     Instant
	UpdatedAt     Instant
}

// MayMassByOpenID tells whether the platform lets this account mass-send to a list of openids:
// verified service accounts only (Batch_Sends page, "订阅号不可用，服务号认证后可用", read 2026-11; unconfirmed for 2026).
func (a Account) MayMassByOpenID() bool { return a.Kind == AccountService }

// Credentials are the secrets of an account in clear text. They are stored encrypted and live in memory only as long as needed.
type Credentials struct {
	AppSecret      Secret
	CallbackToken  Secret
	EncodingAESKey Secret // 43 characters; empty = callbacks come in plain text
}

// Encrypted tells whether callbacks must arrive AES-encrypted; a plain body is then refused.
func (c Credentials) Encrypted() bool { return c.EncodingAESKey != "" }
