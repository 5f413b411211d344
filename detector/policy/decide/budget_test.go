package decide

import (
	"encoding/json"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
)

// maxAlloc is what a decision may allocate, in bytes.
const maxAlloc = 16 << 20

// charged decides and returns what that was charged and what it allocated.
func charged(p *policy.Policy, q Question) (d Decision, alloc uint64) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	d = Decide(p, q)
	runtime.ReadMemStats(&after)
	return d, after.TotalAlloc - before.TotalAlloc
}

// holdBounds holds a decision to the bounds of work and memory. One step that
// is charged when it is done may go beyond the bound, and so may each part.
func holdBounds(t *testing.T, name string, d Decision, alloc uint64) {
	t.Helper()
	if d.Steps > MaxSteps*5/4 {
		t.Errorf("%s: charged %d steps, want at most %d", name, d.Steps, MaxSteps)
	}
	if alloc > maxAlloc {
		t.Errorf("%s: allocated %d bytes, want at most %d", name, alloc, maxAlloc)
	}
}

// costly are policies near the limit of size, or with something hidden after
// what is expensive, of which the answer is known by the way they are made.
func costly() map[string]struct {
	text  []byte
	check func(d Decision) string // "" or what is wrong
} {
	type row = struct {
		text  []byte
		check func(d Decision) string
	}
	rows := map[string]row{}
	verdict := func(want Verdict) func(Decision) string {
		return func(d Decision) string {
			if d.Verdict != want || d.TooIntricate {
				return fmt.Sprintf("%v, too intricate %t, %v", d.Verdict, d.TooIntricate, d.Undecided)
			}
			return ""
		}
	}
	least := func(want Verdict) func(Decision) string {
		return func(d Decision) string {
			if d.Least != want {
				return fmt.Sprintf("least %v, too intricate %t, %v", d.Least, d.TooIntricate, d.Undecided)
			}
			return ""
		}
	}
	add := func(name string, check func(Decision) string, statements ...map[string]any) {
		text, err := json.Marshal(map[string]any{"Version": policy.Version2012, "Statement": statements})
		if err != nil {
			panic(err)
		}
		rows[name] = row{text, check}
	}
	about := func(action string, st map[string]any) map[string]any {
		st["Action"] = action
		return st
	}
	each := func(n int, statement func(i int) map[string]any) []map[string]any {
		var list []map[string]any
		for i := range n {
			list = append(list, statement(i))
		}
		return list
	}
	decoy := func(i int) map[string]any { // whether anything meets both takes a long search
		key := fmt.Sprint("kms:EncryptionContext:k", i)
		return largeStatement("Allow", map[string]any{
			"StringLike":    map[string]any{key: "*b" + strings.Repeat("?", 44) + "*"},
			"StringNotLike": map[string]any{key: []string{"*b" + strings.Repeat("?", 22) + "*"}},
		})
	}
	open := largeStatement("Allow", under("StringEquals", "aws:PrincipalTag/team", "red"))
	add("a decoy on another action", least(Public), decoy(0), about("kms:Decrypt", largeStatement("Allow", map[string]any{})))
	add("a decoy on the same action", least(Public), decoy(0), open)
	add("a hundred decoys on the same action", least(Public), append(each(100, decoy), open)...)
	repeated := strings.Repeat("b", 4000)
	add("long texts that nearly repeat", verdict(Public),
		about("*", largeStatement("Allow", map[string]any{
			"StringLike":    map[string]any{"kms:EncryptionContext:k": repeated + "*"},
			"StringNotLike": map[string]any{"kms:EncryptionContext:k": texts(3, "*"+repeated+"c%d*")},
		})),
		about("*", largeStatement("Deny", under("StringLike", "kms:EncryptionContext:k", texts(3, "*"+repeated+"d%d*")))))
	add("networks of many tags", verdict(Network), each(70, func(i int) map[string]any {
		return about("*", largeStatement("Allow", map[string]any{
			"IpAddress":    map[string]any{"aws:SourceIp": texts(12, fmt.Sprintf("%d.%%d.7.0/24", 50+i))},
			"StringEquals": map[string]any{"aws:PrincipalTag/t": fmt.Sprint("t", i)},
		}))
	})...)
	add("a hundred foreign roles", verdict(Shared), each(100, foreignRole)...)
	services := largeStatement("Allow", under("StringLike", "aws:SourceArn", "arn:aws:s3:::*"))
	services["Principal"] = map[string]any{"Service": texts(1200, "svc%d.amazonaws.com")}
	add("many services", func(d Decision) string {
		if d.Verdict != Private || len(d.Services) != 1200 {
			return fmt.Sprintf("%v, %d services", d.Verdict, len(d.Services))
		}
		return ""
	}, about("*", services))
	hour := func(i int) string {
		return time.Date(2030, 1, 1, i, 0, 0, 0, time.UTC).Format(time.RFC3339)
	}
	dates := make([]string, 700)
	for i := range dates {
		dates[i] = hour(i)
	}
	add("a date behind many others", func(d Decision) string {
		if d.Verdict != Private || d.Future == nil || d.Future.Verdict != Public || d.Future.At.Format(time.RFC3339) != hour(5001) {
			return fmt.Sprintf("%v, then %v", d.Verdict, d.Future)
		}
		return ""
	}, append(deniesByTag(60), largeStatement("Allow", under("DateGreaterThanEquals", "aws:CurrentTime", hour(5001))),
		largeStatement("Deny", under("DateEquals", "aws:CurrentTime", dates)))...)
	return rows
}

