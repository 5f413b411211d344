package sweep

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/decide"
	"github.com/kmsentry/kmsentry/internal/fakekms"
)

// sweepAll sweeps a Region without pauses and returns the keys by ARN.
func sweepAll(t *testing.T, f *fakeKMS, change ...func(*Region)) (map[string]Key, Report, error) {
	t.Helper()
	keys := map[string]Key{}
	r := Region{Client: NewClient(f.start(t)), Name: "eu-west-1", At: time.Unix(1800000000, 0)}
	r.Found = func(k Key) {
		if _, twice := keys[k.ARN]; twice {
			t.Errorf("%s found twice", k.ARN)
		}
		keys[k.ARN] = k
	}
	for _, c := range change {
		c(&r)
	}
	report, err := r.run(context.Background(), quickPace())
	return keys, report, err
}

func quickPace() *pace {
	p := newPace()
	for _, l := range p.limits {
		l.SetLimit(1e9)
	}
	p.wait = func(ctx context.Context, _ time.Duration) error { return ctx.Err() }
	return p
}

func TestTwoThousandKeysThrottledAndDenied(t *testing.T) {
	f := &fakeKMS{page: 90, throttle: 0.1}
	want := map[string]string{}
	denials := 0
	for i := range 2000 {
		k, verdict := ordinary(), "private"
		switch {
		case i%400 == 1:
			k.Manager, k.Policy, verdict = "AWS", openPolicy, "managed"
		case i%100 == 7:
			k.Policy, verdict = openPolicy, "public"
		case i%100 == 13:
			k.Grants, verdict = []map[string]any{grantTo("arn:aws:iam::"+stranger+":role/x", owner, "Decrypt")}, "shared"
		case i%500 == 11:
			k.Fails, verdict = map[string]string{"GetKeyPolicy": "AccessDeniedException"}, "undecided"
			denials++
		case i%500 == 12:
			k.Fails, verdict = map[string]string{"ListGrants": "AccessDeniedException"}, "undecided"
		case i%500 == 14:
			k.Fails, verdict = map[string]string{"GetKeyPolicy": "NotFoundException"}, "gone"
		}
		f.keys = append(f.keys, k)
		want[keyARN(i)] = verdict
	}
	keys, report, err := sweepAll(t, f)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for arn, k := range keys {
		switch {
		case k.Managed:
			got[arn] = "managed"
		case k.Gone:
			got[arn] = "gone"
		default:
			got[arn] = k.Bounds().Verdict.String()
		}
		if denied := got[arn] == "undecided"; denied != (len(k.Unread) > 0) {
			t.Errorf("%s: %s, unread %q", arn, got[arn], k.Unread)
		}
	}
	if !maps.Equal(got, want) {
		for arn := range want {
			if got[arn] != want[arn] {
				t.Errorf("%s: got %q, want %q", arn, got[arn], want[arn])
			}
		}
	}
	if report.Keys != 2000 || len(report.Faults) != 2 || report.Faults[0].Call != GetKeyPolicy || report.Faults[0].Keys != denials || report.Faults[0].Denied != "kms:GetKeyPolicy" {
		t.Errorf("report %+v", report)
	}
}

// TestPolicyIsWhatIsCalled checks that the printed policy allows exactly the calls
// that are made.
func TestPolicyIsWhatIsCalled(t *testing.T) {
	f := &fakeKMS{page: 1, keys: []fakekms.Key{ordinary(), ordinary()}}
	if _, _, err := sweepAll(t, f); err != nil {
		t.Fatal(err)
	}
	var called []string
	for name := range f.server.Calls() {
		called = append(called, name)
	}
	var p struct{ Statement []struct{ Action []string } }
	if err := json.Unmarshal(Policy("aws", Options{Regions: []string{"eu-west-1"}}), &p); err != nil {
		t.Fatal(err)
	}
	var allowed []string
	for _, s := range p.Statement {
		allowed = append(allowed, s.Action...)
	}
	slices.Sort(called)
	slices.Sort(allowed)
	if !slices.Equal(called, allowed) {
		t.Errorf("called %q, allowed %q", called, allowed)
	}
	if _, err := policy.ParseStrict([]byte(closedPolicy)); err != nil { // check the fixtures themselves
		t.Fatal(err)
	}
}

// TestTagsDecide checks that tags that were read affect the decision, and that the
// worst is assumed for those that were not.
func TestTagsDecide(t *testing.T) {
	tagged, bare, unknown := ordinary(), ordinary(), ordinary()
	tagged.Policy, bare.Policy, unknown.Policy = taggedPolicy, taggedPolicy, taggedPolicy
	tagged.Tags = []map[string]string{{"TagKey": "team", "TagValue": "a"}, {"TagKey": "open", "TagValue": "yes"}} // on the second page
	unknown.Fails = map[string]string{"ListResourceTags": "AccessDeniedException"}
	keys, report, err := sweepAll(t, &fakeKMS{page: 1, keys: []fakekms.Key{tagged, bare, unknown}})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []decide.Verdict{decide.Public, decide.Private, decide.Public} {
		k := keys[keyARN(i)]
		if got := k.Bounds().Verdict; got != want {
			t.Errorf("key %d: %v, want %v", i, got, want)
		}
	}
	if len(report.Faults) != 1 || !strings.Contains(report.Faults[0].String(), "kms:ListResourceTags") {
		t.Errorf("faults %v", report.Faults)
	}
}

