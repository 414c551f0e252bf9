package main

import (
	"bytes"
	"encoding/json"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMedian(t *testing.T) {
	for name, tc := range map[string]struct {
		values []float64
		want   float64
	}{
		"of nothing":          {nil, 0},
		"of one":              {[]float64{7}, 7},
		"odd":                 {[]float64{9, 1, 5}, 5},
		"even":                {[]float64{4, 1, 3, 2}, 2.5},
		"one outlier is mute": {[]float64{10, 11, 900}, 11},
	} {
		t.Run(name, func(t *testing.T) {
			before := append([]float64(nil), tc.values...)
			if got := median(tc.values); got != tc.want {
				t.Errorf("got %v, want %v", got, tc.want)
			}
			if d := cmp.Diff(before, tc.values); d != "" {
				t.Errorf("the rounds were put into another order: %s", d)
			}
		})
	}
}

func TestPercentile(t *testing.T) {
	hundred := make([]int, 100)
	for i := range hundred {
		hundred[i] = 100 - i
	}
	for _, tc := range []struct {
		share float64
		want  int
	}{{0, 1}, {0.5, 50}, {0.99, 99}, {1, 100}} {
		if got := percentile(hundred, tc.share); got != tc.want {
			t.Errorf("%v: got %d, want %d", tc.share, got, tc.want)
		}
	}
	if got := percentile([]int{3, 1}, 0.99); got != 3 {
		t.Errorf("of two: %d", got)
	}
	if got := percentile([]int(nil), 0.5); got != 0 {
		t.Errorf("of nothing: %d", got)
	}
}

// sample has three rounds in which we need twice, four times and twice the CPU-seconds of the bare side.
func sample() report {
	round := func(cpu, peak float64) figures {
		return figures{Operations: 1000, Seconds: 0.5, CPUSeconds: cpu, PeakMiB: peak, P50: 1, P99: 12.25}
	}
	return newReport(row{name: "callback", unit: "request"}, task{size: 1000, engine: engineSQLite, seed: 7},
		[]figures{round(0.2, 30), round(0.4, 50), round(0.2, 40)}, []figures{round(0.1, 20), round(0.1, 20), round(0.1, 20)})
}

func TestReport(t *testing.T) {
	r := sample()
	near := func(what string, got, want float64) {
		t.Helper()
		if math.Abs(got-want) > 1e-9 {
			t.Errorf("%s: got %v, want %v", what, got, want)
		}
	}
	near("ratio is ours over bare", r.Ratio, 0.5)
	near("worst round", r.RatioLow, 0.25)
	near("best round", r.RatioHigh, 0.5)
	near("requests per CPU-second", r.Ours.PerCPUSecond, 5000)
	near("requests per second", r.Ours.PerSecond, 2000)
	near("CPU-seconds per thousand", r.Ours.CPUPer1000, 0.2)
	near("the largest memory counts", r.Ours.PeakMiB, 50)
	if broken := newReport(row{}, task{}, []figures{{}}, []figures{{}}); broken.Ratio != 0 {
		t.Errorf("a run without work has ratio %v", broken.Ratio)
	}
}

func TestLine(t *testing.T) {
	var out bytes.Buffer
	if err := write(&out, []report{sample()}, true); err != nil {
		t.Fatal(err)
	}
	lines := bytes.Split(bytes.TrimSuffix(out.Bytes(), []byte("\n")), []byte("\n"))
	var last map[string]any
	if err := json.Unmarshal(lines[len(lines)-1], &last); err != nil {
		t.Fatalf("the last line is not JSON: %v", err)
	}
	if last["name"] != "callback" || last["ratio"] != 0.5 {
		t.Errorf("name %v, ratio %v", last["name"], last["ratio"])
	}
	side, _ := last["ours"].(map[string]any)
	if rounds, _ := side["runs"].([]any); len(rounds) != 3 {
		t.Errorf("the raw figures of every round must be there: %v", side)
	}
}

func TestTable(t *testing.T) {
	want := `row                   engine  side  per s  per CPU-s  CPU-s/1,000  p50 ms  p99 ms  peak MiB             ratio
callback              sqlite  ours  2,000      5,000       0.2000     1.0    12.2        50  0.50 (0.25–0.50)
  1,000 requests × 3          bare  2,000     10,000       0.1000     1.0    12.2        20
`
	if d := cmp.Diff(want, table([]report{sample()})); d != "" {
		t.Error(d)
	}
}

func TestGrouped(t *testing.T) {
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", -1000: "-1,000", -100: "-100"} {
		if got := grouped(n); got != want {
			t.Errorf("%d: %q", n, got)
		}
	}
}
