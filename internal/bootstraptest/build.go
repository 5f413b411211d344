// Package bootstraptest builds the Lambda binary for tests, the way the
// Makefile builds it.
package bootstraptest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// Build builds the Lambda binary for this machine into dir and returns its path.
func Build(dir string) (string, error) {
	path := filepath.Join(dir, "bootstrap")
	cmd := exec.Command("go", "build", "-trimpath", "-tags", "lambda.norpc", "-ldflags", "-s -w", "-o", path, "github.com/kmsentry/kmsentry/lambda")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, nil
}
