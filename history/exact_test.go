package history

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// oracle reads a text with encoding/json alone, as far as that goes, and
// returns the ids of the wanted records: elements of Records, or of an array,
// or documents one after the other.
func oracle(text []byte) []string {
	var ids []string
	add := func(raw json.RawMessage) {
		var m map[string]json.RawMessage
		if json.Unmarshal(raw, &m) == nil && m["eventSource"] != nil && m["eventName"] != nil && m["s3"] == nil && (Calls{}).wants(decode(m["eventName"])) {
			ids = append(ids, decode(m["eventID"]))
		}
	}
	d := json.NewDecoder(bytes.NewReader(text))
	for {
		start := d.InputOffset()
		token, err := d.Token()
		if err != nil {
			return ids
		}
		switch token {
		case json.Delim('['):
			for d.More() {
				var e json.RawMessage
				if d.Decode(&e) != nil {
					return ids
				}
				add(e)
			}
		case json.Delim('{'):
			if name, err := d.Token(); err == nil && name == "Records" {
				if list, err := d.Token(); err != nil || list != json.Delim('[') {
					return ids
				}
				for d.More() {
					var e json.RawMessage
					if d.Decode(&e) != nil {
						return ids
					}
					add(e)
				}
				if _, err := d.Token(); err != nil {
					return ids
				}
				if _, err := d.Token(); err != nil {
					return ids
				}
				continue
			}
			rest := json.NewDecoder(bytes.NewReader(text[start:]))
			var e json.RawMessage
			if rest.Decode(&e) != nil {
				return ids
			}
			add(e)
			return append(ids, oracle(text[start+rest.InputOffset():])...)
		default:
			return ids
		}
		if _, err := d.Token(); err != nil {
			return ids
		}
	}
}

// emitted returns the ids of the records that a Reader with these limits hands
// on, reading pieces of random size of the text or of the text compressed, which
// has a checksum.
func emitted(text []byte, l limits, r *rand.Rand) ([]string, Report) {
	if r.IntN(2) == 0 {
		text = gzipped(text)
	}
	var ids []string
	reader := Reader{Matcher: Calls{}, limits: l}
	report := reader.Read(&pieces{text, r}, func(rec Record) {
		var m map[string]json.RawMessage
		if err := json.Unmarshal(rec.Text, &m); err != nil {
			panic(err)
		}
		ids = append(ids, decode(m["eventID"]))
	})
	return ids, report
}

// pieces reads a text in pieces of random size.
type pieces struct {
	text   []byte
	random *rand.Rand
}

func (p *pieces) Read(b []byte) (int, error) {
	if len(p.text) == 0 {
		return 0, io.EOF
	}
	n := min(len(b), len(p.text), 1+p.random.IntN(5000))
	copy(b, p.text[:n])
	p.text = p.text[n:]
	return n, nil
}

// archive makes a text of records in one of the plain forms, some of them
// wanted, some hostile.
func archive(r *rand.Rand) []byte {
	var records []string
	for range r.IntN(12) {
		records = append(records, randomRecord(r, len(records)))
	}
	space := []string{"", "", " ", "\n  "}[r.IntN(4)]
	var text string
	switch r.IntN(5) {
	case 0:
		text = strings.Join(records, "\n") + "\n"
	case 1:
		text = strings.Join(records, space)
	case 2:
		text = "[" + strings.Join(records, space+","+space) + space + "]"
	default:
		text = `{` + space + `"Records":` + space + `[` + space + strings.Join(records, ","+space) + space + `]` + space + `}`
		if r.IntN(4) == 0 {
			text += space + text
		}
	}
	return []byte(text)
}

func randomRecord(r *rand.Rand, n int) string {
	names := []string{"DescribeKey", "Decrypt", "GenerateDataKey", PutKeyPolicy, CreateKey, ReplicateKey, DeleteKey, "CreateKeyPair"}
	name := names[r.IntN(len(names))]
	written := quote(r, name)
	members := []string{
		quoteName(r, "eventVersion") + `:"1.11"`,
		quoteName(r, "eventSource") + `:"kms.amazonaws.com"`,
		quoteName(r, "eventName") + `:` + written,
		fmt.Sprintf(`"eventID":"%d-%d"`, n, r.IntN(1<<30)),
		`"userAgent":` + string(quoteAll(hostileText(r))),
		`"requestParameters":` + hostileValue(r, 0),
	}
	if r.IntN(3) == 0 {
		rest := members[1:]
		r.Shuffle(len(rest), func(i, j int) { rest[i], rest[j] = rest[j], rest[i] })
	}
	if r.IntN(6) == 0 {
		r.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
	}
	gap := []string{"", "", "", " ", "\r\n\t"}[r.IntN(5)]
	return "{" + gap + strings.Join(members, gap+","+gap) + gap + "}"
}

// quote writes a string with one letter in ten as an escape, in one of four records.
func quote(r *rand.Rand, s string) string {
	if r.IntN(4) > 0 {
		return `"` + s + `"`
	}
	var b strings.Builder
	for _, c := range s {
		if r.IntN(10) == 0 {
			fmt.Fprintf(&b, []string{`\u%04x`, `\u%04X`}[r.IntN(2)], c)
		} else {
			b.WriteRune(c)
		}
	}
	return `"` + b.String() + `"`
}

func quoteName(r *rand.Rand, s string) string {
	if r.IntN(5) > 0 {
		return `"` + s + `"`
	}
	return quote(r, s)
}

func quoteAll(s string) []byte {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return b
}

