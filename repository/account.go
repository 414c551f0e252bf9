package repository

import (
	"context"
	"fmt"

	"guiyi/domain"
)

// accountRow is the account table. The key column is not called "key" because MySQL reserves the word.
type accountRow struct {
	domain.Account `gorm:"embedded"`
	AccountKey     string
	SecretSealed   string
	TokenSealed    string
	AesKeySealed   string
}

// accountColumns leaves the sealed secrets out: most readers must not even hold them.
const accountColumns = "id, account_key, role, kind, name, wechat_id, original_id, appid, subject, host_unit, phone, " +
	"verified_until, followers, last_published, created_at, updated_at"

func (r accountRow) account() domain.Account {
	a := r.Account
	a.Key = r.AccountKey
	return a
}

func sealPlace(column, id string) string { return "account." + column + ":" + id }

// InsertAccount stores an account with its secrets sealed. A key or an appid that exists is domain.ErrConflict.
func (s *Store) InsertAccount(ctx context.Context, a domain.Account, c domain.Credentials) error {
	return inserted(s.in(ctx).Table("account").Create(map[string]any{
		"id": a.ID, "account_key": a.Key, "role": a.Role, "kind": a.Kind, "name": a.Name, "wechat_id": a.WeChatID,
		"original_id": a.OriginalID, "appid": a.AppID, "subject": a.Subject, "host_unit": a.HostUnit, "phone": a.Phone,
		"verified_until": a.VerifiedUntil, "followers": a.Followers, "last_published": a.LastPublished,
		"secret_sealed":  s.sealer.Seal(sealPlace("secret", a.ID), c.AppSecret.Reveal()),
		"token_sealed":   s.sealer.Seal(sealPlace("token", a.ID), c.CallbackToken.Reveal()),
		"aes_key_sealed": s.sealer.Seal(sealPlace("aes_key", a.ID), c.EncodingAESKey.Reveal()),
		"created_at":     a.CreatedAt, "updated_at": a.UpdatedAt,
	}).Error, "account "+a.Key)
}

// Account finds an account by its id.
func (s *Store) Account(ctx context.Context, id string) (domain.Account, error) {
	var r accountRow
	err := s.in(ctx).Table("account").Select(accountColumns).Where("id = ?", id).Take(&r).Error
	return r.account(), one(err, "account "+id)
}

// AccountByKey finds an account by the short name people use.
func (s *Store) AccountByKey(ctx context.Context, key string) (domain.Account, error) {
	var r accountRow
	err := s.in(ctx).Table("account").Select(accountColumns).Where("account_key = ?", key).Take(&r).Error
	return r.account(), one(err, "account "+key)
}

// Accounts lists all accounts, the town's own first, then by key. There are tens of them, not thousands.
func (s *Store) Accounts(ctx context.Context) ([]domain.Account, error) {
	var rows []accountRow
	err := s.in(ctx).Table("account").Select(accountColumns).Order("role DESC, account_key").Find(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("list accounts: %w", err)
	}
	list := make([]domain.Account, len(rows))
	for i, r := range rows {
		list[i] = r.account()
	}
	return list, nil
}

// Credentials opens the sealed secrets of an account.
func (s *Store) Credentials(ctx context.Context, id string) (domain.Credentials, error) {
	var r accountRow
	err := s.in(ctx).Table("account").Select("id, secret_sealed, token_sealed, aes_key_sealed").Where("id = ?", id).Take(&r).Error
	if err != nil {
		return domain.Credentials{}, one(err, "credentials of account "+id)
	}
	var c domain.Credentials
	for _, f := range []struct {
		column, sealed string
		into           *domain.Secret
	}{
		{"secret", r.SecretSealed, &c.AppSecret},
		{"token", r.TokenSealed, &c.CallbackToken},
		{"aes_key", r.AesKeySealed, &c.EncodingAESKey},
	} {
		plain, err := s.sealer.Open(sealPlace(f.column, id), f.sealed)
		if err != nil {
			return domain.Credentials{}, fmt.Errorf("%s of account %s: %w", f.column, id, err)
		}
		*f.into = domain.Secret(plain)
	}
	return c, nil
}

// UpdateAccount changes what people wrote down about an account. Its key, role and appid stay. Secrets that are empty in c stay, too;
// plain says that the EncodingAESKey is given up, so that callbacks come in plain text.
func (s *Store) UpdateAccount(ctx context.Context, a domain.Account, c domain.Credentials, plain bool) error {
	columns := map[string]any{
		"kind": a.Kind, "name": a.Name, "wechat_id": a.WeChatID, "original_id": a.OriginalID, "subject": a.Subject,
		"host_unit": a.HostUnit, "phone": a.Phone, "verified_until": a.VerifiedUntil, "last_published": a.LastPublished,
		"updated_at": a.UpdatedAt,
	}
	for _, f := range []struct {
		column string
		secret domain.Secret
	}{{"secret", c.AppSecret}, {"token", c.CallbackToken}, {"aes_key", c.EncodingAESKey}} {
		if f.secret != "" {
			columns[f.column+"_sealed"] = s.sealer.Seal(sealPlace(f.column, a.ID), f.secret.Reveal())
		}
	}
	if plain {
		columns["aes_key_sealed"] = ""
	}
	return changed(s.in(ctx).Table("account").Where("id = ?", a.ID).Updates(columns), "account "+a.Key)
}

// SetFollowers notes the follower count that the platform reported.
func (s *Store) SetFollowers(ctx context.Context, id string, n int, at domain.Instant) error {
	return changed(s.in(ctx).Table("account").Where("id = ?", id).
		Updates(map[string]any{"followers": n, "updated_at": at}), "account "+id)
}
