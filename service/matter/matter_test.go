package matter_test

import (
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"guiyi/domain"
	"guiyi/repository/repotest"
	"guiyi/service"
	"guiyi/service/matter"
)

// demo is the folder of the demo town's files.
const demo = "../../cmd/guiyi/town"

func env() service.Env {
	return service.Env{Now: func() time.Time { return repotest.Noon }, NewID: repotest.IDs(), Log: slog.New(slog.DiscardHandler)}
}

func town(t *testing.T) *matter.Service {
	t.Helper()
	s := matter.New(env(), repotest.SQLite(t))
	if report, err := s.Import(t.Context(), os.DirFS(demo)); err != nil {
		t.Fatalf("%v\n%v", err, report.Faults)
	}
	return s
}

// changed gives the demo town's files with one text replaced in one of them.
func changed(t *testing.T, file, old, with string) fs.FS {
	t.Helper()
	files := fstest.MapFS{}
	list, err := fs.Glob(os.DirFS(demo), "*.*")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range list {
		body, err := os.ReadFile(demo + "/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if name == file {
			after := strings.Replace(string(body), old, with, 1)
			if after == string(body) {
				t.Fatalf("%s does not hold %q", file, old)
			}
			body = []byte(after)
		}
		files[name] = &fstest.MapFile{Data: body}
	}
	return files
}

func TestImport(t *testing.T) {
	t.Run("brings the whole town", func(t *testing.T) {
		s := matter.New(env(), repotest.SQLite(t))
		r, err := s.Import(t.Context(), os.DirFS(demo))
		if err != nil {
			t.Fatal(err, r.Faults)
		}
		if r.Departments != 10 || r.Matters != 52 || r.Bundles != 6 || r.Topics < 11 || r.Keywords < 15 || r.Unchanged {
			t.Errorf("got %+v", r)
		}
	})
	t.Run("the same files again change nothing", func(t *testing.T) {
		s := town(t)
		r, err := s.Import(t.Context(), os.DirFS(demo))
		if err != nil || !r.Unchanged {
			t.Errorf("got %+v, %v", r, err)
		}
	})
	t.Run("a second import is seen at once", func(t *testing.T) {
		s := town(t)
		if _, err := s.Get(t.Context(), "S014"); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Import(t.Context(), changed(t, "matters.csv", "高龄津贴申请", "高龄津贴")); err != nil {
			t.Fatal(err)
		}
		if m, err := s.Get(t.Context(), "S014"); err != nil || m.Name != "高龄津贴" {
			t.Errorf("got %q, %v", m.Name, err)
		}
	})
	t.Run("columns nobody asked for are left alone", func(t *testing.T) {
		s := matter.New(env(), repotest.SQLite(t))
		if r, err := s.Import(t.Context(), changed(t, "departments.csv", "监督电话\n", "监督电话,本列无用\n")); err == nil {
			t.Errorf("rows shorter than the head were accepted: %+v", r)
		}
		if _, err := s.Import(t.Context(), changed(t, "keywords.csv", "编号", "编号(事项或页面)")); err != nil {
			t.Errorf("a remark in the head: %v", err)
		}
	})
}

