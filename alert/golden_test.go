package alert

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kmsentry/kmsentry/alert/chat"
	"github.com/kmsentry/kmsentry/alert/internal/alerttest"
	"github.com/kmsentry/kmsentry/detector"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestGolden compares every channel of every sample event, and of the fixtures for
// which there is no event, with the files in testdata/golden.
func TestGolden(t *testing.T) {
	seen := map[string]bool{}
	for _, path := range alerttest.EventFiles(t) {
		name := filepath.Base(filepath.Dir(path)) + "/" + strings.TrimSuffix(filepath.Base(path), ".json")
		t.Run(name, func(t *testing.T) {
			result := alerttest.DetectFile(t, path)
			if result.Finding == nil {
				golden(t, name+"/quiet.txt", []byte(result.Quiet+"\n"), seen)
				return
			}
			goldenChannels(t, name, result.Finding, seen)
		})
	}
	for name, f := range alerttest.Findings() {
		if name == "huge" {
			continue // see TestComposeHuge
		}
		t.Run("fixtures/"+name, func(t *testing.T) { goldenChannels(t, "fixtures/"+name, f, seen) })
	}
	files, _ := filepath.Glob("testdata/golden/*/*/*")
	for _, file := range files {
		if rel, _ := filepath.Rel("testdata/golden", file); !seen[filepath.ToSlash(rel)] {
			t.Errorf("%s belongs to no event and no fixture", file)
		}
	}
}

// goldenChannels compares every channel of one finding with its golden file and
// checks the finding against the schemas.
func goldenChannels(t *testing.T, name string, f *detector.Finding, seen map[string]bool) {
	t.Helper()
	o := alerttest.Options()
	if !f.Event.Time.IsZero() {
		o.Now = f.Event.Time.Add(4 * time.Second)
	}
	m, err := Compose(f, o)
	if err != nil {
		t.Fatal(err)
	}
	bodies := checkMessage(t, m)
	alerttest.CheckFinding(t, bodies["default"], alerttest.FindingSchemas(t))
	alerttest.CheckChat(t, bodies["https"], "slack")

	golden(t, name+"/email.txt", []byte(bodies["email"]), seen)
	golden(t, name+"/chat.slack.json", indented(t, bodies["https"]), seen)
	golden(t, name+"/finding.json", indented(t, bodies["default"]), seen)
	golden(t, name+"/message.txt", fmt.Appendf(nil, "Subject: %s\nSMS: %s\nAttributes:\n%s", m.Subject, bodies["sms"], attributeLines(m)), seen)
	o.ChatClient = "teams"
	teams, err := chat.Compose(f, o)
	if err != nil {
		t.Fatal(err)
	}
	alerttest.CheckChat(t, teams, "teams")
	golden(t, name+"/chat.teams.json", indented(t, teams), seen)
}

// attributeLines returns the attributes in order, one per line.
func attributeLines(m Message) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(m.Attributes)) {
		fmt.Fprintf(&b, "  %s: %s\n", name, m.Attributes[name])
	}
	return b.String()
}

// indented returns a JSON text indented, so that a diff is readable.
func indented(t *testing.T, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := json.Indent(&b, []byte(text), "", "  "); err != nil {
		t.Fatal(err)
	}
	return append(b.Bytes(), '\n')
}

// golden compares got with a golden file, or writes it with -update.
func golden(t *testing.T, name string, got []byte, seen map[string]bool) {
	t.Helper()
	seen[name] = true
	path := filepath.Join("testdata/golden", name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (go test ./alert -update writes it)", err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs: run go test ./alert -update and read the diff", path)
	}
}
