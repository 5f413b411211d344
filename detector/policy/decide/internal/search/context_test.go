package search

import (
	"testing"
	"time"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/condkey"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/compile"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/textsolve"
	"github.com/kmsentry/kmsentry/detector/policy/internal/policytest"
)

// An encryption context is cleared with its names, and nothing else is.
func TestClearContext(t *testing.T) {
	p, err := policy.ParseStrict([]byte(policytest.StatementText(`"Condition":{"StringEquals":{"kms:EncryptionContext:a":"x","aws:PrincipalTag/t":"x"},"ForAnyValue:StringEquals":{"kms:EncryptionContextKeys":"a"}}`)))
	if err != nil {
		t.Fatal(err)
	}
	c := compile.New(p, condkey.Default(), compile.About{Partition: "aws"}, textsolve.NewBudget(1_000_000, nil))
	m := &compile.Model{Values: make([][]compile.Value, len(c.Slots)), Budget: textsolve.NewBudget(1_000_000, nil)}
	for i := range m.Values {
		m.Set(i, "x")
	}
	(&Search{RequestKind: &RequestKind{c: NewSpace(c, time.Time{}, nil)}}).clearContext(m)
	cleared := 0
	for i := range m.Values {
		want := c.HasTie(i, condkey.TieContext) || c.HasTie(i, condkey.TieContextKeys)
		if got := m.Values[i] == nil; got != want {
			t.Errorf("%s is cleared: %v, want %v", c.Slots[i].Name, got, want)
		}
		if want {
			cleared++
		}
	}
	if cleared != 2 {
		t.Errorf("%d keys of the context, want 2", cleared)
	}
}
