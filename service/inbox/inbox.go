// Package inbox takes in what the callbacks bring: each push is stored once under its natural key, those who watch hear of it,
// and the first who knows an answer answers. A push that comes again gets its first answer.
//
// Not here: the wire format (wechat), the HTTP door (handler/platform), and what to say (the Responders that cmd hands in).
package inbox

import (
	"context"
	"errors"
	"fmt"
	"time"

	"guiyi/domain"
	"guiyi/repository"
	"guiyi/service"
)

// responderTime is what all responders together may use of the platform's 5 seconds. An answer that is not there by then is
// silence: the person's message is kept, and nobody sees the platform's "temporarily unavailable".
const responderTime = 3 * time.Second

// Observer hears of every push before it is stored. It may hear of the same push twice. An error means that the push is not
// stored and the platform brings it again.
type Observer interface {
	Observe(ctx context.Context, in domain.Inbound) error
}

// Responder may answer a push. false lets the next one try. It must not mind being asked twice about the same push.
type Responder interface {
	Respond(ctx context.Context, in domain.Inbound) (domain.Reply, bool, error)
}

// Service is the inbox.
type Service struct {
	env        service.Env
	store      *repository.Store
	observers  []Observer
	responders []Responder
	patience   time.Duration
}

// New opens the inbox. Responders are asked in this order.
func New(env service.Env, store *repository.Store, observers []Observer, responders []Responder) *Service {
	return &Service{env, store, observers, responders, responderTime}
}

// Answer takes in one push and gives the passive reply. With an error nothing was stored, and the platform should bring the
// push again.
func (s *Service) Answer(ctx context.Context, in domain.Inbound) (domain.Reply, error) {
	first, err := s.store.InboxReply(ctx, in)
	if err == nil || !errors.Is(err, domain.ErrNotFound) {
		return first, err
	}
	for _, o := range s.observers {
		if err := o.Observe(ctx, in); err != nil {
			return domain.Reply{}, fmt.Errorf("observe %s %s: %w", in.Type, in.Event, err)
		}
	}
	reply, err := s.respond(ctx, in)
	if err != nil {
		return domain.Reply{}, err
	}
	err = s.store.InsertInbox(ctx, s.env.NewID(), in, reply, domain.At(s.env.Now()))
	if errors.Is(err, domain.ErrConflict) { // the same push was being answered elsewhere, and that answer came first
		return s.store.InboxReply(ctx, in)
	}
	return reply, err
}

func (s *Service) respond(ctx context.Context, in domain.Inbound) (domain.Reply, error) {
	if !in.Answerable() {
		return domain.Reply{}, nil
	}
	short, cancel := context.WithTimeout(ctx, s.patience)
	defer cancel()
	for _, r := range s.responders {
		reply, ok, err := r.Respond(short, in)
		switch {
		case err != nil && short.Err() != nil && ctx.Err() == nil:
			s.env.Log.Warn("no answer in time, staying silent", "account", in.AccountID, "type", in.Type, "event", in.Event)
			return domain.Reply{}, nil
		case err != nil:
			return domain.Reply{}, fmt.Errorf("respond to %s %s: %w", in.Type, in.Event, err)
		case ok:
			return reply, nil
		}
	}
	return domain.Reply{}, nil
}
