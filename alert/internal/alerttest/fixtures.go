package alerttest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/kmsentry/kmsentry/alert/words"
	"github.com/kmsentry/kmsentry/detector"
	"github.com/kmsentry/kmsentry/detector/policy/decide"
	"github.com/kmsentry/kmsentry/detector/policy/evaluate"
	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
)

// At is the time of the fixtures' calls; that of Options is 4 seconds later.
var At = time.Date(2026, 11, 23, 3, 14, 15, 0, time.UTC)

// Options returns a plain set of options.
func Options() words.Options {
	return words.Options{Now: At.Add(4 * time.Second), Version: "v0.0.0"}
}

// The key of the fixtures, its policy, and the repaired policy.
const (
	KeyInUSWest = "arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
	openStmt    = "{\n      \"Sid\": \"Open\",\n      \"Effect\": \"Allow\",\n      \"Principal\": {\"AWS\": \"*\"},\n      \"Action\": \"kms:Encrypt\",\n      \"Resource\": \"*\"\n    }"
	OpenPolicy  = "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n    " + openStmt + "\n  ]\n}"
	FixedPolicy = "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n    {\n      \"Effect\": \"Allow\",\n      \"Principal\": {\n        \"AWS\": \"arn:aws:iam::111122223333:root\"\n      },\n      \"Action\": \"kms:*\",\n      \"Resource\": \"*\"\n    }\n  ]\n}"
	sha         = "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef"
)

// PublicFinding returns the simplest finding: a role opened a key to everyone.
func PublicFinding() *detector.Finding {
	return &detector.Finding{
		UID: strings.Repeat("0f1e2d3c", 8), Verdict: decide.Public, Severity: detector.Critical,
		Title: "Anyone in AWS can encrypt with this KMS key",
		Event: detector.Event{
			ID: "f09518ac-5ae5-4214-80ee-4f23ccdedd4c", RequestID: "3356af25-a237-471f-ba5e-abb37d4a256f", Name: "PutKeyPolicy",
			Source: "kms.amazonaws.com", Version: "1.11", APIVersion: "2014-11-01", Time: At, Region: "us-west-2", Account: "111122223333", Outcome: detector.Accepted,
		},
		Key: detector.Key{ARN: KeyInUSWest, ID: "1234abcd-12ab-34cd-56ef-1234567890ab", Account: "111122223333", Region: "us-west-2", Partition: "aws"},
		Actor: detector.Actor{
			Type: "AssumedRole", ARN: "arn:aws:sts::111122223333:assumed-role/okta_adm_role/jane@example.com",
			PrincipalID: "AROADBQP57FF2AEXAMPLE:jane@example.com", Name: "jane@example.com", Role: "okta_adm_role",
			RoleARN: "arn:aws:iam::111122223333:role/okta_adm_role", Account: "111122223333", AccessKeyID: "ASIAIOSFODNN7EXAMPLE",
			MFA: detector.MFANo, MFANote: "federated, ask your identity provider", SessionStart: At.Add(-time.Hour), Federated: true,
		},
		Source:   detector.Source{Address: "198.51.100.9", IsIP: true, UserAgent: "aws-cli/2.31.9 md/awscrt#0.27.6 command/kms.put-key-policy"},
		Policy:   detector.PolicyText{Text: OpenPolicy, SHA256: sha},
		Repaired: FixedPolicy,
		Decision: decide.Decision{Verdict: decide.Public, Grants: []decide.Grant{{
			Class: kmsapi.ClassEncrypt, Action: "kms:Encrypt", Audience: decide.Public, Statements: []decide.StatementRef{{Index: 0, Sid: "Open"}},
			Witness: evaluate.Request{Principal: "arn:aws:iam::999988887777:role/stranger", Action: "kms:Encrypt", Resource: KeyInUSWest, Time: At, Context: map[string][]string{}},
			Why:     []string{`Statement 1 "Open" allows kms:Encrypt to every AWS principal and has no condition.`},
		}}},
		Statements: []detector.Statement{{Index: 0, Count: 1, Sid: "Open", Effect: "Allow", Principal: `"Principal":{"AWS":"*"}`, Action: `"Action":"kms:Encrypt"`, Text: openStmt}},
		Splunk: detector.Splunk{
			Signature: "PutKeyPolicy", Dest: "kms.amazonaws.com", User: "jane@example.com", UserAgent: "aws-cli/2.31.9", Src: "198.51.100.9",
			VendorAccount: "111122223333", VendorRegion: "us-west-2", VendorProduct: "AWS CloudTrail",
			Rows:      []detector.SplunkRow{{KeyPolicyAction: "kms:Encrypt", KeyPolicyPrincipal: "*", Count: 1}},
			FirstTime: At, LastTime: At, RiskScore: 50, SeedSeverity: "medium", WouldAlertLiteral: true, WouldAlertWildcard: true,
		},
	}
}

