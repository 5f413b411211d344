package policy

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
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

func (c *unknownCase) parse() (*Policy, error) {
	text := c.PolicyText
	if c.Policy != nil {
		text = string(c.Policy)
	}
	var open []Unknown
	for i, v := range c.Open {
		text = strings.ReplaceAll(text, "«"+v.Name+"»", Mark(i))
		open = append(open, Unknown{Statement: -1, Name: v.Name, Values: v.Values, Never: v.Never, Min: v.Min})
	}
	return ParseOpen([]byte(text), open)
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
		d := p.Decide(surroundings())
		if d.Least != c.Least || d.Most != c.Most {
			t.Errorf("%s: %v to %v %v, want %v to %v: %s", c.Name, d.Least, d.Most, d.Undecided, c.Least, c.Most, c.Why)
		}
		checkUnknownParts(t, c, d)
		for _, g := range d.Grants {
			if p.Allows(g.Witness) != Yes && p.Apart().Allows(g.Witness) != Yes {
				t.Errorf("%s: Allows = %v to the witness of %s", c.Name, p.Allows(g.Witness), g.Action)
			}
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
