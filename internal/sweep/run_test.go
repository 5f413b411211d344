package sweep

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kmsentry/kmsentry/detector"
	"github.com/kmsentry/kmsentry/detector/policy/decide"
	"github.com/kmsentry/kmsentry/internal/fakekms"
)

const other = "777788889999"

// world returns a fake KMS with two accounts, one with two Regions, one with one.
func world() *fakekms.Server {
	region := func(account string, keys ...fakekms.Key) *fakekms.Region {
		for i := range keys {
			keys[i].Policy = of(account, keys[i].Policy)
		}
		return &fakekms.Region{N: len(keys), Key: func(i int) fakekms.Key { return keys[i] }}
	}
	replica := fakekms.Key{Policy: closedPolicy, Multi: true, Replicas: []string{"eu-west-1", "us-east-2", "ap-south-1"}}
	openReplica := replica
	openReplica.Policy = openPolicy
	return &fakekms.Server{Own: owner, Page: 2, Accounts: map[string]map[string]*fakekms.Region{
		owner: {
			"eu-west-1": region(owner, replica, fakekms.Key{Policy: openPolicy, Alias: "alias/open"}, ordinary()),
			"us-east-2": region(owner, openReplica, fakekms.Key{Policy: openPolicy, State: "Disabled"}, fakekms.Key{Policy: openPolicy, Manager: "AWS"}),
		},
		other: {"eu-west-1": region(other, ordinary(), fakekms.Key{Policy: openPolicy})},
	}}
}

func runAll(t *testing.T, server *fakekms.Server, change ...func(*Options)) (map[string]Key, Summary) {
	t.Helper()
	keys := map[string]Key{}
	o := Options{Config: configOf(server.Start(t), "eu-west-1"), At: time.Unix(1800000000, 0)}
	o.Found = func(k Key) {
		if _, twice := keys[k.ARN]; twice {
			t.Errorf("%s found twice", k.ARN)
		}
		keys[k.ARN] = k
	}
	for _, c := range change {
		c(&o)
	}
	return keys, run(context.Background(), o, quickPace)
}

func roleOf(account string) string { return "arn:aws:iam::" + account + ":role/kmsentry-sweep" }

func verdicts(keys map[string]Key) map[string]string {
	all := map[string]string{}
	for arn, k := range keys {
		if k.Judged() {
			all[arn] = k.Bounds().Verdict.String()
		}
	}
	return all
}

func TestAccountsAndRegions(t *testing.T) {
	server := world()
	keys, summary := runAll(t, server, func(o *Options) { o.Roles = []string{roleOf(other)} })
	want := map[string]string{
		fakekms.Key{Multi: true}.ARN(owner, "eu-west-1", 0): "private", fakekms.Key{}.ARN(owner, "eu-west-1", 1): "public", fakekms.Key{}.ARN(owner, "eu-west-1", 2): "private",
		fakekms.Key{Multi: true}.ARN(owner, "us-east-2", 0): "public", fakekms.Key{}.ARN(owner, "us-east-2", 1): "public",
		fakekms.Key{}.ARN(other, "eu-west-1", 0): "private", fakekms.Key{}.ARN(other, "eu-west-1", 1): "public",
	}
	if got := verdicts(keys); !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if summary.Regions != 3 || !slices.Equal(summary.Accounts, []string{owner, other}) || summary.Keys != 8 || summary.Managed != 1 || summary.Unusable != 1 || summary.Failed() {
		t.Errorf("summary %+v", summary)
	}
}

// TestReplicasAreJoined checks that an open replica opens the material of all, and
// that the verdict on one in a Region that was not read is unknown.
func TestReplicasAreJoined(t *testing.T) {
	keys, _ := runAll(t, world())
	k := keys[fakekms.Key{Multi: true}.ARN(owner, "eu-west-1", 0)]
	if len(k.Replicas) != 2 || k.Bounds().Verdict != decide.Private || k.Material().Least != decide.Public {
		t.Fatalf("%+v", k)
	}
	if r := k.Replicas[0]; r.Read || !strings.Contains(r.ARN, "ap-south-1") || r.Verdict.Verdict != decide.Undecided {
		t.Errorf("the replica that was not read: %+v", r)
	}
	if r := k.Replicas[1]; !r.Read || r.Verdict.Verdict != decide.Public {
		t.Errorf("the open replica: %+v", r)
	}
}

