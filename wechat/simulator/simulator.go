package simulator

import (
	"context"
	"encoding/json"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Options of a simulator. The zero value works: a fixed seed, the default
// settings, and a clock that stands still at Start until it is moved.
type Options struct {
	Seed     int64            // ids, names and chances depend on it
	Start    time.Time        // first virtual time; zero: that of Now, or 2026-03-02 09:00 Beijing
	Now      func() time.Time // the real clock; nil: the virtual clock stands still
	Log      *slog.Logger     // nil: silent
	Settings Settings         // zero: DefaultSettings
	// State names the file the world is kept in; empty: it is forgotten at the
	// end. A world found there goes on (see Restored), and Seed, Start and
	// Settings are then those of the file, except that a PublicURL given here
	// replaces the old one. One process at a time.
	State string
	// Client sends the callbacks. Nil: a client of its own, without proxy. Its
	// Timeout is not used, Settings.CallbackTimeout is.
	Client *http.Client
}

// Simulator is the platform. It is an http.Handler.
type Simulator struct {
	mu sync.Mutex // guards all below

	world
	clock   *clock
	pcg     *rand.PCG  // under rand
	rand    *rand.Rand // what becomes part of the world
	wire    *rand.Rand // what is seen on the wire alone: nonces, chaos of deliveries
	seed    int64
	set     Settings
	log     *slog.Logger
	seq     int64
	lastID  int64
	pushes  int64
	starts  int64         // times the world was opened
	changed chan struct{} // closed and replaced when a phone shows something new

	accessTokens map[string]*accessToken
	webCodes     map[string]*webCode
	webTokens    map[string]*webToken
	tickets      map[string]*qrCode
	faults       []*fault
	counts       map[countKey]*count
	failed       map[string]failedCall // by rid
	failedOrder  []string              // rids, oldest first
	busy         int                   // deliveries queued or under way
	idle         chan struct{}         // closed and replaced when busy falls to 0

	state    *keeper    // nil: the world is not kept
	replayed *time.Time // while the state file is read: the moment of the step

	endpoints map[string]endpoint
	control   http.Handler
	client    *http.Client
	ctx       context.Context //nolint:containedctx // the life of the workers, ended by Close
	cancel    context.CancelFunc
	work      sync.WaitGroup
}

// New opens an empty world.
func New(o Options) (*Simulator, error) {
	if o.Settings == (Settings{}) {
		o.Settings = DefaultSettings()
	}
	if err := o.Settings.check(); err != nil {
		return nil, err
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Client == nil {
		o.Client = callbackClient()
	}
	if o.Start.IsZero() && o.Now == nil {
		o.Start = time.Date(2026, 3, 2, 9, 0, 0, 0, beijing)
	}
	s := &Simulator{
		world: newWorld(), clock: newClock(o.Start, o.Now), seed: o.Seed, set: o.Settings, log: o.Log, client: o.Client,
		changed:      make(chan struct{}),
		idle:         make(chan struct{}),
		accessTokens: map[string]*accessToken{}, webCodes: map[string]*webCode{}, webTokens: map[string]*webToken{},
		tickets: map[string]*qrCode{}, counts: map[countKey]*count{}, failed: map[string]failedCall{},
		endpoints: map[string]endpoint{},
	}
	for _, e := range allEndpoints() {
		s.endpoints[e.path] = e
	}
	s.control = s.controlHandler()
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.sow()
	if o.State != "" {
		if err := s.openState(o.State, o.Settings.PublicURL); err != nil {
			s.cancel()
			return nil, err
		}
		s.work.Go(func() { s.keep(s.ctx) })
	}
	if o.Now != nil {
		s.work.Go(func() { s.tick(s.ctx) })
	}
	return s, nil
}

// sow begins what becomes part of the world by chance.
func (s *Simulator) sow() {
	seed := uint64(s.seed) //nolint:gosec // any 64 bits are a seed
	s.pcg = rand.NewPCG(seed, seed^0x9e3779b97f4a7c15)
	s.rand = rand.New(s.pcg) //nolint:gosec // repeatable on purpose
	s.sowWire()
}

// sowWire begins the chances of the wire: others with every start, so that no
// nonce comes twice.
func (s *Simulator) sowWire() {
	s.wire = rand.New(rand.NewPCG(uint64(s.seed), uint64(s.starts)+1)) //nolint:gosec // repeatable on purpose
}

// Owns says whether a path belongs to the platform, so that the simulator can
// share one port with the program under test.
func Owns(path string) bool {
	for _, prefix := range []string{"/_sim/", "/cgi-bin/", "/sns/", "/connect/oauth2/", "/s/", "/mmbiz_"} {
		if strings.HasPrefix(path, prefix) {
			return true
		}
	}
	return false
}

// ServeHTTP answers for all hosts of the platform, and for the control
// interface under /_sim/.
func (s *Simulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch path := r.URL.Path; {
	case strings.HasPrefix(path, "/_sim/"):
		s.control.ServeHTTP(w, r)
	case strings.HasPrefix(path, "/s/"):
		s.serveArticle(w, r)
	case strings.HasPrefix(path, "/mmbiz_"):
		s.servePicture(w, r)
	default:
		s.serveCall(w, r)
	}
}

// Close stops the clock, gives up deliveries under way and waits for them.
// With a state file they are delivered after the next start, and calls that
// still arrive are refused with HTTP 503.
func (s *Simulator) Close() {
	s.cancel()
	s.work.Wait()
	s.closeState()
}

// Settle waits until no callback is queued or under way. A delivery that waits
// for its next attempt counts only while a real clock runs; otherwise it waits
// for Move.
func (s *Simulator) Settle(ctx context.Context) error {
	for {
		s.mu.Lock()
		busy, idle := s.busy, s.idle
		s.mu.Unlock()
		if busy == 0 {
			return nil
		}
		select {
		case <-idle:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// begin and end bracket whatever Settle waits for.
func (s *Simulator) begin() { s.busy++ }

func (s *Simulator) end() {
	s.busy--
	if s.busy == 0 {
		close(s.idle)
		s.idle = make(chan struct{})
	}
}

// encode is JSON the way the platform writes it: Chinese and < > & unescaped.
func encode(v any) ([]byte, error) {
	var buf strings.Builder
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return []byte(strings.TrimSuffix(buf.String(), "\n")), nil
}
