package decide

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/internal/policytest"
	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
)

// A corpusCase is a policy with its verdict, as the files in testdata/corpus
// hold them, one JSON object per line.
type corpusCase struct {
	Name       string          `json:"name"`
	Policy     json.RawMessage `json:"policy"`
	PolicyText *string         `json:"policyText"` // instead of Policy
	Verdict    Verdict         `json:"verdict"`    // over the encrypt class
	Encrypt    *Verdict        `json:"encrypt"`    // for kms:Encrypt alone, where it differs
	Accept     []Verdict       `json:"accept"`     // also right, where AWS is silent
	Why        string          `json:"why"`
	Witness    *corpusWitness  `json:"witness"`
	Flags      []string        `json:"flags"`
	Malformed  bool            `json:"malformed"` // must not parse

	// Cases of condition keys, in keys.jsonl; see keycases_test.go.
	Keys     []string        `json:"keys"`     // names of the rows that the case holds
	Ask      *caseQuestion   `json:"ask"`      // what is asked, where it is not the usual
	Action   string          `json:"action"`   // the action that the verdict is of, where it is not of the class
	Services map[string]bool `json:"services"` // the services that are let in; whether for any customer

	// What classes.jsonl says besides; nil is not said.
	Use       *Verdict          `json:"use"`       // of the class use
	Other     *Verdict          `json:"other"`     // of the class other
	Manage    *Access           `json:"manage"`    // of the owner
	Decrypt   *Access           `json:"decrypt"`   // of the owner
	Named     []string          `json:"named"`     // who manages when manage is named
	Blame     *int              `json:"blame"`     // the statement that takes manage away
	RCPs      []json.RawMessage `json:"rcps"`      // resource control policies
	Unguarded *Verdict          `json:"unguarded"` // of the key policy alone
	Org       *string           `json:"org"`       // the owner's organization; "" unknown
	Key       *corpusKey        `json:"key"`       // instead of a symmetric key; empty fields are unknown
}

// A corpusKey is a key other than that of the surroundings.
type corpusKey struct {
	Spec  string `json:"spec"`
	Usage string `json:"usage"`
}

// question is the corpus's question about the case.
func (c *corpusCase) question(t testing.TB) Question {
	t.Helper()
	q := surroundings()
	c.Ask.change(&q)
	for _, text := range c.RCPs {
		rcp, err := policy.ParseRCP(text)
		if err != nil {
			t.Fatalf("%s: %v", c.Name, err)
		}
		q.RCPs = append(q.RCPs, rcp)
	}
	if c.Key != nil {
		q.Key = kmsapi.KeyFacts{Spec: c.Key.Spec, Usage: c.Key.Usage, Org: q.Key.Org, MultiRegion: q.Key.MultiRegion}
	}
	if c.Org != nil {
		q.Key.Org = *c.Org
	}
	return q
}

// A corpusWitness is a request that the policy allows.
type corpusWitness struct {
	Principal     string                     `json:"principal"`
	PrincipalType string                     `json:"principalType"`
	Account       string                     `json:"account"`
	Org           *string                    `json:"org"`
	Action        string                     `json:"action"`
	Path          string                     `json:"path"`
	Context       map[string]json.RawMessage `json:"context"`
	Absent        []string                   `json:"absent"`
}

func (c *corpusCase) text() []byte {
	if c.PolicyText != nil {
		return []byte(*c.PolicyText)
	}
	return c.Policy
}

// accepts reports whether v is a right verdict of the case.
func (c *corpusCase) accepts(v Verdict) bool {
	return v == c.Verdict || slices.Contains(c.Accept, v)
}

func (c *corpusCase) ambiguous() bool { return slices.Contains(c.Flags, "ambiguous") }

// readCorpus reads the cases that ask the usual question.
func readCorpus(t testing.TB) []corpusCase {
	t.Helper()
	return slices.DeleteFunc(readWholeCorpus(t), func(c corpusCase) bool { return c.Ask != nil || c.Action != "" })
}

// readWholeCorpus reads every file of testdata/corpus. It fails on an empty or
// missing corpus, unknown fields, names used twice and cases without a reason.
func readWholeCorpus(t testing.TB) []corpusCase {
	t.Helper()
	files, err := filepath.Glob("testdata/corpus/*.jsonl")
	if err != nil || len(files) == 0 {
		t.Fatalf("testdata/corpus: %d files, %v", len(files), err)
	}
	var all []corpusCase
	names := map[string]string{}
	for _, file := range files {
		if filepath.Base(file) == unknownCorpus {
			continue // see TestUnknownCorpus
		}
		cases := readCases(t, file)
		for _, c := range cases {
			if names[c.Name] != "" {
				t.Fatalf("%s: case %q is in %s already", file, c.Name, names[c.Name])
			}
			names[c.Name] = file
		}
		all = append(all, cases...)
	}
	return all
}

func readCases(t testing.TB, file string) []corpusCase {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var cases []corpusCase
	lines := bufio.NewScanner(bytes.NewReader(data))
	lines.Buffer(nil, 1<<20)
	for n := 1; lines.Scan(); n++ {
		var c corpusCase
		d := json.NewDecoder(bytes.NewReader(lines.Bytes()))
		d.DisallowUnknownFields()
		if err := d.Decode(&c); err != nil {
			t.Fatalf("%s:%d: %v", file, n, err)
		}
		if c.Name == "" || c.Why == "" || (c.Policy == nil) == (c.PolicyText == nil) {
			t.Fatalf("%s:%d: case %q lacks its name, its reason or its policy", file, n, c.Name)
		}
		cases = append(cases, c)
	}
	if err := lines.Err(); err != nil || len(cases) == 0 {
		t.Fatalf("%s: %d cases, %v", file, len(cases), err)
	}
	return cases
}

func TestCorpusParses(t *testing.T) {
	malformed := 0
	for _, c := range readCorpus(t) {
		p, err := policy.ParseStrict(c.text())
		switch {
		case c.Malformed && err == nil:
			t.Errorf("%s: Parse accepts it; %s", c.Name, c.Why)
		case c.Malformed && p != nil:
			t.Errorf("%s: Parse returns a policy and %v", c.Name, err)
		case !c.Malformed && err != nil:
			t.Errorf("%s: Parse: %v", c.Name, err)
		}
		if c.Malformed {
			malformed++
			t.Logf("%s: %v", c.Name, err)
		}
	}
	if malformed == 0 {
		t.Error("the corpus has no malformed policy")
	}
}

func BenchmarkParse(b *testing.B) {
	var corpus [][]byte
	size := 0
	for _, c := range readCorpus(b) {
		if !c.Malformed {
			corpus = append(corpus, c.text())
			size += len(c.text())
		}
	}
	large := policytest.Large(1 << 15)
	b.Run("corpus", func(b *testing.B) {
		b.SetBytes(int64(size))
		b.ReportAllocs()
		for b.Loop() {
			for _, text := range corpus {
				if _, err := policy.Parse(text); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
	b.Run("32kB", func(b *testing.B) {
		b.SetBytes(int64(len(large)))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := policy.Parse(large); err != nil {
				b.Fatal(err)
			}
		}
	})
}
