package doctor

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

var update = flag.Bool("update", false, "write the reports anew")

func options(w *world) Options {
	return Options{Stack: "kmsentry", StackSet: "kmsentry-forwarders", Now: w.now}
}

// examine makes every check of a world.
func examine(t *testing.T, w *world) Report {
	t.Helper()
	r, err := Examine(context.Background(), w.config(), options(w))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// kinds returns functions that make a sound world for each kind of stack.
func kinds(t *testing.T) map[kind]func() *world {
	return map[kind]func() *world{
		withFunction: func() *world { return sound(t) },
		forwarder: func() *world {
			w := sound(t)
			w.forwarding()
			return w
		},
	}
}

func TestSound(t *testing.T) {
	for k, build := range kinds(t) {
		r := examine(t, build())
		if r.Kind != k.String() || r.Result != OK || r.Account != account || r.Region != region || len(r.Checks) < 10 {
			t.Errorf("%s: kind %s, result %s, %d checks, account %s, Region %s", k, r.Kind, r.Result, len(r.Checks), r.Account, r.Region)
		}
		for _, c := range r.Checks {
			if c.Result != OK || c.Fix != "" || c.Found == "" {
				t.Errorf("%s: %s is %s: %s; %s", k, c.ID, c.Result, c.Found, c.Fix)
			}
		}
	}
}

// TestPermissions compares the permissions of each row with what it calls, and the policy
// with everything that is called.
func TestPermissions(t *testing.T) {
	all := map[string]bool{}
	for k, build := range kinds(t) {
		for _, r := range applicable(k, options(build())) {
			w := build()
			if c := newDeployment(w.config(), options(w)).ask(context.Background(), r); c.Result != OK {
				t.Errorf("%s: %s alone is %s: %s", k, r.id, c.Result, c.Found)
			}
			if got, want := slices.Sorted(maps.Keys(w.called)), slices.Sorted(slices.Values(r.needs)); !slices.Equal(got, want) {
				t.Errorf("%s: %s calls\n%q, its row needs\n%q", k, r.id, got, want)
			}
		}
		w := build()
		examine(t, w)
		maps.Copy(all, w.called)
	}
	if got, want := Permissions(options(sound(t))), slices.Sorted(maps.Keys(all)); !slices.Equal(got, want) || len(got) < 20 {
		t.Errorf("the policy allows\n%q, called is\n%q", got, want)
	}
	if got := Permissions(Options{}); slices.Contains(got, "cloudformation:ListStackInstances") || !slices.Contains(got, describeStacks) {
		t.Errorf("without a StackSet the policy allows %q", got)
	}
}

// TestRefused refuses each operation in turn and checks that the checks that need it, and
// no others, are unknown.
func TestRefused(t *testing.T) {
	for k, build := range kinds(t) {
		for _, p := range Permissions(options(build())) {
			w := build()
			w.refuse(p)
			r := examine(t, w)
			rows := applicable(k, options(w))
			if p == listResources { // then the kind of the stack is not known either
				rows = applicable(withFunction, options(w))
			}
			if len(r.Checks) != len(rows) {
				t.Fatalf("%s, without %s: %d checks, want %d", k, p, len(r.Checks), len(rows))
			}
			for i, c := range r.Checks {
				want := OK
				if slices.Contains(rows[i].needs, p) {
					want = Unknown
				}
				if c.ID != rows[i].id || c.Result != want {
					t.Errorf("%s, without %s: %s is %s, want %s (%s)", k, p, c.ID, c.Result, want, c.Found)
				}
			}
		}
	}
}

// TestReport compares whole reports with golden files: one of a sound forwarder, one of a
// stack with faults, refusals and hostile names. The tests of kmsentry doctor print them.
func TestReport(t *testing.T) {
	broken := sound(t)
	broken.selectors[trailID].EventSelectors[0].ExcludeManagementEventSources = []string{"kms.amazonaws.com"}
	broken.rules[prefix+detectorRule].State = "DISABLED"
	broken.queues[queueURL("FailedEvents")]["ApproximateNumberOfMessages"] = "3"
	count("AWS/SQS/ApproximateAgeOfOldestMessage/FailedEvents", 4*time.Minute, 11*86400)(broken)
	broken.subscribe("AlertTopic", "email", "\x1b[2Jann\u202e@example.com\nok         trail-kms  all is well", "PendingConfirmation")
	broken.slack[0].ConfigurationName = aws.String("<!channel> `rm -rf`")
	broken.slack[0].GuardrailPolicyArns = nil
	broken.refuse("kms:DescribeKey")
	broken.instances[1].StatusReason, broken.instances[1].Status = aws.String("no such bus"), "OUTDATED"
	forwarding := sound(t)
	forwarding.forwarding()
	for name, w := range map[string]*world{"broken": broken, "forwarder": forwarding} {
		got, err := json.MarshalIndent(examine(t, w), "", " ")
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, '\n')
		file := filepath.Join("testdata", name+".json")
		if *update {
			if err := os.WriteFile(file, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("the report differs from %s; look at the difference and run with -update:\n%s", file, got)
		}
		var back Report
		if err := json.Unmarshal(want, &back); err != nil || back.Result == Unknown {
			t.Errorf("%s read again: %s, %v", file, back.Result, err)
		}
	}
	var r Result
	if err := r.UnmarshalText([]byte("fine")); err == nil {
		t.Error("a result may be called fine")
	}
}
