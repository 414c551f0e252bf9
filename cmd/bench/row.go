package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// row is one thing that is measured.
type row struct {
	name string // part/detail; "part" alone on the command line means all of them
	what string // one line for --help
	unit string // what one operation is
	size int    // operations of one side in one round, unless --size says otherwise

	prepare func(ctx context.Context, t task) (contest, error)
}

// rows in the order in which they are shown.
var rows = []row{
	{
		name: "callback", what: "the callback door in safe mode: verify, decrypt, de-duplicate, store, reply", unit: "request", size: 20_000,
		prepare: prepareCallback,
	},
	{
		name: "wave/openid", what: "an openid wave: ledger, batches, settlement", unit: "person", size: 20_000,
		prepare: prepareWave(openIDWave),
	},
	{
		name: "wave/personal", what: "a person-by-person wave of customer-service messages", unit: "message", size: 10_000,
		prepare: prepareWave(personalWave),
	},
}

// chosen finds the rows of the given names; no name means all.
func chosen(names []string) ([]row, error) {
	if len(names) == 0 {
		return rows, nil
	}
	var list []row
	for _, name := range names {
		before := len(list)
		for _, r := range rows {
			if r.name == name || strings.HasPrefix(r.name, name+"/") {
				list = append(list, r)
			}
		}
		if len(list) == before {
			return nil, fmt.Errorf("there is no row %q", name)
		}
	}
	return list, nil
}

// task is what a contest is told.
type task struct {
	size     int
	duration time.Duration // of one side in one round
	engine   string
	seed     int64
	profile  string // folder for CPU profiles of our side; empty: none
}

// side says who works.
type side string

// The two sides of every row.
const (
	ours side = "ours"
	bare side = "bare"
)

// contest is a prepared row.
type contest interface {
	// round lets one side do its operations once. It fails when they were not really done.
	round(ctx context.Context, who side) (figures, error)
	close(ctx context.Context) error
}

// play lets both sides work in turns, so that whatever else the machine does meets both.
func play(ctx context.Context, r row, p plan, progress io.Writer) (rep report, err error) {
	t := task{size: r.size, duration: p.duration, engine: p.engine, seed: p.seed, profile: p.profile}
	if p.size != 0 {
		t.size = p.size
	}
	c, err := r.prepare(ctx, t)
	if err != nil {
		return report{}, err
	}
	defer func() { err = errors.Join(err, c.close(ctx)) }()
	runs := map[side][]figures{}
	for n := 1; n <= p.rounds; n++ {
		for _, who := range []side{ours, bare} {
			f, err := c.round(ctx, who)
			if err != nil {
				return report{}, fmt.Errorf("round %d, %s: %w", n, who, err)
			}
			runs[who] = append(runs[who], f)
			_, _ = fmt.Fprintf(progress, "%s %d/%d %s: %d in %.2f s, %.2f CPU-s\n", r.name, n, p.rounds, who, f.Operations, f.Seconds, f.CPUSeconds)
		}
	}
	return newReport(r, t, runs[ours], runs[bare]), nil
}
