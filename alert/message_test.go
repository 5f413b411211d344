package alert

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/kmsentry/kmsentry/alert/internal/alerttest"
	"github.com/kmsentry/kmsentry/alert/safe"
	"github.com/kmsentry/kmsentry/alert/words"
	"github.com/kmsentry/kmsentry/detector"
	"github.com/kmsentry/kmsentry/detector/policy/decide"
)

// The forms that SNS accepts. Source: SNS API reference, Publish; SNS developer
// guide, sns-message-attributes.html.
var (
	snsSubject   = regexp.MustCompile(`^[!-~][ -~]{0,98}$`)
	snsAttribute = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,256}$`)
	snsValue     = regexp.MustCompile(`^[ -~]+$`)
	oneSMS       = regexp.MustCompile(`^[ -~]{1,140}$`)
)

// checkMessage checks one message against the rules of SNS and returns its bodies.
func checkMessage(t *testing.T, m Message) map[string]string {
	t.Helper()
	if !snsSubject.MatchString(m.Subject) {
		t.Errorf("subject %q (%d characters)", m.Subject, len(m.Subject))
	}
	if len(m.Attributes) > 10 || len(m.Attributes) == 0 {
		t.Errorf("%d attributes, want 1 to 10", len(m.Attributes))
	}
	for name, value := range m.Attributes {
		if !snsAttribute.MatchString(name) || !snsValue.MatchString(value) {
			t.Errorf("attribute %q = %q", name, value)
		}
	}
	if m.size() > 240<<10 {
		t.Errorf("message has %d bytes, want at most 240 KiB", m.size())
	}
	var bodies map[string]string // a value that is not a string fails here; SNS would silently ignore it
	if err := json.Unmarshal([]byte(m.Body), &bodies); err != nil {
		t.Fatalf("body: %v", err)
	}
	if !json.Valid([]byte(bodies["default"])) {
		t.Errorf("default is not JSON: %.200s", bodies["default"])
	}
	for protocol, text := range bodies {
		if protocol != "default" && text == bodies["default"] {
			t.Errorf("%s repeats default, which its subscribers get anyway", protocol)
		}
	}
	for protocol := range bodies {
		if protocol != "default" && !slices.ContainsFunc(channels(), func(c channel) bool { return c.protocol == protocol }) {
			t.Errorf("a body for %q", protocol)
		}
	}
	if !oneSMS.MatchString(bodies["sms"]) || bodies["email"] == "" {
		t.Errorf("sms %q, email of %d bytes", bodies["sms"], len(bodies["email"]))
	}
	return bodies
}

// A shownFinding has the members of a finding that these tests read.
type shownFinding struct {
	Metadata struct {
		IsTruncated bool `json:"is_truncated"`
	}
	Evidences []struct{ Data shownData }
}

type shownData struct {
	Cut    []string
	Held   *struct{ Count int } `json:"held_alerts"`
	Policy shownPolicy
}

type shownPolicy struct {
	Text, SHA256, Where string
	Bytes               int
	Cut                 bool
}

func TestCompose(t *testing.T) {
	schemas := alerttest.FindingSchemas(t)
	alerttest.EachFinding(t, func(t *testing.T, f *detector.Finding) {
		m, err := Compose(f, alerttest.Options())
		if err != nil {
			t.Fatal(err)
		}
		bodies := checkMessage(t, m)
		alerttest.CheckFinding(t, bodies["default"], schemas)
		if !strings.Contains(bodies["https"], `"source":"custom"`) {
			t.Errorf("https is not a chat notification: %.100s", bodies["https"])
		}
		o := alerttest.Options()
		o.HTTPSBody = "finding"
		if m, err = Compose(f, o); err != nil {
			t.Fatal(err)
		}
		if bodies := checkMessage(t, m); bodies["https"] != "" {
			t.Errorf("https has a body of its own, want the finding from default: %.100q", bodies["https"])
		}
	})
}

func TestComposeRefusesInvalidOptions(t *testing.T) {
	o := alerttest.Options()
	o.Mention = "!channel"
	if m, err := Compose(alerttest.PublicFinding(), o); err == nil || m.Body != "" {
		t.Errorf("Compose = %+v, %v, want an error", m, err)
	}
}

func TestComposeHuge(t *testing.T) {
	huge := strings.Repeat("\\\"\u202e<&>`\n", 8<<10)
	filled, quotes := alerttest.PublicFinding(), alerttest.PublicFinding()
	alerttest.Fill(filled, huge)
	alerttest.Fill(quotes, strings.Repeat(`"`, 64<<10))
	wideList := alerttest.HugeFinding()
	wideList.Policy.Text = strings.Repeat(`"`, 32<<10) // must stay whole, whatever else there is
	g := &wideList.Decision.Grants[0]
	g.Witness.Context = map[string][]string{}
	for i := range 500 {
		g.Named = append(g.Named, strings.Repeat("n", 500))
		g.Why = append(g.Why, strings.Repeat("w", 500))
		g.Witness.Context[strings.Repeat("k", i+1)] = []string{strings.Repeat("v", 500)}
	}
	for range 100 {
		wideList.Splunk.Rows = append(wideList.Splunk.Rows, detector.SplunkRow{KeyPolicyAction: strings.Repeat("a", 5000), KeyPolicyPrincipal: strings.Repeat("p", 5000), Count: 1})
	}
	for range 60 {
		wideList.Decision.Grants = append(wideList.Decision.Grants, *g)
		wideList.Decision.Others = append(wideList.Decision.Others, *g)
	}
	for name, c := range map[string]struct {
		f   *detector.Finding
		cut string // a part that must be cut
	}{
		"32 kB policy, 60 statements": {alerttest.HugeFinding(), "grants"},
		"every text 64 kB":            {filled, "policy.text"},
		"every text quotes":           {quotes, "policy.text"},
		"every list long":             {wideList, "grants"},
	} {
		t.Run(name, func(t *testing.T) {
			f := c.f
			m, err := Compose(f, alerttest.Options())
			if err != nil {
				t.Fatal(err)
			}
			bodies := checkMessage(t, m)
			var out shownFinding
			if err := json.Unmarshal([]byte(bodies["default"]), &out); err != nil {
				t.Fatal(err)
			}
			p := out.Evidences[0].Data.Policy
			whole := p.Text == f.Policy.Text && p.Where == ""
			beginning := strings.HasPrefix(p.Where, "CloudTrail event ") && strings.HasSuffix(p.Text, safe.CutMark)
			if p.SHA256 != f.Policy.SHA256 || p.Bytes != len(f.Policy.Text) || p.Cut != (c.cut == "policy.text") || p.Cut && !beginning || !p.Cut && !whole {
				t.Errorf("policy: cut %v, %d bytes, sha256 %s, where %q", p.Cut, p.Bytes, p.SHA256, p.Where)
			}
			if !out.Metadata.IsTruncated || !slices.Contains(out.Evidences[0].Data.Cut, c.cut) {
				t.Errorf("the finding does not say what was cut: %v", out.Evidences[0].Data.Cut)
			}
			if n := len(bodies["email"]); n > 32<<10 {
				t.Errorf("the mail has %d bytes, which is too long to read", n)
			}
		})
	}
}

