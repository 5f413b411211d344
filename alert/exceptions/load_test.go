package exceptions

import (
	"strings"
	"testing"
	"time"
)

// now is the current time in all tests.
var now = time.Date(2026, 11, 23, 3, 14, 15, 0, time.UTC)

const (
	testKey  = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
	testHash = "0f343b0931126a20f133d67c2b018a3b5c2e0f1b1d6a4a0f8a8c9d1e2f3a4b5c"

	rest = `
    reason: reviewed in SEC-1
    owner: storage-team@example.com
    expires: 2027-06-30
`
	byKeyAndHash = "exceptions:\n  - name: partner\n    match:\n      key: " + testKey + "\n      policy_sha256: " + testHash + rest
	byKey        = "exceptions:\n  - name: partner\n    match:\n      key: " + testKey + "\n      verdict: shared\n      class: encrypt" + rest
	byResource   = "exceptions:\n  - name: partner\n    match:\n      resource: infra/keys.yaml#Uploads\n      verdict: [shared, network]\n      class: [encrypt, use]" + rest
)

func mustLoad(t testing.TB, text string) *List {
	t.Helper()
	l, err := Load([]byte(text), now)
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return l
}

// matching returns a file of one entry with match in braces.
func matching(match string) string {
	return "exceptions:\n  - name: partner\n    match: {" + match + "}" + rest
}

type refusal struct {
	name, text string
	want       []string // a part of each fault
}

func change(text, old, replacement string) string {
	if !strings.Contains(text, old) {
		panic("no " + old + " in " + text)
	}
	return strings.Replace(text, old, replacement, 1)
}

