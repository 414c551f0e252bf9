package matter

import (
	"encoding/json"
	"strings"

	"guiyi/domain"
	"guiyi/repository"
)

// detail is a record of details.json: the elements of one matter that do not fit a cell, under the standard's names.
type detail struct {
	ID         string   `json:"id"`
	Summary    string   `json:"一句话说明"`
	Situations []string `json:"主题分类"`
	Synonyms   []string `json:"别名"`
	Basis      string   `json:"设定依据"`
	Conditions []string `json:"受理条件"`
	Steps      []string `json:"办理流程"`
	Materials  []struct {
		Name   string `json:"材料名称"`
		Form   string `json:"材料形式"`
		Need   string `json:"材料必要性"`
		Source string `json:"来源渠道"`
		Copies int    `json:"份数"`
		Shared bool   `json:"共享免交"`
		Hint   string `json:"填报须知"`
	} `json:"申请材料"`
	Fee    string `json:"收费标准"`
	Result struct {
		Type     string `json:"类型"`
		Delivery string `json:"送达"`
	} `json:"审批结果"`
	Place           string   `json:"办理地点"`
	Hours           string   `json:"办理时间"`
	Phone           string   `json:"咨询方式"`
	Supervision     string   `json:"监督投诉方式"`
	Offline         string   `json:"线下渠道"`
	Note            string   `json:"备注"`
	VisitReason     string   `json:"必须到现场原因"`
	Sensitive       []string `json:"敏感个人信息"`
	SeparateConsent bool     `json:"单独同意"`
	ByGuardian      bool     `json:"由监护人代约"`
	KeptFor         string   `json:"保存期限"`
	FAQs            []struct {
		Question string `json:"问"`
		Answer   string `json:"答"`
	} `json:"常见问题"`
}

func (r *reader) details(matters []domain.Matter, known known, town domain.TownProfile) {
	const file = "details.json"
	situations := map[string]string{}
	for _, s := range town.Situations {
		situations[s.Name] = s.Key
	}
	seen := map[string]bool{}
	each(r, file, func(line int, d detail) {
		at, ok := known.matters[d.ID]
		switch {
		case !ok:
			r.fault(file, line, "没有编号为“"+d.ID+"”的事项")
			return
		case seen[d.ID]:
			r.fault(file, line, "事项“"+d.ID+"”出现了两次")
		}
		seen[d.ID] = true
		d.into(&matters[at])
		for _, name := range d.Situations {
			key, ok := situations[name]
			if !ok {
				r.fault(file, line, "没有叫“"+name+"”的主题分类")
			}
			matters[at].Situations = append(matters[at].Situations, key)
		}
		r.check(file, line, d.ID, matters[at].CheckGuide())
	})
	for _, m := range matters {
		if !seen[m.ID] {
			r.fault(file, 0, "缺少事项“"+m.ID+" "+m.Name+"”的内容")
		}
	}
}

// into writes what the record says over what the short form said.
func (d detail) into(m *domain.Matter) {
	m.Summary, m.Synonyms, m.Basis, m.Conditions, m.Steps = d.Summary, d.Synonyms, d.Basis, d.Conditions, d.Steps
	m.Place, m.Hours, m.Phone, m.Supervision = d.Place, d.Hours, d.Phone, d.Supervision
	m.Offline, m.Note, m.VisitReason, m.KeptFor = d.Offline, d.Note, d.VisitReason, d.KeptFor
	m.Sensitive, m.SeparateConsent, m.ByGuardian = d.Sensitive, d.SeparateConsent, d.ByGuardian
	m.Fee = or(d.Fee, m.Fee)
	m.Result = strings.Trim(d.Result.Type+"，"+d.Result.Delivery, "，")
	if len(d.Materials) > 0 {
		m.Materials = nil
	}
	for _, p := range d.Materials {
		m.Materials = append(m.Materials, domain.Material(p))
	}
	for _, q := range d.FAQs {
		m.FAQs = append(m.FAQs, domain.FAQ(q))
	}
}

