package alerttest

import (
	"fmt"

	"github.com/kmsentry/kmsentry/alert/words"
	"github.com/kmsentry/kmsentry/detector"
)

// Storm returns a storm that held 42 alerts about many keys.
func Storm() *words.Storm {
	s := &words.Storm{Since: At, Counts: []words.HeldCount{
		{Key: "", Severity: detector.High, Count: 5},
		{Key: KeyInUSWest, Severity: detector.High, Count: 20},
		{Key: "111122223333 us-west-2 alias/a", Severity: detector.Critical, Count: 1},
	}}
	for n := range 8 {
		s.Counts = append(s.Counts, words.HeldCount{Key: fmt.Sprint("key-", n), Severity: detector.Medium, Count: 2})
	}
	return s
}
