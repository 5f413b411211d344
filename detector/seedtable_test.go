package detector

import (
	"os"
	"strings"
	"testing"
)

const seedTable = "../docs/splunk.md"

// The table in docs/splunk.md agrees with the code for every sample event.
func TestSeedTable(t *testing.T) {
	rows := seedTableRows(t)
	records := sampleEvents(t)
	for name, text := range records {
		row, ok := rows[name]
		if !ok {
			t.Errorf("%s: no row for %s", seedTable, name)
			continue
		}
		literal, wildcard := seedOf(t, text)
		result, err := Detector{}.Detect(text)
		if err != nil {
			t.Errorf("Detect(%s): %v", name, err)
			continue
		}
		ours := "quiet"
		if result.Finding != nil {
			ours = result.Finding.Severity.String()
		}
		want := []string{fires(literal), fires(wildcard), ours}
		if got := row[:3]; strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("%s: %s: literal, wildcard, kmsentry are %v, want %v", seedTable, name, got, want)
		}
		if row[3] == "" {
			t.Errorf("%s: %s: no reason given", seedTable, name)
		}
	}
	for name := range rows {
		if records[name] == nil {
			t.Errorf("%s: a row for %s, which is not a sample event", seedTable, name)
		}
	}
}

// seedOf runs the model of the seed rule over a record, whether or not it gives a
// finding.
func seedOf(t *testing.T, text []byte) (literal, wildcard bool) {
	t.Helper()
	var r record
	if err := r.read(text); err != nil {
		t.Fatal(err)
	}
	f := r.facts()
	if r.setsPolicy() {
		f.Policy.Text, _ = r.readPolicy()
	}
	return alerts(f)
}

func fires(alerts bool) string {
	if alerts {
		return "fires"
	}
	return "no"
}

// seedTableRows returns the cells of the last table in the document, by event.
func seedTableRows(t *testing.T) map[string][]string {
	t.Helper()
	text, err := os.ReadFile(seedTable)
	if err != nil {
		t.Fatal(err)
	}
	_, table, ok := strings.Cut(string(text), "\n| event |")
	if !ok {
		t.Fatalf("%s: no table of events", seedTable)
	}
	rows := make(map[string][]string)
	for _, line := range strings.Split(table, "\n")[2:] {
		cells := strings.Split(strings.Trim(line, "| "), "|")
		if len(cells) != 5 {
			continue
		}
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		rows[cells[0]] = cells[1:]
	}
	if len(rows) == 0 {
		t.Fatalf("%s: the table of events is empty", seedTable)
	}
	return rows
}
