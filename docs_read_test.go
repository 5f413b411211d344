package kmsentry

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/kmsentry/kmsentry/internal/pytool"
)

// A reader checks that what the commands in pages refer to exists.
type reader struct {
	command  string              // kmsentry's path
	help     map[string][]string // the flags of kmsentry's commands
	makefile string
	given    map[string]string // readersFiles
	made     map[string]bool   // what earlier commands of the page write
	faults   func(c command, format string, args ...any)
}

// TestCommandsNameWhatExists checks that the commands and flags of kmsentry, make
// targets, files and template parameters in the documents exist.
func TestCommandsNameWhatExists(t *testing.T) {
	r := reader{command: builtCommand(t), help: map[string][]string{}, makefile: document(t, "Makefile"), given: readersFiles(t)}
	ours := 0
	for _, p := range pages(t) {
		r.made = map[string]bool{}
		r.faults = func(c command, format string, args ...any) {
			t.Helper()
			t.Errorf("%s:%d: %s: "+format, append([]any{p.name, c.line, c.text}, args...)...)
		}
		for _, c := range p.all() {
			list, written := shellCalls(c.text)
			for _, name := range written {
				r.made[name] = true
			}
			for _, words := range list {
				if strings.TrimPrefix(words[0], "bin/") == "kmsentry" {
					ours++
				}
				r.read(c, words)
			}
		}
	}
	if ours < 60 {
		t.Errorf("%d calls of kmsentry, expected at least 60", ours)
	}
}

// all returns the commands of a page in order, including those in its text.
func (p page) all() []command {
	list := slices.Clone(p.spans)
	for _, b := range p.blocks {
		list = append(list, b.commands...)
	}
	slices.SortStableFunc(list, func(a, b command) int { return a.line - b.line })
	return list
}

func (r reader) read(c command, words call) {
	switch name := words[0]; name {
	case "kmsentry", "bin/kmsentry":
		r.flags(c, words[1:])
	case "make":
		for _, target := range words[1:] {
			if !strings.Contains(target, "=") && !strings.Contains(r.makefile, "\n"+target+":") {
				r.faults(c, "the Makefile has no target %s", target)
			}
		}
	case "aws", "sam":
		r.parameters(c, words)
	case "go":
		r.packages(c, words)
	default:
		if strings.Contains(name, "/") {
			r.file(c, name)
		}
	}
	for i, word := range words[1:] {
		if slices.Contains([]string{"-out", "--output", "--write-baseline", "--summary", "invoke"}, words[i]) || i == len(words)-2 && words[0] == "aws" {
			r.made[word] = true // aws lambda invoke ends in the file that it writes
			continue
		}
		_, word, _ = strings.Cut("="+word, "=")
		r.file(c, word)
	}
}

// flags checks the flags of a call of kmsentry against kmsentry help COMMAND.
func (r reader) flags(c command, words []string) {
	if len(words) == 0 || words[0] == "version" || words[0] == "--version" || words[0] == "help" {
		return
	}
	flags, ok := r.help[words[0]]
	if !ok {
		help, err := exec.Command(r.command, "help", words[0]).CombinedOutput()
		if err != nil {
			r.faults(c, "kmsentry has no command %s", words[0])
			return
		}
		flags = append(regexp.MustCompile(`(?m)^  --[a-z-]+`).FindAllString(string(help), -1), "  --help", "  -h")
		r.help[words[0]] = flags
	}
	for _, word := range words[1:] {
		flag, _, _ := strings.Cut(word, "=")
		if len(flag) > 1 && flag[0] == '-' && !slices.Contains(flags, "  "+flag) && !slices.Contains(flags, "  -"+flag) {
			r.faults(c, "%s has no flag %s", words[0], flag)
		}
	}
}

// file checks that a file exists in the repository, among the user's own files, or
// among those that earlier commands of the page write.
func (r reader) file(c command, word string) {
	name := strings.TrimPrefix(strings.TrimPrefix(word, "file://"), "$PWD/")
	isFile := regexp.MustCompile(`^[A-Za-z0-9._/-]+\.(json|yaml|gz|bin|html|sh|md|txt)$|^(events|docs|testdata|deploy|detector|internal|infra)/[A-Za-z0-9._/-]*$`).MatchString(name)
	if !isFile || r.given[name] != "" || r.made[name] || strings.HasPrefix(name, "dist/package/") {
		return // TestPackage tests what make package writes
	}
	for given := range r.given {
		if strings.HasPrefix(given, strings.TrimSuffix(name, "/")+"/") {
			return
		}
	}
	if _, err := os.Stat(name); err != nil {
		r.faults(c, "there is no %s here, and readersFiles does not name it", name)
	}
}

