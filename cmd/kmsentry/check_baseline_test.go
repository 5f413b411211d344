package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kmsentry/kmsentry/internal/exit"
)

const partnerStatement = `,{"Effect":"Allow","Principal":{"AWS":"444455556666"},"Action":"kms:Encrypt","Resource":"*"}`

// TestBaseline checks that a baseline accepts what was found until its expiry, and
// nothing worse.
func TestBaseline(t *testing.T) {
	dir := folder(t, map[string]string{"a.json": template(partnerStatement), "b.json": template(openStatement), "c.json": template("")})
	file := filepath.Join(t.TempDir(), "baseline.json")
	args := func(more ...string) []string {
		return append([]string{"--account", "111122223333", "--fail-on", "shared", "--at", "2026-11-23T00:00:00Z"}, append(more, dir)...)
	}
	if status, out, errs := checked3(args("--write-baseline", file)...); status != exit.Found || !strings.Contains(errs, "wrote 2 keys") {
		t.Fatalf("--write-baseline: exit status %d\n%s%s", status, out, errs)
	}
	if status, out, _ := checked3(args("--baseline", file)...); status != exit.OK || !strings.Contains(out, "1 private, 2 accepted") || !strings.Contains(out, "until 2027-11-23") {
		t.Errorf("--baseline: exit status %d\n%s", status, out)
	}
	if status, out, _ := checked3("--account", "111122223333", "--fail-on", "shared", "--at", "2027-12-01T00:00:00Z", "--baseline", file, dir); status != exit.Found || !strings.Contains(out, "the baseline would have accepted this, but it has expired") {
		t.Errorf("after its day: exit status %d\n%s", status, out)
	}
	if err := os.WriteFile(filepath.Join(dir, "a.json"), []byte(template(openStatement)), 0o644); err != nil {
		t.Fatal(err)
	}
	if status, out, _ := checked3(args("--baseline", file)...); status != exit.Found || !strings.Contains(out, "1 public, 1 private, 1 accepted") {
		t.Errorf("a key that has become worse: exit status %d\n%s", status, out)
	}
	for text, want := range map[string]string{
		"{":                       "expected a file that --write-baseline wrote",
		`{"version":2}`:           "expected version 1, found 2",
		`{"version":1,"other":1}`: "unknown field",
		`{"version":1,"accepted":[],"accepted":[]}`:                        `member "accepted": expected it once, found it twice`,
		`{"version":1,"Accepted":[]}`:                                      `expected member "accepted", found "Accepted"`,
		`{"version":1,"accepted":[{"Use":"public"}]}`:                      `"accepted[0]": expected member "use", found "Use"`,
		`{"version":1,"accepted":[]}{"version":1}`:                         "expected a file that --write-baseline wrote",
		`{"version":1,"accepted":[{"source":"a"}]}`:                        "expected expires to be a day within a year",
		`{"version":1,"accepted":[{"source":"a","expires":"2030-01-01"}]}`: "expected expires to be a day within a year",
	} {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if status, _, errs := checked3(args("--baseline", file)...); status != exit.Error || !strings.Contains(errs, want) {
			t.Errorf("%s: exit status %d, %q, want %q", text, status, errs, want)
		}
	}
	if status, _, errs := checked3(args("--baseline", file+"x")...); status != exit.Error || !strings.Contains(errs, "no such file") {
		t.Errorf("no baseline: exit status %d, %q", status, errs)
	}
	if status, _, errs := checked3(args("--write-baseline", filepath.Join(file, "x"))...); status != exit.Error || !strings.Contains(errs, "--write-baseline") {
		t.Errorf("a baseline that cannot be written: exit status %d, %q", status, errs)
	}
}

// TestAcceptedByMetadata checks that a template can accept what its own key opens.
func TestAcceptedByMetadata(t *testing.T) {
	key := func(accept, statement string) string {
		return "Resources:\n  K:\n    Type: AWS::KMS::Key\n    Metadata: {kmsentry: {accept: {" + accept + "}}}\n    Properties: {KeyPolicy: {Version: 2012-10-17, Statement: [{Effect: Allow, Principal: {AWS: '111122223333'}, Action: 'kms:*', Resource: '*'}, " + statement + "]}}\n"
	}
	const (
		shared = "{Effect: Allow, Principal: {AWS: '444455556666'}, Action: 'kms:Encrypt', Resource: '*'}"
		public = "{Effect: Allow, Principal: '*', Action: 'kms:Encrypt', Resource: '*'}"
		locked = "{Effect: Deny, Principal: '*', Action: 'kms:PutKeyPolicy', Resource: '*'}"
		good   = "verdict: shared, reason: partner of team A, expires: 2027-06-30"
	)
	for _, row := range []struct {
		name, accept, statement string
		status                  int
		says                    string
	}{
		{"accepted", good, shared, exit.OK, `by "metadata" (the template) until 2027-06-30: partner of team A`},
		{"worse than accepted", good, public, exit.Found, "Metadata.kmsentry.accept accepts up to shared, and this is worse"},
		{"no reason", "verdict: shared, expires: 2027-06-30", shared, exit.Found, "expected a reason, found none"},
		{"no verdict", "reason: a, expires: 2027-06-30", shared, exit.Found, `expected verdict to be public, undecided, network or shared, found ""`},
		{"for ever", "verdict: shared, reason: a, expires: 2040-01-01", shared, exit.Found, `found "2040-01-01"`},
		{"expired", "verdict: shared, reason: a, expires: 2026-06-30", shared, exit.Found, "it expired on 2026-06-30"},
		{"locked", "verdict: public, reason: a, expires: 2027-06-30", locked, exit.Found, "cannot accept a key that is locked"},
	} {
		t.Run(row.name, func(t *testing.T) {
			file := filepath.Join(folder(t, map[string]string{"t.yaml": key(row.accept, row.statement)}), "t.yaml")
			status, out, _ := checked3("--account", "111122223333", "--fail-on", "shared", "--at", "2026-11-23T00:00:00Z", file)
			if status != row.status || !strings.Contains(out, row.says) {
				t.Errorf("exit status %d, want %d with %q\n%s", status, row.status, row.says, out)
			}
		})
	}
}
