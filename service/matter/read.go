package matter

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"guiyi/domain"
	"guiyi/repository"
)

// maxFile bounds one file of an import, in bytes. A county's whole list is well below.
const maxFile = 8 << 20

// reader turns files into a catalogue and collects what is wrong with them.
type reader struct {
	files  fs.FS
	faults []Fault
}

func (r *reader) fault(file string, line int, text string) {
	r.faults = append(r.faults, Fault{File: file, Line: line, Text: text})
}

func (r *reader) catalogue() repository.Catalogue {
	c := repository.Catalogue{Town: r.town(), Departments: r.departments()}
	known := known{departments: map[string]bool{}, matters: map[string]int{}, pages: map[string]bool{}}
	for _, d := range c.Departments {
		known.departments[d.ID] = true
	}
	c.Matters = r.matters(known)
	r.details(c.Matters, known, c.Town)
	for _, p := range standing {
		known.pages[p.path] = true
	}
	c.Bundles = r.bundles(known)
	c.Topics = r.topics(known)
	c.Keywords = r.keywords(known)
	r.references(c, known)
	return c
}

// known is what the files so far have named.
type known struct {
	departments map[string]bool
	matters     map[string]int // index in the list
	pages       map[string]bool
}

func (r *reader) read(name string) []byte {
	f, err := r.files.Open(name)
	if err != nil {
		r.fault(name, 0, "没有这个文件")
		return nil
	}
	defer f.Close()
	body, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	switch {
	case err != nil:
		r.fault(name, 0, "读不出来："+err.Error())
		return nil
	case len(body) > maxFile:
		r.fault(name, 0, "文件太大")
		return nil
	}
	return bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")) // spreadsheets put a byte order mark in front
}

// check notes what a rule of the domain refused.
func (r *reader) check(file string, line int, id string, err error) {
	if refusal, ok := errors.AsType[*domain.Error](err); ok {
		r.fault(file, line, id+" "+refusal.Text)
	}
}

// row is one line of a table, by column.
type row struct {
	line  int
	cells map[string]string
}

func (r row) text(column string) string { return r.cells[column] }

// list cuts a cell at ; of either width.
func (r row) list(column string) []string {
	var list []string
	for part := range strings.FieldsFuncSeq(r.cells[column], func(c rune) bool { return c == ';' || c == '；' }) {
		if part = strings.TrimSpace(part); part != "" && part != "-" {
			list = append(list, part)
		}
	}
	return list
}

// table reads a CSV file. Columns go by the name of the element; what stands in brackets behind it is a remark. Columns nobody
// asked for are left alone, so that a list from the provincial platform can be read as it is.
func (r *reader) table(file string, columns ...string) []row {
	body := r.read(file)
	if body == nil {
		return nil
	}
	c := csv.NewReader(bytes.NewReader(body))
	c.FieldsPerRecord = -1
	head, err := c.Read()
	if err != nil {
		r.fault(file, 1, "没有表头")
		return nil
	}
	for i, h := range head {
		head[i] = strings.TrimSpace(h)
		if cut := strings.IndexAny(head[i], "(（"); cut > 0 {
			head[i] = head[i][:cut]
		}
	}
	if i := slices.IndexFunc(columns, func(want string) bool { return !slices.Contains(head, want) }); i >= 0 {
		r.fault(file, 1, "缺少“"+columns[i]+"”这一列")
		return nil
	}
	var rows []row
	for {
		cells, err := c.Read()
		if errors.Is(err, io.EOF) {
			return rows
		}
		if bad, ok := errors.AsType[*csv.ParseError](err); ok {
			r.fault(file, bad.Line, "引号或分隔符不对")
			return rows
		}
		line, _ := c.FieldPos(0)
		if len(cells) != len(head) {
			r.fault(file, line, fmt.Sprintf("有 %d 格，应当有 %d 格", len(cells), len(head)))
			continue
		}
		one := row{line: line, cells: map[string]string{}}
		for i, h := range head {
			one.cells[h] = strings.TrimSpace(cells[i])
		}
		rows = append(rows, one)
	}
}

// number reads a whole number that is not negative.
func (r *reader) number(file string, one row, column string) int {
	n, err := strconv.Atoi(one.text(column))
	if err != nil || n < 0 {
		r.fault(file, one.line, "“"+column+"”应当是不小于0的整数，现在是“"+one.text(column)+"”")
	}
	return n
}

