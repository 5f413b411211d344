// Package bootstraptest builds the binaries of the Lambda functions for tests, as the
// Makefile does.
package bootstraptest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// The packages of the Lambda functions.
const (
	// Detector is the function that handles CloudTrail records.
	Detector = "github.com/kmsentry/kmsentry/lambda"
	// Sweep is the scheduled sweep.
	Sweep = "github.com/kmsentry/kmsentry/lambda/sweep"
)

// A Binary is a function's binary, built once for all tests of a package. With only
// Function set it is ready for use.
type Binary struct {
	Function string // Detector or Sweep

	build sync.Once
	dir   string
	path  string
	err   error
}

// Main runs the tests of a package, removes the binary if one of them has built it,
// and returns the exit status for TestMain.
func (b *Binary) Main(m interface{ Run() int }) int {
	defer func() { os.RemoveAll(b.dir) }()
	return m.Run()
}

// Path returns the binary's path and builds the binary at its first call. It is not
// built in TestMain because go test does not track files that are read before the
// tests run.
func (b *Binary) Path(t testing.TB) string {
	t.Helper()
	b.build.Do(func() {
		if b.dir, b.err = os.MkdirTemp("", "kmsentry"); b.err == nil {
			b.path, b.err = Build(b.dir, b.Function)
		}
	})
	if b.err != nil {
		t.Fatal(b.err)
	}
	return b.path
}

// Build builds a function's binary for this machine into dir and returns its path.
func Build(dir, function string) (string, error) {
	if err := readSources(function); err != nil {
		return "", err
	}
	path := filepath.Join(dir, "bootstrap")
	cmd := exec.Command("go", "build", "-trimpath", "-tags", "lambda.norpc", "-ldflags", "-s -w", "-o", path, function)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, nil
}

// readSources reads the files of this module from which the function is built. go test
// tracks the files that a test reads and runs it again when they change; without this
// it would use the cached result of a test whose package does not import the function.
func readSources(function string) error {
	const ours = `{{with .Module}}{{if .Main}}{{range $.GoFiles}}{{$.Dir}}/{{.}}{{"\n"}}{{end}}{{end}}{{end}}`
	out, err := exec.Command("go", "list", "-deps", "-f", ours, function).Output()
	if err != nil {
		return fmt.Errorf("go list: %w", err)
	}
	text := strings.TrimSpace(string(out))
	if text == "" {
		return fmt.Errorf("expected source files of %s, found none", function)
	}
	for name := range strings.Lines(text) {
		if _, err := os.ReadFile(strings.TrimSuffix(name, "\n")); err != nil {
			return err
		}
	}
	return nil
}