// Findings returns the fixtures by name.
func Findings() map[string]*detector.Finding {
	all := map[string]*detector.Finding{"public": PublicFinding(), "zero": {}}
	add := func(name string, edit func(*detector.Finding)) {
		f := PublicFinding()
		edit(f)
		all[name] = f
	}
	verdicts(add)
	records(add)
	callers(add)
	all["hostile"] = HostileFinding()
	hostile := HostileFinding() // whose record does not hold the policy
	hostile.Policy = detector.PolicyText{Missing: Attack}
	all["hostile-missing"] = hostile
	all["huge"] = HugeFinding()
	return all
}

// An adder adds a fixture that is an edited copy of the public finding.
type adder func(name string, edit func(*detector.Finding))

// verdicts adds a fixture for each verdict, and for policies that cannot be read.
func verdicts(change adder) {
	change("network", func(f *detector.Finding) {
		f.Verdict, f.Severity, f.Title = decide.Network, detector.Medium, "Anyone on a named network can encrypt with this KMS key"
		g := &f.Decision.Grants[0]
		g.Audience, g.Named = decide.Network, []string{"203.0.113.0/24", "vpce-0a1b2c3d4e5f67890"}
		g.Witness.Context = map[string][]string{"aws:SourceIp": {"203.0.113.0"}, "aws:PrincipalAccount": {"999988887777"}}
		g.Why = []string{"Statement 1 \"Open\" allows kms:Encrypt to every AWS principal; `IpAddress aws:SourceIp` keeps out all but 203.0.113.0/24."}
	})
	change("shared", func(f *detector.Finding) {
		f.Verdict, f.Severity, f.Title = decide.Shared, detector.Low, "A named outside account can encrypt with this KMS key"
		g := &f.Decision.Grants[0]
		g.Audience, g.Named, f.Repaired = decide.Shared, []string{"444455556666"}, ""
		f.Decision.Flags = []decide.Flag{decide.FlagKeyDependent}
	})
	change("undecided", func(f *detector.Finding) {
		f.Verdict, f.Severity, f.Title, f.Repaired = decide.Undecided, detector.Medium, "This key policy could not be decided", ""
		f.Decision = decide.Decision{Undecided: []decide.Doubt{{Statement: decide.StatementRef{Index: 0, Sid: "Odd"}, Reason: "ArnLike with a bare * is not documented"}}, Flags: []decide.Flag{decide.FlagAmbiguous}}
	})
	change("unparsed", func(f *detector.Finding) {
		f.Verdict, f.Severity, f.Title, f.Repaired = decide.Undecided, detector.Medium, "This key policy could not be read", ""
		f.Decision, f.Statements = decide.Decision{}, nil
		f.Problem = `key policy: Statement[0].Principal: expected one Principal, found another (byte 71)`
	})
	change("unread-in-part", func(f *detector.Finding) {
		f.Unreadable = []string{`line 9: Statement[1].Principal.AWS: expected "*", an account id, a unique id, or the ARN of an account root, user, role or session, found "44445555666" (byte 241)`}
	})
	change("later", func(f *detector.Finding) {
		f.Verdict, f.Severity, f.Title = decide.Private, detector.Medium, "This KMS key opens to anyone in AWS on 2027-01-01 00:00:00 UTC"
		f.Decision = decide.Decision{Verdict: decide.Private, Future: &decide.Exposure{At: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC), Verdict: decide.Public}, Flags: []decide.Flag{decide.FlagFutureExposure}}
	})
}

