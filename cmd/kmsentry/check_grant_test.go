package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/kmsentry/kmsentry/internal/exit"
)

// grantPlan returns a Terraform plan with one grant.
func grantPlan(grantee, operations, keyID string) string {
	return `{"format_version":"1.2","resource_changes":[{"address":"aws_kms_grant.g","mode":"managed","type":"aws_kms_grant","change":{"actions":["create"],"after":{` +
		grantee + `"operations":` + operations + `,"key_id":"` + keyID + `"},"after_unknown":{}}}]}`
}

// TestCheckGrants checks that a grant is judged by its grantee's account, that the
// answer names that account and the operations, and that it is never public.
func TestCheckGrants(t *testing.T) {
	const key, partner = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab", "arn:aws:iam::444455556666:role/r"
	to := func(principal string) string { return `"grantee_principal":"` + principal + `",` }
	for _, row := range []struct {
		name, plan string
		args       []string
		status     int
		says       []string
	}{
		{"to a partner", grantPlan(to(partner), `["Encrypt","Decrypt"]`, key), []string{"--fail-on", "shared"}, exit.Found, []string{"shared  ", "aws_kms_grant.g  a grant to " + partner + ": Decrypt, Encrypt", "proof    " + partner + " calls kms:Decrypt on " + key, "1 grant: 1 shared"}},
		{"to a partner, not public", grantPlan(to(partner), `["Encrypt"]`, key), nil, exit.OK, []string{"shared  "}},
		{"to a partner's account", grantPlan(to("arn:aws:iam::444455556666:root"), `["Sign"]`, key), nil, exit.OK, []string{"shared  "}},
		{"to see only", grantPlan(to(partner), `["DescribeKey","RetireGrant","CreateGrant"]`, key), []string{"--fail-on", "shared"}, exit.OK, []string{"private  ", "also     " + partner + " can kms:CreateGrant and 2 more"}},
		{"for something new", grantPlan(to(partner), `["Foo"]`, key), nil, exit.OK, []string{"shared  "}},
		{"to a trusted account", grantPlan(to(partner), `["Encrypt"]`, key), []string{"--trusted-account", "444455556666", "--fail-on", "shared"}, exit.OK, []string{"private  "}},
		{"to the owner", grantPlan(to("arn:aws:iam::111122223333:user/u"), `["Encrypt"]`, key), nil, exit.OK, []string{"private  ", "a grant to arn:aws:iam::111122223333:user/u: Encrypt"}},
		{"to a service", grantPlan(to("rds.amazonaws.com"), `["Encrypt"]`, key), nil, exit.OK, []string{"private  "}},
		{"on a key of an unknown owner", grantPlan(to(partner), `["Encrypt"]`, "1234abcd-12ab-34cd-56ef-1234567890ab"), []string{"--fail-on", "shared"}, exit.Found, []string{"undecided  ", "between private and shared: a grant to " + partner, "whether 444455556666 owns the key is not known", "remedy   --account ID"}},
		{"on a key of an account that is given", grantPlan(to(partner), `["Encrypt"]`, "1234abcd-12ab-34cd-56ef-1234567890ab"), []string{"--account", "444455556666"}, exit.OK, []string{"private  "}},
		{"to a unique id", grantPlan(to("AROAEXAMPLEEXAMPLE123"), `["Encrypt"]`, key), nil, exit.OK, []string{"undecided  ", "the grantee's account is not known"}},
		{"to everyone, which KMS rejects", grantPlan(to("*"), `["Encrypt"]`, key), nil, exit.OK, []string{"undecided  ", "between private and shared"}},
		{"to a grantee known after apply", grantPlan("", `["Encrypt"]`, key), nil, exit.OK, []string{"undecided  ", "the grantee is not known", "remedy   check the state after apply"}},
		{"for something known after apply", grantPlan(to(partner), `[null]`, key), nil, exit.OK, []string{"undecided  ", "the operations are not known"}},
		{"where a key is required", grantPlan(to(partner), `["Encrypt"]`, key), []string{"--require-key"}, exit.Error, []string{"shared  ", "found none"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			file := filepath.Join(folder(t, map[string]string{"plan.json": row.plan}), "plan.json")
			status, out, errs := checked3(append(row.args, file)...)
			if status != row.status || errs != "" {
				t.Errorf("exit status %d, want %d\n%s%s", status, row.status, out, errs)
			}
			for _, want := range row.says {
				if !strings.Contains(out, want) {
					t.Errorf("it does not say %q:\n%s", want, out)
				}
			}
			for _, format := range []string{"json", "sarif"} {
				if _, out, _ := checked3("--format", format, file); strings.Contains(out, `"public"`) || strings.Contains(out, "kms-key-public\",\"ruleIndex") {
					t.Errorf("public as %s: %s", format, out)
				}
			}
		})
	}
}
