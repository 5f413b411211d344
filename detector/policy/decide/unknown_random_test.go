package decide

import (
	"encoding/json"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/evaluate"
	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
)

// holes is a random policy of which some values are not known.
type holes struct {
	g      *generator
	marks  int
	fields []string // by mark: what stood there, or its kind
}

// punch replaces some of the strings in v by marks, whole or in part.
func (h *holes) punch(v any, member string, odds int) any {
	switch v := v.(type) {
	case map[string]any:
		keys := make([]string, 0, len(v))
		for k := range v {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		for _, k := range keys {
			name := member
			if member == "" || member == "Condition" || strings.HasPrefix(member, "Condition.") {
				name = strings.TrimPrefix(member+"."+k, ".")
			}
			v[k] = h.punch(v[k], name, odds)
		}
		return v
	case []any:
		for i := range v {
			v[i] = h.punch(v[i], member, odds)
		}
		return v
	case string:
		if h.g.chance(odds) && h.marks < 3 && member != "Version" {
			return h.mark(v)
		}
	}
	return v
}

// mark puts a mark into text: for all of it, or for a part between colons or slashes.
func (h *holes) mark(text string) string {
	whole := h.g.chance(50)
	cut := strings.LastIndexAny(text, ":/-")
	if parts := strings.SplitN(text, ":", 6); !whole && len(parts) == 6 && h.g.chance(60) {
		h.fields = append(h.fields, parts[4])
		parts[4] = policy.Mark(h.marks)
		h.marks++
		return strings.Join(parts, ":")
	}
	if !whole && cut >= 0 && !strings.Contains(text, "${") {
		h.fields = append(h.fields, text[cut+1:])
		text = text[:cut+1] + policy.Mark(h.marks)
	} else {
		h.fields = append(h.fields, text)
		text = policy.Mark(h.marks)
	}
	h.marks++
	return text
}

// fill returns the text with values for the marks.
func (h *holes) fill(text string) string {
	for i := range h.marks {
		own := h.fields[i]
		if strings.Contains(own, "${") {
			own = "x"
		}
		value := pick(h.g, own, own, own, "*", "*", "", "x", "444455556666", "111122223333", "999988887777", "arn:aws:iam::444455556666:root",
			"arn:aws:iam::999988887777:role/other", "arn:aws:iam::*:role/*", "o-partner0001", "o-mycorp0001", "Allow", "Deny", "kms:*", "true", "false",
			"0.0.0.0/0", "203.0.113.0/24", "2026-09-01", "100", "AssumedRole", "User", "root", "role/other", "vpc-0aaa1b2c3d4e5f607", "vpce-0aaa1b2c3d4e5f607", "ssm.us-east-1.amazonaws.com")
		text = strings.ReplaceAll(text, policy.Mark(i), value)
	}
	return text
}

// TestUnknownBounds: whatever the unknown values of a random policy are, the
// decision about the policy with values lies between the bounds of the one
// without. KMSENTRY_UNKNOWN sets how many policies are tried.
func TestUnknownBounds(t *testing.T) {
	n, fills := 300, 24
	if more, err := strconv.Atoi(os.Getenv("KMSENTRY_UNKNOWN")); err == nil {
		n = more
	}
	var held, tight, looseLeast, looseMost int
	for seed := range n {
		h := &holes{g: newGenerator(uint64(seed))}
		var document any
		if err := json.Unmarshal(h.g.policy(), &document); err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(h.punch(document, "", 15))
		if err != nil {
			t.Fatal(err)
		}
		if h.marks == 0 {
			continue
		}
		open, err := policy.ParsePartial(text, make([]policy.Unknown, h.marks))
		if err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, text)
		}
		q := surroundings()
		q.Explain = true
		whole := Decide(open, q)
		if shows := showDecision(whole); policy.HasMark(shows) {
			t.Errorf("seed %d: the decision shows a mark\n%s\n%s", seed, text, shows)
		}
		least, most, decided := Public, Private, map[Verdict]bool{}
		for range fills {
			filled := h.fill(string(text))
			p, err := policy.ParseStrict([]byte(filled))
			if err != nil {
				continue
			}
			d := Decide(p, surroundings())
			if intricate(d) || intricate(whole) {
				continue
			}
			held++
			least, most = min(least, d.Least), max(most, d.Most)
			decided[d.Verdict] = true
			checkWithin(t, seed, whole, d, string(text), filled)
			checkAllows(t, seed, open, p, whole, d)
		}
		if least > whole.Least {
			looseLeast++
		}
		if most < whole.Most {
			looseMost++
		}
		if least == whole.Least && most == whole.Most {
			tight++
		}
		if len(decided) > 1 && !decided[Undecided] && len(whole.Unknown) == 0 {
			t.Errorf("seed %d: %v to %v and no unknown part named\n%s", seed, whole.Least, whole.Most, text)
		}
	}
	t.Logf("%d fillings lie within; of the policies %d have bounds that are attained, %d a lower one and %d an upper one that is not", held, tight, looseLeast, looseMost)
	if held < n {
		t.Errorf("only %d fillings could be compared", held)
	}
}

// checkAllows: what the evaluator says for sure of a policy with unknown values
// it says of the policy with values too.
func checkAllows(t *testing.T, seed int, open, filled *policy.Policy, whole, d Decision) {
	t.Helper()
	for _, g := range slices.Concat(whole.Grants, d.Grants) {
		if a, b := evaluate.Allows(open, g.Witness), evaluate.Allows(filled, g.Witness); a != evaluate.Maybe && a != b {
			t.Errorf("seed %d: Allows = %v with unknown values, %v with values\n%+v", seed, a, b, g.Witness)
		}
	}
}

func checkWithin(t *testing.T, seed int, whole, d Decision, text, filled string) {
	t.Helper()
	for _, c := range []struct {
		name    string
		in, out Bounds
	}{
		{"key", d.bounds(), whole.bounds()},
		{"encrypt", d.Classes.Of(kmsapi.ClassEncrypt), whole.Classes.Of(kmsapi.ClassEncrypt)},
		{"use", d.Classes.Of(kmsapi.ClassUse), whole.Classes.Of(kmsapi.ClassUse)},
		{"other", d.Classes.Of(kmsapi.ClassOther), whole.Classes.Of(kmsapi.ClassOther)},
	} {
		if c.in.Least < c.out.Least || c.in.Most > c.out.Most {
			t.Errorf("seed %d: %s is %v, outside of %v\n%s\n%s", seed, c.name, c.in, c.out, text, filled)
		}
	}
}

// intricate reports whether a decision was cut short.
func intricate(d Decision) bool {
	return slices.ContainsFunc(d.Undecided, func(o Doubt) bool {
		return strings.Contains(o.Reason, "intricate") || strings.Contains(o.Reason, "equation")
	})
}