func TestImport_names_what_is_wrong(t *testing.T) {
	s := town(t)
	for name, c := range map[string]struct{ file, old, with, want string }{
		"a promise longer than the law allows": {"matters.csv", "自然人,30,22,", "自然人,30,31,", "matters.csv 第10行：S009 承诺办结时限 31 天比法定办结时限 30 天长"},
		"an unknown department":                {"matters.csv", "S002,老年人、残疾人上门帮办代办,999200002000,TESTDEMO00000001015999200002000,D01", "S002,老年人、残疾人上门帮办代办,999200002000,TESTDEMO00000001015999200002000,D99", "matters.csv 第3行：没有编号为“D99”的部门"},
		"a number that is none":                {"matters.csv", "自然人;法人,20,15,0", "自然人;法人,二十,15,0", "matters.csv 第5行：“法定办结时限”应当是不小于0的整数"},
		"a missing column":                     {"matters.csv", "办理形式", "形式", "matters.csv 第1行：缺少“办理形式”这一列"},
		"a matter twice":                       {"matters.csv", "S003,", "S002,", "matters.csv 第4行：id “S002”重复了"},
		"a matter without a guide":             {"details.json", `"id": "S052"`, `"id": "S051"`, "details.json 第53行：事项“S051”出现了两次"},
		"no way without a phone":               {"details.json", `"线下渠道": "直接到大厅导办台取号，或打电话请工作人员登记。"`, `"线下渠道": ""`, "S001 缺少线下渠道"},
		"a misspelt element":                   {"details.json", `"一句话说明"`, `"一句话"`, "details.json 第2行：读不懂"},
		"an unknown situation":                 {"details.json", `["窗口帮办"]`, `["窗口"]`, "details.json 第2行：没有叫“窗口”的主题分类"},
		"a bundle with an unknown matter":      {"bundles.json", `"S030", "S032"`, `"S030", "S932"`, "bundles.json 第2行：没有编号为“S932”的事项"},
		"a topic that leads nowhere":           {"topics.json", `"path": "/query/Q13"}`, `"path": "/query/Q99"}`, "topics.json：没有“/query/Q99”这个页面"},
		"a keyword that leads nowhere":         {"keywords.csv", "/query/Q09", "/query/none", "没有“/query/none”这个页面"},
		"an elder home with too many entries":  {"town.json", `"elder_home": [`, `"elder_home": [{"name":"再来一个","path":"/my"},`, "长辈版首页最多 7 项"},
		"a file cut in half":                   {"bundles.json", `{"id": "B6"`, `{"id": `, "bundles.json 第"},
		"an answer to 是否收费 that is neither":    {"matters.csv", ",0,0,1,否,窗口;网上,R01", ",0,0,1,不知道,窗口;网上,R01", "“是否收费”应当写是或者否，现在是“不知道”"},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := s.Import(t.Context(), changed(t, c.file, c.old, c.with))
			if !errors.Is(err, domain.ErrInvalid) {
				t.Fatalf("accepted: %+v, %v", r, err)
			}
			found := false
			for _, f := range r.Faults {
				found = found || strings.Contains(f.String(), c.want)
			}
			if !found {
				t.Errorf("the report says %v", r.Faults)
			}
			if all, err := s.List(t.Context(), matter.Filter{}); err != nil || len(all) != 52 || all[0].Name != "综合窗口预约取号" {
				t.Errorf("the list in use was touched: %d matters, %v", len(all), err)
			}
		})
	}
	t.Run("a missing file", func(t *testing.T) {
		r, err := matter.New(env(), repotest.SQLite(t)).Import(t.Context(), fstest.MapFS{})
		if !errors.Is(err, domain.ErrInvalid) || len(r.Faults) < 7 {
			t.Errorf("got %v, %v", r.Faults, err)
		}
	})
}

