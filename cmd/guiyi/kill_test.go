package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"

	"guiyi/cmd/guiyi/town"
	"guiyi/config"
	"guiyi/wechat/simulator"
)

// asProgram makes the test binary run the program itself instead of the tests.
const asProgram = "GUIYI_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// stage is a platform, a Redis, a database and our pages, without a worker.
type stage struct {
	t       *testing.T
	app     *app
	sim     *simulator.Simulator
	simURL  string
	environ []string
}

func newStage(t *testing.T, queue config.Redis) *stage {
	t.Helper()
	pages, platform := freeListener(t), freeListener(t)
	s := &stage{t: t, simURL: "http://" + platform.Addr().String(), environ: []string{
		"GUIYI_DATA_DIR=" + t.TempDir(), "GUIYI_REDIS=" + queue.Addr, "GUIYI_REDIS_DB=" + strconv.Itoa(queue.DB), "GUIYI_PUBLIC_URL=http://" + pages.Addr().String(),
		"GUIYI_MIGRATION_LEASE=2s", "GUIYI_CUSTOM_PER_SECOND=1000", "GUIYI_MASS_PER_MINUTE=60", "GUIYI_LOG_LEVEL=warn",
	}}
	s.environ = append(s.environ, "GUIYI_WECHAT_API="+s.simURL, "GUIYI_WECHAT_MP="+s.simURL, "GUIYI_WECHAT_OAUTH="+s.simURL)
	cfg, err := config.Load(s.environ)
	s.must(err)
	env := newEnv(cfg, io.Discard)
	env.Log = slog.New(slog.DiscardHandler)
	store, err := openStore(t.Context(), cfg, env)
	s.must(err)
	_, err = store.Up(t.Context())
	s.must(err)
	s.must(store.Close())
	s.app, err = open(t.Context(), cfg, env)
	s.must(err)
	t.Cleanup(s.app.Close)
	s.must(s.app.seed(t.Context()))
	s.sim, err = openSimulator(cfg, s.simURL, "", town.Scenario(cfg.HTTP.PublicURL))
	s.must(err)
	t.Cleanup(s.sim.Close)
	doors, err := s.app.doors()
	s.must(err)
	s.serve(pages, doors)
	s.serve(platform, s.sim)
	s.must(s.app.rehearse(t.Context()))
	return s
}

func freeListener(t *testing.T) net.Listener {
	t.Helper()
	l, err := listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func (s *stage) serve(l net.Listener, h http.Handler) {
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- serveOn(ctx, l, h) }()
	s.t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			s.t.Error(err)
		}
	})
}

func (s *stage) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// start approves and starts the migration of an old account.
func (s *stage) start(key string) string {
	s.t.Helper()
	v, err := s.app.migrations.Find(s.t.Context(), key)
	s.must(err)
	s.must(s.app.migrations.Approve(s.t.Context(), demoActor, v.Migration.ID, "汀政函〔2026〕8号", "林审核"))
	s.must(s.app.migrations.Start(s.t.Context(), demoActor, v.Migration.ID))
	return v.Migration.ID
}

// worker starts guiyi worker as a process of its own and waits until it is ready.
func (s *stage) worker() *exec.Cmd {
	s.t.Helper()
	cmd := exec.CommandContext(s.t.Context(), os.Args[0], "worker")
	cmd.Env = append([]string{asProgram + "=1", "PATH=" + os.Getenv("PATH")}, s.environ...)
	out, err := cmd.StdoutPipe()
	s.must(err)
	cmd.Stderr = os.Stderr
	s.must(cmd.Start())
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || !strings.Contains(line, "ready") {
		s.t.Fatalf("the worker said %q, %v", line, err)
	}
	return cmd
}

// checkEveryoneOnce reads from the platform what every phone got from an account, and fails unless each reachable follower got exactly one
// announcement and nobody else got any.
func checkEveryoneOnce(t *testing.T, simURL, account string) {
	t.Helper()
	waitForJobs(t, simURL, account)
	got := map[string]int{}
	eachLine(t, simURL+"/_sim/accounts/"+account+"/received?kind=mass&content=0", func(line []byte) {
		var r struct{ OpenID string }
		decode(t, line, &r)
		got[r.OpenID]++
	})
	reachable := 0
	eachLine(t, simURL+"/_sim/accounts/"+account+"/relations", func(line []byte) {
		var r struct {
			OpenID    string
			Reachable bool
		}
		decode(t, line, &r)
		want := 0
		if r.Reachable {
			want = 1
			reachable++
		}
		if got[r.OpenID] != want {
			t.Fatalf("somebody of %s got %d announcements, want %d", account, got[r.OpenID], want)
		}
		delete(got, r.OpenID)
	})
	if reachable == 0 || len(got) > 0 {
		t.Errorf("%d reachable followers, %d strangers got an announcement of %s", reachable, len(got), account)
	}
}

