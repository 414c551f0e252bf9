package main

import (
	"context"

	"github.com/spf13/cobra"
)

// townOptions are the arguments of the commands about the town's own files.
type townOptions struct {
	Dir string
}

// town are the commands that bring a real town's departments, matters and menu into the database.
func (b *builder) town(c commands) []*cobra.Command {
	return group("town", "Bring the town's own matters and menu in",
		`The residents' pages show what is in the database: departments, matters, situations,
keywords, town profile and menu, read from files that the office keeps.`,
		b.inFolder(c.townImport, "import DIR", "Read the town's files into the database",
			`Reads departments.csv, matters.csv, details.json, bundles.json, topics.json,
keywords.csv, town.json and menu.json from DIR and puts them in the place of what
is there: all of it, or, when anything is wrong, nothing. Every fault is
named with its file and line. The menu is published at the desk.`, "  guiyi town import ./our-town"),
		b.inFolder(c.townExample, "example DIR", "Write the demo town's files as an example",
			`Writes the files of the invented demo town into DIR, which must not exist yet or be
empty: a start for one's own.`, "  guiyi town example ./our-town"),
	)
}

// inFolder is a command that takes a folder; nil when do is.
func (b *builder) inFolder(do func(context.Context, call, townOptions) error, use, short, long, example string) *cobra.Command {
	if do == nil {
		return nil
	}
	return &cobra.Command{
		Use: use, Short: short, Long: long, Example: example, Args: exactly("DIR"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return b.action(func(ctx context.Context, call call) error { return do(ctx, call, townOptions{Dir: args[0]}) })(cmd, args)
		},
	}
}