// foreignRole is a statement for the i-th role, each of another account.
func foreignRole(i int) map[string]any {
	st := largeStatement("Allow", map[string]any{})
	st["Principal"] = map[string]any{"AWS": fmt.Sprintf("arn:aws:iam::4444%08d:role/team-%03d", i, i)}
	return st
}

func TestCostlyPolicies(t *testing.T) {
	for name, row := range costly() {
		p, err := policy.Parse(row.text)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		d, alloc := charged(p, surroundings())
		if wrong := row.check(d); wrong != "" {
			t.Errorf("%s (%d bytes): %s", name, len(row.text), wrong)
		}
		holdBounds(t, name, d, alloc)
		checkDecision(t, name, p, surroundings(), d)
	}
}

// Policies that are made to be hard keep to the bounds, with all that a
// question can ask for. What is cut short is undecided, and says so.
func TestAdversePolicies(t *testing.T) {
	const count = 200
	decided := 0
	for seed := range uint64(count) {
		p, err := policy.Parse(newAdversary(seed).policy(maxPolicy))
		if err != nil {
			continue // one statement is longer than the limit
		}
		decided++
		q := surroundings()
		q.Explain, q.Blame = true, true
		d, alloc := charged(p, q)
		name := fmt.Sprint("adversary ", seed)
		holdBounds(t, name, d, alloc)
		cut := slices.ContainsFunc(d.Undecided, func(o Doubt) bool { return o.Reason == tooIntricate })
		if cut && (!d.TooIntricate || d.Verdict != Undecided && d.Verdict != Public) {
			t.Errorf("%s: %v, too intricate %t, want undecided and so marked", name, d.Verdict, d.TooIntricate)
		}
	}
	if decided < count*3/4 {
		t.Errorf("%d of %d policies parsed", decided, count)
	}
	for name, text := range hardPolicies() {
		d, alloc := charged(mustParse([]byte(text)), surroundings())
		holdBounds(t, name, d, alloc)
	}
}

// An ordinary policy is never too intricate.
func TestOrdinaryPolicies(t *testing.T) {
	var steps []int
	for _, c := range readCorpus(t) {
		if c.Malformed {
			continue
		}
		d := Decide(mustParse(c.text()), surroundings())
		if steps = append(steps, d.Steps); d.TooIntricate || d.Steps > MaxSteps/8 {
			t.Errorf("%s: charged %d steps, too intricate %t", c.Name, d.Steps, d.TooIntricate)
		}
	}
	slices.Sort(steps)
	median := steps[len(steps)/2]
	if median >= 10_000 {
		t.Errorf("half of the corpus needs more than %d steps", median)
	}
	t.Logf("corpus: %d steps in the middle, at most %d", median, steps[len(steps)-1])
	intricate, count := 0, 500
	for seed := range uint64(count) {
		if Decide(mustParse(newGenerator(seed).policy()), surroundings()).TooIntricate {
			intricate++
		}
	}
	if intricate > count/200 {
		t.Errorf("%d of %d random policies are too intricate", intricate, count)
	}
}

