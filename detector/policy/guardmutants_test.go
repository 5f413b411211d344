//go:build mutants

package policy

import (
	"testing"

	"github.com/kmsentry/kmsentry/internal/mutate/guarded"
)

// TestGuardMutants tries mutants of guards on these tests, the quick ones first. See internal/mutate.
func TestGuardMutants(t *testing.T) {
	guarded.Try(t, nil,
		TestParseErrors,
		TestParseReads,
		TestParseValues,
		TestParseRecovers,
		TestNameSet,
		TestSplitVariables,
		TestValidPrincipal,
		TestMarks,
		TestParseSize,
		TestParseManyKeys,
		TestParseOperators,
		TestParseDate,
		TestParseNumber,
		TestParsePrefix,
		TestParseBool,
		TestParseRCP,
		TestParseFatal,
		TestParseDeep,
		TestProblemLines,
		TestStringsAsJSON,
		TestUnknownLacks,
		TestMarksRoundTrip,
		TestApart,
		TestManyUnknownParts,
		TestParsePrinted,
		TestSpelledTwice,
		TestNotKnown,
	)
}
