package alert

import (
	"errors"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/kmsentry/kmsentry/detector"
)

// entry is a complete exceptions.yaml of one entry, with parts replaced.
func entry(old, replacement string) string {
	return strings.Replace(`exceptions:
  - name: partner
    when: key_arn == "`+keyInUSWest+`" && policy_sha256 == "`+sha+`"
    reason: reviewed in SEC-1
    owner: storage-team@example.com
    expires: 2027-06-30
`, old, replacement, 1)
}

func TestMatch(t *testing.T) {
	changed := publicFinding()
	changed.Policy.SHA256 = strings.Repeat("0", 64)
	day := func(s string) time.Time {
		d, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	for name, c := range map[string]struct {
		text string
		f    *detector.Finding
		now  time.Time
		by   string
		exp  string
		err  bool
	}{
		"holds":                     {entry("", ""), publicFinding(), at, "partner", "", false},
		"a changed policy alerts":   {entry("", ""), changed, at, "", "", false},
		"the last second":           {entry("", ""), publicFinding(), day("2027-06-30T23:59:59Z"), "partner", "", false},
		"the day after":             {entry("", ""), publicFinding(), day("2027-07-01T00:00:00Z"), "", "partner", false},
		"expired, another finding":  {entry("", ""), changed, day("2027-07-01T00:00:00Z"), "", "", false},
		"failure publishes":         {entry(`key_arn == "`+keyInUSWest+`"`, `sids[7] == "x"`), publicFinding(), at, "", "", true},
		"failure spares the others": {entry(`key_arn == "`+keyInUSWest+`"`, `sids[7] == "x"`) + strings.TrimPrefix(entry("name: partner", "name: second"), "exceptions:\n"), publicFinding(), at, "second", "", true},
		"lists":                     {entry(`key_arn == "`+keyInUSWest+`" &&`, "|\n      \"Open\" in sids && all(actions, # == \"kms:Encrypt\") && len(named) == 0 &&\n     "), publicFinding(), at, "partner", "", false},
		"mfa beside another field":  {entry(`key_arn == "`+keyInUSWest+`"`, `mfa == "no" && role == "okta_adm_role"`), publicFinding(), at, "partner", "", false},
		"none":                      {"exceptions: []\n", publicFinding(), at, "", "", false},
		"empty file":                {"# nothing\n", publicFinding(), at, "", "", false},
	} {
		e, err := ParseExceptions([]byte(c.text), at)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		held := e.Match(c.f, c.now)
		if held.By != c.by || strings.Join(held.Expired, ",") != c.exp || (held.Err != nil) != c.err {
			t.Errorf("%s: Match = %+v, want by %q, expired %q, error %v", name, held, c.by, c.exp, c.err)
		}
		if held.By != "" && (held.Reason != "reviewed in SEC-1" || held.Owner != "storage-team@example.com") {
			t.Errorf("%s: reason %q, owner %q", name, held.Reason, held.Owner)
		}
	}
	for _, none := range []*Exceptions{nil, {}} {
		if held := none.Match(publicFinding(), at); held.By != "" || held.Err != nil || none.Len() != 0 {
			t.Errorf("%v holds back: %+v", none, held)
		}
	}
}

// What exceptions are for: each names a key, an account, a person, a place or
// a policy, or holds back what is not severe.
func TestReasonableConditions(t *testing.T) {
	for _, condition := range []string{
		`policy_sha256 == "` + sha + `"`,
		`key_arn == "` + keyInUSWest + `"`,
		`key_arn in ["` + keyInUSWest + `", "arn:aws:kms:eu-west-1:111122223333:key/1"]`,
		`key_arn startsWith "arn:aws:kms:us-west-2:111122223333:"`,
		`key_id == "1234abcd-12ab-34cd-56ef-1234567890ab" and region == "us-west-2"`,
		`key_alias == "alias/partner" && key_account == "111122223333"`,
		`account == "111122223333"`,
		`account in ["111122223333", "444455556666"] and not (verdict == "public")`,
		`region == "us-west-2"`,
		`role == "platform-deploy"`,
		`role_arn == "arn:aws:iam::111122223333:role/platform-deploy" and invoked_by == "cloudformation.amazonaws.com"`,
		`role startsWith "AWSReservedSSO_KeyAdmin_" and mfa == "yes"`,
		`actor_arn == "arn:aws:iam::111122223333:user/build"`,
		`actor_name == "build" and actor_type == "IAMUser"`,
		`access_key_id == "AKIAIOSFODNN7EXAMPLE"`,
		`source_ip == "203.0.113.24" and user_agent contains "Terraform"`,
		`vpc_endpoint == "vpce-0a1b2c3d4e5f67890"`,
		`verdict == "shared"`,
		`verdict == "shared" && all(named, # == "444455556666")`,
		`verdict == "network" && all(named, # == "203.0.113.0/24")`,
		`attempted`,
		`severity == "low"`,
		`"Partner" in sids && key_account == "111122223333" && verdict in ["shared", "network"]`,
	} {
		if e, err := ParseExceptions([]byte(whenever(condition)), at); err != nil || e.Len() != 1 {
			t.Errorf("%s: %v", condition, err)
		}
	}
}

// whenever is a complete exceptions.yaml whose one entry has the condition.
func whenever(condition string) string {
	return entry(`key_arn == "`+keyInUSWest+`" && policy_sha256 == "`+sha+`"`, "|\n      "+condition)
}

const tooBroad = "findings that nobody has seen yet"

func TestParseExceptionsRefuses(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"no reason":                    {entry("    reason: reviewed in SEC-1\n", ""), `exceptions: line 2: entry "partner": want reason, got none`},
		"empty reason":                 {entry("reviewed in SEC-1", `""`), `line 4: entry "partner": want text for reason`},
		"a dot for a reason":           {entry("reviewed in SEC-1", `"."`), `line 4: entry "partner": want words for reason, got "."`},
		"an unseen reason":             {entry("reviewed in SEC-1", `"\u200b"`), `want words for reason, got "\u200b"`},
		"tabs":                         {"exceptions:\n\t- name: a\n", "want YAML"},
		"a merge key":                  {entry("    owner", "    <<: {owner: x}\n    owner"), `got "<<"`},
		"an instant":                   {entry("2027-06-30", "2027-06-30T00:00:00+14:00"), "expires: want a date"},
		"digits of another script":     {entry("2027-06-30", "\u0662\u0660\u0662\u0667-06-30"), "expires: want a date"},
		"no owner":                     {entry("    owner: storage-team@example.com\n", ""), "want owner"},
		"no name":                      {entry("name: partner", `name: ""`), "want text for name"},
		"no condition":                 {entry("when: ", "wenn: "), `line 2: entry "partner": want one of name, when, reason, owner, expires, got "wenn" (line 3)`},
		"no expiry":                    {entry("    expires: 2027-06-30\n", ""), "want expires"},
		"repeated member":              {entry("    owner", "    reason: again\n    owner"), `want "reason" once`},
		"more than a year":             {entry("2027-06-30", "2027-11-24"), "want a day up to 2027-11-23, a year from now, got 2027-11-24"},
		"not a date":                   {entry("2027-06-30", "never"), `line 6: entry "partner": expires: want a date such as 2027-02-23, got "never"`},
		"a date that is none":          {entry("2027-06-30", "2027-02-30"), "expires: want a date"},
		"unknown field":                {entry("key_arn", "key_urn"), `line 3: entry "partner": when: `},
		"not a condition":              {entry("policy_sha256 ==", "policy_sha256 +"), "when: "},
		"wrong type":                   {entry(`"`+sha+`"`, "5"), "when: "},
		"syntax":                       {entry("&&", "&& &&"), "when: "},
		"the clock":                    {entry("when: ", "when: now().Year() > 2000 && "), "when: "},
		"MFA alone":                    {entry(`key_arn == "`+keyInUSWest+`" && policy_sha256 == "`+sha+`"`, `mfa == "yes"`), "MFA alone excuses no open key"},
		"MFA, negated":                 {entry(`key_arn == "`+keyInUSWest+`" && policy_sha256 == "`+sha+`"`, `not (mfa in ["no", "unknown"]) and true`), "MFA alone"},
		"MFA as alternative":           {entry(`&& policy`, `|| mfa == "yes" || policy`), "MFA alone"},
		"constant":                     {entry(`key_arn == "`+keyInUSWest+`" && policy_sha256 == "`+sha+`"`, `true`), "asks about the finding"},
		"constant alternative":         {entry(`&& policy`, `or 1 == 1 or policy`), "asks about the finding"},
		"through $env":                 {entry(`key_arn`, `$env["mfa"] == "yes" || key_arn`), "$env"},
		"any hash":                     {whenever(`policy_sha256 != ""`), tooBroad},
		"any length":                   {whenever(`len(actions) >= 0`), tooBroad},
		"itself":                       {whenever(`1 == 1 and severity == severity`), tooBroad},
		"a list with itself":           {whenever(`key_arn in [key_arn]`), tooBroad},
		"anything":                     {whenever(`verdict matches ".*"`), tooBroad},
		"nothing":                      {whenever(`key_arn contains ""`), tooBroad},
		"what every ARN begins with":   {whenever(`key_arn startsWith "arn:aws:kms:"`), tooBroad},
		"all but one":                  {whenever(`not (mfa == "yes" and key_arn == "` + keyInUSWest + `")`), tooBroad},
		"all but one key":              {whenever(`key_arn != "` + keyInUSWest + `"`), tooBroad},
		"MFA by a choice":              {whenever(`mfa == "yes" ? true : key_arn == "` + keyInUSWest + `"`), tooBroad},
		"MFA by a name":                {whenever(`let x = mfa; x == "yes" || key_arn == "` + keyInUSWest + `"`), tooBroad},
		"MFA in a list":                {whenever(`[key_arn, mfa][1] == "yes"`), tooBroad},
		"MFA in a map":                 {whenever(`{"a": key_arn, "b": mfa}.b == "yes"`), tooBroad},
		"MFA with a formality":         {whenever(`mfa == "yes" && len(key_arn) < 1000000`), tooBroad},
		"a way to sign in":             {whenever(`sso`), tooBroad},
		"another way":                  {whenever(`not federated`), tooBroad},
		"a kind of caller":             {whenever(`actor_type == "AssumedRole"`), tooBroad},
		"any role":                     {whenever(`role != ""`), tooBroad},
		"no role":                      {whenever(`role == ""`), tooBroad},
		"no error":                     {whenever(`error_code == ""`), tooBroad},
		"the partition":                {whenever(`partition == "aws"`), tooBroad},
		"the verdict":                  {whenever(`verdict == "public"`), tooBroad},
		"the severity":                 {whenever(`severity in ["low", "medium"]`), tooBroad},
		"what cannot be read":          {whenever(`not parsed`), tooBroad},
		"the call":                     {whenever(`event == "CreateKey"`), tooBroad},
		"an action":                    {whenever(`"kms:Encrypt" in actions`), tooBroad},
		"a user agent":                 {whenever(`user_agent contains "Terraform"`), tooBroad},
		"a Sid":                        {whenever(`"Partner" in sids`), tooBroad},
		"a name among others":          {whenever(`"444455556666" in named`), tooBroad},
		"a name, true of no names too": {whenever(`all(named, # == "444455556666")`), tooBroad},
		"the name of a session":        {whenever(`actor_name == "ci"`), tooBroad},
		"a user agent and a Sid":       {whenever(`"Partner" in sids && user_agent startsWith "Terraform/"`), tooBroad},
		"too much to tell":             {whenever(`verdict in [severity, event, mfa, actor_type, role, key_id, access_key_id, source_ip, vpc_endpoint, invoked_by] || long_term_key && sso && federated && bypass && parsed && key_arn == ""`), "asks about fewer things"},
		"a long condition":             {whenever(strings.Repeat(`key_arn == "x" || `, 50000) + `true`), "[...]"},
		"duplicate name":               {entry("", "") + strings.TrimPrefix(entry("", ""), "exceptions:\n"), `line 7: entry "partner": want a name of its own, got the name of line 2`},
		"odd name":                     {entry("partner", `"a\nb"`), "want a name of letters"},
		"unknown top":                  {"excptions: []\n", `want one of exceptions, got "excptions"`},
		"not a mapping":                {"- name: x\n", "want a mapping"},
		"not a list":                   {"exceptions: {a: b}\n", "want a list"},
		"entry is text":                {"exceptions: [x]\n", "want a mapping"},
		"two documents":                {"exceptions: []\n---\nexceptions: []\n", "want one document"},
		"an alias":                     {"exceptions:\n  - &a {name: a}\n  - *a\n", "want when"},
		"not YAML":                     {"exceptions: [\n", "want YAML"},
	} {
		e, err := ParseExceptions([]byte(c.text), at)
		if err == nil || e != nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error = %v, want one line with %q", name, err, c.want)
		}
		var fault *ExceptionError
		if err != nil && !errors.As(err, &fault) {
			t.Errorf("%s: error is a %T", name, err)
		}
	}
}

