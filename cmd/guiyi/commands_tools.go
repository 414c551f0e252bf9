package main

import (
	"context"

	"github.com/spf13/cobra"
)

// staffAddOptions are the arguments of guiyi staff add.
type staffAddOptions struct {
	Login string
	Name  string   // as colleagues read it; Login when empty
	Roles []string // as the table of roles spells them
}

// tools are the commands of the person who runs the installation.
func (b *builder) tools(c commands) []*cobra.Command {
	all := group("schema", "Change the database schema",
		`Changes the tables of the database. A program refuses to serve a database whose
schema is older or newer than its own.`,
		b.plain(c.schemaUp, "up", "Bring the schema to this program's version",
			`Applies every change this program knows and the database lacks. Safe to run twice,
and from several machines at once.`, "  guiyi schema up"),
		b.plain(c.schemaDown, "down", "Take back the latest schema change",
			`Takes back the latest schema change, one step, with the data in the columns and tables
it added. Make a copy of the database first.`, "  guiyi schema down"),
		b.plain(c.schemaStatus, "status", "Show which schema changes were applied",
			`Lists every schema change, applied or missing. Exit code 3 when the database is not at
this program's version.`, "  guiyi schema status"),
	)
	if c.doctor != nil {
		all = append(all, b.plain(c.doctor, "doctor", "Check this installation and say what is wrong",
			`Checks configuration, database, schema, Redis, key and accounts, one line each, and says
what to do about what is wrong. Changes nothing. Exit code 3 when something needs a hand.`,
			"  guiyi doctor\n  guiyi doctor --config /etc/guiyi/guiyi.env"))
	}
	return append(all, group("staff", "Manage the people who log in at the desk",
		`Manages the people who log in at the desk. Needs access to the database, not a login:
this is how the first one comes in.`,
		b.staffAdd(c),
		b.plain(c.staffList, "list", "List staff with their roles",
			"Lists everybody who may log in at the desk: login, name, roles, locked or not.", "  guiyi staff list"),
	)...)
}

// plain is a command without arguments and flags; nil when do is.
func (b *builder) plain(do func(context.Context, call) error, use, short, long, example string) *cobra.Command {
	if do == nil {
		return nil
	}
	return &cobra.Command{Use: use, Short: short, Long: long, Example: example, Args: exactly(), RunE: b.action(do)}
}

func (b *builder) staffAdd(c commands) *cobra.Command {
	if c.staffAdd == nil {
		return nil
	}
	var o staffAddOptions
	cmd := &cobra.Command{
		Use:   "add LOGIN",
		Short: "Let somebody log in at the desk",
		Long: `Adds a person who may log in at the desk. The password is read from standard input,
never from the command line, where others could see it.

Roles: admin (staff), manager (prepares and runs migrations), third_review (approves
them), auditor (reads the audit log), publisher (publishes the menu), editor,
first_review, second_review, counter, case_worker.`,
		Example: "  guiyi staff add chen --name 陈晓 --role manager\n  pass show guiyi/chen | guiyi staff add chen --role editor",
		Args:    exactly("LOGIN"),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Login = args[0]
			return b.action(func(ctx context.Context, call call) error { return c.staffAdd(ctx, call, o) })(cmd, args)
		},
	}
	cmd.Flags().StringVar(&o.Name, "name", "", "the person's `name` as colleagues read it (default: LOGIN)")
	cmd.Flags().StringSliceVar(&o.Roles, "role", nil, "a `role`; give it again for another")
	return cmd
}
