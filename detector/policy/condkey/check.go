package condkey

import (
	"errors"
	"fmt"
	"math/bits"
	"slices"
)

// check returns an error if the row contradicts itself.
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
	if ways := c.Values.ways(); ways > 1 || ways > 0 && r.decidedByOthers(c) {
		return errors.New("values that are said in another way already")
	}
	switch r.Tie {
	case TieSpec, TieUsage, TieAlgorithm:
		if c.Is != Always {
			return errors.New("a fact of the key that is not there")
		}
	case TieTime:
		if !c.Now {
			return errors.New("an instant that is another than the request's")
		}
	case TieService:
		if c.Callers != Service || r.Names != ServicePrincipal {
			return errors.New("a service's own name of somebody else")
		}
	case TieContext:
		if r.Family != Prefix {
			return errors.New("a part of the encryption context without its name")
		}
	case TieMFAAge:
		if c.Is != Chosen {
			return errors.New("an age whether there is MFA or not")
		}
	}
	return c.Values.check()
}

// decidedByOthers reports whether the values of a case follow from those of
// another key in the group, or are not documented.
func (r *Row) decidedByOthers(c *Case) bool {
	switch r.Tie {
	case TieAccount, TieOrgID, TieUsername, TieVpc, TieVpceOrgID:
		return true
	case TieARN:
		return c.Callers == Service
	case TieUserID:
		return c.Callers&(Role|User) == 0
	default:
		return false
	}
}

// ways returns how many of the ways to describe values are used; see Values.
func (v *Values) ways() int {
	n := 0
	for _, used := range [...]bool{len(v.Of)+len(v.MaybeOf) > 0, len(v.Shapes)+len(v.MaybeShapes) > 0, v.Numbers, v.Addresses != NoAddresses, v.Now} {
		if used {
			n++
		}
	}
	return n
}

func (v *Values) check() error {
	switch {
	case v.Addresses > IPv4Addresses:
		return errors.New("no such addresses")
	case !v.Numbers && (v.Lo != 0 || v.Hi != 0 || v.FromNow) || v.Lo > v.Hi:
		return errors.New("bounds of no numbers")
	case len(v.Shapes) == 0 && (v.First != "" || v.Known != nil || v.Doubtful != nil):
		return errors.New("examples of no text")
	case v.First != "" && slices.ContainsFunc(v.shapes, Shape.HasCaller):
		return errors.New("an example in an account that need not be the caller's")
	}
	return nil
}

// shared reports whether several keys may have the tie.
func (t Tie) shared() bool {
	return t == TieAccount || t == TieContext || t == TieTime || t == TieService || t == TieAlgorithm
}

// own checks the row if it is one of the caller's own keys. Decisions rely on
// these: every request of a caller other than a service has an account, a
// principal and a user id, and a request of a user has a name. Whether there is
// an organization is up to the caller's account.
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
		if of == Service && c.Is == Unsaid {
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

// alike returns an error unless the keys of certain groups are present in the
// same requests, and those with TieAccount, or of a chain of calls, also have the
// same values.
func (t *Table) alike() error {
	same := func(a, b *Row, values bool) error {
		if a == nil || b == nil || slices.EqualFunc(a.Cases, b.Cases, func(c, d Case) bool {
			return c.Callers == d.Callers && c.Paths == d.Paths && c.Creds == d.Creds && slices.Equal(c.Actions, d.Actions) && c.Is == d.Is &&
				(!values || slices.Equal(c.Shapes, d.Shapes) && slices.Equal(c.Known, d.Known))
		}) {
			return nil
		}
		return fmt.Errorf("%s and %s are not alike", a.Name, b.Name)
	}
	for _, p := range [...]struct {
		a, b   Tie
		values bool
	}{
		{TieOrgID, TieOrgPaths, false},
		{TieVpc, TieVpcARN, false},
		{TieVpceOrgID, TieVpceOrgPaths, false},
		{TieContext, TieContextKeys, false},
		{TieCalled, TieCalledFirst, true},
		{TieCalled, TieCalledLast, true},
	} {
		if err := same(t.tie[p.a], t.tie[p.b], p.values); err != nil {
			return err
		}
	}
	for i := range t.rows {
		if r := &t.rows[i]; r.Tie == TieAccount {
			if err := same(t.tie[TieAccount], r, true); err != nil {
				return err
			}
		}
	}
	return nil
}
