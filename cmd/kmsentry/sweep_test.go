package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"flag"
	"maps"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
	"github.com/kmsentry/kmsentry/internal/exit"
	"github.com/kmsentry/kmsentry/internal/fakekms"
	"github.com/kmsentry/kmsentry/internal/schematest"
	"github.com/kmsentry/kmsentry/internal/sweep/report"
	"github.com/kmsentry/kmsentry/internal/version"
)

const (
	sweepOwner    = "111122223333"
	sweepOther    = "777788889999"
	sweepStranger = "444455556666"
)

// sweepPolicy returns a key policy of an account with more statements.
func sweepPolicy(account string, more ...string) string {
	own := `{"Sid":"Own","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + account + `:root"},"Action":"kms:*","Resource":"*"}`
	return `{"Version":"2012-10-17","Statement":[` + strings.Join(append([]string{own}, more...), ",") + `]}`
}

const (
	anyoneEncrypts  = `{"Sid":"Open","Effect":"Allow","Principal":"*","Action":"kms:Encrypt","Resource":"*"}`
	partnerDecrypts = `{"Sid":"Partner","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::444455556666:root"},"Action":"kms:Decrypt","Resource":"*"}`
)

// sweepWorld returns a KMS with one account in two Regions and another in one.
func sweepWorld() *fakekms.Server {
	region := func(keys ...fakekms.Key) *fakekms.Region {
		return &fakekms.Region{N: len(keys), Key: func(i int) fakekms.Key { return keys[i] }}
	}
	closed, open := sweepPolicy(sweepOwner), sweepPolicy(sweepOwner, anyoneEncrypts)
	grant := map[string]any{
		"GrantId": "0a1b", "GranteePrincipal": "arn:aws:iam::" + sweepStranger + ":role/reader", "IssuingAccount": "arn:aws:iam::" + sweepOwner + ":root",
		"Operations": []string{"Decrypt"}, "Constraints": map[string]any{"EncryptionContextSubset": map[string]string{"app": "billing"}},
	}
	mine := map[string]any{"GrantId": "0c2d", "GranteePrincipal": "rds.amazonaws.com", "IssuingAccount": "arn:aws:iam::" + sweepOwner + ":root", "Operations": []string{"Decrypt"}}
	both := []string{"eu-west-1", "us-east-2"}
	return &fakekms.Server{Own: sweepOwner, Page: 2, Accounts: map[string]map[string]*fakekms.Region{
		sweepOwner: {
			"eu-west-1": region(
				fakekms.Key{Policy: closed},
				fakekms.Key{Policy: open, Alias: "alias/=cmd|' /C calc'!A0"},
				fakekms.Key{Policy: closed, Grants: []map[string]any{mine, grant}},
				fakekms.Key{Policy: closed, Fails: map[string]string{"GetKeyPolicy": "AccessDeniedException"}},
				fakekms.Key{Policy: closed, Multi: true, Replicas: both},
			),
			"us-east-2": region(
				fakekms.Key{Policy: open, State: "Disabled"},
				fakekms.Key{Policy: open, Manager: "AWS"},
				fakekms.Key{Policy: closed, Fails: map[string]string{"ListGrants": "NotFoundException"}},
				fakekms.Key{Policy: sweepPolicy(sweepOwner, partnerDecrypts), State: "PendingDeletion"},
				fakekms.Key{Policy: open, Multi: true, Replicas: both},
			),
		},
		sweepOther: {"eu-west-1": region(fakekms.Key{Policy: sweepPolicy(sweepOther)}, fakekms.Key{Policy: sweepPolicy(sweepOther, anyoneEncrypts)})},
	}}
}

// atAWS points the SDK at a server and keeps the machine's own configuration out.
func atAWS(t *testing.T, url string) {
	t.Helper()
	for _, name := range []string{"AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ROLE_ARN", "AWS_ENDPOINT_URL_KMS", "AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL_EC2"} {
		t.Setenv(name, "")
		os.Unsetenv(name)
	}
	none := filepath.Join(t.TempDir(), "none")
	t.Setenv("AWS_CONFIG_FILE", none)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", none)
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	t.Setenv("AWS_REGION", "eu-west-1")
	t.Setenv("AWS_ENDPOINT_URL", url)
}

