package kmsentry

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// An addition is something new that policies can contain or allow.
type addition struct {
	what  string      // its name in CONTRIBUTING.md, "Where a change goes"
	edits []edit      // the edits that add it
	tests string      // the tests of package decide that cover it, for go test -run
	cases []addedCase // policies that use it
}

// An edit is one change of one file.
type edit struct {
	file string // path relative to the root
	old  string // a text that occurs once in the file; "" to append
	new  string // the text that replaces it
}

// An addedCase is a policy that uses an addition, and the expected decision.
type addedCase struct {
	Name       string
	Statements string            // of the policy, with ' instead of "
	Verdict    string            // on the key
	Classes    map[string]string // the verdicts of some classes
	Grants     []string          // the class, action and audience of each
	Says       string            // a part of the explanations
}

// additions returns the additions to test. They do not exist in AWS.
func additions() []addition {
	return []addition{newKey(), newOperator(), newClass()}
}

// newKey adds the condition key kms:Purpose, which requests to encrypt or decrypt may
// have.
func newKey() addition {
	const (
		facts = `{"key": "kms:Purpose", "types": "String", "present": "chosen RUOFS@Encrypt,Decrypt,ReEncryptFrom,ReEncryptTo,` +
			`GenerateDataKey,GenerateDataKeyWithoutPlaintext,GenerateDataKeyPair,GenerateDataKeyPairWithoutPlaintext", "yes": ["backup"], "no": ["Backup", "x"], "names": "nobody"}`
		held = `{"name": "key-purpose", "policy": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "kms:Encrypt", "Resource": "*", ` +
			`"Condition": {"StringEquals": {"kms:Purpose": "backup"}}}]}, "verdict": "public", "why": "The caller chooses it.", "keys": ["kms:Purpose"]}`
		row = `		parameter("kms:KeyAgreementAlgorithm", Always, []string{"ECDH"}, "kms:DeriveSharedSecret"),` + "\n"
	)
	allow := func(action, purpose string) string {
		return fmt.Sprintf("{'Effect':'Allow','Principal':'*','Action':'%s','Resource':'*','Condition':{'StringEquals':{'kms:purpose':'%s'}}}", action, purpose)
	}
	return addition{
		what: "a condition key",
		edits: []edit{
			{"detector/policy/condkey/rows_request.go", row, row + `		parameter("kms:Purpose", Chosen, []string{"archive", "backup"}, ciphers...),` + "\n"},
			{"detector/policy/decide/testdata/keys.jsonl", "", facts + "\n"},
			{"detector/policy/decide/testdata/corpus/keys.jsonl", "", held + "\n"},
		},
		tests: "TestKeyRows|TestKeyValues|TestKeyPresenceForServices|TestKeyCases",
		cases: []addedCase{
			{"a value of the row", allow("kms:Encrypt", "backup"), "public", nil, []string{"encrypt kms:Encrypt public"}, `the caller chooses it in the request: "backup"`},
			{"another value", allow("kms:Encrypt", "holiday"), "private", nil, nil, ""},
			{"an action without the key", allow("kms:Sign", "backup"), "private", nil, nil, ""},
		},
	}
}