// records adds fixtures for what a record may say about the call and the key.
func records(change adder) {
	change("attempted", func(f *detector.Finding) {
		f.Attempted, f.Severity, f.Title = true, detector.Low, "Refused attempt to open a KMS key to anyone in AWS"
		f.Event.Outcome, f.Event.ErrorCode, f.Event.ErrorMessage = detector.Refused, "AccessDenied", "User: arn:aws:sts::111122223333:assumed-role/okta_adm_role/jane@example.com is not authorized to perform: kms:PutKeyPolicy"
	})
	change("china", func(f *detector.Finding) {
		f.Key = detector.Key{ARN: "arn:aws-cn:kms:cn-north-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab", ID: "1234abcd-12ab-34cd-56ef-1234567890ab", Account: "111122223333", Region: "cn-north-1", Partition: "aws-cn"}
		f.Event.Region = "cn-north-1"
	})
	change("gov", func(f *detector.Finding) {
		f.Key = detector.Key{ARN: "arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab", ID: "mrk-1234abcd12ab34cd56ef1234567890ab", Account: "111122223333", Region: "us-gov-west-1", Partition: "aws-us-gov"}
		f.Event.Region = "us-gov-west-1"
	})
	change("key-unknown", func(f *detector.Finding) {
		f.Key = detector.Key{ID: "alias/payroll", Alias: "alias/payroll", Account: "111122223333", Region: "us-west-2", Partition: "aws", Note: "The request named the key by an alias; the record does not say which key that was."}
	})
	change("policy-missing", func(f *detector.Finding) {
		f.Verdict, f.Severity, f.Title, f.Repaired = decide.Undecided, detector.Medium, "The new policy of this KMS key is not in the record", ""
		f.Decision, f.Statements, f.Policy = decide.Decision{}, nil, detector.PolicyText{Missing: `CloudTrail left the request parameters out ("requestParameters too large")`}
		f.Problem = "it is not in the record: " + f.Policy.Missing
	})
	change("key-elsewhere", func(f *detector.Finding) {
		f.Event.Account, f.Actor.Account = "777788889999", "777788889999"
	})
	change("outcome-unknown", func(f *detector.Finding) {
		f.Title += ", if the call took effect"
		f.Event.Outcome, f.Event.ErrorCode, f.Event.ErrorMessage = detector.OutcomeUnknown, "DependencyTimeoutException", "The system timed out while trying to fulfill the request."
	})
}

// callers adds fixtures for different callers.
func callers(change adder) {
	change("user-with-long-term-key", func(f *detector.Finding) {
		f.Actor = detector.Actor{
			Type: "IAMUser", ARN: "arn:aws:iam::111122223333:user/build", PrincipalID: "AIDACKCEVSQ6C2EXAMPLE", Name: "build", Account: "111122223333",
			AccessKeyID: "AKIAIOSFODNN7EXAMPLE", LongTermKey: true, MFA: detector.MFANotApplicable, MFANote: "a long-term access key, which is used without MFA",
		}
	})
	change("service", func(f *detector.Finding) {
		f.Actor = detector.Actor{Type: "AWSService", Name: "config.amazonaws.com", InvokedBy: "config.amazonaws.com", MFA: detector.MFANotApplicable, MFANote: "an AWS service"}
		f.Source = detector.Source{Address: "config.amazonaws.com", UserAgent: "config.amazonaws.com"}
	})
	change("root", func(f *detector.Finding) {
		f.Actor = detector.Actor{Type: "Root", ARN: "arn:aws:iam::111122223333:root", PrincipalID: "111122223333", Name: "root", Account: "111122223333", MFA: detector.MFAYes}
		f.Event.Bypass = true
	})
}

// Attack is text that tries to escape every channel at once.
const Attack = "x\r\nVerdict: private\nWho: nobody\u2028Severity: none \x1b]0;owned\x07\x1b[31mred\x1b[0m <!channel> <@U012AB3CD> <!subteam^S012AB3CD> </script><img src=x onerror=alert(1)> " +
	"```code``` *b* _i_ ~s~ :emoji: &lt;b&gt; \u202egnp.exe\u2066\u200b\u200e\u061c\ufeff\U000e0041\ufe0f $(reboot) `id` https://evil.example/login \xff\xfe e\u0301\u0302\u0303\u0304\u0305 \u3164 {{x}} ${y} ' OR 1=1 -- \u0085 \u009b2J"

