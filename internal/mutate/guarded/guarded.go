//go:build mutants

// Package guarded is called by the guards of instrumented packages, and by the
// test that tries their mutants. It is only for internal/mutate, whose build
// sets the tag mutants; without the tag the package has no files.
package guarded

// state holds which guard is forced, and to what, and records the values of the
// guards. All instrumented packages share it, so it is a variable.
var state = struct {
	number int     // of the forced guard; -1 for none
	value  bool    // what it is forced to
	seen   []uint8 // by guard: 1 if it was false, 2 if true, 3 if both; nil to record nothing
	calls  int     // of guards
	limit  int     // of calls; one more panics
}{number: -1, limit: noLimit}

const noLimit = 1 << 62

// Is returns the value is of the guard with the number, or the value that the
// guard is forced to.
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
