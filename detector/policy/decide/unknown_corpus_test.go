package decide

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/evaluate"
)

// unknownCorpus holds policies of which parts are unknown or cannot be read.
const unknownCorpus = "unknown.jsonl"

// An unknownCase is a policy with the bounds of its verdict.
type unknownCase struct {
	Name       string          `json:"name"`
	Policy     json.RawMessage `json:"policy"`
	PolicyText string          `json:"policyText"` // instead of Policy
	Open       []openValue     `json:"open"`       // values that are left open; their places are «name»
	Least      Verdict         `json:"least"`
	Most       Verdict         `json:"most"`
	Parts      []string        `json:"parts"`    // the paths of Decision.Unknown, or names
	Services   []string        `json:"services"` // that the policy lets in
	Error      string          `json:"error"`    // instead of bounds: what Parse says
	Why        string          `json:"why"`
}

type openValue struct {
	Name   string   `json:"name"`
	Values []string `json:"values"`
	Never  string   `json:"never"`
	Min    int      `json:"min"`
}

func readUnknown(t testing.TB) []unknownCase {
	t.Helper()
	data, err := os.ReadFile("testdata/corpus/" + unknownCorpus)
	if err != nil {
		t.Fatal(err)
	}
	var cases []unknownCase
	names := map[string]bool{}
	lines := bufio.NewScanner(bytes.NewReader(data))
	lines.Buffer(nil, 1<<20)
	for n := 1; lines.Scan(); n++ {
		var c unknownCase
		d := json.NewDecoder(bytes.NewReader(lines.Bytes()))
		d.DisallowUnknownFields()
		if err := d.Decode(&c); err != nil {
			t.Fatalf("%s:%d: %v", unknownCorpus, n, err)
		}
		if c.Why == "" || names[c.Name] || (c.Policy == nil) == (c.PolicyText == "") {
			t.Fatalf("%s:%d: case %q lacks its reason or its policy, or is there already", unknownCorpus, n, c.Name)
		}
		names[c.Name] = true
		cases = append(cases, c)
	}
	if err := lines.Err(); err != nil || len(cases) == 0 {
		t.Fatalf("%s: %d cases, %v", unknownCorpus, len(cases), err)
	}
	return cases
}

func (c *unknownCase) parse() (*policy.Policy, error) {
	text := c.PolicyText
	if c.Policy != nil {
		text = string(c.Policy)
	}
	var open []policy.Unknown
	for i, v := range c.Open {
		text = strings.ReplaceAll(text, "«"+v.Name+"»", policy.Mark(i))
		open = append(open, policy.Unknown{Statement: -1, Name: v.Name, Values: v.Values, Never: v.Never, Min: v.Min})
	}
	return policy.ParsePartial([]byte(text), open)
}

// TestUnknownCorpus: the bounds are those that the case gives reasons for, what
// is sure has a witness, and what keeps the verdict open is named.
func TestUnknownCorpus(t *testing.T) {
	for _, c := range readUnknown(t) {
		p, err := c.parse()
		if c.Error != "" {
			if err == nil || err.Error() != c.Error || p != nil {
				t.Errorf("%s: Parse = %v, %v, want %s", c.Name, p, err, c.Error)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: Parse: %v", c.Name, err)
			continue
		}
		d := Decide(p, surroundings())
		if d.Least != c.Least || d.Most != c.Most {
			t.Errorf("%s: %v to %v %v, want %v to %v: %s", c.Name, d.Least, d.Most, d.Undecided, c.Least, c.Most, c.Why)
		}
		checkUnknownParts(t, c, d)
		if text := showDecision(d); policy.HasMark(text) {
			t.Errorf("%s: the decision shows a mark:\n%s", c.Name, text)
		}
		for _, g := range d.Grants {
			if evaluate.Allows(p, g.Witness) != evaluate.Yes && evaluate.Allows(p.Apart(), g.Witness) != evaluate.Yes {
				t.Errorf("%s: Allows = %v to the witness of %s", c.Name, evaluate.Allows(p, g.Witness), g.Action)
			}
		}
	}
}

// TestUnknownMany: however many parts cannot be read, those after them are,
// and the work is bounded.
func TestUnknownMany(t *testing.T) {
	const open, tail = `{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*"}`, `]}`
	for _, tt := range []struct {
		name, one   string
		least, most Verdict
	}{
		{"statements that are numbers", `1`, Public, Public},
		{"statements that may deny", `{"Principal":"*","Action":"*","Resource":"*"}`, Private, Public},
		{"statements with a member twice", `{"Effect":"Allow","Sid":"a","Sid":"b","Principal":"*"}`, Public, Public},
		{"Allows for nobody", `{"Effect":"Allow","Principal":{"AWS":""},"Action":"kms:*","Resource":"*"}`, Public, Public},
		{"Denies of digits", `{"Effect":"Deny","Principal":{"AWS":"1"},"Action":"kms:*","Resource":"*"}`, Private, Public},
		{"unknown elements", `{"Effect":"Allow","A":1,"B":2,"C":3,"Principal":"*","Action":"*","Resource":"*"}`, Public, Public},
	} {
		n := (32768 - len(open) - 40) / (len(tt.one) + 1)
		p, err := policy.Parse([]byte(`{"Statement":[` + strings.Repeat(tt.one+",", n) + open + tail))
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if len(p.Statements) != n+1 || len(p.Unknown) > policy.MaxNotes {
			t.Errorf("%s: %d statements of %d, %d unknown parts", tt.name, len(p.Statements), n+1, len(p.Unknown))
		}
		d := Decide(p, surroundings())
		if d.Least != tt.least || d.Most != tt.most || d.Steps > MaxSteps*5/4 { // compiling comes on top
			t.Errorf("%s: %v to %v in %d steps, want %v to %v", tt.name, d.Least, d.Most, d.Steps, tt.least, tt.most)
		}
	}
}

func checkUnknownParts(t *testing.T, c unknownCase, d Decision) {
	t.Helper()
	var parts []string
	for _, u := range d.Unknown {
		if u.Reason == "" || u.Name == "" && u.Line == 0 {
			t.Errorf("%s: %+v lacks its reason or its line", c.Name, u)
		}
		parts = append(parts, strings.TrimPrefix(u.Path+":"+u.Name, ":"))
	}
	for i := range parts {
		parts[i] = strings.TrimSuffix(parts[i], ":")
	}
	if !slices.Equal(parts, c.Parts) {
		t.Errorf("%s: the unknown parts that matter are %q, want %q", c.Name, parts, c.Parts)
	}
	var services []string
	for _, s := range d.Services {
		services = append(services, s.Service)
	}
	if c.Services != nil && !slices.Equal(services, c.Services) {
		t.Errorf("%s: services %q, want %q", c.Name, services, c.Services)
	}
}