// HostileFinding returns a finding with Attack in every field from the record.
func HostileFinding() *detector.Finding {
	f := PublicFinding()
	Fill(f, Attack)
	return f
}

// HugeFinding returns a finding with at least as much of everything as AWS accepts.
func HugeFinding() *detector.Finding {
	f := PublicFinding()
	f.Policy.Text = `{"Statement":[` + strings.Repeat(`{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*"},`, 500) + `{}]}`
	f.Repaired = f.Policy.Text
	f.Source.UserAgent = strings.Repeat("Mozilla/5.0 ", 170)
	for i := range 60 {
		s := f.Statements[0]
		s.Index, s.Count, s.Sid, s.Text = i, 60, fmt.Sprintf("S%d", i), `{"Sid":"`+strings.Repeat("s", 400)+`"}`
		f.Statements = append(f.Statements, s)
		g := f.Decision.Grants[0]
		g.Why = []string{strings.Repeat("because ", 60)}
		f.Decision.Grants = append(f.Decision.Grants, g)
	}
	return f
}

// Fill sets every string in f that an event can determine to s.
func Fill(f *detector.Finding, s string) {
	f.Title = s
	f.Event.ID, f.Event.RequestID, f.Event.Name, f.Event.Source, f.Event.APIVersion = s, s, s, s, s
	f.Event.Region, f.Event.Account, f.Event.ErrorCode, f.Event.ErrorMessage = s, s, s, s
	f.Notes = []string{s, s}
	f.Key = detector.Key{ARN: s, ID: s, Account: s, Region: s, Partition: s, Alias: s, PrimaryARN: s, Spec: s, Usage: s, Origin: s, CustomKeyStore: s, ExternalKey: s, Note: s}
	a := &f.Actor
	a.InScopeOf = detector.Scope{IssuerType: s, IssuedTo: s, SourceARN: s, SourceAccount: s}
	a.OnBehalfOf = detector.IdentityCenterUser{UserID: s, StoreARN: s}
	a.Broker, a.EC2RoleDelivery, a.SourceIdentity, a.FederatedProvider = s, s, s, s
	a.Type, a.ARN, a.PrincipalID, a.Name, a.Role, a.RoleARN, a.Account, a.AccessKeyID, a.MFANote, a.InvokedBy = s, s, s, s, s, s, s, s, s, s
	f.Source = detector.Source{Address: s, UserAgent: s, VPCEndpoint: s}
	f.Policy.Text, f.Policy.Missing, f.Problem, f.Repaired = s, "", s, s
	st := &f.Statements[0]
	st.Sid, st.Effect, st.Principal, st.Action, st.Condition, st.Text = s, s, s, s, s, s
	g := &f.Decision.Grants[0]
	g.Action, g.Named, g.Why = s, []string{s, s}, []string{s, s}
	g.Statements = []decide.StatementRef{{Index: 0, Sid: s}}
	g.Witness = evaluate.Request{Principal: s, Session: s, UniqueID: s, Parent: s, Service: s, Action: s, Resource: s, Context: map[string][]string{s: {s, s}}}
	f.Decision.Others = []decide.Grant{{Action: s, Audience: decide.Public}}
	f.Decision.Services = []decide.ServiceGrant{{Service: s, Statement: decide.StatementRef{Sid: s}, ConfusedDeputy: true}}
	f.Decision.Undecided = []decide.Doubt{{Statement: decide.StatementRef{Index: -1, Sid: s}, Reason: s}}
	f.Decision.Flags = []decide.Flag{decide.Flag(s)}
	p := &f.Splunk
	p.Signature, p.Dest, p.User, p.UserAgent, p.Src, p.VendorAccount, p.VendorRegion = s, s, s, s, s, s, s
	p.Rows = []detector.SplunkRow{{KeyPolicyAction: s, KeyPolicyPrincipal: s, Count: 1}}
}

// EachFinding runs a subtest for every fixture.
func EachFinding(t *testing.T, test func(*testing.T, *detector.Finding)) {
	t.Helper()
	for name, f := range Findings() {
		t.Run(name, func(t *testing.T) { test(t, f) })
	}
}