// newOperator adds StringLikeIgnoreCase: StringLike that ignores letter case.
func newOperator() addition {
	const (
		parse    = "detector/policy/parse_operator.go"
		compile  = "detector/policy/decide/internal/compile/operator.go"
		evaluate = "detector/policy/evaluate/value.go"
	)
	// The Deny spares only a team that begins with a lower-case letter.
	const small = ",{'Effect':'Deny','Principal':'*','Action':'kms:*','Resource':'*','Condition':{'StringLike':{'kms:EncryptionContext:team':'R*'}}}"
	allow := func(operator, key, value string) string {
		return fmt.Sprintf("{'Effect':'Allow','Principal':'*','Action':'kms:Encrypt','Resource':'*','Condition':{'%s':{'%s':'%s'}}}", operator, key, value)
	}
	return addition{
		what: "a condition operator",
		edits: []edit{
			{parse, "\tNull\n)", "\tNull\n\tStringLikeIgnoreCase\n)"},
			{
				parse, "\t{\"StringNotLike\", StringLike, true},\n",
				"\t{\"StringNotLike\", StringLike, true},\n\t{\"StringLikeIgnoreCase\", StringLikeIgnoreCase, false},\n\t{\"StringNotLikeIgnoreCase\", StringLikeIgnoreCase, true},\n",
			},
			{parse, "\tcase StringEquals, StringEqualsIgnoreCase, StringLike, ArnLike:\n", "\tcase StringEquals, StringEqualsIgnoreCase, StringLike, StringLikeIgnoreCase, ArnLike:\n"},
			{compile, "b == policy.StringLike || b == policy.ArnLike\n", "b == policy.StringLike || b == policy.StringLikeIgnoreCase || b == policy.ArnLike\n"},
			{
				compile, "\tcase policy.StringLike:\n\t\treturn textsolve.TextMode{",
				"\tcase policy.StringLikeIgnoreCase:\n\t\treturn textsolve.TextMode{Fold: true, Wild: true}\n\tcase policy.StringLike:\n\t\treturn textsolve.TextMode{",
			},
			{
				evaluate, "\tcase policy.StringEquals, policy.StringEqualsIgnoreCase, policy.StringLike:\n",
				"\tcase policy.StringEquals, policy.StringEqualsIgnoreCase, policy.StringLike, policy.StringLikeIgnoreCase:\n",
			},
			{
				evaluate, "\tcase policy.StringEquals, policy.StringEqualsIgnoreCase, policy.StringLike, policy.ArnLike:\n",
				"\tcase policy.StringEquals, policy.StringEqualsIgnoreCase, policy.StringLike, policy.StringLikeIgnoreCase, policy.ArnLike:\n",
			},
			{
				evaluate, "\tcase policy.StringLike:\n",
				"\tcase policy.StringLikeIgnoreCase:\n\t\tfolded := append(glob(nil), form...)\n\t\tfor i := range folded {\n\t\t\tfolded[i].char = []rune(foldName(string(folded[i].char)))[0]\n\t\t}\n" +
					"\t\treturn answerOf(matchGlob(folded, foldName(have)))\n\tcase policy.StringLike:\n",
			},
		},
		cases: []addedCase{
			{"neither letter case nor the end counts", allow("StringLikeIgnoreCase", "kms:EncryptionContext:team", "RED-*") + small, "public", nil, []string{"encrypt kms:Encrypt public"}, "red-"},
			{"other characters count", allow("StringLikeIgnoreCase", "aws:PrincipalType", "USER*"), "public", nil, []string{"encrypt kms:Encrypt public"}, "User"},
			{"a pattern that no value matches", allow("StringLikeIgnoreCase", "aws:PrincipalType", "USERS*"), "private", nil, nil, ""},
			{"negated", allow("StringNotLikeIgnoreCase", "aws:PrincipalOrgID", "O-*"), "public", nil, []string{"encrypt kms:Encrypt public"}, "no organization"},
		},
	}
}

// newClass adds the class audit, which affects the verdict, with one action:
// kms:ListUses.
func newClass() addition {
	const (
		file  = "detector/policy/kmsapi/actions.go"
		allow = "{'Effect':'Allow','Principal':%s,'Action':'kms:ListUses','Resource':'*'}"
	)
	return addition{
		what: "a class of actions",
		edits: []edit{
			{file, "\tClassControl  Class = \"control\"", "\tClassAudit    Class = \"audit\"\n\tClassControl  Class = \"control\""},
			{file, "\t{ClassOther, false},\n", "\t{ClassAudit, true},\n\t{ClassOther, false},\n"},
			{file, "\t{\"kms:RevokeGrant\", ClassOther,", "\t{\"kms:ListUses\", ClassAudit, false, \"list-uses --key-id KEY\", \"list the uses of\", AnyKey, false},\n\t{\"kms:RevokeGrant\", ClassOther,"},
		},
		cases: []addedCase{
			{
				"for everyone", fmt.Sprintf(allow, "'*'"), "public",
				map[string]string{"encrypt": "private", "use": "private", "audit": "public", "other": "private"},
				[]string{"audit kms:ListUses public"},
				"lets",
			},
			{
				"for a partner", fmt.Sprintf(allow, "{'AWS':'444455556666'}"), "shared",
				map[string]string{"encrypt": "private", "use": "private", "audit": "shared", "other": "private"},
				[]string{"audit kms:ListUses shared"},
				"444455556666",
			},
			{
				"for the owner", fmt.Sprintf(allow, "{'AWS':'111122223333'}"), "private",
				map[string]string{"encrypt": "private", "use": "private", "audit": "private", "other": "private"},
				nil, "",
			},
		},
	}
}

