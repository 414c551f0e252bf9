// Package jobs is the doorbell: it carries ids of things that have work, never the work itself. The database is the truth;
// a job that is lost is rung for again by the sweep, a job that runs twice finds the lease taken.
package jobs

import "time"

// Kind is one sort of job.
type Kind struct {
	Type    string        // task type in the queue
	Queue   string        // queue it waits in
	Timeout time.Duration // after which its context ends; the job goes on where it stopped at the next ring
	Retries int           // of unforeseen errors, before it is put aside as a dead letter
}

// The kinds of job. This table is the only place that knows their names and limits.
var (
	KindMigration = Kind{Type: "migration:work", Queue: "migration", Timeout: 10 * time.Minute, Retries: 5}
)

// queues are the queues a worker serves, with their weights.
var queues = map[string]int{KindMigration.Queue: 1}
