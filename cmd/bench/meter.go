package main

import (
	"os"
	"path/filepath"
	"runtime/pprof"
	"time"
)

// meter reads what its own process uses between begin and end.
type meter struct {
	profile string // file of a CPU profile; empty: none
	file    *os.File
	began   time.Time
	cpu     time.Duration
}

// reading is what a meter shows.
type reading struct {
	Seconds    float64 `json:"seconds"`
	CPUSeconds float64 `json:"cpu_seconds"`
	PeakMiB    float64 `json:"peak_mib"`
}

func (r reading) figures(operations int) figures {
	return figures{Operations: operations, Seconds: r.Seconds, CPUSeconds: r.CPUSeconds, PeakMiB: r.PeakMiB}
}

func (m *meter) begin() error {
	if m.profile != "" {
		file, err := os.Create(m.profile)
		if err != nil {
			return err
		}
		if err := pprof.StartCPUProfile(file); err != nil {
			return err
		}
		m.file = file
	}
	cpu, err := cpuTime()
	m.cpu, m.began = cpu, time.Now()
	return err
}

func (m *meter) end() (reading, error) {
	took := time.Since(m.began)
	cpu, err := cpuTime()
	if err != nil {
		return reading{}, err
	}
	peak, err := peakMemory()
	if err != nil {
		return reading{}, err
	}
	if m.file != nil {
		pprof.StopCPUProfile()
		if err := m.file.Close(); err != nil {
			return reading{}, err
		}
		m.file = nil
	}
	return reading{took.Seconds(), (cpu - m.cpu).Seconds(), float64(peak) / (1 << 20)}, nil
}

// profileFile names the profile of a row; the last round stays. Without a folder there is none.
func profileFile(folder, name string) (string, error) {
	if folder == "" {
		return "", nil
	}
	return filepath.Join(folder, name+".pprof"), os.MkdirAll(folder, 0o750)
}
