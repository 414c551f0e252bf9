package simulator

import (
	"fmt"
	"os"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"
)

func TestScenarioIsTheSameEveryTime(t *testing.T) {
	one, two := newTown(t), newTown(t)
	other := newTown(t, func(o *Options) { o.Seed = 8 })
	first := one.allFollowers("clinic")
	if got := two.allFollowers("clinic"); strings.Join(first, " ") != strings.Join(got, " ") {
		t.Error("the same file and seed gave other followers")
	}
	if got := other.allFollowers("clinic"); got[0] == first[0] {
		t.Error("another seed gave the same openids")
	}
	for i := range one.people {
		if one.people[i] != two.people[i] {
			t.Fatal("the same file and seed gave other names")
		}
	}
}

func TestIdsLookLikeThePlatforms(t *testing.T) {
	w := newTown(t)
	party := w.byKey["party"]
	for name, try := range map[string]struct{ got, shape string }{
		"appid":    {party.appID, `^wx[0-9a-f]{16}$`},
		"secret":   {party.secret, `^[0-9a-f]{32}$`},
		"original": {party.original, `^gh_[0-9a-f]{12}$`},
		"openid":   {party.followers.all[0].openid.String(), `^o[A-Za-z0-9_-]{27}$`},
		"unionid":  {w.unionID(party, 0), `^o6_[A-Za-z0-9_-]{25}$`},
		"name":     {w.people[10].name, `^\p{Han}{2,3}$`},
	} {
		if !regexp.MustCompile(try.shape).MatchString(try.got) {
			t.Errorf("%s %q", name, try.got)
		}
	}
}

func TestBadScenarioNamesTheField(t *testing.T) {
	account := func(fields string) string {
		return `{"people":{"named":[{"key":"li","name":"李"}],"generated":5},"accounts":[{"key":"a","name":"甲","kind":"service"` + fields + `}]}`
	}
	for name, try := range map[string]struct{ file, want string }{
		"misspelt_field":      {`{"acounts":[]}`, `unknown field "acounts"`},
		"no_kind":             {`{"accounts":[{"key":"a","name":"甲"}]}`, `kind "" must be`},
		"no_name":             {`{"accounts":[{"key":"a","kind":"service"}]}`, "name and key are needed"},
		"odd_key":             {`{"accounts":[{"key":"a b","name":"甲","kind":"service"}]}`, "name and key are needed"},
		"odd_subject":         {account(`,"subject":"town"`), `subject "town" must be`},
		"odd_day":             {account(`,"verified_until":"soon"`), "verified_until"},
		"bad_callback":        {account(`,"callback":{"url":"http://x/","token":"abc"}`), "EncodingAESKey"},
		"bad_menu":            {account(`,"menu":{"button":[]}`), "menu: the platform refuses it with 40016"},
		"too_many_followers":  {account(`,"followers":{"count":6}`), "6 people needed, people.generated gives 5"},
		"more_marks_than_all": {account(`,"followers":{"count":2,"refusing":3}`), "count is smaller"},
		"unknown_resident":    {account(`,"followers":{"count":1,"named":{"following":["wu"]}}`), `nobody has the key "wu"`},
		"resident_twice":      {account(`,"followers":{"count":2,"named":{"following":["li"],"gone":["li"]}}`), `"li" stands there twice`},
		"resident_key_twice":  {`{"people":{"named":[{"key":"a","name":"甲"},{"key":"a","name":"乙"}]}}`, `key "a" is taken`},
		"appid_twice":         {`{"accounts":[{"key":"a","name":"甲","kind":"service","appid":"wx1"},{"key":"b","name":"乙","kind":"service","appid":"wx1"}]}`, "appid wx1 is taken"},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := New(Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if err := s.Load(strings.NewReader(try.file)); err == nil || !strings.Contains(err.Error(), try.want) {
				t.Errorf("got %v", err)
			}
		})
	}
}

