package alert

import (
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/kmsentry/kmsentry/alert/exceptions"
	"github.com/kmsentry/kmsentry/detector"
	"github.com/kmsentry/kmsentry/detector/policy/decide"
	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
)

// lineStarts is what a line of the mail may start with at the left margin.
var lineStarts = regexp.MustCompile(`^(|Who: .*|MFA: .*|From: .*|Key: .*|Material: .*|When: .*|Note: .*| .*|(\[TEST\] )?(LOW|MEDIUM|HIGH|CRITICAL)( \([a-z]+\))?:( .*)?|[0-9]+\. .*|` +
	`Event \(the console .*|https://.*|kmsentry v.*|Finding [0-9a-f]{64}|Finding unknown|` +
	`WHY(, CONTINUED)?|DO NOW(, SIGNED IN TO ACCOUNT [0-9]{12})?|THEN|LAST RESORT|PROPOSED POLICY.*|STATEMENT [0-9]+ OF [0-9]+, AS WRITTEN|THE POLICY AS THE RECORD HAS IT|PROOF.*|LINKS|DETAILS|FALSE ALARM\?)$`)

// head are the labels of the first lines, in order.
var head = []string{"Who: ", "MFA: ", "From: ", "Key: ", "When: "}

// The first 40 lines of every mail are enough to act on.
func TestEmailFirstLines(t *testing.T) {
	eachMail(t, func(t *testing.T, f *detector.Finding, o Options) { checkFirstLines(t, Email(f, o), f) })
}

// checkFirstLines wants what, who, from where, which key, when, why, the first
// two commands and the link in the first 40 lines.
func checkFirstLines(t *testing.T, mail string, f *detector.Finding) {
	t.Helper()
	failed := false
	fail := func(format string, args ...any) {
		t.Helper()
		failed = true
		t.Errorf(format, args...)
	}
	lines := strings.Split(mail, "\n")
	top := lines[:min(40, len(lines))]
	at := 0
	for _, start := range head {
		for at++; at < len(top) && !strings.HasPrefix(top[at], start); at++ {
			if !strings.HasPrefix(top[at], "  ") && !strings.HasPrefix(top[at], "Material: ") {
				fail("line %d = %q, expected %q", at+1, top[at], start)
			}
		}
		if at >= len(top) {
			t.Fatalf("no line begins with %q", start)
		}
	}
	for i, line := range top[:at+1] {
		if width(line) > 72 {
			fail("line %d has %d columns: %q", i+1, width(line), line)
		}
	}
	for _, heading := range []string{"WHY", "DO NOW"} {
		at := slices.IndexFunc(top, func(line string) bool { return strings.HasPrefix(line, heading) })
		if at < 0 || at+2 >= len(top) || strings.TrimSpace(top[at+1]) == "" {
			fail("no %q with text among the first lines", heading)
		}
	}
	if got, want := countCommands(top), min(2, countCommands(lines)); got < want {
		fail("%d commands in the first 40 lines, expected %d", got, want)
	}
	if link := eventLink(f); link != "" && !slices.Contains(top, link) {
		fail("the link to the event is not in the first 40 lines")
	}
	if failed {
		t.Logf("the first lines:\n%s", strings.Join(top, "\n"))
	}
}

// countCommands counts the commands that begin and end in lines.
func countCommands(lines []string) int {
	n := 0
	for i, line := range lines {
		if !strings.HasPrefix(line, "  aws ") && !strings.HasPrefix(line, "  kmsentry ") && !strings.HasPrefix(line, "  for k in ") {
			continue
		}
		for i < len(lines) && strings.HasSuffix(lines[i], "\\") {
			i++
		}
		if i < len(lines) {
			n++
		}
	}
	return n
}

