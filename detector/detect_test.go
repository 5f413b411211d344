package detector

import (
	"slices"
	"strings"
	"testing"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/decide"
)

// policyOf returns a policy of the owner's statement followed by others.
func policyOf(others ...string) string {
	return `{"Version":"2012-10-17","Statement":[` + strings.Join(append([]string{ownerStatement}, others...), ",") + `]}`
}

// allow returns an Allow of kms:Encrypt and kms:Decrypt; condition is JSON, or ""
// for none.
func allow(principal, condition string) string {
	if condition != "" {
		condition = `,"Condition":` + condition
	}
	return `{"Sid":"Use","Effect":"Allow","Principal":{"AWS":"` + principal + `"},"Action":["kms:Encrypt","kms:Decrypt"],"Resource":"*"` + condition + `}`
}

// What a record leads to, by its policy and the outcome of its call.
func TestDetectVerdicts(t *testing.T) {
	const denied = `"AccessDenied"`
	open := policyOf(allow("*", ""))
	partner := policyOf(allow("arn:aws:iam::444455556666:root", ""))
	lock := `{"Sid":"Lock","Effect":"Deny","Principal":"*","Action":"kms:PutKeyPolicy","Resource":"*"}`
	named := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:role/admin"},"Action":"kms:*","Resource":"*"}]}`
	bypass := edit{"requestParameters.bypassPolicyLockoutSafetyCheck", `true`}
	rcp, err := policy.ParseRCP([]byte(`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"kms:*","Resource":"*","Condition":{"StringNotEquals":{"aws:PrincipalAccount":"111122223333"}}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	withMFA := edit{"userIdentity", `{"type":"AssumedRole","arn":"arn:aws:sts::111122223333:assumed-role/a/b","accessKeyId":"ASIAX","sessionContext":{"attributes":{"mfaAuthenticated":"true"}}}`}
	for _, row := range []struct {
		name, policy string
		edits        []edit
		d            Detector
		verdict      decide.Verdict
		severity     Severity // of the finding
		quiet        string
		blamed       []int // places of the offending statements
	}{
		{name: "public", policy: open, edits: []edit{withMFA}, verdict: decide.Public, severity: High, blamed: []int{1}},
		{name: "public, long-term key", policy: open, verdict: decide.Public, severity: Critical, blamed: []int{1}},
		{name: "public by two statements", policy: policyOf(allow("*", ""), allow("444455556666", ""), allow("*", `{"StringNotEquals":{"aws:PrincipalAccount":"999988887777"}}`)), edits: []edit{withMFA}, verdict: decide.Public, severity: High, blamed: []int{1, 3}},
		{name: "public, refused", policy: open, edits: []edit{{"errorCode", denied}}, verdict: decide.Public, severity: Low, blamed: []int{1}},
		{name: "public, both an error and a response", policy: open, edits: []edit{withMFA, {"errorCode", denied}, {"responseElements", `{"keyId":"` + testARN + `"}`}}, verdict: decide.Public, severity: High, blamed: []int{1}},
		{name: "private", policy: policyOf(), verdict: decide.Private, quiet: quietPrivate},
		{name: "private, refused", policy: policyOf(), edits: []edit{{"errorCode", denied}}, verdict: decide.Private, quiet: quietRefused},
		{name: "shared", policy: partner, verdict: decide.Shared, severity: Low, blamed: []int{1}},
		{name: "a trusted account", policy: partner, d: Detector{TrustedAccounts: []string{"444455556666"}}, verdict: decide.Private, quiet: quietPrivate},
		{name: "a named organization", policy: policyOf(allow("*", `{"StringEquals":{"aws:PrincipalOrgID":"o-exampleorg1"}}`)), verdict: decide.Shared, severity: Low, blamed: []int{1}},
		{name: "a trusted organization", policy: policyOf(allow("*", `{"StringEquals":{"aws:PrincipalOrgID":"o-exampleorg1"}}`)), d: Detector{TrustedOrgs: []string{"o-exampleorg1"}}, verdict: decide.Private, quiet: quietPrivate},
		{name: "network", policy: policyOf(allow("*", `{"IpAddress":{"aws:SourceIp":"192.0.2.0/24"}}`)), verdict: decide.Network, severity: Medium, blamed: []int{1}},
		{name: "own account", policy: policyOf(allow("*", `{"StringEquals":{"kms:CallerAccount":"111122223333"}}`)), verdict: decide.Private, quiet: quietPrivate},
		{name: "own account by the key's ARN", policy: open, edits: []edit{withMFA, {"requestParameters.keyId", `"arn:aws:kms:us-east-1:444455556666:key/abc"`}}, verdict: decide.Public, severity: Critical},
		{name: "expired at the event", policy: policyOf(allow("*", `{"DateLessThan":{"aws:CurrentTime":"2026-11-20T08:15:41Z"}}`)), verdict: decide.Private, quiet: quietPrivate},
		{name: "not yet expired at the event", policy: policyOf(allow("*", `{"DateLessThan":{"aws:CurrentTime":"2026-11-20T08:15:43Z"}}`)), edits: []edit{withMFA}, verdict: decide.Public, severity: High, blamed: []int{1}},
		{name: "decrypt only", policy: policyOf(strings.Replace(allow("*", ""), `["kms:Encrypt","kms:Decrypt"]`, `"kms:Decrypt"`, 1)), verdict: decide.Public, severity: High, blamed: []int{1}},
		{name: "locked by a Deny", policy: policyOf(lock), verdict: decide.Private, severity: High, blamed: []int{1}},
		{name: "locked, no principal named", policy: `{"Version":"2012-10-17","Statement":[` + allow("arn:aws:iam::111122223333:role/app", "") + `]}`, verdict: decide.Private, severity: High},
		{name: "locked, refused", policy: policyOf(lock), edits: []edit{{"errorCode", denied}}, verdict: decide.Private, severity: Low, blamed: []int{1}},
		{name: "taken over", policy: `{"Version":"2012-10-17","Statement":[` + allow("arn:aws:iam::444455556666:root", "") + `]}`, verdict: decide.Shared, severity: Critical, blamed: []int{0}},
		{name: "named", policy: named, verdict: decide.Private, quiet: quietPrivate},
		{name: "named, bypassed", policy: named, edits: []edit{bypass}, verdict: decide.Private, severity: Medium},
		{name: "decrypt lost", policy: policyOf(strings.Replace(lock, "PutKeyPolicy", "Decrypt", 1)), verdict: decide.Private, quiet: quietPrivate},
		{name: "decrypt lost, bypassed", policy: policyOf(strings.Replace(lock, "PutKeyPolicy", "Decrypt", 1)), edits: []edit{bypass}, verdict: decide.Private, severity: Medium, blamed: []int{1}},
		{name: "kept, bypassed", policy: policyOf(), edits: []edit{bypass}, verdict: decide.Private, quiet: quietPrivate},
		{name: "closed by a resource control policy", policy: open, d: Detector{RCPs: []*policy.Policy{rcp}}, verdict: decide.Private, severity: Low, blamed: []int{1}},
		{name: "kept, under a resource control policy", policy: policyOf(), d: Detector{RCPs: []*policy.Policy{rcp}}, verdict: decide.Private, quiet: quietPrivate},
		{name: "anyone revokes grants", policy: policyOf(strings.Replace(allow("*", ""), `["kms:Encrypt","kms:Decrypt"]`, `"kms:RevokeGrant"`, 1)), verdict: decide.Private, severity: Low, blamed: []int{1}},
		{name: "a partner in addition to trusted accounts", policy: partner, d: Detector{TrustedAccounts: []string{"555566667777"}}, verdict: decide.Shared, severity: Medium, blamed: []int{1}},
		{name: "public later", policy: policyOf(allow("*", `{"DateGreaterThan":{"aws:CurrentTime":"2099-01-01T00:00:00Z"}}`)), verdict: decide.Private, severity: Medium, blamed: []int{1}},
		{name: "shared later", policy: policyOf(allow("444455556666", `{"DateGreaterThan":{"aws:CurrentTime":"2099-01-01T00:00:00Z"}}`)), verdict: decide.Private, severity: Low, blamed: []int{1}},
	} {
		t.Run(row.name, func(t *testing.T) {
			text := edited(t, put, append([]edit{{"requestParameters.policy", quoted(row.policy)}}, row.edits...)...)
			result, err := row.d.Detect(text)
			if err != nil {
				t.Fatalf("Detect: %v", err)
			}
			if result.Verdict != row.verdict || result.Quiet != row.quiet {
				t.Fatalf("Detect = %v, quiet %q, want %v, quiet %q", result.Verdict, result.Quiet, row.verdict, row.quiet)
			}
			if row.quiet != "" {
				return
			}
			f := result.Finding
			if f.Severity != row.severity {
				t.Errorf("severity = %v, want %v", f.Severity, row.severity)
			}
			var blamed []int
			for _, s := range f.Statements {
				blamed = append(blamed, s.Index)
			}
			if row.blamed != nil && !slices.Equal(blamed, row.blamed) {
				t.Errorf("offending statements %v, want %v", blamed, row.blamed)
			}
			if f.Policy.Text != row.policy || len(f.Policy.SHA256) != 64 {
				t.Errorf("policy = %+v, want the text of the record and its hash", f.Policy)
			}
		})
	}
}

// The repaired policy keeps what is harmless, and is offered only when it is
// certainly private and the owner can still manage the key.
func TestRepair(t *testing.T) {
	open := allow("*", "")
	for _, row := range []struct {
		name, policy string
		keeps        int // statements left; 0 for no repair
	}{
		{"one open statement", policyOf(open), 1},
		{"two open statements", policyOf(open, open), 1},
		{"a harmless one stays", policyOf(allow("arn:aws:iam::111122223333:role/app", ""), open), 2},
		{"a partner is left, so it is not surely repaired", policyOf(allow("444455556666", ""), open), 0},
		{"only a partner", policyOf(allow("444455556666", "")), 1},
		{"a Deny stays", policyOf(open, `{"Effect":"Deny","Principal":"*","Action":"kms:Encrypt","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}`), 2},
		{"the owner would be locked out", `{"Version":"2012-10-17","Statement":[` + open + `,` + allow("arn:aws:iam::111122223333:role/app", "") + `]}`, 0},
		{"the only statement", `{"Version":"2012-10-17","Statement":` + open + `}`, 0},
		{"the owner's own statement is the open one", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":["111122223333","*"]},"Action":"kms:*","Resource":"*"}]}`, 0},
		{"open by itself later", policyOf(allow("*", `{"DateGreaterThan":{"aws:CurrentTime":"2099-01-01T00:00:00Z"}}`)), 1},
		{"open now and later", policyOf(open, allow("*", `{"DateGreaterThan":{"aws:CurrentTime":"2099-01-01T00:00:00Z"}}`)), 1},
	} {
		t.Run(row.name, func(t *testing.T) {
			result, err := Detector{}.Detect(edited(t, put, edit{"requestParameters.policy", quoted(row.policy)}))
			if err != nil || result.Finding == nil {
				t.Fatalf("Detect = %+v, %v, want a finding", result, err)
			}
			repaired := result.Finding.Repaired
			if row.keeps == 0 {
				if repaired != "" {
					t.Errorf("repaired = %s, want none", repaired)
				}
				return
			}
			p, err := policy.Parse([]byte(repaired))
			if err != nil {
				t.Fatalf("repaired %q: %v", repaired, err)
			}
			if len(p.Statements) != row.keeps {
				t.Errorf("repaired has %d statements, want %d:\n%s", len(p.Statements), row.keeps, repaired)
			}
			again, err := Detector{}.Detect(edited(t, put, edit{"requestParameters.policy", quoted(repaired)}))
			if err != nil || again.Finding != nil {
				t.Errorf("Detect(repaired) = %+v, %v, want quiet", again, err)
			}
		})
	}
}

// OwnerLocked is set for a policy in force that certainly locks its owner out.
func TestOwnerLocked(t *testing.T) {
	open := allow("*", "")
	lock := `{"Effect":"Deny","Principal":"*","Action":"kms:PutKeyPolicy","Resource":"*"}`
	for _, row := range []struct {
		name, policy string
		edits        []edit
		want         bool
	}{
		{"the owner manages", policyOf(open), nil, false},
		{"a Deny for everyone", policyOf(open, lock), nil, true},
		{"no statement for the owner", `{"Version":"2012-10-17","Statement":[` + open + `]}`, nil, true},
		{"refused", policyOf(open, lock), []edit{{"errorCode", `"AccessDenied"`}}, false},
		{"not readable", `{`, nil, false},
		{"of unknown outcome", policyOf(open, lock), []edit{{"errorCode", `"InternalFailure"`}}, true},
		{"no ARN: an alias", policyOf(open, lock), []edit{{"requestParameters.keyId", `"alias/payments"`}}, false},
		{"no ARN: no key named", policyOf(open, lock), []edit{{"requestParameters.keyId", `null`}}, false},
		{"no ARN: odd text", policyOf(open, lock), []edit{{"requestParameters.keyId", `"arn:aws:kms:us-east-1:key/x"`}}, false},
		{"no ARN: no Region", policyOf(open, lock), []edit{{"awsRegion", `7`}}, false},
	} {
		result, err := Detector{}.Detect(edited(t, put, append(row.edits, edit{"requestParameters.policy", quoted(row.policy)})...))
		if err != nil || result.Finding == nil || result.Finding.OwnerLocked != row.want {
			t.Errorf("%s: Detect = %+v, %v, want locked %t", row.name, result, err, row.want)
		}
	}
}

// The two records of one ReplicateKey call lead to two findings about one key.
func TestReplicateKeyTwice(t *testing.T) {
	text := sampleEvents(t)["replicate-key-public"]
	primary, err := Detector{}.Detect(text)
	if err != nil || primary.Finding == nil {
		t.Fatalf("Detect(ReplicateKey) = %+v, %v", primary, err)
	}
	replica, err := Detector{}.Detect(edited(t, string(text),
		edit{"eventName", `"CreateKey"`}, edit{"eventID", `"e-2"`}, edit{"awsRegion", `"us-west-2"`},
		edit{"requestParameters", `{"policy":` + quoted(primary.Finding.Policy.Text) + `}`},
		edit{"responseElements", `{"keyMetadata":{"arn":"` + primary.Key.ARN + `"}}`}))
	if err != nil || replica.Finding == nil {
		t.Fatalf("Detect(CreateKey) = %+v, %v", replica, err)
	}
	if primary.Key.ARN != replica.Key.ARN || primary.Key.Region != "us-west-2" || primary.Finding.Verdict != replica.Finding.Verdict {
		t.Errorf("the two records: %+v and %+v", primary.Key, replica.Key)
	}
	if primary.Finding.UID == replica.Finding.UID {
		t.Error("the two records have one uid, want two: they are two events")
	}
}
