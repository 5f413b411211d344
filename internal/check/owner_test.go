package check

import (
	"strings"
	"testing"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/decide"
)

// A key is not locked when its owner was only inferred or is not known.
func TestLockedOwner(t *testing.T) {
	lost := decide.Decision{Owner: decide.Owner{Manage: decide.AccessNo}}
	guarded := lost
	guarded.Unguarded = &decide.Decision{Owner: decide.Owner{Manage: decide.AccessYes}}
	for _, tt := range []struct {
		name string
		c    Result
		want bool
	}{
		{"known", Result{Account: "111122223333", Decision: lost}, true},
		{"of a template", Result{Account: "111122223333", inferred: true, Decision: lost}, true},
		{"guessed", Result{Account: "111122223333", inferred: true, guessed: true, Decision: lost}, false},
		{"unknown", Result{Decision: lost}, false},
		{"by a resource control policy", Result{Account: "111122223333", Decision: guarded}, false},
	} {
		if got := tt.c.Locked(); got != tt.want {
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
