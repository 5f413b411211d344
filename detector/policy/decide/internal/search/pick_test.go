package search

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/kmsentry/kmsentry/detector/policy/condkey"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/compile"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/ipset"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/textsolve"
)

// literalsOn compiles a condition block on one key and returns its literals.
func literalsOn(t testing.TB, conditions string) (*Space, []compile.Literal) {
	t.Helper()
	c := spaceOf(t, aboutKey(), allow(conditions))
	var lits []compile.Literal
	for i := range c.Statements[0].Clauses {
		lits = append(lits, c.Statements[0].Clauses[i].Sure)
	}
	return c, lits
}

// TestLawOfBorders: when any number of a span meets literals, one of the borders does.
func TestLawOfBorders(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	operators := []string{"NumericEquals", "NumericNotEquals", "NumericLessThan", "NumericLessThanEquals", "NumericGreaterThan", "NumericGreaterThanEquals"}
	met, unmet := 0, 0
	for range 1500 {
		var conditions []string
		for _, i := range r.Perm(len(operators))[:1+r.IntN(4)] {
			values := fmt.Sprintf(`"%d"`, r.IntN(12)-1)
			if r.IntN(3) == 0 {
				values += fmt.Sprintf(`,"%d.5"`, r.IntN(10))
			}
			conditions = append(conditions, fmt.Sprintf(`"%s":{"aws:MultiFactorAuthAge":[%s]}`, operators[i], values))
		}
		c, lits := literalsOn(t, strings.Join(conditions, ","))
		m := &compile.Model{Values: make([][]compile.Value, len(c.Slots)), Budget: c.Budget}
		lo, hi := int64(r.IntN(4)), int64(4+r.IntN(6))
		meets := func(n int64) bool { return fitsAll([]compile.Value{secondsValue(n)}, lits, m) }
		can := false
		for n := lo; n <= hi; n++ {
			can = can || meets(n)
		}
		list := borders(lits, lo, hi, c.Budget)
		if slices.ContainsFunc(list, meets) != can || slices.ContainsFunc(list, func(n int64) bool { return n < lo || n > hi }) {
			t.Fatalf("%s from %d to %d: some number does: %v, borders %v", conditions, lo, hi, can, list)
		}
		if can {
			met++
		} else {
			unmet++
		}
	}
	if met < 300 || unmet < 300 {
		t.Errorf("%d times a number met the literals and %d times none did, want many of both", met, unmet)
	}
}

// TestLawOfAddresses: an address is picked exactly when one of the domain meets
// all literals, those on its text too, and the addresses that meet those on
// blocks are what a look at each of them says.
func TestLawOfAddresses(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	small := ipset.Set{ipset.Whole("203.0.113.0/29"), ipset.Whole("2001:db8::/126")}
	var all []netip.Addr
	for _, first := range small {
		for a := first.Lo; a.Compare(first.Hi) <= 0; a = a.Next() {
			all = append(all, a)
		}
	}
	blocks := []string{"203.0.113.0/30", "203.0.113.2/31", "203.0.113.7/32", "203.0.113.0/24", "2001:db8::/127", "2001:db8::3/128", "10.0.0.0/8"}
	texts := []string{"203.0.113.?", "203.0.113.3", "203.0.*", "*:*", "2001:db8::", "*7", "203.0.113.1"}
	met, unmet := 0, 0
	for range 800 {
		var conditions []string
		for _, x := range []struct {
			operator string
			values   []string
		}{{"IpAddress", blocks}, {"NotIpAddress", blocks}, {"StringLike", texts}, {"StringNotLike", texts}} {
			if r.IntN(2) == 0 {
				i := r.Perm(len(x.values))[:1+r.IntN(3)]
				values := x.values[i[0]]
				for _, k := range i[1:] {
					values += `","` + x.values[k]
				}
				conditions = append(conditions, fmt.Sprintf(`"%s":{"aws:Ec2InstanceSourcePrivateIPv4":["%s"]}`, x.operator, values))
			}
		}
		c, lits := literalsOn(t, strings.Join(conditions, ","))
		s := c.NewSearch(kindOf(t, c, "role"), Reach{}, true)
		meets := func(a netip.Addr) bool { return fitsAll([]compile.Value{addressValue(a)}, lits, s.first) }
		can := slices.ContainsFunc(all, meets)
		slot := compile.FirstSlot // of the only key, when there is a condition
		if len(lits) == 0 {
			continue
		}
		a, ok := s.pickAddress(&domain{kind: address, addrs: small}, slot, lits, s.first.Clone())
		if ok != can && !s.Incomplete || ok && (!slices.Contains(all, a) || !meets(a)) {
			t.Fatalf("%s: picked %v, %v, some address does: %v", conditions, a, ok, can)
		}
		if !strings.Contains(strings.Join(conditions, ""), "String") {
			set := addressesOf(small, lits, c.Budget)
			for _, a := range all {
				if set.Has(a) != meets(a) {
					t.Fatalf("%s: the addresses %v hold %v: %v", conditions, set, a, set.Has(a))
				}
			}
		}
		if ok {
			met++
		} else {
			unmet++
		}
	}
	if met < 100 || unmet < 100 {
		t.Errorf("%d times an address was picked and %d times none, want many of both", met, unmet)
	}
}

