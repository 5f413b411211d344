package check

import (
	"errors"
	"strings"

	"github.com/kmsentry/kmsentry/detector/policy/decide"
	"github.com/kmsentry/kmsentry/internal/exit"
)

// A FailOn says which results lead to exit.Found. What counts is the worst that is not
// ruled out, so an undecided policy counts when it may be bad enough. Levels add up: the
// mildest of public, network and shared counts, and everything worse than it; undecided
// adds every undecided policy; none stands alone and means that nothing counts.
type FailOn struct {
	from      decide.Verdict // the mildest verdict that counts; Undecided when none does
	none      bool
	undecided bool
	given     bool
}

// DefaultFailOn returns what counts without --fail-on: a key that may be public.
func DefaultFailOn() FailOn { return FailOn{from: decide.Public} }

// String implements flag.Value.
func (f *FailOn) String() string { return "" }

// Set implements flag.Value. It adds levels, separated by commas; the first call
// replaces the default.
func (f *FailOn) Set(s string) error {
	if !f.given {
		*f = FailOn{given: true}
	}
	for _, word := range strings.Split(s, ",") {
		var v decide.Verdict
		if strings.TrimSpace(word) == "none" {
			f.none = true
			continue
		}
		if err := v.UnmarshalText([]byte(strings.TrimSpace(word))); err != nil || v == decide.Private {
			return errors.New("expected public, network, shared, undecided or none")
		}
		switch {
		case v == decide.Undecided:
			f.undecided = true
		case f.from == decide.Undecided || v < f.from:
			f.from = v
		}
	}
	if f.none && (f.from != decide.Undecided || f.undecided) {
		return errors.New("expected none alone")
	}
	return nil
}

// Status returns the exit status for one result: OK, Found, or Error when it has no
// decision. A key that its owner has lost counts at every level except none.
func (f FailOn) Status(c Result) int {
	worst := max(c.Decision.Verdict, c.Decision.Most)
	switch {
	case c.err != nil:
		return exit.Error
	case f.none, c.Accepted.By != "":
		return exit.OK
	case c.Locked():
		return exit.Found
	case f.from != decide.Undecided && worst >= f.from:
		return exit.Found
	case f.undecided && c.Decision.Verdict == decide.Undecided:
		return exit.Found
	default:
		return exit.OK
	}
}
