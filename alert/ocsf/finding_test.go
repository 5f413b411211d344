package ocsf

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/kmsentry/kmsentry/alert/internal/alerttest"
	"github.com/kmsentry/kmsentry/alert/words"
	"github.com/kmsentry/kmsentry/detector"
)

func TestOCSFIsValid(t *testing.T) {
	schemas := alerttest.FindingSchemas(t)
	alerttest.EachFinding(t, func(t *testing.T, f *detector.Finding) {
		for _, o := range []words.Options{alerttest.Options(), {Now: alerttest.At, Test: true, RunbookURL: "https://w.example.com", Expired: []string{"x"}}} {
			raw, err := Compose(f, o)
			if err != nil {
				t.Fatal(err)
			}
			alerttest.CheckFinding(t, raw, schemas)
		}
		for i, l := range narrowing {
			raw, err := words.JSON(findingWithin(f, alerttest.Options(), l))
			if err != nil {
				t.Fatal(err)
			}
			alerttest.CheckFinding(t, raw, schemas)
			if t.Failed() {
				t.Fatalf("within narrowing[%d]", i)
			}
		}
	})
}

// The checkers must be able to fail.
func TestFindingCheckersRefuse(t *testing.T) {
	schemas := alerttest.FindingSchemas(t)
	for name, edit := range map[string]func(map[string]any){
		"unknown attribute":   func(e map[string]any) { e["surprise"] = 1 },
		"missing required":    func(e map[string]any) { delete(e, "finding_info") },
		"seconds":             func(e map[string]any) { e["time"] = 1610358995 },
		"wrong type":          func(e map[string]any) { e["message"] = 1 },
		"outside the enum":    func(e map[string]any) { e["severity_id"] = 42 },
		"wrong formula":       func(e map[string]any) { e["type_uid"] = 200402 },
		"bad address":         func(e map[string]any) { evidence0(e)["src_endpoint"] = map[string]any{"ip": "AWS Internal"} },
		"unmet constraint":    func(e map[string]any) { e["resources"] = []any{map[string]any{"type": "x"}} },
		"deprecated":          func(e map[string]any) { evidence0(e)["actor"] = map[string]any{"invoked_by": "x"} },
		"profile not enabled": func(e map[string]any) { e["metadata"].(map[string]any)["profiles"] = []any{} },
	} {
		raw, err := Compose(alerttest.PublicFinding(), alerttest.Options())
		if err != nil {
			t.Fatal(err)
		}
		var e map[string]any
		if err := json.Unmarshal([]byte(raw), &e); err != nil {
			t.Fatal(err)
		}
		edit(e)
		bad, _ := json.Marshal(e)
		for _, s := range schemas {
			if len(s.Faults(bad)) == 0 && !(name == "bad address" && s.Name == alerttest.OwnSchema) {
				t.Errorf("%s: %s accepts it", name, s.Name)
			}
		}
	}
}

func evidence0(e map[string]any) map[string]any { return e["evidences"].([]any)[0].(map[string]any) }

func TestNoStormIsHeld(t *testing.T) {
	raw, err := Compose(alerttest.PublicFinding(), alerttest.Options())
	if err != nil || strings.Contains(raw, "held_alerts") {
		t.Errorf("without a storm: %s, %v", raw, err)
	}
}

func TestOCSFMFA(t *testing.T) {
	for state, want := range map[detector.MFA]string{
		detector.MFAYes:           `"is_mfa":true`,
		detector.MFANo:            `"is_mfa":false`,
		detector.MFAUnknown:       "",
		detector.MFANotApplicable: "",
	} {
		f := alerttest.PublicFinding()
		f.Actor.MFA = state
		raw, err := Compose(f, alerttest.Options())
		if err != nil {
			t.Fatal(err)
		}
		if got := raw; !strings.Contains(got, want) || want == "" && strings.Contains(got, "is_mfa") {
			t.Errorf("MFA %d: want %q in %s", state, want, got)
		}
	}
}

func TestOCSFIdentity(t *testing.T) {
	f := alerttest.PublicFinding()
	first, _ := Compose(f, alerttest.Options())
	later := alerttest.Options()
	later.Now = later.Now.AddDate(0, 0, 1)
	second, _ := Compose(f, later)
	var a, b detectionFinding
	for raw, v := range map[string]*detectionFinding{first: &a, second: &b} {
		if err := json.Unmarshal([]byte(raw), v); err != nil {
			t.Fatal(err)
		}
	}
	if a.FindingInfo.UID != f.UID || a.Metadata.UID != f.UID || b.FindingInfo.UID != f.UID || a.Metadata.CorrelationUID != f.Key.ARN {
		t.Errorf("uid %q and %q, metadata.uid %q, correlation_uid %q", a.FindingInfo.UID, b.FindingInfo.UID, a.Metadata.UID, a.Metadata.CorrelationUID)
	}
	if a.Time == b.Time || a.StartTime != b.StartTime || a.StartTime != f.Event.Time.UnixMilli() {
		t.Errorf("times %d %d, start %d %d", a.Time, b.Time, a.StartTime, b.StartTime)
	}
	again, _ := Compose(f, alerttest.Options())
	if again != first {
		t.Error("the same finding gave other bytes")
	}
}
