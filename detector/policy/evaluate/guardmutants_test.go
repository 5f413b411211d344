//go:build mutants

package evaluate

import (
	"testing"

	"github.com/kmsentry/kmsentry/internal/mutate/guarded"
)

// TestGuardMutants tries mutants of guards on these tests, the quick ones first. See internal/mutate.
func TestGuardMutants(t *testing.T) {
	guarded.Try(t, nil,
		TestAllowsConditions,
		TestAllowsElements,
		TestAllowsCallers,
		TestAllowsFederated,
		TestAllowsPathsLikeARNs,
		TestAllowsOddRequests,
		TestAllowsEmptyListOfADeny,
		TestAllowsChains,
		TestAllowsNotResource,
		TestEvalUnknown,
		TestEvalGlob,
		TestEvalGlobARN,
		TestEvalOpen,
		TestEvalUnknownApart,
		TestEvalVariableParts,
		TestEvalAddress,
		TestEvalValues,
		TestEvalContext,
		TestAllowsLeavesRequest,
		TestEvalFold,
		TestKleene,
		TestNegatedOperators,
		TestOrders,
		TestElements,
		TestVersionOfVariables,
		TestMoreStatements,
	)
}
