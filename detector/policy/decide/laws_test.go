package decide

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/kmsentry/kmsentry/detector/policy"
)

// A law says how a change of a policy may change the decision on it.
type law struct {
	name string
	// change returns the changed policy; nil when the law has nothing to say
	// about this one. It leaves its argument alone.
	change func(p *policy.Policy, rng *rand.Rand) *policy.Policy
	// holds reports whether the decision after the change goes with that before.
	holds func(before, after Decision) bool
	// closes and opens say which way the change can move the verdict.
	closes, opens bool
}

// check reports whether the decisions go with the law. Where the budget cut one
// of them off, the law is about what that one rules out.
func (l *law) check(before, after Decision) bool {
	if !before.TooIntricate && !after.TooIntricate {
		return l.holds(before, after)
	}
	return (l.closes || after.Most >= before.Least) && (l.opens || after.Least <= before.Most)
}

func laws() []law {
	return []law{
		{name: "statement order", change: reorder, holds: sameDecision},
		{name: "JSON encoding", change: reencode, holds: sameDecision},
		{name: "letter case of actions and keys", change: flipCase, holds: sameDecision},
		{name: "one value per statement", change: splitValues, holds: sameDecision},
		{name: "name of an account", change: renameAccount, holds: sameDecision},
		{name: "one Deny more", change: addStatement("Deny"), holds: closesOrStays, closes: true},
		{name: "one Allow more", change: addStatement("Allow"), holds: opensOrStays, opens: true},
	}
}

// FuzzDecide holds Decide against laws, on policies of the corpus, on what the
// fuzzer makes of them, and on random ones where that is not a policy.
func FuzzDecide(f *testing.F) {
	seeds := 0
	for i, c := range readCorpus(f) {
		if !c.Malformed {
			f.Add(c.text(), uint64(i))
			seeds++
		}
	}
	if seeds == 0 {
		f.Fatal("no seeds")
	}
	for seed := range uint64(40) {
		f.Add([]byte("random"), seed)
	}
	f.Fuzz(func(t *testing.T, text []byte, seed uint64) {
		p, err := policy.Parse(text)
		if err != nil {
			text = newGenerator(seed).policy()
			p = mustParse(text)
		}
		before := Decide(p, surroundings())
		for _, l := range laws() {
			changed := l.change(p, rand.New(rand.NewPCG(seed, 11)))
			if changed == nil {
				continue
			}
			after := Decide(changed, surroundings())
			if !l.check(before, after) {
				t.Errorf("%s: %s before, %s after\n%s\n%s", l.name, audiences(before), audiences(after), encode(p), encode(changed))
			}
		}
	})
}

// audiences returns the verdict and what each action comes to.
func audiences(d Decision) string {
	var b strings.Builder
	fmt.Fprint(&b, d.Verdict)
	for _, g := range d.Grants {
		fmt.Fprintf(&b, " %s=%v", g.Action, g.Audience)
	}
	if len(d.Undecided) > 0 {
		fmt.Fprintf(&b, " open: %s", d.Undecided[0].Reason)
	}
	return b.String()
}

func sameDecision(before, after Decision) bool {
	return before.Owner.Manage == after.Owner.Manage && before.Owner.Decrypt == after.Owner.Decrypt &&
		before.Classes == after.Classes && before.bounds() == after.bounds() && slices.EqualFunc(before.Grants, after.Grants, func(a, b Grant) bool {
		return a.Action == b.Action && a.Audience == b.Audience
	})
}

// closesOrStays: a Deny lets nobody in. It may leave open whether somebody
// still gets in where somebody did.
func closesOrStays(before, after Decision) bool {
	if before.Verdict == Private {
		return after.Verdict == Private && keepsLess(before.Owner, after.Owner)
	}
	return after.Least <= before.Least && keepsLess(before.Owner, after.Owner)
}

// keepsLess: what the owner has lost for sure stays lost, and what it has for
// sure after a Deny it had before.
func keepsLess(before, after Owner) bool {
	for _, a := range [...][2]Access{{before.Manage, after.Manage}, {before.Decrypt, after.Decrypt}} {
		if a[0] == AccessNo && a[1] != AccessNo || a[1] == AccessYes && a[0] != AccessYes {
			return false
		}
	}
	return true
}

// opensOrStays: an Allow keeps nobody out.
func opensOrStays(before, after Decision) bool {
	for _, g := range before.Grants {
		if !slices.ContainsFunc(after.Grants, func(h Grant) bool { return h.Class == g.Class && h.Action == g.Action && h.Audience >= g.Audience }) {
			return false
		}
	}
	return after.Least >= before.Least && after.Most >= before.Most && keepsLess(after.Owner, before.Owner)
}

