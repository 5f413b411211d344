package evaluate

import (
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/internal/policytest"
)

// roleRequest is a request of a role session of another account, over the internet.
func roleRequest() Request {
	return Request{
		Principal: "arn:aws:iam::444455556666:role/app/Deploy", Session: "arn:aws:sts::444455556666:assumed-role/Deploy/ci",
		UniqueID: "AROAEXAMPLEROLE000001", Action: "kms:Encrypt", Resource: "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
		Time: time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC),
		Context: map[string][]string{
			"aws:PrincipalAccount": {"444455556666"}, "aws:PrincipalArn": {"arn:aws:iam::444455556666:role/app/Deploy"},
			"aws:PrincipalOrgID": {"o-mycorp0001"}, "aws:PrincipalOrgPaths": {"o-mycorp0001/r-ab12/"},
			"aws:PrincipalTag/team": {"blue"}, "aws:PrincipalTag/empty": {""}, "aws:userid": {"AROAEXAMPLEROLE000001:ci"},
			"aws:SourceIp": {"203.0.113.5"}, "aws:SecureTransport": {"true"}, "aws:TokenIssueTime": {"2026-08-31T23:00:00Z"},
			"aws:CurrentTime": {"2026-09-01T00:00:00Z"}, "aws:EpochTime": {"1788220800"}, "aws:MultiFactorAuthAge": {"60"},
			"aws:CalledVia": {"athena.amazonaws.com", "dynamodb.amazonaws.com"}, "aws:UserAgent": {"tool/*"},
			"kms:EncryptionContext:arn": {"arn:aws:logs:us-east-1:1:x"}, "kms:EncryptionContext:Twin": {"a"}, "kms:EncryptionContext:twin": {"b"},
		},
	}
}

// policyOf returns the policy of a text that the test made itself.
func policyOf(text []byte) *policy.Policy {
	p, err := policy.ParseStrict(text)
	if err != nil {
		panic(fmt.Sprintf("%v\n%s", err, text))
	}
	return p
}

