package detector

import (
	"strings"
	"testing"
)

func BenchmarkDetect(b *testing.B) {
	events := sampleEvents(b)
	for _, name := range []string{"put-key-policy-public", "put-key-policy-org-ifexists", "put-key-policy-malformed", "create-key-default", "disable-key"} {
		text, ok := events[name]
		if !ok {
			b.Fatalf("no sample event %s", name)
		}
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := (Detector{}).Detect(text); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("1 MB", func(b *testing.B) {
		text := edited(b, put, edit{"requestParameters.description", quoted(strings.Repeat("x", 1<<20))})
		b.SetBytes(int64(len(text)))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := (Detector{}).Detect(text); err != nil {
				b.Fatal(err)
			}
		}
	})
}
