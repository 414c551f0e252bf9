package main

import (
	"context"
	"errors"
	"fmt"

	"guiyi/cmd/guiyi/town"
	"guiyi/domain"
	"guiyi/service/access"
)

// demoActor is who fills the demo's database.
var demoActor = domain.Actor{ID: "demo", Name: "演示数据"}

// demoLogin is somebody who may log in at the demo's desk.
type demoLogin struct {
	login, name, can string
	roles            []string // ids
}

// demoPassword is the same for everybody and printed at the start: the demo listens on this machine only.
const demoPassword = "tinglan-demo-2026" //nolint:gosec // it opens nothing but the demo

var demoLogins = []demoLogin{
	{"demo", "演示员", "什么都能做，适合一个人试用", []string{"manager", "third_review", "auditor", "admin"}},
	{"manager", "陈经办", "准备和执行整合", []string{"manager"}},
	{"leader", "林审核", "批准整合", []string{"third_review"}},
	{"auditor", "周审计", "查看审计日志", []string{"auditor"}},
}

// seed fills an empty database with the demo town; what is there already stays as it is.
func (a *app) seed(ctx context.Context) error {
	if _, err := a.matters.Import(ctx, town.Catalogue()); err != nil {
		return fmt.Errorf("import the catalogue: %w", err)
	}
	if err := a.seedAccounts(ctx); err != nil {
		return err
	}
	if err := a.menu.Import(ctx, town.Menu()); err != nil {
		return fmt.Errorf("import the menu: %w", err)
	}
	for _, l := range demoLogins {
		_, err := a.access.AddStaff(ctx, demoActor, access.NewStaff{Login: l.login, Name: l.name, Roles: l.roles, Password: demoPassword})
		if err != nil && !errors.Is(err, domain.ErrConflict) {
			return fmt.Errorf("add %s: %w", l.login, err)
		}
	}
	return nil
}

func (a *app) seedAccounts(ctx context.Context) error {
	accounts, err := town.Accounts()
	if err != nil {
		return err
	}
	today := domain.DayOf(a.env.Now())
	for _, t := range accounts {
		_, err := a.accounts.Register(ctx, demoActor, domain.Account{
			Key: t.Key, Role: domain.AccountRole(t.Role), Kind: domain.AccountKind(t.Kind), Name: t.Name, WeChatID: t.WeChatID,
			OriginalID: t.OriginalID, AppID: t.AppID, Subject: t.Subject, HostUnit: t.HostUnit, Phone: t.Phone,
			VerifiedUntil: today.AddDays(300), LastPublished: today.AddDays(-t.IdleDays),
		}, domain.Credentials{
			AppSecret: domain.Secret(t.AppSecret), CallbackToken: domain.Secret(t.CallbackToken),
			EncodingAESKey: domain.Secret(t.EncodingAESKey),
		})
		if err != nil && !errors.Is(err, domain.ErrConflict) {
			return fmt.Errorf("register %s: %w", t.Key, err)
		}
	}
	return nil
}

// preparedAccounts are the old accounts whose migrations the demo has drafted, so that a visitor only has to approve and start.
var preparedAccounts = []string{"A2", "A3"}

// rehearse brings the demo to the moment before the main job: the new menu is published, and the migrations are drafted and
// mapped. It needs the platform, and does nothing that has been done before.
func (a *app) rehearse(ctx context.Context) error {
	if _, err := a.menu.Publish(ctx, demoActor); err != nil {
		return fmt.Errorf("publish the menu: %w", err)
	}
	mappings, err := town.Mappings()
	if err != nil {
		return err
	}
	for _, key := range preparedAccounts {
		m, err := a.migrations.Draft(ctx, demoActor, key)
		if errors.Is(err, domain.ErrConflict) {
			continue
		}
		if err != nil {
			return fmt.Errorf("draft the migration of %s: %w", key, err)
		}
		v, err := a.migrations.Get(ctx, m.ID)
		if err != nil {
			return err
		}
		for _, e := range v.Entries {
			for _, p := range mappings[key] {
				if p.Old != e.Name {
					continue
				}
				if err := a.migrations.Map(ctx, demoActor, m.ID, e.ID, domain.DestinationKind(p.Kind), p.Ref, p.Offline); err != nil {
					return fmt.Errorf("map %s of %s: %w", e.Name, key, err)
				}
			}
		}
	}
	return nil
}
