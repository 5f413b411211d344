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
	guarded.Try(t, cases,
		TestBlamed,
		TestAllowNote,
		TestAllowNoteWithinBudget,
		TestAllowNoteStopped,
		TestGroupGrants,
		TestQuestionCases,
		TestUnknownCorpus,
		TestAllowsUnder,
		TestAllowsCorpusWitnesses,
		TestParseCrowded,
		TestPatternsMatchAlike,
		TestBudgetStops,
		TestDecideAsked,
		TestOpenAddressesCut,
		TestDecideCut,
		TestFutureCut,
		TestClass,
		TestNamed,
		TestUnknownPart,
		TestPartitions,
		TestHomePartition,
		TestEither,
		TestParseRCP,
		TestCorpusParses,
		TestAccessText,
		TestClassesJSON,
		TestClassesWorst,
		TestDecideTime,
		TestStop,
		TestSearchParts,
		TestKeyRows,
		TestKeyPresenceForServices,
		TestKeyValues,
		TestUnknownMany,
		TestGrowth,
		TestCostlyPolicies,
		TestDecideLarge,
		TestDecideCorpus,
		TestOracleRequests,
	)
}