// TestPick: what a key that stands alone is given, "none" when nothing does.
func TestPick(t *testing.T) {
	for _, row := range []struct {
		name, key, kind, conditions string
		sure, may                   string
	}{
		{"nothing asked of a key that may be missing", "aws:SourceIdentity", "role", `"StringLikeIfExists":{"aws:SourceIdentity":"*"}`, "absent", "absent"},
		{"the only value", "aws:PrincipalType", "role", `"StringEquals":{"aws:PrincipalType":"AssumedRole"}`, "AssumedRole", "AssumedRole"},
		{"not the only value", "aws:PrincipalType", "role", `"StringNotEquals":{"aws:PrincipalType":"AssumedRole"}`, "none", "none"},
		{"the second of two", "glue:RoleAssumedBy", "role", `"StringEquals":{"glue:RoleAssumedBy":["x","glue.amazonaws.com"]}`, "glue.amazonaws.com", "glue.amazonaws.com"},
		{"a number", "ec2:RoleDelivery", "role", `"NumericLessThan":{"ec2:RoleDelivery":"2"}`, "1", "1"},
		{"a number between whole ones", "ec2:RoleDelivery", "role", `"NumericEquals":{"ec2:RoleDelivery":"1.5"}`, "none", "none"},
		{"a date", "aws:TokenIssueTime", "role", `"DateLessThan":{"aws:TokenIssueTime":"2025-03-01T00:00:01Z"}`, "2025-03-01T00:00:00Z", "2025-03-01T00:00:00Z"},
		{"a date of which all sessions are younger", "aws:TokenIssueTime", "role", `"DateLessThan":{"aws:TokenIssueTime":"2025-03-01T00:00:00Z"}`, "none", "none"},
		{"an address in a block", "aws:SourceIp", "role", `"IpAddress":{"aws:SourceIp":"203.0.113.64/26"}`, "203.0.113.64", "203.0.113.64"},
		{"a private address", "aws:SourceIp", "role", `"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}`, "none", "none"},
		{"a key that may be there or not, perhaps", "aws:SourceIp", "role via", `"IpAddress":{"aws:SourceIp":"203.0.113.64/26"}`, "none", "203.0.113.64"},
		{"a key that may be there or not, which is not to be there", "aws:SourceIp", "role via", `"Null":{"aws:SourceIp":"true"}`, "none", "absent"},
		{"a key of which AWS does not say that any request has it", "aws:AssumedRoot", "root temporary", `"Bool":{"aws:AssumedRoot":"true"}`, "none", "true"},
		{"a value of which AWS does not say that it occurs", "aws:AssumedRoot", "root temporary", `"Bool":{"aws:AssumedRoot":"false"}`, "none", "false"},
	} {
		c, lits := literalsOn(t, row.conditions)
		for _, sure := range []bool{true, false} {
			want := row.may
			if sure {
				want = row.sure
			}
			s := c.NewSearch(kindOf(t, c, row.kind), Reach{}, sure)
			slot := slotOf(t, c, row.key)
			m := s.first.Clone()
			vals, ok := s.pick(slot, lits, m)
			m.Values[slot] = vals
			if got := valueOf(m, slot); ok && got != want || !ok && want != "none" {
				t.Errorf("%s, sure %v: picked %s, %v, want %s", row.name, sure, got, ok, want)
			}
		}
	}
}