func TestSeverity(t *testing.T) {
	root := "arn:aws:iam::" + owner + ":root"
	granted := fakekms.Key{Policy: closedPolicy, Grants: []map[string]any{grantTo("arn:aws:iam::"+stranger+":role/x", root, "Decrypt")}}
	for _, row := range []struct {
		name  string
		key   fakekms.Key
		trust []string
		want  string
	}{
		{"encrypt only", fakekms.Key{Policy: openPolicy}, nil, "critical"},
		{"disabled: one step lower", fakekms.Key{Policy: openPolicy, State: "Disabled"}, nil, "high"},
		{"to be deleted: one step lower", fakekms.Key{Policy: openPolicy, State: "PendingDeletion"}, nil, "high"},
		{"private", ordinary(), nil, ""},
		{"of AWS", fakekms.Key{Policy: openPolicy, Manager: "AWS"}, nil, ""},
		{"grant", granted, nil, "low"},
		{"grant in addition to trusted accounts", granted, []string{other}, "medium"},
		{"unreadable", fakekms.Key{Policy: "{"}, nil, "medium"},
	} {
		f := &fakeKMS{keys: []fakekms.Key{row.key}}
		keys, _, err := sweepAll(t, f, func(r *Region) { r.Detector = detector.Detector{TrustedAccounts: row.trust} })
		k := keys[keyARN(0)]
		got := ""
		if severity, ok := k.OwnSeverity(); ok {
			got = severity.String()
		}
		if err != nil || got != row.want || (k.Title() == "") != (got == "") {
			t.Errorf("%s: %q (%s), want %q; %v", row.name, got, k.Title(), row.want, err)
		}
	}
}

// TestPolicyOfOptionsIsWhatIsCalled checks that the printed policy allows exactly
// the calls that are made, for various options.
func TestPolicyOfOptionsIsWhatIsCalled(t *testing.T) {
	for _, row := range []struct {
		name string
		o    Options
	}{
		{"all Regions", Options{}},
		{"named Regions", Options{Regions: []string{"eu-west-1", "us-east-2"}}},
		{"further accounts", Options{Roles: []string{roleOf(other)}}},
		{"named keys", Options{Keys: []string{fakekms.Key{}.ARN(owner, "eu-west-1", 1)}}},
	} {
		server := world()
		_, summary := runAll(t, server, func(o *Options) { o.Regions, o.Roles, o.Keys = row.o.Regions, row.o.Roles, row.o.Keys })
		var called, allowed []string
		for name := range server.Calls() {
			if name != "sts:GetCallerIdentity" { // which needs no permission
				called = append(called, name)
			}
		}
		var p struct{ Statement []struct{ Action []string } }
		if err := json.Unmarshal(Policy("aws", row.o), &p); err != nil {
			t.Fatal(err)
		}
		for _, s := range p.Statement {
			allowed = append(allowed, s.Action...)
		}
		slices.Sort(called)
		slices.Sort(allowed)
		if !slices.Equal(called, allowed) || summary.Failed() {
			t.Errorf("%s: called %q, allowed %q; %+v", row.name, called, allowed, summary.Faults)
		}
	}
}

