package decide

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"hash/fnv"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/evaluate"
	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
)

var update = flag.Bool("update", false, "write testdata/decisions.golden anew")

const decisionsGolden = "testdata/decisions.golden"

// goldenRandom is how many random policies the golden file holds.
const goldenRandom = 300

// An answerCase is a policy of which the golden file has the whole answer.
type answerCase struct {
	name   string
	answer func() string
}

// answerCases lists the corpora, and random policies by their seed.
func answerCases(t testing.TB) []answerCase {
	t.Helper()
	var all []answerCase
	add := func(name string, parse func() (*policy.Policy, error), q Question) {
		all = append(all, answerCase{name, func() string { return answerTo(parse, q) }})
	}
	for _, c := range readWholeCorpus(t) {
		add(c.Name, func() (*policy.Policy, error) { return policy.Parse(c.text()) }, c.question(t))
	}
	for _, c := range readUnknown(t) {
		add("unknown/"+c.Name, c.parse, surroundings())
	}
	all = append(all, moreAnswers(t)...)
	for seed := range uint64(goldenRandom) {
		text := newGenerator(seed).policy()
		add(fmt.Sprint("random/", seed), func() (*policy.Policy, error) { return policy.Parse(text) }, surroundings())
	}
	return all
}

// questions are those that are asked of more than one policy, by name.
func questions(t testing.TB) map[string]Question {
	t.Helper()
	rcp, err := policy.ParseRCP([]byte(`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"kms:*","Resource":"*",` +
		`"Condition":{"StringNotEqualsIfExists":{"aws:PrincipalOrgID":"o-mycorp0001"},"BoolIfExists":{"aws:PrincipalIsAWSService":"false"}}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]Question{}
	for name, change := range map[string]func(*Question){
		"":         func(*Question) {},
		"no key":   func(q *Question) { q.KeyARN, q.Key = "", kmsapi.KeyFacts{} },
		"no owner": func(q *Question) { q.KeyARN, q.Account = "", "" },
		"nothing":  func(q *Question) { *q = Question{At: q.At} },
		"trusted": func(q *Question) {
			q.TrustedAccounts, q.TrustedOrgs = []string{"444455556666"}, []string{"o-partner0001"}
		},
		"strangers": func(q *Question) { // have the accounts that witnesses usually have
			q.KeyARN, q.Account = "arn:aws:kms:us-east-1:999988887777:key/1234abcd-12ab-34cd-56ef-1234567890ab", "999988887777"
			q.TrustedAccounts = []string{"888888887777"}
		},
		"signing":   func(q *Question) { q.Key.Spec, q.Key.Usage = "RSA_2048", "SIGN_VERIFY" },
		"agreement": func(q *Question) { q.Key.Spec, q.Key.Usage = "ECC_NIST_P256", "KEY_AGREEMENT" },
		"mac":       func(q *Question) { q.Key.Spec, q.Key.Usage = "HMAC_256", "GENERATE_VERIFY_MAC" },
		"multi-Region": func(q *Question) {
			q.KeyARN, q.Key = "arn:aws:kms:us-east-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab", kmsapi.KeyFacts{Tags: map[string]string{"env": "prod"}, Aliases: []string{"alias/app"}}
		},
		"gov": func(q *Question) {
			q.KeyARN = "arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
		},
		"rcp":        func(q *Question) { q.RCPs = []*policy.Policy{rcp} },
		"3000 steps": func(q *Question) { q.MaxSteps = 3000 },
	} {
		q := surroundings()
		change(&q)
		all[name] = q
	}
	return all
}

// moreAnswers reads testdata/answers.jsonl: policies, and cases of the corpora
// under other questions, that mutants of guards are noticed by.
func moreAnswers(t testing.TB) []answerCase {
	t.Helper()
	corpus := map[string]corpusCase{}
	for _, c := range readWholeCorpus(t) {
		corpus[c.Name] = c
	}
	text, err := os.ReadFile("testdata/answers.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	asked := questions(t)
	var all []answerCase
	for d := json.NewDecoder(bytes.NewReader(text)); d.More(); {
		d.DisallowUnknownFields()
		var a struct {
			Name       string `json:"name"`
			Case       string `json:"case"`       // of a corpus; or:
			PolicyText string `json:"policyText"` // with that many marks
			Unknown    int    `json:"unknown"`
			Question   string `json:"question"` // of questions
		}
		if err := d.Decode(&a); err != nil {
			t.Fatalf("testdata/answers.jsonl, answer %d: %v", len(all)+1, err)
		}
		q, known := asked[a.Question]
		c, cased := corpus[a.Case]
		if !known || cased != (a.PolicyText == "") {
			t.Fatalf("testdata/answers.jsonl: %s: want a known question and a case of the corpora or a policy", a.Name)
		}
		source := []byte(a.PolicyText)
		if cased {
			source = c.text()
		}
		all = append(all, answerCase{a.Name, func() string {
			return answerTo(func() (*policy.Policy, error) { return policy.ParsePartial(source, make([]policy.Unknown, a.Unknown)) }, q)
		}})
	}
	if len(all) == 0 {
		t.Fatal("testdata/answers.jsonl: no answers")
	}
	return all
}

// answerTo says on one line all that a decision says: sentences and requests
// by a hash, since other tests hold what is in them.
func answerTo(parse func() (*policy.Policy, error), q Question) string {
	p, err := parse()
	if err != nil {
		return err.Error()
	}
	q.Explain, q.Blame = true, true
	d := Decide(p, q)
	proof := fnv.New32a()
	var b strings.Builder
	bounds := func(name string, v Bounds) { fmt.Fprintf(&b, "%s=%v", name, short(v)) }
	bounds("verdict", d.bounds())
	bounds(" encrypt", d.Classes.Of(kmsapi.ClassEncrypt))
	bounds(" use", d.Classes.Of(kmsapi.ClassUse))
	bounds(" other", d.Classes.Of(kmsapi.ClassOther))
	fmt.Fprintf(&b, " owner=%v/%v@%d,%d", d.Owner.Manage, d.Owner.Decrypt, d.Owner.ManageBlame.Statement.Index, d.Owner.DecryptBlame.Statement.Index)
	fmt.Fprint(proof, d.Owner.ManageBlame.Reason, d.Owner.DecryptBlame.Reason, d.Owner.Named, showRequest(d.Owner.Witness))
	for _, g := range slices.Concat(d.Grants, d.Others) {
		fmt.Fprintf(&b, " %s=%v@%s", strings.TrimPrefix(g.Action, "kms:"), g.Audience, places(g.Statements))
		fmt.Fprint(proof, g.Class, g.Named, g.Why, showRequest(&g.Witness))
	}
	for _, s := range d.Services {
		fmt.Fprintf(&b, " %s@%d", s.Service, s.Statement.Index)
		if s.ConfusedDeputy {
			b.WriteString("!")
		}
	}
	for _, o := range d.Undecided {
		fmt.Fprintf(&b, " undecided@%d", o.Statement.Index)
		fmt.Fprint(proof, o.Reason)
	}
	for _, u := range d.Unknown {
		fmt.Fprintf(&b, " unknown@%s%s:%d", u.Path, u.Name, u.Line)
		fmt.Fprint(proof, u.Reason)
	}
	if d.Future != nil {
		fmt.Fprintf(&b, " future=%v@%s", d.Future.Verdict, d.Future.At.Format("2006-01-02T15:04:05Z07:00"))
	}
	if d.Unguarded != nil {
		bounds(" unguarded", d.Unguarded.bounds())
	}
	fmt.Fprintf(&b, " opens@%s %v", places(d.Opens), d.Flags)
	for _, n := range d.Statements {
		fmt.Fprintf(proof, "%d%v%v%s", n.Statement.Index, n.Effect, n.Opens, n.Why)
	}
	fmt.Fprintf(&b, " steps=%d proof=%08x", d.Steps, proof.Sum32())
	return b.String()
}

func short(b Bounds) string {
	if b.Least == b.Most {
		return b.Verdict.String()
	}
	return fmt.Sprintf("%v..%v", b.Least, b.Most)
}

func places(refs []StatementRef) string {
	var list []string
	for _, r := range refs {
		list = append(list, fmt.Sprint(r.Index))
	}
	return strings.Join(list, ",")
}

func showRequest(r *evaluate.Request) string {
	if r == nil {
		return ""
	}
	return oracleRequest{Request: *r}.show()
}

// TestDecisionsGolden holds all that is said of the corpora and of random
// policies, and the work that it took, against a file: whoever moves code sees
// whether an answer moved with it. The verdicts that are right are in the
// corpora; this file only says what they were last.
func TestDecisionsGolden(t *testing.T) {
	var b strings.Builder
	for _, c := range answerCases(t) {
		fmt.Fprintf(&b, "%s: %s\n", c.name, c.answer())
	}
	if *update {
		if err := os.WriteFile(decisionsGolden, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	text, err := os.ReadFile(decisionsGolden)
	if err != nil {
		t.Fatal(err)
	}
	got, want := strings.Split(b.String(), "\n"), strings.Split(string(text), "\n")
	if len(got) != len(want) {
		t.Errorf("%d lines, %s has %d; -update writes it anew", len(got), decisionsGolden, len(want))
	}
	differ := 0
	for i := range min(len(got), len(want)) {
		if got[i] != want[i] {
			if differ++; differ <= 20 {
				t.Errorf("%s:%d:\ngot  %s\nwant %s", decisionsGolden, i+1, got[i], want[i])
			}
		}
	}
	if differ > 20 {
		t.Errorf("and %d lines more", differ-20)
	}
}
