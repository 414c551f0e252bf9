//go:build unix

package main

import (
	"testing"
	"time"
)

func TestHighWater(t *testing.T) {
	kib, ok := highWater([]byte("Name:\tbench\nVmPeak:\t  900000 kB\nVmHWM:\t   12345 kB\nVmRSS:\t   11111 kB\n"))
	if !ok || kib != 12345 {
		t.Errorf("got %d, %v", kib, ok)
	}
	if _, ok := highWater([]byte("Name:\tbench\n")); ok {
		t.Error("found what is not there")
	}
}

func TestMeter(t *testing.T) {
	var m meter
	if err := m.begin(); err != nil {
		t.Fatal(err)
	}
	for began := time.Now(); time.Since(began) < 20*time.Millisecond; { // work, not sleep: it must show
	}
	r, err := m.end()
	if err != nil {
		t.Fatal(err)
	}
	if r.CPUSeconds <= 0 || r.Seconds < 0.02 || r.PeakMiB < 1 {
		t.Errorf("%+v", r)
	}
}
