//go:build mutants

package ipset

import (
	"testing"

	"github.com/kmsentry/kmsentry/internal/mutate/guarded"
)

// TestGuardMutants tries mutants of guards on these tests, the quick ones first. See internal/mutate.
func TestGuardMutants(t *testing.T) {
	guarded.Try(t, nil,
		TestAddressSetJoins,
		TestAddressSetWide,
		TestRangeOf,
		TestPublic,
		TestPastTheEnd,
		TestLawOfMembers,
		TestLawOfWith,
		TestLawOfPairs,
	)
}