// A key policy of 32 KiB, the most that KMS takes, is whole in the finding, whatever
// characters it has.
func TestComposeKeepsAPolicyWhole(t *testing.T) {
	const most = 32 << 10
	open := `{"Sid":"%s","Effect":"Allow","Principal":"*","Action":"kms:Encrypt","Resource":"*"}`
	padded := func(pad string) string {
		empty := `{"Version":"2012-10-17","Statement":[` + fmt.Sprintf(open, "") + `]}`
		return `{"Version":"2012-10-17","Statement":[` + fmt.Sprintf(open, strings.Repeat(pad, (most-len(empty))/len(pad))) + `]}`
	}
	var many []string
	for i := 0; len(strings.Join(many, ",")) < most-200; i++ {
		many = append(many, fmt.Sprintf(open, fmt.Sprint(i)))
	}
	var actions, principals []string
	for i := range 60 {
		actions = append(actions, fmt.Sprintf("kms:Encrypt%s", strings.Repeat("*", i)))
		principals = append(principals, "arn:aws:iam::111122223333:role/"+strings.Repeat(fmt.Sprint(i%10), 400))
	}
	wide, _ := json.Marshal(map[string]any{"Statement": []any{
		map[string]any{"Effect": "Allow", "Principal": "*", "Action": actions, "Resource": "*"},
		map[string]any{"Effect": "Allow", "Principal": map[string]any{"AWS": principals}, "Action": actions, "Resource": "*"},
	}})
	for name, text := range map[string]string{
		"many rows":          string(wide) + strings.Repeat(" ", most-len(wide)),
		"letters":            padded("x"),
		"quotes":             padded(`\"`),
		"backslashes":        padded(`\\`),
		"control characters": padded("\u0080"),
		"soft hyphens":       padded("\u00ad"),
		"markup":             padded("<&>"),
		"many statements":    `{"Version":"2012-10-17","Statement":[` + strings.Join(many, ",") + `]}`,
		"white space":        `{"Version":"2012-10-17","Statement":[` + strings.Repeat("\n", most-150) + fmt.Sprintf(open, "") + `]}`,
	} {
		t.Run(name, func(t *testing.T) {
			if len(text) < most-1<<10 || len(text) > most {
				t.Fatalf("the policy has %d bytes, want nearly 32 KiB", len(text))
			}
			record := fmt.Sprintf(`{"eventVersion":"1.11","eventID":"f09518ac-5ae5-4214-80ee-4f23ccdedd4c","eventSource":"kms.amazonaws.com","eventName":"PutKeyPolicy",
				"eventTime":"2026-11-23T03:14:15Z","awsRegion":"us-west-2","recipientAccountId":"111122223333","userIdentity":{"type":"IAMUser","userName":"build"},
				"requestParameters":{"keyId":%q,"policy":%s},"responseElements":null}`, alerttest.KeyInUSWest, literal(t, text))
			result, err := detector.Detector{}.Detect([]byte(record))
			if err != nil || result.Finding == nil {
				t.Fatalf("no finding: %s, %v", result.Quiet, err)
			}
			m, err := Compose(result.Finding, alerttest.Options())
			if err != nil {
				t.Fatal(err)
			}
			var out shownFinding
			if err := json.Unmarshal([]byte(checkMessage(t, m)["default"]), &out); err != nil {
				t.Fatal(err)
			}
			p := out.Evidences[0].Data.Policy
			if p.Cut || p.Text != safe.Document(text) || p.Bytes != len(text) {
				t.Errorf("message of %d bytes: policy cut %t, %d of %d bytes; cut: %v", m.size(), p.Cut, len(p.Text), len(text), out.Evidences[0].Data.Cut)
			}
		})
	}
}

