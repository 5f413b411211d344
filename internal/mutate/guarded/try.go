//go:build mutants

package guarded

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"
)

// A Case is a test case whose answer a wrong guard may change.
type Case struct {
	Name   string
	Answer func() string
}

// Try tries the mutants listed in the file that KMSENTRY_MUTANTS names. Its
// first line is the number of guards; each further line is one mutant: the
// guard's number and the value that it is forced to. Try first compares the
// answers of the cases and then, if none differs, runs the tests. It writes the
// results to the file that KMSENTRY_MUTANTS_OUT names; see internal/mutate.
func Try(t *testing.T, cases []Case, tests ...func(*testing.T)) {
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
	lines := bufio.NewScanner(in)
	r := run{cases: cases, out: out}
	for _, test := range tests {
		name := runtime.FuncForPC(reflect.ValueOf(test).Pointer()).Name()
		r.tests = append(r.tests, testing.InternalTest{Name: name[strings.LastIndexByte(name, '.')+1:], F: test})
	}
	if !lines.Scan() {
		t.Fatal("expected the number of guards, found nothing")
	}
	if _, err := fmt.Sscan(lines.Text(), &r.guards); err != nil {
		t.Fatalf("%q: expected the number of guards", lines.Text())
	}
	r.learn(t)
	for lines.Scan() {
		var number int
		var value bool
		if _, err := fmt.Sscan(lines.Text(), &number, &value); err != nil {
			t.Fatalf("%q: expected a number and true or false", lines.Text())
		}
		r.report(number, value)
	}
	fmt.Fprintln(out, "end")
}

// A run tries mutants, one at a time.
type run struct {
	guards int // the number of guards
	cases  []Case
	want   []string  // their answers
	seen   [][]uint8 // for each case, the values of each guard, as in state.seen
	tests  []testing.InternalTest
	meets  [][]uint8 // the same for each test
	out    io.Writer
	limit  int // the most calls of guards in one case
}

// learn records the answers without a mutant, and which values of the guards
// each case and each test evaluates.
func (r *run) learn(t *testing.T) {
	for _, c := range r.cases {
		state.seen, state.calls, state.limit = make([]uint8, r.guards), 0, noLimit
		r.want = append(r.want, c.Answer())
		r.seen = append(r.seen, state.seen)
		r.limit = max(r.limit, state.calls)
	}
	for _, test := range r.tests {
		state.seen = make([]uint8, r.guards)
		if !passes(test) {
			t.Fatalf("%s fails without a mutant", test.Name)
		}
		r.meets = append(r.meets, state.seen)
	}
	state.seen = nil
}

// report tries a mutant and writes the result.
func (r *run) report(number int, value bool) {
	fmt.Fprintln(r.out, "begin", number, value)
	hanging := time.AfterFunc(time.Minute, func() {
		fmt.Fprintln(r.out, "noticed", number, value, "hangs")
		os.Exit(3)
	})
	defer hanging.Stop()
	if by := r.try(number, value); by != "" {
		fmt.Fprintln(r.out, "noticed", number, value, by)
	} else {
		fmt.Fprintln(r.out, "survives", number, value)
	}
}

// try returns the name of the case or test that notices the mutant, or "" if
// none does. It skips the cases and tests in which the guard always has the
// forced value anyway.
func (r *run) try(number int, value bool) string {
	other := uint8(2)
	if value {
		other = 1
	}
	state.number, state.value = number, value
	defer func() { state.number = -1 }()
	for i, c := range r.cases {
		if r.seen[i][number]&other != 0 && r.answer(c) != r.want[i] {
			return c.Name
		}
	}
	for i, test := range r.tests {
		if r.meets[i][number]&other == 0 {
			continue
		}
		state.calls, state.limit = 0, noLimit
		if !passes(test) {
			return test.Name
		}
	}
	return ""
}

// answer returns the case's answer under the mutant, or a text that says that it
// panics.
func (r *run) answer(c Case) (text string) {
	defer func() {
		if why := recover(); why != nil {
			text = strings.TrimSpace(fmt.Sprint("panics: ", why))
		}
	}()
	state.calls, state.limit = 0, 100*r.limit
	return c.Answer()
}

func passes(test testing.InternalTest) bool {
	return testing.RunTests(func(string, string) (bool, error) { return true, nil }, []testing.InternalTest{test})
}
