package alert

import (
	"regexp"
	"strings"
	"testing"

	"github.com/kmsentry/kmsentry/alert/exceptions"
	"github.com/kmsentry/kmsentry/detector"
	"github.com/kmsentry/kmsentry/detector/policy"
)

// lineStarts is what a line of the mail may start with at the left margin.
var lineStarts = regexp.MustCompile(`^(|Who:   .*|From:  .*|Key:   .*|When:  .*|Note:  .*| .*|(\[TEST\] )?(LOW|MEDIUM|HIGH|CRITICAL)( \([a-z]+\))?: .*|kmsentry v.*|Finding [0-9a-f]{64}|Finding unknown|` +
	`WHY .*|PROOF.*|WHAT IT CAN MEAN|DO NOW.*|CONTAIN.*|IF .*|LAST RESORT|PROPOSED POLICY.*|LINKS|DETAILS|FALSE ALARM\?|IF NOBODY.*)$`)

func TestEmailLines(t *testing.T) {
	eachFinding(t, func(t *testing.T, f *detector.Finding) {
		lines := strings.Split(Email(f, testOptions()), "\n")
		for i, start := range []string{strings.ToUpper(f.Severity.String()), "Who:   ", "From:  ", "Key:   ", "When:  "} {
			if !strings.HasPrefix(lines[i], start) {
				t.Errorf("line %d = %q, want it to start with %q", i+1, lines[i], start)
			}
		}
		if lines[5] != "" {
			t.Errorf("line 6 = %q, want an empty line", lines[5])
		}
		for i, line := range lines {
			if !lineStarts.MatchString(line) {
				t.Errorf("line %d = %q: not one of ours", i+1, line)
			}
			if r, bad := unsafeRune(line); bad {
				t.Errorf("line %d = %q holds %U", i+1, line, r)
			}
			if width(line) > columns && !strings.Contains(line, "arn:aws") && !strings.Contains(line, "https://") {
				t.Errorf("line %d has %d columns: %q", i+1, width(line), line)
			}
			if strings.TrimRight(line, " ") != line {
				t.Errorf("line %d = %q ends in a space", i+1, line)
			}
		}
	})
}

func TestEmailFirstLinesOfHostileFinding(t *testing.T) {
	text := Email(hostileFinding(), testOptions())
	for i, line := range strings.Split(text, "\n") {
		if i < 5 && width(line) > columns {
			t.Errorf("line %d has %d columns: %q", i+1, width(line), line)
		}
	}
	if !strings.Contains(text, ", MFA: no\n") {
		t.Error("the MFA state was cut off by the caller's name")
	}
	for _, bad := range []string{"https://", "aws kms", "aws iam", "aws cloudtrail"} {
		if strings.Contains(text, bad) {
			t.Errorf("the mail holds %q, built from hostile values", bad)
		}
	}
}

