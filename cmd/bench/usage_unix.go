//go:build unix

package main

import (
	"bytes"
	"os"
	"runtime"
	"strconv"
	"syscall"
	"time"
)

// cpuTime is what this process has used so far, in user and system mode.
func cpuTime() (time.Duration, error) {
	u, err := usage()
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), err
}

func usage() (u syscall.Rusage, err error) {
	err = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return u, err
}

// peakMemory is the most resident memory this process ever held, in bytes. Linux counts ru_maxrss from before the exec, when
// the child still shared its parent's memory, so the kernel's other figure is asked first.
func peakMemory() (int64, error) {
	if status, err := os.ReadFile("/proc/self/status"); err == nil {
		if kib, ok := highWater(status); ok {
			return kib << 10, nil
		}
	}
	u, err := usage()
	if runtime.GOOS == "darwin" {
		return int64(u.Maxrss), err //nolint:unconvert // not an int64 on every system
	}
	return int64(u.Maxrss) << 10, err //nolint:unconvert // see above
}

// highWater finds the line "VmHWM:   12345 kB".
func highWater(status []byte) (kib int64, ok bool) {
	for line := range bytes.Lines(status) {
		if fields := bytes.Fields(line); len(fields) == 3 && string(fields[0]) == "VmHWM:" {
			n, err := strconv.ParseInt(string(fields[1]), 10, 64)
			return n, err == nil
		}
	}
	return 0, false
}