func gzipped(text []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write(text) // a buffer takes all
	if err := w.Close(); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func hostileText(r *rand.Rand) string {
	return []string{
		"aws-cli/2", `"eventName":"PutKeyPolicy"`, `{"eventVersion":"1","eventName":"PutKeyPolicy"}`, `\`, `}]}`, `{"Records":[`, "K\\u004b", `"`, "H4sIAAAA",
		strings.Repeat("x", r.IntN(700)), strings.Repeat(`\"`, r.IntN(40)), "\u00e9\u2028",
	}[r.IntN(12)]
}

func hostileValue(r *rand.Rand, depth int) string {
	if depth > 2 {
		return "null"
	}
	switch r.IntN(7) {
	case 0:
		name := []string{PutKeyPolicy, "Decrypt"}[r.IntN(2)]
		return `{"eventVersion":"1.11","eventSource":"kms.amazonaws.com","eventName":"` + name + `","eventID":"nested","x":` + hostileValue(r, depth+1) + `}`
	case 1:
		return `[` + hostileValue(r, depth+1) + `,` + hostileValue(r, depth+1) + `]`
	case 2:
		return string(quoteAll(hostileText(r)))
	case 3:
		return `{"keyId":"k","policy":` + string(quoteAll(`{"Statement":[{"Effect":"Allow"}]}`)) + `}`
	case 4:
		return `{"Records":[` + hostileValue(r, depth+1) + `]}`
	default:
		return "null"
	}
}

// mangle damages a text at a few places.
func mangle(r *rand.Rand, text []byte) []byte {
	text = slices.Clone(text)
	for range 1 + r.IntN(3) {
		if len(text) == 0 {
			return text
		}
		i := r.IntN(len(text))
		j := min(len(text), i+r.IntN(60))
		switch r.IntN(5) {
		case 0:
			text[i] = []byte("\"\\{}[],:x\x00\n")[r.IntN(11)]
		case 1:
			text = slices.Delete(text, i, j)
		case 2:
			text = slices.Insert(text, i, []byte(`"`)...)
		case 3:
			text = slices.Insert(text, j, slices.Clone(text[i:j])...)
		default:
			text = text[:i]
		}
	}
	return text
}

func randomLimits(r *rand.Rand) limits {
	if r.IntN(3) == 0 {
		return usualLimits()
	}
	return limits{chunk: 2*reach + r.IntN(3000), unit: 64 << 10, text: 1 << 30}
}

// seeds is how many of the random archives a test tries: with -short a quarter.
func seeds(all uint64) uint64 {
	if testing.Short() {
		return all / 4
	}
	return all
}

// TestExact: whole archives give the records that a full parser gives, in its
// order, whatever the spaces, the order of members, escapes and look-alikes.
func TestExact(t *testing.T) {
	n, records := seeds(6000), uint64(0)
	for seed := range n {
		r := rand.New(rand.NewPCG(seed, 1))
		text := archive(r)
		want := oracle(text)
		got, report := emitted(text, randomLimits(r), r)
		if !slices.Equal(got, want) {
			t.Fatalf("seed %d: %q, want %q; faults %v\n%s", seed, got, want, report.Faults, text)
		}
		if len(report.Faults) > 0 {
			t.Fatalf("seed %d: %v\n%s", seed, report.Faults, text)
		}
		records += uint64(len(want))
	}
	if records < n*5/6 {
		t.Errorf("%d wanted records in all, want more: the archives are too tame", records)
	}
}

// TestNothingLost: what a full parser still reads of a damaged archive comes out.
func TestNothingLost(t *testing.T) {
	n, records := seeds(12000), uint64(0)
	for seed := range n {
		r := rand.New(rand.NewPCG(seed, 2))
		text := mangle(r, archive(r))
		records += uint64(nothingLost(t, text, randomLimits(r), r))
	}
	if records < n*5/12 {
		t.Errorf("%d wanted records in all, want more", records)
	}
}

func nothingLost(t *testing.T, text []byte, l limits, r *rand.Rand) int {
	t.Helper()
	want := oracle(text)
	got, report := emitted(text, l, r)
	for _, id := range want {
		if !slices.Contains(got, id) {
			t.Fatalf("%q is missing in %q; faults %v\n%q", id, got, report.Faults, text)
		}
	}
	return len(want)
}

// FuzzNothingLost: whatever the bytes, nothing that a full parser reads is
// lost, and what is no JSON is named.
func FuzzNothingLost(f *testing.F) {
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 3))
		f.Add(archive(r), seed)
		f.Add(mangle(r, archive(r)), seed)
	}
	f.Fuzz(func(t *testing.T, text []byte, seed uint64) {
		r := rand.New(rand.NewPCG(seed, 4))
		nothingLost(t, text, randomLimits(r), r)
	})
}

// TestSmallWindow: a value that is larger than it may be is named, and costs only
// itself.
func TestSmallWindow(t *testing.T) {
	n := seeds(4000)
	var named, records uint64
	for seed := range n {
		r := rand.New(rand.NewPCG(seed, 6))
		text := archive(r)
		if r.IntN(2) == 0 { // a record that is too large, before and between the others
			huge := `{"eventVersion":"1.11","x":"` + strings.Repeat(`\"{`, 400+r.IntN(4000)) + `"}`
			text = []byte(huge + "\n" + string(text) + "\n" + huge + "\n" + string(text))
		}
		l := limits{chunk: 2*reach + r.IntN(600), unit: 2500 + r.IntN(2000), text: 1 << 30}
		got, report := emitted(text, l, r)
		for _, id := range oracle(text) {
			records++
			if !slices.Contains(got, id) {
				t.Fatalf("seed %d: %q is missing in %q; faults %v\n%q", seed, id, got, report.Faults, text)
			}
		}
		named += uint64(len(report.Faults))
	}
	if named < n/4 || records < n*3/4 {
		t.Errorf("%d faults, %d records; want more", named, records)
	}
}
