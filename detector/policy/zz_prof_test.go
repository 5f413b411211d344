package policy

import "testing"

func BenchmarkZZRandom(b *testing.B) {
	var ps []*Policy
	for seed := range uint64(300) {
		ps = append(ps, mustParse(newGenerator(seed).policy()))
	}
	b.ReportAllocs()
	for b.Loop() {
		for _, p := range ps {
			p.decide(surroundings(), 1<<30)
		}
	}
}
