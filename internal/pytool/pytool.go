// Package pytool finds the Python tools that some tests need. On a reader's
// machine such a test skips and says what to install; where CI is set, as in
// continuous integration, it fails.
package pytool

import (
	"os"
	"os/exec"
	"testing"
)

// Hint is the command that installs every tool.
const Hint = "pip install 'moto[server]==5.2.1' cfn-lint==1.51.0 aws-sam-translator==1.110.0"

// Need makes sure that the command is there and works: run with args it exits
// with 0.
func Need(t testing.TB, command string, args ...string) {
	t.Helper()
	out, err := exec.Command(command, args...).CombinedOutput()
	if err == nil {
		return
	}
	if os.Getenv("CI") != "" {
		t.Fatalf("%s is missing or broken (%v): %s\n%s", command, err, Hint, out)
	}
	t.Skipf("%s is missing; to run this test: %s", command, Hint)
}
