package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/decide"
)

func TestParseCheck(t *testing.T) {
	now := time.Date(2026, 5, 1, 12, 0, 0, 999, time.UTC)
	o, err := parseCheck([]string{
		"a.json", "--account", "111122223333", "--trusted-account", "444455556666,555566667777", "-", "--trusted-account=666677778888",
		"--trusted-org", "o-a1b2c3d4e5", "--parameter", "A=b=c,d", "--key-tag", "t=1", "--multi-region", "false", "--no-aliases", "--", "--explain",
	}, now, &bytes.Buffer{})
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(o.files, " "); got != "a.json - --explain" || o.explain {
		t.Errorf("files = %q, explain %t", got, o.explain)
	}
	if got := o.trustedAccounts.String(); got != "444455556666,555566667777,666677778888" {
		t.Errorf("trusted accounts = %s", got)
	}
	if o.parameters["A"] != "b=c,d" || o.key.Tags["t"] != "1" || o.key.MultiRegion == nil || *o.key.MultiRegion || o.key.Aliases == nil {
		t.Errorf("parameters %v, key %+v", o.parameters, o.key)
	}
	if !o.at.Equal(now.Truncate(time.Second)) {
		t.Errorf("at = %v, want now", o.at)
	}
	o, err = parseCheck([]string{"--key-arn", "arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/k", "f"}, now, &bytes.Buffer{})
	if s := o.scope(); err != nil || s.Account != "111122223333" || s.Region != "us-gov-west-1" || s.Partition != "aws-us-gov" {
		t.Errorf("scope of a key's ARN = %+v, %v", s, err)
	}
}

func TestParseCheckRefuses(t *testing.T) {
	tests := []struct{ args, want string }{
		{"", "expected at least one file"},
		{"--nosuch f", "unknown flag --nosuch"},
		{"--account 1234 f", `--account: expected 12 digits, found "1234"`},
		{"--key-arn arn:aws:s3:::b f", "--key-arn: expected an ARN such as"},
		{"--account 444455556666 --key-arn arn:aws:kms:us-east-1:111122223333:key/k f", "expected the account of --key-arn, 111122223333"},
		{"--at yesterday f", "expected a time such as 2026-01-31T00:00:00Z"},
		{"--trusted-account 1 f", "--trusted-account: expected 12 digits"},
		{"--trusted-account 111122223333,, f", "found an empty one"},
		{"--trusted-org x f", "expected an id such as o-a1b2c3d4e5"},
		{"--owner-org x f", "expected an id such as o-a1b2c3d4e5"},
		{"--fail-on private f", "expected public, network, shared, undecided or none"},
		{"--fail-on public,bad f", "expected public, network, shared, undecided or none"},
		{"--format xml f", "--format: expected text, json or sarif"},
		{"--multi-region perhaps f", "expected true or false"},
		{"--key-tag x f", "expected name=value"},
		{"--key-alias x f", "expected alias/name"},
		{"--parameter =x f", "expected name=value"},
		{"- -", "expected - only once"},
	}
	for _, tt := range tests {
		t.Run(tt.args, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			status := runCheck(strings.Fields(tt.args), nil, &stdout, &stderr)
			if status != exitUsage || !strings.Contains(stderr.String(), tt.want) || strings.Count(stderr.String(), "\n") != 1 || stdout.Len() > 0 {
				t.Errorf("check %s = %d, %q, %q, want 2 and one line with %q", tt.args, status, stdout.String(), stderr.String(), tt.want)
			}
		})
	}
}

func TestCheckHelp(t *testing.T) {
	var stdout, stderr bytes.Buffer
	if status := runCheck([]string{"-h"}, nil, &stdout, &stderr); status != exitOK || stderr.Len() > 0 {
		t.Errorf("check -h = %d, %q", status, stderr.String())
	}
	for _, flag := range []string{"account", "key-arn", "at", "trusted-account", "trusted-org", "fail-on", "format", "explain", "exceptions"} {
		if !strings.Contains(stdout.String(), "\n  --"+flag) {
			t.Errorf("check -h does not name --%s", flag)
		}
	}
}

