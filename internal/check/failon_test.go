package check

import (
	"testing"

	"github.com/kmsentry/kmsentry/detector/policy/decide"
	"github.com/kmsentry/kmsentry/internal/exit"
)

func TestFailOn(t *testing.T) {
	const lost, kept = decide.AccessNo, decide.AccessYes
	tests := []struct {
		levels      string
		least, most decide.Verdict
		manage      decide.Access
		want        int
	}{
		{"", decide.Public, decide.Public, kept, exit.Found},
		{"", decide.Private, decide.Public, kept, exit.Found},
		{"", decide.Private, decide.Network, kept, exit.OK},
		{"", decide.Network, decide.Network, kept, exit.OK},
		{"", decide.Shared, decide.Shared, kept, exit.OK},
		{"", decide.Private, decide.Private, kept, exit.OK},
		{"", decide.Private, decide.Private, lost, exit.Found},
		{"public", decide.Private, decide.Shared, kept, exit.OK},
		{"public", decide.Shared, decide.Public, kept, exit.Found},
		{"network", decide.Private, decide.Shared, kept, exit.OK},
		{"network", decide.Public, decide.Public, kept, exit.Found},
		{"network", decide.Network, decide.Network, kept, exit.Found},
		{"network", decide.Shared, decide.Shared, kept, exit.OK},
		{"shared", decide.Public, decide.Public, kept, exit.Found},
		{"shared", decide.Private, decide.Shared, kept, exit.Found},
		{"shared", decide.Shared, decide.Shared, kept, exit.Found},
		{"shared", decide.Private, decide.Private, kept, exit.OK},
		{"shared,public", decide.Shared, decide.Shared, kept, exit.Found},
		{"public, shared", decide.Shared, decide.Shared, kept, exit.Found},
		{"undecided", decide.Public, decide.Public, kept, exit.OK},
		{"undecided", decide.Private, decide.Shared, kept, exit.Found},
		{"undecided", decide.Private, decide.Private, kept, exit.OK},
		{"undecided", decide.Private, decide.Private, lost, exit.Found},
		{"none", decide.Public, decide.Public, kept, exit.OK},
		{"none", decide.Private, decide.Public, kept, exit.OK},
		{"none", decide.Public, decide.Public, lost, exit.OK},
	}
	for _, tt := range tests {
		f := FailOn{from: decide.Public}
		if tt.levels != "" {
			if err := f.Set(tt.levels); err != nil {
				t.Fatal(err)
			}
		}
		b := decide.Between(tt.least, tt.most)
		c := Result{Account: "111122223333", Decision: decide.Decision{Verdict: b.Verdict, Least: b.Least, Most: b.Most, Owner: decide.Owner{Manage: tt.manage}}}
		if got := f.Status(c); got != tt.want {
			t.Errorf("--fail-on %q of %s to %s, manage %v = %d, want %d", tt.levels, tt.least, tt.most, tt.manage, got, tt.want)
		}
	}
	two := FailOn{from: decide.Public}
	for _, s := range []string{"public", "network"} {
		if err := two.Set(s); err != nil {
			t.Fatal(err)
		}
	}
	if two.from != decide.Network || two.undecided {
		t.Errorf("--fail-on public --fail-on network = %+v, want network alone", two)
	}
	for _, s := range []string{"none,public", "undecided,none", "private", ""} {
		if err := new(FailOn).Set(s); err == nil {
			t.Errorf("--fail-on %q is taken", s)
		}
	}
}