func TestAllowsConditions(t *testing.T) {
	rows := []struct {
		operator, key, value string
		want                 Answer
	}{
		{"StringEquals", "AWS:principaltag/TEAM", `"blue"`, Yes},
		{"StringEquals", "aws:PrincipalTag/team", `["red","blue"]`, Yes},
		{"StringEquals", "aws:PrincipalTag/team", `"Blue"`, No},
		{"StringEqualsIgnoreCase", "aws:PrincipalTag/team", `"BLUE"`, Yes},
		{"StringNotEquals", "aws:PrincipalTag/team", `["red","blue"]`, No},
		{"StringNotEquals", "aws:PrincipalTag/team", `["red","green"]`, Yes},
		{"StringEquals", "aws:PrincipalTag/team", `"b*"`, No},
		{"StringLike", "aws:PrincipalTag/team", `"b*"`, Yes},
		{"StringLike", "aws:PrincipalTag/team", `"b?ue"`, Yes},
		{"StringLike", "aws:PrincipalTag/team", `"b?e"`, No},
		{"StringLike", "aws:PrincipalTag/empty", `"*"`, Yes},
		{"StringLike", "aws:PrincipalTag/empty", `"?"`, No},
		{"stringlike", "aws:PrincipalTag/team", `"b*"`, Maybe},
		{"stringlike", "aws:PrincipalTag/team", `"c*"`, No},

		{"StringEquals", "aws:PrincipalTag/none", `"x"`, No},
		{"StringNotEquals", "aws:PrincipalTag/none", `"x"`, Yes},
		{"StringEqualsIfExists", "aws:PrincipalTag/none", `"x"`, Yes},
		{"StringEqualsIfExists", "aws:PrincipalTag/team", `"x"`, No},
		{"ForAllValues:StringEquals", "aws:PrincipalTag/none", `"x"`, Yes},
		{"ForAnyValue:StringEquals", "aws:PrincipalTag/none", `"x"`, No},
		{"ForAnyValue:StringNotEquals", "aws:PrincipalTag/none", `"x"`, No},
		{"ForAnyValue:StringEqualsIfExists", "aws:PrincipalTag/none", `"x"`, Maybe},
		{"ForAllValues:StringEquals", "aws:PrincipalTag/empty", `"x"`, Maybe},

		{"ForAllValues:StringLike", "aws:CalledVia", `"*.amazonaws.com"`, Yes},
		{"ForAllValues:StringEquals", "aws:CalledVia", `"athena.amazonaws.com"`, No},
		{"ForAnyValue:StringEquals", "aws:CalledVia", `"athena.amazonaws.com"`, Yes},
		{"ForAllValues:StringNotEquals", "aws:CalledVia", `"athena.amazonaws.com"`, No},
		{"ForAnyValue:StringNotEquals", "aws:CalledVia", `"athena.amazonaws.com"`, Yes},
		{"StringEquals", "aws:CalledVia", `"athena.amazonaws.com"`, Maybe},
		{"StringEquals", "aws:CalledVia", `"x.amazonaws.com"`, No},
		{"StringNotEquals", "aws:CalledVia", `"x.amazonaws.com"`, Maybe},
		{"StringNotEquals", "aws:SourceOrgPaths", `"x"`, Maybe},
		{"StringEquals", "aws:SourceOrgPaths", `"x"`, No},

		{"StringEquals", "aws:PrincipalTag/team", `[]`, No},
		{"StringNotEquals", "aws:PrincipalTag/team", `[]`, Maybe},
		{"StringEqualsIfExists", "aws:PrincipalTag/none", `[]`, Yes},
		{"ForAllValues:StringEquals", "aws:PrincipalTag/none", `[]`, Yes},
		{"ForAllValues:StringEquals", "aws:PrincipalTag/team", `[]`, No},

		{"Null", "aws:PrincipalTag/none", `"true"`, Yes},
		{"Null", "aws:PrincipalTag/none", `false`, No},
		{"Null", "aws:PrincipalTag/team", `"false"`, Yes},
		{"Null", "aws:PrincipalTag/team", `["true","false"]`, Yes},
		{"Null", "aws:PrincipalTag/team", `"FALSE"`, Maybe},
		{"Null", "aws:PrincipalTag/team", `"TRUE"`, No},
		{"ForAllValues:Null", "aws:PrincipalTag/team", `"false"`, Yes},
		{"ForAllValues:Null", "aws:PrincipalTag/team", `"true"`, Maybe},
		{"ForAnyValue:Null", "aws:PrincipalTag/team", `"false"`, Maybe},
		{"ForAnyValue:Null", "aws:PrincipalTag/team", `"true"`, No},

		{"Bool", "aws:SecureTransport", `true`, Yes},
		{"Bool", "aws:SecureTransport", `"TRUE"`, Yes},
		{"Bool", "aws:SecureTransport", `"yes"`, No},
		{"Bool", "aws:SecureTransport", `"${aws:PrincipalTag/team}"`, Maybe},
		{"StringEquals", "aws:SecureTransport", `"true"`, Maybe},
		{"NumericEquals", "aws:PrincipalAccount", `"444455556666"`, Maybe},
		{"NumericNotEquals", "aws:PrincipalTag/none", `"1"`, Maybe},
		{"BinaryEquals", "aws:PrincipalTag/team", `"Ymx1ZQ=="`, Maybe},

		{"NumericLessThan", "aws:MultiFactorAuthAge", `"60.5"`, Yes},
		{"NumericLessThan", "aws:MultiFactorAuthAge", `60`, No},
		{"NumericLessThanEquals", "aws:MultiFactorAuthAge", `6e1`, Yes},
		{"NumericNotEquals", "aws:MultiFactorAuthAge", `60.0`, No},
		{"NumericGreaterThanEquals", "aws:MultiFactorAuthAge", `["100","60"]`, Yes},
		{"NumericGreaterThan", "aws:EpochTime", `"1788220799"`, Yes},
		{"DateEquals", "aws:EpochTime", `"2026-09-01"`, Yes},
		{"DateLessThan", "aws:CurrentTime", `"1788220801"`, Yes},
		{"DateLessThan", "aws:CurrentTime", `"2027"`, Maybe},
		{"DateLessThan", "aws:CurrentTime", `"2020"`, No},
		{"DateGreaterThan", "aws:CurrentTime", `"2020"`, Yes},
		{"DateNotEquals", "aws:CurrentTime", `"2026-09-01T02:00:00+02:00"`, No},
		{"DateGreaterThanEquals", "aws:TokenIssueTime", `"2026-08-31T23:00:00.000Z"`, Yes},

		{"IpAddress", "aws:SourceIp", `"203.0.113.0/24"`, Yes},
		{"IpAddress", "aws:SourceIp", `"203.0.113.77/24"`, Yes},
		{"IpAddress", "aws:SourceIp", `["2001:db8::/32","0.0.0.0/0"]`, Yes},
		{"IpAddress", "aws:SourceIp", `"::/0"`, No},
		{"NotIpAddress", "aws:SourceIp", `"::/0"`, Yes},
		{"IpAddress", "aws:SourceIp", `"::ffff:203.0.113.0/120"`, Maybe},

		{"ArnLike", "aws:PrincipalArn", `"arn:aws:iam::*:role/*"`, Yes},
		{"ArnEquals", "aws:PrincipalArn", `"arn:*:iam::4444*:role/app/?eploy"`, Yes},
		{"ArnLike", "aws:PrincipalArn", `"arn:aws:iam::*:Deploy"`, No},
		{"ArnLike", "aws:PrincipalArn", `"arn:aws:*:role/*"`, Maybe},
		{"ArnLike", "aws:PrincipalArn", `"*"`, Maybe},
		{"ArnNotLike", "aws:PrincipalArn", `"*"`, Maybe},
		{"ArnLike", "aws:PrincipalArn", `"user"`, No},
		{"StringLike", "aws:PrincipalArn", `"arn:aws:*Deploy"`, Yes},
		{"ArnLike", "aws:PrincipalTag/team", `"arn:aws:iam::*:role/*"`, Maybe},
		{"ArnLike", "kms:EncryptionContext:ARN", `"arn:aws:logs:*:*:*"`, Yes},

		{"StringEquals", "aws:userid", `"${aws:PrincipalTag/id, 'AROAEXAMPLEROLE000001'}:ci"`, Yes},
		{"StringEquals", "aws:PrincipalTag/team", `"${aws:PrincipalTag/TEAM}"`, Yes},
		{"StringEquals", "aws:PrincipalTag/team", `"${aws:PrincipalTag/none}"`, No},
		{"StringNotEquals", "aws:PrincipalTag/team", `"${aws:PrincipalTag/none}"`, Maybe},
		{"StringNotEquals", "aws:PrincipalTag/team", `["${aws:PrincipalTag/none}","blue"]`, No},
		{"StringEquals", "aws:PrincipalTag/team", `"${aws:CalledVia}"`, No},
		{"StringEquals", "aws:PrincipalTag/team", `"${aws:PrincipalTag/none,'blue'}"`, Maybe},
		{"StringEquals", "aws:PrincipalTag/team", `"${ aws:PrincipalTag/team }"`, Maybe},
		{"StringEquals", "aws:PrincipalTag/team", `"${aws:PrincipalTag/team"`, Maybe},
		{"StringLike", "aws:UserAgent", `"tool/${*}"`, Yes},
		{"StringLike", "aws:PrincipalTag/team", `"${*}"`, No},
		{"StringEquals", "aws:UserAgent", `"tool/${*}"`, Yes},
		{"StringLike", "aws:UserAgent", `"${aws:UserAgent}"`, Yes},
		{"StringLike", "aws:PrincipalTag/team", `"blu${aws:PrincipalTag/none, '?'}"`, Maybe},
		{"ArnLike", "kms:EncryptionContext:arn", `"${kms:EncryptionContext:arn}"`, Maybe},
		{"ArnLike", "aws:PrincipalArn", `"arn:aws:iam::${aws:PrincipalAccount}:role/app/*"`, Yes},

		{"StringEquals", "kms:EncryptionContext:twin", `"a"`, Maybe},
		{"StringEquals", "kms:EncryptionContext:TWIN", `["a","b"]`, Yes},
		{"StringEquals", "kms:EncryptionContext:twin", `"c"`, No},
		{"StringEquals", "x:unknown", `"c"`, No},
		{"StringNotEquals", "x:unknown", `"c"`, Yes},
	}
	for _, row := range rows {
		p := policyOf([]byte(policytest.StatementText(policytest.Condition(row.operator, row.key, row.value))))
		if got := Allows(p, roleRequest()); got != row.want {
			t.Errorf("%s %s %s: Allows = %v, want %v", row.operator, row.key, row.value, got, row.want)
		}
	}
}

