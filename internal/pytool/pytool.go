// Package pytool finds the Python tools that some tests need. If a tool is
// missing, the test is skipped with a message that says what to install; if the
// environment variable CI is set and -short is not, it fails.
package pytool

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// Hint is the command that installs all of the tools.
const Hint = "pip install 'moto[server]==5.2.1' cfn-lint==1.51.0 aws-sam-translator==1.110.0"

// Need runs the command, and skips or fails the test unless it exits with
// status 0.
func Need(t testing.TB, command ...string) {
	t.Helper()
	out, err := exec.Command(command[0], command[1:]...).CombinedOutput()
	if err == nil {
		return
	}
	line := strings.Join(command, " ")
	if os.Getenv("CI") != "" && !testing.Short() {
		t.Fatalf("%s: %v\n%s\n%s", line, err, out, Hint)
	}
	t.Skipf("%s does not work here; to run this test: %s", line, Hint)
}
