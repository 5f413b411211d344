package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/kmsentry/kmsentry/internal/exit"
)

func TestHelp(t *testing.T) {
	for _, row := range []struct {
		args       string
		status     int
		says, errs string
	}{
		{"help check", exit.OK, "--fail-on levels\n      levels that exit with 3", ""},
		{"check -h", exit.OK, "kmsentry check --account 111122223333", ""},
		{"help hunt", exit.OK, "--from", ""},
		{"help redrive", exit.OK, "--", ""},
		{"help doctor", exit.OK, "--stack name\n      name or ARN of the stack (default kmsentry)", ""},
		{"help invoke", exit.OK, "--", ""},
		{"help version", exit.OK, "Prints the version", ""},
		{"help nothing", exit.Usage, "", `unknown command "nothing"`},
		{"chekc x", exit.Usage, "", "did you mean kmsentry check?"},
		{"xyzzy", exit.Usage, "", "see kmsentry help"},
		{"check --fail-onn public x", exit.Usage, "", "unknown flag --fail-onn; did you mean --fail-on?"},
		{"check --qwertyuiop x", exit.Usage, "", "unknown flag --qwertyuiop\n"},
		{"check x --account", exit.Usage, "", "--account: expected a value, found none"},
		{"check --fail-on some x", exit.Usage, "", `--fail-on: expected public, network, shared, undecided or none, found "some"`},
		{"check --explain=some x", exit.Usage, "", `--explain: expected true or false, found "some"`},
		{"hunt --late-days some x", exit.Usage, "", `--late-days: expected a number, found "some"`},
		{"hunt --acount 1 x", exit.Usage, "", "did you mean --account?"},
	} {
		var out, errs bytes.Buffer
		status := run(strings.Fields(row.args), strings.NewReader(""), &out, &errs)
		if status != row.status || !strings.Contains(out.String(), row.says) || !strings.Contains(errs.String(), row.errs) {
			t.Errorf("kmsentry %s: exit status %d, want %d with %q and %q\n%.400s%s", row.args, status, row.status, row.says, row.errs, &out, &errs)
		}
		if row.status == exit.Usage && strings.Count(errs.String(), "\n") != 1 {
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
