package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/kmsentry/kmsentry/internal/exit"
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
	if got := strings.Join(o.Files, " "); got != "a.json - --explain" || o.Explain {
		t.Errorf("files = %q, explain %t", got, o.Explain)
	}
	if got := strings.Join(o.TrustedAccounts, ","); got != "444455556666,555566667777,666677778888" {
		t.Errorf("trusted accounts = %s", got)
	}
	if o.Parameters["A"] != "b=c,d" || o.Key.Tags["t"] != "1" || o.Key.MultiRegion == nil || *o.Key.MultiRegion || o.Key.Aliases == nil {
		t.Errorf("parameters %v, key %+v", o.Parameters, o.Key)
	}
	if !o.At.Equal(now.Truncate(time.Second)) {
		t.Errorf("at = %v, want now", o.At)
	}
	o, err = parseCheck([]string{"--key-arn", "arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/k", "f"}, now, &bytes.Buffer{})
	if s := o.Scope(); err != nil || s.Account != "111122223333" || s.Region != "us-gov-west-1" || s.Partition != "aws-us-gov" {
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
		{"--trusted-org x f", "--trusted-org: expected an organization ID such as o-a1b2c3d4e5"},
		{"--owner-org x f", "--owner-org: expected an organization ID such as o-a1b2c3d4e5"},
		{"--key-spec rsa_2048 f", `--key-spec: expected a name such as SYMMETRIC_DEFAULT, found "rsa_2048"`},
		{"--key-usage sign-verify f", `--key-usage: expected a name such as ENCRYPT_DECRYPT, found "sign-verify"`},
		{"--key-origin aws f", `--key-origin: expected a name such as AWS_KMS, found "aws"`},
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
			if status != exit.Usage || !strings.Contains(stderr.String(), tt.want) || strings.Count(stderr.String(), "\n") != 1 || stdout.Len() > 0 {
				t.Errorf("check %s = %d, %q, %q, want 2 and one line with %q", tt.args, status, stdout.String(), stderr.String(), tt.want)
			}
		})
	}
}

func TestCheckHelp(t *testing.T) {
	var stdout, stderr bytes.Buffer
	if status := runCheck([]string{"-h"}, nil, &stdout, &stderr); status != exit.OK || stderr.Len() > 0 {
		t.Errorf("check -h = %d, %q", status, stderr.String())
	}
	for _, flag := range []string{"account", "key-arn", "at", "trusted-account", "trusted-org", "fail-on", "format", "explain", "exceptions"} {
		if !strings.Contains(stdout.String(), "\n  --"+flag) {
			t.Errorf("check -h does not name --%s", flag)
		}
	}
}
