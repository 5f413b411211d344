package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/kmsentry/kmsentry/internal/exit"
	"github.com/kmsentry/kmsentry/internal/schematest"
)

// exceptionsFile writes a file with one exception of the given match and expiry, and
// returns its path.
func exceptionsFile(t *testing.T, match, expires string) string {
	t.Helper()
	return exceptionsText(t, "exceptions:\n  - name: partner\n    match: {"+match+"}\n    reason: agreed in SEC-1\n    owner: storage team\n    expires: "+expires+"\n")
}

func exceptionsText(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "accepted.yaml")
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestCheckExceptions(t *testing.T) {
	none := exceptionsText(t, "exceptions: []\n")
	faults := exceptionsText(t, "exceptions:\n  - name: x\n    when: nonsense(\n  - y\n")
	tests := []struct {
		name           string
		args           []string
		status, stderr int // stderr is a number of lines
		want           []string
	}{
		{"alone", []string{"--exceptions", none}, exit.OK, 0, []string{"valid; exceptions: 0, expired: 0\n"}},
		{"wrong, every fault", []string{"--exceptions", faults}, exit.Error, 5, []string{
			"accepted.yaml: line 2: entry \"x\": expected reason", `accepted.yaml: line 3: entry "x": conditions are no longer read; instead of when write match: {`, "accepted.yaml: line 4: expected a mapping",
		}},
		{"not there", []string{"--exceptions", "nosuch.yaml"}, exit.Error, 1, []string{"kmsentry check: nosuch.yaml: no such file"}},
		{"with a file", []string{"--exceptions", none, "open.json"}, exit.Found, 0, []string{"public     open.json"}},
		{"wrong, with a file", []string{"--exceptions", faults, "default.json"}, exit.Error, 5, []string{"private    default.json"}},
		{"wrong, with an open file", []string{"--exceptions", faults, "open.json"}, exit.Found, 5, []string{"public     open.json"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			status, out, stderr := checkIn(t, "", tt.args...)
			if status != tt.status || strings.Count(stderr, "\n") != tt.stderr {
				t.Errorf("check = %d, %q, %q, want %d and %d lines on standard error", status, out, stderr, tt.status, tt.stderr)
			}
			for _, want := range tt.want {
				if !strings.Contains(out+stderr, want) {
					t.Errorf("check prints %q, %q, want %q", out, stderr, want)
				}
			}
		})
	}
}

// What is accepted does not count; everything else does.
func TestCheckAccepts(t *testing.T) {
	const (
		anyClass = ", class: [encrypt, use, other], verdict: "
		keyARN   = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
		openHash = "b6f2ceb6e9d2802e51d7a9bda33ab835009adc58c02cc26769eac8d14f67b1e2"
	)
	for _, tt := range []struct {
		name, match, expires string
		args                 []string
		status               int
		accepted             string // sources, separated by commas
	}{
		{"by resource", "resource: open.json" + anyClass + "public", "2027-06-30", []string{"open.json"}, exit.OK, "open.json"},
		{"by resource, not the other file", "resource: open.json" + anyClass + "public", "2027-06-30", []string{"open.json", "context.json"}, exit.Found, "open.json"},
		{"worse than accepted", "resource: open.json" + anyClass + "undecided", "2027-06-30", []string{"open.json"}, exit.Found, ""},
		{"a class that is open and not accepted", "resource: open.json, class: encrypt, verdict: public", "2027-06-30", []string{"open.json"}, exit.Found, ""},
		{"expired", "resource: open.json" + anyClass + "public", "2026-11-22", []string{"open.json"}, exit.Found, ""},
		{"the last day", "resource: open.json" + anyClass + "public", "2026-11-23", []string{"open.json"}, exit.OK, "open.json"},
		{"a private key has nothing to accept", "resource: default.json" + anyClass + "public", "2027-06-30", []string{"default.json"}, exit.OK, ""},
		{"a file that cannot be read", "resource: event.json" + anyClass + "public", "2027-06-30", []string{"event.json"}, exit.Error, ""},
		{"by hash, whatever the file", "policy_sha256: " + openHash, "2027-06-30", []string{"open.json"}, exit.OK, "open.json"},
		{"by another hash", "policy_sha256: " + strings.Repeat("0", 64), "2027-06-30", []string{"open.json"}, exit.Found, ""},
		{"by key", "key: " + keyARN + anyClass + "public", "2027-06-30", []string{"--key-arn", keyARN, "open.json"}, exit.OK, "open.json"},
		{"by key, not given", "key: " + keyARN + anyClass + "public", "2027-06-30", []string{"open.json"}, exit.Found, ""},
		{"in the account", "resource: open.json, account: 111122223333" + anyClass + "public", "2027-06-30", []string{"--account", "111122223333", "open.json"}, exit.OK, "open.json"},
		{"in a guessed account", "resource: open.json, account: 111122223333" + anyClass + "public", "2027-06-30", []string{"open.json"}, exit.Found, ""},
		{"in the Region of the key", "resource: open.json, region: eu-central-1" + anyClass + "public", "2027-06-30", []string{"--key-arn", keyARN, "open.json"}, exit.OK, "open.json"},
		{"one key of a template", "resource: 'template.yaml#PartnerKey'" + anyClass + "public", "2027-06-30", []string{"template.yaml"}, exit.Found, "template.yaml#PartnerKey"},
		{"three keys of a template", "resource: ['template.yaml#OpenKey', 'template.yaml#PartnerKey', 'template.yaml#Replica']" + anyClass + "public", "2027-06-30", []string{"template.yaml"}, exit.OK, "template.yaml#PartnerKey,template.yaml#OpenKey,template.yaml#Replica"},
		{"a locked key needs the hash", "resource: ['template.yaml#OpenKey', 'template.yaml#PartnerKey', 'template.yaml#Replica']" + anyClass + "public", "2027-06-30", []string{"--account", "111122223333", "template.yaml"}, exit.Found, "template.yaml#PartnerKey,template.yaml#Replica"},
		{"shared does not accept what is undecided", "resource: 'template.yaml#PartnerKey'" + anyClass + "shared", "2027-06-30", []string{"--fail-on", "undecided", "template.yaml"}, exit.Found, ""},
		{"by statement", "resource: open.json, statement_sid: Open" + anyClass + "public", "2027-06-30", []string{"open.json"}, exit.OK, "open.json"},
		{"by another statement", "resource: open.json, statement_sid: Root" + anyClass + "public", "2027-06-30", []string{"open.json"}, exit.Found, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			file := exceptionsFile(t, tt.match, tt.expires)
			status, out, stderr := checkIn(t, "", append([]string{"--format", "json", "--exceptions", file}, tt.args...)...)
			if status != tt.status || stderr != "" {
				t.Errorf("check = %d, %q, want %d", status, stderr, tt.status)
			}
			var accepted []string
			for _, d := range documents(t, out) {
				expired := strings.Contains(strings.Join(d.Notes, "\n"), `the exception "partner" would have accepted this, but it has expired`)
				if expired != (tt.name == "expired") {
					t.Errorf("%s: notes = %q", d.Source, d.Notes)
				}
				if d.Accepted == "" {
					continue
				}
				if d.Accepted != "partner" || d.Why != "agreed in SEC-1" || d.Until != tt.expires {
					t.Errorf("%s: accepted by %q until %s: %q", d.Source, d.Accepted, d.Until, d.Why)
				}
				accepted = append(accepted, place(d))
			}
			if got := strings.Join(accepted, ","); got != tt.accepted {
				t.Errorf("accepted = %q, want %q", got, tt.accepted)
			}
		})
	}
}

