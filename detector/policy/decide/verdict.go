package decide

import "fmt"

// A Verdict says how far a key policy opens a key to outsiders: principals of
// accounts and organizations that are neither the key owner's nor trusted.
type Verdict int

// The zero Verdict is Undecided: what was not decided is never read as private.
const (
	Undecided Verdict = iota // not decided; always reported
	Private                  // no outsider gets in
	Shared                   // only outsiders that the policy names get in
	Network                  // any outsider gets in from a named network, VPC or VPC endpoint
	Public                   // any outsider gets in
)

// String returns the verdict in lower case, as in JSON.
func (v Verdict) String() string {
	switch v {
	case Private:
		return "private"
	case Shared:
		return "shared"
	case Network:
		return "network"
	case Public:
		return "public"
	default:
		return "undecided"
	}
}

// Rank orders verdicts by severity for the owner, from 0, the best. Undecided may
// be as bad as Public, so it ranks above every verdict but Public.
func (v Verdict) Rank() int {
	switch v {
	case Private:
		return 0
	case Shared:
		return 1
	case Network:
		return 2
	case Public:
		return 4
	default:
		return 3
	}
}

// MarshalText returns the verdict's String.
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText accepts exactly the five words that String returns.
func (v *Verdict) UnmarshalText(text []byte) error {
	for w := Undecided; w <= Public; w++ {
		if w.String() == string(text) {
			*v = w
			return nil
		}
	}
	return fmt.Errorf("verdict: expected public, network, shared, private or undecided, found %q", text)
}

// String returns the access in lower case, as in JSON: "yes", "named", "no",
// "n/a" or "undecided".
func (a Access) String() string {
	switch a {
	case AccessNo:
		return "no"
	case AccessNamed:
		return "named"
	case AccessYes:
		return "yes"
	case AccessNotApplicable:
		return "n/a"
	default:
		return "undecided"
	}
}

// MarshalText returns the access's String.
func (a Access) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText accepts exactly the five words that String returns.
func (a *Access) UnmarshalText(text []byte) error {
	for b := AccessUndecided; b <= AccessNotApplicable; b++ {
		if b.String() == string(text) {
			*a = b
			return nil
		}
	}
	return fmt.Errorf("access: expected yes, named, no, n/a or undecided, found %q", text)
}