// TestFaultsAreNamedOnce checks that each fault is one line that says what is
// missing and where.
func TestFaultsAreNamedOnce(t *testing.T) {
	lines := func(s Summary) string {
		var all []string
		for _, f := range s.Faults {
			all = append(all, f.String())
		}
		return strings.Join(all, "\n")
	}
	open := fakekms.Key{}.ARN(other, "eu-west-1", 1)
	for _, row := range []struct {
		name    string
		change  func(*fakekms.Server)
		options func(*Options)
		want    []string // a part of each line
		partial bool
		keys    int
	}{
		{
			"the role is denied", func(s *fakekms.Server) { s.Denied = []string{other} }, func(o *Options) { o.Roles = []string{roleOf(other)} },
			[]string{"account " + other + ": not swept: permission sts:AssumeRole is missing: " + roleOf(other)},
			true, 6,
		},
		{
			"Regions cannot be asked for", func(s *fakekms.Server) { s.Fails = map[string]string{"DescribeRegions": "UnauthorizedOperation"} }, nil,
			[]string{"account " + owner + ": not swept: permission ec2:DescribeRegions is missing"},
			true, 0,
		},
		{
			"credentials are over", func(s *fakekms.Server) { s.Fails = map[string]string{"GetCallerIdentity": "ExpiredToken"} }, nil,
			[]string{"not swept: GetCallerIdentity failed: the credentials have expired"},
			true, 0,
		},
		{
			"Region not enabled", nil, func(o *Options) { o.Regions = []string{"eu-west-1", "af-south-1"} },
			[]string{"account " + owner + ", af-south-1: not swept: ListAliases failed: the credentials are not valid here, or the Region is not enabled"},
			true, 3,
		},
		{
			"a Region is denied", func(s *fakekms.Server) {
				s.Accounts[owner]["us-east-2"].Fails = map[string]string{"ListKeys": "AccessDeniedException"}
			}, nil,
			[]string{"account " + owner + ", us-east-2: not swept: permission kms:ListKeys is missing"},
			true, 3,
		},
		{
			"a call is denied everywhere", func(s *fakekms.Server) {
				for _, r := range s.Accounts[owner] {
					r.Fails = map[string]string{"ListGrants": "AccessDeniedException"}
				}
			}, nil,
			[]string{"account " + owner + ", eu-west-1, us-east-2: permission kms:ListGrants is missing for 5 keys, the first arn:aws:kms:"},
			false, 6,
		},
		{
			"the key does not exist", nil, func(o *Options) { o.Keys = []string{fakekms.Key{}.ARN(owner, "eu-west-1", 77)} },
			[]string{"the key does not exist"},
			false, 1,
		},
		{
			"another account's key", func(s *fakekms.Server) {
				s.Accounts[owner]["eu-west-1"].Fails = map[string]string{"GetKeyPolicy": "AccessDeniedException"}
			}, func(o *Options) { o.Keys = []string{open} },
			[]string{"permission kms:GetKeyPolicy is missing for " + open},
			false, 1,
		},
	} {
		server := world()
		if row.change != nil {
			row.change(server)
		}
		options := row.options
		if options == nil {
			options = func(*Options) {}
		}
		keys, summary := runAll(t, server, options)
		got := lines(summary)
		if len(summary.Faults) != len(row.want) || summary.Partial() != row.partial || !summary.Failed() || len(keys) != row.keys {
			t.Errorf("%s: %d keys, partial %v, faults:\n%s", row.name, len(keys), summary.Partial(), got)
			continue
		}
		for _, part := range row.want {
			if !strings.Contains(got, part) {
				t.Errorf("%s: got %s\nwant %s", row.name, got, part)
			}
		}
	}
}

// TestMergeKeepsReasonsApart checks that faults of one kind are merged, and those
// of different kinds are not.
func TestMergeKeepsReasonsApart(t *testing.T) {
	var list []Fault
	for _, f := range []Fault{
		{Account: owner, Regions: []string{"us-east-2"}, Call: ListKeys, Reason: "connection refused"},
		{Account: owner, Regions: []string{"eu-west-1"}, Call: ListKeys, Reason: "connection refused"},
		{Account: owner, Regions: []string{"eu-west-1"}, Call: ListKeys, Reason: "no such host"},
		{Account: other, Regions: []string{"eu-west-1"}, Call: ListKeys, Reason: "no such host"},
		{Account: owner, Regions: []string{"eu-west-1"}, Call: ListGrants, Denied: "kms:ListGrants", Reason: "by this", Keys: 2},
		{Account: owner, Regions: []string{"us-east-2"}, Call: ListGrants, Denied: "kms:ListGrants", Reason: "by that", Keys: 3},
	} {
		list = merge(list, f)
	}
	if len(list) != 4 || !slices.Equal(list[0].Regions, []string{"eu-west-1", "us-east-2"}) || list[3].Keys != 5 {
		t.Errorf("%+v", list)
	}
}

