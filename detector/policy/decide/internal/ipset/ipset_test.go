package ipset

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
)

// addresses reads ranges like "10.0.0.1-10.0.0.5 2001:db8::/32", as they are.
func addresses(t *testing.T, text string) Set {
	t.Helper()
	var s Set
	for _, f := range strings.Fields(text) {
		if lo, hi, ok := strings.Cut(f, "-"); ok {
			s = append(s, Range{netip.MustParseAddr(lo), netip.MustParseAddr(hi)})
		} else {
			s = append(s, Whole(f))
		}
	}
	return s
}

func TestAddressSetJoins(t *testing.T) {
	for _, row := range []struct{ name, set, with, want string }{
		{"the first", "", "10.0.0.5-10.0.0.9", "10.0.0.5-10.0.0.9"},
		{"before", "10.0.0.5-10.0.0.9", "10.0.0.1-10.0.0.3", "10.0.0.1-10.0.0.3 10.0.0.5-10.0.0.9"},
		{"next to it, before", "10.0.0.5-10.0.0.9", "10.0.0.1-10.0.0.4", "10.0.0.1-10.0.0.9"},
		{"over its beginning", "10.0.0.5-10.0.0.9", "10.0.0.1-10.0.0.7", "10.0.0.1-10.0.0.9"},
		{"within", "10.0.0.5-10.0.0.9", "10.0.0.6-10.0.0.7", "10.0.0.5-10.0.0.9"},
		{"the same", "10.0.0.5-10.0.0.9", "10.0.0.5-10.0.0.9", "10.0.0.5-10.0.0.9"},
		{"over all of it", "10.0.0.5-10.0.0.9", "10.0.0.1-10.0.0.20", "10.0.0.1-10.0.0.20"},
		{"over its end", "10.0.0.5-10.0.0.9", "10.0.0.7-10.0.0.20", "10.0.0.5-10.0.0.20"},
		{"next to it, after", "10.0.0.5-10.0.0.9", "10.0.0.10-10.0.0.20", "10.0.0.5-10.0.0.20"},
		{"after", "10.0.0.5-10.0.0.9", "10.0.0.11-10.0.0.20", "10.0.0.5-10.0.0.9 10.0.0.11-10.0.0.20"},
		{"between two", "10.0.0.1-10.0.0.2 10.0.0.8-10.0.0.9", "10.0.0.4-10.0.0.6", "10.0.0.1-10.0.0.2 10.0.0.4-10.0.0.6 10.0.0.8-10.0.0.9"},
		{"what two leave", "10.0.0.1-10.0.0.2 10.0.0.8-10.0.0.9", "10.0.0.3-10.0.0.7", "10.0.0.1-10.0.0.9"},
		{"over one and into another", "10.0.0.1-10.0.0.2 10.0.0.4-10.0.0.5 10.0.0.8-10.0.0.9", "10.0.0.2-10.0.0.8", "10.0.0.1-10.0.0.9"},
		{"of the other family", "255.255.255.255/32", "::/128", "255.255.255.255/32 ::/128"},
		{"of the other family, before", "::/0", "0.0.0.0/0", "0.0.0.0/0 ::/0"},
	} {
		want := addresses(t, row.want)
		if got := addresses(t, row.set).With(addresses(t, row.with)[0]); !slices.Equal(got, want) {
			t.Errorf("%s: with = %v, want %v", row.name, got, want)
		}
		if got := append(addresses(t, row.set), addresses(t, row.with)...).Normal(); !slices.Equal(got, want) {
			t.Errorf("%s: normal = %v, want %v", row.name, got, want)
		}
	}
}

func TestAddressSetWide(t *testing.T) {
	const p32 = "2001:db8::/32"
	for set, want := range map[string]bool{
		"":                       false,
		"10.0.0.0/8":             false,
		"10.0.0.0/8 11.0.0.0/32": true,
		"10.0.0.0/9 12.0.0.0/9":  false,
		"10.0.0.0/8 " + p32:      false,
		"0.0.0.0/0":              true,
		p32:                      false,
		p32 + " 3000::/128":      true,
		"2000::/33 3000::/33":    false,
		"2001:db8::-2001:db8:ffff:ffff:ffff:ffff:ffff:fffe": false,
		"2001:db8::-2001:db9::":                             true,
		"2001:db8::/31":                                     true,
		"::/1":                                              true,
		"::/0":                                              true, // as many addresses as 128 bits do not count
		"::/128 1000::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff": true,
	} {
		if got := addresses(t, set).Wide(); got != want {
			t.Errorf("%q: wide = %v, want %v", set, got, want)
		}
	}
}
