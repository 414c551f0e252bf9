package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"guiyi/config"
	"guiyi/domain"
)

// Exit codes, part of the interface: scripts and service managers read them.
const (
	exitOK          = 0   // done, or a server that was asked to stop and did
	exitFailure     = 1   // tried and failed
	exitUsage       = 2   // the command line or the configuration is wrong; nothing was tried
	exitFound       = 3   // doctor or status did its work and found something to look at
	exitInterrupted = 130 // a signal came before the work was done
)

const exitCodeHelp = `Exit codes:
  0    done (or a server that was asked to stop and did)
  1    failed
  2    command line or configuration is wrong; nothing was tried
  3    doctor, schema status or migration status found something to look at
  130  interrupted before the work was done`

// usageError is a mistake on the command line.
type usageError struct {
	command string // the command whose --help explains it
	err     error
}

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

// foundError is what doctor and status commands return when they worked and
// have bad news. They have printed the news; the text here is its summary.
type foundError string

func (e foundError) Error() string { return string(e) }

// exitCode writes err for a person, if there is one, and gives the exit code.
func exitCode(w io.Writer, err error) int {
	var usage *usageError
	var faults config.OptionErrors
	var found foundError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &usage):
		_, _ = fmt.Fprintf(w, "guiyi: %v\nSee '%s --help'.\n", err, usage.command)
		return exitUsage
	case errors.As(err, &faults):
		_, _ = fmt.Fprintf(w, "guiyi: %v\nSee 'guiyi config table' for every option.\n", err)
		return exitUsage
	case errors.As(err, &found):
		_, _ = fmt.Fprintf(w, "guiyi: %v\n", err)
		return exitFound
	case errors.Is(err, context.Canceled):
		_, _ = fmt.Fprintln(w, "guiyi: interrupted")
		return exitInterrupted
	default:
		_, _ = fmt.Fprintf(w, "guiyi: %s\n", inWords(err))
		return exitFailure
	}
}

// inWords is err for a person: a refusal was written for people and goes without its code, which is for programs.
func inWords(err error) string {
	if refusal, ok := errors.AsType[*domain.Error](err); ok {
		return refusal.Text
	}
	return err.Error()
}
