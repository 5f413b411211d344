package decide

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/condkey"
	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
)

const decisionDoc = "../../../DECISION.md"

// A citation is a parenthesis that holds nothing but names of cases and tests in
// backticks.
var (
	citation  = regexp.MustCompile("\\((`[A-Za-z0-9-]+`(?:,\\s+`[A-Za-z0-9-]+`)*)\\)")
	citedName = regexp.MustCompile("`([^`]+)`")
	ruleStart = regexp.MustCompile(`(?m)^- \*\*([A-Z]{3}[0-9]+)\*\* `)
	testFunc  = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)[A-Za-z0-9]+)\(`)
	linkUse   = regexp.MustCompile(`\[([A-Z][^\]]*)\][^(:]`)
	ruleEnd   = regexp.MustCompile(`\n(- |\n)`)
	linkPlace = regexp.MustCompile(`(?m)^\[([^\]]+)\]: https://\S+$`)
)

func cited(text string) []string {
	var names []string
	for _, group := range citation.FindAllStringSubmatch(text, -1) {
		for _, name := range citedName.FindAllStringSubmatch(group[1], -1) {
			names = append(names, name[1])
		}
	}
	return names
}

func readDecisionDoc(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(decisionDoc)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestDecisionDocCitations: each case that DECISION.md cites exists, and each
// case is cited. A cited name that begins with Test or Fuzz is a test of package
// policy or of one below it.
func TestDecisionDocCitations(t *testing.T) {
	cases := map[string]bool{} // name: is cited
	for _, c := range readWholeCorpus(t) {
		cases[c.Name] = false
	}
	for _, c := range readUnknown(t) {
		if strings.HasSuffix(c.Name, "-beside-open") && c.Name != "member-twice-beside-open" {
			continue // goes with the case of the same name
		}
		cases[c.Name] = false
	}
	for _, c := range questionCases() {
		if _, taken := cases[c.name]; taken {
			t.Errorf("%s is in the corpus and in the table", c.name)
		}
		cases[c.name] = false
	}
	tests := packageTests(t)
	names := cited(readDecisionDoc(t))
	if len(names) == 0 || len(cases) == 0 {
		t.Fatalf("%d citations, %d cases", len(names), len(cases))
	}
	for _, name := range names {
		_, isCase := cases[name]
		switch isTest := slices.Contains(tests, name); {
		case isCase:
			cases[name] = true
		case !isTest:
			t.Errorf("DECISION.md cites %s, which is neither a case nor a test", name)
		}
	}
	for name, isCited := range cases {
		if !isCited && !strings.HasPrefix(name, "key-") { // those are for rows, not for sentences
			t.Errorf("DECISION.md does not cite %s", name)
		}
	}
}

// packageTests names the tests of package policy and of those below it.
func packageTests(t *testing.T) []string {
	t.Helper()
	var names []string
	for _, pattern := range []string{"../*_test.go", "../*/*_test.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %d test files, %v", pattern, len(files), err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range testFunc.FindAllStringSubmatch(string(text), -1) {
				names = append(names, f[1])
			}
		}
	}
	return names
}

// TestDecisionDocRules: each rule has a number of its own, says MUST or MAY
// and cites what holds it.
func TestDecisionDocRules(t *testing.T) {
	text := readDecisionDoc(t)
	starts := ruleStart.FindAllStringSubmatchIndex(text, -1)
	if len(starts) == 0 {
		t.Fatal("no rule found")
	}
	seen := map[string]bool{}
	for _, at := range starts {
		number := text[at[2]:at[3]]
		rule := text[at[0]:]
		if end := ruleEnd.FindStringIndex(rule); end != nil {
			rule = rule[:end[0]]
		}
		if seen[number] {
			t.Errorf("%s is there twice", number)
		}
		seen[number] = true
		if !strings.Contains(rule, "MUST") && !strings.Contains(rule, "MAY") {
			t.Errorf("%s says neither MUST nor MAY", number)
		}
		if len(cited(rule)) == 0 {
			t.Errorf("%s cites nothing", number)
		}
	}
}