// addedTest is a test file that checks the cases of an addition. It uses only exported
// names.
const addedTest = `package decide_test

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/decide"
	"github.com/kmsentry/kmsentry/detector/policy/evaluate"
)

func TestAdded(t *testing.T) {
	text, err := os.ReadFile("cases.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Name, Statements, Verdict, Says string
		Classes                         map[string]string
		Grants                          []string
	}
	if err := json.Unmarshal(text, &cases); err != nil || len(cases) == 0 {
		t.Fatalf("%d cases, %v", len(cases), err)
	}
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			p, err := policy.ParseStrict([]byte("{\"Version\":\"2012-10-17\",\"Statement\":[" + strings.ReplaceAll(c.Statements, "'", "\"") + "]}"))
			if err != nil {
				t.Fatal(err)
			}
			d := decide.Decide(p, decide.Question{
				KeyARN: "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
				At:     time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC), Explain: true,
			})
			var grants, said []string
			for _, g := range d.Grants {
				grants, said = append(grants, fmt.Sprintf("%s %s %s", g.Class, g.Action, g.Audience)), append(said, g.Why...)
				if a := evaluate.Allows(p, g.Witness); a != evaluate.Yes {
					t.Errorf("Allows(%+v) = %v", g.Witness, a)
				}
			}
			for _, note := range d.Statements {
				said = append(said, note.Why)
			}
			if d.Verdict.String() != c.Verdict || !slices.Equal(grants, c.Grants) {
				t.Errorf("%v with %q, want %s with %q; undecided: %v", d.Verdict, grants, c.Verdict, c.Grants, d.Undecided)
			}
			if all := strings.Join(said, "\n"); !strings.Contains(all, c.Says) {
				t.Errorf("explanations:\n%s\nwant %q in them", all, c.Says)
			}
			bounds, _ := json.Marshal(d.Classes)
			var classes map[string]struct{ Verdict string }
			if err := json.Unmarshal(bounds, &classes); err != nil {
				t.Fatal(err)
			}
			for class, want := range c.Classes {
				if got := classes[class].Verdict; got != want {
					t.Errorf("class %s is %q, want %q", class, got, want)
				}
			}
		})
	}
}
`

// TestPlacesOfChanges adds a condition key, an operator and a class of actions by
// changing exactly the files that CONTRIBUTING.md names for them. It checks that
// policies that use them are then decided, with witnesses and explanations, and that
// without the change to any one of the files they are not, or the tests of package
// decide fail.
func TestPlacesOfChanges(t *testing.T) {
	files(t, ".go") // reads the files, so that go test's cache depends on them
	for _, a := range additions() {
		t.Run(a.what, func(t *testing.T) {
			changed := changedFiles(t, a.edits)
			checkNamed(t, a.what, changed)
			added, err := addedBinary(t, changed)
			if err != nil {
				t.Fatal(err)
			}
			if out, ok := runAdded(t, added, changed, "TestAdded|TestDecideCorpus|"+a.tests, a.cases); !ok {
				t.Errorf("after the changes:\n%s", out)
			}
			for _, file := range slices.Sorted(maps.Keys(changed)) {
				rest := maps.Clone(changed)
				delete(rest, file)
				binary, tests := added, a.tests
				if path.Ext(file) == ".go" {
					if binary, err = addedBinary(t, rest); err != nil {
						continue // it does not build
					}
					tests = "TestAdded"
				}
				if out, ok := runAdded(t, binary, rest, tests, a.cases); ok {
					t.Errorf("%s works without the change to %s:\n%s", a.what, file, out)
				}
			}
		})
	}
}

