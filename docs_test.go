package kmsentry

import (
	"bytes"
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/kmsentry/kmsentry/internal/bootstraptest"
)

// These tests run the examples in the documents and check their tables and links
// against the repository.

var update = flag.Bool("update", false, "write anew what the documents' consoles print")

// builtTree returns a folder that looks like the repository after make: the binaries
// are in bin, and the files that commands use next to it.
func builtTree(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	bin := filepath.Join(dir, "bin")
	if err := os.Mkdir(bin, 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := bootstraptest.Build(bin, bootstraptest.Detector); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("go", "build", "-o", filepath.Join(bin, "kmsentry"), "./cmd/kmsentry").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	for _, name := range []string{"docs", "events", "testdata"} {
		if err := os.CopyFS(filepath.Join(dir, name), os.DirFS(name)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestSettingsAreListed checks that the table in docs/settings.md lists the
// function's settings, and that the template sets them from the parameters given
// there.
func TestSettingsAreListed(t *testing.T) {
	listed := map[string]string{} // template parameter by setting; "" for none
	for _, row := range rows(t, "docs/settings.md", "## The function") {
		for _, name := range codes(row[0]) {
			listed[name] = strings.Join(codes(row[1]), " ")
		}
	}
	if got, want := slices.Sorted(maps.Keys(listed)), settingNames(t, filepath.Join("lambda", "detect")); !slices.Equal(got, want) {
		t.Errorf("docs/settings.md lists the settings\n%q, lambda/detect/settings.go reads\n%q", got, want)
	}
	variables := template(t).Resources["DetectorFunction"].Properties.Environment.Variables
	for name, parameter := range listed {
		if parameter != "" && variables[name].Value != parameter {
			t.Errorf("docs/settings.md: parameter %s sets %s; in template.yaml it is %q", parameter, name, variables[name].Value)
		}
	}
	for name, node := range variables {
		value := node.Value
		if value != "" && !strings.HasSuffix(value, "Topic") && listed[name] != value {
			t.Errorf("template.yaml sets %s from %s, docs/settings.md says %q", name, value, listed[name])
		}
	}
}

// TestDeployListsTheSweepsSettings checks that docs/deploy.md lists exactly the
// settings of the sweep's function.
func TestDeployListsTheSweepsSettings(t *testing.T) {
	all := settingNames(t, filepath.Join("lambda", "sweep"))
	_, section, _ := strings.Cut(document(t, "docs/deploy.md"), "### Its settings")
	section, _, _ = strings.Cut(section, "\n## ")
	for _, name := range all {
		if !strings.Contains(section, "`"+name+"`") {
			t.Errorf("docs/deploy.md does not list the sweep's setting %s", name)
		}
	}
	for _, row := range rows(t, "docs/deploy.md", "### Its settings") {
		for _, name := range codes(row[0]) {
			if !slices.Contains(all, name) {
				t.Errorf("docs/deploy.md lists %s, which the sweep does not read", name)
			}
		}
	}
}

// settingNames returns the names of the environment variables that the function in a
// folder reads: those in its settings.go, and those that every function reads.
func settingNames(t *testing.T, folder string) []string {
	t.Helper()
	name := regexp.MustCompile(`^[A-Z]+(_[A-Z]+)+$`)
	found := map[string]bool{}
	for _, dir := range []string{folder, filepath.Join("internal", "function")} {
		f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(dir, "settings.go"), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				if text, err := strconv.Unquote(lit.Value); err == nil && name.MatchString(text) {
					found[text] = true
				}
			}
			return true
		})
	}
	if len(found) < 10 {
		t.Fatalf("%d settings found of %s, want at least 10", len(found), folder)
	}
	return slices.Sorted(maps.Keys(found))
}

// TestDeployListsEveryParameter checks that docs/deploy.md lists the template's
// parameters with their defaults, its outputs, and the names of its resources.
func TestDeployListsEveryParameter(t *testing.T) {
	stack := template(t)
	listed := map[string]string{}
	for _, row := range rows(t, "docs/deploy.md", "## Parameters") {
		listed[strings.Join(codes(row[0]), " ")] = strings.Join(codes(row[1]), " ")
	}
	for name, p := range stack.Parameters {
		if got, ok := listed[name]; !ok || got != p.Default {
			t.Errorf("docs/deploy.md gives parameter %s the default %q (listed: %t), template.yaml %q", name, got, ok, p.Default)
		}
	}
	if len(listed) != len(stack.Parameters) {
		t.Errorf("docs/deploy.md lists %d parameters, template.yaml has %d", len(listed), len(stack.Parameters))
	}
	text := document(t, "docs/deploy.md")
	alarms := 0
	for name, r := range stack.Resources {
		if r.Type == "AWS::CloudWatch::Alarm" {
			alarms++
		}
		if !strings.Contains(text, "`"+name+"`") {
			t.Errorf("docs/deploy.md does not name the resource %s", name)
		}
	}
	for name := range stack.Outputs {
		if !strings.Contains(text, "`"+name+"`") {
			t.Errorf("docs/deploy.md does not name the output %s", name)
		}
	}
	if alarms != 24 || !strings.Contains(document(t, "README.md"), "twenty-four alarms") {
		t.Errorf("template.yaml has %d alarms; README.md says twenty-four", alarms)
	}
}

// A stack is the part of template.yaml that the documents describe. An intrinsic
// function is decoded as its argument.
type stack struct {
	Parameters map[string]struct {
		Default string `yaml:"Default"`
	} `yaml:"Parameters"`
	Resources map[string]struct {
		Type       string `yaml:"Type"`
		Properties struct {
			Environment struct {
				Variables map[string]yaml.Node `yaml:"Variables"` // a list has no Value
			} `yaml:"Environment"`
		} `yaml:"Properties"`
	} `yaml:"Resources"`
	Outputs map[string]yaml.Node `yaml:"Outputs"`
}

func template(t *testing.T) stack {
	t.Helper()
	var s stack
	if err := yaml.Unmarshal([]byte(readTemplate(t)), &s); err != nil {
		t.Fatal(err)
	}
	if len(s.Parameters) == 0 || len(s.Resources) == 0 || len(s.Outputs) == 0 {
		t.Fatal("template.yaml has no parameters, resources or outputs")
	}
	return s
}

// TestReadmeCounts checks the counts in README.md.
func TestReadmeCounts(t *testing.T) {
	corpus, err := filepath.Glob("detector/policy/decide/testdata/corpus/*.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	cases := 0
	for _, name := range corpus {
		cases += strings.Count(document(t, name), "\n")
	}
	events, err := filepath.Glob("events/*.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		claim string
		holds func(n int) bool
	}{
		{`more than (\d+) policies of known verdict`, func(n int) bool { return cases > n && cases < 2*n }},
		{`sends (\d+) sample events`, func(n int) bool { return len(events) == n }},
	} {
		m := regexp.MustCompile(test.claim).FindStringSubmatch(document(t, "README.md"))
		if m == nil {
			t.Errorf("README.md does not say %q", test.claim)
			continue
		}
		if n, err := strconv.Atoi(m[1]); err != nil || !test.holds(n) {
			t.Errorf("README.md says %q; there are %d policies and %d events", m[0], cases, len(events))
		}
	}
}

// TestReadmeIsShort checks that README.md can be read in a few minutes, and that its
// first screens show the statement, the answer and the two commands.
func TestReadmeIsShort(t *testing.T) {
	readme := document(t, "README.md")
	if n := len(strings.Fields(readme)); n > 1500 {
		t.Errorf("README.md has %d words, want at most 1500", n)
	}
	first := strings.Join(strings.SplitAfterN(readme, "\n", 50)[:49], "")
	for _, want := range []string{"OurOrganization", "proof ", "make run", "make test", "docs/alert.svg"} {
		if !strings.Contains(first, want) {
			t.Errorf("the first 49 lines of README.md have no %q", want)
		}
	}
	p := readPage(t, "README.md")
	for _, b := range p.blocks {
		for _, line := range p.lines[b.first:b.last] {
			if n := len([]rune(line)); b.kind == "console" && n > 92 && !strings.HasPrefix(line, "$ ") {
				t.Errorf("an example in README.md has a line of %d columns, want at most 92: %s", n, line)
			}
		}
	}
}

// TestDocumentsAreIndexed checks that docs/README.md links to every page in docs.
func TestDocumentsAreIndexed(t *testing.T) {
	pages, err := filepath.Glob("docs/*.md")
	if err != nil || len(pages) < 5 {
		t.Fatalf("%d pages in docs (%v)", len(pages), err)
	}
	index := document(t, "docs/README.md")
	for _, page := range pages {
		if name := filepath.Base(page); name != "README.md" && !strings.Contains(index, "("+name+")") {
			t.Errorf("docs/README.md does not link %s", name)
		}
	}
}

// TestLinks checks that the file and the heading of every relative link in the
// documents exist.
func TestLinks(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)\s]*)\)`)
	count := 0
	for _, name := range files(t, ".md") {
		for _, m := range link.FindAllStringSubmatch(document(t, name), -1) {
			target, heading, _ := strings.Cut(m[1], "#")
			if strings.Contains(target, "://") {
				continue
			}
			count++
			path := name
			if target != "" {
				path = filepath.Join(filepath.Dir(name), target)
			}
			if _, err := os.Stat(path); err != nil {
				t.Errorf("%s links to %s, which does not exist", name, m[1])
				continue
			}
			if heading != "" && !slices.Contains(headings(document(t, path)), heading) {
				t.Errorf("%s links to %s; %s has no such heading", name, m[1], path)
			}
		}
	}
	if count < 20 {
		t.Errorf("%d relative links found, want at least 20", count)
	}
}

// headings returns the anchors that GitHub gives a document's headings.
func headings(text string) []string {
	var anchors []string
	for _, m := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(text, -1) {
		anchor := regexp.MustCompile(`[^a-z0-9 _-]`).ReplaceAllString(strings.ToLower(m[1]), "")
		anchors = append(anchors, strings.ReplaceAll(anchor, " ", "-"))
	}
	return anchors
}

func document(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")))
}

// rows returns the cells of the first table after a heading, without its header row.
func rows(t *testing.T, name, heading string) [][]string {
	t.Helper()
	_, text, ok := strings.Cut(document(t, name), "\n"+heading+"\n")
	if !ok {
		t.Fatalf("%s has no heading %q", name, heading)
	}
	var table [][]string
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "|") {
			if len(table) > 0 {
				break
			}
			continue
		}
		table = append(table, strings.Split(strings.Trim(line, "|"), "|"))
	}
	if len(table) < 3 {
		t.Fatalf("%s has no table after %q", name, heading)
	}
	return table[2:]
}

// codes returns the code spans in a cell.
func codes(cell string) []string {
	var spans []string
	for _, m := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(cell, -1) {
		spans = append(spans, m[1])
	}
	return spans
}

// TestOneSpelling checks that text and code use American spelling, as AWS's and Go's
// documentation do, and none of the phrases that readers stumbled over.
func TestOneSpelling(t *testing.T) {
	british := regexp.MustCompile(`(?i)\b(colour|behaviour|neighbour|favour|honour|recognis|organis|normalis|summaris|analys(e|ing)\b|cancelled|labelled|judgement|catalogue|licence|defence|grey|whilst|towards\b|afterwards\b)`)
	foreign := regexp.MustCompile(`(?i)stands in for|stand in for|does not tell\b|with commas between|by whose hand|of no account|, got %|\bis lacking\b`)
	for _, name := range files(t, ".md", ".go", ".yaml", ".html") {
		if strings.Contains(name, "testdata/") {
			continue
		}
		for i, line := range strings.Split(document(t, name), "\n") {
			if found := british.FindString(line); found != "" && name != "docs_test.go" {
				t.Errorf("%s:%d: %q; expected American spelling", name, i+1, found)
			}
			if found := foreign.FindString(line); found != "" && !strings.HasSuffix(name, "_test.go") {
				t.Errorf("%s:%d: %q; expected plainer words", name, i+1, found)
			}
		}
	}
}
