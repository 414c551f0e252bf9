package inbox_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"guiyi/domain"
	"guiyi/repository"
	"guiyi/repository/repotest"
	"guiyi/service"
	"guiyi/service/inbox"
)

type observer struct {
	seen []string
	err  error
}

func (o *observer) Observe(_ context.Context, in domain.Inbound) error {
	o.seen = append(o.seen, in.Type+in.Event)
	return o.err
}

type responder struct {
	text  string // "" = not my business
	err   error
	asked int
}

func (r *responder) Respond(context.Context, domain.Inbound) (domain.Reply, bool, error) {
	r.asked++
	return domain.Reply{Text: r.text}, r.text != "", r.err
}

func env() service.Env {
	return service.Env{Now: func() time.Time { return repotest.Noon }, NewID: uuid.NewString, Log: slog.New(slog.DiscardHandler)}
}

func text(msgID, content string) domain.Inbound {
	return domain.Inbound{
		AccountID: "a3", OpenID: "oWang", Type: "text", Content: content, MsgID: msgID, CreatedAt: 100, Raw: []byte("<xml>" + content + "</xml>"),
	}
}

func TestAnswer(t *testing.T) {
	repotest.Each(t, func(t *testing.T, store *repository.Store) {
		watch, shy, polite, late := &observer{}, &responder{}, &responder{text: "您好"}, &responder{text: "never"}
		s := inbox.New(env(), store, []inbox.Observer{watch}, []inbox.Responder{shy, polite, late})
		want := domain.Reply{Text: "您好"}

		got, err := s.Answer(t.Context(), text("1", "预约"))
		if d := cmp.Diff(want, got); err != nil || d != "" {
			t.Fatalf("%v %s", err, d)
		}
		if shy.asked != 1 || late.asked != 0 {
			t.Errorf("asked %d and %d: the first who knows answers", shy.asked, late.asked)
		}

		t.Run("a repeat gets the first answer and nobody is asked again", func(t *testing.T) {
			polite.text = "something else"
			got, err := s.Answer(t.Context(), text("1", "预约"))
			if d := cmp.Diff(want, got); err != nil || d != "" {
				t.Errorf("%v %s", err, d)
			}
			if polite.asked != 1 || len(watch.seen) != 1 {
				t.Errorf("asked %d, watched %v", polite.asked, watch.seen)
			}
		})
		t.Run("the same key in another account is another push", func(t *testing.T) {
			in := text("1", "预约")
			in.AccountID = "a4"
			if got, err := s.Answer(t.Context(), in); err != nil || got.Text != "something else" {
				t.Errorf("got %v, %v", got, err)
			}
		})
		t.Run("two events of one person in one second are two pushes", func(t *testing.T) {
			before, err := store.CountInbox(t.Context(), "a3")
			if err != nil {
				t.Fatal(err)
			}
			for _, event := range []string{"subscribe", "SCAN"} {
				if _, err := s.Answer(t.Context(), domain.Inbound{AccountID: "a3", OpenID: "oWang", Type: "event", Event: event, CreatedAt: 100}); err != nil {
					t.Fatal(err)
				}
			}
			if after, err := store.CountInbox(t.Context(), "a3"); err != nil || after != before+2 {
				t.Errorf("%d pushes became %d, %v", before, after, err)
			}
		})
		t.Run("openids that differ by case are two people", func(t *testing.T) {
			in := domain.Inbound{AccountID: "a3", OpenID: "oWANG", Type: "event", Event: "subscribe", CreatedAt: 100}
			asked := polite.asked
			if _, err := s.Answer(t.Context(), in); err != nil || polite.asked != asked+1 {
				t.Errorf("not taken as new: %v", err)
			}
		})
		t.Run("an event nobody knows is kept, and no answer is sought", func(t *testing.T) {
			asked := polite.asked
			got, err := s.Answer(t.Context(), domain.Inbound{AccountID: "a3", OpenID: "oSys", Type: "event", Event: "tomorrow", CreatedAt: 5})
			if err != nil || !got.Silent() || polite.asked != asked {
				t.Errorf("got %v, %v", got, err)
			}
		})
		t.Run("cards come back as they were", func(t *testing.T) {
			cards := &cardResponder{}
			s := inbox.New(env(), store, nil, []inbox.Responder{cards})
			first, err := s.Answer(t.Context(), text("cards", "x"))
			if err != nil {
				t.Fatal(err)
			}
			again, err := s.Answer(t.Context(), text("cards", "x"))
			if d := cmp.Diff(first, again); err != nil || d != "" || len(again.Cards) != 1 {
				t.Errorf("%v %s", err, d)
			}
		})
	})
}

