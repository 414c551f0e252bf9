package main

import (
	"context"

	"github.com/spf13/cobra"
)

// migrationOptions are the arguments of the commands about one migration.
type migrationOptions struct {
	Code  string // as guiyi migration list shows it
	Watch bool   // stay and draw the progress until it ends
}

// migration are the commands of the account manager.
func (b *builder) migration(c commands) []*cobra.Command {
	return group("migration", "Move the followers of an old account",
		`A migration closes one old account so that nobody is lost: its followers are told,
each of them once, where their services went. These commands do what the board on
the desk does. CODE is the code that 'guiyi migration list' shows.`,
		b.plain(c.migrationList, "list", "List migrations and where they stand",
			"Lists every migration: code, old account, state, followers, how many were told, days left.", "  guiyi migration list"),
		b.about(c.migrationPlan, "plan CODE", "Show what would be sent, and send nothing",
			`Shows the waves a migration would send: channel, audience, quota used, date, who cannot
be reached and why. It is a forecast and changes nothing.`, "  guiyi migration plan A3", false),
		b.about(c.migrationRun, "run CODE", "Start an approved migration",
			`Starts a migration that was approved at the desk. The work is done by the running
'guiyi serve' or 'guiyi worker', also after this command ends; starting twice
changes nothing. With --watch it stays and draws the progress until the last fate is
known; Ctrl-C then ends the watching, not the work.`, "  guiyi migration run A3 --watch", true),
		b.about(c.migrationStatus, "status CODE", "Show the counts of a migration",
			`Shows how many followers were told, cannot be reached, or have an unknown fate; the
counts add up to the number of followers. Exit code 3 when somebody has to look:
a wave paused itself or fates are unknown.`, "  guiyi migration status A3", false),
	)
}

// about is a command that takes the code of one migration; nil when do is.
func (b *builder) about(do func(context.Context, call, migrationOptions) error, use, short, long, example string, watch bool) *cobra.Command {
	if do == nil {
		return nil
	}
	var o migrationOptions
	cmd := &cobra.Command{
		Use: use, Short: short, Long: long, Example: example,
		Args: exactly("CODE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Code = args[0]
			return b.action(func(ctx context.Context, call call) error { return do(ctx, call, o) })(cmd, args)
		},
	}
	if watch {
		cmd.Flags().BoolVar(&o.Watch, "watch", false, "stay and draw the progress")
	}
	return cmd
}
