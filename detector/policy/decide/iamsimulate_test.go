package decide

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/condkey"
	"github.com/kmsentry/kmsentry/detector/policy/evaluate"
	"github.com/kmsentry/kmsentry/internal/awsid"
)

// TestOracleIAMSimulate holds Allows against iam-simulate, an evaluator by
// other authors, on the corpus and on random policies. It needs node and the
// packages of testdata/oracle, so it runs on request only: make oracle.
func TestOracleIAMSimulate(t *testing.T) {
	if os.Getenv("KMSENTRY_ORACLE") == "" {
		t.Skip("set KMSENTRY_ORACLE=1, after: cd detector/policy/decide/testdata/oracle && npm ci")
	}
	var asked []simulation
	for _, c := range readCorpus(t) {
		if c.Malformed || knownDefects[c.Name] != "" {
			continue
		}
		p := mustParse(c.text())
		if c.Witness != nil && c.Witness.Context["credentials"] == nil {
			asked = append(asked, simulation{name: c.Name, policy: p, request: c.Witness.request(t, p)})
		}
		asked = append(asked, sampleSimulations(c.Name, p, 1)...)
	}
	corpus := len(asked)
	for seed := range uint64(400) {
		p := mustParse(newGenerator(seed).policy())
		asked = append(asked, sampleSimulations("random", p, seed)...)
	}
	answers := simulate(t, asked)
	compared, open, unread := 0, 0, 0
	for i, a := range answers {
		s := asked[i]
		if why := defectOf(s.policy, s.request); why != "" {
			continue
		}
		got := evaluate.Allows(s.policy, s.request)
		switch {
		case a.Error != "":
			t.Errorf("%s: iam-simulate: %s\n%s", s.name, a.Error, encode(s.policy))
		case got == evaluate.Maybe:
			open++
		case asksFor(s.policy, a.Ignored):
			unread++
		case (got == evaluate.Yes) != a.Allowed:
			t.Errorf("%s: Allows = %v, iam-simulate allows: %v\n\t%s\n\t%s", s.name, got, a.Allowed, oracleRequest{Request: s.request}.show(), encode(s.policy))
		default:
			compared++
		}
	}
	t.Logf("%d requests of the corpus, %d of random policies; %d agree, %d are not documented, of %d iam-simulate drops a key", corpus, len(asked)-corpus, compared, open, unread)
	if compared < len(asked)/2 {
		t.Errorf("only %d of %d requests were compared", compared, len(asked))
	}
}

// asksFor reports whether a condition of the policy asks for one of the keys.
func asksFor(p *policy.Policy, keys []string) bool {
	return slices.ContainsFunc(p.Statements, func(st policy.Statement) bool {
		return slices.ContainsFunc(st.Conditions, func(c policy.Condition) bool {
			return slices.ContainsFunc(keys, func(key string) bool { return strings.EqualFold(key, c.Key) })
		})
	})
}

// knownDefects are cases of the corpus in which iam-simulate 0.1.173 is known
// to differ, each with the reason. Its verdicts there were looked at one by one.
var knownDefects = map[string]string{
	"resource-missing-allow": "applies a statement without Resource; KMS gives it no effect",
	"resource-missing-deny":  "applies a statement without Resource; KMS gives it no effect",
	"action-missing-deny":    "refuses a statement without Action; KMS gives it no effect",

	"action-crosses-colon-star":  "refuses a wildcard in front of the colon",
	"owner-unreadable-actions":   "refuses a wildcard in front of the colon",
	"principal-orphan-unique-id": "knows no unique ids",
	"resource-cross-segment":     "splits a Resource at its colons",
}

func TestKnownDefectsExist(t *testing.T) {
	var names []string
	for _, c := range readCorpus(t) {
		names = append(names, c.Name)
	}
	for name := range knownDefects {
		if !slices.Contains(names, name) {
			t.Errorf("the corpus has no case %q", name)
		}
	}
}