// refused returns files that Load refuses, with the faults.
func refused() []refusal {
	return []refusal{
		{"no reason", change(byKey, "    reason: reviewed in SEC-1\n", ""), []string{`line 2: entry "partner": expected reason, found none`}},
		{"empty reason", change(byKey, "reviewed in SEC-1", `""`), []string{`line 7: entry "partner": expected text for reason, found ""`}},
		{"reason left open", change(byKey, "reason: reviewed in SEC-1", "reason:"), []string{`line 7: entry "partner": expected text for reason, found nothing`}},
		{"a dot for a reason", change(byKey, "reviewed in SEC-1", `"."`), []string{`line 7: entry "partner": expected text for reason, found "."`}},
		{"an unseen reason", change(byKey, "reviewed in SEC-1", `"\u200b"`), []string{`line 7: entry "partner": expected text for reason, found "\u200b"`}},
		{"a list of owners", change(byKey, "storage-team@example.com", "[a, b]"), []string{`line 8: entry "partner": expected text for owner, found a list`}},
		{"truth for an owner", change(byKey, "storage-team@example.com", "true"), []string{`expected text for owner, found "true"`}},
		{"no owner", change(byKey, "    owner: storage-team@example.com\n", ""), []string{`expected owner, found none`}},
		{"no name", change(byKey, "name: partner", `name: ""`), []string{`line 2: expected text for name, found ""`}},
		{"odd name", change(byKey, "partner", `"a\nb"`), []string{`line 2: expected a name of letters, digits, spaces, . _ - (at most 64, the first a letter or digit), found "a\nb"`}},
		{"long name", change(byKey, "partner", strings.Repeat("x", 65)), []string{`expected a name of letters`}},
		{"no expiry", change(byKey, "    expires: 2027-06-30\n", ""), []string{"expected expires, found none"}},
		{"repeated member", change(byKey, "    owner", "    reason: again\n    owner"), []string{`line 8: entry "partner": expected reason once, found it again`}},
		{"more than a year", change(byKey, "2027-06-30", "2027-11-24"), []string{"line 9: entry \"partner\": expires: expected a day up to 2027-11-23, a year from now, found 2027-11-24"}},
		{"not a date", change(byKey, "2027-06-30", "never"), []string{`line 9: entry "partner": expires: expected a date such as 2027-02-23, found "never"`}},
		{"an invalid date", change(byKey, "2027-06-30", "2027-02-30"), []string{`found "2027-02-30"`}},
		{"an instant", change(byKey, "2027-06-30", "2027-06-30T00:00:00+14:00"), []string{"expires: expected a date"}},
		{"digits of another script", change(byKey, "2027-06-30", "\u0662\u0660\u0662\u0667-06-30"), []string{"expires: expected a date"}},
		{"a list of dates", change(byKey, "2027-06-30", "[2027-06-30]"), []string{"expires: expected a date such as 2027-02-23, found a list"}},
		{"unknown member", change(byKey, "owner:", "Owner:"), []string{`line 2: entry "partner": expected owner, found none`, `line 8: entry "partner": expected one of name, match, reason, owner, expires, found "Owner"`}},
		{"a merge key", change(byKey, "    owner", "    <<: {owner: x}\n    owner"), []string{`found "<<"`}},
		{"no match", "exceptions:\n  - name: partner" + rest, []string{`line 2: entry "partner": expected match, found none`}},
		{"empty match", matching(""), []string{"expected key, policy_sha256 or resource in match, found none"}},
		{"match is text", change(byKey, "match:\n      key: "+testKey+"\n      verdict: shared\n      class: encrypt", "match: everything"), []string{"expected a mapping with key, policy_sha256, resource, account, region, verdict, class, statement_sid, actor_role, event_name, found text"}},
		{"unknown member of match", matching("key_arn: " + testKey + ", verdict: shared"), []string{`line 3: entry "partner": expected one of key, policy_sha256,`, "expected key, policy_sha256 or resource in match, found none"}},
		{"narrowing alone", matching("account: 111122223333, verdict: shared, class: encrypt"), []string{"expected key, policy_sha256 or resource in match"}},
		{"key without verdict", matching("key: " + testKey + ", class: encrypt"), []string{"expected verdict (the worst that is accepted) and class with key or resource"}},
		{"key without class", matching("key: " + testKey + ", verdict: shared"), []string{"expected verdict (the worst that is accepted) and class with key or resource"}},
		{"resource alone", matching("resource: a.yaml#Key"), []string{"expected verdict (the worst that is accepted) and class with key or resource"}},
		{"empty list", matching("policy_sha256: []"), []string{"policy_sha256: expected 64 hexadecimal digits in lower case, found an empty list"}},
		{"a value twice", matching("policy_sha256: [" + testHash + ", " + testHash + "]"), []string{"policy_sha256: expected each value once, found \"" + testHash + "\" again"}},
		{"short hash", matching("policy_sha256: 0f34"), []string{`found "0f34"`}},
		{"hash in upper case", matching("policy_sha256: " + strings.ToUpper(testHash)), []string{"64 hexadecimal digits in lower case"}},
		{"a number for a hash", matching("policy_sha256: 5"), []string{`policy_sha256: expected 64 hexadecimal digits in lower case, found "5"`}},
		{"a mapping for a hash", matching("policy_sha256: {a: b}"), []string{"found a mapping"}},
		{"a list in a list", matching("policy_sha256: [[" + testHash + "]]"), []string{"found a list"}},
		{"nothing for a hash", matching("policy_sha256: "), []string{"found nothing"}},
		{"an alias of a key", matching("key: arn:aws:kms:eu-west-1:111122223333:alias/partner, verdict: shared, class: encrypt"), []string{"expected the ARN of a key"}},
		{"an ARN with a wildcard", matching("key: 'arn:aws:kms:*:111122223333:key/*', verdict: shared, class: encrypt"), []string{"expected the ARN of a key"}},
		{"an ARN with a wildcard for its Region", matching("key: 'arn:aws:kms:*:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab', verdict: shared, class: encrypt"), []string{"expected the ARN of a key"}},
		{"an ARN of another service", matching("key: 'arn:aws:s3:::bucket', verdict: shared, class: encrypt"), []string{"expected the ARN of a key"}},
		{"a key id", matching("key: 1234abcd-12ab-34cd-56ef-1234567890ab, verdict: shared, class: encrypt"), []string{"expected the ARN of a key"}},
		{"account", matching("policy_sha256: " + testHash + ", account: 11112222333"), []string{`account: expected 12 digits, found "11112222333"`}},
		{"region", matching("policy_sha256: " + testHash + ", region: eu-west-*"), []string{"region: expected a Region"}},
		{"region without number", matching("policy_sha256: " + testHash + ", region: eu-west-one"), []string{"region: expected a Region"}},
		{"verdict", matching("policy_sha256: " + testHash + ", verdict: PUBLIC"), []string{`verdict: expected public, undecided, network, shared or private, found "PUBLIC"`}},
		{"class", matching("policy_sha256: " + testHash + ", class: decrypt"), []string{`class: expected encrypt, use or other, found "decrypt"`}},
		{"statement_sid", matching("policy_sha256: " + testHash + ", statement_sid: ''"), []string{`statement_sid: expected the Sid of a statement, found ""`}},
		{"actor_role", matching("policy_sha256: " + testHash + ", actor_role: 'deploy*'"), []string{"actor_role: expected the name or the ARN of a role"}},
		{"event_name", matching("policy_sha256: " + testHash + ", event_name: PutKeyPolcy"), []string{"event_name: expected CreateKey, PutKeyPolicy or ReplicateKey"}},
		{"resource without id", matching("resource: 'a.yaml#', verdict: shared, class: encrypt"), []string{"resource: expected FILE or FILE#LOGICAL-ID"}},
		{"duplicate name", byKey + strings.TrimPrefix(byKey, "exceptions:\n"), []string{`line 10: entry "partner": expected a unique name, found the name of line 2`}},
		{"unknown top", "excptions: []\n", []string{`line 1: expected exceptions, found "excptions"`}},
		{"two lists", "exceptions: []\nexceptions: []\n", []string{"line 2: expected exceptions once, found it again"}},
		{"not a mapping", "- name: x\n", []string{"line 1: expected a mapping with exceptions, found a list"}},
		{"not a list", "exceptions: {a: b}\n", []string{"line 1: expected a list of exceptions, found a mapping"}},
		{"text at the top", "nothing to accept\n", []string{"line 1: expected a mapping with exceptions, found text"}},
		{"a line separator that no editor counts", change(byKey, "reviewed in SEC-1", "reviewed\u2028in SEC-1"), []string{"line 7: expected lines that end with a line feed, found the line separator U+2028"}},
		{"a next line that no editor counts", "exceptions:\u0085- name: x\n", []string{"line 1: expected lines that end with a line feed, found the line separator U+0085"}},
		{"entry is text", "exceptions: [x]\n", []string{"line 1: expected a mapping with name, match, reason, owner, expires, found text"}},
		{"an alias", "exceptions:\n  - &a {name: a}\n  - *a\n", []string{"line 2: entry \"a\": expected reason", "expected owner", "expected expires", "expected match", "line 3: expected a mapping with name, match, reason, owner, expires, found an alias"}},
		{"a match and an old condition", change(byKey, "    match:", "    when: x\n    match:\n      policy_sha256: x"), []string{"line 3: entry \"partner\": conditions are no longer read", "line 5: entry \"partner\": policy_sha256"}},
		{"a missing member and a wrong one", matching("key: x, class: bad"), []string{"key: expected", "class: expected", "expected verdict (the worst that is accepted)"}},
		{"a tag", matching("policy_sha256: !hash " + testHash), []string{"found a value with a tag"}},
		{"two documents", "exceptions: []\n---\nexceptions: []\n", []string{"expected one YAML document, found another"}},
		{
			"every fault is told", "exceptions:\n  - name: a\n    match: {policy_sha256: x, account: 1, verdict: bad}\n    reason: ''\n    expires: never\n  - match: {}\n  - just text\n",
			[]string{
				`line 2: entry "a": expected owner`, `line 3: entry "a": policy_sha256`, `line 3: entry "a": account`, `line 3: entry "a": verdict`, `line 4: entry "a": expected text for reason`,
				`line 5: entry "a": expires`, "line 6: expected name", "line 6: expected reason", "line 6: expected owner", "line 6: expected expires", "line 6: expected key, policy_sha256 or resource", "line 7: expected a mapping",
			},
		},
	}
}

