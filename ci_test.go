package kmsentry

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// builtCommand builds kmsentry and returns its path.
func builtCommand(t *testing.T) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "kmsentry")
	if out, err := exec.Command("go", "build", "-o", name, "./cmd/kmsentry").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return name
}

// readYAML decodes a YAML file of the repository.
func readYAML(t *testing.T, name string, into any) {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	if err := d.Decode(into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

// gate returns a folder with an open key, a private one, and other files.
func gate(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"open.json":    `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"kms:*","Resource":"*"},{"Effect":"Allow","Principal":"*","Action":"kms:Encrypt","Resource":"*"}]}`,
		"own.json":     `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"kms:*","Resource":"*"}]}`,
		"package.json": `{"name":"kms-thing"}`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func exitStatus(t *testing.T, err error) int {
	t.Helper()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if exit == nil {
		return 0
	}
	return exit.ExitCode()
}

// TestActionScript runs the script of the GitHub action.
func TestActionScript(t *testing.T) {
	command, dir := builtCommand(t), gate(t)
	script, err := filepath.Abs("deploy/ci-check")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		name   string
		env    []string
		status int
		says   string
		sarif  string
	}{
		{"a finding", []string{"PATHS=.", "SARIF=log.sarif"}, 3, "3 files, 2 keys: 1 public, 1 private", `"kms-key-public"`},
		{"the level", []string{"PATHS=.", "FAIL_ON=none"}, 0, "1 public", ""},
		{"two paths", []string{"PATHS=own.json open.json", "FAIL_ON=none"}, 0, "2 in all", ""},
		{"further flags", []string{"PATHS=own.json", "ARGS=--account 111122223333 --fail-on shared"}, 0, "private", ""},
		{"a path that is shell", []string{"PATHS=own.json;touch${IFS}x"}, 1, "no such file", ""},
		{"a file that does not exist", []string{"PATHS=no.json", "SARIF=log.sarif"}, 1, "", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			cmd := exec.Command("bash", script)
			cmd.Dir, cmd.Env = dir, append(os.Environ(), append(row.env, "KMSENTRY="+command)...)
			out, err := cmd.CombinedOutput()
			if got := exitStatus(t, err); got != row.status || !strings.Contains(string(out), row.says) {
				t.Errorf("exit status %d, want %d with %q\n%s", got, row.status, row.says, out)
			}
			if row.sarif != "" {
				log, err := os.ReadFile(filepath.Join(dir, "log.sarif"))
				if err != nil || !strings.Contains(string(log), row.sarif) {
					t.Errorf("the SARIF log: %v, want %s in it\n%.300s", err, row.sarif, log)
				}
				os.Remove(filepath.Join(dir, "log.sarif"))
			}
		})
	}
}

// TestAction checks that the inputs in action.yml are those that its steps use, and
// that no input is interpreted as shell.
func TestAction(t *testing.T) {
	var action struct {
		Name, Description string
		Branding          map[string]string
		Inputs            map[string]struct{ Description, Default string }
		Runs              struct {
			Using string
			Steps []struct {
				Name, Uses, Shell, Run, If string
				Env, With                  map[string]string
			}
		}
	}
	readYAML(t, "action.yml", &action)
	used := map[string]bool{}
	input := regexp.MustCompile(`inputs\.([a-z-]+)`)
	for _, s := range action.Runs.Steps {
		if strings.Contains(s.Run, "${{") {
			t.Errorf("step %q reads an expression as shell: %s", s.Name, s.Run)
		}
		texts := []string{s.If}
		for _, v := range s.Env {
			texts = append(texts, v)
		}
		for _, v := range s.With {
			texts = append(texts, v)
		}
		for _, m := range input.FindAllStringSubmatch(strings.Join(texts, " "), -1) {
			used[m[1]] = true
		}
		if s.Uses != "" && !strings.Contains(s.Uses, "@") {
			t.Errorf("step %s has no version", s.Uses)
		}
	}
	for name := range action.Inputs {
		if !used[name] {
			t.Errorf("no step uses the input %s", name)
		}
	}
	for name := range used {
		if _, ok := action.Inputs[name]; !ok {
			t.Errorf("there is no input %s", name)
		}
	}
	if action.Runs.Using != "composite" || len(used) == 0 {
		t.Errorf("action.yml: %+v", action)
	}
}

// TestPreCommitHook runs the hook's entry on files, as pre-commit does.
func TestPreCommitHook(t *testing.T) {
	var hooks []struct {
		ID, Name, Description, Entry, Language string
		TypesOr                                []string `yaml:"types_or"`
		RequireSerial                          bool     `yaml:"require_serial"`
	}
	readYAML(t, ".pre-commit-hooks.yaml", &hooks)
	if len(hooks) != 1 || hooks[0].Language != "golang" {
		t.Fatalf("hooks = %+v, want one that pre-commit builds with Go", hooks)
	}
	words := strings.Fields(hooks[0].Entry)
	if words[0] != "kmsentry" {
		t.Fatalf("entry = %q, want kmsentry", hooks[0].Entry)
	}
	command, dir := builtCommand(t), gate(t)
	for _, row := range []struct {
		files  []string
		status int
	}{{[]string{"own.json", "package.json"}, 0}, {[]string{"own.json", "open.json", "package.json"}, 3}, {[]string{"package.json"}, 0}} {
		cmd := exec.Command(command, append(words[1:], row.files...)...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		if got := exitStatus(t, err); got != row.status {
			t.Errorf("%s: exit status %d, want %d\n%s", strings.Join(row.files, " "), got, row.status, out)
		}
	}
}

// TestDocumentedCI checks that the YAML in docs/ci.md is valid, and that the flags
// of kmsentry check in it exist.
func TestDocumentedCI(t *testing.T) {
	text, err := os.ReadFile("docs/ci.md")
	if err != nil {
		t.Fatal(err)
	}
	help, err := exec.Command(builtCommand(t), "check", "-h").Output()
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```(\\w*)\n(.*?)```").FindAllStringSubmatch(string(text), -1)
	if len(blocks) < 6 {
		t.Fatalf("%d blocks, want more", len(blocks))
	}
	flag := regexp.MustCompile(`--([a-z-]+)`)
	for _, b := range blocks {
		if b[1] == "yaml" {
			var any any
			if err := yaml.Unmarshal([]byte(b[2]), &any); err != nil {
				t.Errorf("a block is not valid YAML: %v\n%s", err, b[2])
			}
		}
		for _, line := range strings.Split(b[2], "\n") {
			if !strings.Contains(line, "kmsentry check") && !strings.Contains(line, "args:") {
				continue
			}
			for _, m := range flag.FindAllStringSubmatch(line, -1) {
				if !strings.Contains(string(help), "-"+m[1]) {
					t.Errorf("check has no flag --%s: %s", m[1], line)
				}
			}
		}
	}
}
