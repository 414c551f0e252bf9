package domain

import (
	"fmt"
	"regexp"
	"slices"
)

// Department is an office of the town (部门).
type Department struct {
	ID          string // D01
	Name        string // 名称
	Place       string // 办理地点
	Hours       string // 办理时间
	Phone       string // 咨询电话
	Supervision string // 监督电话
}

// MatterType is the code of 事项类型 as it stands in live data of the national list.
type MatterType string

// Types of matter. The list has more (征收, 处罚, 奖励, 裁决); unknown codes are kept and shown as they are.
const (
	MatterPermit  MatterType = "01" // 行政许可
	MatterPayment MatterType = "05" // 行政给付
	MatterConfirm MatterType = "07" // 行政确认
	MatterOther   MatterType = "10" // 其他行政权力
	MatterPublic  MatterType = "20" // 公共服务
)

// Label is the type in words.
func (t MatterType) Label() string {
	label, ok := map[MatterType]string{
		MatterPermit: "行政许可", MatterPayment: "行政给付", MatterConfirm: "行政确认", MatterOther: "其他行政权力", MatterPublic: "公共服务",
	}[t]
	if !ok {
		return string(t)
	}
	return label
}

// Matter is one entry of the catalogue (事项): what people need to know to get it done. The comments give the name of the element
// in the national implementation list (实施清单, GB/T 39554.2-2020, as read from a schema built to it, 2026-11).
type Matter struct {
	ID              string // S001, stable in addresses
	DepartmentID    string // 部门
	Name            string // 事项名称
	BasicCode       string // 基本编码, 12 characters
	CarryingOutCode string // 实施编码
	Type            MatterType
	Handling        string   // 办件类型: 即办, 承诺
	Audience        []string // 服务对象: 自然人, 法人
	LegalDays       int      // 法定办结时限 in working days; 0 = the law sets none
	PromisedDays    int      // 承诺办结时限 in working days; 0 = while you wait
	Visits          int      // 到办事现场次数
	VisitReason     string   // 必须到现场原因
	Charged         bool     // 是否收费
	Fee             string   // 收费标准, empty when free
	Ways            []string // 办理形式: 窗口, 网上, 电话, 上门, 快递, 信函
	Resource        string   // 预约资源, e.g. R03; empty when nothing is booked
	OnlineDepth     string   // 网办深度: I to IV
	Upper           bool     // 办理渠道 is 跳转上级: the case itself is handled by the county's platform
	MobileURL       string   // 移动端办理地址, empty when there is none
	Basis           string   // 设定依据
	Conditions      []string // 受理条件
	Steps           []string // 办理流程
	Materials       []Material
	Result          string // 审批结果类型 and how it is handed over
	Place           string // 办理地点
	Hours           string // 办理时间
	Phone           string // 咨询方式
	Supervision     string // 监督投诉方式
	Offline         string // 线下渠道: the way without a phone
	Note            string // 备注
	Sensitive       []string
	SeparateConsent bool   // 单独同意 is needed before sensitive data is taken
	ByGuardian      bool   // 由监护人代约
	KeptFor         string // 保存期限
	FAQs            []FAQ

	Summary    string   // one sentence on top of the guide
	Situations []string // keys of Situation (主题分类)
	Synonyms   []string // words people use for it (别名)
}

// WaysToday lists the ways of handling that work for people now: 网上 counts only where an address leads somewhere, here or on the
// county's platform.
func (m Matter) WaysToday() []string {
	ways := make([]string, 0, len(m.Ways))
	for _, w := range m.Ways {
		if w != "网上" || m.Upper || m.MobileURL != "" {
			ways = append(ways, w)
		}
	}
	return ways
}

// VisitsToday is how often one has to come: the promised number, or once where the promise rests on an online way that does not
// exist yet.
func (m Matter) VisitsToday() int {
	remote := func(way string) bool { return way != "窗口" }
	if m.Visits == 0 && !slices.ContainsFunc(m.WaysToday(), remote) {
		return 1
	}
	return m.Visits
}

