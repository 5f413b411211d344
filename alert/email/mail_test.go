package email

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/kmsentry/kmsentry/alert/exceptions"
	"github.com/kmsentry/kmsentry/alert/internal/alerttest"
	"github.com/kmsentry/kmsentry/alert/internal/wrap"
	"github.com/kmsentry/kmsentry/alert/words"
	"github.com/kmsentry/kmsentry/detector"
	"github.com/kmsentry/kmsentry/detector/policy/decide"
	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
)

// written returns the mail about f.
func written(t *testing.T, f *detector.Finding, o words.Options) string {
	t.Helper()
	text, err := Compose(f, o)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// The first 40 lines of every mail are enough to act on.
func TestEmailFirstLines(t *testing.T) {
	eachMail(t, func(t *testing.T, f *detector.Finding, o words.Options) {
		alerttest.CheckFirstLines(t, written(t, f, o), f)
	})
}

func TestEmailLines(t *testing.T) {
	eachMail(t, func(t *testing.T, f *detector.Finding, o words.Options) {
		lines := strings.Split(written(t, f, o), "\n")
		for i, line := range lines {
			if !alerttest.IsMailLine(line) {
				t.Errorf("line %d = %q: not one of ours", i+1, line)
			}
			if r, bad := alerttest.UnsafeRune(line); bad {
				t.Errorf("line %d = %q holds %U", i+1, line, r)
			}
			if wrap.Width(line) > 72 && !strings.Contains(line, "arn:aws") && !strings.Contains(line, "https://") {
				t.Errorf("line %d has %d columns: %q", i+1, wrap.Width(line), line)
			}
			if strings.TrimRight(line, " ") != line {
				t.Errorf("line %d = %q ends in a space", i+1, line)
			}
			if text := strings.TrimLeft(line, " |"); strings.Contains(text, "  ") {
				t.Errorf("line %d = %q is aligned by spaces, which a proportional font undoes", i+1, line)
			}
		}
	})
}

// eachMail runs a test for every fixture and every finding of a sample event, with
// plain options and with options that add lines.
func eachMail(t *testing.T, test func(*testing.T, *detector.Finding, words.Options)) {
	t.Helper()
	all := alerttest.Findings()
	for _, path := range alerttest.EventFiles(t) {
		if f := alerttest.DetectFile(t, path).Finding; f != nil {
			all[strings.TrimSuffix(filepath.Base(path), ".json")] = f
		}
	}
	busy := alerttest.Options()
	busy.Test, busy.RunbookURL, busy.Expired = true, "https://wiki.example.com/kms", []string{"old-one", "older-one"}
	for name, f := range all {
		t.Run(name, func(t *testing.T) {
			test(t, f, alerttest.Options())
			test(t, f, busy)
		})
	}
}

func TestEmailFirstLinesOfHostileFinding(t *testing.T) {
	text := written(t, alerttest.HostileFinding(), alerttest.Options())
	alerttest.CheckFirstLines(t, text, alerttest.HostileFinding())
	if !strings.Contains(text, "\nMFA: no (") {
		t.Error("the mail does not say whether the caller had MFA")
	}
	for _, bad := range []string{"https://", "aws kms", "aws iam", "aws cloudtrail"} {
		if strings.Contains(text, bad) {
			t.Errorf("the mail holds %q, built from hostile values", bad)
		}
	}
}

func TestEmailSays(t *testing.T) {
	all := alerttest.Findings()
	test, expired, runbook := alerttest.Options(), alerttest.Options(), alerttest.Options()
	grantor, partner, template, links := alerttest.PublicFinding(), alerttest.PublicFinding(), alerttest.PublicFinding(), alerttest.PublicFinding()
	grantor.Decision.Grants = append(grantor.Decision.Grants, decide.Grant{Class: kmsapi.ClassEncrypt, Action: "kms:CreateGrant", Audience: decide.Public, Statements: grantor.Decision.Grants[0].Statements})
	partner.Decision.Grants = append(partner.Decision.Grants, decide.Grant{Class: kmsapi.ClassUse, Action: "kms:Decrypt", Audience: decide.Shared})
	mixed, unsure, worse, locked := alerttest.PublicFinding(), *all["shared"], *all["shared"], alerttest.PublicFinding()
	mixed.Decision.Grants = []decide.Grant{all["shared"].Decision.Grants[0], mixed.Decision.Grants[0]}
	mixed.Decision.Grants[1].Action, mixed.Decision.Grants[1].Witness.Action = "kms:GenerateDataKey", "kms:GenerateDataKey"
	unsure.Severity, unsure.Decision.Undecided = detector.Medium, all["undecided"].Decision.Undecided
	worse.Severity, worse.Decision.Future = detector.Medium, all["later"].Decision.Future
	locked.Decision.Owner = decide.Owner{Manage: decide.AccessNamed, ManageBlame: decide.Doubt{Reason: "r"}, Named: []string{"arn:aws:iam::111122223333:role/admin"}}
	template.Actor.Name, template.Actor.Role, template.Actor.InvokedBy = "AWSCloudFormation", "cfn-execution", "cloudformation.amazonaws.com"
	links.Source.UserAgent = "x https://evil.example/a.b WWW.evil.example"
	links.Statements[0].Text = `{"Sid": "https://evil.example WwW.evil.example"}`
	unnamed := *all["service"]
	unnamed.Actor.Name, unnamed.Actor.InvokedBy = "unknown", ""
	nameless := alerttest.PublicFinding()
	nameless.Key = detector.Key{Account: "111122223333", Region: "us-west-2", Partition: "aws"}
	test.Test, expired.Expired, runbook.RunbookURL = true, []string{"old-one"}, "https://wiki.example.com/kms"
	for name, c := range map[string]struct {
		f       *detector.Finding
		o       words.Options
		want    []string
		wantNot []string
	}{
		"public": {
			all["public"], alerttest.Options(),
			[]string{"CRITICAL (public): Anyone in AWS", "\nMFA: no (", "by PutKeyPolicy; in force", "aws kms get-key-policy", "aws kms put-key-policy", "aws kms disable-key", "--region us-west-2", "PROPOSED POLICY", "only you can decrypt", "SIGNED IN TO ACCOUNT 111122223333"},
			[]string{"deletion", "update-access-key"},
		},
		"refused": {
			all["attempted"], alerttest.Options(),
			[]string{"LOW (public): Refused attempt", "refused by AWS (AccessDenied), nothing changed", "Anyone in AWS could call kms:Encrypt", "See the policy in force, which this call did not change"},
			[]string{"put-key-policy --", "disable-key", "proposed", "PROPOSED POLICY", "deletion", "LAST RESORT"},
		},
		"undecided":                        {all["undecided"], alerttest.Options(), []string{"could not be decided: ArnLike", "Check by hand", "If it is open: put a policy that you trust in force"}, []string{"PROOF"}},
		"unreadable":                       {all["unparsed"], alerttest.Options(), []string{"could not be read", "Statement[0].Principal", "THE POLICY AS THE RECORD HAS IT", `"Sid": "Open"`, "kmsentry check \\ --key-arn " + alerttest.KeyInUSWest}, []string{"PROOF"}},
		"network":                          {all["network"], alerttest.Options(), []string{"203.0.113.0/24", "aws:SourceIp = 203.0.113.0", "will do, from that network"}, nil},
		"shared":                           {all["shared"], alerttest.Options(), []string{"Account 444455556666 can call", "If you do not know them: put a policy that you trust in force", "See the policies of the 90 days before the change", "--end-time 2026-11-23T03:14:14Z"}, []string{"PROPOSED POLICY"}},
		"china":                            {all["china"], alerttest.Options(), []string{"https://cn-north-1.console.amazonaws.cn/kms/home?region=cn-north-1#/kms/keys/1234abcd"}, []string{"aws.amazon.com"}},
		"gov":                              {all["gov"], alerttest.Options(), []string{"https://us-gov-west-1.console.amazonaws-us-gov.com/cloudtrailv2/", "#/kms/keys/mrk-1234"}, []string{"console.aws.amazon.com"}},
		"long-term":                        {all["user-with-long-term-key"], alerttest.Options(), []string{"MFA: not applicable (a long-term access key, which is used without MFA)", "aws iam update-access-key --user-name build", "(long-term)"}, nil},
		"service":                          {all["service"], alerttest.Options(), []string{"Who: config.amazonaws.com MFA: not applicable (an AWS service)", "From: config.amazonaws.com Key:", "Find out what made config.amazonaws.com do this"}, []string{"Not one of yours"}},
		"a service, it is not said which":  {&unnamed, alerttest.Options(), []string{"The call was made by an AWS service; the record does not say which. Find out what made it do this"}, []string{"made unknown", "Not one of yours"}},
		"root":                             {all["root"], alerttest.Options(), []string{"Who: the root user MFA: yes From:", "root password", "BypassPolicyLockoutSafetyCheck"}, nil},
		"alias only":                       {all["key-unknown"], alerttest.Options(), []string{"Note: The request named the key by an alias", "aws kms describe-key --region us-west-2 --key-id alias/payroll"}, []string{"put-key-policy --"}},
		"no ARN":                           {nameless, alerttest.Options(), []string{"no command here"}, []string{"aws kms"}},
		"later":                            {all["later"], alerttest.Options(), []string{"MEDIUM: This KMS key opens to anyone in AWS on 2027", "It opens by itself: from 2027-01-01 00:00:00 UTC on it is open to anyone in AWS"}, []string{"PROOF"}},
		"key in another account":           {all["key-elsewhere"], alerttest.Options(), []string{"Note: The key is in account 111122223333, the event in the trail of account 777788889999.", "DO NOW, SIGNED IN TO ACCOUNT 111122223333", "Event (the console must be signed in to 777788889999):", "Key (the console must be signed in to 111122223333):", "with this access key, signed in to account 777788889999:"}, nil},
		"grants":                           {grantor, alerttest.Options(), []string{"through grants that they create on it and that outlast the policy", "aws kms list-grants"}, nil},
		"decrypt for named outsiders only": {partner, alerttest.Options(), []string{"only you can decrypt"}, nil},
		"made by CloudFormation":           {template, alerttest.Options(), []string{"Who: cloudformation.amazonaws.com for AWSCloudFormation, role cfn-execution", "Correct the template as well, or the stack puts this policy back", "aws cloudformation describe-stack-resources --region us-west-2 \\ --physical-resource-id 1234abcd-", "--start-time 2026-11-23T02:14:15Z"}, []string{"Ask AWSCloudFormation"}},
		"worst first":                      {mixed, alerttest.Options(), []string{"stranger sends kms:GenerateDataKey for", "Anyone in AWS can call kms:GenerateDataKey"}, []string{"stranger sends\n  kms:Encrypt"}},
		"shared, more not ruled out":       {&unsure, alerttest.Options(), []string{"not ruled out that the policy lets in others as well", "nobody answers: put"}, []string{"If you do not know them:"}},
		"shared, public later":             {&worse, alerttest.Options(), []string{"other people's data. It opens further by itself: from 2027-01-01 00:00:00 UTC on it is open to anyone in AWS.", "nobody answers: put"}, []string{"If you do not know them:"}},
		"locked out":                       {locked, alerttest.Options(), []string{"The policy in force may not let the key's own account change it again: only arn:aws:iam::111122223333:role/admin can", "If AWS refuses it, sign in as somebody whom the policy in force lets call kms:PutKeyPolicy"}, nil},
		"hostile URLs":                     {links, alerttest.Options(), []string{"https[:]//evil[.]example/a.b", "WWW[.]evil.example", `https:\/\/evil.example`, `WwW\u002eevil.example`}, []string{"https://evil", "WWW.evil", "WwW."}},
		"canary":                           {all["public"], test, []string{"[TEST] CRITICAL", "Note: This is a test of the alert path"}, nil},
		"expired":                          {all["public"], expired, []string{`Note: The exception "old-one" would have held`}, nil},
		"runbook":                          {all["public"], runbook, []string{"Your runbook: https://wiki.example.com/kms"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			text := written(t, c.f, c.o)
			for _, want := range c.want {
				if !strings.Contains(text, want) && !strings.Contains(strings.Join(strings.Fields(text), " "), want) {
					t.Errorf("the mail lacks %q:\n%s", want, text)
				}
			}
			for _, not := range c.wantNot {
				if strings.Contains(text, not) {
					t.Errorf("the mail holds %q:\n%s", not, text)
				}
			}
		})
	}
}

// The exceptions entry at the end of every mail, filled in, accepts the mail's
// finding.
func TestMailFormAccepts(t *testing.T) {
	forms := 0
	for name, f := range alerttest.Findings() {
		text := written(t, f, alerttest.Options())
		begin, end := strings.Index(text, "\n  - name: "), strings.LastIndex(text, "\nkmsentry ")
		if begin < 0 {
			if f.Policy.SHA256 != "" {
				t.Errorf("%s: the mail has no form", name)
			}
			continue
		}
		forms++
		form := strings.NewReplacer("reason:\n", "reason: reviewed\n", "owner:\n", "owner: storage team\n").Replace(text[begin:end])
		list, err := exceptions.Load([]byte("exceptions:"+form), alerttest.At)
		if err != nil {
			t.Errorf("%s: %v in\n%s", name, err, form)
			continue
		}
		if list.Match(exceptions.Of(f), alerttest.At).By == "" {
			t.Errorf("%s: not held by\n%s", name, form)
		}
	}
	if forms < 10 {
		t.Errorf("%d mails with a form, want at least 10", forms)
	}
}
