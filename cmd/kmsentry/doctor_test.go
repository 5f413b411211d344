package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/kmsentry/kmsentry/internal/doctor"
	"github.com/kmsentry/kmsentry/internal/exit"
	"github.com/kmsentry/kmsentry/internal/schematest"
	"github.com/kmsentry/kmsentry/internal/show"
)

// TestDoctorSchema checks the JSON against its schema, and that the schema rejects
// what it must reject.
func TestDoctorSchema(t *testing.T) {
	schema := schematest.Compile(t, "../../docs/doctor.schema.json")
	text, err := os.ReadFile("../../internal/doctor/testdata/report.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if v, err := jsonschema.UnmarshalJSON(strings.NewReader(line)); err != nil || schema.Validate(v) != nil {
			t.Errorf("the schema refuses %.120s: %v", line, schema.Validate(v))
		}
		for member, wrong := range map[string]string{`"result":"`: `"result":"very-`, `"account":"1`: `"account":"x`, `"checks":`: `"cheques":`, `"permissions":`: `"permits":`} {
			changed := strings.Replace(line, member, wrong, 1)
			if v, err := jsonschema.UnmarshalJSON(strings.NewReader(changed)); changed == line || err == nil && schema.Validate(v) == nil {
				t.Errorf("the schema takes %.120s", changed)
			}
		}
	}
}

func TestDoctorStatus(t *testing.T) {
	for _, row := range []struct {
		failOn  string
		results []doctor.Result
		want    int
	}{
		{"failing", []doctor.Result{doctor.OK, doctor.OK}, exit.OK},
		{"failing", []doctor.Result{doctor.OK, doctor.Warning}, exit.OK},
		{"warning", []doctor.Result{doctor.OK, doctor.Warning}, exit.Found},
		{"failing", []doctor.Result{doctor.Warning, doctor.Unknown}, exit.Error},
		{"failing", []doctor.Result{doctor.Unknown, doctor.Failing}, exit.Found},
		{"warning", []doctor.Result{doctor.Unknown, doctor.Failing}, exit.Found},
	} {
		var r doctor.Report
		for _, result := range row.results {
			r.Checks = append(r.Checks, doctor.Check{Result: result})
		}
		if got := (doctorOptions{failOn: row.failOn}).status(r); got != row.want {
			t.Errorf("--fail-on %s, %v: exit status %d, want %d", row.failOn, row.results, got, row.want)
		}
	}
}

// endpoint starts a server that gives every call the same answer and returns its URL.
func endpoint(t *testing.T, status int, body string) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/xml")
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// TestDoctorFaults checks that each invalid input gives one line that says what to
// provide.
func TestDoctorFaults(t *testing.T) {
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(t.TempDir(), "config"))
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(t.TempDir(), "credentials"))
	for _, name := range []string{"AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"} {
		t.Setenv(name, "")
	}
	xml := func(code, message string) string {
		return fmt.Sprintf(`<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>%s</Message></Error></ErrorResponse>`, code, message)
	}
	noStack := endpoint(t, http.StatusBadRequest, xml("ValidationError", "Stack with id kmsentry does not exist"))
	expired := endpoint(t, http.StatusForbidden, xml("ExpiredToken", "The security token\n included in the request is expired"))
	for _, row := range []struct {
		args        string
		credentials bool
		status      int
		want        string
	}{
		{"x", false, exit.Usage, `expected no arguments, found "x"; --stack names a stack`},
		{"--stack 1", false, exit.Usage, `--stack: expected the name or the ARN of a stack, found "1"`},
		{"--stackset x/y", false, exit.Usage, `--stackset: expected the name of a StackSet`},
		{"--delegated-admin", false, exit.Usage, "--delegated-admin needs --stackset"},
		{"--format xml", false, exit.Usage, `--format: expected text or json, found "xml"`},
		{"--fail-on ok", false, exit.Usage, `--fail-on: expected failing or warning, found "ok"`},
		{"--region nowhere", false, exit.Usage, `--region: expected a Region such as eu-central-1, found "nowhere"`},
		{"--endpoint localhost", false, exit.Usage, `--endpoint: expected a URL, found "localhost"`},
		{"--timeout 0s", false, exit.Usage, "--timeout: expected more than 0"},
		{"--timeout soon", false, exit.Usage, "--timeout: expected a duration such as 30s, found \"soon\""},
		{"--regoin x", false, exit.Usage, "did you mean --region?"},
		{"", true, exit.Error, "expected a Region from --region, AWS_REGION or the profile"},
		{"--region eu-central-1 --profile audit", false, exit.Error, `expected profile "audit" in the AWS configuration files, found none of that name`},
		{"--region eu-central-1", false, exit.Error, "no credentials in the environment or the profile (--profile):"},
		{"--region eu-central-1 --endpoint " + noStack, true, exit.Error, `no stack "kmsentry" in eu-central-1; see --stack, --region and --profile`},
		{"--region eu-central-1 --endpoint " + expired, true, exit.Error, `cloudformation:DescribeStacks: ExpiredToken: The security token\n included`},
	} {
		t.Run(row.args, func(t *testing.T) {
			if row.credentials {
				t.Setenv("AWS_ACCESS_KEY_ID", "test")
				t.Setenv("AWS_SECRET_ACCESS_KEY", "test")
			}
			status, stdout, stderr := kmsentry("", append([]string{"doctor"}, strings.Fields(row.args)...)...)
			if status != row.status || !strings.HasPrefix(stderr, "kmsentry doctor: ") || !strings.Contains(stderr, row.want) || strings.Count(stderr, "\n") != 1 || stdout != "" {
				t.Errorf("exit status %d, want %d; want one line with %q, got\n%s%s", status, row.status, row.want, stderr, stdout)
			}
		})
	}
}

