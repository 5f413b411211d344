package decide

import (
	"testing"
	"time"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/compile"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/search"
)

// TestUnknownPart holds how a part that is not known is shown.
func TestUnknownPart(t *testing.T) {
	problem := &policy.ParseError{Line: 3, Want: "a", Got: "b"}
	p := &policy.Policy{
		Statements: []policy.Statement{{Index: 0, Sid: "first"}, {Index: 5, Sid: "fifth"}},
		Unknown: []policy.Unknown{
			{Statement: 0, Path: "Statement[0].Action[1]", Problem: problem},
			{Statement: 0, Path: "Statement.Action", Problem: problem},
			{Statement: 0, Path: `Statement.Condition.Bool["x"]`, Problem: problem},
			{Statement: 0, Path: "Statement[0]", Problem: problem},
			{Statement: 0, Path: "Statement", Problem: problem},
			{Statement: -1, Path: "Version", Problem: problem},
			{Statement: -1, Path: "Statement[0]", Problem: problem},
			{Statement: 1, Path: "Statement[1].Action", Name: "P"},
			{Statement: 2, Name: "P"},
		},
	}
	d := newDecider(search.NewSpace(&compile.Policy{Source: p}, time.Time{}, nil), Question{})
	const why = " cannot be read (line 3): expected a, found b"
	for i, want := range []UnknownPart{
		{Reason: "Action[1]" + why, Statement: StatementRef{0, "first"}},
		{Reason: "Action" + why, Statement: StatementRef{0, "first"}},
		{Reason: `Condition.Bool["x"]` + why, Statement: StatementRef{0, "first"}},
		{Reason: "a part of it" + why, Statement: StatementRef{0, "first"}},
		{Reason: "a part of it" + why, Statement: StatementRef{0, "first"}},
		{Reason: "Version" + why, Statement: StatementRef{-1, ""}},
		{Reason: "Statement[0]" + why, Statement: StatementRef{-1, ""}},
		{Reason: "Statement[1].Action: P is not known", Statement: StatementRef{1, ""}},
		{Reason: "P is not known", Statement: StatementRef{2, ""}},
	} {
		got := d.unknownPart(i)
		if got.Reason != want.Reason || got.Statement != want.Statement {
			t.Errorf("part %d is %q of %v, want %q of %v", i, got.Reason, got.Statement, want.Reason, want.Statement)
		}
	}
}
