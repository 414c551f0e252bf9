//go:build !unix

package main

import (
	"errors"
	"time"
)

var errUsage = errors.New("this system does not tell a process its CPU time; measure on Linux or another Unix")

func cpuTime() (time.Duration, error) { return 0, errUsage }

func peakMemory() (int64, error) { return 0, errUsage }
