package alert

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/kmsentry/kmsentry/detector"
)

func BenchmarkCompose(b *testing.B) {
	for _, name := range []string{"public", "hostile", "huge"} {
		f := findings()[name]
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Compose(f, testOptions()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkSampleEvents takes every sample event that is a finding through
// Detect and Compose, turn by turn, and reports what each took and how many
// times the time of Detect Compose took (compose/detect).
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
	o := testOptions()
	var detecting, composing time.Duration
	for b.Loop() {
		for _, record := range records {
			start := time.Now()
			r, err := detector.Detector{}.Detect(record)
			if err != nil {
				b.Fatal(err)
			}
			between := time.Now()
			if _, err := Compose(r.Finding, o); err != nil {
				b.Fatal(err)
			}
			detecting += between.Sub(start)
			composing += time.Since(between)
		}
	}
	each := float64(b.N * len(records))
	b.ReportMetric(float64(detecting)/each, "detect-ns/event")
	b.ReportMetric(float64(composing)/each, "compose-ns/event")
	b.ReportMetric(float64(composing)/float64(detecting), "compose/detect")
}
