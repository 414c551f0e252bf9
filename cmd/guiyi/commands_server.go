package main

import (
	"context"
	"errors"
	"math"

	"github.com/spf13/cobra"
)

// demoOptions are the flags of guiyi demo.
type demoOptions struct {
	Port  int  // everything on this port; 0 lets the system choose; -1 as configured
	Fresh bool // begin with an empty database
}

// simulatorOptions are the flags of guiyi simulator.
type simulatorOptions struct {
	Empty bool   // no demo town: accounts and people come through the control API
	State string // file that keeps the world between starts; empty = forget
}

// servers are the commands that run until a signal.
func (b *builder) servers(c commands) (all []*cobra.Command) {
	if c.demo != nil {
		all = append(all, b.demoCommand(c))
	}
	if c.serve != nil {
		all = append(all, &cobra.Command{
			Use:   "serve",
			Short: "Serve pages, desk and callback door",
			Long: `Serves residents' pages, the staff desk and the callback door of the platform
until Ctrl-C or SIGTERM. With GUIYI_REDIS=embedded it also runs the jobs;
with a Redis of your own, start any number of 'guiyi serve' and 'guiyi worker'.

The database schema must be up to date: see 'guiyi schema'.`,
			Example: "  guiyi serve\n  guiyi serve --config /etc/guiyi/guiyi.env",
			Args:    exactly(),
			RunE:    b.action(c.serve),
		})
	}
	if c.worker != nil {
		all = append(all, &cobra.Command{
			Use:   "worker",
			Short: "Run the jobs: waves, sweeps, deliveries",
			Long: `Runs jobs until Ctrl-C or SIGTERM: waves of messages, sweeps for work that is due,
deliveries. Start as many as you like on as many machines as you like; they share
the work through Redis and the database. Killing one loses nothing.

A worker of its own needs GUIYI_REDIS=host:port.`,
			Example: "  GUIYI_REDIS=redis:6379 GUIYI_WORKERS=8 guiyi worker",
			Args:    exactly(),
			RunE:    b.action(c.worker),
		})
	}
	if c.simulator != nil {
		all = append(all, b.simulatorCommand(c))
	}
	return all
}

func (b *builder) demoCommand(c commands) *cobra.Command {
	var o demoOptions
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Play a whole town on this machine, with nothing to install",
		Long: `Starts everything in one process: the platform simulator with the phones of the
demo town's residents, the residents' pages, the staff desk and the worker. It prints
the addresses to open and the logins, and stops on Ctrl-C.

What happened is kept in GUIYI_DATA_DIR and is there again at the next start,
unless --fresh begins anew. No WeChat account, database, Redis or internet is needed.`,
		Example: "  guiyi demo\n  guiyi demo --fresh --port 9000",
		Args:    exactly(),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !cmd.Flags().Changed("port") {
				o.Port = -1
			} else if o.Port < 0 || o.Port > math.MaxUint16 {
				return &usageError{cmd.CommandPath(), errors.New("--port must be from 0 to 65535")}
			}
			return b.action(func(ctx context.Context, call call) error { return c.demo(ctx, call, o) })(cmd, args)
		},
	}
	cmd.Flags().IntVar(&o.Port, "port", 0, "put everything on this `port` of 127.0.0.1; 0 lets the system choose (default: as configured)")
	cmd.Flags().BoolVar(&o.Fresh, "fresh", false, "forget what earlier demos did")
	return cmd
}

func (b *builder) simulatorCommand(c commands) *cobra.Command {
	var o simulatorOptions
	cmd := &cobra.Command{
		Use:   "simulator",
		Short: "Play the WeChat platform alone, for other programs",
		Long: `Plays the WeChat platform on GUIYI_SIMULATOR_LISTEN until Ctrl-C: tokens, followers,
menus, messages, callbacks, consent pages, with the platform's limits and codes, a clock
that can be moved and faults that can be set. It forgets everything at the end, unless
--state names a file that keeps the world between starts.

Point any client at it, and drive it through its control API under /_sim/.`,
		Example: "  guiyi simulator\n  GUIYI_SIMULATOR_LISTEN=:9001 guiyi simulator --empty",
		Args:    exactly(),
		RunE: func(cmd *cobra.Command, args []string) error {
			return b.action(func(ctx context.Context, call call) error { return c.simulator(ctx, call, o) })(cmd, args)
		},
	}
	cmd.Flags().BoolVar(&o.Empty, "empty", false, "start without the demo town")
	cmd.Flags().StringVar(&o.State, "state", "", "`file` that keeps the world between starts")
	return cmd
}
