package kmsentry

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/kmsentry/kmsentry/internal/pytool"
)

// A workflow is the part of a GitHub workflow that is checked.
type workflow struct {
	Permissions map[string]string
	Jobs        map[string]struct {
		Permissions map[string]string
		Timeout     int `yaml:"timeout-minutes"`
		Uses        string
		Steps       []struct{ Uses, Run string }
	}
}

// TestWorkflows checks what makes a release trustworthy: actions are pinned to
// commits, only the release has more than read permission, no script contains an
// expression, and the tests' tools have the versions in pytool. actionlint, in
// .ci/lint, checks the syntax.
func TestWorkflows(t *testing.T) {
	names, err := filepath.Glob(".github/workflows/*.yml")
	if err != nil || len(names) < 3 {
		t.Fatalf("workflows = %q (%v), want at least 3", names, err)
	}
	pins := map[string]bool{}
	for _, m := range regexp.MustCompile(`[a-z-]+(\[[a-z]+\])?==[0-9.]+`).FindAllString(pytool.Hint, -1) {
		pins[m] = true
	}
	commits := map[string]string{} // by action; the same in all workflows
	for _, name := range names {
		text := document(t, name)
		var w workflow
		if err := yaml.Unmarshal([]byte(text), &w); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if len(w.Permissions) != 1 || w.Permissions["contents"] != "read" {
			t.Errorf("%s has the rights %v, want to read the contents", name, w.Permissions)
		}
		for job, j := range w.Jobs {
			if len(j.Permissions) > 0 && (filepath.Base(name) != "release.yml" || job != "release") {
				t.Errorf("%s: job %s has rights of its own: %v", name, job, j.Permissions)
			}
			if j.Uses == "" && j.Timeout == 0 {
				t.Errorf("%s: job %s has no time limit", name, job)
			}
			for _, s := range j.Steps {
				if strings.Contains(s.Run, "${{") {
					t.Errorf("%s: a script reads an expression: %s", name, s.Run)
				}
				for _, m := range regexp.MustCompile(`[a-z-]+(\[[a-z]+\])?==[0-9.]+`).FindAllString(s.Run, -1) {
					if !pins[m] {
						t.Errorf("%s installs %s, which pytool does not name", name, m)
					}
				}
				checkAction(t, name, text, s.Uses, commits)
			}
		}
	}
	if len(commits) < 4 {
		t.Errorf("actions = %v, want at least 4", commits)
	}
}

// checkAction checks that an action is pinned to a commit.
func checkAction(t *testing.T, name, text, uses string, commits map[string]string) {
	t.Helper()
	action, version, _ := strings.Cut(uses, "@")
	switch {
	case uses == "" || action == "actions/attest-build-provenance": // pinned to a major version; see release.yml
		return
	case !regexp.MustCompile(`^[0-9a-f]{40}$`).MatchString(version) || !regexp.MustCompile(regexp.QuoteMeta(uses)+` # v[0-9.]+\n`).MatchString(text):
		t.Errorf("%s: %s is not pinned by its commit, with the version in a comment", name, uses)
	case commits[action] != "" && commits[action] != version:
		t.Errorf("%s: %s has another commit than elsewhere", name, uses)
	}
	commits[action] = version
}

// TestReleaseConfiguration checks that the three files that configure a release agree.
func TestReleaseConfiguration(t *testing.T) {
	var config struct {
		Dist   string
		Before struct{ Hooks []string }
		Builds []struct {
			Ldflags []string
			Goos    []string
		}
		Checksum struct {
			Name string `yaml:"name_template"`
		}
		Release struct{ Draft bool }
	}
	if err := yaml.Unmarshal([]byte(document(t, ".goreleaser.yaml")), &config); err != nil {
		t.Fatal(err)
	}
	workflow, makefile := document(t, ".github/workflows/release.yml"), document(t, "Makefile")
	if sums := "subject-checksums: " + config.Dist + "/" + config.Checksum.Name + "\n"; !strings.Contains(workflow, sums) {
		t.Errorf("release.yml does not sign what .goreleaser.yaml writes: %s", sums)
	}
	if !config.Release.Draft || !strings.Contains(workflow, "--draft=false") {
		t.Error("a release is not a draft until it is signed")
	}
	variable := regexp.MustCompile(`-X (\S+)=`)
	ours := variable.FindStringSubmatch(makefile)
	if len(config.Builds) != 1 || len(ours) == 0 {
		t.Fatalf("builds = %+v, the Makefile sets %q", config.Builds, ours)
	}
	if m := variable.FindStringSubmatch(strings.Join(config.Builds[0].Ldflags, " ")); m == nil || m[1] != ours[1] || !strings.Contains(makefile, "KMSENTRY_VERSION='$(KMSENTRY_VERSION)' $(GORELEASER)") {
		t.Errorf("goreleaser sets %q, the Makefile %s", m, ours[1])
	}
	symbol := ours[1][strings.LastIndex(ours[1], ".")+1:]
	if source, err := os.ReadFile("internal/version/version.go"); err != nil || !strings.Contains(string(source), "\nvar "+symbol+" string\n") {
		t.Errorf("internal/version has no variable %s (%v)", symbol, err)
	}
	if len(config.Before.Hooks) != 2 || !strings.HasSuffix(config.Before.Hooks[0], "make --no-print-directory package") {
		t.Errorf("before a release runs %q, want make package", config.Before.Hooks)
	}
}
