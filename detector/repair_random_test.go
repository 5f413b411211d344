package detector

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/decide"
	"github.com/kmsentry/kmsentry/detector/policy/evaluate"
)

// The invariants of a repaired policy, over random policies: it parses, it is
// private now and later, its owner can change it again, and its statements are
// those of the policy in their order, without some Allows, any of which put back
// alone opens the key again or leaves it undecided.
func TestRepairedRandomPolicies(t *testing.T) {
	random := rand.New(rand.NewPCG(4, 11))
	repaired, reported := 0, 0
	for range 600 {
		text := randomPolicy(random)
		record := policyRecord(t, text, "")
		result, err := Detector{}.Detect(record)
		if err != nil {
			t.Fatalf("%v:\n%s", err, text)
		}
		f := result.Finding
		if f == nil {
			continue
		}
		reported++
		if f.Problem != "" {
			t.Fatalf("the generator made what cannot be read: %s:\n%s", f.Problem, text)
		}
		if f.Repaired != "" {
			repaired++
			holdRepaired(t, record, f)
		}
	}
	if reported < 300 || repaired < 150 {
		t.Errorf("%d reported, %d repaired, want 300 and 150 and more", reported, repaired)
	}
	t.Logf("%d of 600 reported, %d repaired", reported, repaired)
}

// The same invariants over the corpus of package policy and the sample events.
func TestRepairedKnownPolicies(t *testing.T) {
	var records [][]byte
	for _, text := range corpusPolicies(t) {
		records = append(records, policyRecord(t, text, ""))
	}
	for _, record := range sampleEvents(t) {
		records = append(records, record)
	}
	repaired := 0
	for _, record := range records {
		result, err := Detector{}.Detect(record)
		if err != nil {
			t.Fatal(err)
		}
		if f := result.Finding; f != nil && f.Repaired != "" {
			repaired++
			holdRepaired(t, record, f)
		}
	}
	if repaired < 60 {
		t.Errorf("%d policies repaired, want 60 and more", repaired)
	}
	t.Logf("%d repaired", repaired)
}

// holdRepaired checks these invariants for the repaired policy of a finding.
func holdRepaired(t *testing.T, record []byte, f *Finding) {
	t.Helper()
	before, err := policy.Parse([]byte(f.Policy.Text))
	if err != nil {
		t.Fatal(err)
	}
	after, err := policy.Parse([]byte(f.Repaired))
	if err != nil {
		t.Fatalf("repaired: %v:\n%s", err, f.Repaired)
	}
	if !private(t, record, f.Repaired) {
		t.Errorf("repaired is not private:\n%s\nfrom\n%s", f.Repaired, f.Policy.Text)
	}
	if o := decide.Decide(after, Detector{}.question(f)).Owner; o.Witness == nil || evaluate.Allows(after, *o.Witness) != evaluate.Yes {
		t.Errorf("the owner can change the repaired policy: %v:\n%s", o.Manage, f.Repaired)
	}
	if before.Version != after.Version || before.ID != after.ID {
		t.Errorf("repaired has Version %q, Id %q, want %q, %q", after.Version, after.ID, before.Version, before.ID)
	}
	var kept, dropped []int
	next := 0
	for i, s := range before.Statements {
		if next < len(after.Statements) && sameJSON(s.Text, after.Statements[next].Text) {
			kept = append(kept, i)
			next++
			continue
		}
		dropped = append(dropped, i)
		if s.Effect != policy.Allow {
			t.Errorf("statement %d is a Deny and was dropped:\n%s", i, f.Policy.Text)
		}
		if !slices.ContainsFunc(f.Statements, func(shown Statement) bool { return shown.Index == i }) {
			t.Errorf("statement %d was dropped and is not among the offending ones:\n%s", i, f.Policy.Text)
		}
	}
	if next != len(after.Statements) || len(dropped) == 0 {
		t.Fatalf("repaired is not the policy without some statements:\n%s\nfrom\n%s", f.Repaired, f.Policy.Text)
	}
	for _, i := range dropped {
		back := slices.Sorted(slices.Values(append(slices.Clone(kept), i)))
		if again := only(f.Policy.Text, back); private(t, record, again) {
			t.Errorf("statement %d was dropped, and with it the policy is private:\n%s", i, again)
		}
	}
}

