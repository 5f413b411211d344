package detector

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/kmsentry/kmsentry/detector/policy/decide"
)

// foreignRoles returns a policy with n statements, each of which lets in a role of
// a different account.
func foreignRoles(n int) string {
	statements := []string{ownerStatement}
	for i := range n {
		statements = append(statements, fmt.Sprintf(`{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::4444%08d:role/team-%d"},"Action":["kms:Encrypt","kms:Decrypt"],"Resource":"*"}`, i, i))
	}
	return `{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`
}

// Every statement is to blame, and without them the policy is private, however
// many there are.
func TestBlameManyStatements(t *testing.T) {
	const count = 100
	record := policyRecord(t, foreignRoles(count), "")
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	result, err := Detector{}.Detect(record)
	runtime.ReadMemStats(&after)
	if err != nil {
		t.Fatal(err)
	}
	f := result.Finding
	if f == nil || f.Verdict != decide.Shared || len(f.Statements) != count {
		t.Fatalf("finding %+v, want shared by %d statements", f, count)
	}
	if !private(t, record, f.Repaired) {
		t.Errorf("the repaired policy is not private:\n%s", f.Repaired)
	}
	if alloc := after.TotalAlloc - before.TotalAlloc; alloc > 16<<20 {
		t.Errorf("allocated %d bytes, want at most 16 MiB", alloc)
	}
}

// A decision that is stopped gives a finding of severity high.
func TestDetectStopped(t *testing.T) {
	record := policyRecord(t, foreignRoles(1), "")
	result, err := Detector{Stop: func() bool { return true }}.Detect(record)
	if err != nil {
		t.Fatal(err)
	}
	f := result.Finding
	if f == nil || f.Verdict != decide.Undecided || f.Severity != High {
		t.Fatalf("finding %+v, want undecided and high", f)
	}
	if !strings.Contains(f.Decision.Undecided[0].Reason, "too intricate") {
		t.Errorf("undecided because of %v", f.Decision.Undecided)
	}
}

func BenchmarkDetectForeignRoles(b *testing.B) {
	record := policyRecord(b, foreignRoles(100), "")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := (Detector{}).Detect(record); err != nil {
			b.Fatal(err)
		}
	}
}