// checkNamed checks that CONTRIBUTING.md links to the changed files and no others, and
// that decide/doc.go mentions them.
func checkNamed(t *testing.T, what string, changed map[string]string) {
	t.Helper()
	_, guide, ok := strings.Cut(document(t, "detector/policy/decide/doc.go"), "# Where something new goes\n")
	if !ok {
		t.Fatal("decide/doc.go does not say where something new goes")
	}
	links := placesOf(t, what)
	used := map[string]bool{}
	for file := range changed {
		i := slices.IndexFunc(links, func(link string) bool {
			return file == link || strings.HasPrefix(file, link+"/") && path.Ext(link) == ""
		})
		if i < 0 {
			t.Errorf("%s requires a change to %s; CONTRIBUTING.md names %q", what, file, links)
			continue
		}
		used[links[i]] = true
	}
	for _, link := range links {
		if !used[link] {
			t.Errorf("CONTRIBUTING.md names %s for %s, which requires no change to it", link, what)
		}
		said := regexp.MustCompile(`[ /]` + regexp.QuoteMeta(path.Base(link)) + `\b`)
		if !strings.Contains(link, "/testdata/") && !said.MatchString(guide) {
			t.Errorf("decide/doc.go does not say that %s goes to %s, as CONTRIBUTING.md does", what, link)
		}
	}
}

// placesOf returns the files and folders that CONTRIBUTING.md links to for a change.
func placesOf(t *testing.T, what string) []string {
	t.Helper()
	var links []string
	for _, row := range rows(t, "CONTRIBUTING.md", "## Where a change goes") {
		if strings.TrimSpace(row[0]) != what {
			continue
		}
		for _, m := range regexp.MustCompile(`\]\(([^)]+)\)`).FindAllStringSubmatch(row[1], -1) {
			links = append(links, m[1])
		}
	}
	if len(links) == 0 {
		t.Fatalf("CONTRIBUTING.md does not say where %s goes", what)
	}
	return links
}

// changedFiles returns the texts of the edited files by their paths relative to the
// root.
func changedFiles(t *testing.T, edits []edit) map[string]string {
	t.Helper()
	changed := map[string]string{}
	for _, e := range edits {
		text, ok := changed[e.file]
		if !ok {
			text = document(t, e.file)
		}
		if e.old == "" {
			changed[e.file] = text + e.new
			continue
		}
		if n := strings.Count(text, e.old); n != 1 {
			t.Fatalf("%s: expected %q once, found it %d times", e.file, e.old, n)
		}
		changed[e.file] = strings.Replace(text, e.old, e.new, 1)
	}
	return changed
}

// addedBinary builds the tests of package decide, including TestAdded, with the changed
// files, and returns the name of the test binary. The error is the compiler's.
func addedBinary(t *testing.T, changed map[string]string) (string, error) {
	t.Helper()
	dir := t.TempDir()
	root, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	sources := map[string]string{"detector/policy/decide/added_test.go": addedTest}
	maps.Copy(sources, changed)
	replace := map[string]string{}
	for name, text := range sources {
		if path.Ext(name) != ".go" {
			continue
		}
		file := filepath.Join(dir, fmt.Sprintf("%d.go", len(replace)))
		writeFile(t, file, text)
		replace[filepath.Join(root, filepath.FromSlash(name))] = file
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	list, binary := filepath.Join(dir, "overlay.json"), filepath.Join(dir, "decide.test")
	writeFile(t, list, string(overlay))
	if out, err := exec.Command("go", "test", "-c", "-overlay", list, "-o", binary, "./detector/policy/decide").CombinedOutput(); err != nil {
		return "", fmt.Errorf("go test -c: %w\n%s", err, out)
	}
	return binary, nil
}

// runAdded runs tests of the binary in a folder with the cases and the changed test
// data of package decide. It returns the output and whether any tests ran and all
// passed.
func runAdded(t *testing.T, binary string, changed map[string]string, tests string, cases []addedCase) (out string, ok bool) {
	t.Helper()
	const folder = "detector/policy/decide"
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "testdata"), os.DirFS(folder+"/testdata")); err != nil {
		t.Fatal(err)
	}
	for name, text := range changed {
		if data, ours := strings.CutPrefix(name, folder+"/testdata/"); ours {
			writeFile(t, filepath.Join(dir, "testdata", filepath.FromSlash(data)), text)
		}
	}
	text, err := json.Marshal(cases)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, "cases.json"), string(text))
	cmd := exec.Command(binary, "-test.v", "-test.run", "^("+tests+")$")
	cmd.Dir = dir
	printed, err := cmd.CombinedOutput()
	return string(printed), err == nil && strings.Contains(string(printed), "--- PASS")
}

func writeFile(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
