package accounts

import (
	"cmp"
	"context"
	"regexp"
	"strings"
	"unicode/utf8"

	"guiyi/domain"
	"guiyi/repository"
)

var (
	keyShape      = regexp.MustCompile(`^[A-Za-z0-9_-]{1,32}$`)
	appIDShape    = regexp.MustCompile(`^wx[0-9a-f]{16}$`)
	originalShape = regexp.MustCompile(`^gh_[0-9A-Za-z]{12}$`)
	secretShape   = regexp.MustCompile(`^[0-9A-Za-z_-]{8,64}$`) // the platform's have 32 characters
	tokenShape    = regexp.MustCompile(`^[0-9A-Za-z]{3,32}$`)
	aesKeyShape   = regexp.MustCompile(`^[0-9A-Za-z]{43}$`)
)

// Register adds an account with its secrets and gives it back with its id. A key or an appid that is registered already, or a
// second account of the town, is domain.ErrConflict; a value of the wrong shape is domain.ErrInvalid.
func (s *Service) Register(ctx context.Context, actor domain.Actor, a domain.Account, c domain.Credentials) (domain.Account, error) {
	a.Name = strings.TrimSpace(a.Name)
	if err := check(a, c); err != nil {
		return domain.Account{}, err
	}
	now := domain.At(s.env.Now())
	a.ID, a.CreatedAt, a.UpdatedAt = s.env.NewID(), now, now
	err := s.store.InTx(ctx, func(tx *repository.Store) error {
		if err := firstOfItsKind(ctx, tx, a); err != nil {
			return err
		}
		if err := tx.InsertAccount(ctx, a, c); err != nil {
			return err
		}
		return tx.InsertAudit(ctx, domain.AuditEntry{
			At: now, Actor: actor, Action: "account.register", ObjectKind: "account", ObjectID: a.ID,
			Detail: "登记账号“" + a.Name + "”（" + a.Kind.Label() + "）",
		})
	})
	s.forget()
	if err != nil {
		return domain.Account{}, err
	}
	return a, nil
}

// Change corrects what is known of an account and, where c is not empty, replaces its secrets. Its key, role and AppID stay: another
// AppID is another account. plain gives the EncodingAESKey up.
func (s *Service) Change(ctx context.Context, actor domain.Actor, a domain.Account, c domain.Credentials, plain bool) error {
	before, err := s.store.AccountByKey(ctx, a.Key)
	if err != nil {
		return err
	}
	kept, err := s.store.Credentials(ctx, before.ID)
	if err != nil {
		return err
	}
	a.ID, a.Role, a.AppID, a.Name = before.ID, before.Role, before.AppID, strings.TrimSpace(a.Name)
	a.UpdatedAt = max(domain.At(s.env.Now()), before.UpdatedAt+1) // readers notice new secrets by it
	if err := check(a, domain.Credentials{
		AppSecret: cmp.Or(c.AppSecret, kept.AppSecret), CallbackToken: cmp.Or(c.CallbackToken, kept.CallbackToken), EncodingAESKey: c.EncodingAESKey,
	}); err != nil {
		return err
	}
	detail := "修改账号“" + a.Name + "”的登记"
	if c != (domain.Credentials{}) || plain {
		detail += "，更换密钥"
	}
	err = s.store.InTx(ctx, func(tx *repository.Store) error {
		if err := tx.UpdateAccount(ctx, a, c, plain); err != nil {
			return err
		}
		return tx.InsertAudit(ctx, domain.AuditEntry{
			At: domain.At(s.env.Now()), Actor: actor, Action: "account.change", ObjectKind: "account", ObjectID: a.ID, Detail: detail,
		})
	})
	s.forget()
	return err
}

// forget makes the next reader look into the database.
func (s *Service) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen = nil
}

// firstOfItsKind refuses in words what the unique indexes would refuse without them.
func firstOfItsKind(ctx context.Context, tx *repository.Store, a domain.Account) error {
	list, err := tx.Accounts(ctx)
	if err != nil {
		return err
	}
	for _, other := range list {
		switch {
		case other.Key == a.Key:
			return domain.Refuse(domain.ErrConflict, "key_taken", "账号代号“"+a.Key+"”已经用过，请换一个")
		case other.AppID == a.AppID:
			return domain.Refuse(domain.ErrConflict, "appid_taken", "这个 AppID 已经登记为“"+other.Name+"”")
		case other.Role == domain.RoleTown && a.Role == domain.RoleTown:
			return domain.Refuse(domain.ErrConflict, "second_town", "镇级账号只能有一个，已经登记的是“"+other.Name+"”")
		}
	}
	return nil
}

func check(a domain.Account, c domain.Credentials) error {
	for _, rule := range []struct {
		broken     bool
		code, text string
	}{
		{!keyShape.MatchString(a.Key) || a.Key == "new", "bad_key", "账号代号只能用字母、数字、- 和 _，最多 32 个，也不能是 new"},
		{a.Role != domain.RoleTown && a.Role != domain.RoleOld, "bad_role", "请选择账号的用途：镇级账号或者待整合的旧号"},
		{!a.Kind.Valid(), "bad_kind", "请选择账号类型：服务号或者公众号（原订阅号）"},
		{a.Name == "" || utf8.RuneCountInString(a.Name) > 30, "bad_name", "请填写账号名称，最多 30 个字"},
		{!appIDShape.MatchString(a.AppID), "bad_appid", "AppID 应当是 wx 加 16 位数字或 a 到 f 的小写字母"},
		{!originalShape.MatchString(a.OriginalID), "bad_original_id", "原始 ID 应当是 gh_ 加 12 位字母或数字"},
		{!secretShape.MatchString(c.AppSecret.Reveal()), "bad_secret", "AppSecret 不对：请从微信开发者平台完整复制"},
		{!tokenShape.MatchString(c.CallbackToken.Reveal()), "bad_token", "令牌（Token）应当是 3 到 32 位字母或数字"},
		{c.Encrypted() && !aesKeyShape.MatchString(c.EncodingAESKey.Reveal()), "bad_aes_key", "消息加解密密钥应当是 43 位字母或数字"},
		{len(a.WeChatID) > 64 || len(a.Phone) > 64 || len(a.Subject) > 128 || len(a.HostUnit) > 128, "too_long", "微信号、电话、主体或者主办单位太长了"},
	} {
		if rule.broken {
			return domain.Refuse(domain.ErrInvalid, rule.code, rule.text)
		}
	}
	if _, err := domain.ParseDay(string(a.VerifiedUntil)); err != nil {
		return err
	}
	_, err := domain.ParseDay(string(a.LastPublished))
	return err
}
