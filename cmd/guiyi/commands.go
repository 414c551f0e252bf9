package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"guiyi/config"
)

// process is what the operating system hands the program.
type process struct {
	args    []string
	environ []string
	in      io.Reader
	out     io.Writer
	err     io.Writer
}

// call is what every action gets: the configuration and the three streams.
type call struct {
	Config config.Config
	In     io.Reader
	Out    io.Writer
	Err    io.Writer
}

// commands are the actions behind the command line. An action that is nil has
// no command, so --help never promises what this build cannot do.
type commands struct {
	demo      func(context.Context, call, demoOptions) error
	serve     func(context.Context, call) error
	worker    func(context.Context, call) error
	simulator func(context.Context, call, simulatorOptions) error

	schemaUp     func(context.Context, call) error
	schemaDown   func(context.Context, call) error
	schemaStatus func(context.Context, call) error
	doctor       func(context.Context, call) error

	staffAdd  func(context.Context, call, staffAddOptions) error
	staffList func(context.Context, call) error

	townImport  func(context.Context, call, townOptions) error
	townExample func(context.Context, call, townOptions) error

	migrationList   func(context.Context, call) error
	migrationPlan   func(context.Context, call, migrationOptions) error
	migrationRun    func(context.Context, call, migrationOptions) error
	migrationStatus func(context.Context, call, migrationOptions) error
}

// run executes one command line and returns the exit code.
func run(ctx context.Context, c commands, p process) int {
	root := newRoot(c, p)
	root.SetArgs(p.args)
	root.SetIn(p.in)
	root.SetOut(p.out)
	root.SetErr(p.err)
	return exitCode(p.err, root.ExecuteContext(ctx))
}

func newRoot(c commands, p process) *cobra.Command {
	b := builder{environ: p.environ}
	root := &cobra.Command{
		Use:   "guiyi",
		Short: "The backend of a town's one consolidated WeChat account",
		Long: `Guiyi (归一) is the backend of a town government's one consolidated WeChat
account. It tells the followers of the accounts that were merged, each of them
once, where their services went, and answers residents from a catalogue of matters.

Options come from GUIYI_ variables or a file; 'guiyi config table' lists them.

` + exitCodeHelp,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.PersistentFlags().StringVar(&b.file, "config", "", "file with KEY=VALUE lines (the environment wins over it)")
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return &usageError{cmd.CommandPath(), err}
	})
	root.Args = unknownCommand
	root.RunE = whichCommand

	for _, cmd := range slices.Concat(b.servers(c), b.tools(c), b.town(c), b.migration(c), information()) {
		root.AddCommand(cmd)
	}
	return root
}

// builder makes commands that share the --config flag and the environment.
type builder struct {
	file    string
	environ []string
}

// action loads the configuration, says which variables nothing reads, and calls do.
func (b *builder) action(do func(context.Context, call) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, _ []string) error {
		var overrides []string
		if b.file != "" {
			overrides = append(overrides, "GUIYI_CONFIG="+b.file)
		}
		cfg, err := config.Load(b.environ, overrides...)
		if err != nil {
			return err
		}
		for _, name := range cfg.Unknown {
			_, _ = fmt.Fprintf(cmd.ErrOrStderr(), "guiyi: warning: no option reads %s (see 'guiyi config table')\n", name)
		}
		return do(cmd.Context(), call{Config: cfg, In: cmd.InOrStdin(), Out: cmd.OutOrStdout(), Err: cmd.ErrOrStderr()})
	}
}

// group is a command that only holds others; nil when it would hold none.
func group(use, short, long string, members ...*cobra.Command) []*cobra.Command {
	members = slices.DeleteFunc(members, func(c *cobra.Command) bool { return c == nil })
	if len(members) == 0 {
		return nil
	}
	g := &cobra.Command{Use: use, Short: short, Long: long, Args: unknownCommand, RunE: whichCommand}
	g.Example = members[0].Example
	g.AddCommand(members...)
	return []*cobra.Command{g}
}

func unknownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	cmd.SuggestionsMinimumDistance = 2 // letters
	err := fmt.Errorf("no command %q under %q", args[0], cmd.CommandPath())
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		err = fmt.Errorf("%w; did you mean %q?", err, near[0])
	}
	return &usageError{cmd.CommandPath(), err}
}

func whichCommand(cmd *cobra.Command, _ []string) error {
	if !cmd.HasParent() { // plain "guiyi" is a question, not a mistake
		return cmd.Help()
	}
	return &usageError{cmd.CommandPath(), errors.New("say which command")}
}

// exactly takes one argument for each name, and names what is missing.
func exactly(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < len(names):
			return &usageError{cmd.CommandPath(), fmt.Errorf("%s is missing", names[len(args)])}
		case len(args) > len(names):
			return &usageError{cmd.CommandPath(), fmt.Errorf("nothing takes the argument %q", args[len(names)])}
		}
		return nil
	}
}