func TestFailOn(t *testing.T) {
	const lost, kept = decide.AccessNo, decide.AccessYes
	tests := []struct {
		levels      string
		least, most decide.Verdict
		manage      decide.Access
		want        int
	}{
		{"", decide.Public, decide.Public, kept, exitFound},
		{"", decide.Private, decide.Public, kept, exitFound},
		{"", decide.Private, decide.Network, kept, exitOK},
		{"", decide.Network, decide.Network, kept, exitOK},
		{"", decide.Shared, decide.Shared, kept, exitOK},
		{"", decide.Private, decide.Private, kept, exitOK},
		{"", decide.Private, decide.Private, lost, exitFound},
		{"public", decide.Private, decide.Shared, kept, exitOK},
		{"public", decide.Shared, decide.Public, kept, exitFound},
		{"network", decide.Private, decide.Shared, kept, exitOK},
		{"network", decide.Public, decide.Public, kept, exitFound},
		{"network", decide.Network, decide.Network, kept, exitFound},
		{"network", decide.Shared, decide.Shared, kept, exitOK},
		{"shared", decide.Public, decide.Public, kept, exitFound},
		{"shared", decide.Private, decide.Shared, kept, exitFound},
		{"shared", decide.Shared, decide.Shared, kept, exitFound},
		{"shared", decide.Private, decide.Private, kept, exitOK},
		{"shared,public", decide.Shared, decide.Shared, kept, exitFound},
		{"public, shared", decide.Shared, decide.Shared, kept, exitFound},
		{"undecided", decide.Public, decide.Public, kept, exitOK},
		{"undecided", decide.Private, decide.Shared, kept, exitFound},
		{"undecided", decide.Private, decide.Private, kept, exitOK},
		{"undecided", decide.Private, decide.Private, lost, exitFound},
		{"none", decide.Public, decide.Public, kept, exitOK},
		{"none", decide.Private, decide.Public, kept, exitOK},
		{"none", decide.Public, decide.Public, lost, exitOK},
	}
	for _, tt := range tests {
		f := failOn{from: decide.Public}
		if tt.levels != "" {
			if err := f.Set(tt.levels); err != nil {
				t.Fatal(err)
			}
		}
		b := decide.Between(tt.least, tt.most)
		c := checked{account: "111122223333", decision: decide.Decision{Verdict: b.Verdict, Least: b.Least, Most: b.Most, Owner: decide.Owner{Manage: tt.manage}}}
		if got := f.status(c); got != tt.want {
			t.Errorf("--fail-on %q of %s to %s, manage %v = %d, want %d", tt.levels, tt.least, tt.most, tt.manage, got, tt.want)
		}
	}
	two := failOn{from: decide.Public}
	for _, s := range []string{"public", "network"} {
		if err := two.Set(s); err != nil {
			t.Fatal(err)
		}
	}
	if two.from != decide.Network || two.undecided {
		t.Errorf("--fail-on public --fail-on network = %+v, want network alone", two)
	}
	for _, s := range []string{"none,public", "undecided,none", "private", ""} {
		if err := new(failOn).Set(s); err == nil {
			t.Errorf("--fail-on %q is taken", s)
		}
	}
}

// An owner that was guessed or is not known has lost nothing.
func TestLockedOwner(t *testing.T) {
	lost := decide.Decision{Owner: decide.Owner{Manage: decide.AccessNo}}
	guarded := lost
	guarded.Unguarded = &decide.Decision{Owner: decide.Owner{Manage: decide.AccessYes}}
	for _, tt := range []struct {
		name string
		c    checked
		want bool
	}{
		{"known", checked{account: "111122223333", decision: lost}, true},
		{"of a template", checked{account: "111122223333", inferred: true, decision: lost}, true},
		{"guessed", checked{account: "111122223333", inferred: true, guessed: true, decision: lost}, false},
		{"unknown", checked{decision: lost}, false},
		{"by a resource control policy", checked{account: "111122223333", decision: guarded}, false},
	} {
		if got := tt.c.locked(); got != tt.want {
			t.Errorf("%s: locked = %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestInferOwner(t *testing.T) {
	st := func(principal, action, more string) string {
		return `{"Effect":"Allow","Principal":` + principal + `,"Action":` + action + `,"Resource":"*"` + more + `}`
	}
	const root1, root2 = `{"AWS":"arn:aws:iam::111122223333:root"}`, `{"AWS":"444455556666"}`
	tests := []struct{ name, statements, want string }{
		{"the default policy", st(root1, `"kms:*"`, ""), "111122223333"},
		{"account id", st(root2, `["kms:Encrypt","KMS:*"]`, ""), "444455556666"},
		{"all actions", st(root1, `"*"`, ""), "111122223333"},
		{"twice the same", st(root1, `"*"`, "") + "," + st(root1, `"kms:*"`, ""), "111122223333"},
		{"with a guest", st(root1, `"kms:*"`, "") + "," + st(root2, `"kms:Encrypt"`, ""), "111122223333"},
		{"two owners", st(root1, `"kms:*"`, "") + "," + st(root2, `"kms:*"`, ""), ""},
		{"two in one statement", st(`{"AWS":["111122223333","444455556666"]}`, `"kms:*"`, ""), ""},
		{"some actions", st(root1, `["kms:Encrypt","kms:PutKeyPolicy"]`, ""), ""},
		{"under a condition", st(root1, `"kms:*"`, `,"Condition":{"Bool":{"aws:SecureTransport":"true"}}`), ""},
		{"a role", st(`{"AWS":"arn:aws:iam::111122223333:role/r"}`, `"kms:*"`, ""), ""},
		{"everybody", st(`"*"`, `"kms:*"`, ""), ""},
		{"denied", strings.Replace(st(root1, `"kms:*"`, ""), "Allow", "Deny", 1), ""},
	}
	for _, tt := range tests {
		p, err := policy.Parse([]byte(`{"Statement":[` + tt.statements + `]}`))
		if err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		if got := inferOwner(p); got != tt.want {
			t.Errorf("%s: owner = %q, want %q", tt.name, got, tt.want)
		}
	}
}