// TestRoleInOwnAccount checks that a role in the caller's own account is used
// instead of the caller's credentials, so that no key is found twice.
func TestRoleInOwnAccount(t *testing.T) {
	server := world()
	keys, summary := runAll(t, server, func(o *Options) { o.Roles = []string{roleOf(owner), roleOf(other)} })
	if len(keys) != 8 || summary.Keys != 8 || summary.Regions != 3 || server.Calls()["sts:AssumeRole"] != 2 {
		t.Errorf("%d keys, %+v, %v", len(keys), summary, server.Calls())
	}
}

// TestNobodyListens checks that a refused connection leads to one fault for each
// account, and to no key.
func TestNobodyListens(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	server := world()
	keys, summary := runAll(t, server, func(o *Options) {
		url := "http://" + l.Addr().String()
		o.Config.BaseEndpoint, o.Regions = &url, []string{"eu-west-1", "us-east-2"}
	})
	if len(keys) != 0 || len(summary.Faults) != 1 || len(summary.Faults[0].Regions) != 2 || !strings.Contains(summary.Faults[0].String(), "connection refused") || !summary.Partial() {
		t.Errorf("%v %+v", keys, summary)
	}
}

// TestNoAnswer checks that a Region that does not answer requests is given up
// after the first.
func TestNoAnswer(t *testing.T) {
	f := &fakekms.Server{Own: owner, Accounts: map[string]map[string]*fakekms.Region{owner: {"eu-west-1": {N: 9, Key: func(int) fakekms.Key { return ordinary() }}}}}
	done := make(chan struct{})
	f.Before = func(call string) {
		if call == "GetKeyPolicy" {
			<-done
		}
	}
	config := configOf(f.Start(t), "eu-west-1")
	t.Cleanup(func() { close(done) })
	p := quickPace()
	p.patience = 200 * time.Millisecond
	var keys []Key
	_, err := Region{Client: NewClient(config), Name: "eu-west-1", Found: func(k Key) { keys = append(keys, k) }}.run(context.Background(), p)
	if err == nil || !strings.Contains(err.Error(), "GetKeyPolicy: no answer within 200ms") || len(keys) != 9 {
		t.Errorf("%d keys, %v", len(keys), err)
	}
	for _, k := range keys {
		if k.Read() || len(k.Unread) == 0 || k.Finding == nil {
			t.Errorf("%+v", k)
		}
	}
}

// TestFaultOfAWS checks that a call is retried once after a server error, so that
// no key is lost.
func TestFaultOfAWS(t *testing.T) {
	var mu sync.Mutex
	failed := 0
	f := &fakeKMS{keys: []fakekms.Key{ordinary(), ordinary()}}
	config := f.start(t)
	config.HTTPClient = doer(func(r *http.Request) (*http.Response, error) {
		mu.Lock()
		defer mu.Unlock()
		if strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".ListGrants") {
			if failed++; failed == 1 {
				body := io.NopCloser(strings.NewReader(`{"__type":"KMSInternalException","message":"as planned"}`))
				return &http.Response{StatusCode: 500, Header: http.Header{"Content-Type": {"application/x-amz-json-1.1"}}, Body: body, Request: r}, nil
			}
		}
		return http.DefaultClient.Do(r)
	})
	n := 0
	report, err := Region{Client: NewClient(config), Name: "eu-west-1", Found: func(k Key) {
		if n++; !k.Read() {
			t.Errorf("%+v", k)
		}
	}}.run(context.Background(), quickPace())
	if err != nil || len(report.Faults) > 0 || n != 2 || failed != 3 {
		t.Errorf("%d keys, %d calls, %+v, %v", n, failed, report, err)
	}
}