// contact is something to call or visit, as the files write it.
type contact struct {
	Name   string `json:"name"`
	Note   string `json:"note"`
	Place  string `json:"place"`
	Hours  string `json:"hours"`
	Phone  string `json:"phone"`
	Matter string `json:"matter"`
	Path   string `json:"path"`
}

func contactsOf(list []contact) []domain.Contact {
	var out []domain.Contact
	for _, c := range list {
		out = append(out, domain.Contact{
			Name: c.Name, Note: c.Note, Place: c.Place, Hours: c.Hours, Phone: c.Phone, MatterID: c.Matter, Path: c.Path,
		})
	}
	return out
}

func (r *reader) bundles(known known) (list []domain.Bundle) {
	type record struct {
		ID       string    `json:"id"`
		Name     string    `json:"name"`
		Mark     string    `json:"mark"`
		Summary  string    `json:"summary"`
		Matters  []string  `json:"matters"`
		Order    []string  `json:"order"`
		Papers   []string  `json:"papers"`
		Tips     []string  `json:"tips"`
		Contacts []contact `json:"contacts"`
	}
	const file = "bundles.json"
	each(r, file, func(line int, b record) {
		path := bundlePath(b.ID)
		if b.ID == "" || b.Name == "" || known.pages[path] {
			r.fault(file, line, "缺少 id 或名称，或者 id 重复")
		}
		known.pages[path] = true
		for _, id := range b.Matters {
			r.needMatter(file, line, known, id)
		}
		list = append(list, domain.Bundle{
			ID: b.ID, Name: b.Name, Mark: b.Mark, Summary: b.Summary, MatterIDs: b.Matters, Order: b.Order, Papers: b.Papers,
			Tips: b.Tips, Contacts: contactsOf(b.Contacts),
		})
	})
	return list
}

func (r *reader) topics(known known) (list []domain.Topic) {
	type section struct {
		Title       string    `json:"title"`
		Text        []string  `json:"text"`
		Steps       []string  `json:"steps"`
		Items       []contact `json:"items"`
		Departments bool      `json:"departments"`
	}
	type record struct {
		Path     string    `json:"path"`
		Name     string    `json:"name"`
		Mark     string    `json:"mark"`
		Lead     string    `json:"lead"`
		Sections []section `json:"sections"`
	}
	const file = "topics.json"
	each(r, file, func(line int, t record) {
		switch {
		case !domain.TopicPath(t.Path):
			r.fault(file, line, "没有路径为“"+t.Path+"”的页面")
		case known.pages[t.Path]:
			r.fault(file, line, "路径“"+t.Path+"”重复了")
		case t.Name == "" || len(t.Sections) == 0:
			r.fault(file, line, "“"+t.Path+"”缺少名称或内容")
		}
		known.pages[t.Path] = true
		topic := domain.Topic{Path: t.Path, Name: t.Name, Mark: t.Mark, Lead: t.Lead}
		for _, s := range t.Sections {
			for _, item := range s.Items {
				if item.Matter != "" {
					r.needMatter(file, line, known, item.Matter)
				} else if item.Name == "" {
					r.fault(file, line, "“"+s.Title+"”里有一条没有名称")
				}
			}
			topic.Sections = append(topic.Sections, domain.TopicSection{
				Title: s.Title, Text: s.Text, Steps: s.Steps, Items: contactsOf(s.Items), Departments: s.Departments,
			})
		}
		list = append(list, topic)
	})
	return list
}

func (r *reader) keywords(known known) (list []domain.Keyword) {
	const file = "keywords.csv"
	for _, one := range r.table(file, "关键词", "去向", "编号") {
		k := domain.Keyword{Word: one.text("关键词"), Kind: domain.DestinationKind(one.text("去向")), Ref: one.text("编号")}
		switch {
		case fold(k.Word) == "":
			r.fault(file, one.line, "缺少关键词")
		case k.Kind == domain.ToMatter:
			r.needMatter(file, one.line, known, k.Ref)
		case k.Kind == domain.ToPage:
			r.needPage(file, one.line, known, k.Ref)
		default:
			r.fault(file, one.line, "“去向”应当是 matter 或 page")
		}
		list = append(list, k)
	}
	return list
}

