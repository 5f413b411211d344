package exceptions

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
)

func readFile(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// The file that ships loads, and so do the examples in its comments.
func TestShippedExceptions(t *testing.T) {
	text := readFile(t, "../../exceptions.yaml")
	if l := mustLoad(t, text); l.Len() != 0 {
		t.Errorf("exceptions.yaml: %d entries, want none", l.Len())
	}
	example := regexp.MustCompile(`(?m)^# ?(exceptions:|  .*)$`).ReplaceAllString(text, "$1")
	example = strings.Replace(example, "\nexceptions: []", "", 1)
	if l := mustLoad(t, example); l.Len() != 2 {
		t.Errorf("the examples in exceptions.yaml: %d entries, want 2 in\n%s", l.Len(), example)
	}
}

const manual = "../../docs/exceptions.md"

func TestDocumentedExamples(t *testing.T) {
	examples := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(readFile(t, manual), -1)
	if len(examples) == 0 {
		t.Fatal("no example")
	}
	for _, example := range examples {
		if l := mustLoad(t, example[1]); l.Len() == 0 {
			t.Errorf("no entries in\n%s", example[1])
		}
	}
}

// The tables of the manual name every member, in order, and every value of a short
// list.
func TestDocumentedMembers(t *testing.T) {
	text := readFile(t, manual)
	var rows []string
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z0-9_]+)` \\|").FindAllStringSubmatch(text, -1) {
		rows = append(rows, row[1])
	}
	want := []string{"name", "match", "reason", "owner", "expires"}
	for _, c := range columns() {
		want = append(want, c.name)
	}
	if !slices.Equal(rows, want) {
		t.Errorf("%s describes\n%q\nwant\n%q", manual, rows, want)
	}
	for _, c := range kmsapi.Classes() {
		if !strings.Contains(text, "`"+string(c)+"`") {
			t.Errorf("%s does not name the class %s", manual, c)
		}
	}
}

// Every form of an old condition that the manual lists is understood.
func TestDocumentedConditions(t *testing.T) {
	_, table, _ := strings.Cut(readFile(t, manual), "## Conditions of earlier versions")
	count := 0
	for _, row := range regexp.MustCompile("(?m)^\\| `(.* == .*)` \\| `(.*)`").FindAllStringSubmatch(table, -1) {
		fill := strings.NewReplacer("ARN", testKey, "HASH", testHash)
		if got, want := oldCondition(fill.Replace(row[1])), "write match: "+fill.Replace(row[2]); !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q", row[1], got, want)
		}
		count++
	}
	if count != 3 {
		t.Errorf("%d conditions in the manual, want 3", count)
	}
	for name := range oldNames() {
		if !strings.Contains(table, name) {
			t.Errorf("the manual does not name the field %s", name)
		}
	}
}
