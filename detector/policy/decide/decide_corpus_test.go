package decide

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/evaluate"
	"github.com/kmsentry/kmsentry/detector/policy/internal/policytest"
	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
)

// TestDecideCorpus holds Decide against the verdicts of the corpus.
func TestDecideCorpus(t *testing.T) {
	decided := 0
	for _, c := range readCorpus(t) {
		if c.Malformed {
			continue
		}
		p, err := policy.Parse(c.text())
		if err != nil {
			t.Errorf("%s: %v", c.Name, err)
			continue
		}
		d := Decide(p, c.question(t))
		if v := d.Classes.Of(kmsapi.ClassEncrypt).Verdict; !c.accepts(v) {
			t.Errorf("%s: encrypt is %v %v, want %v (or %v): %s", c.Name, v, d.Undecided, c.Verdict, c.Accept, c.Why)
			continue
		}
		decided++
		checkDecision(t, c.Name, p, c.question(t), d)
		checkClasses(t, c, d)
		if c.Encrypt != nil && d.Classes.Of(kmsapi.ClassEncrypt).Verdict != Undecided {
			checkEncrypt(t, c, d)
		}
	}
	if decided == 0 {
		t.Error("no case of the corpus was decided")
	}
}

// checkClasses holds what classes.jsonl says besides the encrypt class.
func checkClasses(t *testing.T, c corpusCase, d Decision) {
	t.Helper()
	for _, row := range []struct {
		what      string
		got, want any
		said      bool
	}{
		{"use", d.Classes.Of(kmsapi.ClassUse).Verdict, c.Use, c.Use != nil},
		{"other", d.Classes.Of(kmsapi.ClassOther).Verdict, c.Other, c.Other != nil},
		{"manage", d.Owner.Manage, c.Manage, c.Manage != nil},
		{"decrypt", d.Owner.Decrypt, c.Decrypt, c.Decrypt != nil},
		{"named", d.Owner.Named, c.Named, c.Named != nil},
		{"blame", d.Owner.ManageBlame.Statement.Index, c.Blame, c.Blame != nil},
	} {
		if got, want := fmt.Sprint(row.got), fmt.Sprint(reflect.Indirect(reflect.ValueOf(row.want))); row.said && got != want {
			t.Errorf("%s: %s is %s, want %s: %s", c.Name, row.what, got, want, c.Why)
		}
	}
	switch {
	case c.RCPs == nil:
	case (c.Unguarded == nil) != (d.Unguarded == nil):
		t.Errorf("%s: unguarded %v, want %v: %s", c.Name, d.Unguarded, c.Unguarded, c.Why)
	case c.Unguarded != nil && d.Unguarded.Verdict != *c.Unguarded:
		t.Errorf("%s: unguarded %v, want %v: %s", c.Name, d.Unguarded.Verdict, *c.Unguarded, c.Why)
	}
	checkOwner(t, c.Name, d.Owner)
}

// checkOwner holds what is said of the owner against itself.
func checkOwner(t testing.TB, name string, o Owner) {
	t.Helper()
	if (o.Witness != nil) != (o.Manage == AccessYes || o.Manage == AccessNamed) {
		t.Errorf("%s: manage is %v, with the witness %v", name, o.Manage, o.Witness)
	}
	if (o.ManageBlame.Reason == "") != (o.Manage == AccessYes) || (o.DecryptBlame.Reason == "") != (o.Decrypt == AccessYes || o.Decrypt == AccessNotApplicable) {
		t.Errorf("%s: %v because of %q, %v because of %q", name, o.Manage, o.ManageBlame.Reason, o.Decrypt, o.DecryptBlame.Reason)
	}
	if (len(o.Named) > 0) != (o.Manage == AccessNamed) {
		t.Errorf("%s: manage is %v, named %v", name, o.Manage, o.Named)
	}
}

// checkEncrypt holds what the decision says of kms:Encrypt alone.
func checkEncrypt(t *testing.T, c corpusCase, d Decision) {
	t.Helper()
	audience := Private
	for _, g := range d.Grants {
		if g.Action == "kms:Encrypt" {
			audience = g.Audience
		}
	}
	if audience != *c.Encrypt && !slices.Contains(c.Accept, audience) {
		t.Errorf("%s: kms:Encrypt is %v, want %v: %s", c.Name, audience, *c.Encrypt, c.Why)
	}
}

// checkDecision holds a decision against itself: each grant has a witness that
// Allows accepts, that somebody can send, and that is as strange as the grant
// claims; the bounds of the classes follow from the grants, and the verdict
// from the bounds.
func checkDecision(t testing.TB, name string, p *policy.Policy, q Question, d Decision) {
	t.Helper()
	o := newOracle(p, q, 3)
	least := map[kmsapi.Class]Verdict{}
	for _, class := range kmsapi.Classes() {
		least[class] = Private
	}
	for _, g := range slices.Concat(d.Grants, d.Others) {
		if g.Audience < Shared {
			t.Errorf("%s: a grant of %s to %v", name, g.Action, g.Audience)
		}
		least[g.Class] = max(least[g.Class], g.Audience)
		checkWitness(t, name, o, g)
	}
	for _, class := range kmsapi.Classes() {
		b := d.Classes.Of(class)
		if b.Least != least[class] && (class.Decides() || b.Least < least[class]) {
			t.Errorf("%s: %s is %v, but the grants come to %v", name, class, b, least[class])
		}
		checkBounds(t, name, b)
	}
	checkBounds(t, name, d.bounds())
	want := closed()
	for _, class := range kmsapi.Deciding() {
		want = want.worst(d.Classes.Of(class))
	}
	if d.bounds() != want {
		t.Errorf("%s: %v, but the classes come to %v", name, d.bounds(), want)
	}
	if d.Verdict == Undecided && len(d.Undecided) == 0 {
		t.Errorf("%s: undecided without a reason", name)
	}
}

