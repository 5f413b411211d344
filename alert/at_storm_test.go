package alert

import (
	"fmt"

	"github.com/kmsentry/kmsentry/detector"
)

// aStorm is one that held 42 alerts about many keys.
func aStorm() *Storm {
	s := &Storm{Since: at, Counts: []HeldCount{
		{"", detector.High, 5},
		{keyInUSWest, detector.High, 20},
		{"111122223333 us-west-2 alias/a", detector.Critical, 1},
	}}
	for n := range 8 {
		s.Counts = append(s.Counts, HeldCount{fmt.Sprint("key-", n), detector.Medium, 2})
	}
	return s
}