func TestLoadRefuses(t *testing.T) {
	for _, tt := range refused() {
		t.Run(tt.name, func(t *testing.T) {
			l, err := Load([]byte(tt.text), now)
			faults, ok := err.(Errors)
			if l != nil || !ok || len(faults) != len(tt.want) {
				t.Fatalf("Load = %v, %v, want %d faults", l, err, len(tt.want))
			}
			for i, want := range tt.want {
				if got := faults[i].Error(); !strings.Contains(got, want) || strings.Contains(got, "\n") {
					t.Errorf("fault %d = %q, want one line with %q", i, got, want)
				}
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("Errors.Error has several lines: %q", err)
			}
		})
	}
}

// Text that is not YAML has one fault, on the line where it goes wrong.
func TestSyntaxErrorsNameTheLine(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		line       int
	}{
		{"a tab", change(byKey, "    owner", "\t owner"), 8},
		{"deeper than before", change(byKey, "    owner", "     owner"), 8},
		{"less deep than before", change(byKey, "    owner", "   owner"), 8},
		{"a colon in text", change(byKey, "reviewed in SEC-1", "reviewed: in SEC-1"), 7},
		{"a bracket left open", change(byKey, "class: encrypt", "class: [encrypt"), 8},
		{"a quote left open", change(byKey, "reviewed in SEC-1", "'reviewed in SEC-1"), 7},
		{"no colon", change(byKey, "    owner: storage-team@example.com", "    owner"), 8},
		{"an entry less deep than the first", byKey + " - name: x\n", 10},
		{"a dash without a blank", byKey + "  -name: x\n", 10},
		{"an unknown anchor", change(byKey, "storage-team@example.com", "*team"), 8},
		{"not UTF-8", change(byKey, "storage-team", "storage\xffteam"), 8},
		{"a control character", change(byKey, "storage-team", "storage\x01team"), 8},
		{"an at sign", change(byKey, "storage-team", "@storage-team"), 8},
		{"a wrong second document", byKey + "---\n\ta: b\n", 11},
	} {
		_, err := Load([]byte(tt.text), now)
		faults, ok := err.(Errors)
		if !ok || len(faults) != 1 || !strings.Contains(faults[0].Error(), "expected YAML: ") {
			t.Errorf("%s: Load = %v, want one fault", tt.name, err)
		} else if faults[0].Line != tt.line {
			t.Errorf("%s: %v, want line %d", tt.name, faults[0], tt.line)
		}
	}
}

