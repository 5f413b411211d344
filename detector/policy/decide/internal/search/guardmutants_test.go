//go:build mutants

package search

import (
	"testing"

	"github.com/kmsentry/kmsentry/internal/mutate/guarded"
)

// TestGuardMutants tries mutants of guards that decide's tests let pass on this
// package's own. See internal/mutate.
func TestGuardMutants(t *testing.T) {
	guarded.Try(t, nil,
		TestOrient,
		TestClearContext,
		TestInForms,
		TestCaptures,
		TestOutline,
		TestExists,
	)
}