// CheckList names what is wrong with the elements of the list itself, or gives nil.
func (m Matter) CheckList() error {
	switch {
	case m.ID == "" || m.Name == "":
		return Refuse(ErrInvalid, "matter_unnamed", "缺少 id 或事项名称")
	case m.LegalDays > 0 && m.PromisedDays > m.LegalDays:
		return Refuse(ErrInvalid, "matter_promise",
			fmt.Sprintf("承诺办结时限 %d 天比法定办结时限 %d 天长", m.PromisedDays, m.LegalDays))
	case m.BasicCode != "" && len(m.BasicCode) != 12:
		return Refuse(ErrInvalid, "matter_code", "基本编码应当是 12 位")
	case len(m.CarryingOutCode) > 36:
		return Refuse(ErrInvalid, "matter_code", "实施编码不能超过 36 位")
	}
	return nil
}

// CheckGuide names what a guide lacks that people need, or gives nil.
func (m Matter) CheckGuide() error {
	switch {
	case m.Summary == "":
		return Refuse(ErrInvalid, "matter_summary", "缺少一句话说明")
	case len(m.Steps) == 0:
		return Refuse(ErrInvalid, "matter_steps", "缺少办理流程")
	case m.Offline == "":
		return Refuse(ErrInvalid, "matter_offline", "缺少线下渠道：每个事项都要写明不用手机怎么办")
	}
	return nil
}

// Material is one paper to bring (申请材料).
type Material struct {
	Name   string // 材料名称
	Form   string // 材料形式: 原件, 电子或原件
	Need   string // 材料必要性
	Source string // 来源渠道
	Copies int    // 份数, 0 = not said
	Shared bool   // 共享免交: the office looks it up itself, nobody brings it
	Hint   string // 填报须知
}

// FAQ is a question people ask about a matter (常见问题).
type FAQ struct{ Question, Answer string }

// Situation is an occasion in life by which people look for matters (主题分类).
type Situation struct {
	Key  string // child
	Name string // 生育带娃
	Mark string // one character that stands for it
	Hint string
}

// Bundle is several matters done in one go (一件事).
type Bundle struct {
	ID        string // B1
	Name      string
	Mark      string
	Summary   string
	MatterIDs []string
	Order     []string // what to do first, second, third
	Papers    []string // all papers of the bundle, once
	Tips      []string
	Contacts  []Contact // places where no matter of the town applies
}

// Contact is something to call, visit or open. Fields that are empty are not shown.
type Contact struct {
	Name     string
	Note     string
	Place    string
	Hours    string
	Phone    string
	MatterID string // takes name and, where empty, note from the matter
	Path     string // of an H5 page
}

// Topic is the page of one menu entry: what people can do today, with which phone and at which counter.
type Topic struct {
	Path     string // /booking
	Name     string
	Mark     string
	Lead     string
	Sections []TopicSection
}

var topicPath = regexp.MustCompile(`^/(booking|my|map-list|message|hotline|notices|query/[A-Za-z0-9]{1,16})$`)

// TopicPath tells whether the residents' door has a route for a topic at this path.
func TopicPath(path string) bool { return topicPath.MatchString(path) }

// TopicSection is one block of a topic.
type TopicSection struct {
	Title       string
	Text        []string
	Steps       []string
	Items       []Contact
	Departments bool // the telephone list of all departments belongs here
}

// Keyword leads a word people write to one place of the catalogue; a word may lead to several.
type Keyword struct {
	Word string
	Kind DestinationKind
	Ref  string
}

// TownProfile is what the pages say about the town itself.
type TownProfile struct {
	Name        string // 汀兰镇
	Parent      string // 云汀县
	RegionCode  string
	AccountName string // 汀兰服务
	WeChatID    string
	Subject     string // 认证主体
	Hall        Contact
	County      Contact // handles what the town only prepares
	Platform    string  // name of the county's platform
	Hotline     string  // 12345
	Supervision string
	Communities []string
	Villages    []string
	MostUsed    []string // ids of matters, before enough people have looked
	Situations  []Situation
	ElderHome   []ElderEntry // at most 7: the eighth leads back
	Emergency   string       // the last line of every text reply
}

// ElderEntry is one large button of the elder home page.
type ElderEntry struct{ Name, Note, Mark, Path string }

// Situation finds a situation by its key.
func (p TownProfile) Situation(key string) (Situation, bool) {
	for _, s := range p.Situations {
		if s.Key == key {
			return s, true
		}
	}
	return Situation{}, false
}