// A file that is nested deeply is refused like any other.
func TestDeepNesting(t *testing.T) {
	const n = 1 << 20
	for name, text := range map[string]string{
		"brackets":          "exceptions: " + strings.Repeat("[", n),
		"closed brackets":   "exceptions: " + strings.Repeat("[", n) + strings.Repeat("]", n) + "\n",
		"braces":            "exceptions: " + strings.Repeat("{a: ", n),
		"dashes":            "exceptions:\n  " + strings.Repeat("- ", n) + "x\n",
		"a few dashes":      "exceptions:\n  " + strings.Repeat("- ", 50) + "x\n",
		"a few in brackets": "exceptions: " + strings.Repeat("[", 50) + strings.Repeat("]", 50) + "\n",
	} {
		if _, ok := plain(text); ok {
			t.Errorf("%s: in plain form", name)
		}
		if _, err := Load([]byte(text), now); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: Load = %v, want an error on one line", name, err)
		}
	}
}

// The text of many faults stays short, but Errors holds each of them.
func TestManyFaults(t *testing.T) {
	_, err := Load([]byte("exceptions:\n"+strings.Repeat("  - x\n", 1000)), now)
	faults, ok := err.(Errors)
	if !ok || len(faults) != 1000 || faults[999].Line != 1001 {
		t.Fatalf("%d faults, want 1000 in the order of lines", len(faults))
	}
	if text := err.Error(); len(text) > 4000 || !strings.Contains(text, "and 980 more") || strings.Contains(text, "\n") {
		t.Errorf("Error = %q, want the first faults and the number of the others", text)
	}
}