type doer func(*http.Request) (*http.Response, error)

func (d doer) Do(r *http.Request) (*http.Response, error) { return d(r) }

func TestReadRegions(t *testing.T) {
	for _, row := range []struct {
		name   string
		status int
		text   string
		want   string // the names of the Regions, or a part of the error
	}{
		{"two", 200, "<R><regionInfo><item><regionName>eu-west-1</regionName></item><item><regionName>us-east-2</regionName></item></regionInfo></R>", "eu-west-1 us-east-2"},
		{"none", 200, "<R><regionInfo/></R>", "names no Region"},
		{"odd", 200, "<R><regionInfo><item><regionName>../x</regionName></item></regionInfo></R>", "expected the name of a Region"},
		{"no XML", 200, "{}", "expected a list of Regions"},
		{"refused", 403, "<R><Errors><Error><Code>UnauthorizedOperation</Code><Message>no</Message></Error></Errors></R>", "UnauthorizedOperation"},
		{"a proxy's page", 502, "<html>", "HTTP status 502"},
	} {
		names, err := readRegions(row.status, []byte(row.text))
		got := strings.Join(names, " ")
		if err != nil {
			got = err.Error()
		}
		if !strings.Contains(got, row.want) {
			t.Errorf("%s: got %q, want %q", row.name, got, row.want)
		}
	}
}

// TestJointIsNeverBetter checks that grants never improve a verdict and never make
// it public.
func TestJointIsNeverBetter(t *testing.T) {
	verdicts := []decide.Verdict{decide.Private, decide.Shared, decide.Network, decide.Public}
	for _, least := range verdicts {
		for _, most := range verdicts[slices.Index(verdicts, least):] {
			alone := decide.Between(least, most)
			for _, g := range []Grant{
				{Operations: []string{"Decrypt"}, Audience: decide.Shared},
				{Operations: []string{"GenerateDataKey"}, Audience: decide.Undecided},
				{Operations: []string{"CreateGrant"}, Audience: decide.Shared},
				{Operations: []string{"SomethingNew"}, Audience: decide.Shared},
				{Operations: []string{"DescribeKey"}, Audience: decide.Shared},
			} {
				for _, read := range []bool{true, false} {
					k := Key{
						Decision: decide.Decision{
							Verdict: alone.Verdict, Least: least, Most: most, Classes: decide.AllClasses(alone),
						},
						GrantsOut: []Grant{g}, GrantsRead: read,
					}
					b := k.Bounds()
					if b.Least < least || b.Most < most || b.Most > max(most, decide.Shared) || !g.Decides() && read && b != alone {
						t.Errorf("%v with %v (read %v): %v", alone, g, read, b)
					}
				}
			}
		}
	}
}

// TestCredentialsEndInTheMiddle checks that, when the credentials expire, the rest
// of the page is reported as unread, with one fault, and nothing more is listed.
func TestCredentialsEndInTheMiddle(t *testing.T) {
	const keys = 400
	f := &fakekms.Server{Own: owner, Page: 100}
	f.Accounts = map[string]map[string]*fakekms.Region{owner: {"eu-west-1": {N: keys, Key: func(i int) fakekms.Key {
		k := ordinary()
		if i >= 150 {
			k.Fails = map[string]string{"DescribeKey": "ExpiredTokenException", "GetKeyPolicy": "ExpiredTokenException"}
		}
		return k
	}}}}
	found, summary := runAll(t, f)
	unread := 0
	for _, k := range found {
		if !k.Read() {
			unread++
			if len(k.Unread) == 0 || k.Bounds().Verdict != decide.Undecided {
				t.Errorf("%s: %v, %q", k.ARN, k.Bounds(), k.Unread)
			}
		}
	}
	if len(found) < 200 || len(found) == keys || unread < 50 || unread != summary.Unread || len(summary.Faults) != 1 || !summary.Partial() {
		t.Errorf("%d found, %d unread, %+v", len(found), unread, summary)
	}
}

