// Package bootstraptest builds the Lambda binary for tests, the way the
// Makefile builds it.
package bootstraptest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// The functions.
const (
	lambda = "github.com/kmsentry/kmsentry/lambda"
	sweep  = "github.com/kmsentry/kmsentry/lambda/sweep"
)

// Main runs a package's tests with the Lambda binary at *path, built once for
// all of them and removed afterwards. It returns the exit status for TestMain.
func Main(m interface{ Run() int }, path *string) int { return with(m, path, lambda) }

// MainSweep is Main with the binary of the scheduled sweep.
func MainSweep(m interface{ Run() int }, path *string) int { return with(m, path, sweep) }

func with(m interface{ Run() int }, path *string, function string) int {
	dir, err := os.MkdirTemp("", "kmsentry")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	if *path, err = build(dir, function); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// Build builds the Lambda binary for this machine into dir and returns its path.
func Build(dir string) (string, error) { return build(dir, lambda) }

func build(dir, function string) (string, error) {
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

// readSources reads the function's source files. go test remembers what a test
// read and runs it again when that changes; without this, a test of a package
// that does not import the function would be taken from the cache.
func readSources(function string) error {
	out, err := exec.Command("go", "list", "-f", "{{.Dir}}", function).Output()
	if err != nil {
		return fmt.Errorf("go list: %w", err)
	}
	names, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(out)), "*.go"))
	if err != nil || len(names) == 0 {
		return fmt.Errorf("the function has no source files in %q (%v)", out, err)
	}
	for _, name := range names {
		if _, err := os.ReadFile(name); err != nil {
			return err
		}
	}
	return nil
}