// clone returns a copy that shares nothing which a change changes.
func clone(p *policy.Policy) *policy.Policy {
	c := *p
	c.Statements = slices.Clone(p.Statements)
	for i := range c.Statements {
		st := &c.Statements[i]
		st.Actions = slices.Clone(st.Actions)
		st.Conditions = slices.Clone(st.Conditions)
	}
	return &c
}

// parsed returns the policy as it reads back, with what could not be read of it
// still unknown; nil when it has become too long.
func parsed(p *policy.Policy) *policy.Policy {
	again, err := policy.ParsePartial(encode(p), p.Unknown)
	if err != nil {
		return nil
	}
	return again
}

func reorder(p *policy.Policy, rng *rand.Rand) *policy.Policy {
	c := clone(p)
	rng.Shuffle(len(c.Statements), func(i, j int) { c.Statements[i], c.Statements[j] = c.Statements[j], c.Statements[i] })
	return parsed(c)
}

func reencode(p *policy.Policy, _ *rand.Rand) *policy.Policy { return parsed(p) }

// flipCase changes the letter case of actions and condition keys. Names in an
// encryption context tell letter case apart, so it leaves those alone when a
// condition compares them.
func flipCase(p *policy.Policy, rng *rand.Rand) *policy.Policy {
	c := clone(p)
	names := bytes.Contains(bytes.ToLower(encode(p)), []byte("encryptioncontextkeys"))
	for i := range c.Statements {
		st := &c.Statements[i]
		for j := range st.Actions {
			st.Actions[j] = randomCase(st.Actions[j], rng)
		}
		for j := range st.Conditions {
			if key := &st.Conditions[j].Key; !names || !strings.HasPrefix(strings.ToLower(*key), "kms:encryptioncontext:") {
				*key = randomCase(*key, rng)
			}
		}
	}
	return parsed(c)
}

func randomCase(text string, rng *rand.Rand) string {
	out := []byte(text)
	for i, b := range out {
		if letter := 'a' <= b|0x20 && b|0x20 <= 'z'; letter && rng.IntN(2) == 0 {
			out[i] ^= 0x20
		}
	}
	return string(out)
}

// splitValues gives each value of one condition a statement of its own: values
// are alternatives, and so are statements.
func splitValues(p *policy.Policy, rng *rand.Rand) *policy.Policy {
	type place struct{ st, cond int }
	var places []place
	for i, st := range p.Statements {
		for j, c := range st.Conditions {
			plain := c.Operator.Set == policy.NoSet || c.Operator.Set == policy.ForAnyValue && !c.Operator.Negated
			if plain && !c.Operator.Negated && c.Operator.Base != policy.Null && len(c.Values) > 1 && len(c.Values) <= 20 {
				places = append(places, place{i, j})
			}
		}
	}
	if len(places) == 0 {
		return nil
	}
	at := places[rng.IntN(len(places))]
	c := clone(p)
	whole := c.Statements[at.st]
	c.Statements = slices.Delete(c.Statements, at.st, at.st+1)
	for _, value := range whole.Conditions[at.cond].Values {
		st := whole
		st.Conditions = slices.Clone(whole.Conditions)
		st.Conditions[at.cond].Values = []string{value}
		c.Statements = append(c.Statements, st)
	}
	return parsed(c)
}

var (
	accountNumber = regexp.MustCompile(`\b\d{12}\b`)
	openDigits    = regexp.MustCompile(`\d[*?]|[*?]\d`)
	longDigits    = regexp.MustCompile(`\d{13,}`)
	orderMatters  = regexp.MustCompile(`(?i)numeric`)
)

const (
	otherAccount = "272727272727"
	ownerAccount = "111122223333"
)

// renameAccount gives a named account another number. The law is silent where
// something other than equality looks at the digits.
func renameAccount(p *policy.Policy, _ *rand.Rand) *policy.Policy {
	text := encode(p)
	var name []byte
	for _, account := range accountNumber.FindAll(text, -1) {
		if string(account) != ownerAccount {
			name = account
		}
	}
	if name == nil || openDigits.Match(text) || longDigits.Match(text) || orderMatters.Match(text) || bytes.Contains(text, []byte(otherAccount)) {
		return nil
	}
	changed, err := policy.ParsePartial(bytes.ReplaceAll(text, name, []byte(otherAccount)), p.Unknown)
	if err != nil {
		return nil
	}
	return changed
}

// addStatement returns a change that appends a random statement.
func addStatement(effect string) func(*policy.Policy, *rand.Rand) *policy.Policy {
	return func(p *policy.Policy, rng *rand.Rand) *policy.Policy {
		g := &generator{rng}
		extra := mustParse(g.document(g.statement(effect)))
		c := clone(p)
		if p.Version == policy.Version2012 {
			c.Statements = append(c.Statements, extra.Statements...)
			return parsed(c)
		}
		return nil // variables would be read as something else
	}
}
