package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// figures are what one side did in one round. Seconds are of the clock on the wall, CPUSeconds of the side's own process:
// neither the load, nor the platform, nor a database server is in them.
type figures struct {
	Operations int     `json:"operations"`
	Seconds    float64 `json:"seconds"`
	CPUSeconds float64 `json:"cpu_seconds"`
	PeakMiB    float64 `json:"peak_mib"` // the most memory its process ever held
	P50        float64 `json:"p50_ms,omitempty"`
	P99        float64 `json:"p99_ms,omitempty"`
}

func (f figures) perSecond() float64    { return over(float64(f.Operations), f.Seconds) }
func (f figures) perCPUSecond() float64 { return over(float64(f.Operations), f.CPUSeconds) }

// over divides; by nothing it is 0, so that a broken run shows as 0 and not as endless.
func over(a, b float64) float64 {
	if b <= 0 {
		return 0
	}
	return a / b
}

// median is the middle, of an even number the mean of both in the middle; of nothing it is 0.
func median(values []float64) float64 {
	n := len(values)
	if n == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	if n%2 == 1 {
		return sorted[n/2]
	}
	return (sorted[n/2-1] + sorted[n/2]) / 2
}

// percentile is the smallest value that at least the given share (0 to 1) of all do not exceed. It sorts in place.
func percentile[T cmp.Ordered](values []T, share float64) (v T) {
	if len(values) == 0 {
		return v
	}
	slices.Sort(values)
	i := int(math.Ceil(share*float64(len(values)))) - 1
	return values[min(max(i, 0), len(values)-1)]
}

func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// summary is one side over all rounds: medians, except for the memory, of which the largest counts.
type summary struct {
	PerSecond    float64   `json:"per_second"`
	PerCPUSecond float64   `json:"per_cpu_second"`
	CPUPer1000   float64   `json:"cpu_seconds_per_1000"`
	P50          float64   `json:"p50_ms,omitempty"`
	P99          float64   `json:"p99_ms,omitempty"`
	PeakMiB      float64   `json:"peak_mib"`
	Runs         []figures `json:"runs"`
}

func summarise(runs []figures) summary {
	middle := func(of func(figures) float64) float64 {
		values := make([]float64, len(runs))
		for i, f := range runs {
			values[i] = of(f)
		}
		return median(values)
	}
	s := summary{
		PerSecond: middle(figures.perSecond), PerCPUSecond: middle(figures.perCPUSecond),
		P50: middle(func(f figures) float64 { return f.P50 }), P99: middle(func(f figures) float64 { return f.P99 }), Runs: runs,
	}
	s.CPUPer1000 = over(1000, s.PerCPUSecond)
	for _, f := range runs {
		s.PeakMiB = max(s.PeakMiB, f.PeakMiB)
	}
	return s
}

// report is a row with its figures.
type report struct {
	Name      string  `json:"name"`
	Ratio     float64 `json:"ratio"`      // operations per CPU-second, ours over bare, of the medians
	RatioLow  float64 `json:"ratio_low"`  // the same within the worst round
	RatioHigh float64 `json:"ratio_high"` // and the best
	Unit      string  `json:"unit"`
	Engine    string  `json:"engine"`
	Size      int     `json:"size"`
	Rounds    int     `json:"rounds"`
	Seed      int64   `json:"seed"`
	Go        string  `json:"go"`
	CPUs      int     `json:"cpus"`
	Ours      summary `json:"ours"`
	Bare      summary `json:"bare"`
}

func newReport(r row, t task, mine, others []figures) report {
	rep := report{
		Name: r.name, Unit: r.unit, Engine: t.engine, Size: t.size, Rounds: len(mine), Seed: t.seed,
		Go: runtime.Version(), CPUs: runtime.NumCPU(), Ours: summarise(mine), Bare: summarise(others),
	}
	rep.Ratio = over(rep.Ours.PerCPUSecond, rep.Bare.PerCPUSecond)
	for i, f := range others[:min(len(mine), len(others))] {
		within := over(mine[i].perCPUSecond(), f.perCPUSecond())
		if i == 0 || within < rep.RatioLow {
			rep.RatioLow = within
		}
		rep.RatioHigh = max(rep.RatioHigh, within)
	}
	return rep
}

// line is the report for machines: one line of JSON with its end.
func (r report) line() ([]byte, error) {
	text, err := json.Marshal(r)
	return append(text, '\n'), err
}

var headings = []string{"row", "engine", "side", "per s", "per CPU-s", "CPU-s/1,000", "p50 ms", "p99 ms", "peak MiB", "ratio"}

// table is the reports for people. Text stands left, figures stand right.
func table(reports []report) string {
	const textColumns = 3
	lines := [][]string{headings}
	for _, r := range reports {
		head := []string{r.Name, r.Engine, string(ours)}
		lines = append(lines, append(append(head, r.Ours.cells()...), fmt.Sprintf("%s (%s–%s)", short(r.Ratio), short(r.RatioLow), short(r.RatioHigh))))
		head = []string{fmt.Sprintf("  %s %ss × %d", grouped(r.Size), r.Unit, r.Rounds), "", string(bare)}
		lines = append(lines, append(append(head, r.Bare.cells()...), ""))
	}
	width := make([]int, len(headings))
	for _, l := range lines {
		for i, cell := range l {
			width[i] = max(width[i], utf8.RuneCountInString(cell))
		}
	}
	var b strings.Builder
	for _, l := range lines {
		var text strings.Builder
		for i, cell := range l {
			space := strings.Repeat(" ", width[i]-utf8.RuneCountInString(cell))
			if i < textColumns {
				text.WriteString(cell + space + "  ")
			} else {
				text.WriteString(space + cell + "  ")
			}
		}
		b.WriteString(strings.TrimRight(text.String(), " ") + "\n")
	}
	return b.String()
}

// cells are the figures of one side as the table shows them.
func (s summary) cells() []string {
	latency := func(v float64) string {
		if v == 0 {
			return "–"
		}
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return []string{
		grouped(int(math.Round(s.PerSecond))), grouped(int(math.Round(s.PerCPUSecond))), strconv.FormatFloat(s.CPUPer1000, 'f', 4, 64),
		latency(s.P50), latency(s.P99), strconv.FormatFloat(s.PeakMiB, 'f', 0, 64),
	}
}

// short writes a ratio with as many digits as say something.
func short(v float64) string {
	if v < 0.1 {
		return strconv.FormatFloat(v, 'f', 4, 64)
	}
	return strconv.FormatFloat(v, 'f', 2, 64)
}

// grouped writes 12345 as 12,345.
func grouped(n int) string {
	text := strconv.Itoa(n)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
