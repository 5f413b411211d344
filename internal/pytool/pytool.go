// Package pytool finds the Python tools that some tests need. On a reader's
// machine, and in make test, such a test skips and says what to install; where CI
// is set, as in continuous integration, it fails.
package pytool

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// Hint is the command that installs every tool.
const Hint = "pip install 'moto[server]==5.2.1' cfn-lint==1.51.0 aws-sam-translator==1.110.0"

// Need makes sure that the command works: it has to exit with 0.
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