// TestPickStops: whatever has values to go through ends when the budget has run
// out, and picks none.
func TestPickStops(t *testing.T) {
	for _, row := range []struct{ name, key, conditions string }{
		{"a list", "aws:MultiFactorAuthPresent", `"Bool":{"aws:MultiFactorAuthPresent":"true"}`},
		{"numbers", "ec2:RoleDelivery", `"NumericLessThan":{"ec2:RoleDelivery":"2"}`},
		{"dates", "aws:TokenIssueTime", `"DateLessThan":{"aws:TokenIssueTime":"2025-03-01T00:00:01Z"}`},
		{"addresses as texts", "aws:Ec2InstanceSourcePrivateIPv4", `"StringEquals":{"aws:Ec2InstanceSourcePrivateIPv4":"10.1.2.3"}`},
	} {
		c, lits := literalsOn(t, row.conditions)
		s := c.NewSearch(kindOf(t, c, "role"), Reach{}, false)
		slot := slotOf(t, c, row.key)
		if _, ok := s.pick(slot, lits, s.first.Clone()); !ok {
			t.Errorf("%s: expected a value while there is a budget, found none", row.name)
		}
		c.Budget.Within(0, func() {
			c.Budget.Spend(1)
			if vals, ok := s.pick(slot, lits, s.first.Clone()); ok {
				t.Errorf("%s: expected no value without a budget, found %v", row.name, vals)
			}
		})
	}
}

// TestPickMany: a key that holds a set gets a member for each literal that asks
// for one, and each member meets what is asked of all.
func TestPickMany(t *testing.T) {
	for _, row := range []struct {
		name, conditions string
		want             bool
	}{
		{"two members", `"ForAnyValue:StringEquals":{"oidc.example.com:amr":"a"},"ForAnyValue:StringLike":{"oidc.example.com:amr":"b*"}`, true},
		{"two members, one of which all forbid", `"ForAnyValue:StringEquals":{"oidc.example.com:amr":"a"},"ForAnyValue:StringLike":{"oidc.example.com:amr":"b*"},"ForAllValues:StringNotLike":{"oidc.example.com:amr":"b?"}`, true},
		{"a member that all forbid", `"ForAnyValue:StringEquals":{"oidc.example.com:amr":"a"},"ForAllValues:StringLike":{"oidc.example.com:amr":"b*"}`, false},
		{"any, of all of which something is asked", `"ForAllValues:StringLike":{"oidc.example.com:amr":"b*"}`, true},
		{"any, of none of which anything does", `"ForAllValues:StringNotLike":{"oidc.example.com:amr":"*"}`, false},
	} {
		c, lits := literalsOn(t, row.conditions)
		s := c.NewSearch(kindOf(t, c, "role"), Reach{}, false)
		slot := slotOf(t, c, "oidc.example.com:amr")
		d := s.domain(slot)
		if d.kind != text || d.presence != condkey.MayHave {
			t.Fatalf("the key is %s", d.show())
		}
		vals, ok := s.pickMany(slot, d, lits, s.first.Clone())
		if ok != row.want || ok && (len(vals) == 0 || !fitsAll(vals, lits, s.first)) {
			t.Errorf("%s: %v, %v, want some: %v", row.name, vals, ok, row.want)
		}
	}
}

// TestExactPatterns: one pattern with a wildcard makes texts that no list holds.
func TestExactPatterns(t *testing.T) {
	for _, row := range []struct {
		name   string
		values []string
		want   bool
	}{{"texts", []string{"a", "b"}, true}, {"a wildcard", []string{"a", "b*"}, false}, {"none", nil, true}} {
		set := &compile.ValueSet{}
		for _, v := range row.values {
			set.Patterns = append(set.Patterns, textsolve.ReadPattern(v, []textsolve.Term{{Text: v}}, textsolve.TextMode{Wild: true}))
		}
		if got := exactPatterns(set); got != row.want {
			t.Errorf("%s: exact %v, want %v", row.name, got, row.want)
		}
	}
}
