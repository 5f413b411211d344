//go:build mutants

package decide

import (
	"testing"

	"github.com/kmsentry/kmsentry/internal/mutate/guarded"
)

// TestGuardMutants tries mutants of guards on the answers of the golden file, and those that change
// none of them on these tests, the quick ones first. See internal/mutate.
func TestGuardMutants(t *testing.T) {
	var cases []guarded.Case
	for _, c := range answerCases(t) {
		cases = append(cases, guarded.Case{Name: c.name, Answer: c.answer})
	}
	guarded.Try(t, cases, []testing.InternalTest{
		{Name: "TestQuestionCases", F: TestQuestionCases},
		{Name: "TestUnknownCorpus", F: TestUnknownCorpus},
		{Name: "TestAllowsUnder", F: TestAllowsUnder},
		{Name: "TestAllowsCorpusWitnesses", F: TestAllowsCorpusWitnesses},
		{Name: "TestParseCrowded", F: TestParseCrowded},
		{Name: "TestCompileOwner", F: TestCompileOwner},
		{Name: "TestCompileResource", F: TestCompileResource},
		{Name: "TestMention", F: TestMention},
		{Name: "TestPathToID", F: TestPathToID},
		{Name: "TestOwnAccount", F: TestOwnAccount},
		{Name: "TestOrient", F: TestOrient},
		{Name: "TestClearContext", F: TestClearContext},
		{Name: "TestNumberSpan", F: TestNumberSpan},
		{Name: "TestResolveVariables", F: TestResolveVariables},
		{Name: "TestClauseReadings", F: TestClauseReadings},
		{Name: "TestSpanValues", F: TestSpanValues},
		{Name: "TestMatchOneAction", F: TestMatchOneAction},
		{Name: "TestMatchARN", F: TestMatchARN},
		{Name: "TestMatchUnknownKey", F: TestMatchUnknownKey},
		{Name: "TestPatternsMatchAlike", F: TestPatternsMatchAlike},
		{Name: "TestOpenPattern", F: TestOpenPattern},
		{Name: "TestOpenPrincipals", F: TestOpenPrincipals},
		{Name: "TestInForms", F: TestInForms},
		{Name: "TestCaptures", F: TestCaptures},
		{Name: "TestOutline", F: TestOutline},
		{Name: "TestBudgetStops", F: TestBudgetStops},
		{Name: "TestDecideAsked", F: TestDecideAsked},
		{Name: "TestOpenAddressesCut", F: TestOpenAddressesCut},
		{Name: "TestDecideCut", F: TestDecideCut},
		{Name: "TestFutureCut", F: TestFutureCut},
		{Name: "TestPartsOf", F: TestPartsOf},
		{Name: "TestClass", F: TestClass},
		{Name: "TestNamed", F: TestNamed},
		{Name: "TestExists", F: TestExists},
		{Name: "TestUnknownPart", F: TestUnknownPart},
		{Name: "TestPartitions", F: TestPartitions},
		{Name: "TestHomePartition", F: TestHomePartition},
		{Name: "TestEither", F: TestEither},
		{Name: "TestParseRCP", F: TestParseRCP},
		{Name: "TestCorpusParses", F: TestCorpusParses},
		{Name: "TestAccessText", F: TestAccessText},
		{Name: "TestDecideTime", F: TestDecideTime},
		{Name: "TestStop", F: TestStop},
		{Name: "TestSearchParts", F: TestSearchParts},
		{Name: "TestKeyRows", F: TestKeyRows},
		{Name: "TestKeyPresenceForServices", F: TestKeyPresenceForServices},
		{Name: "TestKeyValues", F: TestKeyValues},
		{Name: "TestUnknownMany", F: TestUnknownMany},
		{Name: "TestGrowth", F: TestGrowth},
		{Name: "TestCostlyPolicies", F: TestCostlyPolicies},
		{Name: "TestDecideLarge", F: TestDecideLarge},
		{Name: "TestDecideCorpus", F: TestDecideCorpus},
		{Name: "TestOracleRequests", F: TestOracleRequests},
	})
}
