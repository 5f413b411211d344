//go:build mutants

package kmsapi

import (
	"testing"

	"github.com/kmsentry/kmsentry/internal/mutate/guarded"
)

// TestGuardMutants tries mutants of guards on these tests, the quick ones first. See internal/mutate.
func TestGuardMutants(t *testing.T) {
	guarded.Try(t, nil,
		TestActions,
		TestClasses,
		TestAsks,
		TestKinds,
		TestKeySet,
		TestAlgorithms,
		TestMessages,
		TestAskLists,
	)
}