func TestAllowsElements(t *testing.T) {
	aws := func(entries ...string) string { return `{"AWS":["` + strings.Join(entries, `","`) + `"]}` }
	const root, role, session, id = "arn:aws:iam::444455556666:root", "arn:aws:iam::444455556666:role/app/Deploy", "arn:aws:sts::444455556666:assumed-role/Deploy/ci", "AROAEXAMPLEROLE000001"
	rows := []struct {
		member string
		want   Answer
	}{
		{`"Principal":"*"`, Yes},
		{`"Principal":` + aws("444455556666"), Yes},
		{`"Principal":` + aws(root), Yes},
		{`"Principal":` + aws("arn:aws-cn:iam::444455556666:root"), No},
		{`"Principal":` + aws("111122223333", role), Yes},
		{`"Principal":` + aws("arn:aws:iam::444455556666:role/Deploy"), No},
		{`"Principal":` + aws(session), Yes},
		{`"Principal":` + aws("arn:aws:sts::444455556666:assumed-role/Deploy/CI"), No},
		{`"Principal":` + aws(id), Yes},
		{`"Principal":` + aws("AROAEXAMPLEROLE000002"), No},
		{`"Principal":` + aws("AIDAEXAMPLEROLE000001"), No},
		{`"Principal":{"Service":"s3.amazonaws.com"}`, No},
		{`"Principal":{"Federated":"accounts.google.com"}`, No},
		{`"Principal":{"CanonicalUser":"79a59df900b949e55d96a1e698fbaced"}`, No},
		{`"Principal":{"Federated":"444455556666"}`, No},

		{`"Action":"KMS:eNCRYPT"`, Yes},
		{`"Action":"kms:*ncrypt*"`, Yes},
		{`"Action":"**"`, Yes},
		{`"Action":"kms:Encrypt?"`, No},
		{`"Action":"Encrypt"`, No},
		{`"Action":"kms*"`, Maybe},
		{`"Action":"k?s:Encrypt"`, Maybe},
		{`"Action":" kms:Encrypt"`, Maybe},
		{`"Action":["kms:Decrypt","s3:*"]`, No},

		{`"Resource":"arn:aws:kms:us-east-1:111122223333:key/*"`, Yes},
		{`"Resource":"arn:aws:kms:*:111122223333:*"`, Yes},
		{`"Resource":"arn:aws:kms:*"`, Maybe},
		{`"Resource":"arn:aws:kms:eu-west-1:111122223333:key/*"`, No},
		{`"Resource":"1234abcd-12ab-34cd-56ef-1234567890ab"`, No},
		{`"Resource":"arn:aws:kms:us-east-1:111122223333:key/${aws:PrincipalTag/key, '*'}"`, Maybe},
		{`"Resource":"arn:aws:kms:us-east-1:${aws:PrincipalTag/a, '111122223333'}:key/*"`, Maybe},
		{`"Resource":"arn:aws:kms:us-east-1:${aws:PrincipalTag/a, '1'}:key/*"`, No},
	}
	for _, row := range rows {
		p := policyOf([]byte(policytest.StatementText(row.member)))
		if got := Allows(p, roleRequest()); got != row.want {
			t.Errorf("%s: Allows = %v, want %v", row.member, got, row.want)
		}
	}
	nots := []struct {
		entries string
		want    Answer
	}{
		{aws("111122223333"), No},
		{aws("444455556666"), Maybe},
		{aws(role), Maybe},
		{aws("444455556666", role), Maybe},
		{aws(role, session), Maybe},
		{aws(root, role, session), Yes},
		{aws(root, id, session), Yes},
		{`"*"`, Yes},
		{`{"Service":"s3.amazonaws.com"}`, No},
	}
	for _, row := range nots {
		text := `{"Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"},{"Effect":"Deny","NotPrincipal":` + row.entries + `,"Action":"kms:*","Resource":"*"}]}`
		if got := Allows(policyOf([]byte(text)), roleRequest()); got != row.want {
			t.Errorf("Deny NotPrincipal %s: Allows = %v, want %v", row.entries, got, row.want)
		}
	}
}

