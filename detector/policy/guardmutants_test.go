//go:build mutants

package policy

import (
	"testing"

	"github.com/kmsentry/kmsentry/internal/mutate/guarded"
)

// TestGuardMutants tries mutants of guards on these tests, the quick ones first. See internal/mutate.
func TestGuardMutants(t *testing.T) {
	guarded.Try(t, nil, []testing.InternalTest{
		{Name: "TestParseErrors", F: TestParseErrors},
		{Name: "TestParseReads", F: TestParseReads},
		{Name: "TestParseValues", F: TestParseValues},
		{Name: "TestParseRecovers", F: TestParseRecovers},
		{Name: "TestNameSet", F: TestNameSet},
		{Name: "TestSplitVariables", F: TestSplitVariables},
		{Name: "TestValidPrincipal", F: TestValidPrincipal},
		{Name: "TestMarks", F: TestMarks},
		{Name: "TestParseSize", F: TestParseSize},
		{Name: "TestParseManyKeys", F: TestParseManyKeys},
		{Name: "TestParseOperators", F: TestParseOperators},
		{Name: "TestParseDate", F: TestParseDate},
		{Name: "TestParseNumber", F: TestParseNumber},
		{Name: "TestParsePrefix", F: TestParsePrefix},
		{Name: "TestParseBool", F: TestParseBool},
	})
}
