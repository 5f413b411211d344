package decide

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/condkey"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/textsolve"
	"github.com/kmsentry/kmsentry/detector/policy/evaluate"
)

// An openSet says what the unknown values of a condition, or the unknown
// principals of a statement, add to the set that is known.
type openSet struct {
	known *valueSet // what is in the set for sure
	wide  *valueSet // what may be in it; nil when that can be everything
	fresh *valueSet // the same without texts that can only name somebody; nil when that can be everything
	one   int       // how many unknown texts there are; 0 when one of them may stand for many values
}

// nothing is a value that no key ever has.
const nothing = ":::::\x00"

// split returns c with its known values only, and the unknown ones.
func split(c *policy.Condition) (known *policy.Condition, open []string) {
	for _, v := range c.Values {
		if policy.HasMark(v) {
			open = append(open, v)
		}
	}
	if open == nil {
		return c, nil
	}
	k := policy.Condition{Operator: c.Operator, Key: c.Key}
	for _, v := range c.Values {
		if !policy.HasMark(v) {
			k.Values = append(k.Values, v)
		}
	}
	if k.Values == nil {
		k.Values = []string{nothing}
	}
	return &k, open
}

// unknownClause is a clause that may hold for any request and fail for any.
func unknownClause(c *policy.Condition) clause {
	never := literal{slot: sAccount, set: &valueSet{}}
	return clause{cond: c, sure: never, possible: never.not()}
}

// openClause adds the unknown values to a clause made of the known ones.
func (c *compiled) openClause(cl *clause, open []string, info condkey.Key) {
	op := cl.cond.Operator
	if op.Base == policy.Null {
		cl.possible.absent, cl.possible.mode = true, all
		return
	}
	same := cl.sure.set == cl.possible.set
	cl.sure.set = c.openValues(cl.sure.set, open, op.Base, info)
	if same {
		cl.possible.set = cl.sure.set
	} else {
		cl.possible.set = c.openValues(cl.possible.set, open, op.Base, info)
	}
}

func (c *compiled) openValues(known *valueSet, open []string, base policy.Base, info condkey.Key) *valueSet {
	set := *known
	o := &openSet{known: known}
	set.open = o
	if !isText(base) {
		return &set
	}
	wide, fresh, one := *known, *known, true
	var more, many []textsolve.Pattern // those that may be in the set, and those of them that name many
	var shapes policy.NameSet
	for _, text := range open {
		p, isOne, pins := c.openPattern(text, base, info)
		one = one && isOne
		if !shapes.Add(policy.ReplaceMarks(text, "*")+fmt.Sprint(pins), false) {
			continue // many that cannot be told apart are as good as one
		}
		more = append(more, p)
		if !pins {
			many = append(many, p)
		}
	}
	wide.pats, fresh.pats = slices.Concat(known.pats, more), slices.Concat(known.pats, many)
	o.wide, o.fresh = &wide, &fresh
	if one {
		o.one = len(open)
	}
	return &set
}

// openPattern returns a pattern for all that text, of which a part is unknown,
// can match. one says that it equals a single text, pins that in a value that
// names somebody it fixes who that is.
func (c *compiled) openPattern(text string, base policy.Base, info condkey.Key) (p textsolve.Pattern, one, pins bool) {
	p = textsolve.Pattern{Text: text, Fold: base == policy.StringEqualsIgnoreCase, ARN: base == policy.ArnLike, Wild: isWild(base)}
	colons, crossing := 0, false
	variable := c.policy.Variables() && strings.Contains(text, "${")
	one = !variable && c.policy.Single(text)
	parts := []textsolve.Part{{Text: text}}
	if variable {
		parts = partsOf(text)
	}
	for _, s := range parts {
		if s.Variable != "" {
			p.Tokens, crossing = append(p.Tokens, textsolve.Token{Kind: textsolve.Star}), true
			continue
		}
		for _, r := range s.Text {
			i, ok := policy.IsMark(r)
			if !ok {
				p.Tokens = p.Read(p.Tokens, textsolve.Part{Text: string(r), Literal: s.Literal}, &colons, crossing)
				one = one && (!p.Wild || s.Literal || r != '*' && r != '?')
				continue
			}
			u := c.unknown(i)
			bounded := u.Lacks(":")
			p.Tokens, crossing = append(p.Tokens, textsolve.Token{Kind: textsolve.Star, NoColon: bounded}), crossing || !bounded
			one = one && (!p.Wild || u.Lacks("*?"))
		}
	}
	return p, one, one || info.Types&condkey.ARN != 0 && p.ARN && c.pinsAccount(text)
}