func TestEmailSays(t *testing.T) {
	all := findings()
	test, expired, runbook := testOptions(), testOptions(), testOptions()
	grantor, partner, template, links := publicFinding(), publicFinding(), publicFinding(), publicFinding()
	grantor.Decision.Grants = append(grantor.Decision.Grants, policy.Grant{Class: policy.ClassEncrypt, Action: "kms:CreateGrant", Audience: policy.Public, Statements: grantor.Decision.Grants[0].Statements})
	partner.Decision.Grants = append(partner.Decision.Grants, policy.Grant{Class: policy.ClassUse, Action: "kms:Decrypt", Audience: policy.Shared})
	mixed, unsure, worse, locked := publicFinding(), *all["shared"], *all["shared"], publicFinding()
	mixed.Decision.Grants = []policy.Grant{all["shared"].Decision.Grants[0], mixed.Decision.Grants[0]}
	mixed.Decision.Grants[1].Action, mixed.Decision.Grants[1].Witness.Action = "kms:GenerateDataKey", "kms:GenerateDataKey"
	unsure.Severity, unsure.Decision.Undecided = detector.Medium, all["undecided"].Decision.Undecided
	worse.Severity, worse.Decision.Future = detector.Medium, all["later"].Decision.Future
	locked.Decision.Owner = policy.Owner{Manage: policy.AccessNamed, Named: []string{"arn:aws:iam::111122223333:role/admin"}}
	template.Actor.Name, template.Actor.Role, template.Actor.InvokedBy = "AWSCloudFormation", "cfn-execution", "cloudformation.amazonaws.com"
	links.Source.UserAgent = "x https://evil.example/a.b WWW.evil.example"
	links.Statements[0].Text = `{"Sid": "https://evil.example WwW.evil.example"}`
	test.Test, expired.Expired, runbook.RunbookURL = true, []string{"old-one"}, "https://wiki.example.com/kms"
	for name, c := range map[string]struct {
		f       *detector.Finding
		o       Options
		want    []string
		wantNot []string
	}{
		"public": {
			all["public"], testOptions(),
			[]string{"CRITICAL (public): Anyone in AWS", "MFA: no", "aws kms get-key-policy", "aws kms put-key-policy", "aws kms disable-key", "--region us-west-2", "PROPOSED POLICY", "only you can decrypt"},
			[]string{"deletion", "update-access-key"},
		},
		"refused": {
			all["attempted"], testOptions(),
			[]string{"LOW (public): Refused attempt", "nothing is in force", "AccessDenied", "refused by AWS"},
			[]string{"put-key-policy --", "disable-key", "CONTAIN", "PROPOSED POLICY", "deletion"},
		},
		"undecided":                        {all["undecided"], testOptions(), []string{"could not be decided: ArnLike", "Check by hand"}, []string{"PROOF"}},
		"unreadable in part":               {all["unread-in-part"], testOptions(), []string{"A part of the policy could not be read; the rest is decided. line 9: Statement[1].Principal.AWS", "PROOF"}, []string{"The policy could not be read"}},
		"unreadable":                       {all["unparsed"], testOptions(), []string{"could not be read", "Statement[0].Principal", "The policy as the record has it", `"Sid": "Open"`}, []string{"PROOF"}},
		"network":                          {all["network"], testOptions(), []string{"203.0.113.0/24", "aws:SourceIp = 203.0.113.0", "will do, from that network"}, nil},
		"shared":                           {all["shared"], testOptions(), []string{"Account 444455556666 can call", "IF YOU DO NOT KNOW THEM", "AWS Config"}, []string{"PROPOSED POLICY"}},
		"china":                            {all["china"], testOptions(), []string{"https://cn-north-1.console.amazonaws.cn/kms/home?region=cn-north-1#/kms/keys/1234abcd"}, []string{"aws.amazon.com"}},
		"gov":                              {all["gov"], testOptions(), []string{"https://us-gov-west-1.console.amazonaws-us-gov.com/cloudtrailv2/", "#/kms/keys/mrk-1234"}, []string{"console.aws.amazon.com"}},
		"long-term":                        {all["user-with-long-term-key"], testOptions(), []string{"MFA: not applicable (a long-term access key)", "aws iam update-access-key --user-name build", "(long-term)"}, nil},
		"service":                          {all["service"], testOptions(), []string{"Who: config.amazonaws.com, MFA: not applicable (no person signed in)", "From: config.amazonaws.com Key:", "Find out what made config.amazonaws.com do this"}, []string{"Not one of yours"}},
		"root":                             {all["root"], testOptions(), []string{"the root user, MFA: yes", "root password", "BypassPolicyLockoutSafetyCheck"}, nil},
		"no ARN":                           {all["key-unknown"], testOptions(), []string{"alias/payroll", "Note: The request named the key by an alias", "no command here"}, []string{"aws kms"}},
		"later":                            {all["later"], testOptions(), []string{"MEDIUM: This KMS key opens to anyone in AWS on 2027", "It opens by itself: from 2027-01-01 00:00:00 UTC on it is open to anyone in AWS"}, []string{"PROOF"}},
		"grants":                           {grantor, testOptions(), []string{"through grants that they make on it and that stay when the policy goes", "aws kms list-grants"}, nil},
		"decrypt for named outsiders only": {partner, testOptions(), []string{"only you can decrypt"}, nil},
		"made by a service":                {template, testOptions(), []string{"cloudformation.amazonaws.com made the call for AWSCloudFormation (role cfn-execution). Find out who or what started it"}, []string{"Ask AWSCloudFormation"}},
		"worst first":                      {mixed, testOptions(), []string{"stranger sends kms:GenerateDataKey for", "Anyone in AWS can call kms:GenerateDataKey"}, []string{"stranger sends\n  kms:Encrypt"}},
		"shared, more not ruled out":       {&unsure, testOptions(), []string{"not ruled out that the policy lets in others as well", "CONTAIN (DATA"}, []string{"IF YOU DO NOT KNOW THEM"}},
		"shared, public later":             {&worse, testOptions(), []string{"other people's data. It opens further by itself: from 2027-01-01 00:00:00 UTC on it is open to anyone in AWS.", "CONTAIN (DATA"}, []string{"IF YOU DO NOT KNOW THEM"}},
		"locked out":                       {locked, testOptions(), []string{"If AWS refuses it: the policy in force does not surely let your account change it."}, nil},
		"hostile URLs":                     {links, testOptions(), []string{"https[:]//evil[.]example/a.b", "WWW[.]evil.example", `https:\/\/evil.example`, `WwW\u002eevil.example`}, []string{"https://evil", "WWW.evil", "WwW."}},
		"canary":                           {all["public"], test, []string{"[TEST] CRITICAL", "This is a test of the alert path"}, nil},
		"expired":                          {all["public"], expired, []string{`The exception "old-one" would have held`}, nil},
		"runbook":                          {all["public"], runbook, []string{"Your runbook: https://wiki.example.com/kms"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			text := Email(c.f, c.o)
			for _, want := range c.want {
				if !strings.Contains(strings.Join(strings.Fields(text), " "), want) {
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

func TestCommandsOnlyFromStrictValues(t *testing.T) {
	for name, edit := range map[string]func(*detector.Finding){
		"space in the ARN":  func(f *detector.Finding) { f.Key.ARN += " --region x" },
		"substitution":      func(f *detector.Finding) { f.Key.ARN = strings.Replace(f.Key.ARN, "1234abcd", "$(reboot)", 1) },
		"newline":           func(f *detector.Finding) { f.Key.ARN += "\nrm -rf" },
		"alias":             func(f *detector.Finding) { f.Key.ARN = strings.Replace(f.Key.ARN, ":key/", ":alias/", 1) },
		"another service":   func(f *detector.Finding) { f.Key.ARN = strings.Replace(f.Key.ARN, ":kms:", ":iam:", 1) },
		"short account":     func(f *detector.Finding) { f.Key.ARN = strings.Replace(f.Key.ARN, "111122223333", "1111", 1) },
		"empty":             func(f *detector.Finding) { f.Key.ARN = "" },
		"upper case key id": func(f *detector.Finding) { f.Key.ARN = strings.ToUpper(f.Key.ARN) },
		"option as user name": func(f *detector.Finding) {
			f.Key.ARN = ""
			f.Actor.Type, f.Actor.LongTermKey, f.Actor.AccessKeyID, f.Actor.Name = "IAMUser", true, "AKIAIOSFODNN7EXAMPLE", "--debug"
		},
	} {
		f := publicFinding()
		edit(f)
		c := commandsFor(f)
		if c.savePolicy != nil || c.keyHistory != nil || c.restorePolicy != nil || c.disableKey != nil || c.deactivateKey != nil {
			t.Errorf("%s: commands were built: %v", name, c)
		}
	}
}

// The form at the end of every mail, cut out and filled in, accepts the mail's
// finding.
func TestMailFormAccepts(t *testing.T) {
	forms := 0
	for name, f := range findings() {
		text := Email(f, testOptions())
		begin, end := strings.Index(text, "\n  - name: "), strings.LastIndex(text, "\nkmsentry ")
		if begin < 0 {
			if f.Policy.SHA256 != "" {
				t.Errorf("%s: the mail has no form", name)
			}
			continue
		}
		forms++
		form := strings.NewReplacer("reason:\n", "reason: reviewed\n", "owner:\n", "owner: storage team\n").Replace(text[begin:end])
		list, err := exceptions.Load([]byte("exceptions:"+form), at)
		if err != nil {
			t.Errorf("%s: %v in\n%s", name, err, form)
			continue
		}
		if list.Match(exceptions.Of(f), at).By == "" {
			t.Errorf("%s: not held by\n%s", name, form)
		}
	}
	if forms < 10 {
		t.Errorf("%d mails with a form, want at least 10", forms)
	}
}