// TestAllowsCallers: who may use what, whatever the statements say.
func TestAllowsCallers(t *testing.T) {
	open := policyOf([]byte(policytest.StatementText(`"Action":"*"`)))
	outsider := roleRequest()
	owner := roleRequest()
	owner.Principal, owner.Session = "arn:aws:iam::111122223333:role/Admin", ""
	service := Request{Service: "cloudtrail.amazonaws.com", Resource: outsider.Resource, Time: outsider.Time}
	unknown := outsider
	unknown.Resource = ""
	rows := []struct {
		who    string
		r      Request
		action string
		want   Answer
	}{
		{"outsider", outsider, "kms:Encrypt", Yes},
		{"outsider", outsider, "kms:PutKeyPolicy", No},
		{"outsider", outsider, "kms:GetKeyRotationStatus", Yes},
		{"outsider", outsider, "kms:CreateKey", No},
		{"outsider", outsider, "kms:RetireGrant", No},
		{"outsider", outsider, "s3:GetObject", No},
		{"outsider", outsider, "Encrypt", No},
		{"owner", owner, "kms:PutKeyPolicy", Yes},
		{"owner", owner, "kms:CreateKey", No},
		{"service", service, "kms:Encrypt", Yes},
		{"outsider of an unknown key", unknown, "kms:Encrypt", Yes},
		{"outsider of an unknown key", unknown, "kms:PutKeyPolicy", Maybe},
		{"nobody", Request{}, "", No},
	}
	for _, row := range rows {
		row.r.Action = row.action
		if got := Allows(open, row.r); got != row.want {
			t.Errorf("%s, %q: Allows = %v, want %v", row.who, row.action, got, row.want)
		}
	}
	outsider.UniqueID = ""
	byID := policyOf([]byte(policytest.StatementText(`"Principal":{"AWS":"AROAEXAMPLEROLE000001"}`)))
	if got := Allows(byID, outsider); got != Maybe {
		t.Errorf("unique id not known: Allows = %v, want maybe", got)
	}
	if got := Allows(new(policy.Policy), roleRequest()); got != No {
		t.Errorf("the zero Policy: Allows = %v, want no", got)
	}
}

