package kmsentry

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/kmsentry/kmsentry/internal/exit"
)

// TestShownCommands runs the commands of each page in order, in a folder of its own.
// It fails if a command exits with a status other than 0 (nothing found) or 3
// (found), if a console prints something else, or if neither this test nor another
// runs a command and the page does not mark it as untested.
func TestShownCommands(t *testing.T) {
	tree := builtTree(t)
	ran := 0
	for _, p := range pages(t) {
		t.Run(p.name, func(t *testing.T) {
			dir := readersFolder(t, tree)
			fresh := slices.Clone(p.lines)
			for _, b := range slices.Backward(p.blocks) {
				if b.kind != "console" {
					continue
				}
				got := strings.Split(runShown(t, p, b.commands[0], dir), "\n")
				got = got[:len(got)-1] // the empty text after the last newline
				if ran++; !slices.Equal(got, p.lines[b.first+2:b.last]) && !*update {
					t.Errorf("%s:%d prints something else; look at it and run with -update. It prints:\n%s", p.name, b.first+2, strings.Join(got, "\n"))
				}
				fresh = slices.Replace(fresh, b.first+2, b.last, got...)
			}
			for _, b := range p.blocks {
				for _, c := range b.commands {
					if b.kind != "console" && !c.untested && !runsElsewhere(t, c) && !runnersPart(b, c) {
						runShown(t, p, c, dir)
						ran++
					}
				}
			}
			if *update && !slices.Equal(fresh, p.lines) {
				if err := os.WriteFile(p.name, []byte(strings.Join(fresh, "\n")), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
	if ran < 20 {
		t.Errorf("%d commands run, expected at least 20", ran)
	}
}

// runnersPart reports whether a line of YAML is for a CI runner and does not call
// kmsentry.
func runnersPart(b block, c command) bool {
	return b.kind == "yaml" && !strings.HasPrefix(c.text, "kmsentry ")
}

// runShown runs a command of a page and returns its output.
func runShown(t *testing.T, p page, c command, dir string) string {
	t.Helper()
	list, _ := shellCalls(c.text)
	for _, call := range list {
		switch call[0] {
		case "kmsentry", "bin/kmsentry", "grep", "cut":
		case "jq":
			if _, err := exec.LookPath("jq"); err != nil && os.Getenv("CI") == "" {
				return ""
			}
		default:
			t.Errorf("%s:%d: the tests cannot run %q; put \"# untested: WHY\" above it, or name the test that runs it in elsewhere", p.name, c.line, c.text)
			return ""
		}
	}
	cmd := exec.Command("bash", "-o", "pipefail", "-c", c.text)
	cmd.Dir = dir
	// No credentials and no network.
	cmd.Env = []string{"PATH=" + filepath.Join(dir, "bin") + ":" + os.Getenv("PATH"), "HOME=" + dir, "HTTPS_PROXY=http://127.0.0.1:9", "AWS_EC2_METADATA_DISABLED=true"}
	out, err := cmd.CombinedOutput()
	if status := exitStatus(t, err); status != exit.OK && status != exit.Found {
		t.Errorf("%s:%d: %s\nexits with %d, expected 0 or 3\n%s", p.name, c.line, c.text, status, out)
	}
	return string(out)
}

// readersFolder returns a folder in which the commands of the pages work: the
// repository after make, with the files that the pages expect their reader to have.
func readersFolder(t *testing.T, tree string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(tree)); err != nil {
		t.Fatal(err)
	}
	for name, source := range readersFiles(t) {
		if source == "" {
			continue
		}
		text, err := os.ReadFile(source)
		if err != nil {
			t.Fatal(err)
		}
		place := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(place), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(place, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// readersFiles returns the files that the pages expect their reader to have, and for
// each the file of this project that the tests use, or "" if no test reads it.
func readersFiles(t *testing.T) map[string]string {
	t.Helper()
	trail, err := filepath.Glob("testdata/archive/AWSLogs/*/CloudTrail/us-east-1/2026/06/07/*.json.gz")
	if err != nil || len(trail) == 0 {
		t.Fatalf("no log files in testdata/archive (%v)", err)
	}
	const in = "cmd/kmsentry/testdata/check/"
	files := map[string]string{
		"key.json":              "docs/examples/key.json",
		"infra/keys.yaml":       in + "in/template.yaml",
		"policies/open.json":    in + "in/open.json",
		"accepted.yaml":         in + "accepted.yaml",
		"exceptions.yaml":       "exceptions.yaml",
		"my-event.json":         "events/put-key-policy-public.json",
		"my-trail-file.json.gz": trail[0],
	}
	for _, name := range []string{"template.yaml", "plan.json", "org-if-exists.json", "network.json", "shared.json"} {
		files[name] = in + "in/" + name
	}
	return files
}

// runsElsewhere reports whether another test, or continuous integration, runs the
// command.
func runsElsewhere(t *testing.T, c command) bool {
	t.Helper()
	for _, e := range elsewhere() {
		if strings.HasPrefix(c.text+" ", e.begins+" ") {
			if !strings.Contains(document(t, e.file), e.says) {
				t.Errorf("%s is said to run in %s, which does not say %q", e.begins, e.file, e.says)
			}
			return true
		}
	}
	return false
}

// elsewhere returns, for commands that other tests run, the file that runs them and
// a text in that file.
func elsewhere() []struct{ begins, file, says string } {
	return []struct{ begins, file, says string }{
		{"make run", ".ci/run", "make --no-print-directory run"},
		{"make test-all", ".ci/run", "make --no-print-directory test-all"},
		{"make test", ".ci/run", `"make test" make --no-print-directory test`},
		{"make moto", ".ci/run", "make --no-print-directory test-all"},
		{"make cfn-lint", ".ci/run", "make --no-print-directory test-all"},
		{"make build", ".ci/run", "make --no-print-directory build"},
		{"make fuzz", ".ci/run", ".ci/fuzz"},
		{"make lint", ".ci/run", ".ci/lint"},
		{"make oracle", ".ci/run", "make --no-print-directory oracle"},
		{"make soak", ".ci/run", "make --no-print-directory soak"},
		{"make scale", ".ci/run", "make --no-print-directory scale"},
		{"make mutate", ".ci/run", "go run ./internal/mutate"},
		{"make preview", "internal/preview/main_test.go", "func TestRun("},
		{"make package", "package_test.go", `"package"`},
		{".ci/run", ".github/workflows/ci.yml", ".ci/run"},
		{"moto_server -p 5000", "cmd/kmsentry/invoke_moto_test.go", "func TestLocalMoto("},
		{"export AWS_ACCESS_KEY_ID=test", "cmd/kmsentry/invoke_moto_test.go", "func TestLocalMoto("},
		{"aws --endpoint-url http://127.0.0.1:5000", "cmd/kmsentry/invoke_moto_test.go", "func TestLocalMoto("},
		{"bin/kmsentry invoke --endpoint http://127.0.0.1:5000", "cmd/kmsentry/invoke_moto_test.go", "func TestLocalMoto("},
		{"curl -s http://127.0.0.1:5000/moto-api/data.json", "cmd/kmsentry/invoke_moto_test.go", "func TestLocalMoto("},
		{"bin/kmsentry redrive", "cmd/kmsentry/redrive_test.go", "func TestRunbookMoto("},
		{"aws sqs receive-message --queue-url FAILED_EVENTS_URL", "cmd/kmsentry/redrive_test.go", "func TestRunbookMoto("},
		{"jq -r '.Messages[0].Body'", "cmd/kmsentry/redrive_test.go", "func TestRunbookMoto("},
		{"bin/kmsentry invoke event.json", "cmd/kmsentry/redrive_test.go", "func TestRunbookMoto("},
		{"aws lambda invoke --function-name FUNCTION_NAME --cli-binary-format raw-in-base64-out --payload file://event.json", "cmd/kmsentry/redrive_test.go", "func TestRunbookMoto("},
		{"aws sqs delete-message", "cmd/kmsentry/redrive_test.go", "func TestRunbookMoto("},
	}
}
