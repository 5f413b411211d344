package alert

import "testing"

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