// TestAllowsFederated: what names a user covers the user's federated sessions.
func TestAllowsFederated(t *testing.T) {
	r := roleRequest()
	r.Principal = "arn:aws:sts::444455556666:federated-user/fed"
	r.Session, r.Parent, r.UniqueID = r.Principal, "arn:aws:iam::444455556666:user/bob", ""
	for entry, want := range map[string]Answer{
		"arn:aws:iam::444455556666:user/bob": Yes, "arn:aws:sts::444455556666:federated-user/fed": Yes, "444455556666": Yes,
		"arn:aws:iam::444455556666:user/eve": No, "arn:aws:sts::444455556666:federated-user/bob": No, "AIDAEXAMPLEUSER000001": Maybe,
	} {
		p := policyOf([]byte(policytest.StatementText(fmt.Sprintf(`"Principal":{"AWS":%q}`, entry))))
		if got := Allows(p, r); got != want {
			t.Errorf("Principal %s: Allows = %v, want %v", entry, got, want)
		}
	}
}

// TestAllowsLeavesRequest: evaluating does not change what it is given, so that
// one request can be asked about many times.
func TestAllowsLeavesRequest(t *testing.T) {
	p := policyOf(policytest.Large(1 << 15))
	r := roleRequest()
	before := maps.Clone(r.Context)
	for range 3 {
		if got := Allows(p, r); got != Yes && got != No {
			t.Errorf("Allows = %v for a policy without open questions", got)
		}
	}
	if fmt.Sprint(before) != fmt.Sprint(r.Context) {
		t.Error("Allows changed the request's context")
	}
}

// TestAllowsPathsLikeARNs: a path can hold anything, also what looks like the
// ARN of another kind of principal; see
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html.
func TestAllowsPathsLikeARNs(t *testing.T) {
	user := Request{
		Principal: "arn:aws:iam::444455556666:user/arn:aws:iam::444455556666:role/:root/mallory", UniqueID: "AIDA1111111111EXAMPLE",
		Action: "kms:Encrypt", Resource: roleRequest().Resource, Time: roleRequest().Time,
	}
	for _, row := range []struct {
		principal string
		want      Answer
	}{
		{"AIDA1111111111EXAMPLE", Yes},
		{"AIDA2222222222EXAMPLE", No},
		{"AROA1111111111EXAMPLE", No},
		{"arn:aws:iam::444455556666:root", Yes},
		{user.Principal, Yes},
	} {
		p := policyOf([]byte(policytest.StatementText(fmt.Sprintf(`"Principal":{"AWS":%q}`, row.principal))))
		if got := Allows(p, user); got != row.want {
			t.Errorf("%s: Allows = %v, want %v", row.principal, got, row.want)
		}
	}
}