// literal returns s as a JSON string.
func literal(t *testing.T, s string) string {
	t.Helper()
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestComposeCutsNothingOfAnOrdinaryFinding(t *testing.T) {
	f := alerttest.PublicFinding()
	f.Policy.Text = alerttest.OpenPolicy + strings.Repeat(" ", 8<<10)
	m, err := Compose(f, alerttest.Options())
	if err != nil {
		t.Fatal(err)
	}
	if finding := checkMessage(t, m)["default"]; strings.Contains(finding, `"cut"`) || strings.Contains(finding, "is_truncated") {
		t.Error("an 8 kB policy was cut")
	}
}

func TestAttributesAreDocumented(t *testing.T) {
	text, err := os.ReadFile("../docs/alerts.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(text), "## Message attributes")
	table, _, _ = strings.Cut(table, "\n## ")
	rows := regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\|").FindAllStringSubmatch(table, -1)
	have := attributes(alerttest.PublicFinding(), alerttest.Options())
	if len(rows) != len(have) {
		t.Errorf("docs/alerts.md describes %d attributes, want %d", len(rows), len(have))
	}
	for _, row := range rows {
		if have[row[1]] == "" {
			t.Errorf("docs/alerts.md describes %q, which no message has", row[1])
		}
	}
}

func TestSubject(t *testing.T) {
	long, replica := alerttest.PublicFinding(), alerttest.PublicFinding()
	replica.Key.Region = "eu-west-1" // the call was made in the primary's Region
	long.Key.Region, long.Decision.Grants[0].Action = "ap-northeast-3", "kms:GenerateDataKeyPairWithoutPlaintext"
	mixed := alerttest.PublicFinding()
	mixed.Decision.Grants = append(mixed.Decision.Grants, mixed.Decision.Grants[0])
	mixed.Decision.Grants[0].Audience, mixed.Decision.Grants[1].Action = decide.Shared, "kms:ReEncryptTo"
	test := alerttest.Options()
	test.Test = true
	all := alerttest.Findings()
	for name, c := range map[string]struct {
		f    *detector.Finding
		o    words.Options
		want string
	}{
		"public":     {alerttest.PublicFinding(), alerttest.Options(), "[CRITICAL] KMS key open to everyone: kms:Encrypt 111122223333 us-west-2 ...34567890ab"},
		"canary":     {alerttest.PublicFinding(), test, "[TEST] [CRITICAL] KMS key open to everyone: kms:Encrypt 111122223333 us-west-2 ...34567890ab"},
		"long":       {long, alerttest.Options(), "[CRITICAL] KMS key open to everyone 111122223333 ...34567890ab"},
		"refused":    {all["attempted"], alerttest.Options(), "[LOW] Refused attempt: KMS key open to everyone: kms:Encrypt 111122223333 us-west-2 ...34567890ab"},
		"undecided":  {all["undecided"], alerttest.Options(), "[MEDIUM] KMS key policy could not be decided 111122223333 us-west-2 ...34567890ab"},
		"unreadable": {all["unparsed"], alerttest.Options(), "[MEDIUM] KMS key policy could not be read 111122223333 us-west-2 ...34567890ab"},
		"replica":    {replica, alerttest.Options(), "[CRITICAL] KMS key open to everyone: kms:Encrypt 111122223333 eu-west-1 ...34567890ab"},
		"worst":      {mixed, alerttest.Options(), "[CRITICAL] KMS key open to everyone: kms:ReEncryptTo 111122223333 us-west-2 ...34567890ab"},
		"zero":       {&detector.Finding{}, alerttest.Options(), "[LOW] May be in force: KMS key policy could not be decided unknown"},
	} {
		if got := subject(c.f, c.o); got != c.want {
			t.Errorf("%s: subject = %q, want %q", name, got, c.want)
		}
	}
}

// Every text decodes from the body as it was written.
func TestQuoted(t *testing.T) {
	texts := []string{"", "plain", "a\"b\\c/d", "\x00\x01\b\f\n\r\t\x1f\x7f", "\u00e9\u2028\u2029\U0001f600", "<&>"}
	for _, text := range texts {
		var b strings.Builder
		quote(&b, []byte(text))
		var got string
		if err := json.Unmarshal([]byte(b.String()), &got); err != nil || got != text {
			t.Errorf("%q: got %q, %v", text, got, err)
		}
	}
}

// Whatever is in the finding, SNS accepts the message, and every subscriber can read
// its part.
func FuzzCompose(f *testing.F) {
	f.Add(alerttest.Attack, uint8(1))
	f.Add("\\\"\n\u202e", uint8(255))
	f.Add("", uint8(0))
	f.Add(" ", uint8(8))
	f.Add(`"`, uint8(255))
	f.Add("arn:aws:kms:us-east-1:1:key/x https://x", uint8(90))
	f.Fuzz(func(t *testing.T, s string, times uint8) {
		finding := alerttest.PublicFinding()
		text := strings.Repeat(s, int(times)) // TestComposeHuge has the large ones
		alerttest.Fill(finding, text[:min(len(text), 3000)])
		m, err := Compose(finding, alerttest.Options())
		if err != nil {
			t.Fatal(err)
		}
		bodies := checkMessage(t, m)
		for i, line := range strings.Split(bodies["email"], "\n") {
			if r, bad := alerttest.UnsafeRune(line); bad || !alerttest.IsMailLine(line) {
				t.Fatalf("line %d of the mail is %q (%U)", i+1, line, r)
			}
		}
	})
}