// Old conditions are refused, and the error says how to write them now.
func TestOldConditions(t *testing.T) {
	old := func(when string) string { return "exceptions:\n  - name: partner\n    when: " + when + rest }
	general := "write match: {key: ARN, policy_sha256: HASH}, or match: {key: ARN, verdict: WORST-ACCEPTED, class: [encrypt, use, other]}"
	other := testKey[:len(testKey)-1] + "c"
	for _, tt := range []struct{ name, when, want string }{
		{"hash", `policy_sha256 == "` + testHash + `"`, "write match: {policy_sha256: " + testHash + "}"},
		{"key and hash over two lines", `key_arn == "` + testKey + "\"\n          && policy_sha256 == \"" + testHash + `"`, "write match: {key: " + testKey + ", policy_sha256: " + testHash + "}"},
		{"and, single quotes, a block", "|\n      key_arn == '" + testKey + "' and policy_sha256 == '" + testHash + "'", "write match: {key: " + testKey + ", policy_sha256: " + testHash + "}"},
		{"key", `key_arn == "` + testKey + `"`, "write match: {key: " + testKey + ", verdict: shared, class: [encrypt, use, other]}, with the worst verdict that you accept"},
		{"key and verdict", `key_arn == "` + testKey + `" && verdict in ["shared", "network"]`, "write match: {key: " + testKey + ", verdict: [shared, network], class: [encrypt, use, other]}"},
		{"keys", `key_arn in ["` + testKey + `", "` + other + `"]`, "write match: {key: [" + testKey + ", " + other + "], verdict: shared"},
		{"narrowed", `policy_sha256 == "` + testHash + `" and key_account == "111122223333" and role == "deploy" and event == "CreateKey" and key_region == "eu-west-1"`, `write match: {policy_sha256: ` + testHash + `, account: "111122223333", region: eu-west-1, actor_role: deploy, event_name: CreateKey}`},
		{"an alternative", `key_arn == "` + testKey + `" || policy_sha256 == "` + testHash + `"`, general},
		{"another field", `policy_sha256 == "` + testHash + `" && mfa == "yes"`, general},
		{"not a hash", `policy_sha256 == "x"`, general},
		{"a field twice", `key_arn == "` + testKey + `" && key_arn == "` + testKey + `"`, general},
		{"nothing that names a policy", `verdict == "shared"`, general},
		{"another operator", `key_arn startsWith "arn:aws:kms:"`, general},
		{"a list", `[a, b]`, general},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Load([]byte(old(tt.when)), now)
			faults, ok := err.(Errors)
			if !ok || len(faults) != 1 || faults[0].Line < 3 || faults[0].Line > 4 {
				t.Fatalf("Load = %v, want one fault at the condition", err)
			}
			text := faults[0].Error()
			if !strings.Contains(text, tt.want) || strings.Contains(text, "\n") {
				t.Fatalf("fault = %q, want one line with %q", text, tt.want)
			}
			if tt.want == general {
				return
			}
			_, form, _ := strings.Cut(text, "write ")
			form, _, _ = strings.Cut(form, "}")
			mustLoad(t, "exceptions:\n  - name: partner\n    "+form+"}"+rest)
		})
	}
}

func TestLoadAccepts(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		want       int
	}{
		{"nothing", "", 0},
		{"comments", "# nothing\n", 0},
		{"no list", "exceptions:\n", 0},
		{"an empty list", "exceptions: []\n", 0},
		{"null", "null\n", 0},
		{"by key and hash", byKeyAndHash, 1},
		{"by key", byKey, 1},
		{"by resource", byResource, 1},
		{"of a multi-Region key in GovCloud", matching("key: 'arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab', verdict: public, class: [encrypt, use, other]"), 1},
		{"a hash of digits alone", matching("policy_sha256: " + strings.Repeat("1234567890123456", 4)), 1},
		{"a hash that YAML reads as a number", matching("policy_sha256: " + strings.Repeat("1", 30) + "e" + strings.Repeat("1", 33)), 1},
		{"an account with a zero", matching("policy_sha256: " + testHash + ", account: [012345678901, '111122223333']"), 1},
		{"a role by its ARN", matching("policy_sha256: " + testHash + ", actor_role: ['arn:aws:iam::111122223333:role/team/deploy', deploy]"), 1},
		{"a Sid with blanks", matching("policy_sha256: " + testHash + ", statement_sid: Allow the partner"), 1},
		{"reason in several lines", change(byKey, "reviewed in SEC-1", "|\n      reviewed in\n      SEC-1"), 1},
		{"expired", change(byKey, "2027-06-30", "2020-01-01"), 1},
		{"a year ahead", change(byKey, "2027-06-30", "2027-11-23"), 1},
		{"carriage returns", strings.ReplaceAll(byKey, "\n", "\r\n"), 1},
		{"many", manyEntries(7, false), 7},
		{"many, not plain", manyEntries(7, true), 7},
	} {
		if l, err := Load([]byte(tt.text), now); err != nil || l.Len() != tt.want {
			t.Errorf("%s: Load = %d entries, %v, want %d", tt.name, l.Len(), err, tt.want)
		}
	}
	if l := mustLoad(t, change(byKey, "2027-06-30", "2020-01-01")); strings.Join(l.Expired(now), ",") != "partner" {
		t.Errorf("expired = %q, want the entry", l.Expired(now))
	}
}