func (r *reader) departments() []domain.Department {
	const file = "departments.csv"
	var list []domain.Department
	seen := map[string]bool{}
	for _, one := range r.table(file, "id", "名称", "办理地点", "办理时间", "咨询电话", "监督电话") {
		d := domain.Department{
			ID: one.text("id"), Name: one.text("名称"), Place: one.text("办理地点"), Hours: one.text("办理时间"),
			Phone: one.text("咨询电话"), Supervision: one.text("监督电话"),
		}
		switch {
		case d.ID == "" || d.Name == "":
			r.fault(file, one.line, "缺少 id 或名称")
		case seen[d.ID]:
			r.fault(file, one.line, "id “"+d.ID+"”重复了")
		case d.Place == "" || d.Hours == "" || d.Phone == "":
			r.fault(file, one.line, "缺少办理地点、办理时间或咨询电话")
		}
		seen[d.ID] = true
		list = append(list, d)
	}
	return list
}

func (r *reader) matters(known known) []domain.Matter {
	const file = "matters.csv"
	var list []domain.Matter
	for _, one := range r.table(file, "id", "事项名称", "部门", "事项类型", "办件类型", "服务对象", "法定办结时限", "承诺办结时限", "到办事现场次数",
		"是否收费", "办理形式", "申请材料", "办理渠道") {
		m := domain.Matter{
			ID: one.text("id"), Name: one.text("事项名称"), DepartmentID: one.text("部门"), Type: domain.MatterType(one.text("事项类型")),
			BasicCode: one.text("基本编码"), CarryingOutCode: one.text("实施编码"), Handling: one.text("办件类型"),
			Audience: one.list("服务对象"), Ways: one.list("办理形式"), Resource: strings.Trim(one.text("预约资源"), "-"),
			OnlineDepth: one.text("网办深度"), Upper: one.text("办理渠道") == "跳转上级", MobileURL: one.text("移动端办理地址"),
			LegalDays: r.number(file, one, "法定办结时限"), PromisedDays: r.number(file, one, "承诺办结时限"),
			Visits: r.number(file, one, "到办事现场次数"),
		}
		m.Charged, m.Fee = r.charged(file, one)
		for _, paper := range one.list("申请材料") {
			m.Materials = append(m.Materials, materialOf(paper))
		}
		if _, twice := known.matters[m.ID]; twice {
			r.fault(file, one.line, "id “"+m.ID+"”重复了")
		}
		if !known.departments[m.DepartmentID] {
			r.fault(file, one.line, "没有编号为“"+m.DepartmentID+"”的部门")
		}
		r.check(file, one.line, m.ID, m.CheckList())
		known.matters[m.ID] = len(list)
		list = append(list, m)
	}
	return list
}

// charged reads 否, 是 or 是（10元）.
func (r *reader) charged(file string, one row) (yes bool, fee string) {
	text := one.text("是否收费")
	switch {
	case text == "否":
		return false, ""
	case strings.HasPrefix(text, "是"):
		return true, strings.Trim(strings.TrimPrefix(text, "是"), "(（）)")
	default:
		r.fault(file, one.line, "“是否收费”应当写是或者否，现在是“"+text+"”")
		return false, ""
	}
}

// materialOf reads one paper of the short form; a remark in brackets that speaks of shared data means that nobody brings it.
func materialOf(text string) domain.Material {
	name, remark, found := strings.Cut(text, "（")
	if found && strings.Contains(remark, "数据共享") {
		return domain.Material{Name: name, Source: "数据共享", Shared: true}
	}
	return domain.Material{Name: text}
}

// each reads a JSON array record by record, so that a fault can name the line its record begins in.
func each[T any](r *reader, file string, take func(line int, one T)) {
	body := r.read(file)
	if body == nil {
		return
	}
	line := func(offset int64) int { return 1 + bytes.Count(body[:min(int(offset), len(body))], []byte("\n")) }
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.DisallowUnknownFields()
	if t, err := dec.Token(); err != nil || t != json.Delim('[') {
		r.fault(file, 1, "应当是一个 JSON 数组")
		return
	}
	for dec.More() {
		start := dec.InputOffset()
		for int(start) < len(body) && strings.ContainsRune(" \r\n\t,", rune(body[start])) {
			start++
		}
		var one T
		if err := dec.Decode(&one); err != nil {
			r.fault(file, line(start), "读不懂："+err.Error())
			return
		}
		take(line(start), one)
	}
}
