package doctor

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"github.com/kmsentry/kmsentry/internal/show"
)

// reports returns the reports that TestReport checks.
func reports(t *testing.T) []Report {
	t.Helper()
	var all []Report
	for _, name := range []string{"broken", "forwarder"} {
		text, err := os.ReadFile(filepath.Join("testdata", name+".json"))
		if err != nil {
			t.Fatal(err)
		}
		var r Report
		if err := json.Unmarshal(text, &r); err != nil {
			t.Fatal(err)
		}
		all = append(all, r)
	}
	return all
}

func TestDoctorGolden(t *testing.T) {
	for golden, format := range map[string]string{"report.txt": "text", "report.jsonl": "json"} {
		var out bytes.Buffer
		print := NewPrinter(format, show.Style{}, &out)
		for _, r := range reports(t) {
			if err := print(r); err != nil {
				t.Fatal(err)
			}
		}
		file := filepath.Join("testdata", golden)
		if *update {
			if err := os.WriteFile(file, out.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if got := out.String(); got != string(want) {
			t.Errorf("%s differs; look at the difference and run with -update. It prints:\n%s", file, got)
		}
		for _, r := range out.String() {
			if r != '\n' && !unicode.IsPrint(r) {
				t.Errorf("%s holds %q", file, r)
			}
		}
	}
}

// On a terminal sentences are wrapped, but a command stays on one line, so that it can be
// copied.
func TestDoctorWraps(t *testing.T) {
	var out bytes.Buffer
	p := textPrinter{w: &out, style: show.Style{Width: 60}}
	if err := p.report(reports(t)[0]); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(out.String()) {
		if n := len([]rune(strings.TrimSpace(line))); n > 60 && !strings.HasPrefix(line, "  fix ") && strings.Count(strings.TrimSpace(line), " ") > 1 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
	if !strings.Contains(out.String(), "  fix      aws events enable-rule --name kmsentry-DetectorFunctionKeyPolicyChange --event-bus-name default --region eu-central-1\n") {
		t.Errorf("the command is not on one line:\n%s", &out)
	}
}