// private reports whether the record, with text as its policy, is certainly
// private, now and later.
func private(t *testing.T, record []byte, text string) bool {
	t.Helper()
	edits := []edit{{"requestParameters.policy", quoted(text)}}
	if bytes.Contains(record, []byte(`"replicaPolicy"`)) {
		edits = append(edits, edit{"responseElements.replicaPolicy", quoted(text)})
	}
	result, err := Detector{}.Detect(edited(t, string(record), edits...))
	if err != nil {
		t.Fatalf("%v:\n%s", err, text)
	}
	return result.Finding == nil
}

// randomPolicy returns a policy of one to seven statements of any kind; most
// policies include the owner's statement.
func randomPolicy(random *rand.Rand) string {
	one := func(list ...string) string { return list[random.IntN(len(list))] }
	var statements []string
	if random.IntN(8) > 0 {
		statements = append(statements, ownerStatement)
	}
	for range 1 + random.IntN(6) {
		effect := one("Allow", "Allow", "Allow", "Deny")
		principal := one(
			`"Principal":"*"`, `"Principal":{"AWS":"*"}`, `"Principal":{"AWS":["arn:aws:iam::111122223333:role/app","*"]}`,
			`"Principal":{"AWS":"111122223333"}`, `"Principal":{"AWS":"arn:aws:iam::111122223333:role/app"}`,
			`"Principal":{"AWS":"arn:aws:iam::444455556666:root"}`, `"Principal":{"Service":"cloudtrail.amazonaws.com"}`,
			`"NotPrincipal":{"AWS":["111122223333","arn:aws:iam::111122223333:role/app"]}`)
		action := one(
			`"Action":"kms:*"`, `"Action":"*"`, `"Action":"kms:Encrypt"`, `"Action":["kms:GenerateDataKey*","kms:ReEncrypt*"]`,
			`"Action":["kms:Encrypt","kms:Decrypt"]`, `"Action":"kms:CreateGrant"`, `"Action":"kms:Decrypt"`, `"Action":"kms:Put*"`, `"NotAction":"kms:Decrypt"`)
		condition := one(``, ``, ``,
			`,"Condition":{"StringEquals":{"kms:CallerAccount":"111122223333"}}`,
			`,"Condition":{"StringEqualsIfExists":{"aws:PrincipalOrgID":"o-exampleorg1"}}`,
			`,"Condition":{"StringNotEquals":{"aws:PrincipalAccount":"111122223333"}}`,
			`,"Condition":{"IpAddress":{"aws:SourceIp":"192.0.2.0/24"}}`,
			`,"Condition":{"Bool":{"aws:SecureTransport":"false"}}`,
			`,"Condition":{"DateGreaterThan":{"aws:CurrentTime":"2099-01-01T00:00:00Z"}}`,
			`,"Condition":{"DateLessThan":{"aws:CurrentTime":"2020-01-01T00:00:00Z"}}`,
			`,"Condition":{"ArnLike":{"aws:PrincipalArn":"*"}}`,
			`,"Condition":{"StringLike":{"kms:ViaService":"s3.*.amazonaws.com"}}`)
		statements = append(statements, `{"Effect":"`+effect+`",`+principal+`,`+action+`,"Resource":"*"`+condition+`}`)
	}
	random.Shuffle(len(statements), func(i, j int) { statements[i], statements[j] = statements[j], statements[i] })
	return `{"Version":"2012-10-17","Id":"random","Statement":[` + strings.Join(statements, ",") + `]}`
}
