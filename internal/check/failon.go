package check

import (
	"errors"
	"strings"

	"github.com/kmsentry/kmsentry/detector/policy/decide"
	"github.com/kmsentry/kmsentry/internal/exit"
)

// A FailOn says what counts as found: what is not ruled out, so that an
// undecided policy counts when it may be as bad. Levels add up: of public,
// network and shared the mildest counts, with everything worse; undecided
// counts alone when it is named; none is nothing at all.
type FailOn struct {
	from      decide.Verdict // the mildest verdict that counts; Undecided: none of them
	none      bool
	undecided bool
	given     bool
}

// DefaultFailOn is what counts without --fail-on: what may be public.
func DefaultFailOn() FailOn { return FailOn{from: decide.Public} }

// String makes FailOn a flag.Value.
func (f *FailOn) String() string { return "" }

// Set adds levels, separated by commas; the first call replaces the default.
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

// Status is the exit status that one result leads to: OK, Error when it has no
// decision, or Found. A key that its owner has lost counts at every level but none.
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
