package policy

import (
	"os"
	"testing"
)

func BenchmarkZZFile(b *testing.B) {
	text, err := os.ReadFile(os.Getenv("DBGFILE"))
	if err != nil {
		b.Skip()
	}
	p := mustParse(text)
	b.ReportAllocs()
	for b.Loop() {
		p.decide(dbgQuestion(), MaxSteps)
	}
}