func TestGrants(t *testing.T) {
	root := "arn:aws:iam::" + owner + ":root"
	tests := []struct {
		name    string
		grant   map[string]any
		out     bool
		verdict decide.Verdict
	}{
		{"own role", grantTo("arn:aws:iam::"+owner+":role/x", root, "Decrypt"), false, decide.Private},
		{"stranger's role", grantTo("arn:aws:iam::"+stranger+":role/x", root, "Decrypt"), true, decide.Shared},
		{"stranger's session", grantTo("arn:aws:sts::"+stranger+":assumed-role/x/y", root, "GenerateDataKey"), true, decide.Shared},
		{"hands on", grantTo("arn:aws:iam::"+stranger+":root", root, "CreateGrant"), true, decide.Shared},
		{"trusted", grantTo("arn:aws:iam::777788889999:root", root, "Decrypt"), false, decide.Private},
		{"only describes", grantTo("arn:aws:iam::"+stranger+":root", root, "DescribeKey"), true, decide.Private},
		{"service for the owner", grantTo("rds.amazonaws.com", root, "Decrypt"), false, decide.Private},
		{"service for a stranger", grantTo("rds.amazonaws.com", "arn:aws:iam::"+stranger+":root", "Decrypt"), true, decide.Shared},
		{"service, issuer unknown", grantTo("rds.amazonaws.com", "", "Decrypt"), true, decide.Undecided},
		{"unique id", grantTo("AROAEXAMPLE1234567890", root, "Decrypt"), true, decide.Undecided},
	}
	f := &fakeKMS{page: 1}
	for _, test := range tests {
		k := ordinary()
		k.Grants = []map[string]any{grantTo("arn:aws:iam::"+owner+":role/first", root, "Decrypt"), test.grant} // two pages
		f.keys = append(f.keys, k)
	}
	keys, _, err := sweepAll(t, f, func(r *Region) { r.Detector.TrustedAccounts = []string{"777788889999"} })
	if err != nil {
		t.Fatal(err)
	}
	for i, test := range tests {
		k := keys[keyARN(i)]
		if len(k.GrantsOut) > 0 != test.out || k.Bounds().Verdict != test.verdict {
			t.Errorf("%s: verdict %v, grants %+v", test.name, k.Bounds(), k.GrantsOut)
		}
	}
}

func TestBadAnswers(t *testing.T) {
	t.Run("malformed policy", func(t *testing.T) {
		k := ordinary()
		k.Policy = "{"
		keys, _, err := sweepAll(t, &fakeKMS{page: 9, keys: []fakekms.Key{k}})
		found := keys[keyARN(0)]
		if err != nil || found.Bounds().Verdict != decide.Undecided || found.Bounds().Most != decide.Public || len(found.Unread) != 1 {
			t.Errorf("%+v, %v", found, err)
		}
	})
	t.Run("ListKeys denied", func(t *testing.T) {
		_, _, err := sweepAll(t, &fakeKMS{page: 9, fails: map[string]string{"ListKeys": "AccessDeniedException"}})
		if !denied(err) {
			t.Error(err)
		}
	})
	t.Run("ListAliases denied", func(t *testing.T) {
		keys, report, err := sweepAll(t, &fakeKMS{page: 9, keys: []fakekms.Key{ordinary()}, fails: map[string]string{"ListAliases": "AccessDeniedException"}})
		if err != nil || len(keys) != 1 || len(report.Faults) != 1 || keys[keyARN(0)].Facts.Aliases != nil {
			t.Errorf("%+v, %+v, %v", keys, report, err)
		}
	})
	t.Run("expired token", func(t *testing.T) {
		f := &fakeKMS{page: 9, keys: []fakekms.Key{ordinary()}, fails: map[string]string{"ListAliases": "ExpiredTokenException"}}
		if _, _, err := sweepAll(t, f); code(err) != "ExpiredTokenException" || f.calls(ListAliases) != 1 || f.calls(ListKeys) != 0 {
			t.Errorf("%v, calls %v", err, f.server.Calls())
		}
	})
	t.Run("always throttled", func(t *testing.T) {
		f := &fakeKMS{page: 9, keys: []fakekms.Key{ordinary()}, throttle: 1}
		if _, _, err := sweepAll(t, f); !throttled(err) || f.calls(ListAliases) != attempts {
			t.Errorf("%v, calls %v", err, f.server.Calls())
		}
	})
	t.Run("connection refused", func(t *testing.T) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		l.Close()
		sent := 0
		p := quickPace()
		p.wait = func(context.Context, time.Duration) error { sent++; return nil }
		r := Region{Client: NewClient(configOf("http://"+l.Addr().String(), "eu-west-1")), Name: "eu-west-1", Found: func(Key) {}}
		if _, err := r.run(context.Background(), p); err == nil || sent > 0 {
			t.Errorf("%v after %d pauses", err, sent)
		}
	})
}

// TestInterrupted checks that the keys read before an interruption have been
// passed to Found.
func TestInterrupted(t *testing.T) {
	f := &fakeKMS{page: 50}
	for range 500 {
		f.keys = append(f.keys, ordinary())
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	found := 0
	r := Region{Client: NewClient(f.start(t)), Name: "eu-west-1", Workers: 4, Found: func(k Key) {
		if found++; found == 20 {
			stop()
		}
		if k.Bounds().Verdict != decide.Private {
			t.Errorf("%s: half a key: %v", k.ARN, k.Unread)
		}
	}}
	report, err := r.run(ctx, quickPace())
	if !errors.Is(err, context.Canceled) || found < 20 || found == 500 || report.Keys != found || len(report.Faults) > 0 {
		t.Errorf("%d found, report %+v, %v", found, report, err)
	}
}

func TestTime(t *testing.T) {
	if got := Time(10000); got != 250*time.Second { // ListGrants at 40 per second
		t.Error(got)
	}
	if got := Time(0); got != 0 {
		t.Error(got)
	}
}