// TestDecisionDocLinks: each source in brackets has an address, and each
// address is used.
func TestDecisionDocLinks(t *testing.T) {
	text := readDecisionDoc(t)
	places := map[string]bool{} // name: is used
	for _, l := range linkPlace.FindAllStringSubmatch(text, -1) {
		places[l[1]] = false
	}
	if len(places) == 0 {
		t.Fatal("no address found")
	}
	for _, l := range linkUse.FindAllStringSubmatch(text, -1) {
		if _, ok := places[l[1]]; !ok {
			t.Errorf("[%s] has no address", l[1])
		}
		places[l[1]] = true
	}
	for name, used := range places {
		if !used {
			t.Errorf("[%s] is not used", name)
		}
	}
}

// TestDecisionDocIndex: the index of condition keys names, for each key that a rule
// of the chapter on condition keys mentions, exactly the rules that mention it.
func TestDecisionDocIndex(t *testing.T) {
	_, chapter, _ := strings.Cut(readDecisionDoc(t), "\n## Condition keys\n")
	chapter, _, _ = strings.Cut(chapter, "\n## ")
	mentions := map[string][]string{}
	starts := ruleStart.FindAllStringSubmatchIndex(chapter, -1)
	for i, at := range starts {
		end := len(chapter)
		if i+1 < len(starts) {
			end = starts[i+1][0]
		}
		for _, m := range citedName.FindAllStringSubmatch(chapter[at[0]:end], -1) {
			_, isKey := condkey.Default().Lookup(strings.Replace(m[1], "...", "PCR0", 1))
			if rule := chapter[at[2]:at[3]]; isKey && strings.Contains(m[1], ":") && !slices.Contains(mentions[m[1]], rule) {
				mentions[m[1]] = append(mentions[m[1]], rule)
			}
		}
	}
	indexed := map[string]bool{}
	for _, row := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\| (.*) \\|$").FindAllStringSubmatch(chapter, -1) {
		indexed[row[1]] = true
		if want := strings.Join(mentions[row[1]], ", "); row[2] != want {
			t.Errorf("the index has %s at %q, expected %q", row[1], row[2], want)
		}
	}
	for key, rules := range mentions {
		if !indexed[key] {
			t.Errorf("the index lacks %s: %v", key, rules)
		}
	}
	if len(indexed) == 0 {
		t.Error("no index found")
	}
}

// A questionCase holds a rule of DECISION.md that no case of the corpus holds;
// most of them turn on the question or on what comes with the verdict. The
// question is that of the corpus unless ask changes it.
type questionCase struct {
	name       string
	statements string
	ask        func(*Question)
	want       Verdict
	check      func(Decision) bool // what else must be; nil for nothing
}

const (
	docAll    = `{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*"}`
	docDenied = `{"Effect":"Deny","Principal":"*","Action":"kms:*","Resource":"*"}`
)

// docAllow lets everybody encrypt and make data keys under conditions, each an
// operator with its keys in JSON.
func docAllow(conditions ...string) string {
	return `{"Effect":"Allow","Principal":"*","Action":["kms:Encrypt","kms:GenerateDataKey"],"Resource":"*","Condition":{` + strings.Join(conditions, ",") + `}}`
}

func docResource(effect string, values ...string) string {
	return `{"Effect":"` + effect + `","Principal":"*","Action":"kms:*","Resource":[` + strings.Join(values, ",") + `]}`
}

func docDeny(conditions ...string) string {
	return `{"Effect":"Deny","Principal":"*","Action":"kms:*","Resource":"*","Condition":{` + strings.Join(conditions, ",") + `}}`
}

func docService(condition string) string {
	return `{"Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Action":"kms:GenerateDataKey","Resource":"*","Condition":{` + condition + `}}`
}

// docChain makes the tags of the caller that the letters name equal, each to the next.
func docChain(letters string) string {
	var keys []string
	for i := range len(letters) - 1 {
		keys = append(keys, `"aws:PrincipalTag/`+letters[i:i+1]+`":"${aws:PrincipalTag/`+letters[i+1:i+2]+`}"`)
	}
	return strings.Join(keys, ",")
}

func docFlag(f Flag) func(Decision) bool {
	return func(d Decision) bool { return slices.Contains(d.Flags, f) }
}

func docDeputy(confused bool) func(Decision) bool {
	return func(d Decision) bool { return len(d.Services) == 1 && d.Services[0].ConfusedDeputy == confused }
}

