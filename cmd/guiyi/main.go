// Command guiyi is the whole program: web server, worker, platform simulator
// and the tools around them. This file knows the process (signals, exit codes);
// commands.go and its neighbours know the command line; what a command does is
// wired elsewhere in this package.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // Beijing time on machines without a zone database
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	code := run(ctx, wired(), process{
		args: os.Args[1:], environ: os.Environ(), in: os.Stdin, out: os.Stdout, err: os.Stderr,
	})
	stop()
	os.Exit(code)
}

// wired lists what the commands of this build do; a nil entry has no command.
func wired() commands {
	return commands{
		demo: demo, serve: serve, worker: work, simulator: simulate,
		schemaUp: schemaUp, schemaDown: schemaDown, schemaStatus: schemaStatus, doctor: doctor,
		staffAdd: staffAdd, staffList: staffList,
		townImport: townImport, townExample: townExample,
		migrationList: migrationList, migrationPlan: migrationPlan, migrationRun: migrationRun, migrationStatus: migrationStatus,
	}
}