func TestEmailLines(t *testing.T) {
	eachMail(t, func(t *testing.T, f *detector.Finding, o Options) {
		lines := strings.Split(Email(f, o), "\n")
		for i, line := range lines {
			if !lineStarts.MatchString(line) {
				t.Errorf("line %d = %q: not one of ours", i+1, line)
			}
			if r, bad := unsafeRune(line); bad {
				t.Errorf("line %d = %q holds %U", i+1, line, r)
			}
			if width(line) > 72 && !strings.Contains(line, "arn:aws") && !strings.Contains(line, "https://") {
				t.Errorf("line %d has %d columns: %q", i+1, width(line), line)
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

// eachMail runs a test on every fixture and every finding of a sample event,
// with plain options and with all that add lines.
func eachMail(t *testing.T, test func(*testing.T, *detector.Finding, Options)) {
	t.Helper()
	all := findings()
	for _, path := range eventFiles(t) {
		if f := detectFile(t, path).Finding; f != nil {
			all[strings.TrimSuffix(filepath.Base(path), ".json")] = f
		}
	}
	busy := testOptions()
	busy.Test, busy.RunbookURL, busy.Expired = true, "https://wiki.example.com/kms", []string{"old-one", "older-one"}
	for name, f := range all {
		t.Run(name, func(t *testing.T) {
			test(t, f, testOptions())
			test(t, f, busy)
		})
	}
}

func TestEmailFirstLinesOfHostileFinding(t *testing.T) {
	text := Email(hostileFinding(), testOptions())
	checkFirstLines(t, text, hostileFinding())
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
	all := findings()
	test, expired, runbook := testOptions(), testOptions(), testOptions()
	grantor, partner, template, links := publicFinding(), publicFinding(), publicFinding(), publicFinding()
	grantor.Decision.Grants = append(grantor.Decision.Grants, decide.Grant{Class: kmsapi.ClassEncrypt, Action: "kms:CreateGrant", Audience: decide.Public, Statements: grantor.Decision.Grants[0].Statements})
	partner.Decision.Grants = append(partner.Decision.Grants, decide.Grant{Class: kmsapi.ClassUse, Action: "kms:Decrypt", Audience: decide.Shared})
	mixed, unsure, worse, locked := publicFinding(), *all["shared"], *all["shared"], publicFinding()
	mixed.Decision.Grants = []decide.Grant{all["shared"].Decision.Grants[0], mixed.Decision.Grants[0]}
	mixed.Decision.Grants[1].Action, mixed.Decision.Grants[1].Witness.Action = "kms:GenerateDataKey", "kms:GenerateDataKey"
	unsure.Severity, unsure.Decision.Undecided = detector.Medium, all["undecided"].Decision.Undecided
	worse.Severity, worse.Decision.Future = detector.Medium, all["later"].Decision.Future
	locked.Decision.Owner = decide.Owner{Manage: decide.AccessNamed, ManageBlame: decide.Open{Reason: "r"}, Named: []string{"arn:aws:iam::111122223333:role/admin"}}
	template.Actor.Name, template.Actor.Role, template.Actor.InvokedBy = "AWSCloudFormation", "cfn-execution", "cloudformation.amazonaws.com"
	links.Source.UserAgent = "x https://evil.example/a.b WWW.evil.example"
	links.Statements[0].Text = `{"Sid": "https://evil.example WwW.evil.example"}`
	nameless := publicFinding()
	nameless.Key = detector.Key{Account: "111122223333", Region: "us-west-2", Partition: "aws"}
	test.Test, expired.Expired, runbook.RunbookURL = true, []string{"old-one"}, "https://wiki.example.com/kms"
	for name, c := range map[string]struct {
		f       *detector.Finding
		o       Options
		want    []string
		wantNot []string
	}{
		"public": {
			all["public"], testOptions(),
			[]string{"CRITICAL (public): Anyone in AWS", "\nMFA: no (", "by PutKeyPolicy; in force", "aws kms get-key-policy", "aws kms put-key-policy", "aws kms disable-key", "--region us-west-2", "PROPOSED POLICY", "only you can decrypt", "SIGNED IN TO ACCOUNT 111122223333"},
			[]string{"deletion", "update-access-key"},
		},
		"refused": {
			all["attempted"], testOptions(),
			[]string{"LOW (public): Refused attempt", "refused by AWS (AccessDenied), nothing changed", "Anyone in AWS could call kms:Encrypt", "See the policy in force, which this call did not change"},
			[]string{"put-key-policy --", "disable-key", "proposed", "PROPOSED POLICY", "deletion", "LAST RESORT"},
		},
		"undecided":                        {all["undecided"], testOptions(), []string{"could not be decided: ArnLike", "Check by hand", "If it is open: put a policy that you trust in force"}, []string{"PROOF"}},
		"unreadable":                       {all["unparsed"], testOptions(), []string{"could not be read", "Statement[0].Principal", "THE POLICY AS THE RECORD HAS IT", `"Sid": "Open"`, "kmsentry check \\ --key-arn " + keyInUSWest}, []string{"PROOF"}},
		"network":                          {all["network"], testOptions(), []string{"203.0.113.0/24", "aws:SourceIp = 203.0.113.0", "will do, from that network"}, nil},
		"shared":                           {all["shared"], testOptions(), []string{"Account 444455556666 can call", "If you do not know them: put a policy that you trust in force", "See the policies of the 90 days before the change", "--end-time 2026-11-23T03:14:14Z"}, []string{"PROPOSED POLICY"}},
		"china":                            {all["china"], testOptions(), []string{"https://cn-north-1.console.amazonaws.cn/kms/home?region=cn-north-1#/kms/keys/1234abcd"}, []string{"aws.amazon.com"}},
		"gov":                              {all["gov"], testOptions(), []string{"https://us-gov-west-1.console.amazonaws-us-gov.com/cloudtrailv2/", "#/kms/keys/mrk-1234"}, []string{"console.aws.amazon.com"}},
		"long-term":                        {all["user-with-long-term-key"], testOptions(), []string{"MFA: not applicable (a long-term access key, which knows no MFA)", "aws iam update-access-key --user-name build", "(long-term)"}, nil},
		"service":                          {all["service"], testOptions(), []string{"Who: config.amazonaws.com MFA: not applicable (an AWS service)", "From: config.amazonaws.com Key:", "Find out what made config.amazonaws.com do this"}, []string{"Not one of yours"}},
		"root":                             {all["root"], testOptions(), []string{"Who: the root user MFA: yes From:", "root password", "BypassPolicyLockoutSafetyCheck"}, nil},
		"alias only":                       {all["key-unknown"], testOptions(), []string{"Note: The request named the key by an alias", "aws kms describe-key --region us-west-2 --key-id alias/payroll"}, []string{"put-key-policy --"}},
		"no ARN":                           {nameless, testOptions(), []string{"no command here"}, []string{"aws kms"}},
		"later":                            {all["later"], testOptions(), []string{"MEDIUM: This KMS key opens to anyone in AWS on 2027", "It opens by itself: from 2027-01-01 00:00:00 UTC on it is open to anyone in AWS"}, []string{"PROOF"}},
		"key in another account":           {all["key-elsewhere"], testOptions(), []string{"Note: The key is in account 111122223333, the event in the trail of account 777788889999.", "DO NOW, SIGNED IN TO ACCOUNT 111122223333", "Event (the console must be signed in to 777788889999):", "Key (the console must be signed in to 111122223333):", "with this access key, signed in to account 777788889999:"}, nil},
		"grants":                           {grantor, testOptions(), []string{"through grants that they create on it and that outlast the policy", "aws kms list-grants"}, nil},
		"decrypt for named outsiders only": {partner, testOptions(), []string{"only you can decrypt"}, nil},
		"made by CloudFormation":           {template, testOptions(), []string{"Who: cloudformation.amazonaws.com for AWSCloudFormation, role cfn-execution", "Correct the template as well, or the stack puts this policy back", "aws cloudformation describe-stack-resources --region us-west-2 \\ --physical-resource-id 1234abcd-", "--start-time 2026-11-23T02:14:15Z"}, []string{"Ask AWSCloudFormation"}},
		"worst first":                      {mixed, testOptions(), []string{"stranger sends kms:GenerateDataKey for", "Anyone in AWS can call kms:GenerateDataKey"}, []string{"stranger sends\n  kms:Encrypt"}},
		"shared, more not ruled out":       {&unsure, testOptions(), []string{"not ruled out that the policy lets in others as well", "nobody answers: put"}, []string{"If you do not know them:"}},
		"shared, public later":             {&worse, testOptions(), []string{"other people's data. It opens further by itself: from 2027-01-01 00:00:00 UTC on it is open to anyone in AWS.", "nobody answers: put"}, []string{"If you do not know them:"}},
		"locked out":                       {locked, testOptions(), []string{"The policy in force may not let the key's own account change it again: only arn:aws:iam::111122223333:role/admin can", "If AWS refuses it, sign in as somebody whom the policy in force lets call kms:PutKeyPolicy"}, nil},
		"hostile URLs":                     {links, testOptions(), []string{"https[:]//evil[.]example/a.b", "WWW[.]evil.example", `https:\/\/evil.example`, `WwW\u002eevil.example`}, []string{"https://evil", "WWW.evil", "WwW."}},
		"canary":                           {all["public"], test, []string{"[TEST] CRITICAL", "Note: This is a test of the alert path"}, nil},
		"expired":                          {all["public"], expired, []string{`Note: The exception "old-one" would have held`}, nil},
		"runbook":                          {all["public"], runbook, []string{"Your runbook: https://wiki.example.com/kms"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			text := Email(c.f, c.o)
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
		"store and user": func(f *detector.Finding) {
			f.Key.ARN, f.Actor.OnBehalfOf = "", detector.IdentityCenterUser{UserID: "$(reboot)", StoreARN: "arn:aws:identitystore::111122223333:identitystore/d-9067642ac7"}
		},
		"store, not its id": func(f *detector.Finding) {
			f.Key.ARN, f.Actor.OnBehalfOf = "", detector.IdentityCenterUser{UserID: "c3a4d8e2-5071-70f1-8f2c-0d4f6a9b1e77", StoreARN: "arn:aws:identitystore::111122223333:identitystore/d-9067642ac7 --debug"}
		},
		"alias with a space": func(f *detector.Finding) { f.Key.ARN, f.Key.Alias = "", "alias/x; reboot" },
		"Region of a new key": func(f *detector.Finding) {
			f.Key.ARN, f.Event.Name, f.Event.Outcome, f.Event.Region = "", "CreateKey", detector.OutcomeUnknown, "us-west-2;reboot"
		},
		"a refused CreateKey": func(f *detector.Finding) {
			f.Event.Name, f.Event.Outcome, f.Attempted = "CreateKey", detector.Refused, true
		},
		"option as user name": func(f *detector.Finding) {
			f.Key.ARN = ""
			f.Actor.Type, f.Actor.LongTermKey, f.Actor.AccessKeyID, f.Actor.Name = "IAMUser", true, "AKIAIOSFODNN7EXAMPLE", "--debug"
		},
	} {
		f := publicFinding()
		edit(f)
		c := commandsFor(f)
		c.actorHistory = nil // has its own shape, which these leave alone
		if !reflect.DeepEqual(c, commands{}) {
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