// waitForJobs waits until the account's mass jobs have ended: the finish event comes a moment before the phones show the message.
func waitForJobs(t *testing.T, simURL, account string) {
	t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for range 1200 {
		running := false
		eachLine(t, simURL+"/_sim/accounts/"+account+"/mass", func(line []byte) {
			running = running || strings.Contains(string(line), "SENDING")
		})
		if !running {
			return
		}
		<-tick.C
	}
	t.Fatalf("the jobs of %s did not end", account)
}

// checkSilence fails if anybody got a mass message of the account.
func checkSilence(t *testing.T, simURL, account string) {
	t.Helper()
	eachLine(t, simURL+"/_sim/accounts/"+account+"/received?kind=mass&content=0", func(line []byte) {
		t.Fatalf("a follower of %s got %s", account, line)
	})
}

func decode(t *testing.T, line []byte, into any) {
	t.Helper()
	if err := json.Unmarshal(line, into); err != nil {
		t.Fatalf("%s: %v", line, err)
	}
}

func eachLine(t *testing.T, url string, do func([]byte)) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s", url, resp.Status)
	}
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() {
		do(lines.Bytes())
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
}

// The worker is killed ten times at random moments of one migration. Each reachable follower gets exactly one announcement.
// The platform answers slowly, so that the moments fall into every part of the work.
func TestWorker_killed_at_random_moments(t *testing.T) {
	s := newStage(t, config.Redis{Addr: miniredis.RunT(t).Addr()})
	id := s.start("A3")
	s.control("/_sim/faults", `{"path":"*","account":"A3","kind":"delay","delay_ms":100}`)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	dice := rand.New(rand.NewPCG(seed, 1))
	for kill := range 10 {
		s.must(s.app.store.DropLeases(t.Context())) // the dead worker's lease has run out
		w := s.worker()
		moment := time.Duration(dice.IntN(1500)) * time.Millisecond
		select {
		case <-time.After(moment):
		case <-t.Context().Done():
		}
		s.must(w.Process.Kill())
		_ = w.Wait()
		v, err := s.app.migrations.Get(t.Context(), id)
		s.must(err)
		if v.Tally.Sum() != v.Tally.Total {
			t.Fatalf("after kill %d the counts do not add up: %+v", kill+1, v.Tally)
		}
		t.Logf("kill %2d after %3d ms: %d%% %s", kill+1, moment.Milliseconds(), v.Percent, v.Migration.Engine)
	}
	last := s.worker() // this one has to wait for the lease to run out by itself
	s.waitDone(id)
	s.must(last.Process.Signal(os.Interrupt))
	s.must(last.Wait())
	checkEveryoneOnce(t, s.simURL, "A3")
	for _, other := range []string{"A1", "A2", "A4", "town"} {
		checkSilence(t, s.simURL, other)
	}
	v, err := s.app.migrations.Get(t.Context(), id)
	s.must(err)
	if v.Tally.Unknown != 0 || v.Tally.Pending != 0 || v.Tally.Sending != 0 || v.Tally.Total != 18600 {
		t.Errorf("the ledger says %+v", v.Tally)
	}
}

func (s *stage) control(path, body string) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.simURL+path, strings.NewReader(body))
	s.must(err)
	resp, err := http.DefaultClient.Do(req)
	s.must(err)
	s.must(resp.Body.Close())
	if resp.StatusCode != http.StatusOK {
		s.t.Fatalf("%s: %s", path, resp.Status)
	}
}

// waitDone waits until every wave of the migration is done.
func (s *stage) waitDone(id string) {
	s.t.Helper()
	deadline := time.After(4 * time.Minute)
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		v, err := s.app.migrations.Get(s.t.Context(), id)
		s.must(err)
		if v.Percent == 100 {
			return
		}
		select {
		case <-deadline:
			s.t.Fatalf("not done: %+v %+v", v.Migration, v.Tally)
		case <-tick.C:
		}
	}
}
