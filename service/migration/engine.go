package migration

import (
	"context"
	"errors"
	"strconv"
	"time"

	"guiyi/domain"
	"guiyi/repository"
)

// advance does one bounded piece of work. Whatever it did is in the database before it returns, so that a process that dies
// at any point is continued by the next one.
func (s *Service) advance(ctx context.Context, m domain.Migration) (step, error) {
	if m.FrozenAt.IsZero() {
		return s.readFollowers(ctx, m)
	}
	waves, err := s.store.Waves(ctx, m.ID)
	if err != nil {
		return step{}, err
	}
	if late, err := s.store.ReportedLate(ctx, m, statusUnconfirmed); err != nil || len(late) > 0 {
		return step{say: "收到迟到的群发结果"}, errors.Join(err, s.settleLate(ctx, m, waves, late))
	}
	for _, w := range waves {
		switch {
		case w.State == domain.WaveDone:
			continue
		case w.State == domain.WavePlanned:
			return s.beginWave(ctx, m, w)
		case w.Channel == domain.ChannelCustomer:
			return s.sendPersonal(ctx, m, w)
		default:
			return s.sendMass(ctx, m, w)
		}
	}
	return step{idle: true, say: "已全部告知，旧账号继续自动回复新入口"}, nil
}

func (s *Service) beginWave(ctx context.Context, m domain.Migration, w domain.Wave) (step, error) {
	if w.Number == 2 {
		if err := s.findLatecomers(ctx, m); err != nil {
			return s.platformTrouble(ctx, m, err)
		}
	}
	var audience int
	var err error
	if w.Channel == domain.ChannelCustomer {
		audience, err = s.store.CountTalkers(ctx, m, w.Number, s.now().Add(-s.opt.Window))
	} else {
		audience, err = s.store.CountSendable(ctx, m.ID, w.Number)
	}
	if err != nil {
		return step{}, err
	}
	return step{say: w.Kind.Label() + "：准备中"}, s.store.BeginWave(ctx, w.ID, audience, s.now())
}

// reasonNoChannel marks people to whom no wave could send: nobody follows up on them but the touch reply.
const reasonNoChannel = "no_channel"

// endWave closes a wave; after the announcement the migration is notifying, and after the last wave nobody waits any more.
func (s *Service) endWave(ctx context.Context, m domain.Migration, w domain.Wave) (step, error) {
	err := s.store.InTx(ctx, func(tx *repository.Store) error {
		if err := tx.EndWave(ctx, w.ID, s.now()); err != nil {
			return err
		}
		if w.Kind == domain.WavePersonal {
			if err := tx.ExcuseRest(ctx, m.ID, reasonNoChannel, s.now()); err != nil {
				return err
			}
		}
		if m.State != domain.MigrationAnnounced {
			return nil
		}
		return tx.MoveMigration(ctx, m.ID, m.State, domain.MigrationNotifying, s.now())
	})
	return step{say: w.Kind.Label() + "：已完成"}, err
}

// Waits that the platform does not name itself.
const (
	waitBusy    = 10 * time.Second // busy, or a quota whose end it does not tell
	waitUnknown = 5 * time.Second  // before asking again what became of a request
)

// codeNoQuota is 45028: the account has sent as many mass messages as it may today or this month.
const codeNoQuota = 45028

// platformTrouble turns a failed call that changed nothing into a wait or a pause.
func (s *Service) platformTrouble(ctx context.Context, m domain.Migration, err error) (step, error) {
	var pe *domain.PlatformError
	if !errors.As(err, &pe) {
		return step{}, err
	}
	switch pe.Remedy {
	case domain.RemedyWait:
		return s.waitForPlatform(pe), nil
	case domain.RemedyUnknown:
		return waitFor(waitUnknown, "平台没有回应，稍后再试"), nil
	default:
		return s.pauseFor(ctx, m, pe)
	}
}

func (s *Service) waitForPlatform(pe *domain.PlatformError) step {
	if pe.Code == codeNoQuota {
		tomorrow := s.now().Day().AddDays(1).Start().Add(time.Minute)
		return waitFor(tomorrow.Sub(s.env.Now()), "群发次数已用完，明天零点后继续")
	}
	if pe.RetryAfter > time.Minute {
		return waitFor(pe.RetryAfter, "平台次数已用完，"+s.now().Add(pe.RetryAfter).String()+" 继续")
	}
	return waitFor(max(pe.RetryAfter, waitBusy/10), "平台忙，稍后继续")
}

// pauseFor stops the migration until a person has mended what the platform complains about.
func (s *Service) pauseFor(ctx context.Context, m domain.Migration, pe *domain.PlatformError) (step, error) {
	why := "平台拒绝（错误码 " + strconv.Itoa(pe.Code) + "）：" + explain(pe.Code)
	return s.pauseWith(ctx, m, why)
}

func (s *Service) pauseWith(ctx context.Context, m domain.Migration, why string) (step, error) {
	return step{idle: true, say: "已暂停"}, s.pauseOn(ctx, s.store, m, why)
}

// pauseOn pauses inside the transaction of the given store, if that is one.
func (s *Service) pauseOn(ctx context.Context, store *repository.Store, m domain.Migration, why string) error {
	return s.auditedOn(ctx, store, domain.System, m.ID, "migration.pause", "自动暂停："+why, func(tx *repository.Store) error {
		return ignoreMoved(tx.Pause(ctx, m.ID, why, s.now()))
	})
}

// explain says in plain words what an operator can do about a code.
func explain(code int) string {
	switch code {
	case 48001:
		return "这个账号没有此项接口权限，请检查微信认证是否过期"
	case 48004, 50002:
		return "接口或账号被平台限制，请登录公众平台查看通知"
	case 48003:
		return "还没有在公众平台同意群发协议"
	case 40164:
		return "服务器地址不在白名单里，请在开发者平台添加"
	case 40013, 40125, 40001:
		return "AppID 或 AppSecret 不对，请核对账号登记"
	default:
		return "请记下错误码，查看批次明细"
	}
}

func ignoreMoved(err error) error {
	if errors.Is(err, domain.ErrConflict) {
		return nil
	}
	return err
}