// parameters checks that the template has the parameters that a deployment sets.
func (r reader) parameters(c command, words call) {
	template, set := "template.yaml", []string(nil)
	for i, word := range words[1:] {
		switch before := words[i]; {
		case before == "--template-file", before == "--template-body":
			template = strings.TrimPrefix(word, "file://")
		case strings.HasPrefix(word, "ParameterKey="):
			name, _, _ := strings.Cut(strings.TrimPrefix(word, "ParameterKey="), ",")
			set = append(set, name)
		}
	}
	if at := slices.Index(words, "--parameter-overrides"); at >= 0 {
		for _, word := range words[at+1:] {
			if name, _, ok := strings.Cut(word, "="); ok && !strings.HasPrefix(name, "-") {
				set = append(set, name)
			}
		}
	}
	if len(set) == 0 || strings.Contains(c.text, "'ParameterKey=") {
		return
	}
	var has stack
	text, err := os.ReadFile(template)
	if err == nil {
		err = yaml.Unmarshal(text, &has)
	}
	if err != nil {
		r.faults(c, "%v", err)
	}
	for _, name := range set {
		_, known := has.Parameters[name]
		if packaged := strings.Contains(c.text, "kmsentry.json") && strings.HasPrefix(name, "Code"); !known && !packaged {
			r.faults(c, "%s has no parameter %s", template, name) // make package adds those of the code
		}
	}
}

// packages checks that the packages given to go exist, and that their tests have
// the flag -update if it is given.
func (r reader) packages(c command, words call) {
	for _, word := range words[1:] {
		folder := strings.TrimPrefix(word, "github.com/kmsentry/kmsentry/")
		folder, _, _ = strings.Cut(folder, "@")
		if folder == word && !strings.HasPrefix(word, "./") && word != "." || strings.HasSuffix(word, "...") {
			continue
		}
		sources, err := filepath.Glob(filepath.Join(folder, "*.go"))
		if err != nil || len(sources) == 0 {
			r.faults(c, "%s is not a package", word)
		}
		if slices.Contains(words, "-update") && !slices.ContainsFunc(sources, func(name string) bool {
			text, _ := os.ReadFile(name)
			return bytes.Contains(text, []byte(`flag.Bool("update"`))
		}) {
			r.faults(c, "the tests of %s have no -update", word)
		}
	}
}

// TestAWSCommands lets the AWS CLI parse each of its calls in the documents, to check
// that the operations and options exist. It only generates skeletons, so AWS is not
// called.
func TestAWSCommands(t *testing.T) {
	pytool.Need(t, "python3", "-c", "import awscli")
	const script = `
import contextlib, io, json, sys
from awscli.clidriver import create_clidriver
driver = create_clidriver()
for line in sys.stdin:
    out = io.StringIO()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(out):
        try: status = driver.main(json.loads(line) + ["--generate-cli-skeleton"])
        except SystemExit as e: status = e.code
    print(json.dumps("" if status == 0 else out.getvalue()[-300:] or str(status)))
`
	var in bytes.Buffer
	var shown []string
	for _, p := range pages(t) {
		for _, c := range p.all() {
			list, _ := shellCalls(c.text)
			for _, words := range list {
				if !hasSkeleton(words) {
					continue
				}
				for i, word := range words {
					if strings.HasPrefix(word, "file://") || strings.HasPrefix(word, "$(") {
						words[i] = "A=B"
					}
				}
				if err := json.NewEncoder(&in).Encode(words[1:]); err != nil {
					t.Fatal(err)
				}
				shown = append(shown, fmt.Sprintf("%s:%d: %s", p.name, c.line, strings.Join(words, " ")))
			}
		}
	}
	cmd := exec.Command("python3", "-c", script)
	cmd.Stdin = &in
	out, err := cmd.Output()
	answers := strings.Split(strings.TrimSpace(string(out)), "\n")
	if err != nil || len(answers) != len(shown) || len(shown) < 20 {
		t.Fatalf("%d calls, expected at least 20, and %d answers: %v", len(shown), len(answers), err)
	}
	for i, answer := range answers {
		if answer != `""` {
			t.Errorf("%s: the AWS CLI says %s", shown[i], answer)
		}
	}
}

// hasSkeleton reports whether the AWS CLI can parse the call without making it: s3,
// cloudformation deploy and version 1's lambda invoke cannot.
func hasSkeleton(words call) bool {
	if words[0] != "aws" || len(words) < 4 || slices.Contains(words, "...") || slices.Contains(words, "s3") {
		return false
	}
	return words[1]+" "+words[2] != "cloudformation deploy" && words[1]+" "+words[2] != "lambda invoke"
}
