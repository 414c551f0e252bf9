package wechat

import (
	"context"
	"slices"

	offcontext "github.com/silenceper/wechat/v2/officialaccount/context"
	"github.com/silenceper/wechat/v2/officialaccount/user"

	"guiyi/domain"
)

// Followers reads one page of the follower list, at most 10,000, behind next ("" for the first). newNext is empty when nothing
// follows; total is the platform's count at this moment. The order is stable, but new followers may turn up anywhere in it.
func (g *Gateway) Followers(ctx context.Context, accountID, next string) (openids []domain.OpenID, newNext string, total int, err error) {
	a := api{path: "/cgi-bin/user/get", budget: budgetUsers, read: true}
	err = g.sdk(ctx, accountID, a, func(c *offcontext.Context) error {
		page, err := user.NewUser(c).ListUserOpenIDs(next)
		if err != nil {
			return err
		}
		openids, newNext = openIDs(page)
		total = page.Total
		return nil
	})
	return openids, newNext, total, err
}

// maxProfiles is how many people user/info/batchget takes a call (api_batchuserinfo page, read 2026-11).
const maxProfiles = 100

// FollowedAt tells since when people follow the account. Everybody asked for must follow it now: one who has left meanwhile makes
// the platform refuse the hundred they were asked for with (40003).
func (g *Gateway) FollowedAt(ctx context.Context, accountID string, openids []domain.OpenID) (map[domain.OpenID]domain.Instant, error) {
	since := make(map[domain.OpenID]domain.Instant, len(openids))
	a := api{path: "/cgi-bin/user/info/batchget", read: true}
	for part := range slices.Chunk(openids, maxProfiles) {
		var asked user.BatchGetUserInfoParams
		for _, o := range part {
			asked.UserList = append(asked.UserList, user.BatchGetUserListItem{OpenID: o.Reveal()})
		}
		err := g.sdk(ctx, accountID, a, func(c *offcontext.Context) error {
			list, err := user.NewUser(c).BatchGetUserInfo(asked)
			if err != nil {
				return err
			}
			for _, u := range list.UserInfoList {
				since[domain.OpenID(u.OpenID)] = domain.Instant(u.SubscribeTime)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return since, nil
}

// Blacklist reads one page of the people whom the account itself has blocked, behind begin ("" for the first). They stay
// followers in the count, but nothing can be sent to them. The next cursor is empty when nothing follows.
func (g *Gateway) Blacklist(ctx context.Context, accountID, begin string) (openids []domain.OpenID, next string, err error) {
	a := api{path: "/cgi-bin/tags/members/getblacklist", read: true}
	err = g.sdk(ctx, accountID, a, func(c *offcontext.Context) error {
		page, err := user.NewUser(c).GetBlackList(begin)
		if err != nil {
			return err
		}
		openids, next = openIDs(page)
		return nil
	})
	return openids, next, err
}

// openIDs reads a page. The platform names a cursor even when nothing follows; only an empty page is certainly the end, so a
// page without a cursor or without people ends the list.
func openIDs(page *user.OpenidList) (ids []domain.OpenID, next string) {
	ids = make([]domain.OpenID, len(page.Data.OpenIDs))
	for i, id := range page.Data.OpenIDs {
		ids[i] = domain.OpenID(id)
	}
	if len(ids) == 0 {
		return nil, ""
	}
	return ids, page.NextOpenID
}
