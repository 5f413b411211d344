package condkey

import (
	"errors"
	"fmt"
	"math/bits"
	"slices"
)

// check finds what in a row contradicts itself.
func (r *Row) check() error {
	if r.Tie >= Ties {
		return fmt.Errorf("no such tie: %d", r.Tie)
	}
	for i := range r.Cases {
		if err := r.Cases[i].check(r); err != nil {
			return fmt.Errorf("case %d: %w", i, err)
		}
	}
	if r.Family != Prefix && (r.Parts != nil || r.Reserved != "") {
		return errors.New("free parts of a key that has none")
	}
	return r.own()
}

func (c *Case) check(r *Row) error {
	switch {
	case c.Callers&^Anyone != 0 || c.Paths&^(Direct|Through) != 0 || c.Creds > LongTerm:
		return errors.New("no such caller, path or credentials")
	case c.Callers == Service && (c.Paths != 0 || c.Creds != AnyCredentials):
		return errors.New("services call in one way")
	case c.Creds != AnyCredentials && c.Callers != 0 && c.Callers&^(Role|Fed) == 0:
		return errors.New("such sessions are always temporary")
	case c.Is > Unsaid:
		return errors.New("no such presence")
	case c.Fact&^r.Reads != 0 || bits.OnesCount16(uint16(c.Fact)) > 1:
		return errors.New("a fact that the row does not read")
	}
	return c.Values.check()
}

func (v *Values) check() error {
	ways := 0
	for _, used := range [...]bool{len(v.Of)+len(v.MaybeOf) > 0, len(v.Shapes)+len(v.MaybeShapes) > 0, v.Numbers, v.Addresses != NoAddresses, v.Now} {
		if used {
			ways++
		}
	}
	switch {
	case ways > 1 || v.Addresses > IPv4Addresses:
		return errors.New("values in more than one way")
	case !v.Numbers && (v.Lo != 0 || v.Hi != 0 || v.FromNow) || v.Lo > v.Hi:
		return errors.New("bounds of no numbers")
	case len(v.Shapes) == 0 && (v.First != "" || v.Known != nil || v.Doubtful != nil):
		return errors.New("examples of no text")
	}
	return nil
}

// shared reports whether several keys may have a tie.
func (t Tie) shared() bool {
	return t == TieAccount || t == TieContext || t == TieTime || t == TieService
}

// own checks the rows of the caller's own keys. Every request of a person has
// an account, a principal and a user id, and those of users a name; whether
// there is an organization its account decides. Decisions count on that.
func (r *Row) own() error {
	want, callers := Always, People
	switch {
	case TieAccount <= r.Tie && r.Tie <= TieUserID:
	case r.Tie == TieOrgID || r.Tie == TieOrgPaths:
		want = Chosen
	case r.Tie == TieUsername:
		callers = User
	default:
		return nil
	}
	var seen Callers
	for i := range r.Cases {
		c := &r.Cases[i]
		of := c.Callers
		if of == 0 {
			of = People
		}
		if of == Service {
			continue
		}
		if c.Is != want || c.Paths != 0 || c.Creds != AnyCredentials || c.Actions != nil || of&^callers != 0 || of&seen != 0 {
			return fmt.Errorf("case %d: a caller's own key, which is there whatever the path, the credentials and the action", i)
		}
		seen |= of
	}
	if seen != callers {
		return fmt.Errorf("cases for callers %b, want %b", seen, callers)
	}
	return nil
}

// alike checks that keys of one group are there in the same requests.
func (t *Table) alike() error {
	for _, pair := range [...][2]Tie{{TieOrgID, TieOrgPaths}, {TieVpc, TieVpcARN}, {TieVpceOrgID, TieVpceOrgPaths}, {TieCalled, TieCalledFirst}, {TieCalled, TieCalledLast}, {TieContext, TieContextKeys}} {
		a, b := t.tie[pair[0]], t.tie[pair[1]]
		if a != nil && b != nil && !slices.EqualFunc(a.Cases, b.Cases, func(c, d Case) bool {
			return c.Callers == d.Callers && c.Paths == d.Paths && c.Creds == d.Creds && slices.Equal(c.Actions, d.Actions) && c.Is == d.Is
		}) {
			return fmt.Errorf("%s and %s are not there in the same requests", a.Name, b.Name)
		}
	}
	return nil
}
