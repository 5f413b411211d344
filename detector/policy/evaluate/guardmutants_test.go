//go:build mutants

package evaluate

import (
	"testing"

	"github.com/kmsentry/kmsentry/internal/mutate/guarded"
)

// TestGuardMutants tries mutants of guards on these tests, the quick ones first. See internal/mutate.
func TestGuardMutants(t *testing.T) {
	guarded.Try(t, nil, []testing.InternalTest{
		{Name: "TestAllowsConditions", F: TestAllowsConditions},
		{Name: "TestAllowsElements", F: TestAllowsElements},
		{Name: "TestAllowsCallers", F: TestAllowsCallers},
		{Name: "TestAllowsFederated", F: TestAllowsFederated},
		{Name: "TestAllowsPathsLikeARNs", F: TestAllowsPathsLikeARNs},
		{Name: "TestAllowsOddRequests", F: TestAllowsOddRequests},
		{Name: "TestAllowsEmptyListOfADeny", F: TestAllowsEmptyListOfADeny},
		{Name: "TestAllowsChains", F: TestAllowsChains},
		{Name: "TestAllowsNotResource", F: TestAllowsNotResource},
		{Name: "TestEvalOpenParts", F: TestEvalOpenParts},
		{Name: "TestEvalGlob", F: TestEvalGlob},
		{Name: "TestEvalGlobARN", F: TestEvalGlobARN},
		{Name: "TestEvalOpen", F: TestEvalOpen},
		{Name: "TestEvalUnknownApart", F: TestEvalUnknownApart},
		{Name: "TestEvalVariableParts", F: TestEvalVariableParts},
		{Name: "TestEvalAddress", F: TestEvalAddress},
		{Name: "TestEvalValues", F: TestEvalValues},
		{Name: "TestEvalContext", F: TestEvalContext},
		{Name: "TestAllowsLeavesRequest", F: TestAllowsLeavesRequest},
		{Name: "TestEvalFold", F: TestEvalFold},
	})
}
