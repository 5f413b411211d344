package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/kmsentry/kmsentry/internal/mototest"
)

// TestLocalMoto runs the commands for moto in docs/local.md: moto then has the alert
// about a sample event.
func TestLocalMoto(t *testing.T) {
	if testing.Short() {
		t.Skip("left out with -short: make moto runs it")
	}
	needTools(t, "aws", "curl")
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "local.md"))
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)```sh\nmoto_server -p 5000 &\n(.*?)```").FindStringSubmatch(string(text))
	if block == nil {
		t.Fatal("docs/local.md has no block of sh that starts moto_server")
	}
	dir := withBinaries(t)
	if err := os.CopyFS(filepath.Join(dir, "events"), os.DirFS(filepath.Join("..", "..", "events"))); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("sh", "-ec", strings.ReplaceAll(block[1], "http://127.0.0.1:5000", mototest.Start(t)))
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "AWS_EC2_METADATA_DISABLED=true")
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "public, critical, published") || !strings.Contains(string(out), "[CRITICAL] KMS key open to everyone") {
		t.Errorf("%v\n%s", err, out)
	}
}
