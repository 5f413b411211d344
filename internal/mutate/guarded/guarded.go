//go:build mutants

// Package guarded is what the guards of instrumented packages call, and the test
// that tries mutants of them. It is for internal/mutate alone, whose build sets
// the tag mutants; without the tag there is no such package.
package guarded

// state says which guard is forced, and to what, and records the values that
// guards have. All instrumented packages share it, so it is a variable.
var state = struct {
	number int     // of the guard that is forced; -1 for none
	value  bool    // what it is forced to
	seen   []uint8 // by guard: 1 when it was false, 2 when it was true, 3 when both; nil records nothing
	calls  int     // of guards
	limit  int     // of calls; one more panics
}{number: -1, limit: noLimit}

const noLimit = 1 << 62

// Is returns what the guard of that number is, or what it is forced to.
func Is(number int, is bool) bool {
	if state.calls++; state.calls > state.limit {
		panic("the mutant takes too long")
	}
	if number == state.number {
		return state.value
	}
	if state.seen != nil {
		if is {
			state.seen[number] |= 2
		} else {
			state.seen[number] |= 1
		}
	}
	return is
}
