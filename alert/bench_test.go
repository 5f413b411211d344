package alert

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/kmsentry/kmsentry/alert/internal/alerttest"
	"github.com/kmsentry/kmsentry/detector"
)

func BenchmarkCompose(b *testing.B) {
	for _, name := range []string{"public", "hostile", "huge"} {
		f := alerttest.Findings()[name]
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Compose(f, alerttest.Options()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkSampleEvents runs Detect and Compose on every sample event that gives a
// finding. For each function it reports the mean over the events of the fastest
// run, and the ratio of the two (compose/detect). Other work on the machine slows
// single runs, but not the fastest.
func BenchmarkSampleEvents(b *testing.B) {
	files, _ := filepath.Glob("../events/*.json")
	if len(files) < 10 {
		b.Fatalf("../events holds %d events, want at least 10", len(files))
	}
	var records [][]byte
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			b.Fatal(err)
		}
		var event struct{ Detail json.RawMessage }
		if err := json.Unmarshal(raw, &event); err != nil {
			b.Fatal(err)
		}
		if r, err := (detector.Detector{}).Detect(event.Detail); err == nil && r.Finding != nil {
			records = append(records, event.Detail)
		}
	}
	o := alerttest.Options()
	detecting, composing := make([]time.Duration, len(records)), make([]time.Duration, len(records))
	best := func(d *time.Duration, took time.Duration) {
		if *d == 0 || took < *d {
			*d = took
		}
	}
	for b.Loop() {
		for i, record := range records {
			start := time.Now()
			r, err := detector.Detector{}.Detect(record)
			between := time.Now()
			if err != nil {
				b.Fatal(err)
			}
			if _, err := Compose(r.Finding, o); err != nil {
				b.Fatal(err)
			}
			best(&composing[i], time.Since(between))
			best(&detecting[i], between.Sub(start))
		}
	}
	var detected, composed time.Duration
	for i := range records {
		detected, composed = detected+detecting[i], composed+composing[i]
	}
	each := float64(len(records))
	b.ReportMetric(float64(detected)/each, "detect-ns/event")
	b.ReportMetric(float64(composed)/each, "compose-ns/event")
	b.ReportMetric(float64(composed)/float64(detected), "compose/detect")
}
