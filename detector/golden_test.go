package detector

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/kmsentry/kmsentry/detector/policy/decide"
)

var update = flag.Bool("update", false, "write testdata/*.golden.json anew")

// The result for every sample event. The sentences of the decision belong to
// package policy and are left out.
func TestGolden(t *testing.T) {
	records := sampleEvents(t)
	for name, text := range records {
		t.Run(name, func(t *testing.T) {
			result, err := Detector{}.Detect(text)
			if err != nil {
				t.Fatalf("Detect(%s): %v", name, err)
			}
			got := goldenText(t, result)
			file := filepath.Join("testdata", name+".golden.json")
			if *update {
				if err := os.WriteFile(file, got, 0o666); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("%s differs; run with -update and read the change. Got:\n%s", file, got)
			}
		})
	}
	files, err := filepath.Glob("testdata/*.golden.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden files (%v)", err)
	}
	for _, file := range files {
		if records[strings.TrimSuffix(filepath.Base(file), ".golden.json")] == nil {
			t.Errorf("%s: no such sample event", file)
		}
	}
}

// The same bytes always give the same result, and Detect does not modify them.
func TestDetectRepeats(t *testing.T) {
	for name, text := range sampleEvents(t) {
		before := bytes.Clone(text)
		first, err1 := Detector{}.Detect(text)
		second, err2 := Detector{}.Detect(text)
		if err1 != nil || err2 != nil || !reflect.DeepEqual(first, second) {
			t.Errorf("Detect(%s) twice:\n%+v, %v\n%+v, %v", name, first, err1, second, err2)
		}
		if !bytes.Equal(text, before) {
			t.Errorf("Detect(%s) changed the record", name)
		}
	}
}

// goldenText returns a result as it is written to a golden file.
func goldenText(t *testing.T, r Result) []byte {
	t.Helper()
	event := struct {
		Event
		Outcome string
	}{r.Event, r.Event.Outcome.String()}
	shown := map[string]any{"event": event, "key": r.Key, "verdict": r.Verdict, "quiet": r.Quiet}
	if f := r.Finding; f != nil {
		shown["finding"] = map[string]any{
			"uid": f.UID, "verdict": f.Verdict, "severity": f.Severity.String(), "attempted": f.Attempted, "title": f.Title,
			"actor": struct {
				Actor
				MFA string
			}{f.Actor, f.Actor.MFA.String()},
			"source": f.Source, "policySHA256": f.Policy.SHA256, "missing": f.Policy.Missing, "problem": f.Problem, "notes": f.Notes,
			"ownerLocked": f.OwnerLocked, "noKey": f.NoKey(), "maybeNoKey": f.MaybeNoKey(), "deployer": f.Deployer(),
			"keyElsewhere": f.KeyElsewhere(), "foreignKey": f.ForeignKey(), "outsideMaterial": f.Key.OutsideMaterial(),
			"grants": goldenGrants(f.Decision.Grants), "others": goldenGrants(f.Decision.Others),
			"classes": f.Decision.Classes, "manage": f.Decision.Owner.Manage, "decrypt": f.Decision.Owner.Decrypt,
			"undecided": len(f.Decision.Undecided), "future": f.Decision.Future,
			"statements": f.Statements, "repaired": lines(f.Repaired), "splunk": f.Splunk,
		}
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(shown); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// goldenGrants returns each grant as "CLASS ACTION AUDIENCE PRINCIPAL".
func goldenGrants(grants []decide.Grant) []string {
	list := []string{}
	for _, g := range grants {
		list = append(list, strings.Join([]string{string(g.Class), g.Action, g.Audience.String(), g.Witness.Principal}, " "))
	}
	return list
}

// lines splits a text into lines; nil when it is empty.
func lines(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}
