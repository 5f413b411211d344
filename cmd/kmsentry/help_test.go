package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestHelp(t *testing.T) {
	for _, row := range []struct {
		args       string
		status     int
		says, errs string
	}{
		{"help check", exitOK, "--fail-on levels\n      levels that exit with 3", ""},
		{"check -h", exitOK, "kmsentry check --account 111122223333", ""},
		{"help hunt", exitOK, "--from", ""},
		{"help redrive", exitOK, "--", ""},
		{"help doctor", exitOK, "--stack name\n      name or ARN of the stack (default kmsentry)", ""},
		{"help invoke", exitOK, "--", ""},
		{"help version", exitOK, "Prints the version", ""},
		{"help nothing", exitUsage, "", `unknown command "nothing"`},
		{"chekc x", exitUsage, "", "did you mean kmsentry check?"},
		{"xyzzy", exitUsage, "", "see kmsentry help"},
		{"check --fail-onn public x", exitUsage, "", "unknown flag --fail-onn; did you mean --fail-on?"},
		{"check --qwertyuiop x", exitUsage, "", "unknown flag --qwertyuiop\n"},
		{"check x --account", exitUsage, "", "--account: expected a value, found none"},
		{"check --fail-on some x", exitUsage, "", `--fail-on: expected public, network, shared, undecided or none ("some")`},
		{"hunt --acount 1 x", exitUsage, "", "did you mean --account?"},
	} {
		var out, errs bytes.Buffer
		status := run(strings.Fields(row.args), strings.NewReader(""), &out, &errs)
		if status != row.status || !strings.Contains(out.String(), row.says) || !strings.Contains(errs.String(), row.errs) {
			t.Errorf("kmsentry %s: exit status %d, want %d with %q and %q\n%.400s%s", row.args, status, row.status, row.says, row.errs, &out, &errs)
		}
		if row.status == exitUsage && strings.Count(errs.String(), "\n") != 1 {
			t.Errorf("kmsentry %s: want one line, got %q", row.args, errs.String())
		}
	}
}

func TestDistance(t *testing.T) {
	for _, row := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"a", "", 1}, {"", "ab", 2}, {"check", "check", 0}, {"chekc", "check", 2}, {"chck", "check", 1}, {"hunts", "hunt", 1}, {"kitten", "sitting", 3}} {
		if got := distance(row.a, row.b); got != row.want {
			t.Errorf("distance(%q, %q) = %d, want %d", row.a, row.b, got, row.want)
		}
	}
}
