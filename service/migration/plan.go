package migration

import (
	"context"
	"fmt"

	"guiyi/domain"
)

// Plan is what a start would do, without doing it.
type Plan struct {
	View      View
	Followers int  // as the platform counts them now; as last known when it does not answer
	Fresh     bool // counted just now
	Waves     []PlannedWave
	Missed    []string // who will not get a message, and how they are reached all the same
	Lapsed    []string // what remains possible if the account's verification lapses
}

// PlannedWave is one sending act of a plan.
type PlannedWave struct {
	Wave  domain.Wave
	Upper int    // at most this many people; what earlier waves reach is left out when it comes to it
	Calls int    // calls to the platform at most
	Quota string // what it costs of the account's quota, for people
}

// Plan shows which waves would go out, by which channel, to how many people, and who cannot be reached. It asks the platform
// for the present follower count and sends nothing.
func (s *Service) Plan(ctx context.Context, id string) (Plan, error) {
	v, err := s.Get(ctx, id)
	if err != nil {
		return Plan{}, err
	}
	p := Plan{View: v}
	p.Followers, p.Fresh = s.countFollowers(ctx, v.Old)
	for _, w := range plannedWaves(v.Migration.ID, v.Old) {
		p.Waves = append(p.Waves, s.planWave(v.Old, w, p.Followers))
	}
	p.Missed = []string{
		"被旧账号拉黑的人、关闭了消息的人收不到群发：平台只报告人数，不说明是谁。他们在旧账号里点菜单或者发消息时，会收到新入口。",
		"公告发出后才关注的人：关注时自动收到新入口。",
		"“已送达”是平台的统计，不等于已经阅读。",
	}
	p.Lapsed = []string{
		"微信认证过期后，群发、客服消息都会被拒绝（48001），发送会自动暂停，名单和进度不会丢。",
		"被动回复不受影响：居民点菜单、发消息时仍会得到新入口。",
		"还可以在公众平台网站手工群发，公告文字可在“公告预览”里复制。",
	}
	return p, nil
}

func (s *Service) planWave(old domain.Account, w domain.Wave, followers int) PlannedWave {
	p := PlannedWave{Wave: w, Upper: followers, Calls: 1}
	switch w.Channel {
	case domain.ChannelMassAll:
		p.Quota = "占用今天的 1 次群发"
		if old.Kind == domain.AccountService {
			p.Quota = "占用每位关注者本月 4 次群发中的 1 次"
		}
	case domain.ChannelMassOpenID:
		p.Calls = (followers + s.opt.MassBatch - 1) / s.opt.MassBatch
		p.Quota = fmt.Sprintf("只发给确定没有收到的人，每次至多 %d 人；没有这样的人就不发", s.opt.MassBatch)
	default:
		p.Calls = followers
		p.Quota = "只发给前两波没有收到、48 小时内写过消息的人；没有这样的人就不发"
	}
	return p
}