const townFile = `{"accounts":[
	{"key":"A1","name":"汀兰党建","kind":"subscription","followers":{"count":812,"refusing":20,"blacklisted":3,"gone":40}},
	{"key":"A2","name":"平安汀兰","kind":"subscription","followers":{"count":3460,"refusing":90,"blacklisted":12,"gone":200}},
	{"key":"A3","name":"汀兰卫生院","kind":"service","followers":{"count":18600,"refusing":400,"blacklisted":25,"gone":900}},
	{"key":"A4","name":"汀兰中心学校","kind":"subscription","followers":{"count":5230,"refusing":100,"blacklisted":8,"gone":300}}]}`

func TestTownOfTheDemoAddsUp(t *testing.T) {
	s, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Load(strings.NewReader(townFile)); err != nil {
		t.Fatal(err)
	}
	sum, several := 0, 0
	of := map[personID]int{}
	for _, a := range s.accounts {
		n := a.followers.counts()
		sum += n.Following
		if n.Following != a.followers.count || n.Reachable != n.Following-n.Refusing-n.Blacklisted {
			t.Errorf("%s: %+v", a.key, n)
		}
		for i := range a.followers.all {
			of[a.followers.all[i].person]++
		}
	}
	for _, n := range of {
		if n > 1 {
			several++
		}
	}
	if sum != 28102 || several < 1000 {
		t.Errorf("%d follows, %d people follow several accounts", sum, several)
	}
	counts := s.byKey["A3"].followers.counts()
	if want := (followerCounts{18600, 18175, 400, 25, 900}); counts != want {
		t.Errorf("A3 has %+v", counts)
	}
}

func BenchmarkLoadTown(b *testing.B) {
	for b.Loop() {
		s, err := New(Options{})
		if err != nil {
			b.Fatal(err)
		}
		if err := s.Load(strings.NewReader(townFile)); err != nil {
			b.Fatal(err)
		}
		s.Close()
	}
}

// A million followers of one account: run it with
// go test -run MillionFollowers with SIMULATOR_MILLION=1.
func TestMillionFollowers(t *testing.T) {
	if os.Getenv("SIMULATOR_MILLION") == "" && os.Getenv("GUIYI_TEST_REQUIRE_ALL") == "" {
		t.Skip("heavy: set SIMULATOR_MILLION=1")
	}
	s, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	file := fmt.Sprintf(`{"accounts":[{"key":"A","name":"甲","kind":"service","followers":{"count":%d}}]}`, 1_000_000)
	if err := s.Load(strings.NewReader(file)); err != nil {
		t.Fatal(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c := &call{Simulator: s, a: s.accounts[0], now: s.clock.now()}
	next, n := "", 0
	for {
		page := c.page(next, c.a.followers.count, following)
		n += page.Count
		if page.Count == 0 {
			break
		}
		next = page.Next
	}
	var memory runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&memory)
	if n != 1_000_000 || memory.HeapAlloc > 1<<30 {
		t.Errorf("%d openids, %d MiB", n, memory.HeapAlloc>>20)
	}
	t.Logf("%d MiB in use", memory.HeapAlloc>>20)
}

// One call must not wait for another account's slow callback: forty callers at
// once while deliveries hang.
func TestCallsDoNotWaitForCallbacks(t *testing.T) {
	release := make(chan struct{})
	w, _ := answering(t, safeMode, func(int, knock) (int, string) { <-release; return 200, "success" })
	w.do(func() {
		for i := range 40 {
			if err := w.write(w.byKey["clinic"], w.person("wang-guiying"), fmt.Sprint(i), ""); err != nil {
				t.Error(err)
			}
		}
	})
	query := w.token("clinic")
	done := make(chan int, 40)
	for range 40 {
		go func() { done <- w.ask("GET", "/cgi-bin/user/get", query, nil).code() }()
	}
	for range 40 {
		select {
		case code := <-done:
			if code != 0 {
				t.Errorf("errcode %d", code)
			}
		case <-time.After(10 * time.Second):
			t.Fatal("a call waits for a callback")
		}
	}
	close(release)
	w.settle()
}