func TestThrottledHard(t *testing.T) {
	f := world()
	f.Throttle = 0.9
	keys, summary := runAll(t, f, func(o *Options) { o.Regions = []string{"eu-west-1"} })
	// Each of ten attempts fails with a probability of 0.9, so a third of all
	// calls is lost. Each loss must be reported, and no such key be private.
	for arn, k := range keys {
		if k.Judged() && !k.Read() && (len(k.Unread) == 0 || k.Bounds().Verdict == decide.Private) {
			t.Errorf("%s: %+v", arn, k)
		}
	}
	if !summary.Failed() || len(summary.Faults) == 0 {
		t.Errorf("%+v", summary)
	}
}

func TestPlans(t *testing.T) {
	server := world()
	plans, summary := Plans(context.Background(), Options{Config: configOf(server.Start(t), "eu-west-1"), Roles: []string{roleOf(other)}})
	want := []Plan{{owner, "eu-west-1", 3, Time(3)}, {owner, "us-east-2", 3, Time(3)}, {other, "eu-west-1", 2, Time(2)}}
	if !slices.Equal(plans, want) || summary.Keys != 8 || summary.Failed() {
		t.Errorf("%+v %+v", plans, summary)
	}
	for call := range server.Calls() {
		if !slices.Contains([]string{"kms:ListKeys", "sts:AssumeRole", "sts:GetCallerIdentity", "ec2:DescribeRegions"}, call) {
			t.Errorf("a plan calls %s", call)
		}
	}
	if got := Whole([]Plan{{Time: time.Minute}, {Time: time.Hour}}); got != time.Hour {
		t.Error(got)
	}
	if got := Whole(slices.Repeat([]Plan{{Time: time.Minute}}, 64)); got != 2*time.Minute {
		t.Error(got)
	}
}

// TestHundredThousandKeys checks that each of 100,000 keys is found once, and that
// memory use does not grow with their number.
func TestHundredThousandKeys(t *testing.T) {
	if os.Getenv("KMSENTRY_SCALE") == "" {
		t.Skip("takes two minutes; make scale runs it")
	}
	const keys = 100_000
	server := &fakekms.Server{Own: owner, Throttle: 0.01, Accounts: map[string]map[string]*fakekms.Region{owner: {"eu-west-1": {N: keys, Key: func(i int) fakekms.Key {
		k := ordinary()
		switch {
		case i%1000 == 7:
			k.Policy = openPolicy
		case i%1000 == 8:
			k.Fails = map[string]string{"GetKeyPolicy": "AccessDeniedException"}
		}
		return k
	}}}}}
	seen := make([]bool, keys)
	var early, late uint64
	found, public := 0, 0
	o := Options{Config: configOf(server.Start(t), "eu-west-1"), Regions: []string{"eu-west-1"}, At: time.Unix(1800000000, 0), Found: func(k Key) {
		var i int
		if _, err := fmt.Sscanf(k.ID()[24:], "%d", &i); err != nil || seen[i] {
			t.Errorf("%s: %v, seen %v", k.ARN, err, seen[i])
			return
		}
		seen[i] = true
		if found++; k.Bounds().Verdict == decide.Public {
			public++
		}
		switch found {
		case keys / 20:
			early = heap()
		case keys - 100:
			late = heap()
		}
	}}
	summary := run(context.Background(), o, quickPace)
	if found != keys || public != keys/1000 || summary.Keys != keys || summary.Unread != keys/1000 || len(summary.Faults) != 1 {
		t.Errorf("%d found, %d public, %+v", found, public, summary)
	}
	t.Logf("heap after %d keys %d kB, at the end %d kB", keys/20, early>>10, late>>10)
	if late > early+16<<20 {
		t.Errorf("the heap grew from %d to %d bytes", early, late)
	}
}

// heap returns the heap in use after a garbage collection, in bytes.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
