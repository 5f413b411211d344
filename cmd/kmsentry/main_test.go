package main

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/kmsentry/kmsentry/internal/bootstraptest"
	"github.com/kmsentry/kmsentry/internal/exit"
)

// bootstrap is the real Lambda binary.
var bootstrap = bootstraptest.Binary{Function: bootstraptest.Detector}

func TestMain(m *testing.M) {
	os.Unsetenv("COLUMNS") // the output must not depend on the environment
	os.Exit(bootstrap.Main(m))
}

// kmsentry runs the command in-process.
func kmsentry(stdin string, args ...string) (status int, stdout, stderr string) {
	var out, err bytes.Buffer
	status = run(args, strings.NewReader(stdin), &out, &err)
	return status, out.String(), err.String()
}

func TestCommandLine(t *testing.T) {
	tests := []struct {
		name   string
		args   []string
		status int
		stdout string // a part of it
		stderr string
	}{
		{"nothing", nil, exit.Usage, "", "Usage:"},
		{"help", []string{"help"}, exit.OK, "Exit status: 0", ""},
		{"-h", []string{"-h"}, exit.OK, "Usage:", ""},
		{"version", []string{"version"}, exit.OK, "kmsentry devel", ""},
		{"--version", []string{"--version"}, exit.OK, "kmsentry ", ""},
		{"version of something", []string{"version", "x"}, exit.Usage, "", `found "x"`},
		{"unknown command", []string{"evil\x1b[2J"}, exit.Usage, "", `unknown command "evil\\x1b[2J"`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			status, stdout, stderr := kmsentry("", test.args...)
			if status != test.status || !strings.Contains(stdout, test.stdout) || !strings.Contains(stderr, test.stderr) {
				t.Errorf("run(%q) = %d, %q, %q, want %d, %q, %q", test.args, status, stdout, stderr, test.status, test.stdout, test.stderr)
			}
			if test.stdout == "" && stdout != "" || test.stderr == "" && stderr != "" {
				t.Errorf("run(%q) printed %q and %q, want one of them empty", test.args, stdout, stderr)
			}
		})
	}
}

func TestUsageNamesEveryCommand(t *testing.T) {
	_, stdout, _ := kmsentry("", "help")
	for _, c := range commands() {
		if !strings.Contains(stdout, "kmsentry "+c.name) {
			t.Errorf("kmsentry help does not name %s:\n%s", c.name, stdout)
		}
	}
}
