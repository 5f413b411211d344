//go:build mutants

package textsolve

import (
	"testing"

	"github.com/kmsentry/kmsentry/internal/mutate/guarded"
)

// TestGuardMutants tries mutants of guards on these tests, the quick ones first. See internal/mutate.
func TestGuardMutants(t *testing.T) {
	guarded.Try(t, nil, []testing.InternalTest{
		{Name: "TestPatternsFold", F: TestPatternsFold},
		{Name: "TestPatternHead", F: TestPatternHead},
		{Name: "TestShapeSolve", F: TestShapeSolve},
		{Name: "TestShapeBegins", F: TestShapeBegins},
		{Name: "TestReadPattern", F: TestReadPattern},
	})
}
