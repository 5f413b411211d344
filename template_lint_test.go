package kmsentry

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/kmsentry/kmsentry/internal/pytool"
)

// lint runs cfn-lint on templates for the Regions. It returns an error unless
// cfn-lint exits with 0: its status is a bit mask of errors, warnings and hints.
func lint(t *testing.T, regions []string, names ...string) error {
	t.Helper()
	if testing.Short() {
		t.Skip("left out with -short: make cfn-lint runs it")
	}
	pytool.Need(t, "cfn-lint", "--version")
	if len(names) == 0 {
		t.Fatal("no templates for cfn-lint")
	}
	arguments := slices.Concat([]string{"-r"}, regions, []string{"--"}, names)
	if out, err := exec.Command("cfn-lint", arguments...).CombinedOutput(); err != nil {
		return fmt.Errorf("cfn-lint %q: %w\n%s", arguments, err, out)
	}
	return nil
}

// partitions returns Regions of each partition.
func partitions() [][]string {
	return [][]string{{"us-east-1", "eu-central-1"}, {"cn-north-1", "cn-northwest-1"}, {"us-gov-west-1", "us-gov-east-1"}}
}

// templateFile writes a template to a file and returns its path.
func templateFile(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestCfnLint checks that cfn-lint reports nothing on template.yaml, as it is and
// translated, and on the templates in deploy/, in the partitions where their
// resources exist.
func TestCfnLint(t *testing.T) {
	names, err := filepath.Glob("deploy/*.yaml")
	if err != nil || len(names) < 3 {
		t.Fatalf("templates in deploy: expected at least 3, found %q (%v)", names, err)
	}
	if testing.Short() {
		t.Skip("left out with -short: make cfn-lint runs it")
	}
	answer := translate(t, readTemplate(t))[0]
	if answer.Error != "" {
		t.Fatalf("the SAM translator: %s", answer.Error)
	}
	names = append(names, "template.yaml", templateFile(t, "translated.json", string(answer.raw)))
	for _, regions := range partitions() {
		there := slices.DeleteFunc(slices.Clone(names), func(name string) bool {
			return name == filepath.Join("deploy", "chat.yaml") && regions[0] != "us-east-1" // chat is in the partition aws alone
		})
		if err := lint(t, regions, there...); err != nil {
			t.Error(err)
		}
	}
}

// TestCfnLintFindsSlips checks that cfn-lint finds an ordinary typo.
func TestCfnLintFindsSlips(t *testing.T) {
	text := replaced(t, readTemplate(t), "MemorySize: 256", "MemorySise: 256")
	if err := lint(t, partitions()[0], templateFile(t, "template.yaml", text)); err == nil {
		t.Error("cfn-lint has nothing against MemorySise")
	}
}
