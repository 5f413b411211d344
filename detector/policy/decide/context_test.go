package decide

import (
	"testing"
	"time"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/condkey"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/textsolve"
	"github.com/kmsentry/kmsentry/detector/policy/internal/policytest"
)

// An encryption context is cleared with its names, and nothing else is.
func TestClearContext(t *testing.T) {
	p, err := policy.ParseStrict([]byte(policytest.StatementText(`"Condition":{"StringEquals":{"kms:EncryptionContext:a":"x","aws:PrincipalTag/t":"x"},"ForAnyValue:StringEquals":{"kms:EncryptionContextKeys":"a"}}`)))
	if err != nil {
		t.Fatal(err)
	}
	c := compileFor(p, condkey.Default(), About{Partition: "aws"}, textsolve.NewBudget(1_000_000, nil))
	m := &model{vals: make([][]value, len(c.slots)), b: textsolve.NewBudget(1_000_000, nil)}
	for i := range m.vals {
		m.set(i, "x")
	}
	(&searching{requestKind: &requestKind{c: newSpace(c, time.Time{}, nil)}}).clearContext(m)
	cleared := 0
	for i := range m.vals {
		want := c.hasTie(i, condkey.TieContext) || c.hasTie(i, condkey.TieContextKeys)
		if got := m.vals[i] == nil; got != want {
			t.Errorf("%s is cleared: %v, want %v", c.slots[i].Name, got, want)
		}
		if want {
			cleared++
		}
	}
	if cleared != 2 {
		t.Errorf("%d keys of the context, want 2", cleared)
	}
}