func TestCheckAcceptsStandardInputByHashOnly(t *testing.T) {
	t.Chdir("testdata/check/in")
	text, err := os.ReadFile("open.json")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir("../../..")
	file := exceptionsFile(t, "resource: '-', class: [encrypt, use, other], verdict: public", "2027-06-30")
	if status, out, _ := checkIn(t, string(text), "--exceptions", file, "-"); status != exit.Found || !strings.HasPrefix(out, "public ") {
		t.Errorf("check - = %d, %s, want 3: no exception names standard input", status, out)
	}
}

// Text and SARIF show what is accepted, and what accepts it.
func TestAcceptedIsShown(t *testing.T) {
	file := exceptionsText(t, "exceptions:\n  - name: partner\n    match: {resource: open.json, verdict: public, class: [encrypt, use, other]}\n"+
		"    reason: \"agreed \\u202e in SEC-1\"\n    owner: storage team\n    expires: 2027-06-30\n")
	_, out, _ := checkIn(t, "", "--exceptions", file, "open.json", "context.json", "default.json")
	for _, want := range []string{
		"accepted   open.json  public, anyone can kms:Encrypt", "\n  accepted by \"partner\" (storage team) until 2027-06-30: agreed ", "\npublic     context.json", "3 in all: 1 public, 1 private, 1 accepted\n",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("check prints\n%s\nwant %q", out, want)
		}
	}
	if strings.Contains(out, "\u202e") {
		t.Error("the reason is not sanitized")
	}
	t.Chdir("../../..")
	_, out, _ = checkIn(t, "", "--exceptions", file, "--format", "sarif", "open.json", "context.json")
	if v, err := jsonschema.UnmarshalJSON(strings.NewReader(out)); err != nil || schematest.SARIF(t).Validate(v) != nil {
		t.Errorf("not valid SARIF: %s", out)
	}
	type suppression struct{ Kind, Status, Justification string }
	var log struct {
		Runs []struct {
			Results []struct {
				Level        string
				Suppressions []suppression
			}
			Invocations []struct{ ExitCode int }
		}
	}
	if err := json.Unmarshal([]byte(out), &log); err != nil || len(log.Runs) != 1 {
		t.Fatalf("%d runs, %v, want one", len(log.Runs), err)
	}
	run := log.Runs[0]
	if len(run.Results) != 2 || len(run.Results[0].Suppressions) != 1 || run.Results[1].Suppressions != nil {
		t.Fatalf("results = %+v, want the first suppressed", run.Results)
	}
	s := run.Results[0].Suppressions[0]
	if s.Kind != "external" || s.Status != "accepted" || !strings.HasPrefix(s.Justification, `Accepted by "partner" (storage team) until 2027-06-30: agreed`) {
		t.Errorf("suppression = %+v", s)
	}
	if run.Results[0].Level != "error" || run.Invocations[0].ExitCode != exit.Found {
		t.Errorf("level %s, exit status %d", run.Results[0].Level, run.Invocations[0].ExitCode)
	}
	if n := strings.Count(out, `"suppressions"`); n != 1 {
		t.Errorf("%d results have the member suppressions, want one:\n%s", n, out)
	}
	t.Chdir("../../..")
	if _, out, _ := checkIn(t, "", "--exceptions", file, "--at", "2027-07-01T00:00:00Z", "--format", "sarif", "open.json"); !strings.Contains(out, `The exception \"partner\" would have accepted this, but it has expired.`) {
		t.Errorf("SARIF does not name the expired exception:\n%s", out)
	}
}
