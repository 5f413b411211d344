package hunt

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestAnySplitGivesTheSame: the records of an archive, put into other files, in
// other formats, in another order, some of them twice, give the same answer.
func TestAnySplitGivesTheSame(t *testing.T) {
	dir, truth := trail(t, 4)
	o := options(Local{dir})
	o.Uses = true
	file := regexp.MustCompile(`"file":"[^"]*"`)
	tell := func(r *Result) string { return file.ReplaceAllString(answer(t, r), `"file":""`) }
	whole := mustRun(t, o)
	records := recordsOf(t, dir, truth.Files)
	for seed := range uint64(8) {
		random := rand.New(rand.NewPCG(seed, 5))
		random.Shuffle(len(records), func(i, j int) { records[i], records[j] = records[j], records[i] })
		o := o
		o.Sources = nil
		copies := 0
		for i, left := 0, records; len(left) > 0; i++ {
			n := min(len(left), 1+random.IntN(120))
			part := left[:n:n]
			for range random.IntN(5) {
				part = append(part, records[random.IntN(len(records))])
				copies++
			}
			left = left[n:]
			o.Sources = append(o.Sources, listed{memory(fmt.Sprint("part ", i), wrapped(random, part))})
		}
		r := mustRun(t, o)
		for i := range r.Timelines {
			r.Timelines[i].ReadTo = whole.Timelines[i].ReadTo // which the names of its files tell
		}
		if got, want := tell(r), tell(whole); withoutEnd(got) != withoutEnd(want) {
			t.Fatalf("seed %d:\n%s\nwant\n%s", seed, got, want)
		}
		if s := r.Summary; s.Failed() || s.Records != int64(truth.Records+copies) {
			t.Errorf("seed %d: %d records, want %d and %d copies; faults %v", seed, s.Records, truth.Records, copies, s.Faults)
		}
	}
}

// withoutEnd leaves out what follows from the last instant of the archive, of
// which a part of it may not tell.
func withoutEnd(text string) string {
	return regexp.MustCompile(`"to":null,"seconds":\d+`).ReplaceAllString(text, `"to":null`)
}

// recordsOf returns the text of every record of a trail.
func recordsOf(t *testing.T, dir string, files []string) (records []json.RawMessage) {
	t.Helper()
	for _, name := range files {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		z, err := gzip.NewReader(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		var log struct{ Records []json.RawMessage }
		if err := json.NewDecoder(z).Decode(&log); err != nil {
			t.Fatal(err)
		}
		records = append(records, log.Records...)
	}
	return records
}

// wrapped writes records in one of the forms in which people hold them.
func wrapped(random *rand.Rand, records []json.RawMessage) []byte {
	var lines []string
	for _, r := range records {
		lines = append(lines, string(r))
	}
	quote := func(s string) string {
		text, _ := json.Marshal(s) // a string always marshals
		return string(text)
	}
	var b strings.Builder
	switch random.IntN(6) {
	case 0:
		b.WriteString(`{"Records":[` + strings.Join(lines, ",") + `]}`)
	case 1:
		b.WriteString(strings.Join(lines, "\n"))
	case 2:
		b.WriteString("[\n  " + strings.Join(lines, ",\n  ") + "\n]")
	case 3:
		for _, line := range lines {
			b.WriteString(`{"version":"0","detail-type":"AWS API Call via CloudTrail","source":"aws.kms","detail":` + line + `}`)
		}
	case 4:
		b.WriteString("eventid,eventjson\r\n")
		for i, line := range lines {
			fmt.Fprintf(&b, "%d,\"%s\"\r\n", i, strings.ReplaceAll(line, `"`, `""`))
		}
	default:
		for _, line := range lines {
			b.WriteString(`{"Events":[{"EventName":"x","CloudTrailEvent":` + quote(line) + `}]}` + "\n")
		}
	}
	if random.IntN(2) == 0 {
		return []byte(b.String())
	}
	var out bytes.Buffer
	for text := b.String(); text != ""; { // members end anywhere
		n := min(len(text), 1+random.IntN(20_000))
		z := gzip.NewWriter(&out)
		if _, err := io.WriteString(z, text[:n]); err != nil {
			panic(err) // a buffer takes everything
		}
		if err := z.Close(); err != nil {
			panic(err)
		}
		text = text[n:]
	}
	return out.Bytes()
}

// memory is a file that is held in memory.
func memory(name string, text []byte) Item {
	return Item{Name: name, Size: int64(len(text)), Open: func(context.Context) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(text)), nil }}
}
