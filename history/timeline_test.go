package history

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/kmsentry/kmsentry/detector"
	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
)

const testKey = "arn:aws:kms:eu-north-1:999988887777:key/01234567-89ab-4def-8123-456789abcdef"

const (
	keptIn    = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::999988887777:root"},"Action":"kms:*","Resource":"*"}]}`
	openAll   = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":["kms:Encrypt","kms:ReEncryptTo"],"Resource":"*"}]}`
	openOne   = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123412341234:root"},"Action":"kms:Encrypt","Resource":"*"}]}`
	opensLate = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"kms:Encrypt","Resource":"*","Condition":{"DateGreaterThan":{"aws:CurrentTime":"2026-02-01T00:10:00Z"}}}]}`
)

// testRecord is a record of a call at that many minutes past midnight.
func testRecord(id int, name string, minute int, policyText, errorCode string) []byte {
	r := map[string]any{
		"eventVersion": "1.11", "eventID": fmt.Sprintf("00000000-0000-4000-8000-%012d", id), "eventName": name, "eventSource": "kms.amazonaws.com",
		"eventTime": time.Date(2026, 2, 1, 0, minute, 0, 0, time.UTC).Format(time.RFC3339), "awsRegion": "eu-north-1", "recipientAccountId": "999988887777",
		"sourceIPAddress": "192.0.2.9", "userAgent": "cli",
		"userIdentity": map[string]any{"type": "IAMUser", "userName": "ada", "arn": "arn:aws:iam::999988887777:user/ada", "accountId": "999988887777"},
		"resources":    []any{map[string]any{"ARN": testKey, "accountId": "999988887777", "type": "AWS::KMS::Key"}},
	}
	parameters := map[string]any{"keyId": testKey}
	if policyText != "" {
		parameters["policy"] = policyText
	}
	r["requestParameters"] = parameters
	if name == DeleteKey {
		r["requestParameters"] = nil
	}
	if errorCode != "" {
		r["errorCode"] = errorCode
	}
	text, err := json.Marshal(r)
	if err != nil {
		panic(err)
	}
	return text
}

func mustJudge(t testing.TB, text []byte) *Event {
	t.Helper()
	e, err := Judge(detector.Detector{}, text)
	if err != nil || e == nil {
		t.Fatalf("%v %v", e, err)
	}
	return e
}

// tell writes a timeline in one line.
func tell(t Timeline) string {
	var b strings.Builder
	for _, i := range t.Intervals {
		if i.Unknown {
			b.WriteString("perhaps ")
		}
		fmt.Fprintf(&b, "[%s %02d-", i.Verdict, i.From.Minute())
		if i.To != nil {
			fmt.Fprintf(&b, "%02d %s", i.To.Minute(), i.Closed.Event)
		} else {
			b.WriteString("open")
		}
		for _, c := range i.Changed {
			fmt.Fprintf(&b, ", %02d %s", c.At.Minute(), c.Event)
		}
		b.WriteString("]")
	}
	if t.Attempts > 0 {
		fmt.Fprintf(&b, " %d attempts", t.Attempts)
	}
	return b.String()
}

func TestTimeline(t *testing.T) {
	type call struct {
		minute       int
		name, policy string
		errorCode    string
	}
	const lost = "DependencyTimeoutException" // outcome unknown
	tests := []struct {
		name  string
		calls []call
		want  string
	}{
		{"opened and closed", []call{{1, PutKeyPolicy, openAll, ""}, {5, PutKeyPolicy, keptIn, ""}}, "[public 01-05 PutKeyPolicy]"},
		{"still open", []call{{1, CreateKey, openAll, ""}}, "[public 01-open]"},
		{"order of the archive says nothing", []call{{5, PutKeyPolicy, keptIn, ""}, {1, PutKeyPolicy, openAll, ""}}, "[public 01-05 PutKeyPolicy]"},
		{"worse in between", []call{{1, PutKeyPolicy, openOne, ""}, {2, PutKeyPolicy, openAll, ""}, {3, PutKeyPolicy, keptIn, ""}}, "[public 01-03 PutKeyPolicy, 02 PutKeyPolicy]"},
		{"milder later stays the worst", []call{{1, PutKeyPolicy, openAll, ""}, {2, PutKeyPolicy, openOne, ""}}, "[public 01-open, 02 PutKeyPolicy]"},
		{"same policy again is no change", []call{{1, PutKeyPolicy, openAll, ""}, {2, PutKeyPolicy, openAll, ""}}, "[public 01-open]"},
		{"disabled and enabled", []call{{1, PutKeyPolicy, openAll, ""}, {2, DisableKey, "", ""}, {4, EnableKey, "", ""}}, "[public 01-02 DisableKey][public 04-open, 04 EnableKey]"},
		{"disabled, then closed, then enabled", []call{{1, PutKeyPolicy, openAll, ""}, {2, DisableKey, "", ""}, {3, PutKeyPolicy, keptIn, ""}, {4, EnableKey, "", ""}}, "[public 01-02 DisableKey]"},
		{"opened while disabled", []call{{1, DisableKey, "", ""}, {2, PutKeyPolicy, openAll, ""}, {3, EnableKey, "", ""}}, "[public 03-open, 03 EnableKey]"},
		{"deletion scheduled", []call{{1, PutKeyPolicy, openAll, ""}, {2, ScheduleKeyDeletion, "", ""}}, "[public 01-02 ScheduleKeyDeletion]"},
		{"deletion canceled leaves it disabled", []call{{1, PutKeyPolicy, openAll, ""}, {2, ScheduleKeyDeletion, "", ""}, {3, CancelKeyDeletion, "", ""}}, "[public 01-02 ScheduleKeyDeletion]"},
		{"canceled and enabled", []call{{1, PutKeyPolicy, openAll, ""}, {2, ScheduleKeyDeletion, "", ""}, {3, CancelKeyDeletion, "", ""}, {4, EnableKey, "", ""}}, "[public 01-02 ScheduleKeyDeletion][public 04-open, 04 EnableKey]"},
		{"deleted", []call{{1, PutKeyPolicy, openAll, ""}, {2, DeleteKey, "", ""}, {3, EnableKey, "", ""}}, "[public 01-02 DeleteKey]"},
		{"refused closing closes nothing", []call{{1, PutKeyPolicy, openAll, ""}, {2, PutKeyPolicy, keptIn, "AccessDenied"}}, "[public 01-open]"},
		{"refused disabling", []call{{1, PutKeyPolicy, openAll, ""}, {2, DisableKey, "", "AccessDenied"}}, "[public 01-open]"},
		{"refused opening", []call{{1, PutKeyPolicy, openAll, "AccessDenied"}}, " 1 attempts"},
		{"one second: the worse is the later", []call{{1, PutKeyPolicy, openAll, ""}, {1, PutKeyPolicy, keptIn, ""}}, "[public 01-open]"},
		{"one second: disabling comes first", []call{{1, PutKeyPolicy, openAll, ""}, {1, DisableKey, "", ""}, {1, EnableKey, "", ""}}, "[public 01-open]"},
		{"opens by itself", []call{{1, PutKeyPolicy, opensLate, ""}, {20, PutKeyPolicy, keptIn, ""}}, "[public 10-20 PutKeyPolicy]"},
		{"closed before it opens by itself", []call{{1, PutKeyPolicy, opensLate, ""}, {2, PutKeyPolicy, keptIn, ""}}, ""},
		{"unreadable policy may be open", []call{{1, PutKeyPolicy, "{", ""}, {2, PutKeyPolicy, keptIn, ""}}, "[undecided 01-02 PutKeyPolicy]"},
		{"unknown opening", []call{{1, PutKeyPolicy, openAll, lost}, {2, PutKeyPolicy, keptIn, ""}}, "perhaps [public 01-02 PutKeyPolicy]"},
		{"unknown opening, then for sure", []call{{1, PutKeyPolicy, openAll, lost}, {2, PutKeyPolicy, openAll, ""}}, "perhaps [public 01-02 PutKeyPolicy][public 02-open]"},
		{"unknown closing closes nothing for sure", []call{{1, PutKeyPolicy, openAll, ""}, {2, PutKeyPolicy, keptIn, lost}, {3, PutKeyPolicy, keptIn, ""}}, "[public 01-02 PutKeyPolicy]perhaps [public 02-03 PutKeyPolicy, 02 PutKeyPolicy]"},
		{"unknown widening", []call{{1, PutKeyPolicy, openOne, ""}, {2, PutKeyPolicy, openAll, lost}}, "[shared 01-02 PutKeyPolicy]perhaps [public 02-open]"},
		{"unknown narrowing", []call{{1, PutKeyPolicy, openAll, ""}, {2, PutKeyPolicy, openOne, lost}}, "[public 01-02 PutKeyPolicy]perhaps [public 02-open, 02 PutKeyPolicy]"},
		{"unknown, the same again", []call{{1, PutKeyPolicy, openAll, ""}, {2, PutKeyPolicy, openAll, lost}}, "[public 01-open, 02 PutKeyPolicy]"},
		{"unknown disabling", []call{{1, PutKeyPolicy, openAll, ""}, {2, DisableKey, "", lost}, {3, DisableKey, "", ""}}, "[public 01-02 DisableKey]perhaps [public 02-03 DisableKey, 02 DisableKey]"},
		{"unknown enabling", []call{{1, PutKeyPolicy, openAll, ""}, {2, DisableKey, "", ""}, {3, EnableKey, "", lost}}, "[public 01-02 DisableKey]perhaps [public 03-open, 03 EnableKey]"},
		{"unknown scheduling", []call{{1, PutKeyPolicy, openAll, ""}, {2, ScheduleKeyDeletion, "", lost}}, "[public 01-02 ScheduleKeyDeletion]perhaps [public 02-open, 02 ScheduleKeyDeletion]"},
		{"unknown cancelling opens nothing", []call{{1, PutKeyPolicy, openAll, ""}, {2, ScheduleKeyDeletion, "", ""}, {3, CancelKeyDeletion, "", lost}}, "[public 01-02 ScheduleKeyDeletion]"},
		{"unknown cancelling, then enabled", []call{{1, PutKeyPolicy, openAll, ""}, {2, ScheduleKeyDeletion, "", ""}, {3, CancelKeyDeletion, "", lost}, {4, EnableKey, "", ""}}, "[public 01-02 ScheduleKeyDeletion]perhaps [public 04-open, 04 EnableKey]"},
		{"unknown opening while disabled", []call{{1, DisableKey, "", ""}, {2, PutKeyPolicy, openAll, lost}, {3, EnableKey, "", ""}}, "perhaps [public 03-open, 03 EnableKey]"},
		{"unknown, opens by itself", []call{{1, PutKeyPolicy, opensLate, lost}, {20, PutKeyPolicy, keptIn, ""}}, "perhaps [public 10-20 PutKeyPolicy]"},
		{"unknown closing before it opens by itself", []call{{1, PutKeyPolicy, opensLate, ""}, {2, PutKeyPolicy, keptIn, lost}}, "perhaps [public 10-open]"},
		{"unknown private calls open nothing", []call{{1, PutKeyPolicy, keptIn, lost}, {2, EnableKey, "", lost}}, ""},
		{"unreadable policy of unknown outcome", []call{{1, PutKeyPolicy, "{", lost}, {2, PutKeyPolicy, keptIn, ""}}, "perhaps [undecided 01-02 PutKeyPolicy]"},
	}
	for _, test := range tests {
		var a Archive
		for i, c := range test.calls {
			a.Add(mustJudge(t, testRecord(i, c.name, c.minute, c.policy, c.errorCode)))
		}
		got := ""
		if all := a.Timelines(time.Date(2026, 2, 1, 0, 59, 0, 0, time.UTC)); len(all) == 1 {
			got = tell(all[0])
		} else if len(all) > 1 {
			t.Errorf("%s: %d timelines, want one", test.name, len(all))
		}
		if got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

// TestAnySplitMergesToTheSame: records in any order, in any number of archives,
// some of them twice, give the same answer.
func TestAnySplitMergesToTheSame(t *testing.T) {
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 1))
		var records [][]byte
		names := []string{PutKeyPolicy, PutKeyPolicy, PutKeyPolicy, CreateKey, DisableKey, EnableKey, ScheduleKeyDeletion, CancelKeyDeletion}
		for i := range 3 + r.IntN(15) {
			name, text := names[r.IntN(len(names))], ""
			if name == PutKeyPolicy || name == CreateKey {
				text = []string{keptIn, openAll, openOne, opensLate, "{"}[r.IntN(5)]
			}
			record := testRecord(i/2*r.IntN(2)+i, name, r.IntN(20), text, []string{"", "", "", "AccessDenied", "DependencyTimeoutException"}[r.IntN(5)])
			records = append(records, bytes.ReplaceAll(record, []byte("abcdef"), fmt.Appendf(nil, "abcde%d", r.IntN(3))))
		}
		want := ""
		for split := range 6 {
			parts := make([]Archive, 1+split)
			for _, i := range r.Perm(len(records)) {
				e := mustJudge(t, records[i])
				parts[r.IntN(len(parts))].Add(e)
				if r.IntN(4) == 0 {
					parts[r.IntN(len(parts))].Add(e)
				}
			}
			var whole Archive
			for _, i := range r.Perm(len(parts)) {
				whole.Merge(&parts[i])
			}
			text, err := json.Marshal([]any{Groups(whole.Findings()), whole.Timelines(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC))})
			if err != nil {
				t.Fatal(err)
			}
			if want == "" {
				want = string(text)
			}
			if got := string(text); got != want {
				t.Fatalf("seed %d, %d archives:\n%s\nwant\n%s", seed, split+1, got, want)
			}
		}
	}
}

func TestGroups(t *testing.T) {
	var a Archive
	for i, minute := range []int{9, 3, 5} {
		a.Add(mustJudge(t, testRecord(i, PutKeyPolicy, minute, openAll, "")))
	}
	a.Add(mustJudge(t, testRecord(2, PutKeyPolicy, 5, openAll, ""))) // again
	a.Add(mustJudge(t, testRecord(7, PutKeyPolicy, 7, openAll, "AccessDenied")))
	a.Add(mustJudge(t, testRecord(8, PutKeyPolicy, 8, keptIn, "")))
	var got []string
	for _, g := range Groups(a.Findings()) {
		got = append(got, fmt.Sprintf("%s %s %s %d %02d-%02d attempted=%t ids=%d encrypt=%s", g.Severity, g.KeyPolicyAction, g.KeyPolicyPrincipal, g.Count,
			g.FirstTime.Minute(), g.LastTime.Minute(), g.Attempted, len(g.EventIDs), g.Classes.Of(kmsapi.ClassEncrypt).Verdict))
	}
	want := []string{
		"critical kms:Encrypt * 3 03-09 attempted=false ids=3 encrypt=public",
		"critical kms:ReEncryptTo * 3 03-09 attempted=false ids=3 encrypt=public",
		"low kms:Encrypt * 1 07-07 attempted=true ids=1 encrypt=public",
		"low kms:ReEncryptTo * 1 07-07 attempted=true ids=1 encrypt=public",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("groups\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if a.Duplicates != 1 {
		t.Errorf("%d duplicates, want 1", a.Duplicates)
	}
}

// TestKinds: what a finding is besides its verdict has rows of its own.
func TestKinds(t *testing.T) {
	const (
		locked  = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::999988887777:root"},"Action":"kms:Encrypt","Resource":"*"}]}`
		revokes = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::999988887777:root"},"Action":"kms:*","Resource":"*"},{"Effect":"Allow","Principal":"*","Action":"kms:RevokeGrant","Resource":"*"}]}`
	)
	rcp, err := policy.ParseRCP([]byte(`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"kms:*","Resource":"*","Condition":{"StringNotEquals":{"aws:PrincipalAccount":"999988887777"}}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	both := strings.Replace(revokes, "kms:RevokeGrant", "kms:Encrypt", 1)
	tests := []struct {
		name, policy string
		d            detector.Detector
		want         string
	}{
		{"locked", locked, detector.Detector{}, "private [locked]"},
		{"taken over", openAll, detector.Detector{}, "public [locked taken-over]"},
		{"revokes", revokes, detector.Detector{}, "private [revokes]"},
		{"guarded", both, detector.Detector{RCPs: []*policy.Policy{rcp}}, "private [guarded]"},
		{"none", both, detector.Detector{}, "public []"},
		{"later", opensLate, detector.Detector{}, "private [locked later]"},
	}
	for _, test := range tests {
		e, err := Judge(test.d, testRecord(1, PutKeyPolicy, 1, test.policy, ""))
		if err != nil || e.Finding == nil {
			t.Fatalf("%s: %v %v", test.name, e, err)
		}
		g := Groups([]*Event{e})[0]
		if got := fmt.Sprint(g.Verdict, " ", g.Kinds); got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
}

// TestMoreRows: a group says how many rows its policies have beyond those that a
// finding carries.
func TestMoreRows(t *testing.T) {
	var actions, principals []string
	for i := range 15 {
		actions = append(actions, fmt.Sprintf(`"kms:Encrypt%s"`, strings.Repeat("*", i)))
		principals = append(principals, fmt.Sprintf(`"arn:aws:iam::1234123412%02d:root"`, i))
	}
	text := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":[` + strings.Join(principals, ",") + `]},"Action":[` + strings.Join(actions, ",") + `],"Resource":"*"}]}`
	groups := Groups([]*Event{mustJudge(t, testRecord(1, PutKeyPolicy, 1, text, ""))})
	if len(groups) != 100 || groups[0].MoreRows != 125 {
		t.Errorf("%d rows, %d more; want 100 and 125", len(groups), groups[0].MoreRows)
	}
}

// TestUnknownKey: a CreateKey of unknown outcome, whose record names no key, is
// a finding that may be in force, and has no timeline.
func TestUnknownKey(t *testing.T) {
	const resources = `"resources":[{"ARN":"` + testKey + `","accountId":"999988887777","type":"AWS::KMS::Key"}]`
	for code, want := range map[string]string{"DependencyTimeoutException": "unknown", "LimitExceededException": ""} {
		text := strings.NewReplacer(resources, `"resources":null`, `"keyId":"`+testKey+`",`, "").Replace(string(testRecord(1, CreateKey, 1, openAll, code)))
		var a Archive
		a.Add(mustJudge(t, []byte(text)))
		groups, timelines := Groups(a.Findings()), a.Timelines(time.Date(2026, 2, 1, 0, 59, 0, 0, time.UTC))
		if len(groups) == 0 || groups[0].Key != "" || groups[0].Outcome != want || groups[0].Attempted != (want == "") || len(timelines) != 0 {
			t.Errorf("%s: groups %+v, timelines %+v; want a finding without a key, outcome %q", code, groups, timelines, want)
		}
	}
}

func TestUses(t *testing.T) {
	var a Archive
	a.Add(mustJudge(t, testRecord(1, PutKeyPolicy, 1, openAll, "")))
	a.Add(mustJudge(t, testRecord(2, PutKeyPolicy, 10, keptIn, "")))
	u := NewUses(a.Timelines(time.Date(2026, 2, 1, 0, 59, 0, 0, time.UTC)), "777766665555")
	call := func(id int, name string, minute int, account, errorCode string) string {
		text := string(testRecord(id, name, minute, "", errorCode))
		return strings.Replace(text, `"accountId":"999988887777","arn":"arn:aws:iam::999988887777:user/ada"`,
			fmt.Sprintf(`"accountId":"%s","arn":"arn:aws:iam::%s:user/eve"`, account, account), 1)
	}
	shared := func(record, id string) string {
		return strings.Replace(record, `"eventVersion"`, `"sharedEventID":"`+id+`","eventVersion"`, 1)
	}
	lines := []string{
		call(10, "Encrypt", 2, "555566667777", ""), call(11, "Encrypt", 4, "555566667777", ""), call(11, "Encrypt", 4, "555566667777", ""),
		call(12, "GenerateDataKey", 3, "555566667777", ""), call(13, "Decrypt", 5, "555566667777", "AccessDenied"), call(14, "Encrypt", 30, "555566667777", ""),
		call(15, "Encrypt", 2, "999988887777", ""), call(23, "Encrypt", 2, "777766665555", ""), call(16, "DescribeKey", 2, "555566667777", ""),
		strings.ReplaceAll(call(17, "Encrypt", 2, "555566667777", ""), "01234567-89ab", "11234567-89ab"),
		call(18, "Encrypt", 6, "555566667777", "InternalFailure"), call(19, "Decrypt", 6, "555566667777", "InvalidCiphertextException"),
		shared(call(20, "Sign", 7, "555566667777", ""), "s-1"), shared(strings.Replace(call(21, "Sign", 7, "555566667777", ""), `"arn":"arn:aws:iam::555566667777:user/eve"`, `"principalId":"AIDAEVE"`, 1), "s-1"),
		call(22, "Encrypt", 8, "555566667777", "AccessDenied"), call(22, "Encrypt", 8, "555566667777", "InternalFailure"),
	}
	rand.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] }) // any order gives the same answer
	r := Reader{Matcher: u.Matcher()}
	r.Read(strings.NewReader(`{"Records":[`+strings.Join(lines, ",")+`]}`), func(rec Record) {
		if use, ok := u.ReadUse(rec.Text); ok {
			u.Add(use)
		}
	})
	var got []string
	for _, row := range u.Rows() {
		interval := "none"
		if row.Interval != nil {
			interval = fmt.Sprint(*row.Interval)
		}
		got = append(got, fmt.Sprintf("%s %s %v count=%d refused=%d unknown=%d %02d-%02d interval=%s", row.Account, row.Principal, row.Calls, row.Count, row.Refused, row.Unknown, row.First.Minute(), row.Last.Minute(), interval))
	}
	want := []string{
		"555566667777 arn:aws:iam::555566667777:user/eve map[Encrypt:1] count=1 refused=0 unknown=0 30-30 interval=none",
		"555566667777 arn:aws:iam::555566667777:user/eve map[Encrypt:2 GenerateDataKey:1 Sign:1] count=4 refused=2 unknown=2 02-08 interval=0",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("uses\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