// Twice the policy costs hardly more than twice the work.
func TestGrowth(t *testing.T) {
	statements := func(list ...map[string]any) []byte {
		text, err := json.Marshal(map[string]any{"Version": policy.Version2012, "Statement": list})
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	for name, make := range map[string]func(n int) []byte{
		"foreign roles": func(n int) []byte {
			var list []map[string]any
			for i := range n {
				list = append(list, foreignRole(i))
			}
			return statements(list...)
		},
		"accounts": func(n int) []byte {
			return statements(largeStatement("Allow", under("StringEquals", "aws:PrincipalAccount", texts(n*8, "44445555%04d"))))
		},
		"networks": func(n int) []byte {
			return statements(largeStatement("Allow", under("IpAddress", "aws:SourceIp", texts(n*2, "54.1.%d.0/24"))))
		},
		"prefixes": func(n int) []byte {
			return statements(largeStatement("Allow", under("ArnLike", "aws:PrincipalArn", texts(n*3, "arn:aws:iam::4444%08d:role/x*"))))
		},
		"Denies": func(n int) []byte {
			return statements(append(deniesByTag(n), largeStatement("Allow", map[string]any{}))...)
		},
		"long texts": func(n int) []byte {
			return statements(largeStatement("Allow", under("StringLike", "kms:EncryptionContext:k", strings.Repeat("ab", n*60)+"*")))
		},
	} {
		q := surroundings()
		q.MaxSteps = 1 << 30
		half, whole := Decide(mustParse(make(60)), q).Steps, Decide(mustParse(make(120)), q).Steps
		t.Logf("%s: %d steps, twice as many: %d", name, half, whole)
		if whole > half*3 {
			t.Errorf("%s: %d steps, and %d for twice as many", name, half, whole)
		}
	}
}

// deniesByTag are Denies of which each stops callers with one tag.
func deniesByTag(n int) []map[string]any {
	var list []map[string]any
	for i := range n {
		list = append(list, largeStatement("Deny", under("StringEquals", "aws:PrincipalTag/team", fmt.Sprint("t", i))))
	}
	return list
}

// FuzzBudget: a smaller budget never claims more. What is sure shrinks, and
// what is not ruled out grows.
func FuzzBudget(f *testing.F) {
	for seed := range uint64(60) {
		f.Add(seed, false)
		f.Add(seed, true)
	}
	f.Fuzz(func(t *testing.T, seed uint64, adverse bool) {
		text := newGenerator(seed).policy()
		if adverse {
			text = newAdversary(seed).policy(4000)
		}
		p, err := policy.Parse(text)
		if err != nil {
			return
		}
		q := surroundings()
		full := Decide(p, q)
		for _, steps := range []int{1, 50, 500, 5_000, 50_000, 500_000} {
			q.MaxSteps = steps
			d := Decide(p, q)
			if wrong := claimsMore(d, full); wrong != "" {
				t.Errorf("%d steps: %s: %s, with the whole budget %s\n%s", steps, wrong, audiences(d), audiences(full), text)
			}
		}
	})
}

// claimsMore says what d claims that full, decided with more work, does not.
func claimsMore(d, full Decision) string {
	for _, b := range [...]struct {
		name    string
		d, full Bounds
	}{
		{"verdict", d.bounds(), full.bounds()},
		{"encrypt", d.Classes.Of(kmsapi.ClassEncrypt), full.Classes.Of(kmsapi.ClassEncrypt)},
		{"use", d.Classes.Of(kmsapi.ClassUse), full.Classes.Of(kmsapi.ClassUse)},
		{"other", d.Classes.Of(kmsapi.ClassOther), full.Classes.Of(kmsapi.ClassOther)},
	} {
		switch {
		case b.d.Least > b.full.Least:
			return b.name + " opens more for sure"
		case b.d.Most < b.full.Most:
			return b.name + " rules more out"
		}
	}
	for _, g := range d.Grants {
		if !slices.ContainsFunc(full.Grants, func(h Grant) bool { return h.Action == g.Action && h.Class == g.Class && h.Audience >= g.Audience }) {
			return "grants " + g.Action
		}
	}
	switch {
	case d.Owner.Manage != full.Owner.Manage && d.Owner.Manage != AccessUndecided && full.Owner.Manage != AccessUndecided:
		return "the owner's access is another one"
	case d.Owner.Manage != AccessUndecided && full.Owner.Manage == AccessUndecided:
		return "the owner's access is decided"
	case d.Verdict != full.Verdict && !d.TooIntricate:
		return "is not marked as too intricate"
	}
	return ""
}

// FuzzAllowMore: one Allow more, however expensive, never moves a verdict toward
// network, shared or private. Public may become too intricate.
func FuzzAllowMore(f *testing.F) {
	for seed := range uint64(80) {
		f.Add(seed, seed+7)
	}
	f.Fuzz(func(t *testing.T, seed, extra uint64) {
		p, err := policy.Parse(newGenerator(seed).policy())
		if err != nil || p.Version != policy.Version2012 {
			return
		}
		more, err := policy.Parse(newAdversary(extra).policy(20_000))
		if err != nil {
			return
		}
		c := clone(p)
		for _, st := range more.Statements {
			if st.Effect == policy.Allow {
				c.Statements = slices.Insert(c.Statements, int(extra%uint64(len(c.Statements)+1)), st)
			}
		}
		if c = parsed(c); c == nil {
			return
		}
		before, after := Decide(p, surroundings()), Decide(c, surroundings())
		cut := after.TooIntricate && after.Most == Public
		if after.Least < before.Least && !cut || after.Most < before.Most {
			t.Errorf("%s before, %s after (too intricate %t)\n%s\n%s", audiences(before), audiences(after), after.TooIntricate, encode(p), encode(c))
		}
	})
}

// A caller can end a decision: then it is undecided, up to public.
func TestStop(t *testing.T) {
	p := mustParse([]byte(splunkPolicy))
	for _, row := range []struct {
		name  string
		after int // questions until the answer is to stop
		want  Verdict
	}{
		{"at once", 0, Undecided},
		{"never", 1 << 30, Public},
	} {
		asked := 0
		q := splunkQuestion()
		q.Stop = func() bool { asked++; return asked > row.after }
		d := Decide(p, q)
		if d.Verdict != row.want || d.TooIntricate != (row.want == Undecided) || asked == 0 {
			t.Errorf("%s: %v, too intricate %t, asked %d times, want %v", row.name, d.Verdict, d.TooIntricate, asked, row.want)
		}
	}
	// In the middle of something that needs them all.
	dear := mustParse(costly()["a hundred decoys on the same action"].text)
	dear.Statements = dear.Statements[:100]
	for _, after := range []int{1, 10, 100} {
		asked := 0
		q := surroundings()
		q.Stop = func() bool { asked++; return asked > after }
		d := Decide(dear, q)
		if d.Verdict != Undecided || !d.TooIntricate || d.Most != Public || asked > after+1 {
			t.Errorf("stopped after %d questions: %v, asked %d times", after, d.Verdict, asked)
		}
	}
}

// Each part of the search that is there for few policies, with one that it is for.
func TestSearchParts(t *testing.T) {
	for _, row := range []struct {
		name, condition, effect string
		want                    Verdict
	}{
		{"no value of the variable opens it", `"StringNotEquals":{"aws:RequestedRegion":["${aws:PrincipalOrgID}","us-east-1"]}`, "Allow", Private},
		{"no value of the variable avoids it", `"StringEqualsIgnoreCase":{"aws:ResourceAccount":["111122223333","${aws:PrincipalOrgID}"]}`, "Deny", Private},
		{"two keys that are to differ", `"StringNotEquals":{"aws:UserAgent":"${aws:PrincipalTag/team}"}`, "Allow", Public},
	} {
		text := fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":%q,"Principal":"*","Action":"kms:Encrypt","Resource":"*","Condition":{%s}}`, row.effect, row.condition)
		if row.effect == "Deny" {
			text += `,{"Effect":"Allow","Principal":"*","Action":"kms:Encrypt","Resource":"*"}`
		}
		if d := Decide(mustParse([]byte(text+"]}")), surroundings()); d.Verdict != row.want {
			t.Errorf("%s: %v %v, want %v", row.name, d.Verdict, d.Undecided, row.want)
		}
	}
}
