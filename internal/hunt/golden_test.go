package hunt

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

// sample hunts through the sample archive of the repository.
func sample(t testing.TB) *Result {
	t.Helper()
	root := filepath.Join("..", "..", "testdata", "archive")
	o := options(Local{root})
	o.Uses, o.Whole = true, true // for OCSF
	r := mustRun(t, o)
	if len(r.Timelines) < 3 || r.Summary.Failed() {
		t.Fatalf("%d timelines in %s, faults %v", len(r.Timelines), root, r.Summary.Faults)
	}
	return r
}

// TestGolden: what people and programs read of the sample archive.
func TestGolden(t *testing.T) {
	r := sample(t)
	for _, format := range Formats() {
		var b bytes.Buffer
		if err := Print(&b, r, View{Format: format, Timeline: true, Now: june(30), Version: "v0.0.0"}); err != nil {
			t.Fatal(err)
		}
		golden(t, "sample."+format, b.Bytes())
	}
	var b bytes.Buffer
	s := r.Summary
	s.Faults = []Fault{{"a.json.gz", 17, "gzip: invalid checksum (byte 653 of the file)"}, {"b\x1b[2J", 0, "permission denied"}}
	s.Other = map[string]int{"CloudTrail digest": 3}
	s.Expired, s.NoFiles, s.OutsideDates = []string{"old-one"}, []string{"210987654321/eu-north-1"}, 4
	PrintSummary(&b, &s)
	golden(t, "summary.txt", b.Bytes())
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
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
		t.Errorf("%s changed; look at it and run with -update. It is now:\n%s", file, strings.TrimSpace(string(got)))
	}
}
