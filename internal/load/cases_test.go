package load

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// A randomTemplate is a template whose conditions depend on a few parameters.
type randomTemplate struct {
	rng        *rand.Rand
	parameters []string
	values     []string
	names      []string
	conditions map[string]any
}

func newRandomTemplate(seed uint64) *randomTemplate {
	t := &randomTemplate{rng: rand.New(rand.NewPCG(seed, 3)), parameters: []string{"A", "B", "C"}, values: []string{"x", "y", "z"}, conditions: map[string]any{}}
	for i := range 1 + t.rng.IntN(5) {
		name := fmt.Sprint("C", i)
		t.conditions[name] = t.condition(3)
		t.names = append(t.names, name)
	}
	return t
}

func pick[T any](rng *rand.Rand, list []T) T { return list[rng.IntN(len(list))] }

func (t *randomTemplate) condition(depth int) any {
	some := func() []any {
		var list []any
		for range 2 + t.rng.IntN(2) {
			list = append(list, t.condition(depth-1))
		}
		return list
	}
	switch n := t.rng.IntN(7); {
	case depth == 0 || n < 3:
		sides := []any{map[string]any{"Ref": pick(t.rng, t.parameters)}, pick(t.rng, t.values)}
		t.rng.Shuffle(2, func(i, j int) { sides[i], sides[j] = sides[j], sides[i] })
		return map[string]any{"Fn::Equals": sides}
	case n == 3 && len(t.names) > 0:
		return map[string]any{"Condition": pick(t.rng, t.names)}
	case n == 4:
		return map[string]any{"Fn::Not": []any{t.condition(depth - 1)}}
	case n == 5:
		return map[string]any{"Fn::And": some()}
	default:
		return map[string]any{"Fn::Or": some()}
	}
}

// text returns the template. The principals of its policy show the value of each condition
// and each parameter.
func (t *randomTemplate) text(condition string, allowed bool) string {
	declared := map[string]any{}
	for _, p := range t.parameters {
		d := map[string]any{"Type": "String"}
		if allowed {
			d["AllowedValues"] = t.values
		}
		declared[p] = d
	}
	var principals []any
	for _, name := range t.names {
		principals = append(principals, map[string]any{"Fn::If": []any{name, name, "not-" + name}})
	}
	principals = append(principals, map[string]any{"Ref": "A"})
	key := map[string]any{"Type": "AWS::KMS::Key", "Properties": map[string]any{"KeyPolicy": map[string]any{"Statement": map[string]any{"Principal": map[string]any{"AWS": principals}}}}}
	if condition != "" {
		key["Condition"] = condition
	}
	text, err := json.Marshal(map[string]any{"Parameters": declared, "Conditions": t.conditions, "Resources": map[string]any{"K": key}})
	if err != nil {
		panic(err)
	}
	return string(text)
}

// assignments returns all combinations of values of the parameters; "other" represents a
// value with which no condition compares.
func (t *randomTemplate) assignments(allowed bool) []map[string]string {
	values := t.values
	if !allowed {
		values = append(slices.Clone(values), "other")
	}
	list := []map[string]string{{}}
	for _, p := range t.parameters {
		var more []map[string]string
		for _, m := range list {
			for _, v := range values {
				with := maps.Clone(m)
				with[p] = v
				more = append(more, with)
			}
		}
		list = more
	}
	return list
}

// TestConditionsAgainstEnumeration checks that the readings of a template with unknown
// parameters are exactly those that it has for all values of the parameters.
func TestConditionsAgainstEnumeration(t *testing.T) {
	seeds := uint64(400)
	if testing.Short() {
		seeds = 100
	}
	for seed := range seeds {
		template := newRandomTemplate(seed)
		condition := pick(template.rng, append(template.names, ""))
		allowed := seed%2 == 0
		text := template.text(condition, allowed)
		want := map[string]bool{}
		created := false
		for _, values := range template.assignments(allowed) {
			d := one(t, text, Scope{Account: "111122223333", Parameters: values})
			if d.Never != "" {
				continue
			}
			created = true
			if len(d.Readings) != 1 {
				t.Fatalf("seed %d: %d readings with all parameters given", seed, len(d.Readings))
			}
			reading := string(d.Readings[0].Text)
			if !allowed { // A is shown: a value that is not compared stays open
				reading = reading[:strings.LastIndex(reading, ",")]
			}
			want[reading] = true
		}
		d := one(t, text, Scope{Account: "111122223333"})
		if (d.Never == "") != created {
			t.Fatalf("seed %d: never %q, created %t\n%s", seed, d.Never, created, text)
		}
		got := map[string]bool{}
		for _, r := range d.Readings {
			reading := string(r.Text)
			if !allowed {
				reading = reading[:strings.LastIndex(reading, ",")]
			} else if len(r.Open) > 0 {
				continue // A is in no condition: it stays open
			}
			got[reading] = true
		}
		if allowed && len(got) == 0 && created {
			continue
		}
		if !maps.Equal(got, want) {
			t.Fatalf("seed %d (allowed values %t):\ngot  %q\nwant %q\n%s", seed, allowed, slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)), text)
		}
	}
}

// TestCasesAtTheLimit checks that maxCases joint cases are all returned, each once.
func TestCasesAtTheLimit(t *testing.T) {
	var parameters, conditions, statements strings.Builder
	for i := range 12 { // 2^12 is maxCases
		fmt.Fprintf(&parameters, "  P%d: {Type: String, AllowedValues: [a, b]}\n", i)
		fmt.Fprintf(&conditions, "  C%d: !Equals [!Ref P%d, a]\n", i, i)
		fmt.Fprintf(&statements, "        - !If [C%d, {Sid: S%d}, !Ref 'AWS::NoValue']\n", i, i)
	}
	text := "Parameters:\n" + parameters.String() + "Conditions:\n" + conditions.String() +
		"Resources:\n  K:\n    Type: AWS::KMS::Key\n    Properties:\n      KeyPolicy:\n        Statement:\n" + statements.String()
	d := one(t, text, Scope{})
	if len(d.Readings) != maxCases || len(d.Notes) != 0 {
		t.Errorf("%d readings, notes %q, want %d and no note", len(d.Readings), d.Notes, maxCases)
	}
}