func checkBounds(t testing.TB, name string, b Bounds) {
	t.Helper()
	if b.Least < Private || b.Most < b.Least || (b.Least == b.Most) != (b.Verdict == b.Least) || b.Least != b.Most && b.Verdict != Undecided {
		t.Errorf("%s: bounds %v", name, b)
	}
}

func checkWitness(t testing.TB, name string, o *oracle, g Grant) {
	t.Helper()
	r := oracleRequest{Request: g.Witness}
	if r.Action != g.Action {
		t.Errorf("%s: the witness for %s does %q", name, g.Action, r.Action)
	}
	if got := evaluate.AllowsUnder(o.p, g.Witness, o.q.RCPs); got != evaluate.Yes {
		t.Errorf("%s: Allows = %v for the witness\n\t%s", name, got, r.show())
	}
	if why := implausible(g.Witness, o); why != "" && implausible(g.Witness, o.about(g.Action)) != "" {
		t.Errorf("%s: in the witness %s\n\t%s", name, why, r.show())
	}
	for key := range g.Witness.Context {
		if !o.asks(key) && (g.Action != kmsapi.CreateGrant || key != "kms:GrantOperations") {
			t.Errorf("%s: the witness has %s, which the policy does not mention", name, key)
		}
	}
	if g.Action == kmsapi.CreateGrant && !carries(g) {
		t.Errorf("%s: the grant carries nothing of class %s\n\t%s", name, g.Class, r.show())
	}
	if len(g.Statements) == 0 {
		t.Errorf("%s: no statement lets the witness in", name)
	}
	if g.Audience == Shared {
		return
	}
	// No test of free text: what names a caller is its account, its
	// organization and its unique id.
	account := evaluate.CallerAccount(g.Witness)
	for _, text := range []string{account, first(g.Witness, "aws:PrincipalOrgID"), g.Witness.UniqueID} {
		if o.constant(text) {
			t.Errorf("%s: %v, but the policy names %q\n\t%s", name, g.Audience, text, r.show())
		}
	}
}

// carries reports whether the witness of a CreateGrant names an operation of
// the grant's class, each of which KMS documents.
func carries(g Grant) bool {
	found := false
	for _, op := range g.Witness.Context["kms:GrantOperations"] {
		a, ok := kmsapi.FindAction("kms:" + op)
		if !ok || !a.Grantable {
			return false
		}
		found = found || a.Class == g.Class || g.Class == kmsapi.ClassOther && a.Class == kmsapi.ClassIdentity
	}
	return found
}

// constant reports whether text is a value of the policy by itself, or a part
// of an ARN or path in it.
func (o *oracle) constant(text string) bool {
	if text == "" {
		return false
	}
	for _, values := range append([][]string{o.policies}, mapValues(o.constants)...) {
		for _, value := range values {
			if slices.Contains(splitAny(value, ":/"), text) {
				return true
			}
		}
	}
	return false
}

func mapValues[V any](m map[string]V) []V {
	var list []V
	for _, v := range m {
		list = append(list, v)
	}
	return list
}

func splitAny(text, separators string) []string {
	var parts []string
	start := 0
	for i := range text {
		for _, s := range separators {
			if rune(text[i]) == s {
				parts = append(parts, text[start:i])
				start = i + 1
			}
		}
	}
	return append(parts, text[start:])
}

// TestDecideTwice: the same question has the same answer, byte for byte.
func TestDecideTwice(t *testing.T) {
	for _, c := range readCorpus(t) {
		p, err := policy.Parse(c.text())
		if err != nil {
			continue
		}
		again, err := policy.Parse(c.text())
		if err != nil {
			t.Fatal(err)
		}
		one, two := Decide(p, surroundings()), Decide(again, surroundings())
		if a, b := showDecision(one), showDecision(two); a != b {
			t.Errorf("%s: Decide says\n%s\nand then\n%s", c.Name, a, b)
		}
	}
}

// TestDecideZeroQuestion: with nothing known the verdict is never better than
// with everything known.
func TestDecideZeroQuestion(t *testing.T) {
	for _, c := range readCorpus(t) {
		p, err := policy.Parse(c.text())
		if err != nil || c.ambiguous() {
			continue
		}
		q := surroundings()
		known, unknown := Decide(p, q), Decide(p, Question{At: q.At})
		if rankVerdict(unknown.Verdict) < rankVerdict(known.Verdict) && unknown.Most < known.Most {
			t.Errorf("%s: %v when the key is known, %v when it is not", c.Name, known.Verdict, unknown.Verdict)
		}
	}
}

// TestDecideTime: Decide takes its time from the question only.
func TestDecideTime(t *testing.T) {
	p := mustParse([]byte(policytest.StatementText(policytest.Condition("DateGreaterThan", "aws:CurrentTime", `"2099-01-01T00:00:00Z"`))))
	q := surroundings()
	if d := Decide(p, q); d.Verdict != Private || d.Future == nil || d.Future.Verdict != Public {
		t.Errorf("in 2026: %v, future %+v, want private, then public", d.Verdict, d.Future)
	}
	q.At = time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)
	if d := Decide(p, q); d.Verdict != Public || d.Future != nil {
		t.Errorf("in 2100: %v, future %+v, want public", d.Verdict, d.Future)
	}
}
