package main

import (
	"context"
	"errors"
	"fmt"

	"guiyi/domain"
	"guiyi/repository"
)

// parallel is how many customer-service messages are under way at once, on both sides: the program's own default.
const parallel = 16

// wave is one kind of wave that is measured.
type wave struct {
	name  string
	path  string        // the call that carries its messages
	waves []domain.Wave // of the migration; the last one is measured
	speed int           // of the platform's clock
	talk  bool          // the people have written first
}

var openIDWave = wave{
	name: "openid", path: "/cgi-bin/message/mass/send", speed: 60,
	waves: []domain.Wave{
		{Kind: domain.WaveAnnouncement, Channel: domain.ChannelMassAll}, {Kind: domain.WaveFollowUp, Channel: domain.ChannelMassOpenID},
	},
}

var personalWave = wave{
	name: "personal", path: "/cgi-bin/message/custom/send", speed: 1, talk: true,
	waves: []domain.Wave{
		{Kind: domain.WaveAnnouncement, Channel: domain.ChannelMassAll}, {Kind: domain.WavePersonal, Channel: domain.ChannelCustomer},
	},
}

// massBatch is the number of openids in one call: the program's default, and more where the platform's 100 calls a day would
// not do.
func massBatch(size int) int {
	const usual, most, callsADay = 1000, 10_000, 90
	return min(max(usual, (size+callsADay-1)/callsADay), most)
}

// waveContest plays one kind of wave. Every round of every side has a platform of its own, which never saw a message before:
// the monthly limit of each follower and the windows are fresh, and openids and bodies are the same.
type waveContest struct {
	wave
	task
	bodies bodies
}

func prepareWave(w wave) func(context.Context, task) (contest, error) {
	return func(ctx context.Context, t task) (contest, error) {
		b, err := rehearse(ctx, w)
		if err != nil {
			return nil, fmt.Errorf("rehearse: %w", err)
		}
		return &waveContest{wave: w, task: t, bodies: b}, nil
	}
}

func (c *waveContest) close(context.Context) error { return nil }

func (c *waveContest) round(ctx context.Context, who side) (f figures, err error) {
	var address string
	stage, err := start(ctx, rolePlatform, platformScript{Seed: c.seed, People: c.size, Speed: c.speed}, &address)
	if err != nil {
		return figures{}, err
	}
	defer func() { err = errors.Join(err, stage.stop()) }()
	sim := control(address)
	openids, err := sim.followers(ctx)
	if err != nil {
		return figures{}, err
	}
	if c.talk {
		if err := sim.everybodyWrites(ctx, c.size); err != nil {
			return figures{}, err
		}
	}
	work := c.bareRound
	if who == ours {
		work = c.ourRound
	}
	r, err := work(ctx, sim, openids)
	if err != nil {
		return figures{}, err
	}
	return r.figures(c.size), c.verify(ctx, sim)
}

// verify asks the platform whether everybody got the message.
func (c *waveContest) verify(ctx context.Context, sim control) error {
	got, err := sim.accepted(ctx, c.path)
	if !c.talk && err == nil {
		got, err = sim.massReceived(ctx)
	}
	if err == nil && got != c.size {
		err = fmt.Errorf("the platform delivered %d messages to %d people", got, c.size)
	}
	return err
}

func (c *waveContest) ourRound(ctx context.Context, sim control, openids []string) (r reading, err error) {
	db, err := newDatabase(ctx, c.engine)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, db.close(ctx)) }()
	store, err := openStore(ctx, db.dsn, newEnv())
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	if err := c.seedTown(ctx, store, openids); err != nil {
		return r, err
	}
	profile, err := profileFile(c.profile, "wave-"+c.name)
	if err != nil {
		return r, err
	}
	redis, redisAddress, err := redisFor(ctx, c.engine)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, redis.stop()) }()
	var callback string
	worker, err := start(ctx, roleWave, waveScript{
		DSN: db.dsn, Platform: string(sim), Redis: redisAddress, MassBatch: massBatch(c.size), Limit: c.duration, Profile: profile,
	}, &callback)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, worker.stop()) }()
	if err := sim.sendCallbacksTo(ctx, callback); err != nil {
		return r, err
	}
	if err := worker.ask("run", &r); err != nil {
		return r, err
	}
	return r, c.verifyLedger(ctx, store)
}

func (w wave) seedTown(ctx context.Context, store *repository.Store, openids []string) error {
	env := newEnv()
	if err := crowded(ctx, store, env, lastWave(env, append([]domain.Wave(nil), w.waves...)...), openids); err != nil {
		return err
	}
	if !w.talk {
		return nil
	}
	return letters(ctx, store, env, openids)
}

// verifyLedger asks the database whether it was all written down.
func (c *waveContest) verifyLedger(ctx context.Context, store *repository.Store) error {
	counts, err := store.CountRecipients(ctx, migrationID)
	if err == nil && counts[domain.RecipientReached] != c.size {
		err = fmt.Errorf("the ledger knows %v of %d people", counts, c.size)
	}
	return err
}

func (c *waveContest) bareRound(ctx context.Context, sim control, openids []string) (r reading, err error) {
	p, err := start(ctx, roleWaveBare, bareScript{
		Platform: string(sim), Bodies: c.bodies, OpenIDs: openids, MassBatch: massBatch(c.size), Limit: c.duration,
	}, nil)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, p.stop()) }()
	return r, p.ask("run", &r)
}
