package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"guiyi/config"
)

// information are the commands that need no configuration.
func information() []*cobra.Command {
	all := group("config", "Explain the configuration", "Explains the options this program reads.",
		&cobra.Command{
			Use:   "table",
			Short: "List every option as a Markdown table",
			Long: `Lists every option with its variable, default and meaning, as the Markdown table
that the README shows.`,
			Example: "  guiyi config table",
			Args:    exactly(),
			RunE: func(cmd *cobra.Command, _ []string) error {
				_, err := fmt.Fprint(cmd.OutOrStdout(), config.Table())
				return err
			},
		})
	return append(all, &cobra.Command{
		Use:     "version",
		Short:   "Say which build this is",
		Long:    "Prints version, commit, date of the commit, Go version and platform, in one line.",
		Example: "  guiyi version",
		Args:    exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintln(cmd.OutOrStdout(), versionLine(debug.ReadBuildInfo()))
			return err
		},
	})
}

// versionLine leaves out what a build did not record.
func versionLine(info *debug.BuildInfo, ok bool) string {
	line := "guiyi"
	if ok {
		line += " " + info.Main.Version
		facts := map[string]string{}
		for _, s := range info.Settings {
			facts[s.Key] = s.Value
		}
		if rev := facts["vcs.revision"]; rev != "" {
			line += " " + rev[:min(12, len(rev))] + " " + facts["vcs.time"]
			if facts["vcs.modified"] == "true" {
				line += " modified"
			}
		}
	}
	return fmt.Sprintf("%s %s %s/%s", line, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
