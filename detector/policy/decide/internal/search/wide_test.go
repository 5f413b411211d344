package search

import (
	"slices"
	"strings"
	"testing"

	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/ipset"
)

// TestFindWide: strangers get in from anywhere only if the addresses that they get
// in from, over all statements, are more than a named network; what is open is
// kept from search to search.
func TestFindWide(t *testing.T) {
	const outside = `"NotIpAddress":{"aws:SourceIp":"203.0.113.0/24"}`
	from := func(blocks string) string { return allow(`"IpAddress":{"aws:SourceIp":[` + blocks + `]}`) }
	for _, row := range []struct {
		name, kind string
		statements []string
		wide       bool
		open       string // of the addresses of IPv4 that are tried: those from which strangers get in
	}{
		{"from everywhere", "role", []string{from(`"0.0.0.0/0"`)}, true, "1.2.3.4 203.0.113.5 198.51.100.7"},
		{"no condition", "role", []string{allow(``)}, true, ""}, // no address is asked for
		{"from a network", "role", []string{from(`"203.0.113.0/24"`)}, false, "203.0.113.5"},
		{"from an /8", "role", []string{from(`"1.0.0.0/8"`)}, false, "1.2.3.4"},
		{"from a /7", "role", []string{from(`"2.0.0.0/7"`)}, true, ""},
		{"from two /8 in one statement", "role", []string{from(`"1.0.0.0/8","203.0.0.0/8"`)}, true, "1.2.3.4 203.0.113.5"},
		{"from two /8 in two statements", "role", []string{from(`"1.0.0.0/8"`), from(`"203.0.0.0/8"`)}, true, "1.2.3.4 203.0.113.5"},
		{"from two halves of an /8", "role", []string{from(`"1.0.0.0/9"`), from(`"1.128.0.0/9"`)}, false, "1.2.3.4"},
		{"from two /8, one of which is denied", "role", []string{from(`"1.0.0.0/8"`), from(`"203.0.0.0/8"`), deny(`"IpAddress":{"aws:SourceIp":"203.0.0.0/8"}`)}, false, "1.2.3.4"},
		{"from everywhere but a network", "role", []string{allow(outside)}, true, "1.2.3.4 198.51.100.7"},
		{"from everywhere, to all but what is denied from a network", "role", []string{allow(``), deny(outside)}, false, "203.0.113.5"},
		{"from private addresses", "role", []string{from(`"10.0.0.0/8"`)}, false, ""},
		{"through an endpoint, which has no address", "role endpoint", []string{allow(outside)}, true, ""},
	} {
		c := spaceOf(t, aboutKey(), row.statements...)
		s := c.NewSearch(kindOf(t, c, row.kind), anywhere(), true)
		var open ipset.Set
		m := s.FindWide(&open)
		if (m != nil) != row.wide || s.Incomplete {
			t.Errorf("%s: wide %v, incomplete %v, want %v", row.name, m != nil, s.Incomplete, row.wide)
		}
		if m != nil {
			hold(t, row.name, s, m)
		}
		for _, text := range []string{"1.2.3.4", "203.0.113.5", "198.51.100.7"} {
			want := slices.Contains(strings.Fields(row.open), text)
			if got := open.Has(ipset.Whole(text + "/32").Lo); got != want {
				t.Errorf("%s: strangers get in from %s: %v, want %v", row.name, text, got, want)
			}
		}
		if again := s.FindWide(&open); again != nil && !row.wide {
			t.Errorf("%s: the same addresses are more when they are looked for again", row.name)
		}
	}
}

// TestOpenAcrossSearches: what one kind of request opens counts with what another does.
func TestOpenAcrossSearches(t *testing.T) {
	c := spaceOf(t, aboutKey(),
		allow(`"IpAddress":{"aws:SourceIp":"1.0.0.0/8"},"StringEquals":{"aws:PrincipalType":"AssumedRole"}`),
		allow(`"IpAddress":{"aws:SourceIp":"203.0.0.0/8"},"StringEquals":{"aws:PrincipalType":"User"}`))
	var open ipset.Set
	role, user := c.NewSearch(kindOf(t, c, "role"), anywhere(), true), c.NewSearch(kindOf(t, c, "user"), anywhere(), true)
	if m := role.FindWide(&open); m != nil {
		t.Errorf("roles get in from %v, which is a named network", open)
	}
	if m := user.FindWide(&open); m == nil {
		t.Errorf("roles and users get in from %v, which is more than a named network", open)
	}
}

// TestUnsaidAddress: where AWS does not say whether a request has an address, one
// without an address may get in from everywhere.
func TestUnsaidAddress(t *testing.T) {
	for _, row := range []struct {
		name, conditions string
		sure, want       bool
	}{
		{"an address that must be there, perhaps", `"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}`, false, false},
		{"an address that may be missing, perhaps", `"IpAddressIfExists":{"aws:SourceIp":"203.0.113.0/24"}`, false, true},
		{"an address that may be missing, for sure", `"IpAddressIfExists":{"aws:SourceIp":"203.0.113.0/24"}`, true, false},
		{"any address, for sure", `"IpAddressIfExists":{"aws:SourceIp":["0.0.0.0/0","::/0"]}`, true, true},
	} {
		c := spaceOf(t, aboutKey(), allow(row.conditions))
		s := c.NewSearch(kindOf(t, c, "role via"), anywhere(), row.sure)
		var open ipset.Set
		if m := s.FindWide(&open); (m != nil) != row.want {
			t.Errorf("%s: wide %v, want %v", row.name, m != nil, row.want)
		}
	}
}