// knownServices lists the values of kms:ViaService that are documented.
func knownServices(region string) []string {
	key, _ := condkey.Default().Lookup("kms:ViaService")
	var names []string
	for _, known := range key.Cases[0].Known {
		names = append(names, strings.Replace(known, "{keyregion}", region, 1))
	}
	return names
}

func docUnknownFacts(q *Question) { q.Key = kmsapi.KeyFacts{} }

func questionCases() []questionCase {
	measurement := strings.Repeat("ab", 48)
	return append(serviceCases(), []questionCase{
		// Services
		{"service-unpinned", docService(``), nil, Private, docDeputy(true)},
		{"service-pinned-account", docService(`"StringEquals":{"aws:SourceAccount":"111122223333"}`), nil, Private, docDeputy(false)},
		{"service-pinned-organization", docService(`"StringEquals":{"aws:SourceOrgID":"o-mycorp0001"}`), nil, Private, docDeputy(false)},
		{"service-any-source-arn", docService(`"ArnLike":{"aws:SourceArn":"arn:aws:s3:::*"}`), nil, Private, docDeputy(true)},
		{"service-denied", docService(``) + "," + docDenied, nil, Private, func(d Decision) bool { return len(d.Services) == 0 }},
		{"unlisted-service-named", docAllow(`"StringEquals":{"kms:ViaService":"newthing.us-east-1.amazonaws.com"}`), nil, Public, docFlag(FlagViaService)},
		{"unlisted-service-pattern", docAllow(`"StringLike":{"kms:ViaService":"newthing*.us-east-1.amazonaws.com"}`), nil, Undecided, nil},
		{
			"all-listed-services-denied",
			docAllow(`"Bool":{"aws:ViaAWSService":"true"}`) + "," + docDeny(`"StringEquals":{"kms:ViaService":["`+strings.Join(knownServices("us-east-1"), `","`)+`"]}`),
			nil, Undecided, nil,
		},
		{"session-key-through-a-service", docAllow(`"Bool":{"aws:ViaAWSService":"true"},"StringLike":{"aws:FederatedProvider":"*"}`), nil, Undecided, nil},

		// Beside the verdict
		{"other-actions-open", `{"Effect":"Allow","Principal":"*","Action":["kms:RevokeGrant","kms:DescribeKey","kms:PutKeyPolicy"],"Resource":"*"}`, nil, Private, func(d Decision) bool {
			return len(d.Others) == 2 && d.Others[0].Action == "kms:RevokeGrant" && d.Others[1].Action == "kms:DescribeKey"
		}},
		{
			"network-beside-doubt",
			docAllow(`"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}`) + "," + docAllow(`"StringEquals":{"aws:Referer":"https://example.com/"}`),
			nil, Undecided, func(d Decision) bool {
				return len(d.Grants) > 0 && d.Grants[0].Audience == Network && len(d.Undecided) > 0
			},
		},
		{
			"same-under-both-readings",
			docAllow(`"StringEquals":{"aws:Referer":"https://example.com/"}`) + "," + docDeny(`"StringNotEquals":{"kms:CallerAccount":"111122223333"}`),
			nil, Private, func(d Decision) bool { return len(d.Undecided) == 0 },
		},

		// Inside and outside
		{"trusted-account", `{"Effect":"Allow","Principal":{"AWS":"444455556666"},"Action":"kms:*","Resource":"*"}`, func(q *Question) { q.TrustedAccounts = []string{"444455556666"} }, Private, nil},
		{"trusted-organization", docAllow(`"StringEquals":{"aws:PrincipalOrgID":"o-mycorp0001"}`), func(q *Question) { q.TrustedOrgs = []string{"o-mycorp0001"} }, Private, nil},
		{"trusted-organization-excluded", docAllow(`"StringNotEquals":{"aws:PrincipalOrgID":"o-mycorp0001"}`), func(q *Question) { q.TrustedOrgs = []string{"o-mycorp0001"} }, Public, nil},
		{"unknown-owner", `{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"kms:*","Resource":"*"}`, func(q *Question) { q.Account, q.KeyARN = "", "" }, Shared, nil},

		// Facts of the key
		{
			"unknown-partition-owner",
			`{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"kms:*","Resource":"*"},` +
				docAllow(`"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::111122223333:role/app-*"}`),
			func(q *Question) { q.KeyARN = "" }, Private, func(d Decision) bool { return d.Owner.Manage == AccessYes },
		},
		{
			"unknown-partition-owner-by-id",
			`{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"kms:*","Resource":"*"},` +
				docDeny(`"ArnLike":{"aws:PrincipalArn":["arn:aws:iam::*:*","arn:aws:sts::*:*"]}`),
			func(q *Question) { q.KeyARN = "" }, Private, func(d Decision) bool { return d.Owner.Manage == AccessUndecided },
		},
		{"unknown-key-allow", strings.Replace(docAll, `"Resource":"*"`, `"Resource":"arn:aws:kms:us-east-1:111122223333:key/9999*"`, 1), func(q *Question) { q.KeyARN = "" }, Public, docFlag(FlagKeyDependent)},
		{"unknown-key-deny", docAll + "," + strings.Replace(docDenied, `"Resource":"*"`, `"Resource":"arn:aws:kms:us-east-1:111122223333:key/1234*"`, 1), func(q *Question) { q.KeyARN = "" }, Public, docFlag(FlagKeyDependent)},
		{"unknown-spec", docAllow(`"StringEquals":{"kms:KeySpec":"RSA_2048"}`), docUnknownFacts, Public, docFlag(FlagKeyDependent)},
		{"unknown-tags", docAllow(`"StringEquals":{"aws:ResourceTag/public":"yes"}`), docUnknownFacts, Public, docFlag(FlagKeyDependent)},
		{"unknown-owner-organization", docAllow(`"StringEquals":{"aws:ResourceOrgID":"o-other00001"}`), docUnknownFacts, Public, docFlag(FlagKeyDependent)},
		{"known-alias", docAllow(`"StringEquals":{"kms:RequestAlias":"alias/app"}`), func(q *Question) { q.Key.Aliases = []string{"alias/app"} }, Public, nil},
		{"unknown-alias-name", docAllow(`"StringEquals":{"kms:RequestAlias":"alias/other"}`), func(q *Question) { q.Key.Aliases = []string{"alias/app"} }, Private, nil},
		{"known-alias-resource-aliases", docAllow(`"ForAnyValue:StringEquals":{"kms:ResourceAliases":"alias/app"}`), func(q *Question) { q.Key.Aliases = []string{"alias/app"} }, Undecided, nil},
		{"rsa-data-keys", `{"Effect":"Allow","Principal":"*","Action":"kms:GenerateDataKey*","Resource":"*"}`, func(q *Question) { q.Key.Spec = "RSA_2048" }, Private, nil},
		{"rsa-encryption-context", docAllow(`"StringEquals":{"kms:EncryptionContext:tenant":"acme"}`), func(q *Question) { q.Key.Spec = "RSA_2048" }, Private, nil},
		{"hmac-create-grant", docAll, func(q *Question) { q.Key.Spec, q.Key.Usage = "HMAC_256", "GENERATE_VERIFY_MAC" }, Public, func(d Decision) bool {
			return d.Classes.Of(kmsapi.ClassEncrypt).Verdict == Private && d.Classes.Of(kmsapi.ClassUse).Verdict == Public &&
				len(d.Grants) == 2 && d.Grants[0].Action == "kms:GenerateMac" && d.Grants[1].Witness.Context["kms:GrantOperations"][0] == "GenerateMac"
		}},

		// Condition keys
		{"session-arn-any-account", docAllow(`"ArnLike":{"lambda:SourceFunctionArn":"arn:aws:lambda:us-east-1:*:function:*"}`), nil, Public, nil},
		{"session-arn-owner-account", docAllow(`"ArnLike":{"lambda:SourceFunctionArn":"arn:aws:lambda:us-east-1:111122223333:function:*"}`), nil, Private, nil},
		{"attestation-any", docAllow(`"StringLike":{"kms:RecipientAttestation:ImageSha384":"*"}`), nil, Public, nil},
		{"attestation-named", docAllow(`"StringEqualsIgnoreCase":{"kms:RecipientAttestation:ImageSha384":"` + measurement + `"}`), nil, Shared, nil},
		{"root-user-tag", docAllow(`"StringEquals":{"aws:PrincipalTag/team":"a","aws:PrincipalType":"Account"}`), nil, Undecided, nil},
		{"ip-v6-not-global", docAllow(`"IpAddress":{"aws:SourceIp":["fc00::/7","::ffff:0:0/96"]}`), nil, Private, nil},

		{"token-through-a-service", docAllow(`"StringEquals":{"aws:PrincipalType":"Account"},"DateLessThan":{"aws:TokenIssueTime":"2026-08-31T22:30:00Z"}`), nil, Undecided, nil},

		// Limits: a stranger may get in here. Who lifts one changes its row and its line in DECISION.md.
		{"wildcard-from-variable", docAllow(`"StringLike":{"aws:PrincipalAccount":"${kms:EncryptionContext:x}"},"StringEquals":{"kms:EncryptionContext:x":"*"}`), nil, Undecided, nil},
		{"oidc-key", docAllow(`"StringEquals":{"accounts.google.com:sub":"110169484474386276334"}`), nil, Shared, nil},
		{"oidc-key-any", docAllow(`"StringLike":{"accounts.google.com:sub":"*"}`), nil, Public, nil},
		{"oidc-key-pattern", docAllow(`"StringLike":{"token.actions.githubusercontent.com:sub":"repo:some-org/*"}`), nil, Undecided, nil},
		{"oidc-key-of-a-cluster", docAllow(`"StringLike":{"oidc.eks.us-east-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF:sub":"*"}`), nil, Shared, nil},
		{"context-key-letter-case", docAllow(`"StringEquals":{"kms:EncryptionContext:Tenant":"a"},"StringLike":{"kms:EncryptionContext:tenant":"b"}`), nil, Private, nil},

		// Resources
		{"resource-wildcard-next-to-a-variable", docResource("Allow", `"arn:aws:kms:*"`, `"arn:aws:kms:us-east-1:111122223333:key/x${aws:username}"`), nil, Undecided, nil},
		{"deny-resource-variable-of-the-key", docAll + "," + docResource("Deny", `"arn:aws:kms:us-east-1:${aws:ResourceAccount}:key/*"`), nil, Undecided, nil},
		{"deny-resource-escaped-star", docAll + "," + docResource("Deny", `"`+surroundings().KeyARN+`${*}"`), nil, Public, nil},
		{"resource-escaped-star", docResource("Allow", `"arn:aws:kms:us-east-1:111122223333:key/${*}"`), nil, Private, nil},

		// Principals
		{"unique-id-and-the-users-sessions", `{"Effect":"Allow","Principal":{"AWS":"AIDAEXAMPLEUSER000001"},"Action":"kms:*","Resource":"*"},` +
			`{"Effect":"Deny","Principal":"*","Action":"kms:*","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalType":"User"}}}`, nil, Undecided, nil},

		// Variables
		{"unresolved-beside-another", docAllow(`"StringEquals":{"aws:PrincipalAccount":["${aws:SourceAccount}","444455556666"]}`), nil, Shared, nil},
		{"chain-of-ten-variables", docAllow(`"StringEquals":{` + docChain("abcdefghij") + `,"aws:PrincipalTag/j":"z"}`), nil, Undecided, nil},
		{"colon-from-variable", docAllow(`"ArnLike":{"aws:PrincipalArn":"arn:aws:${kms:EncryptionContext:x}"}`), nil, Undecided, nil},
	}...)
}

func TestQuestionCases(t *testing.T) {
	for _, c := range questionCases() {
		p, err := policy.Parse([]byte(`{"Version":"2012-10-17","Statement":[` + c.statements + `]}`))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		q := surroundings()
		if c.ask != nil {
			c.ask(&q)
		}
		d := Decide(p, q)
		if d.Verdict != c.want {
			t.Errorf("%s: Decide = %v %v, want %v", c.name, d.Verdict, d.Undecided, c.want)
		}
		if c.check != nil && !c.check(d) {
			t.Errorf("%s: the rest of the decision is wrong:\n%s", c.name, showDecision(d))
		}
	}
}

// TestUndecidedIsZero: a verdict that nobody set is not a clean bill of health.
func TestUndecidedIsZero(t *testing.T) {
	if v := (Decision{}).Verdict; v != Undecided {
		t.Errorf("the zero Decision is %v, want undecided", v)
	}
}