type cardResponder struct{}

func (cardResponder) Respond(context.Context, domain.Inbound) (domain.Reply, bool, error) {
	return domain.Reply{Cards: []domain.Card{{Title: "办事指南", Description: "一", PictureURL: "p", URL: "u"}}}, true, nil
}

func TestAnswerFails(t *testing.T) {
	broken := errors.New("broken")
	cases := map[string]struct {
		watch observer
		voice responder
	}{
		"when an observer fails": {observer{err: broken}, responder{text: "x"}},
		"when a responder fails": {observer{}, responder{err: broken}},
	}
	for name, c := range cases {
		t.Run(name+" nothing is stored, and the repeat is taken as new", func(t *testing.T) {
			store := repotest.SQLite(t)
			s := inbox.New(env(), store, []inbox.Observer{&c.watch}, []inbox.Responder{&c.voice})
			if _, err := s.Answer(t.Context(), text("1", "x")); !errors.Is(err, broken) {
				t.Fatalf("got %v", err)
			}
			if n, err := store.CountInbox(t.Context(), "a3"); err != nil || n != 0 {
				t.Errorf("%d stored, %v", n, err)
			}
			c.watch.err, c.voice.err, c.voice.text = nil, nil, "now"
			if got, err := s.Answer(t.Context(), text("1", "x")); err != nil || got.Text != "now" {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
}

// gate answers differently each time and holds everybody until all are inside.
type gate struct {
	inside sync.WaitGroup
	n      atomic.Int64
}

func (g *gate) Respond(context.Context, domain.Inbound) (domain.Reply, bool, error) {
	n := g.n.Add(1)
	g.inside.Done()
	g.inside.Wait()
	return domain.Reply{Text: string(rune('a' + n))}, true, nil
}

func TestAnswerRace(t *testing.T) {
	repotest.Each(t, func(t *testing.T, store *repository.Store) {
		const pushes = 10
		g := &gate{}
		g.inside.Add(pushes)
		s := inbox.New(env(), store, nil, []inbox.Responder{g})
		replies := make([]domain.Reply, pushes)
		var all sync.WaitGroup
		for i := range pushes {
			all.Go(func() {
				var err error
				if replies[i], err = s.Answer(t.Context(), text("1", "x")); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		for _, r := range replies {
			if r.Text != replies[0].Text || r.Text == "" {
				t.Fatalf("the same push got two answers: %q and %q", replies[0].Text, r.Text)
			}
		}
		if n, err := store.CountInbox(t.Context(), "a3"); err != nil || n != 1 {
			t.Errorf("%d stored, %v", n, err)
		}
	})
}

// slow waits until it is told to stop.
type slow struct{}

func (slow) Respond(ctx context.Context, _ domain.Inbound) (domain.Reply, bool, error) {
	<-ctx.Done()
	return domain.Reply{}, false, ctx.Err()
}

func TestAnswerTooLate(t *testing.T) {
	store := repotest.SQLite(t)
	s := inbox.New(env(), store, nil, []inbox.Responder{slow{}})
	s.Hurry(time.Millisecond)
	if got, err := s.Answer(t.Context(), text("1", "x")); err != nil || !got.Silent() {
		t.Errorf("got %v, %v", got, err)
	}
	if n, err := store.CountInbox(t.Context(), "a3"); err != nil || n != 1 {
		t.Errorf("%d stored, %v: a message without an answer must be kept", n, err)
	}
}
