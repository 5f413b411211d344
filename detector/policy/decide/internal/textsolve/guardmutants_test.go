//go:build mutants

package textsolve

import (
	"testing"

	"github.com/kmsentry/kmsentry/internal/mutate/guarded"
)

// TestGuardMutants tries mutants of guards on these tests, the quick ones first. See internal/mutate.
func TestGuardMutants(t *testing.T) {
	guarded.Try(t, nil,
		TestPatternsFold,
		TestPatternHead,
		TestShapeSolve,
		TestShapeBegins,
		TestReadPattern,
		TestReadLiteral,
		TestOverApproximate,
		TestClass,
		TestBudgetStages,
		TestBudgetWithin,
		TestBudgetStop,
		TestSolveWithin,
		TestLawOfSplit,
		TestLawOfLongARNs,
		TestLawOfMatches,
		TestLawOfOverApproximation,
		TestLawOfSolve,
	)
}
