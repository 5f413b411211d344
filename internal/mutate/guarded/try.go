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

// A Case is one of which a wrong guard may change the answer.
type Case struct {
	Name   string
	Answer func() string
}

// Try tries the mutants that the file KMSENTRY_MUTANTS lists: on its first line
// how many guards there are, then a line for each mutant, the guard's number and
// the value that it is forced to. It asks the cases first, then runs the tests,
// which may be all that notices. What it finds it writes to
// KMSENTRY_MUTANTS_OUT; see internal/mutate.
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
	guards int // how many there are
	cases  []Case
	want   []string  // their answers
	seen   [][]uint8 // for each case the values of each guard, as state.seen
	tests  []testing.InternalTest
	meets  [][]uint8 // the same for each test
	out    io.Writer
	limit  int // of calls of guards in one case
}

// learn records the answers without a mutant, and which guards they meet.
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

// report tries a mutant and writes down what became of it.
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

// try returns what notices the mutant, "" for nothing. It skips the cases and
// tests in which the guard has the forced value anyway.
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

// answer is the case's answer under the mutant, or that it panics.
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
