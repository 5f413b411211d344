//go:build mutants

package policy

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"
)

// mutantTests are the tests that mutants meet which no answer of the golden
// file notices, the quick ones first.
func mutantTests() []testing.InternalTest {
	return []testing.InternalTest{
		{Name: "TestQuestionCases", F: TestQuestionCases},
		{Name: "TestUnknownCorpus", F: TestUnknownCorpus},
		{Name: "TestAllowsConditions", F: TestAllowsConditions},
		{Name: "TestAllowsElements", F: TestAllowsElements},
		{Name: "TestAllowsCallers", F: TestAllowsCallers},
		{Name: "TestAllowsFederated", F: TestAllowsFederated},
		{Name: "TestAllowsUnder", F: TestAllowsUnder},
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
		{Name: "TestAllowsCorpusWitnesses", F: TestAllowsCorpusWitnesses},
		{Name: "TestParseErrors", F: TestParseErrors},
		{Name: "TestParseReads", F: TestParseReads},
		{Name: "TestParseRecovers", F: TestParseRecovers},
		{Name: "TestParseCrowded", F: TestParseCrowded},
		{Name: "TestNameSet", F: TestNameSet},
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
		{Name: "TestPatternsFold", F: TestPatternsFold},
		{Name: "TestPatternHead", F: TestPatternHead},
		{Name: "TestNewPattern", F: TestNewPattern},
		{Name: "TestSplitVariables", F: TestSplitVariables},
		{Name: "TestEvalFold", F: TestEvalFold},
		{Name: "TestAddressSetJoins", F: TestAddressSetJoins},
		{Name: "TestAddressSetWide", F: TestAddressSetWide},
		{Name: "TestValidPrincipal", F: TestValidPrincipal},
		{Name: "TestMarks", F: TestMarks},
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
		{Name: "TestClass", F: TestClass},
		{Name: "TestNamed", F: TestNamed},
		{Name: "TestExists", F: TestExists},
		{Name: "TestUnknownPart", F: TestUnknownPart},
		{Name: "TestPartitions", F: TestPartitions},
		{Name: "TestHomePartition", F: TestHomePartition},
		{Name: "TestEither", F: TestEither},
		{Name: "TestParseRCP", F: TestParseRCP},
		{Name: "TestParseSize", F: TestParseSize},
		{Name: "TestParseManyKeys", F: TestParseManyKeys},
		{Name: "TestParseOperators", F: TestParseOperators},
		{Name: "TestParseDate", F: TestParseDate},
		{Name: "TestParseNumber", F: TestParseNumber},
		{Name: "TestParsePrefix", F: TestParsePrefix},
		{Name: "TestParseBool", F: TestParseBool},
		{Name: "TestCorpusParses", F: TestCorpusParses},
		{Name: "TestActions", F: TestActions},
		{Name: "TestAccessText", F: TestAccessText},
		{Name: "TestDecideTime", F: TestDecideTime},
		{Name: "TestStop", F: TestStop},
		{Name: "TestSearchParts", F: TestSearchParts},
		{Name: "TestTapeSolve", F: TestTapeSolve},
		{Name: "TestTapeBegins", F: TestTapeBegins},
		{Name: "TestKeyRows", F: TestKeyRows},
		{Name: "TestKeyPresenceForServices", F: TestKeyPresenceForServices},
		{Name: "TestKeyValues", F: TestKeyValues},
		{Name: "TestUnknownMany", F: TestUnknownMany},
		{Name: "TestGrowth", F: TestGrowth},
		{Name: "TestCostlyPolicies", F: TestCostlyPolicies},
		{Name: "TestDecideLarge", F: TestDecideLarge},
		{Name: "TestDecideCorpus", F: TestDecideCorpus},
		{Name: "TestOracleRequests", F: TestOracleRequests},
	}
}

// A mutantRun tries mutants, one at a time.
type mutantRun struct {
	cases []answerCase
	want  []string  // their answers
	seen  [][]uint8 // for each case the values of each guard, as mutants.seen
	tests []testing.InternalTest
	meets [][]uint8 // the same for each test
	out   io.Writer
	limit int // of calls of guards in one case
}

// TestGuardMutants tries the mutants that the file KMSENTRY_MUTANTS lists, a
// line each: the guard's number and the value that it is forced to. What it
// finds it writes to KMSENTRY_MUTANTS_OUT. See internal/mutate, which builds
// and runs it.
func TestGuardMutants(t *testing.T) {
	in, err := os.Open(os.Getenv("KMSENTRY_MUTANTS"))
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := os.Create(os.Getenv("KMSENTRY_MUTANTS_OUT"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	r := mutantRun{cases: answerCases(t), tests: mutantTests(), out: out}
	r.learn(t)
	for lines := bufio.NewScanner(in); lines.Scan(); {
		var number int
		var value bool
		if _, err := fmt.Sscan(lines.Text(), &number, &value); err != nil {
			t.Fatalf("%q: want a number and true or false", lines.Text())
		}
		fmt.Fprintln(out, "begin", number, value)
		hanging := time.AfterFunc(time.Minute, func() {
			fmt.Fprintln(out, "noticed", number, value, "hangs")
			os.Exit(3)
		})
		by := r.try(number, value)
		hanging.Stop()
		if by == "" {
			fmt.Fprintln(out, "survives", number, value)
		} else {
			fmt.Fprintln(out, "noticed", number, value, by)
		}
	}
	fmt.Fprintln(out, "end")
}

// learn records the answers without a mutant, and which guards they meet.
func (r *mutantRun) learn(t *testing.T) {
	mutants.number = -1
	for _, c := range r.cases {
		mutants.seen, mutants.calls, mutants.limit = make([]uint8, mutantCount), 0, 1<<62
		r.want = append(r.want, c.answer())
		r.seen = append(r.seen, mutants.seen)
		r.limit = max(r.limit, mutants.calls)
	}
	for _, test := range r.tests {
		mutants.seen = make([]uint8, mutantCount)
		if !testing.RunTests(func(string, string) (bool, error) { return true, nil }, []testing.InternalTest{test}) {
			t.Fatalf("%s fails without a mutant", test.Name)
		}
		r.meets = append(r.meets, mutants.seen)
	}
	mutants.seen = nil
}

// try returns what notices the mutant, "" for nothing. It skips the cases and
// tests in which the guard has the forced value anyway.
func (r *mutantRun) try(number int, value bool) string {
	other := uint8(2)
	if value {
		other = 1
	}
	mutants.number, mutants.value = number, value
	defer func() { mutants.number = -1 }()
	for i, c := range r.cases {
		if r.seen[i][number]&other == 0 {
			continue
		}
		if got := r.answer(c); got != r.want[i] {
			return c.name
		}
	}
	for i, test := range r.tests {
		if r.meets[i][number]&other == 0 {
			continue
		}
		mutants.calls, mutants.limit = 0, 1<<62
		if !testing.RunTests(func(string, string) (bool, error) { return true, nil }, []testing.InternalTest{test}) {
			return test.Name
		}
	}
	return ""
}

// answer is the case's answer under the mutant, or that it panics.
func (r *mutantRun) answer(c answerCase) (text string) {
	defer func() {
		if why := recover(); why != nil {
			text = strings.TrimSpace(fmt.Sprint("panics: ", why))
		}
	}()
	mutants.calls, mutants.limit = 0, 100*r.limit
	return c.answer()
}
