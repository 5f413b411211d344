package search

import (
	"testing"
	"time"

	"github.com/kmsentry/kmsentry/detector/policy/condkey"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/compile"
)

func TestExists(t *testing.T) {
	for _, row := range []struct {
		part, reserved, name string
		can, kept            bool
	}{
		{"", "", "team", true, false},
		{"{tag 1 128}", "", "team", true, false},
		{"{tag 1 128}", "", "te*m", false, false},
		{"{tag 1 128}", "aws:", "team", true, false},
		{"{tag 1 128}", "aws:", "AWS:team", true, true},
		{"{tag 1 128}", "aws:", "aws", true, false},
		{"{no such class}", "aws:", "aws:team", false, false},
	} {
		k := condkey.Key{Row: &condkey.Row{Name: "aws:PrincipalTag/", Family: condkey.Prefix, Part: row.part, Reserved: row.reserved}, Name: "aws:PrincipalTag/" + row.name}
		if can, kept := NewSpace(&compile.Policy{}, time.Time{}, nil).exists(k); can != row.can || kept != row.kept {
			t.Errorf("%q reserved %q: exists(%s) = %v, %v, want %v, %v", row.part, row.reserved, row.name, can, kept, row.can, row.kept)
		}
	}
}
