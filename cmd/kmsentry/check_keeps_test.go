package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kmsentry/kmsentry/internal/check"
	"github.com/kmsentry/kmsentry/internal/exit"
)

const (
	lockedPolicy = `{"Version":"2012-10-17","Statement":[{"Sid":"Root","Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"kms:*","Resource":"*"},{"Sid":"Lock","Effect":"Deny","Principal":"*","Action":"kms:PutKeyPolicy","Resource":"*"}]}`
	openPolicy   = `{"Version":"2012-10-17","Statement":[{"Sid":"Root","Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"kms:*","Resource":"*"},{"Sid":"Open","Effect":"Allow","Principal":"*","Action":"kms:Decrypt","Resource":"*"}]}`
	insideOnly   = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"kms:*","Resource":"*","Condition":{"StringNotEquals":{"aws:PrincipalAccount":"111122223333"}}}]}`
)

// A key that its owner loses is reported at every level except none, and in every
// format.
func TestCheckLocked(t *testing.T) {
	owner := []string{"--account", "111122223333"}
	for level, want := range map[string]int{"": exit.Found, "public": exit.Found, "shared": exit.Found, "undecided": exit.Found, "none": exit.OK} {
		args := append([]string{"-"}, owner...)
		if level != "" {
			args = append(args, "--fail-on", level)
		}
		status, out, errs := checkStdin(lockedPolicy, args...)
		if status != want || !strings.Contains(out, "locked: nobody in 111122223333 can change the policy") || !strings.Contains(out, `statement 2 "Lock": it denies kms:PutKeyPolicy`) {
			t.Errorf("--fail-on %q = %d, want %d: %s%s", level, status, want, out, errs)
		}
	}
	if status, out, _ := checkStdin(lockedPolicy, "-"); status != exit.OK || strings.Contains(out, "locked:") {
		t.Errorf("of a guessed owner: %d, %s", status, out)
	}
	_, out, _ := checkStdin(lockedPolicy, append([]string{"--format", "json", "-"}, owner...)...)
	var d check.Document
	if err := json.Unmarshal([]byte(out), &d); err != nil || d.Owner.Manage.String() != "no" || d.Owner.Decrypt.String() != "yes" || d.Owner.ManageWhy == nil || d.Owner.ManageWhy.Statement.Sid != "Lock" {
		t.Errorf("JSON: %v, %s", err, out)
	}
	if _, out, _ = checkStdin(lockedPolicy, append([]string{"--format", "sarif", "-"}, owner...)...); !strings.Contains(out, `"ruleId": "kms-key-locked"`) {
		t.Errorf("SARIF: %s", out)
	}
}

// A resource control policy closes a key, and the answer says so; an invalid one
// stops the command.
func TestCheckRCP(t *testing.T) {
	file := func(text string) string {
		name := filepath.Join(t.TempDir(), "rcp.json")
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	rcp := file(insideOnly)
	if status, out, _ := checkStdin(openPolicy, "-"); status != exit.Found || !strings.Contains(out, "anyone can kms:Decrypt") {
		t.Errorf("without: %d, %s", status, out)
	}
	status, out, errs := checkStdin(openPolicy, "--rcp", rcp, "-")
	if status != exit.OK || !strings.HasPrefix(out, "private") || !strings.Contains(out, "the key policy alone is public: only a resource control policy closes it, and that can be detached") {
		t.Errorf("with: %d, %s%s", status, out, errs)
	}
	_, out, _ = checkStdin(openPolicy, "--rcp", rcp, "--format", "json", "-")
	var d check.Document
	if err := json.Unmarshal([]byte(out), &d); err != nil || d.Verdict.String() != "private" || d.Alone == nil || d.Alone.Verdict.String() != "public" {
		t.Errorf("JSON: %v, %s", err, out)
	}
	if _, out, _ = checkStdin(openPolicy, "--rcp", rcp, "--format", "sarif", "-"); !strings.Contains(out, `"ruleId": "kms-key-rcp-only"`) {
		t.Errorf("SARIF: %s", out)
	}
	for _, wrong := range []string{file(openPolicy), file(`{`), filepath.Join(t.TempDir(), "none.json")} {
		status, out, errs := checkStdin(openPolicy, "--rcp", wrong, "-")
		if status != exit.Error || out != "" || strings.Count(errs, "\n") != 1 || !strings.Contains(errs, "--rcp") {
			t.Errorf("--rcp %s: %d, %q, %q", wrong, status, out, errs)
		}
	}
}

// checkStdin runs kmsentry check on a policy on standard input.
func checkStdin(stdin string, args ...string) (status int, stdout, stderr string) {
	var out, errs bytes.Buffer
	status = runCheck(args, strings.NewReader(stdin), &out, &errs)
	return status, out.String(), errs.String()
}
