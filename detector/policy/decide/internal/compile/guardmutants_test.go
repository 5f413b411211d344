//go:build mutants

package compile

import (
	"testing"

	"github.com/kmsentry/kmsentry/internal/mutate/guarded"
)

// TestGuardMutants tries mutants of guards that decide's tests let pass on this
// package's own. See internal/mutate.
func TestGuardMutants(t *testing.T) {
	guarded.Try(t, nil,
		TestCompileOwner,
		TestCompileResource,
		TestMention,
		TestPathToID,
		TestOwnAccount,
		TestNumberSpan,
		TestResolveVariables,
		TestClauseReadings,
		TestSpanValues,
		TestMatchOneAction,
		TestMatchARN,
		TestMatchUnknownKey,
		TestUnknownPattern,
		TestUnknownPrincipals,
		TestPartsOf,
		TestLiteralHolds,
		TestModel,
		TestStrictVariables,
		TestPrincipalsSorted,
		TestEntriesWithout,
		TestUnknownFact,
		TestMultiRegion,
		TestServing,
		TestSlots,
		TestAsksForServices,
		TestCollect,
		TestNamedByPolicy,
		TestIndex,
		TestAddresses,
		TestWithin,
		TestUnder,
		TestSplitUnknown,
		TestWaysAgree,
		TestClausesAgree,
		TestPatternsMatch,
	)
}
