package check

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/kmsentry/kmsentry/detector/policy/decide"
	"github.com/kmsentry/kmsentry/detector/policy/evaluate"
	"github.com/kmsentry/kmsentry/internal/exit"
	"github.com/kmsentry/kmsentry/internal/load"
	"github.com/kmsentry/kmsentry/internal/schematest"
)

// validSARIF checks text against the schema and returns its only run.
func validSARIF(t *testing.T, schema *jsonschema.Schema, text []byte) sarifRun {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(doc); err != nil {
		t.Errorf("not valid SARIF: %v", err)
	}
	var log sarifLog
	if err := json.Unmarshal(text, &log); err != nil || len(log.Runs) != 1 {
		t.Fatalf("%d runs, %v, want one", len(log.Runs), err)
	}
	return log.Runs[0]
}

// opened returns a decision with one grant.
func opened(v decide.Verdict) decide.Decision {
	return decide.Decision{Verdict: v, Grants: []decide.Grant{{
		Action: "kms:Encrypt", Audience: v, Statements: []decide.StatementRef{{Index: 1, Sid: "Open"}, {Index: 0}},
		Named: []string{"444455556666"}, Why: []string{"a [link](x) \x1b[31m"},
		Witness: evaluate.Request{Principal: "arn:aws:iam::999988887777:role/stranger", Action: "kms:Encrypt"},
	}}}
}

func TestSARIF(t *testing.T) {
	var out, stderr bytes.Buffer
	p := NewSARIF(&out, &stderr)
	lines := []load.Region{{Line: 3, Column: 5, EndLine: 9, EndColumn: 6}, {Line: 10, Column: 5}}
	docs := []Result{
		{File: "a b/ü.json", Decision: opened(decide.Public), lines: lines, texts: []string{"x", "y"}},
		{File: "t.yaml", place: "Key", Decision: opened(decide.Network), at: load.Region{Line: 7, Column: 3}},
		{File: filepath.Join(p.folder, "in", "s.json"), Decision: opened(decide.Shared)},
		{File: "/nowhere/u.json", Decision: decide.Decision{Undecided: []decide.Doubt{{Statement: decide.StatementRef{Index: -1}, Reason: "odd"}}}},
		{File: "-", Decision: decide.Decision{Verdict: decide.Private}},
		{File: "bad.json", err: errors.New("expected a key policy\n\x1b[2J")},
	}
	for _, c := range docs {
		if err := p.document(c); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.end(exit.Found, tally{}); err != nil {
		t.Fatal(err)
	}
	run := validSARIF(t, schematest.SARIF(t), out.Bytes())
	want := []struct {
		rule, level, uri string
		line             int
	}{
		{"kms-key-public", "error", "a%20b/%C3%BC.json", 10},
		{"kms-key-network", "warning", "t.yaml", 7},
		{"kms-key-shared", "note", "in/s.json", 1},
		{"kms-key-undecided", "warning", "file:///nowhere/u.json", 1},
	}
	if len(run.Results) != len(want) {
		t.Fatalf("%d results, want %d", len(run.Results), len(want))
	}
	for i, w := range want {
		r := run.Results[i]
		at := r.Locations[0].Physical
		if r.RuleID != w.rule || r.Level != w.level || at.Artifact.URI != w.uri || at.Region.StartLine != w.line {
			t.Errorf("result %d = %s %s %s:%d, want %+v", i, r.RuleID, r.Level, at.Artifact.URI, at.Region.StartLine, w)
		}
		if rule := run.Tool.Driver.Rules[r.RuleIndex]; rule.ID != r.RuleID {
			t.Errorf("result %d points to rule %s, want %s", i, rule.ID, r.RuleID)
		}
		if strings.Contains(r.Message.Text, "](") || strings.ContainsAny(r.Message.Text, "\x1b\n") {
			t.Errorf("result %d: message %q has markup", i, r.Message.Text)
		}
	}
	if rel := run.Results[0].Related; len(rel) != 1 || rel[0].Physical.Region.StartLine != 3 {
		t.Errorf("related locations = %+v, want the other statement", rel)
	}
	inv := run.Invocations[0]
	if inv.Successful || inv.ExitCode != exit.Found || len(inv.Notifications) != 1 {
		t.Errorf("invocation = %+v, want the bad file in it", inv)
	}
	if got := stderr.String(); strings.Count(got, "\n") != 1 || strings.Contains(got, "\x1b") || !strings.Contains(got, "bad.json") {
		t.Errorf("standard error = %q, want one harmless line about bad.json", got)
	}
}

func TestSARIFOfNothing(t *testing.T) {
	var out bytes.Buffer
	p := NewSARIF(&out, &bytes.Buffer{})
	if err := p.end(exit.OK, tally{}); err != nil {
		t.Fatal(err)
	}
	if run := validSARIF(t, schematest.SARIF(t), out.Bytes()); len(run.Results) != 0 || !run.Invocations[0].Successful {
		t.Errorf("run = %+v, want no results and success", run)
	}
}

func TestFingerprintFollowsTheFinding(t *testing.T) {
	refs := []decide.StatementRef{{Index: 1}}
	base := fingerprint("r", "f", Result{texts: []string{"a", "b"}, lines: []load.Region{{}, {Line: 5}}}, refs)
	moved := fingerprint("r", "f", Result{texts: []string{"changed", "b"}, lines: []load.Region{{}, {Line: 50}}}, refs)
	if base != moved {
		t.Error("the fingerprint changed with another statement and the line")
	}
	for name, other := range map[string]string{
		"rule":      fingerprint("s", "f", Result{texts: []string{"a", "b"}}, refs),
		"file":      fingerprint("r", "g", Result{texts: []string{"a", "b"}}, refs),
		"place":     fingerprint("r", "f", Result{place: "K", texts: []string{"a", "b"}}, refs),
		"statement": fingerprint("r", "f", Result{texts: []string{"a", "c"}}, refs),
	} {
		if other == base {
			t.Errorf("the fingerprint does not depend on the %s", name)
		}
	}
}

func TestGoldenSARIFIsValid(t *testing.T) {
	text, err := os.ReadFile("../../cmd/kmsentry/testdata/check/golden/all.sarif")
	if err != nil {
		t.Fatal(err)
	}
	run := validSARIF(t, schematest.SARIF(t), text)
	if len(run.Results) < 8 {
		t.Errorf("%d results, want at least 8", len(run.Results))
	}
	for _, r := range run.Results {
		if uri := r.Locations[0].Physical.Artifact.URI; r.Locations[0].Physical.Region.StartLine < 2 && uri != "hostile-answer.json" {
			t.Errorf("%s in %s stands at line %d, want the statement's", r.RuleID, uri, r.Locations[0].Physical.Region.StartLine)
		}
	}
}
