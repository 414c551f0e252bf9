package simulator

import (
	"bytes"
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

func templateEndpoints() []endpoint {
	return []endpoint{
		{method: http.MethodPost, path: "/cgi-bin/message/template/send", group: "template", quota: "template", handle: (*call).templateSend},
		{method: http.MethodPost, path: "/cgi-bin/template/api_add_template", group: "template", handle: (*call).addTemplate},
		{method: http.MethodGet, path: "/cgi-bin/template/get_all_private_template", group: "template", handle: (*call).listTemplates},
		{method: http.MethodPost, path: "/cgi-bin/template/del_private_template", group: "template", handle: (*call).deleteTemplate},
	}
}

const (
	mostTemplates = 25
	mostKeywords  = 5
)

// Words of TEMPLATESENDJOBFINISH, blanks as on the page.
const (
	templateSuccess = "success"
	templateBlocked = "failed:user block"
	templateSystem  = "failed: system failed"
)

// templateSpec is a template of one account.
type templateSpec struct {
	ID      string `json:"template_id"`
	Title   string `json:"title"`
	Content string `json:"content"` // lines like 预约时间：{{time2.DATA}}
	Example string `json:"example"`

	Primary string `json:"primary_industry"`
	Deputy  string `json:"deputy_industry"`
}

var templateKey = regexp.MustCompile(`([^\n：:]*)[：:]?\s*\{\{\s*([a-z_]+[0-9]*)\.DATA\s*\}\}`)

// fields are label and key of the template's lines, in their order.
func (t *templateSpec) fields() []contentField {
	var out []contentField
	for _, m := range templateKey.FindAllStringSubmatch(t.Content, -1) {
		out = append(out, contentField{Label: strings.TrimSpace(m[1]), Key: m[2]})
	}
	return out
}

// templates are the template library of one account and its recent use.
type templates struct {
	list   []*templateSpec
	recent map[string]templateSent // by openid and client_msg_id
	equal  map[string][]int64      // by template and text: unix seconds of the last hour
}

type templateSent struct {
	msgID int64
	time  time.Time
}

func (t *templates) find(id string) *templateSpec {
	for _, spec := range t.list {
		if spec.ID == id {
			return spec
		}
	}
	return nil
}

func (t *templates) copies() []templateSpec {
	list := make([]templateSpec, 0, len(t.list))
	for _, spec := range t.list {
		list = append(list, *spec)
	}
	return list
}

// templateMessage is the body of template/send.
type templateMessage struct {
	ToUser      string `json:"touser"`
	TemplateID  string `json:"template_id"`
	URL         string `json:"url"`
	ClientMsgID string `json:"client_msg_id"`
	MiniProgram struct {
		AppID    string `json:"appid"`
		PagePath string `json:"pagepath"`
	} `json:"miniprogram"`
	Data map[string]struct {
		Value templateValue `json:"value"`
	} `json:"data"`
}

// templateValue is a text that callers also write as a number.
type templateValue string

func (v *templateValue) UnmarshalJSON(data []byte) error {
	if !bytes.HasPrefix(data, []byte(`"`)) {
		*v = templateValue(data)
		return nil
	}
	return json.Unmarshal(data, (*string)(v))
}

type templateReply struct {
	okReply
	MsgID int64 `json:"msgid"`
}

// templateSend accepts a message; whether it arrived is told by the event.
func (c *call) templateSend() (any, error) {
	var in templateMessage
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	id, found := c.a.followers.find(in.ToUser)
	if !found {
		return nil, refuse(40003)
	}
	if !c.a.followers.at(id).is(following) {
		return nil, refuse(43004)
	}
	spec := c.a.templates.find(in.TemplateID)
	if spec == nil {
		return nil, refuse(40037)
	}
	if in.MiniProgram.AppID != "" && !slices.Contains(c.a.linkedApps, in.MiniProgram.AppID) {
		return nil, refuse(40013)
	}
	shown, err := c.templateContent(spec, &in)
	if err != nil {
		return nil, err
	}
	guard := in.ToUser + " " + in.ClientMsgID
	if sent, again := c.a.templates.recent[guard]; again && within(c.now, sent.time, c.set.TemplateGuard) {
		return templateReply{ok, sent.msgID}, nil
	}
	if err := c.guardMarketing(&in); err != nil {
		return nil, err
	}
	msgID := c.newID()
	if in.ClientMsgID != "" {
		c.rememberTemplate(guard, msgID)
	}
	e := entry{Kind: kindTemplate, Content: shown, MsgID: msgID, TemplateID: spec.ID, ClientID: in.ClientMsgID}
	c.after(c.templateDelay(), templatePlan{c.a, id, e})
	return templateReply{ok, msgID}, nil
}

func (c *call) rememberTemplate(guard string, msgID int64) {
	t := &c.a.templates
	if t.recent == nil {
		t.recent = map[string]templateSent{}
	}
	if len(t.recent) >= 10_000 {
		for key, sent := range t.recent {
			if !within(c.now, sent.time, c.set.TemplateGuard) {
				delete(t.recent, key)
			}
		}
	}
	t.recent[guard] = templateSent{msgID, c.now}
}

// templateDelay lies between the two settings, mostly near the lower one.
func (s *Simulator) templateDelay() time.Duration {
	x := s.rand.Float64()
	spread := max(s.set.TemplateSlowest-s.set.TemplateFastest, 0)
	return s.set.TemplateFastest + time.Duration(x*x*x*float64(spread))
}

// templatePlan is a message on its way to a phone.
type templatePlan struct {
	account *account
	to      relID
	entry   entry
}

func (p templatePlan) run(s *Simulator) { s.finishTemplate(p.account, p.to, p.entry) }

// finishTemplate puts the message on the phone, or not, and tells the account.
func (s *Simulator) finishTemplate(a *account, id relID, e entry) {
	status := templateSuccess
	switch who := a.followers.at(id); {
	case !who.reachable():
		status = templateBlocked
	case s.chance(s.set.TemplateErrorShare):
		status = templateSystem
	default:
		s.receive(a, id, e)
	}
	s.pushEvent(a, id, "TEMPLATESENDJOBFINISH", number("MsgID", e.MsgID), cdata("Status", status))
}

// guardMarketing counts equal texts: above the limit of an hour a warning,
// above twice the limit the account loses template messages (48004).
func (c *call) guardMarketing(in *templateMessage) error {
	most := c.set.TemplateEqualPerHour
	if most <= 0 {
		return nil
	}
	text, err := encode(in.Data)
	if err != nil {
		return err
	}
	t := &c.a.templates
	if t.equal == nil {
		t.equal = map[string][]int64{}
	}
	key := in.TemplateID + "\x00" + in.URL + "\x00" + string(text)
	hourAgo := c.now.Add(-time.Hour).Unix()
	if len(t.equal) > 10_000 {
		clear(t.equal) // texts that differ are no marketing
	}
	times := append(slices.DeleteFunc(t.equal[key], func(at int64) bool { return at <= hourAgo }), c.now.Unix())
	t.equal[key] = times
	switch n := len(times); {
	case n == most+1:
		c.warn(c.a, "模板消息疑似营销：一小时内发送相同内容超过限额，继续发送将被封禁模板消息能力")
	case n > 2*most:
		c.warn(c.a, "模板消息能力因违规群发被封禁")
		c.a.seized["template"] = true
		return refuse(48004)
	}
	return nil
}

// templateContent checks the values and lays them out in the template's order.
func (c *call) templateContent(spec *templateSpec, in *templateMessage) (*content, error) {
	shown := &content{
		Type: "template", Title: spec.Title, URL: in.URL,
		AppID: in.MiniProgram.AppID, PagePath: in.MiniProgram.PagePath, Fields: spec.fields(),
	}
	for i := range shown.Fields {
		f := &shown.Fields[i]
		f.Value = string(in.Data[f.Key].Value)
		if c.set.TemplateStrict && !fitsParameter(f.Key, f.Value) {
			return nil, refuseText(47003, "argument invalid! data.%s.value invalid", f.Key)
		}
	}
	return shown, nil
}

// parameters are the value rules by key prefix, shared with subscription
// notifications; rows from "amount" on are unconfirmed.
var parameters = map[string]struct {
	most  int // characters
	shape *regexp.Regexp
}{
	"thing":            {20, nil},
	"number":           {32, regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?$`)},
	"letter":           {32, regexp.MustCompile(`^[A-Za-z]+$`)},
	"symbol":           {5, regexp.MustCompile(`^[^\pL\pN\s]+$`)},
	"character_string": {32, regexp.MustCompile(`^[\x21-\x7e]+$`)},
	"time":             {32, regexp.MustCompile(`[0-9]`)},
	"date":             {32, regexp.MustCompile(`[0-9]`)},
	"amount":           {13, regexp.MustCompile(`^[¥￥$]?[0-9]{1,10}(\.[0-9]{1,2})?元?$`)},
	"phone_number":     {17, regexp.MustCompile(`^[0-9+()#*\- ]+$`)},
	"car_number":       {8, nil},
	"name":             {20, regexp.MustCompile(`^(\p{Han}|·){1,10}$|^[A-Za-z ]{1,20}$`)},
	"phrase":           {5, regexp.MustCompile(`^\p{Han}+$`)},
}

// fitsParameter applies the rule of the key's prefix; keys without a known
// prefix (old templates: keyword1) take any text that is not empty.
func fitsParameter(key, value string) bool {
	if value == "" || strings.ContainsAny(value, "\r\n") {
		return false
	}
	rule, found := parameters[strings.TrimRight(key, "0123456789")]
	if !found {
		return true
	}
	return utf8.RuneCountInString(value) <= rule.most && (rule.shape == nil || rule.shape.MatchString(value))
}

// publicTemplates is the small public library api_add_template draws on:
// short id, title and the keywords with the type of each.
var publicTemplates = map[string]struct {
	title    string
	keywords map[string]string
}{
	"46001": {"预约成功通知", map[string]string{"预约事项": "thing", "预约时间": "time", "办理地点": "thing", "预约编号": "character_string", "联系电话": "phone_number", "预约人": "name"}},
	"46002": {"预约提醒", map[string]string{"预约事项": "thing", "预约时间": "time", "办理地点": "thing", "预约编号": "character_string", "温馨提示": "thing"}},
	"46003": {"预约取消通知", map[string]string{"预约事项": "thing", "预约时间": "time", "取消原因": "thing", "预约编号": "character_string", "联系电话": "phone_number"}},
	"46004": {"取号成功通知", map[string]string{"排队号码": "character_string", "办理事项": "thing", "等候人数": "number", "取号时间": "time", "办理地点": "thing"}},
	"46005": {"办件进度通知", map[string]string{"办理事项": "thing", "办件编号": "character_string", "当前状态": "phrase", "更新时间": "time", "办理部门": "thing"}},
	"46006": {"诉求办理结果通知", map[string]string{"诉求编号": "character_string", "诉求内容": "thing", "办理结果": "phrase", "办理部门": "thing", "办结时间": "time"}},
	"46007": {"业务变更通知", map[string]string{"业务名称": "thing", "变更内容": "thing", "变更时间": "time", "联系电话": "phone_number", "温馨提示": "thing"}},
}

// addTemplate takes a template of the public library with some of its keywords.
func (c *call) addTemplate() (any, error) {
	var in struct {
		Short    string   `json:"template_id_short"`
		Keywords []string `json:"keyword_name_list"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	public, found := publicTemplates[in.Short]
	if !found {
		return nil, refuse(40037)
	}
	if len(c.a.templates.list) >= mostTemplates {
		return nil, refuse(45026)
	}
	if len(in.Keywords) == 0 || len(in.Keywords) > mostKeywords {
		return nil, refuse(40097)
	}
	var lines strings.Builder
	for i, word := range in.Keywords {
		prefix, known := public.keywords[word]
		if !known {
			return nil, refuse(40097)
		}
		lines.WriteString(word + "：{{" + prefix + string(rune('1'+i)) + ".DATA}}\n")
	}
	spec := &templateSpec{
		ID: c.randomText(43), Title: public.title, Content: lines.String(),
		Primary: "政府", Deputy: "公共服务",
	}
	c.a.templates.list = append(c.a.templates.list, spec)
	return struct {
		okReply
		TemplateID string `json:"template_id"`
	}{ok, spec.ID}, nil
}

func (c *call) listTemplates() (any, error) {
	return map[string]any{"template_list": c.a.templates.copies()}, nil
}

func (c *call) deleteTemplate() (any, error) {
	var in struct {
		TemplateID string `json:"template_id"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if c.a.templates.find(in.TemplateID) == nil {
		return nil, refuse(40037)
	}
	c.a.templates.list = slices.DeleteFunc(c.a.templates.list, func(t *templateSpec) bool { return t.ID == in.TemplateID })
	return ok, nil
}

// notice is a word of the platform to the account's operator.
type notice struct {
	Time int64  `json:"time"`
	Text string `json:"text"`
}

func (s *Simulator) warn(a *account, text string) {
	a.notices = append(a.notices, notice{s.clock.now().Unix(), text})
}
