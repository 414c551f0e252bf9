package simulator

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

const killedState = "SIMULATOR_STATE_OF_A_PROCESS_TO_BE_KILLED"

// TestProcessToBeKilled is no test of its own: it is the process that the
// tests below start and kill.
func TestProcessToBeKilled(t *testing.T) {
	path := os.Getenv(killedState)
	if path == "" {
		return // started by other tests only
	}
	settings := DefaultSettings()
	settings.PublicURL, settings.MassReview = "http://phones.example", time.Hour // real time: the job is under way when the end comes
	s, err := New(Options{State: path, Now: time.Now, Settings: settings})
	if err != nil {
		t.Fatal(err)
	}
	if !s.Restored() {
		file, err := os.Open("testdata/hamlet.json")
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		if err := s.Load(file); err != nil {
			t.Fatal(err)
		}
	}
	server := httptest.NewServer(s)
	fmt.Println("listening at", server.URL)
	<-t.Context().Done() // never: it is killed
}

// prey is such a process, and what it has answered.
type prey struct {
	t     *testing.T
	cmd   *exec.Cmd
	url   string
	token string
}

func startPrey(t *testing.T, state string) *prey {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestProcessToBeKilled$", "-test.count=1")
	cmd.Env = append(os.Environ(), killedState+"="+state)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &prey{t: t, cmd: cmd}
	lines := bufio.NewScanner(out)
	for p.url == "" && lines.Scan() {
		if _, address, found := strings.Cut(lines.Text(), "listening at "); found {
			p.url = address
		}
	}
	if p.url == "" {
		t.Fatal("the process does not listen")
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
	answer, _ := p.post("/cgi-bin/stable_token", map[string]string{
		"grant_type": "client_credential", "appid": "wx0000000000000001", "secret": "0123456789abcdef0123456789abcdef",
	})
	p.token, _ = answer["access_token"].(string)
	return p
}

// kill is SIGKILL: no defer runs, no buffer is written.
func (p *prey) kill() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
}

// post is one call; false: the process died before it answered.
func (p *prey) post(path string, body any) (reply, bool) {
	text, err := encode(body)
	if err != nil {
		p.t.Error(err)
		return nil, false
	}
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, p.url+path+"?access_token="+url.QueryEscape(p.token), strings.NewReader(string(text)))
	if err != nil {
		p.t.Error(err)
		return nil, false
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, false
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, false
	}
	var out reply
	if json.Unmarshal(data, &out) != nil {
		p.t.Errorf("%s answered %q", path, data)
	}
	return out, true
}

func TestKilledRightAfterTheAnswerToAMassSend(t *testing.T) {
	state := filepath.Join(t.TempDir(), "state")
	p := startPrey(t, state)
	message := map[string]any{
		"filter": map[string]any{"is_to_all": true}, "msgtype": "text",
		"text": map[string]string{"content": "本号迁移公告"}, "clientmsgid": "wave-1",
	}
	sent, _ := p.post("/cgi-bin/message/mass/sendall", message)
	p.kill()
	job, _ := sent["msg_id"].(float64)
	if sent.code() != 0 || job == 0 {
		t.Fatalf("not accepted: %v", sent)
	}

	p = startPrey(t, state)
	found, _ := p.post("/cgi-bin/message/mass/get", map[string]any{"msg_id": job})
	if found["msg_status"] != "SENDING" {
		t.Errorf("the job is %v", found)
	}
	if again, _ := p.post("/cgi-bin/message/mass/sendall", message); again.code() != 45066 && (again.code() != 45065 || again["msg_id"] != job) {
		t.Errorf("a repeat is %v", again)
	}
	p.kill()

	w := raise(t, state) // and the job ends
	w.move(2 * time.Hour)
	w.wantStatus("clinic", int64(job), "SEND_SUCCESS")
	if n := w.got("clinic"); len(n) != 1 || n[0] != 35 {
		t.Errorf("phones %v", n)
	}
}

// Whatever was answered before a kill at any moment is there afterwards, and
// what was not answered happened once or not at all.
func TestKilledAtAnyMoment(t *testing.T) {
	state := filepath.Join(t.TempDir(), "state")
	var mu sync.Mutex
	answered := map[string]bool{} // texts, by whether their sender knows
	for round := range 5 {
		p := startPrey(t, state)
		var senders sync.WaitGroup
		enough := make(chan struct{})
		var once sync.Once
		most := 1 + rand.IntN(200)
		for sender := range 4 {
			senders.Go(func() {
				for n := 0; ; n++ {
					text := fmt.Sprintf("%d-%d-%d", round, sender, n)
					mu.Lock()
					answered[text] = false
					mu.Unlock()
					_, known := p.post("/_sim/people/wang-guiying/write", map[string]string{"account": "clinic", "text": text})
					if !known {
						return
					}
					mu.Lock()
					answered[text] = true
					if len(answered) > (round+1)*most {
						once.Do(func() { close(enough) })
					}
					mu.Unlock()
				}
			})
		}
		<-enough
		p.kill()
		senders.Wait()
	}
	shown := map[string]int{}
	for _, line := range raise(t, state).chatOf("clinic", "wang-guiying") {
		shown[strings.TrimPrefix(line, "text ")]++
	}
	for text, known := range answered {
		if n := shown[text]; n > 1 || known && n == 0 {
			t.Errorf("%q stands there %d times, its sender was told: %t", text, n, known)
		}
		delete(shown, text)
	}
	if len(shown) > 0 {
		t.Errorf("nobody wrote %v", shown)
	}
}