// The law of the file: it is read whole, or refused in one line; and nothing is
// held back without a reason and an owner.
func FuzzParseExceptions(f *testing.F) {
	f.Add(entry("", ""))
	f.Add(entry("&& policy", `|| mfa == "no" || policy`))
	f.Add("exceptions: [{name: a, when: 'verdict in [\"public\"]', reason: b, owner: c, expires: 2027-01-01}]")
	f.Add("exceptions: [\n")
	f.Fuzz(func(t *testing.T, text string) {
		e, err := ParseExceptions([]byte(text), at)
		if err == nil {
			if held := e.Match(publicFinding(), at); held.By != "" && (held.Reason == "" || held.Owner == "") {
				t.Fatalf("held back without reason or owner: %+v", held)
			}
			return
		}
		var fault *ExceptionError
		if e != nil || !errors.As(err, &fault) || strings.ContainsAny(err.Error(), "\n\r") {
			t.Fatalf("ParseExceptions = %v, %q", e, err)
		}
	})
}

func TestExpiredEntriesParse(t *testing.T) {
	e, err := ParseExceptions([]byte(entry("2027-06-30", "2020-01-01")), at)
	if err != nil || e.Len() != 1 || strings.Join(e.Expired(at), ",") != "partner" {
		t.Errorf("ParseExceptions = %v, %v, want one expired entry", e, err)
	}
}