// defectOf names the construct for which iam-simulate 0.1.173 is known to be
// wrong, "" when there is none in the policy.
func defectOf(p *policy.Policy, r evaluate.Request) string {
	for key := range newOracle(p, surroundings(), 0).sourced {
		if has(r, key) && first(r, key) == "" {
			return "takes an empty value of a variable for none"
		}
	}
	for _, st := range p.Statements {
		for _, c := range st.Conditions {
			key := strings.ToLower(c.Key)
			switch {
			case strings.HasPrefix(key, "kms:encryptioncontext:"):
				return "drops kms:EncryptionContext:... from the request"
			case c.Operator.Base == policy.IPAddress && slices.Contains(c.Values, "0.0.0.0/0"):
				return "takes IPv4 /0 for /32"
			case key == "aws:epochtime":
				return "takes epoch seconds for milliseconds"
			case c.Operator.Base == policy.ArnLike && strings.Contains(strings.Join(c.Values, ""), "${"):
				return "splits an ARN at the colons inside of a variable"
			case c.Operator.Base == policy.ArnLike && c.Operator.Negated && has(r, c.Key) && !strings.HasPrefix(first(r, c.Key), "arn:"):
				return "ArnNotLike never matches a value that is no ARN"
			case c.Operator.Base == policy.IPAddress && c.Operator.Negated && slices.ContainsFunc(c.Values, isBareAddress):
				return "NotIpAddress with a bare address never matches callers of the other family"
			case !p.Variables() && strings.Contains(strings.Join(c.Values, ""), "${"):
				return "fills in variables whatever the Version is"
			}
		}
		for _, entry := range st.Principals {
			if r.Parent != "" && entry.Value == r.Parent {
				return "does not know that a user's federated sessions are the user's"
			}
			if policy.IsUniqueID(entry.Value) {
				return "knows no unique ids"
			}
			if a, ok := awsid.ParseARN(entry.Value); ok && a.Partition != "aws" {
				return "matches an account of another partition"
			}
			if strings.Count(r.Principal, "/") > 1 && r.Session != "" && strings.Contains(entry.Value, ":role/") {
				return "is given a session, which does not show the role's path"
			}
		}
	}
	return ""
}

func isBareAddress(value string) bool { return !strings.Contains(value, "/") }

// A simulation is a question for both evaluators.
type simulation struct {
	name    string
	policy  *policy.Policy
	request evaluate.Request
}

// sampleSimulations returns a few requests that the oracle makes of a policy.
func sampleSimulations(name string, p *policy.Policy, seed uint64) []simulation {
	var list []simulation
	o := newOracle(p, surroundings(), seed)
	for _, action := range []string{"kms:Encrypt", "kms:GenerateDataKey", "kms:CreateGrant"} {
		o.search(action, 6, func(r oracleRequest) bool {
			list = append(list, simulation{name, p, r.Request})
			return false
		})
	}
	return list
}

type simulated struct {
	Allowed bool     `json:"allowed"`
	Ignored []string `json:"ignored"`
	Error   string   `json:"error"`
}

// simulate asks iam-simulate, in a process of its own.
func simulate(t testing.TB, asked []simulation) []simulated {
	t.Helper()
	var in bytes.Buffer
	e := json.NewEncoder(&in)
	for _, s := range asked {
		context := map[string]any{}
		for key, values := range s.request.Context {
			context[key] = values[0]
			if info, _ := condkey.Default().Lookup(key); info.Multi {
				context[key] = values
			}
		}
		principal := s.request.Principal
		if s.request.Session != "" {
			principal = s.request.Session
		}
		if err := e.Encode(map[string]any{
			"policy": json.RawMessage(encode(s.policy)), "principal": principal, "action": s.request.Action,
			"resource": s.request.Resource, "account": evaluate.KeyAccount(s.request), "context": context,
		}); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("node", "oracle.mjs")
	cmd.Dir = "testdata/oracle"
	cmd.Stdin, cmd.Stderr = &in, os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("node oracle.mjs: %v", err)
	}
	var answers []simulated
	lines := bufio.NewScanner(bytes.NewReader(out))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var a simulated
		if err := json.Unmarshal(lines.Bytes(), &a); err != nil {
			t.Fatalf("iam-simulate answers %q: %v", lines.Text(), err)
		}
		answers = append(answers, a)
	}
	if err := lines.Err(); err != nil || len(answers) != len(asked) {
		t.Fatalf("iam-simulate gives %d answers to %d questions, %v", len(answers), len(asked), err)
	}
	return answers
}
