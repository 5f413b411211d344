package history

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/kmsentry/kmsentry/detector"
)

// found is what came out of a text: the event ids of the findings, and all that
// could not be read.
type found struct {
	ids    map[string]int
	faults []string
	report Report
}

func read(t testing.TB, m Matcher, text []byte) found {
	t.Helper()
	f := found{ids: map[string]int{}}
	r := Reader{Matcher: m}
	f.report = r.Read(bytes.NewReader(text), func(r Record) {
		result, err := detector.Detector{}.Detect(r.Text)
		if err != nil {
			f.faults = append(f.faults, err.Error())
		} else if result.Finding != nil {
			f.ids[result.Event.ID]++
		}
		if r.Format == "" {
			t.Errorf("record without format: %s", r.Text)
		}
	})
	for _, fault := range f.report.Faults {
		f.faults = append(f.faults, fault.Error)
	}
	return f
}

// TestFormats: each file of testdata/formats gives what formats.tsv says.
func TestFormats(t *testing.T) {
	table, err := os.ReadFile("testdata/formats.tsv")
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]bool{}
	for line := range strings.Lines(string(table)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		cells := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		name, fault, other := cells[0], cells[2], cells[3]
		want, err := strconv.Atoi(cells[1])
		if err != nil {
			t.Fatal(err)
		}
		listed[name] = true
		text, err := os.ReadFile(filepath.Join("testdata/formats", name))
		if err != nil {
			t.Fatal(err)
		}
		f := read(t, Calls{}, text)
		if len(f.ids) != want {
			t.Errorf("%s: %d findings, want %d; faults: %q", name, len(f.ids), want, f.faults)
		}
		if all := strings.Join(f.faults, "\n"); !strings.Contains(all, fault) || fault == "" && all != "" && !strings.HasPrefix(name, "stray") && !strings.HasPrefix(name, "member") {
			t.Errorf("%s: faults %q, want %q", name, f.faults, fault)
		}
		if other != "" && f.report.Other[other].Count == 0 {
			t.Errorf("%s: other documents %v, want %q", name, f.report.Other, other)
		}
		if f.report.Read != int64(len(text)) && fault == "" {
			t.Errorf("%s: %d bytes read of %d", name, f.report.Read, len(text))
		}
	}
	files, err := os.ReadDir("testdata/formats")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if !listed[file.Name()] {
			t.Errorf("%s is not in formats.tsv", file.Name())
		}
	}
	if len(listed) < 60 {
		t.Errorf("%d files, want at least 60", len(listed))
	}
}

// TestWhoIsKept: formats that keep the caller in columns of their own lose
// neither the caller nor the key nor the source.
func TestWhoIsKept(t *testing.T) {
	const key = "arn:aws:kms:ap-south-1:444455556666:key/0a1b2c3d-1111-4222-8333-444455556666"
	for _, name := range []string{"log.json", "athena-columns.csv", "athena-struct.csv", "ocsf-object.jsonl", "elastic-original.jsonl", "panther.jsonl", "splunk.tsv"} {
		text, err := os.ReadFile(filepath.Join("testdata/formats", name))
		if err != nil {
			t.Fatal(err)
		}
		r := Reader{Matcher: Calls{}}
		seen := 0
		r.Read(bytes.NewReader(text), func(rec Record) {
			e := mustJudge(t, rec.Text)
			seen++
			if e.ActorARN != "arn:aws:iam::444455556666:user/mira" || e.Address != "198.51.100.7" || e.Key != key || e.Time.IsZero() || e.Trail != "444455556666" || e.Called != "ap-south-1" {
				t.Errorf("%s: %+v", name, e)
			}
		})
		if seen == 0 {
			t.Errorf("%s: no record", name)
		}
	}
}