// The file that ships, and the example in it.
func TestShippedExceptions(t *testing.T) {
	text, err := os.ReadFile("../exceptions.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if e, err := ParseExceptions(text, at); err != nil || e.Len() != 0 {
		t.Errorf("exceptions.yaml: %d entries, %v; want none", e.Len(), err)
	}
	example := regexp.MustCompile(`(?m)^# ?(exceptions:|  .*)$`).ReplaceAllString(string(text), "$1")
	example = strings.Replace(example, "\nexceptions: []", "", 1)
	if e, err := ParseExceptions([]byte(example), at); err != nil || e.Len() != 1 {
		t.Errorf("the example in exceptions.yaml: %d entries, %v\n%s", e.Len(), err, example)
	}
}

// The example in the docs.
func TestDocumentedExceptions(t *testing.T) {
	text, err := os.ReadFile("../docs/exceptions.md")
	if err != nil {
		t.Fatal(err)
	}
	examples := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(text), -1)
	if len(examples) == 0 {
		t.Fatal("docs/exceptions.md has no example")
	}
	for _, example := range examples {
		if e, err := ParseExceptions([]byte(example[1]), at); err != nil || e.Len() == 0 {
			t.Errorf("%d entries, %v in\n%s", e.Len(), err, example[1])
		}
	}
}

func TestExceptionFieldsAreDocumented(t *testing.T) {
	text, err := os.ReadFile("../docs/exceptions.md")
	if err != nil {
		t.Fatal(err)
	}
	var rows []string
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z0-9_]+)` \\| (?:text|bool|list of text) \\|").FindAllStringSubmatch(string(text), -1) {
		rows = append(rows, row[1])
	}
	if got, want := strings.Join(rows, " "), strings.Join(exceptionFields(), " "); got != want {
		t.Errorf("docs/exceptions.md describes\n%s\nwant\n%s", got, want)
	}
}