func (r *reader) needMatter(file string, line int, known known, id string) {
	if _, ok := known.matters[id]; !ok {
		r.fault(file, line, "没有编号为“"+id+"”的事项")
	}
}

func (r *reader) needPage(file string, line int, known known, path string) {
	id, guide := strings.CutPrefix(path, "/services/")
	if guide {
		r.needMatter(file, line, known, id)
	} else if !known.pages[path] {
		r.fault(file, line, "没有“"+path+"”这个页面")
	}
}

// references checks what may point forwards: links between topics, and what the town names on its first pages.
func (r *reader) references(c repository.Catalogue, known known) {
	for _, t := range c.Topics {
		for _, s := range t.Sections {
			for _, item := range s.Items {
				if item.Path != "" {
					r.needPage("topics.json", 0, known, item.Path)
				}
			}
		}
	}
	for _, id := range c.Town.MostUsed {
		r.needMatter("town.json", 0, known, id)
	}
	for _, e := range c.Town.ElderHome {
		r.needPage("town.json", 0, known, e.Path)
	}
}

// maxElder is how many buttons the elder home page may hold besides the way back (国办公开办函〔2021〕28号: one column, few entries).
const maxElder = 7

func (r *reader) town() domain.TownProfile {
	type place struct {
		Name     string `json:"name"`
		Address  string `json:"address"`
		Hours    string `json:"hours"`
		Note     string `json:"note"`
		Phone    string `json:"phone"`
		Platform string `json:"platform"`
	}
	var t struct {
		Name        string              `json:"name"`
		Parent      string              `json:"parent"`
		RegionCode  string              `json:"region_code"`
		AccountName string              `json:"account_name"`
		WeChatID    string              `json:"account_wechat_id"`
		Subject     string              `json:"account_subject"`
		Hall        place               `json:"hall"`
		County      place               `json:"county"`
		Hotline     string              `json:"hotline"`
		Supervision string              `json:"supervision"`
		Communities []string            `json:"communities"`
		Villages    []string            `json:"villages"`
		MostUsed    []string            `json:"most_used"`
		Situations  []domain.Situation  `json:"situations"`
		ElderHome   []domain.ElderEntry `json:"elder_home"`
		Emergency   string              `json:"emergency"`
	}
	const file = "town.json"
	body := r.read(file)
	if body == nil {
		return domain.TownProfile{}
	}
	if err := json.Unmarshal(body, &t); err != nil {
		r.fault(file, 0, "读不懂："+err.Error())
		return domain.TownProfile{}
	}
	if t.Name == "" || t.AccountName == "" || t.Hall.Phone == "" || t.Hotline == "" || t.Emergency == "" {
		r.fault(file, 0, "缺少 name、account_name、hall.phone、hotline 或 emergency")
	}
	if len(t.ElderHome) > maxElder {
		r.fault(file, 0, "长辈版首页最多 7 项，第 8 项是“回普通版”")
	}
	contact := func(p place) domain.Contact {
		return domain.Contact{Name: p.Name, Place: p.Address, Hours: p.Hours, Note: p.Note, Phone: p.Phone}
	}
	return domain.TownProfile{
		Name: t.Name, Parent: t.Parent, RegionCode: t.RegionCode, AccountName: t.AccountName, WeChatID: t.WeChatID, Subject: t.Subject,
		Hall: contact(t.Hall), County: contact(t.County), Platform: t.County.Platform, Hotline: t.Hotline, Supervision: t.Supervision,
		Communities: t.Communities, Villages: t.Villages, MostUsed: t.MostUsed, Situations: t.Situations, ElderHome: t.ElderHome,
		Emergency: t.Emergency,
	}
}
