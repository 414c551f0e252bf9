// Command bench measures the program beside a bare baseline that does the same work in the same run, so that the figures of
// two machines, or of two days, can be compared: what counts is the ratio, not the second.
//
//	main.go       command line
//	row.go        the table of rows, and how the rounds of a row are played
//	figures.go    medians, ratios, the table for people, the line for machines
//	process.go    every measured side is a process of its own: this program again, in a role
//	meter.go      CPU-seconds, memory and profile of one process; usage_*.go asks the system
//	database.go   a fresh database for each measurement
//	redis.go      Redis, in our process or as one
//	callback.go   the row callback; callback_load.go the requests, callback_ours.go and callback_bare.go its sides,
//	              envelope.go signature and AES without package wechat
//	platform.go   the simulator as a process
//	town.go       an old account whose followers wait for a wave
//	wave.go       the rows wave/…; wave_ours.go and wave_bare.go their sides; rehearsal.go finds the bodies to post
//
// To add a row: write its contest, list it in rows (row.go), give its roles a line in roles (process.go), and describe it in
// docs/performance.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
	_ "time/tzdata" // Beijing time on machines without a zone database
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	code := begin(ctx)
	stop()
	os.Exit(code)
}

// begin is the whole program, or one of its roles.
func begin(ctx context.Context) int {
	if role := os.Getenv(roleVariable); role != "" {
		return playRole(ctx, role, os.Stdin, os.Stdout, os.Stderr)
	}
	return run(ctx, os.Args[1:], os.Stdout, os.Stderr)
}

// plan is what the command line asks for.
type plan struct {
	rows     []row
	json     bool
	size     int // 0 = the row's own
	rounds   int
	duration time.Duration
	engine   string
	seed     int64
	profile  string
}

// Engines of storage.
const (
	engineSQLite = "sqlite"
	engineMySQL  = "mysql"
)

var errHelp = errors.New("asked for help")

func parse(args []string, out io.Writer) (plan, error) {
	p := plan{}
	fs := flag.NewFlagSet("bench", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.BoolVar(&p.json, "json", false, "end with one line of JSON for each row")
	fs.IntVar(&p.size, "size", 0, "operations of one side in one round (default: see the rows)")
	fs.IntVar(&p.rounds, "rounds", 3, "rounds; each lets both sides work once, the figures are medians")
	fs.DurationVar(&p.duration, "duration", time.Minute, "longest time of one side in one round; callback stops there, a wave fails")
	fs.StringVar(&p.engine, "engine", engineSQLite, "sqlite, or mysql on the server that TEST_MYSQL_DSN names")
	fs.Int64Var(&p.seed, "seed", 1, "seed of the invented people")
	fs.StringVar(&p.profile, "profile", "", "folder for CPU profiles of our side (they cost a little; for looking, not for figures)")
	var names []string
	for rest := args; ; { // flags and names in any order
		if err := fs.Parse(rest); errors.Is(err, flag.ErrHelp) {
			help(fs, out)
			return p, errHelp
		} else if err != nil {
			return p, err
		}
		if rest = fs.Args(); len(rest) == 0 {
			break
		}
		names, rest = append(names, rest[0]), rest[1:]
	}
	var err error
	p.rows, err = chosen(names)
	switch {
	case err != nil:
		return p, err
	case p.engine != engineSQLite && p.engine != engineMySQL:
		return p, fmt.Errorf("--engine must be %s or %s", engineSQLite, engineMySQL)
	case p.engine == engineMySQL && os.Getenv(mysqlVariable) == "":
		return p, errors.New("--engine mysql needs " + mysqlVariable + ", for example user:password@tcp(127.0.0.1:3306)/")
	case p.size != 0 && (p.size < smallest || p.size > largest):
		return p, fmt.Errorf("--size must be between %d and %d", smallest, largest)
	case p.rounds < 1 || p.rounds > mostRounds:
		return p, fmt.Errorf("--rounds must be between 1 and %d", mostRounds)
	case p.duration < time.Second || p.duration > longest:
		return p, fmt.Errorf("--duration must be between 1s and %s", longest)
	}
	return p, nil
}

// Bounds: a measurement never runs away with the machine.
const (
	smallest   = 10
	largest    = 1_000_000
	mostRounds = 25
	longest    = 30 * time.Minute
)

func help(fs *flag.FlagSet, out io.Writer) {
	var b strings.Builder
	b.WriteString("Measures the program beside a bare baseline in the same run.\n\nusage: go run ./cmd/bench [row …] [flags]\n\nrows (all of them, unless named):\n")
	for _, r := range rows {
		fmt.Fprintf(&b, "  %-14s %s (%d %ss)\n", r.name, r.what, r.size, r.unit)
	}
	b.WriteString("\nflags:\n")
	fs.SetOutput(&b)
	fs.PrintDefaults()
	b.WriteString("\nWhat the figures mean: docs/performance.md\n")
	_, _ = io.WriteString(out, b.String())
}

// run is the program without its process: 0 done, 1 failed, 2 wrong command line, 130 interrupted.
func run(ctx context.Context, args []string, out, errs io.Writer) int {
	p, err := parse(args, out)
	switch {
	case errors.Is(err, errHelp):
		return 0
	case err != nil:
		_, _ = fmt.Fprintf(errs, "bench: %v\nSee 'go run ./cmd/bench --help'.\n", err)
		return 2
	}
	var reports []report
	for _, r := range p.rows {
		rep, err := play(ctx, r, p, errs)
		if ctx.Err() != nil {
			_, _ = fmt.Fprintln(errs, "bench: interrupted")
			return 130
		}
		if err != nil {
			_, _ = fmt.Fprintf(errs, "bench: %s: %v\n", r.name, err)
			return 1
		}
		reports = append(reports, rep)
	}
	if err := write(out, reports, p.json); err != nil {
		_, _ = fmt.Fprintf(errs, "bench: %v\n", err)
		return 1
	}
	return 0
}

// write gives the table for people and, if asked for, one line for machines behind it.
func write(out io.Writer, reports []report, lines bool) error {
	if _, err := io.WriteString(out, table(reports)); err != nil {
		return err
	}
	if !lines {
		return nil
	}
	for _, r := range reports {
		line, err := r.line()
		if err != nil {
			return err
		}
		if _, err := out.Write(line); err != nil {
			return err
		}
	}
	return nil
}
