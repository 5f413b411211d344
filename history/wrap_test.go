package history

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// A wrapping is what a tool makes of records.
type wrapping struct {
	name string
	make func(records []string) string
}

func each(format string) func([]string) string {
	return func(records []string) string {
		var b strings.Builder
		for _, r := range records {
			text, err := json.Marshal(r)
			if err != nil {
				panic(err)
			}
			b.WriteString(strings.NewReplacer("RECORD", r, "TEXT", string(text)).Replace(format) + "\n")
		}
		return b.String()
	}
}

// listOf puts elements into the list of one document.
func listOf(head, element, tail string) func([]string) string {
	return func(records []string) string {
		lines := strings.Split(strings.TrimSuffix(each(element)(records), "\n"), "\n")
		if len(records) == 0 {
			lines = nil
		}
		return head + strings.Join(lines, ",") + tail
	}
}

func wrappings() []wrapping {
	return []wrapping{
		{"lookup-events", listOf(`{"Events":[`, `{"EventId":"x","CloudTrailEvent":TEXT}`, `],"NextToken":"t"}`)},
		{"EventBridge", each(`{"version":"0","detail-type":"AWS API Call via CloudTrail","source":"aws.kms","detail":RECORD}`)},
		{"SQS", listOf(`{"Messages":[`, `{"MessageId":"m","Body":TEXT}`, `]}`)},
		{"SNS", each(`{"Type":"Notification","TopicArn":"t","Message":TEXT}`)},
		{"CloudWatch Logs", listOf(`{"messageType":"DATA_MESSAGE","logEvents":[`, `{"id":"1","timestamp":1,"message":TEXT}`, `]}`)},
		{"CloudWatch Logs export", each(`2026-05-02T11:22:33.000Z RECORD`)},
		{"Lake", listOf(`{"QueryStatus":"FINISHED","QueryResultRows":[`, `[{"eventJson":TEXT}]`, `]}`)},
		{"Splunk", each(`{"preview":false,"result":{"_raw":TEXT}}`)},
		{"Elastic", listOf(`{"took":1,"hits":{"total":1,"hits":[`, `{"_index":"i","_source":{"event":{"action":"a","original":TEXT}}}`, `]}}`)},
		{"Lambda destination", each(`{"version":"1.0","requestContext":{"condition":"RetriesExhausted"},"requestPayload":{"detail-type":"t","detail":RECORD}}`)},
		{"one column", each(`{"r":RECORD}`)},
		{"CSV", func(records []string) string {
			var b strings.Builder
			w := csv.NewWriter(&b)
			for _, row := range append([][]string{{"_time", "_raw"}}, rowsOf(records)...) {
				if err := w.Write(row); err != nil {
					panic(err)
				}
			}
			w.Flush()
			return b.String()
		}},
		{"Lambda", func(records []string) string {
			inner := listOf(`{"messageType":"DATA_MESSAGE","logEvents":[`, `{"message":TEXT}`, `]}`)(records)
			var z bytes.Buffer
			w := gzip.NewWriter(&z)
			fmt.Fprint(w, inner)
			w.Close()
			return `{"awslogs":{"data":"` + base64.StdEncoding.EncodeToString(z.Bytes()) + `"}}`
		}},
	}
}

func rowsOf(records []string) (rows [][]string) {
	for _, r := range records {
		rows = append(rows, []string{"1", r})
	}
	return rows
}

// TestWrapped: whatever tools wrap around records, those that are wanted come
// out, and no others.
func TestWrapped(t *testing.T) {
	for _, w := range wrappings() {
		records := 0
		for seed := range uint64(300) {
			r := rand.New(rand.NewPCG(seed, 5))
			var all []string
			var want []string
			for range r.IntN(8) {
				text := strings.NewReplacer("\r", " ", "\n", " ").Replace(randomRecord(r, len(all)))
				all = append(all, text)
				want = append(want, oracle([]byte(text))...)
			}
			text := w.make(all)
			got, report := emitted([]byte(text), randomLimits(r), r)
			if !slices.Equal(got, want) || len(report.Faults) > 0 && len(all) > 0 {
				t.Fatalf("%s, seed %d: %q, want %q; faults %v\n%s", w.name, seed, got, want, report.Faults, text)
			}
			records += len(want)
		}
		if records < 200 {
			t.Errorf("%s: %d wanted records in all, want more", w.name, records)
		}
	}
}

// FuzzRead: no bytes make a Reader panic, hand on what is no JSON, or say that
// it has read more than there was.
func FuzzRead(f *testing.F) {
	files, err := filepath.Glob("testdata/formats/*")
	if err != nil || len(files) < 60 {
		f.Fatalf("%d files, %v", len(files), err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		r := Reader{Matcher: Calls{}, limits: limits{chunk: 2 * reach, unit: 16 << 10, text: 8 << 20}}
		report := r.Read(bytes.NewReader(text), func(rec Record) {
			if !json.Valid(rec.Text) {
				t.Errorf("no JSON: %q", rec.Text)
			}
		})
		if report.Read > int64(len(text)) {
			t.Errorf("%d bytes read of %d", report.Read, len(text))
		}
	})
}

// endless gives text without end, or that many bytes of it.
type endless struct {
	text []byte
	at   int
	left int
}

func (e *endless) Read(p []byte) (n int, err error) {
	if e.left <= 0 {
		return 0, fmt.Errorf("the connection broke")
	}
	for n < len(p) && n < e.left {
		c := copy(p[n:min(len(p), e.left)], e.text[e.at:])
		e.at = (e.at + c) % len(e.text)
		n += c
	}
	e.left -= n
	return n, nil
}

// TestMemoryIsBounded: what a file takes does not grow with it, be it records or
// one line without end.
func TestMemoryIsBounded(t *testing.T) {
	record := string(testRecord(1, "DescribeKey", 1, "", "")) + ",\n"
	for name, text := range map[string]string{"records": record, "one string": "x", "brackets": "[", "escapes": `\"`, "spaces": " "} {
		r := Reader{Matcher: Calls{}}
		allocated := func(size int) uint64 {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			head := `{"Records":[`
			if name == "one string" || name == "escapes" {
				head += `{"eventVersion":"`
			}
			r.Read(io.MultiReader(strings.NewReader(head), &endless{text: []byte(text), left: size}), func(Record) {})
			runtime.ReadMemStats(&after)
			return after.TotalAlloc - before.TotalAlloc
		}
		if n := allocated(8 << 20); n > 12<<20 {
			t.Errorf("%s: %d bytes allocated for the first file, want at most 12 MiB", name, n)
		}
		if n := allocated(64 << 20); n > 2<<20 {
			t.Errorf("%s: %d bytes allocated for a larger file, want at most 2 MiB", name, n)
		}
	}
}