// TestDoctorRefused checks that, when AWS refuses everything, every check is unknown,
// which is neither a usage error nor a finding, and that the output says what was
// refused.
func TestDoctorRefused(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "test")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "test")
	refused := endpoint(t, http.StatusForbidden, `<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>User is not authorized</Message></Error></ErrorResponse>`)
	status, stdout, stderr := kmsentry("", "doctor", "--format", "json", "--region", "eu-central-1,us-east-1", "--endpoint", refused)
	lines := strings.Split(strings.TrimSpace(stdout), "\n")
	if status != exit.Error || stderr != "" || len(lines) != 2 {
		t.Fatalf("exit status %d, want %d, and two reports; got\n%s%s", status, exit.Error, stderr, stdout)
	}
	for i, region := range []string{"eu-central-1", "us-east-1"} {
		var r doctor.Report
		if err := json.Unmarshal([]byte(lines[i]), &r); err != nil {
			t.Fatal(err)
		}
		if r.Region != region || r.Result != doctor.Unknown || len(r.Checks) < 20 {
			t.Errorf("%s: %s, %d checks", r.Region, r.Result, len(r.Checks))
		}
		for _, c := range r.Checks {
			if c.Result != doctor.Unknown {
				t.Errorf("%s: %s is %s: %s", region, c.ID, c.Result, c.Found)
			}
		}
	}
}

func TestDoctorPolicy(t *testing.T) {
	for _, args := range [][]string{{"doctor", "--policy"}, {"doctor", "--policy", "--stackset", "forwarders"}} {
		status, stdout, stderr := kmsentry("", args...)
		var policy struct {
			Version   string
			Statement []struct {
				Effect   string
				Action   []string
				Resource string
			}
		}
		err := json.Unmarshal([]byte(stdout), &policy)
		if status != exit.OK || stderr != "" || err != nil || policy.Version != "2012-10-17" || len(policy.Statement) != 1 || policy.Statement[0].Effect != "Allow" {
			t.Fatalf("%q: exit status %d, %v\n%s%s", args, status, err, stderr, stdout)
		}
		want := doctor.Permissions(doctor.Options{StackSet: strings.Join(args[2:], "")})
		if got := policy.Statement[0].Action; !slices.Equal(got, want) {
			t.Errorf("%q allows %q, want %q", args, got, want)
		}
		reads := regexp.MustCompile(`^[a-z]+:(Describe|Get|List)[A-Za-z]+$`)
		for _, action := range policy.Statement[0].Action {
			if !reads.MatchString(action) {
				t.Errorf("%s is not a read action", action)
			}
		}
	}
}

// TestDoctorDocs checks that docs/doctor.md lists every check, flag and permission,
// and shows the report of the tests.
func TestDoctorDocs(t *testing.T) {
	const file = "../../docs/doctor.md"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	doc := string(text)
	var rows strings.Builder
	rows.WriteString("| check | asks | why | fixed by | needs |\n|---|---|---|---|---|\n")
	for _, c := range doctor.Checks(doctor.Options{StackSet: "any"}) {
		fmt.Fprintf(&rows, "| `%s` | %s | %s | `%s` | `%s` |\n", c.ID, c.Asks, c.Why, c.Fix, strings.Join(c.Permissions, "`, `"))
	}
	_, policy, _ := kmsentry("", "doctor", "--policy")
	for begin, fresh := range map[string]string{"## The checks\n": rows.String(), "## Least permissions\n": policy, "## What it prints\n": firstChecks(t)} {
		block := regexp.MustCompile("(?s)" + regexp.QuoteMeta(begin) + ".*?\n((?:\\| check .*?\n\n)|(?:```[a-z]+\n.*?```\n))")
		m := block.FindStringSubmatchIndex(doc)
		if m == nil {
			t.Fatalf("%s has no block behind %q", file, begin)
		}
		want := fresh + "\n"
		if doc[m[2]] == '`' {
			opening, _, _ := strings.Cut(doc[m[2]:], "\n")
			want = opening + "\n" + fresh + "```\n"
		}
		if doc[m[2]:m[3]] != want && !*update {
			t.Errorf("%s: the block behind %q is not what is so; look at it and run with -update. Want\n%s", file, begin, want)
		}
		doc = doc[:m[2]] + want + doc[m[3]:]
	}
	if *update {
		if err := os.WriteFile(file, []byte(doc), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var help bytes.Buffer
	runDoctor([]string{"-h"}, nil, &help, &help)
	flags := regexp.MustCompile(`(?m)^  --([a-z-]+)`).FindAllStringSubmatch(help.String(), -1)
	if len(flags) != 10 {
		t.Errorf("%d flags in the help, want 10", len(flags))
	}
	for _, f := range flags {
		if !strings.Contains(doc, "`--"+f[1]) {
			t.Errorf("docs/doctor.md does not name --%s", f[1])
		}
	}
}

// firstChecks returns what kmsentry doctor prints, without the checks that are ok
// except the first.
func firstChecks(t *testing.T) string {
	t.Helper()
	var out bytes.Buffer
	text, err := os.ReadFile(filepath.Join("..", "..", "internal", "doctor", "testdata", "broken.json"))
	if err != nil {
		t.Fatal(err)
	}
	var r doctor.Report
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	kept := r
	kept.Checks = nil
	for _, c := range r.Checks {
		if slices.Contains([]string{"trail-logging", "trail-kms", "rule-state", "queues", "topic-key"}, c.ID) {
			kept.Checks = append(kept.Checks, c)
		}
	}
	if err := doctor.NewPrinter("text", show.Style{Width: 120}, &out)(kept); err != nil {
		t.Fatal(err)
	}
	return out.String()
}