func TestGet(t *testing.T) {
	s := town(t)
	t.Run("takes place and phone from the department", func(t *testing.T) {
		m, err := s.Get(t.Context(), "S046")
		if err != nil {
			t.Fatal(err)
		}
		if m.Place != "便民服务中心9号窗" || m.Phone != "0000-6000107" || m.Supervision != "0000-6000901" || m.Hours == "" {
			t.Errorf("got %+v", m)
		}
	})
	t.Run("keeps a place of its own", func(t *testing.T) {
		m, err := s.Get(t.Context(), "S026")
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(m.Place, "预防接种门诊") || !m.SeparateConsent || !m.ByGuardian || len(m.Materials) != 2 {
			t.Errorf("got %+v", m)
		}
	})
	t.Run("every guide says what people need", func(t *testing.T) {
		all, err := s.List(t.Context(), matter.Filter{})
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range all {
			for element, text := range map[string]string{"办理地点": m.Place, "办理时间": m.Hours, "咨询方式": m.Phone, "监督": m.Supervision, "线下渠道": m.Offline} {
				if text == "" {
					t.Errorf("%s %s has no %s", m.ID, m.Name, element)
				}
			}
			if len(m.Conditions) == 0 || len(m.Steps) < 2 || len(m.Materials) == 0 || len(m.FAQs) == 0 || len(m.Situations) == 0 {
				t.Errorf("%s %s lacks conditions, steps, papers, questions or a situation", m.ID, m.Name)
			}
			if m.Charged == (m.Fee == "") {
				t.Errorf("%s %s: charged %v, fee %q", m.ID, m.Name, m.Charged, m.Fee)
			}
		}
	})
	t.Run("an unknown id is not found", func(t *testing.T) {
		if _, err := s.Get(t.Context(), "S999"); !errors.Is(err, domain.ErrNotFound) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("before the first import people are told to call", func(t *testing.T) {
		if _, err := matter.New(env(), repotest.SQLite(t)).Get(t.Context(), "S001"); !errors.Is(err, domain.ErrUnavailable) {
			t.Errorf("got %v", err)
		}
	})
}

func TestSearch(t *testing.T) {
	s := town(t)
	for question, want := range map[string]string{
		"打针": "S026", "疫苗": "S027", "挂号": "S031", "身份证": "S033", "结婚": "S007", "落户": "S032", "低保": "S009", "社保卡": "S020",
		"医保": "S021", "垃圾": "S045", "路灯": "S046", "体检": "S029", "高龄津贴": "S014", "Ｓ０１４": "S014", "s014": "S014",
		"身份证丢了怎么办": "S033", "给孩子打疫苗": "S026", "老人 补贴": "S014", "报销医药费": "S023", "HPV": "S027", "hpv疫苗": "S027", "盖房子": "S041",
		"退伍军人": "S050", "残疾证": "S012", "房产证过户": "S043",
	} {
		t.Run(question, func(t *testing.T) {
			list, err := s.Search(t.Context(), question)
			if err != nil {
				t.Fatal(err)
			}
			if len(list) == 0 || list[0].ID != want {
				var names []string
				for _, m := range list {
					names = append(names, m.ID+m.Name)
				}
				t.Errorf("want %s first, got %v", want, names)
			}
		})
	}
	for name, question := range map[string]string{
		"nothing": "", "only punctuation": "？？！", "a foreign thing": "quantum chromodynamics", "a thing towns do not do": "火星移民",
	} {
		t.Run(name+" finds nothing", func(t *testing.T) {
			if list, err := s.Search(t.Context(), question); err != nil || len(list) > 0 {
				t.Errorf("got %d, %v", len(list), err)
			}
		})
	}
	t.Run("a very long question is bounded and answered", func(t *testing.T) {
		list, err := s.Search(t.Context(), "身份证"+strings.Repeat(" 身份证", 100_000))
		if err != nil || len(list) == 0 || len(list) > 20 {
			t.Errorf("got %d, %v", len(list), err)
		}
	})
}

func TestKeyword(t *testing.T) {
	s := town(t)
	for text, want := range map[string]string{
		"停电": "/query/Q01", "今天怎么又停水了": "/query/Q01", "打针": "/services/S026 /services/S027", "医保": "/services/S021 /services/S022",
		"补办社保卡": "/services/S020", "上学": "/bundles/B2", "生娃": "/bundles/B1", "台风来了": "/query/Q03", "旧号去哪了": "/moved",
	} {
		t.Run(text, func(t *testing.T) {
			list, ok, err := s.Keyword(t.Context(), text)
			if err != nil {
				t.Fatal(err)
			}
			var paths []string
			for _, d := range list {
				paths = append(paths, d.Path)
			}
			if got := strings.Join(paths, " "); !ok || got != want {
				t.Errorf("got %q, %v", got, ok)
			}
		})
	}
	t.Run("no word", func(t *testing.T) {
		if list, ok, err := s.Keyword(t.Context(), "你好"); ok || err != nil {
			t.Errorf("got %v, %v", list, err)
		}
	})
}

func TestDestination(t *testing.T) {
	s := town(t)
	t.Run("every one of the list is found again and says how to get there without a phone", func(t *testing.T) {
		list, err := s.Destinations(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if len(list) < 52+11+6 {
			t.Errorf("only %d", len(list))
		}
		for _, d := range list {
			got, err := s.Destination(t.Context(), d.Kind, d.Ref)
			if err != nil || got != d || got.Name == "" || got.Path == "" || !strings.Contains(got.Offline, "电话") {
				t.Errorf("%+v: %+v, %v", d, got, err)
			}
		}
	})
	t.Run("an end has no page", func(t *testing.T) {
		d, err := s.Destination(t.Context(), domain.ToEnd, "")
		if err != nil || d.Path != "" || d.Offline == "" {
			t.Errorf("got %+v, %v", d, err)
		}
	})
	for name, c := range map[string]domain.Destination{
		"an unknown matter": {Kind: domain.ToMatter, Ref: "S999"}, "an unknown page": {Kind: domain.ToPage, Ref: "/nowhere"},
		"an unknown kind": {Kind: "else", Ref: "S001"}, "an unknown bundle": {Kind: domain.ToPage, Ref: "/bundles/B9"},
	} {
		t.Run(name+" is refused", func(t *testing.T) {
			if _, err := s.Destination(t.Context(), c.Kind, c.Ref); !errors.Is(err, domain.ErrInvalid) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestMostUsed(t *testing.T) {
	s := town(t)
	first := func() string {
		list, err := s.MostUsed(t.Context(), 6)
		if err != nil || len(list) != 6 {
			t.Fatalf("got %d, %v", len(list), err)
		}
		return list[0].ID
	}
	if id := first(); id != "S026" {
		t.Errorf("before anybody looked: %s", id)
	}
	count := func(n int) {
		for range n {
			if err := s.CountView(t.Context(), "S045"); err != nil {
				t.Fatal(err)
			}
		}
	}
	count(3)
	if id := first(); id != "S026" {
		t.Errorf("three visitors turned the first page upside down: %s", id)
	}
	count(130)
	if id := first(); id != "S045" {
		t.Errorf("after many visitors: %s", id)
	}
}

func TestTopic(t *testing.T) {
	s := town(t)
	topic, err := s.Topic(t.Context(), "/booking")
	if err != nil {
		t.Fatal(err)
	}
	named := 0
	for _, section := range topic.Sections {
		for _, item := range section.Items {
			if item.Name == "" || (item.MatterID != "" && item.Path != "/services/"+item.MatterID) {
				t.Errorf("%s: %+v", section.Title, item)
			}
			named++
		}
	}
	if named < 10 {
		t.Errorf("only %d entries", named)
	}
	hotline, err := s.Topic(t.Context(), "/hotline")
	if err != nil || len(hotline.Sections[2].Items) != 10 {
		t.Errorf("the telephone list of the departments: %+v, %v", hotline, err)
	}
}
