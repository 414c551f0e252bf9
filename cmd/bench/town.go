package main

import (
	"context"
	"fmt"
	"strconv"

	"guiyi/domain"
	"guiyi/repository"
	"guiyi/service"
)

// Ids of our register; the keys are those of the platform.
const (
	oldAccountID  = "0192f000-0000-7000-8000-00000000000a"
	townAccountID = "0192f000-0000-7000-8000-00000000000b"
	migrationID   = "0192f000-0000-7000-8000-00000000000c"
)

// register stores the two accounts.
func register(ctx context.Context, store *repository.Store, at domain.Instant) error {
	creds := domain.Credentials{AppSecret: appSecret, CallbackToken: callbackToken, EncodingAESKey: callbackKey}
	for _, a := range []domain.Account{
		{ID: oldAccountID, Key: oldKey, Role: domain.RoleOld, Name: "汀兰卫生院", WeChatID: "tinglan_wsy", OriginalID: oldID, AppID: oldAppID},
		{ID: townAccountID, Key: townKey, Role: domain.RoleTown, Name: "汀兰服务", WeChatID: "tinglan_fw", OriginalID: townID, AppID: townAppID},
	} {
		a.Kind, a.Subject, a.HostUnit, a.Phone = domain.AccountService, "汀兰镇人民政府", "汀兰镇卫生院", "0000-6000104"
		a.CreatedAt, a.UpdatedAt = at, at
		if err := store.InsertAccount(ctx, a, creds); err != nil {
			return err
		}
	}
	return nil
}

// crowded is a migration in full swing: everybody is in the frozen ledger and waits for the last of the waves, the ones before
// it are done. The tables are filled directly, because getting there is not what is measured.
func crowded(ctx context.Context, store *repository.Store, env service.Env, waves []domain.Wave, openids []string) error {
	at := domain.At(env.Now())
	if err := register(ctx, store, at); err != nil {
		return err
	}
	today := at.Day()
	err := store.InsertMigration(ctx, domain.Migration{
		ID: migrationID, AccountID: oldAccountID, TargetID: townAccountID, State: domain.MigrationApproved,
		StopOn: today.AddDays(30), CancelOn: today.AddDays(90), Reason: "为方便群众办事，集中提供服务", ArchiveAt: "镇政府网站政务公开栏",
		DataNote: "原账号的关注信息在注销后三十日内删除", OpenNote: "已经预约的号源继续有效", CreatedAt: at, UpdatedAt: at,
	})
	if err != nil {
		return err
	}
	return store.InTx(ctx, func(tx *repository.Store) error {
		if err := tx.ReplaceEntries(ctx, migrationID, oldMenu(env)); err != nil {
			return err
		}
		if err := tx.StartMigration(ctx, migrationID, at); err != nil {
			return err
		}
		if err := tx.MoveMigration(ctx, migrationID, domain.MigrationAnnounced, domain.MigrationNotifying, at); err != nil {
			return err
		}
		if err := tx.AddRecipients(ctx, migrationID, people(openids), at); err != nil {
			return err
		}
		if err := tx.Freeze(ctx, migrationID, len(openids), at); err != nil {
			return err
		}
		return tx.InsertWaves(ctx, waves)
	})
}

func people(openids []string) []domain.OpenID {
	list := make([]domain.OpenID, len(openids))
	for i, o := range openids {
		list[i] = domain.OpenID(o)
	}
	return list
}

// lastWave gives the waves of a migration of which all but the last are done.
func lastWave(env service.Env, kinds ...domain.Wave) []domain.Wave {
	for i := range kinds {
		kinds[i].ID, kinds[i].MigrationID, kinds[i].Number, kinds[i].State = env.NewID(), migrationID, i+1, domain.WaveDone
	}
	kinds[len(kinds)-1].State = domain.WavePlanned
	return kinds
}

// oldMenu is a usual menu of three times three entries, all of them mapped; messages and articles grow with it.
func oldMenu(env service.Env) []domain.MappedEntry {
	parents := []string{"看病打针", "健康管理", "关于我们"}
	names := []string{
		"儿童接种预约", "成人门诊挂号", "检验报告查询", "家庭医生签约", "老年人体检", "慢病随访登记", "科室与医生", "就诊须知", "联系我们",
	}
	list := make([]domain.MappedEntry, len(names))
	for i, name := range names {
		matter := fmt.Sprintf("S%03d", i+20)
		list[i] = domain.MappedEntry{
			ID: env.NewID(), MigrationID: migrationID, Position: i + 1, Parent: parents[i/3], Name: name, Type: "click",
			Target: "K" + strconv.Itoa(i), Kind: domain.ToMatter, Ref: matter, Successor: name, Path: "/services/" + matter,
			Offline: "卫生路8号一楼大厅，0000-6000104", UpdatedAt: domain.At(env.Now()),
		}
	}
	return list
}

// letters stores one message of each person, so that their customer-service windows count as open.
func letters(ctx context.Context, store *repository.Store, env service.Env, openids []string) error {
	const chunk = 1000
	at := domain.At(env.Now())
	for start := 0; start < len(openids); start += chunk {
		part := openids[start:min(start+chunk, len(openids))]
		err := store.InTx(ctx, func(tx *repository.Store) error {
			for i, o := range part {
				in := domain.Inbound{
					AccountID: oldAccountID, OpenID: domain.OpenID(o), Type: "text", Content: "你好", MsgID: strconv.Itoa(start + i + 1),
					CreatedAt: at, Raw: []byte("<xml><Content><![CDATA[你好]]></Content></xml>"),
				}
				if err := tx.InsertInbox(ctx, env.NewID(), in, domain.Reply{}, at); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
