package simulator

import "net/http"

func userEndpoints() []endpoint {
	return []endpoint{
		{method: http.MethodGet, path: "/cgi-bin/user/get", group: "user", quota: "user/get", handle: (*call).followerList},
		{method: http.MethodGet, path: "/cgi-bin/user/info", group: "user", quota: "user/info", handle: (*call).followerInfo},
		{method: http.MethodPost, path: "/cgi-bin/user/info/batchget", group: "user", quota: "user/info", handle: (*call).followerInfos},
		{method: http.MethodPost, path: "/cgi-bin/tags/members/getblacklist", group: "blacklist", quota: "blacklist", handle: (*call).blacklist},
		{method: http.MethodPost, path: "/cgi-bin/tags/members/batchblacklist", group: "blacklist", quota: "blacklist", handle: (*call).addToBlacklist},
		{method: http.MethodPost, path: "/cgi-bin/tags/members/batchunblacklist", group: "blacklist", quota: "blacklist", handle: (*call).takeOffBlacklist},
	}
}

const (
	largestBatchGet  = 100
	largestBlackList = 20
)

type openIDPage struct {
	Total int             `json:"total"`
	Count int             `json:"count"`
	Data  *openIDPageData `json:"data,omitempty"` // absent on an empty page
	Next  string          `json:"next_openid"`
}

type openIDPageData struct {
	OpenID []string `json:"openid"`
}

// followerList is user/get: pages in an order that is stable and not that of
// following, so a new follower may turn up in the middle.
func (c *call) followerList() (any, error) {
	return c.page(c.query.Get("next_openid"), c.a.followers.count, following), nil
}

func (c *call) page(behind string, total int, who standing) openIDPage {
	f := &c.a.followers
	out := openIDPage{Total: total}
	order := f.ordered()
	for _, id := range order[f.after(behind):] {
		if out.Count == c.set.FollowerPage {
			break
		}
		if f.at(id).is(who) {
			if out.Data == nil {
				out.Data = &openIDPageData{}
			}
			out.Data.OpenID = append(out.Data.OpenID, f.at(id).openid.String())
			out.Count++
		}
	}
	if out.Count > 0 {
		out.Next = out.Data.OpenID[out.Count-1]
	}
	return out
}

// followerProfile is user/info. Nickname and picture have been empty since
// the end of 2021.
type followerProfile struct {
	Subscribe      int    `json:"subscribe"`
	OpenID         string `json:"openid"`
	Nickname       string `json:"nickname"`
	Sex            int    `json:"sex"`
	Language       string `json:"language"`
	City           string `json:"city"`
	Province       string `json:"province"`
	Country        string `json:"country"`
	HeadImgURL     string `json:"headimgurl"`
	SubscribeTime  int64  `json:"subscribe_time"`
	UnionID        string `json:"unionid,omitempty"`
	Remark         string `json:"remark"`
	GroupID        int    `json:"groupid"`
	TagIDs         []int  `json:"tagid_list"`
	SubscribeScene string `json:"subscribe_scene"`
	QRScene        int64  `json:"qr_scene"`
	QRSceneStr     string `json:"qr_scene_str"`
}

func (c *call) profile(id relID) any {
	r := c.a.followers.at(id)
	if !r.is(following) {
		return struct {
			Subscribe int    `json:"subscribe"`
			OpenID    string `json:"openid"`
		}{0, r.openid.String()}
	}
	out := followerProfile{
		Subscribe: 1, OpenID: r.openid.String(), Language: "zh_CN", SubscribeTime: r.since,
		UnionID: c.unionID(c.a, r.person), TagIDs: []int{}, SubscribeScene: r.scene.String(),
	}
	out.QRScene, out.QRSceneStr = splitScene(c.a.followers.arrived[id])
	return out
}

func (c *call) followerInfo() (any, error) {
	openid := c.query.Get("openid")
	if openid == "" {
		return nil, refuse(41009)
	}
	id, found := c.a.followers.find(openid)
	if !found {
		return nil, refuse(40003)
	}
	return c.profile(id), nil
}

// followerInfos is user/info/batchget: everybody listed must follow now.
func (c *call) followerInfos() (any, error) {
	var in struct {
		UserList []struct {
			OpenID string `json:"openid"`
		} `json:"user_list"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if len(in.UserList) == 0 || len(in.UserList) > largestBatchGet {
		return nil, refuse(40032)
	}
	list := make([]any, 0, len(in.UserList))
	for _, user := range in.UserList {
		id, found := c.a.followers.find(user.OpenID)
		if !found || !c.a.followers.at(id).is(following) {
			return nil, refuse(40003)
		}
		list = append(list, c.profile(id))
	}
	return map[string]any{"user_info_list": list}, nil
}

func (c *call) blacklist() (any, error) {
	var in struct {
		BeginOpenID string `json:"begin_openid"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	total := 0
	for i := range c.a.followers.all {
		if c.a.followers.all[i].is(blacklisted) {
			total++
		}
	}
	return c.page(in.BeginOpenID, total, blacklisted), nil
}

func (c *call) addToBlacklist() (any, error)   { return c.changeBlacklist(true) }
func (c *call) takeOffBlacklist() (any, error) { return c.changeBlacklist(false) }

func (c *call) changeBlacklist(on bool) (any, error) {
	var in struct {
		OpenIDList []string `json:"openid_list"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if len(in.OpenIDList) == 0 || len(in.OpenIDList) > largestBlackList {
		return nil, refuse(40032)
	}
	ids := make([]relID, 0, len(in.OpenIDList))
	for _, openid := range in.OpenIDList {
		id, found := c.a.followers.find(openid)
		if !found {
			return nil, refuse(40003)
		}
		ids = append(ids, id)
	}
	for _, id := range ids {
		c.a.followers.setMark(id, blacklisted, on)
	}
	return ok, nil
}
