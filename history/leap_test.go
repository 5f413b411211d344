package history

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// TestLeapLandsOnRecords: from any record, however far the text is known, a leap
// lands on the beginning of a later record of the same list, or of a document,
// and nowhere else.
func TestLeapLandsOnRecords(t *testing.T) {
	landed := 0
	for seed := range seeds(8000) {
		r := rand.New(rand.NewPCG(seed, 7))
		between, text, starts := leapText(r)
		i := r.IntN(len(starts))
		from := starts[i]
		to := from + 1 + r.IntN(len(text)-from)
		l := leaper{text: text[from:to]}
		if between == ',' {
			l.list()
		} else {
			l.gap(0, to-from)
		}
		last := l.last(between)
		if !slices.Contains(starts[i:], from+last) {
			t.Fatalf("seed %d: from %d to %d: landed on %d, want one of %d\n%s", seed, from, to, from+last, starts, text)
		}
		if last > 0 {
			landed++
		}
	}
	if n := int(seeds(8000)); landed < n/4 {
		t.Errorf("%d of %d leaps passed a record, want more", landed, n)
	}
}

// leapText makes a list of hostile objects, or documents one after the other, and
// says where each begins.
func leapText(r *rand.Rand) (between byte, text []byte, starts []int) {
	between = []byte(",,}")[r.IntN(3)]
	head, separator, tail := `{"a":[{"b":[]}],"Records":[`, ",", `],"Records":[{"x":1},{"eventVersion":"2"}],"z":[{"y":1},{"x":2}]}{"Records":[{"x":3},{"x":4}]}`
	if between == '}' {
		head, separator, tail = "", "", ""
	}
	text = []byte(head)
	for i := range 2 + r.IntN(8) {
		if i > 0 {
			text = append(text, separator...)
			text = append(text, leapSpace(r)...)
			if between == ',' && r.IntN(8) == 0 {
				text = append(text, `[{"x":5},{"x":6}],`...)
			}
		}
		starts = append(starts, len(text))
		text = leapValue(r, text, 0)
	}
	return between, append(text, tail...), starts
}

func leapSpace(r *rand.Rand) string { return []string{"", "", " ", "\n\t "}[r.IntN(4)] }

// leapValue appends a value, an object at depth 0, with what may be taken for
// brackets and quotes in its names and strings.
func leapValue(r *rand.Rand, text []byte, depth int) []byte {
	kind := r.IntN(6)
	switch {
	case depth == 0 || kind == 0 && depth < 4:
		text = append(text, '{')
		for i := range 1 + r.IntN(4) {
			text = append(text, []string{"", ","}[min(i, 1)]+leapSpace(r)...)
			text = append(text, quoteAll([]string{"name", "", "x"}[r.IntN(3)]+leapString(r))...)
			text = append(text, leapSpace(r)+":"+leapSpace(r)...)
			text = leapValue(r, text, depth+1)
			text = append(text, leapSpace(r)...)
		}
		return append(text, '}')
	case kind < 3 && depth < 4:
		text = append(text, '[')
		for i := range r.IntN(4) {
			text = append(text, []string{"", ","}[min(i, 1)]+leapSpace(r)...)
			text = leapValue(r, text, depth+1)
		}
		return append(text, leapSpace(r)+"]"...)
	case kind == 3:
		return append(text, []string{"1", "true", "null", "{}", "[]"}[r.IntN(5)]...)
	default:
		return append(text, quoteAll(leapString(r))...)
	}
}

func leapString(r *rand.Rand) string {
	parts := []string{`eventVersion`, "x", "x", "1", "[", "]", "{", "}", ",", ":", `"`, `\`, " ", "\n", `":[`, `},{"x`, `"]`, `"}]`, `],{"a":[`, "Records", `:[{"a":1}],`, "\u00e9"}
	var b strings.Builder
	for range r.IntN(4) {
		b.WriteString(parts[r.IntN(len(parts))])
	}
	return b.String()
}

// TestLeapText: the texts of the test above are JSON.
func TestLeapText(t *testing.T) {
	for seed := range uint64(200) {
		_, text, _ := leapText(rand.New(rand.NewPCG(seed, 7)))
		d := json.NewDecoder(bytes.NewReader(text))
		for d.More() {
			var v any
			if err := d.Decode(&v); err != nil {
				t.Fatalf("%v\n%s", err, text)
			}
		}
	}
}

// TestLeapPasses: what is usual in records does not keep a leap from its end.
func TestLeapPasses(t *testing.T) {
	const next = `,{"eventVersion":"1.11"`
	for name, record := range map[string]string{
		"resources":          `{"resources":[{"ARN":"arn:aws:kms","type":"AWS::KMS::Key"}],"x":null}`,
		"lists in lists":     `{"items":[{"sets":{"items":[{"value":"a"},{"value":"b"}]}}],"empty":[]}`,
		"numbers":            `{"items":[1,2],"flags":[{"on":true}]}`,
		"policy as text":     `{"policy":"{\n \"Statement\": [\n {\"Action\": [\"kms:*\"]}]}","x":[]}`,
		"user agent":         `{"userAgent":"[S3Console/0.4, aws-internal/3 aws-sdk-java/1.12]"}`,
		"spaces":             `{ "resources" : [ { "ARN" : "a" } ] }`,
		"slashes before end": `{"path":"C:\\","resources":[{"path":"C:\\"}]}`,
	} {
		text := record + next
		l := leaper{text: []byte(text)}
		l.list()
		if last := l.last(','); last != len(record)+1 {
			t.Errorf("%s: landed on %d, want %d of %s", name, last, len(record)+1, text)
		}
	}
}
