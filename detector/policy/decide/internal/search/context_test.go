package search

import (
	"testing"
	"time"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/condkey"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/compile"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/textsolve"
	"github.com/kmsentry/kmsentry/detector/policy/internal/policytest"
	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
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

// TestAssignContext: kms:EncryptionContextKeys holds exactly the names of the pairs.
func TestAssignContext(t *testing.T) {
	const names, a, b = "kms:EncryptionContextKeys", "kms:EncryptionContext:a", "kms:EncryptionContext:b"
	holdGroups(t, aboutKey(), encrypt(), true, []groupCase{
		{"a pair and its name", "role", `"StringEquals":{"` + a + `":"x"},"ForAnyValue:StringEquals":{"` + names + `":"a"}`, a + "=x " + names + "=a"},
		{"a pair whose name is not there", "role", `"StringEquals":{"` + a + `":"x"},"ForAllValues:StringNotEquals":{"` + names + `":["a","A"]}`, "none"},
		{"a pair whose name is there in another letter case", "role", `"StringEquals":{"` + a + `":"x"},"ForAllValues:StringNotEquals":{"` + names + `":"a"}`, a + "=x " + names + "=A"},
		{"two pairs and their names", "role", `"StringEquals":{"` + a + `":"x","` + b + `":"y"},"ForAllValues:StringEquals":{"` + names + `":["a","b"]}`, a + "=x " + b + "=y"},
		{"two pairs, and one name", "role", `"StringEquals":{"` + a + `":"x","` + b + `":"y"},"ForAllValues:StringEquals":{"` + names + `":"a"}`, "none"},
		{"a name without the pair", "role", `"ForAnyValue:StringEquals":{"` + names + `":"a"},"Null":{"` + a + `":"true"}`, "none"},
		{"any name but those of the pairs", "role", `"Null":{"` + names + `":"false","` + a + `":"true","` + b + `":"true"}`, a + "=absent " + b + "=absent"},
		{"no context", "role", `"Null":{"` + names + `":"true"}`, names + "=absent"},
		{"no names, and a pair", "role", `"Null":{"` + names + `":"true","` + a + `":"false"}`, "none"},
		{"a pair with a value of the caller's", "role", `"StringEquals":{"` + a + `":"${aws:PrincipalAccount}"}`, a + "=999988887777"},
	})
	unsymmetric := aboutKey()
	unsymmetric.Key.Spec = "RSA_2048"
	holdGroups(t, unsymmetric, encrypt(), true, []groupCase{
		{"a context for a key that takes none", "role", `"StringEquals":{"` + a + `":"x"}`, "none"},
		{"none for such a key", "role", `"Null":{"` + a + `":"true"}`, a + "=absent"},
	})
	grant := kmsapi.Ask{Action: kmsapi.CreateGrant, Class: kmsapi.ClassEncrypt}
	const constraint = "kms:GrantConstraintType"
	holdGroups(t, aboutKey(), grant, true, []groupCase{
		{"a constraint brings a context", "role", `"StringEquals":{"` + constraint + `":"EncryptionContextSubset"},"StringLikeIfExists":{"` + a + `":"x"}`, constraint + "=EncryptionContextSubset"},
		{"a context brings a constraint", "role", `"StringEquals":{"` + a + `":"x"},"Null":{"` + constraint + `":"false"}`, constraint + "=EncryptionContextEquals"},
		{"a context without a constraint", "role", `"StringEquals":{"` + a + `":"x"},"Null":{"` + constraint + `":"true"}`, "none"},
		{"a constraint of the source, for sure", "role", `"StringEquals":{"` + constraint + `":"SourceArn"}`, "none"},
	})
	holdGroups(t, aboutKey(), grant, false, []groupCase{
		{"a constraint of the source, perhaps", "role", `"StringEquals":{"` + constraint + `":"SourceArn"}`, constraint + "=SourceArn"},
	})
}