func isWild(b policy.Base) bool { return b == policy.StringLike || b == policy.ArnLike }

// pinsAccount reports whether an ARN pattern has an account that is one text,
// which is not known.
func (c *compiled) pinsAccount(text string) bool {
	parts := strings.SplitN(text, ":", 6)
	if len(parts) < 6 || !policy.HasMark(parts[4]) || strings.ContainsAny(parts[4], "*?$") {
		return false
	}
	return c.policy.Lacks(strings.Join(parts[:4], ""), ":") && c.policy.Lacks(parts[4], ":*?")
}

// unknown returns the part that a mark stands for.
func (c *compiled) unknown(i int) *policy.Unknown {
	if i < len(c.policy.Unknown) {
		return &c.policy.Unknown[i]
	}
	return &policy.Unknown{}
}

// read reads the unknown values of l as this kind of search has to.
func (s *search) read(l literal) literal {
	if l.set == nil || l.set.open == nil {
		return l
	}
	return s.orient(l, !s.sure)
}

// orient reads the unknown values of l: so that l holds whenever it may (wide),
// or only when it must.
//
// What only may be in the set is left out or taken in. Two readings lie
// between: an unknown text that names somebody is never a stranger's, since
// strangers are those whom the policy does not name; and a request that must
// not be what an unknown text says is as good as any other that is not, so that
// it is enough to find several of them (see anyway).
func (s *search) orient(l literal, wide bool) literal {
	o := l.set.open
	if _, fixed := l.present(); fixed {
		return l
	}
	in := l.inside()
	switch {
	case in && wide && s.estranged(l.slot):
		l.set = o.fresh
	case in && wide:
		l.set = o.wide
	case !in && !wide && o.one > 0:
		if x := (apart{l.slot, o}); !slices.Contains(s.apart, x) {
			s.apart = append(s.apart, x)
		}
		l.set = o.known
	case !in && !wide:
		l.set = o.wide
	default:
		l.set = o.known
	}
	if l.set == nil {
		l.mode, l.set = none, o.known
		if in {
			l.mode = all
		}
	}
	return l
}

// An apart is a key that must not be what unknown texts say.
type apart struct {
	slot int
	open *openSet
}

// estranged reports whether a stranger, in this search, is somebody whose value
// of the key the policy does not name.
func (s *search) estranged(slot int) bool {
	switch slot {
	case sAccount, sArn, sUserID, sUnique, sOrgID, sOrgPaths, sParent, sParentID:
		return s.freshWho
	}
	switch names := s.c.slots[slot].Names; {
	case names.Where():
		return s.freshWhere
	case names.Customer():
		return s.typ == serviceCaller && s.base != nil
	default: // also of those who have no id of AWS: who has such a name the text alone may not tell
		return false
	}
}

// maxApart is how many unknown texts a sure request may have to differ from.
const maxApart = 32

// anyway reports whether what m, which an attempt has found, stands for gets in
// whatever the unknown texts are that it must not equal: each of them can shut
// out one of several requests that have no value in common.
func (d *decider) anyway(a attempt, m *model) bool {
	s := a.s
	others := 0
	from := slices.Clone(s.apart)
	for _, x := range from {
		others += x.open.one
	}
	if len(from) == 0 || others > maxApart || !d.confirmsApart(s, m) {
		return false
	}
	var more []literal
	for range others {
		for _, x := range from {
			if texts := textsOf(m.vals[x.slot]); texts != nil {
				more = append(more, noneOf(x.slot, texts...))
			}
		}
		if m = s.through(a.allow, a.way, more...); m == nil || !d.confirmsApart(s, m) {
			return false
		}
	}
	return len(s.apart) == len(from) // else another one came up on the way
}

// confirmsApart is confirms for a request that equals none of the unknown texts.
func (d *decider) confirmsApart(s *search, m *model) bool {
	if d.b.Spend(d.evaluation(s, m)); d.b.Out() {
		return false
	}
	return evaluate.AllowsWithKeys(d.policy.Apart(), d.compiled.keys, s.request(m, s.Ask), d.RCPs) == evaluate.Yes
}

func textsOf(vals []value) []string {
	var texts []string
	for _, v := range vals {
		texts = append(texts, v.s)
	}
	return texts
}
