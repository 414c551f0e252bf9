// Package migration closes old accounts so that nobody is lost: it prepares the move, tells every follower once where the
// services went, answers everybody who still touches the old account, and keeps the ledger that proves it.
//
// How data flows: the desk or the command line changes a migration (facts, mapping, approval, start) in the database and
// rings the bell; a worker takes the migration under a lease and advances it step by step (engine.go): read the follower list,
// freeze it, then wave by wave fill a batch, send it, settle it. What the platform reports comes in as callbacks (touch.go),
// is stored, and wakes the engine. The queue carries nothing but the doorbell.
//
// Not here: what the platform's calls look like (wechat), how the H5 pages look (handler/citizen).
package migration

import (
	"context"
	"strings"
	"time"

	"guiyi/domain"
	"guiyi/repository"
	"guiyi/service"
)

// Audience reads who follows an account.
type Audience interface {
	Followers(ctx context.Context, accountID, next string) (openids []domain.OpenID, newNext string, total int, err error)
	Blacklist(ctx context.Context, accountID, begin string) (openids []domain.OpenID, next string, err error)
	FollowedAt(ctx context.Context, accountID string, openids []domain.OpenID) (map[domain.OpenID]domain.Instant, error)
}

// Press brings an article and its pictures to an account.
type Press interface {
	UploadArticleImage(ctx context.Context, accountID, name string, png []byte) (url string, err error)
	AddImage(ctx context.Context, accountID, name string, png []byte) (mediaID string, err error)
	AddDraft(ctx context.Context, accountID string, d domain.Draft) (mediaID string, err error)
}

// Sender sends. Every error is a *domain.PlatformError whose Remedy says what it means.
type Sender interface {
	MassSendAll(ctx context.Context, accountID, mediaID, clientMsgID string) (msgID int64, err error)
	MassSendOpenIDs(ctx context.Context, accountID string, to []domain.OpenID, mediaID, clientMsgID string) (msgID int64, err error)
	MassStatus(ctx context.Context, accountID string, msgID int64) (status string, err error)
	SendText(ctx context.Context, accountID string, to domain.OpenID, text string) error
}

// Front reads an old account's menu and makes the code that leads to the new one.
type Front interface {
	Menu(ctx context.Context, accountID string) ([]domain.MenuButton, error)
	CreateSceneQR(ctx context.Context, accountID, scene string) (ticket, url string, err error)
}

// Platform is everything this room asks of WeChat.
type Platform interface {
	Audience
	Press
	Sender
	Front
}

// Catalogue knows where things are in the town's account.
type Catalogue interface {
	Destination(ctx context.Context, kind domain.DestinationKind, ref string) (domain.Destination, error)
	Keyword(ctx context.Context, text string) ([]domain.Destination, bool, error)
}

// Bell tells the workers that a migration has something to do. A lost ring is harmless: Sweep rings again.
type Bell interface {
	Ring(ctx context.Context, migrationID string, turn int) error
}

// Options are the figures of this room. The zero value of each takes the default beside it.
type Options struct {
	BaseURL       string        // of the H5 pages, without a slash at the end
	MinNotice     int           // days between announcement and stop: 30
	MassBatch     int           // openids in one mass/send: 1,000 (2 to 10,000)
	PersonalGroup int           // people between two writes of their fates: 200
	Parallel      int           // customer-service messages under way at once: 16
	ErrorShare    float64       // share of a group that may fail before the wave pauses: 0.05
	Lease         time.Duration // how long a silent worker keeps a migration: 10 s
	Guard         time.Duration // how long the platform remembers a clientmsgid, and we wait for a job's result: 24 h, less an hour to be safe
	PollAfter     time.Duration // how long to wait for a finish event before asking: 30 s
	ConfirmAfter  time.Duration // after this long without counts a job that the platform calls sent stays unconfirmed: 10 min
	Window        time.Duration // customer-service window after a message: 48 h, less an hour to be safe
}

func (o Options) withDefaults() Options {
	o.BaseURL = strings.TrimSuffix(o.BaseURL, "/")
	orInt := func(v *int, d int) {
		if *v == 0 {
			*v = d
		}
	}
	or := func(v *time.Duration, d time.Duration) {
		if *v == 0 {
			*v = d
		}
	}
	orInt(&o.MinNotice, 30)
	orInt(&o.MassBatch, 1000)
	orInt(&o.PersonalGroup, 200)
	orInt(&o.Parallel, 16)
	if o.ErrorShare == 0 {
		o.ErrorShare = 0.05
	}
	or(&o.Lease, 10*time.Second)
	or(&o.Guard, 23*time.Hour)
	or(&o.PollAfter, 30*time.Second)
	or(&o.ConfirmAfter, 10*time.Minute)
	or(&o.Window, 47*time.Hour)
	return o
}

// Service is the room.
type Service struct {
	env       service.Env
	store     *repository.Store
	platform  Platform
	catalogue Catalogue
	bell      Bell
	opt       Options
}

// New opens the room.
func New(env service.Env, store *repository.Store, platform Platform, catalogue Catalogue, bell Bell, opt Options) *Service {
	return &Service{env, store, platform, catalogue, bell, opt.withDefaults()}
}

func (s *Service) now() domain.Instant { return domain.At(s.env.Now()) }

// audited runs change in one transaction together with its line in the audit log, which names the old account.
func (s *Service) audited(ctx context.Context, actor domain.Actor, id, action, detail string, change func(tx *repository.Store) error) error {
	return s.auditedOn(ctx, s.store, actor, id, action, detail, change)
}

// auditedOn is audited inside the transaction of the given store, if that is one.
func (s *Service) auditedOn(ctx context.Context, store *repository.Store, actor domain.Actor, id, action, detail string, change func(tx *repository.Store) error) error {
	return store.InTx(ctx, func(tx *repository.Store) error {
		if err := change(tx); err != nil {
			return err
		}
		m, err := tx.Migration(ctx, id)
		if err != nil {
			return err
		}
		old, err := tx.Account(ctx, m.AccountID)
		if err != nil {
			return err
		}
		return tx.InsertAudit(ctx, domain.AuditEntry{
			At: s.now(), Actor: actor, Action: action, ObjectKind: "migration", ObjectID: id, Detail: "“" + old.Name + "”：" + detail,
		})
	})
}