// sweepWith runs kmsentry sweep.
func sweepWith(args ...string) (status int, out, errs string) {
	var stdout, stderr bytes.Buffer
	status = sweepCommand(context.Background(), args, &stdout, &stderr)
	return status, stdout.String(), stderr.String()
}

// sweepRows returns the objects of --format json by the end of the key's ARN.
func sweepRows(t *testing.T, out string) map[string]report.Object {
	t.Helper()
	rows := map[string]report.Object{}
	for line := range strings.Lines(out) {
		var r report.Object
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if _, twice := rows[r.Key]; twice {
			t.Errorf("%s printed twice", r.Key)
		}
		rows[r.Key] = r
	}
	return rows
}

func sweepARN(region string, i int) string { return fakekms.Key{}.ARN(sweepOwner, region, i) }

// inHalfAYear returns a day until which something can be accepted.
func inHalfAYear() string { return time.Now().AddDate(0, 6, 0).Format(time.DateOnly) }

var sweepGoldenRole = "arn:aws:iam::" + sweepOther + ":role/kmsentry-sweep"

// The output in every format. Time and version, which differ from run to run, are
// replaced.
func TestSweepGolden(t *testing.T) {
	atAWS(t, sweepWorld().Start(t))
	stable := regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ|"(time|created_time|first_seen_time|last_seen_time)":\d+`)
	for _, format := range []string{"table", "html", "sarif", "csv", "json", "ocsf"} {
		status, out, errs := sweepWith("--format", format, "--role-arn", sweepGoldenRole)
		if status != exit.Found {
			t.Errorf("%s: status %d", format, status)
		}
		if format == "json" || format == "csv" || format == "ocsf" { // these are in the order in which keys are read
			lines := slices.Collect(strings.Lines(out))
			from := 0
			if format == "csv" {
				from = 1
			}
			slices.Sort(lines[from:])
			out = strings.Join(lines, "")
		}
		out = regexp.MustCompile(`(version": ?"|kmsentry )`+regexp.QuoteMeta(version.String())).ReplaceAllString(out, "${1}-")
		got := stable.ReplaceAllString(out, "-") + "---\n" + errs
		file := filepath.Join("testdata", "sweep", format+".txt")
		if *update {
			if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(file)
		if err != nil || got != string(want) {
			t.Errorf("%s differs (%v); look at it and run with -update:\n%.3000s", file, err, got)
		}
	}
}

func TestSweepJSON(t *testing.T) {
	atAWS(t, sweepWorld().Start(t))
	status, out, errs := sweepWith("--format", "json")
	rows := sweepRows(t, out)
	if status != exit.Found || len(rows) != 10 {
		t.Fatalf("status %d, %d rows: %s", status, len(rows), errs)
	}
	open := rows[sweepARN("eu-west-1", 1)]
	if open.Verdict != "public" || open.Severity != "critical" || len(open.Grants) == 0 || open.Grants[0].Witness.Resource != open.Key || open.Aliases[0] != "alias/=cmd|' /C calc'!A0" {
		t.Errorf("the open key: %+v", open)
	}
	granted := rows[sweepARN("eu-west-1", 2)]
	if granted.Verdict != "shared" || len(granted.GrantsOut) != 1 || granted.GrantsOut[0].Account != sweepStranger || granted.GrantsOut[0].ContextSubset["app"] != "billing" ||
		granted.Classes.Of(kmsapi.ClassUse).Verdict.String() != "shared" || granted.Classes.Of(kmsapi.ClassEncrypt).Verdict.String() != "private" {
		t.Errorf("the granted key: %+v", granted)
	}
	if unread := rows[sweepARN("eu-west-1", 3)]; unread.Verdict != "undecided" || unread.Most != "public" || len(unread.Unread) != 1 || unread.PolicySHA256 != "" {
		t.Errorf("the unreadable key: %+v", unread)
	}
	if r := rows[fakekms.Key{Multi: true}.ARN(sweepOwner, "eu-west-1", 4)]; r.Verdict != "private" || r.Material != "public" || len(r.Replicas) != 1 || !r.Replicas[0].Read {
		t.Errorf("the replica: %+v", r)
	}
	if off := rows[sweepARN("us-east-2", 0)]; off.Verdict != "public" || off.Usable || off.Severity != "high" || off.State != "Disabled" {
		t.Errorf("the disabled key: %+v", off)
	}
	if aws := rows[sweepARN("us-east-2", 1)]; aws.Verdict != "" || !aws.Managed || aws.Severity != "" {
		t.Errorf("the key of AWS: %+v", aws)
	}
	if gone := rows[sweepARN("us-east-2", 2)]; gone.Verdict != "" || !gone.Gone {
		t.Errorf("the key that was deleted: %+v", gone)
	}
	if !strings.Contains(errs, "permission kms:GetKeyPolicy is missing for "+sweepARN("eu-west-1", 3)) {
		t.Errorf("the denied call is not named: %s", errs)
	}
}

func TestSweepStatus(t *testing.T) {
	atAWS(t, sweepWorld().Start(t))
	key := func(region string, i int) string { return "--key=" + sweepARN(region, i) }
	for _, row := range []struct {
		name string
		args []string
		want int
	}{
		{"private", []string{key("eu-west-1", 0)}, exit.OK},
		{"public", []string{key("eu-west-1", 1)}, exit.Found},
		{"public, nothing counts", []string{key("eu-west-1", 1), "--fail-on", "none"}, exit.OK},
		{"grant", []string{key("eu-west-1", 2)}, exit.OK},
		{"grant, shared counts", []string{key("eu-west-1", 2), "--fail-on", "shared"}, exit.Found},
		{"grant to a trusted account", []string{key("eu-west-1", 2), "--fail-on", "shared", "--trusted-account", sweepStranger}, exit.OK},
		{"unread", []string{key("eu-west-1", 3)}, exit.Error},
		{"one unread, one public", []string{key("eu-west-1", 3), key("eu-west-1", 1)}, exit.Found},
		{"disabled and public", []string{key("us-east-2", 0)}, exit.Found},
		{"of AWS", []string{key("us-east-2", 1)}, exit.OK},
		{"named and gone", []string{key("us-east-2", 2)}, exit.Error},
		{"no such key", []string{key("eu-west-1", 99)}, exit.Error},
		{"Region not enabled", []string{"--region", "af-south-1"}, exit.Error},
		{"no role to enter by", []string{key("eu-west-1", 0), "--role-arn", "arn:aws:iam::999999999999:role/x"}, exit.OK},
	} {
		if status, out, errs := sweepWith(row.args...); status != row.want {
			t.Errorf("%s: status %d, want %d:\n%s%s", row.name, status, row.want, out, errs)
		}
	}
}

// Invalid input gives one line that names what is wrong.
func TestSweepBadInput(t *testing.T) {
	server := sweepWorld()
	server.Denied = []string{sweepOther}
	url := server.Start(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	for _, row := range []struct {
		name   string
		env    map[string]string
		args   []string
		status int
		want   string
	}{
		{"profile", nil, []string{"--profile", "nobody"}, exit.Error, `kmsentry sweep: expected profile "nobody" in the AWS configuration files, found none of that name`},
		{"no credentials", map[string]string{"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, nil, exit.Error, "not swept: no credentials: "},
		{"connection refused", map[string]string{"AWS_ENDPOINT_URL": "http://" + l.Addr().String()}, []string{"--region", "eu-west-1,us-east-2"}, exit.Error, "eu-west-1, us-east-2: not swept: ListAliases failed: connection refused"},
		{"Regions unknown", map[string]string{"AWS_ENDPOINT_URL": "http://" + l.Addr().String()}, nil, exit.Error, "not swept: DescribeRegions failed: connection refused"},
		{"role", nil, []string{"--key", sweepARN("eu-west-1", 0), "--role-arn", sweepGoldenRole}, exit.Error, "account " + sweepOther + ": not swept: permission sts:AssumeRole is missing: " + sweepGoldenRole},
		{"Region", nil, []string{"--region", "eu-west"}, exit.Usage, "--region: expected a Region such as eu-west-1"},
		{"key", nil, []string{"--key", "alias/x"}, exit.Usage, "--key: expected the ARN of a key"},
		{"role's ARN", nil, []string{"--role-arn", "x"}, exit.Usage, "--role-arn: expected an ARN"},
		{"argument", nil, []string{"policy.json"}, exit.Usage, "expected only flags"},
		{"format", nil, []string{"--format", "text"}, exit.Usage, "--format: expected table, json, csv, html, ocsf, sarif"},
		{"both", nil, []string{"--plan", "--policy"}, exit.Usage, "expected --plan or --policy"},
		{"exceptions", nil, []string{"--exceptions", "testdata/none.yaml"}, exit.Error, "testdata/none.yaml: no such file"},
		{"baseline", nil, []string{"--baseline", "testdata/none.json"}, exit.Error, "--baseline testdata/none.json: no such file"},
		{"output", nil, []string{"--output", "testdata/none/x"}, exit.Error, "--output: testdata/none/x: no such file"},
	} {
		t.Run(row.name, func(t *testing.T) {
			atAWS(t, url)
			for name, value := range row.env {
				t.Setenv(name, value)
				if value == "" {
					os.Unsetenv(name)
				}
			}
			status, out, errs := sweepWith(row.args...)
			if status != row.status || strings.Count(errs, row.want) != 1 {
				t.Errorf("status %d, want %d; want %q once in:\n%s%s", status, row.status, row.want, out, errs)
			}
		})
	}
}

// Expired credentials end the sweep with one line.
func TestSweepExpired(t *testing.T) {
	server := sweepWorld()
	server.Fails = map[string]string{"GetCallerIdentity": "ExpiredToken"}
	atAWS(t, server.Start(t))
	status, out, errs := sweepWith()
	if status != exit.Error || strings.Count(errs, "the credentials have expired") != 1 || !strings.Contains(out, "nothing can be said") {
		t.Errorf("status %d: %s%s", status, out, errs)
	}
}

// After Ctrl-C the keys read so far are printed, and none of them only in part.
func TestSweepInterrupted(t *testing.T) {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	server := &fakekms.Server{Own: sweepOwner, Accounts: map[string]map[string]*fakekms.Region{sweepOwner: {"eu-west-1": {N: 400, Key: func(int) fakekms.Key {
		return fakekms.Key{Policy: sweepPolicy(sweepOwner, anyoneEncrypts)}
	}}}}}
	grants := 0
	server.Before = func(call string) {
		if call == "ListGrants" {
			if grants++; grants == 8 {
				stop()
			}
		}
	}
	atAWS(t, server.Start(t))
	var stdout, stderr bytes.Buffer
	file := filepath.Join(t.TempDir(), "baseline.json")
	status := sweepCommand(ctx, []string{"--format", "json", "--write-baseline", file}, &stdout, &stderr)
	rows := sweepRows(t, stdout.String())
	if status != exit.Found || len(rows) == 0 || len(rows) > 30 || strings.Count(stderr.String(), "interrupted") != 1 || strings.Contains(stderr.String(), "canceled") {
		t.Errorf("status %d, %d rows: %s", status, len(rows), stderr.String())
	}
	for _, r := range rows {
		if r.Verdict != "public" || len(r.Unread) > 0 {
			t.Errorf("half a key: %+v", r)
		}
	}
	if _, err := os.Stat(file); err == nil || !strings.Contains(stderr.String(), "not written") {
		t.Errorf("an interrupted sweep wrote a baseline: %s", stderr.String())
	}
}

func TestSweepPlan(t *testing.T) {
	atAWS(t, sweepWorld().Start(t))
	status, out, errs := sweepWith("--plan", "--role-arn", sweepGoldenRole)
	want := `ACCOUNT       REGION     KEYS  TIME
111122223333  eu-west-1  5     0s
111122223333  us-east-2  5     0s
777788889999  eu-west-1  2     0s
12 keys. A sweep takes at least 0s, since it uses two fifths of KMS's quotas; keys with more than 100 grants take longer.
`
	if status != exit.OK || out != want || errs != "" {
		t.Errorf("status %d: %s%s", status, out, errs)
	}
}

func TestSweepPolicy(t *testing.T) {
	atAWS(t, "http://127.0.0.1:1") // no call is made
	status, out, errs := sweepWith("--policy", "--region", "cn-north-1")
	if status != exit.OK || errs != "" || !strings.Contains(out, `"arn:aws-cn:kms:*:*:key/*"`) || strings.Contains(out, "ec2:DescribeRegions") {
		t.Errorf("status %d: %s%s", status, out, errs)
	}
	if _, out, _ := sweepWith("--policy", "--role-arn", sweepGoldenRole); !strings.Contains(out, "ec2:DescribeRegions") || !strings.Contains(out, sweepGoldenRole) {
		t.Error(out)
	}
}

// A baseline accepts what it holds, but no new grant.
func TestSweepBaseline(t *testing.T) {
	server := sweepWorld()
	atAWS(t, server.Start(t))
	file := filepath.Join(t.TempDir(), "baseline.json")
	args := []string{"--fail-on", "shared", "--quiet", "--key=" + sweepARN("eu-west-1", 1), "--key=" + sweepARN("eu-west-1", 2), "--key=" + sweepARN("us-east-2", 3)}
	if status, out, errs := sweepWith(append(args, "--write-baseline", file)...); status != exit.Found {
		t.Fatalf("status %d: %s%s", status, out, errs)
	}
	if status, out, errs := sweepWith(append(args, "--baseline", file)...); status != exit.OK || out != "No key is open to outsiders.\n" {
		t.Errorf("status %d: %s%s", status, out, errs)
	}
	region := server.Accounts[sweepOwner]["eu-west-1"]
	before := region.Key
	region.Key = func(i int) fakekms.Key {
		k := before(i)
		if i == 2 {
			k.Grants = append(slices.Clone(k.Grants), map[string]any{"GrantId": "new", "GranteePrincipal": "arn:aws:iam::555566667777:root", "Operations": []string{"Decrypt"}})
		}
		return k
	}
	if status, out, errs := sweepWith(append(args, "--baseline", file)...); status != exit.Found || !strings.Contains(out, "grant new to arn:aws:iam::555566667777:root") {
		t.Errorf("a new grant: status %d: %s%s", status, out, errs)
	}
}

// What could not be read is neither written to a baseline nor accepted by one.
func TestSweepAcceptsNothingUnread(t *testing.T) {
	atAWS(t, sweepWorld().Start(t))
	arn := sweepARN("eu-west-1", 3)
	file := filepath.Join(t.TempDir(), "baseline.json")
	sweepWith("--key", arn, "--quiet", "--write-baseline", file)
	if text, err := os.ReadFile(file); err != nil || bytes.Contains(text, []byte(arn)) {
		t.Errorf("%v: %s", err, text)
	}
	text := `{"version":1,"written":"2026-01-01","accepted":[{"source":"` + arn + `","encrypt":"public","use":"public","expires":"` + inHalfAYear() + `"}]}`
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	status, out, errs := sweepWith("--key", arn, "--baseline", file)
	if status != exit.Error || !strings.Contains(out, "The policy of this KMS key could not be read") {
		t.Errorf("status %d: %s%s", status, out, errs)
	}
}

// An exception by the policy's hash accepts the policy but no grants.
func TestSweepExceptions(t *testing.T) {
	server := sweepWorld()
	both := fakekms.Key{Policy: sweepPolicy(sweepOwner, partnerDecrypts), Grants: server.Accounts[sweepOwner]["eu-west-1"].Key(2).Grants}
	server.Accounts[sweepOwner]["eu-west-1"] = &fakekms.Region{N: 1, Key: func(int) fakekms.Key { return both }}
	atAWS(t, server.Start(t))
	arn := sweepARN("eu-west-1", 0)
	_, out, _ := sweepWith("--format", "json", "--key", arn)
	hash := sweepRows(t, out)[arn].PolicySHA256
	for _, row := range []struct {
		name, match string
		want        int
	}{
		{"the policy's hash", "policy_sha256: " + hash, exit.Found},
		{"the key", "key: " + arn + "\n      verdict: shared\n      class: [use, encrypt]", exit.OK},
	} {
		file := filepath.Join(t.TempDir(), "exceptions.yaml")
		text := "exceptions:\n  - name: partner\n    match:\n      " + row.match + "\n    reason: known\n    owner: us\n    expires: " + inHalfAYear() + "\n"
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if status, out, errs := sweepWith("--fail-on", "shared", "--key", arn, "--exceptions", file); status != row.want {
			t.Errorf("%s: status %d, want %d: %s%s", row.name, status, row.want, out, errs)
		}
	}
}

func TestSweepCSVIsSafe(t *testing.T) {
	server := sweepWorld()
	region := server.Accounts[sweepOwner]["eu-west-1"]
	before := region.Key
	region.Key = func(i int) fakekms.Key {
		k := before(i)
		if i == 0 {
			k.Grants = []map[string]any{{"GrantId": "x", "GranteePrincipal": "=1+1", "Operations": []string{"Decrypt"}}}
		}
		return k
	}
	atAWS(t, server.Start(t))
	_, out, _ := sweepWith("--format", "csv")
	rows, err := csv.NewReader(strings.NewReader(out)).ReadAll()
	if err != nil || len(rows) != 11 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	seen := false
	for _, row := range rows {
		for _, cell := range row {
			if cell != "" && strings.ContainsAny(cell[:1], "=+-@") {
				t.Errorf("a spreadsheet runs %q", cell)
			}
			if cell == "'=1+1" {
				seen = true
			}
		}
	}
	if !seen {
		t.Error("the hostile grantee is not in a cell of its own")
	}
}

func TestSweepSummary(t *testing.T) {
	atAWS(t, sweepWorld().Start(t))
	file := filepath.Join(t.TempDir(), "summary.json")
	_, _, errs := sweepWith("--quiet", "--summary", file, "--format", "json")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var s report.Summary
	if err := json.Unmarshal(text, &s); err != nil {
		t.Fatal(err)
	}
	want := map[string]int{"public": 3, "undecided": 1, "private": 2, "shared": 2}
	if s.Keys != 10 || s.Managed != 1 || s.Gone != 1 || s.Unread != 1 || s.Unusable != 2 || s.Regions != 2 || len(s.Faults) != 1 || !maps.Equal(s.Verdicts, want) || s.Findings != 6 {
		t.Errorf("%s", text)
	}
	if !strings.Contains(errs, "10 keys in 1 account and 2 Regions: 3 public, 1 undecided, 2 shared, 2 private; 1 of AWS, not judged") { // some things were not read
		t.Errorf("%s", errs)
	}
}

// Each line of JSON satisfies docs/sweep.schema.json, and the SARIF log its schema.
func TestSweepSchemas(t *testing.T) {
	atAWS(t, sweepWorld().Start(t))
	schema := schematest.Compile(t, "../../docs/sweep.schema.json")
	_, out, _ := sweepWith("--format", "json")
	for line := range strings.Lines(out) {
		for _, change := range [][2]string{{"", ""}, {`"key":"`, `"key":"x`}, {`"severity":"`, `"severity":"x`}, {`"gone":`, `"is_gone":`}} {
			v, err := jsonschema.UnmarshalJSON(strings.NewReader(strings.Replace(line, change[0], change[1], 1)))
			if err != nil {
				t.Fatal(err)
			}
			if err := schema.Validate(v); (err == nil) != (change[0] == "") {
				t.Errorf("%q: %v: %.300s", change, err, line)
			}
		}
	}
	_, out, _ = sweepWith("--format", "sarif")
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(out))
	if err != nil {
		t.Fatal(err)
	}
	if err := schematest.SARIF(t).Validate(v); err != nil {
		t.Error(err)
	}
}

// TestSweepDocs checks that docs/sweep.md names every flag, and every member of the
// JSON.
func TestSweepDocs(t *testing.T) {
	doc, err := os.ReadFile("../../docs/sweep.md")
	if err != nil {
		t.Fatal(err)
	}
	var o sweepOptions
	flags := flag.NewFlagSet("", flag.ContinueOnError)
	o.define(flags)
	n := 0
	flags.VisitAll(func(f *flag.Flag) {
		if n++; !bytes.Contains(doc, []byte("`--"+f.Name)) {
			t.Errorf("docs/sweep.md does not name --%s", f.Name)
		}
	})
	text, err := json.Marshal(report.Object{})
	if err != nil {
		t.Fatal(err)
	}
	var members map[string]any
	if err := json.Unmarshal(text, &members); err != nil {
		t.Fatal(err)
	}
	for name := range members {
		if !bytes.Contains(doc, []byte("`"+name+"`")) {
			t.Errorf("docs/sweep.md does not name the member %s", name)
		}
	}
	if n < 15 || len(members) < 20 {
		t.Errorf("%d flags, %d members", n, len(members))
	}
}

// The policy in docs/sweep.md is the one that --policy prints.
func TestSweepDocumentedPolicy(t *testing.T) {
	doc, err := os.ReadFile("../../docs/sweep.md")
	if err != nil {
		t.Fatal(err)
	}
	if _, out, _ := sweepWith("--policy"); !strings.Contains(string(doc), out) {
		t.Errorf("docs/sweep.md shows another policy than\n%s", out)
	}
}
