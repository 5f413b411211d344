package exceptions

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
)

// hashOf returns a distinct policy hash for each i.
func hashOf(i int) string {
	sum := sha256.Sum256(fmt.Append(nil, i))
	return hex.EncodeToString(sum[:])
}

// keyOf returns a distinct key ARN for each i.
func keyOf(i int) string {
	return fmt.Sprintf("arn:aws:kms:eu-west-1:111122223333:key/%08x-12ab-34cd-56ef-1234567890ab", i)
}

// manyEntries returns a file of n entries, which match in turn by hash and key, by
// key, by resource, and by key on one line. folded writes each reason on two lines,
// which is not the plain form.
func manyEntries(n int, folded bool) string {
	var b strings.Builder
	b.WriteString("# what we have accepted\nexceptions:\n")
	reason := "reviewed in SEC-1234,\n      see the record of the review"
	if folded {
		reason = ">\n      reviewed in SEC-1234,\n      see the record of the review"
	}
	for i := range n {
		fmt.Fprintf(&b, "  - name: partner-%d\n    match:\n", i)
		switch i % 4 {
		case 3:
			fmt.Fprintf(&b, "      {key: %s, verdict: undecided, class: [encrypt, 'use', \"other\"], account: 111122223333}\n", keyOf(i))
		case 0:
			fmt.Fprintf(&b, "      key: %s\n      policy_sha256: %s\n", keyOf(i), hashOf(i))
		case 1:
			fmt.Fprintf(&b, "      key: %s\n      verdict: shared\n      class: [encrypt, use]\n      statement_sid: Partner\n", keyOf(i))
		default:
			fmt.Fprintf(&b, "      resource:\n        - \"stacks/%d.yaml#Key\"\n        - 'stacks/%d.yaml#Replica'\n      verdict: network\n      class: encrypt # T1486\n", i, i)
		}
		fmt.Fprintf(&b, "    reason: %s\n    owner: storage-team@example.com\n    expires: 2027-06-30\n", reason)
	}
	return b.String()
}

// 5,000 entries load with at most 16 allocations per entry. The YAML package alone
// makes more than 90.
func TestLoadAllocations(t *testing.T) {
	const n = 5000
	text := []byte(manyEntries(n, false))
	if _, ok := plain(string(text)); !ok {
		t.Fatal("the file is not in plain form")
	}
	allocs := testing.AllocsPerRun(2, func() {
		if l, err := Load(text, now); err != nil || l.Len() != n {
			t.Fatalf("Load = %d entries, %v", l.Len(), err)
		}
	})
	t.Logf("%.1f allocations an entry", allocs/n)
	if allocs > 16*n {
		t.Errorf("%.0f allocations for %d entries, want at most %d", allocs, n, 16*n)
	}
}

// Match looks at the entries that name the subject, however many there are.
func TestMatchLooksAtFewEntries(t *testing.T) {
	const n = 5000
	l := mustLoad(t, manyEntries(n, false))
	for i, s := range []Subject{
		{Key: keyOf(3000), PolicySHA256: hashOf(3000)},
		{Key: keyOf(3001), PolicySHA256: hashOf(0)},
		{Resource: "stacks/3002.yaml#Replica"},
		{Key: keyOf(n), PolicySHA256: hashOf(n), Resource: "stacks/none.yaml#Key"},
	} {
		if got := l.candidates(&s); len(got) > 2 || i < 3 && len(got) == 0 {
			t.Errorf("%+v: %d entries looked at, want one or two of %d", s, len(got), n)
		}
	}
}

func BenchmarkLoad(b *testing.B) {
	for _, bench := range []struct {
		name   string
		folded bool
	}{{"plain", false}, {"folded", true}} {
		b.Run(bench.name, func(b *testing.B) {
			text := []byte(manyEntries(5000, bench.folded))
			b.ReportAllocs()
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				if _, err := Load(text, now); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkMatch(b *testing.B) {
	l := mustLoad(b, manyEntries(5000, false))
	s := Subject{Key: keyOf(3000), PolicySHA256: hashOf(3000)}
	b.ReportAllocs()
	for b.Loop() {
		if l.Match(s, now).By == "" {
			b.Fatal("not held")
		}
	}
}
