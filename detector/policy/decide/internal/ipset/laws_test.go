package ipset

import (
	"net/netip"
	"slices"
	"testing"
)

// A universe is eight addresses in a row. A set of some of them is a byte: bit i
// is for the address i. What the laws say of all sets of a universe they say by
// these bits, without a range.
type universe struct {
	name      string
	addresses []netip.Addr
}

// universes are in the middle of IPv4, at its end, where no address is next, and
// across the border to IPv6, where sets go on in another family.
func universes() []universe {
	row := func(first string, n int) []netip.Addr {
		list := []netip.Addr{netip.MustParseAddr(first)}
		for len(list) < n {
			list = append(list, list[len(list)-1].Next())
		}
		return list
	}
	return []universe{
		{"the middle of IPv4", row("198.51.100.16", 8)},
		{"the end of IPv4", row("255.255.255.248", 8)},
		{"both families", append(row("255.255.255.252", 4), row("::", 4)...)},
	}
}

// set returns the set of some addresses, as ranges of one address each that are
// then joined.
func (u universe) set(bits uint8) Set {
	var s Set
	for i, a := range u.addresses {
		if bits>>i&1 != 0 {
			s = append(s, Range{a, a})
		}
	}
	return s.Normal()
}

// bits returns which addresses a set holds, by looking through its ranges.
func (u universe) bits(s Set) (bits uint8) {
	for i, a := range u.addresses {
		if slices.ContainsFunc(s, func(r Range) bool { return r.Lo.Compare(a) <= 0 && a.Compare(r.Hi) <= 0 }) {
			bits |= 1 << i
		}
	}
	return bits
}

// wellFormed reports whether the ranges are sorted, do not touch, and hold each
// addresses of one family.
func wellFormed(s Set) bool {
	for i, r := range s {
		if r.Hi.Less(r.Lo) || r.Lo.Is4() != r.Hi.Is4() {
			return false
		}
		if i > 0 && (r.Lo.Compare(s[i-1].Hi) <= 0 || s[i-1].Hi.Next() == r.Lo) {
			return false
		}
	}
	return true
}

// TestLawOfPairs: what two sets have in common, and what one has besides the
// other, is what their bits say.
func TestLawOfPairs(t *testing.T) {
	for _, u := range universes() {
		for a := range 256 {
			for b := range 256 {
				s, other := u.set(uint8(a)), u.set(uint8(b))
				if got := s.And(other); u.bits(got) != uint8(a&b) || !wellFormed(got) {
					t.Fatalf("%s: %v and %v have %v in common, want the addresses %08b", u.name, s, other, got, a&b)
				}
				if got := s.Minus(other); u.bits(got) != uint8(a&^b) || !wellFormed(got) {
					t.Fatalf("%s: %v without %v is %v, want the addresses %08b", u.name, s, other, got, a&^b)
				}
			}
		}
	}
}

// TestLawOfWith: a range joins a set as if its addresses had been there before.
func TestLawOfWith(t *testing.T) {
	for _, u := range universes() {
		for a := range 256 {
			for lo := range u.addresses {
				for hi := lo; hi < len(u.addresses) && u.addresses[lo].Is4() == u.addresses[hi].Is4(); hi++ {
					want := uint8(a) | uint8(1<<(hi+1)-1<<lo)
					s := u.set(uint8(a)).With(Range{u.addresses[lo], u.addresses[hi]})
					if u.bits(s) != want || !slices.Equal(s, u.set(want)) {
						t.Fatalf("%s: %v with the addresses %d to %d is %v", u.name, u.set(uint8(a)), lo, hi, s)
					}
				}
			}
		}
	}
}

// TestLawOfMembers: Has, From and Past agree with a look at one address after the
// other.
func TestLawOfMembers(t *testing.T) {
	for _, u := range universes() {
		for bits := range 256 {
			s := u.set(uint8(bits))
			for i, a := range u.addresses {
				if got, want := s.Has(a), bits>>i&1 != 0; got != want {
					t.Fatalf("%s: %v has %v: %v, want %v", u.name, s, a, got, want)
				}
				in, out := i, i // the next one inside, and the next one outside
				for ; in < len(u.addresses) && bits>>in&1 == 0; in++ {
				}
				for ; out < len(u.addresses) && bits>>out&1 != 0; out++ {
				}
				first, ok := s.From(a)
				if ok != (in < len(u.addresses)) || ok && first != u.addresses[in] {
					t.Fatalf("%s: from %v on, %v begins with %v, %v", u.name, a, s, first, ok)
				}
				if past := s.Past(a); out < len(u.addresses) && past != u.addresses[out] {
					t.Fatalf("%s: past %v, %v ends before %v, want %v", u.name, a, s, past, u.addresses[out])
				}
			}
		}
	}
}

// Behind the last address of IPv6 there is none, behind the last of IPv4 those of IPv6.
func TestPastTheEnd(t *testing.T) {
	first := netip.MustParseAddr("0.0.0.0")
	if past := All().Past(first); past.IsValid() {
		t.Errorf("past all addresses is %v, want none", past)
	}
	if past := (Set{Whole("0.0.0.0/0")}).Past(first); past != netip.IPv6Unspecified() {
		t.Errorf("past IPv4 is %v, want the first address of IPv6", past)
	}
}

// TestRangeOf: a block is all addresses that agree with it in its first bits.
func TestRangeOf(t *testing.T) {
	for _, row := range []struct{ name, prefix, lo, hi string }{
		{"one address", "203.0.113.7/32", "203.0.113.7", "203.0.113.7"},
		{"a block", "203.0.113.0/24", "203.0.113.0", "203.0.113.255"},
		{"bits after the prefix", "203.0.113.7/28", "203.0.113.0", "203.0.113.15"},
		{"all of IPv4", "203.0.113.7/0", "0.0.0.0", "255.255.255.255"},
		{"one address of IPv6", "2001:db8::1/128", "2001:db8::1", "2001:db8::1"},
		{"a block of IPv6 that ends within a byte", "2001:db8::1/33", "2001:db8::", "2001:db8:7fff:ffff:ffff:ffff:ffff:ffff"},
	} {
		r := RangeOf(netip.MustParsePrefix(row.prefix))
		if r.Lo.String() != row.lo || r.Hi.String() != row.hi {
			t.Errorf("%s: %s is %v to %v, want %s to %s", row.name, row.prefix, r.Lo, r.Hi, row.lo, row.hi)
		}
	}
}

// TestPublic: aws:SourceIp holds no private address, and the one of the plainest
// witness is public. Source: RFC 6890.
func TestPublic(t *testing.T) {
	for _, row := range []struct {
		address string
		public  bool
	}{
		{"198.51.100.23", true},
		{"1.0.0.0", true},
		{"223.255.255.255", true},
		{"11.0.0.0", true},
		{"172.32.0.0", true},
		{"100.128.0.0", true},
		{"0.0.0.0", false},
		{"10.255.255.255", false},
		{"100.64.0.1", false},
		{"127.0.0.1", false},
		{"169.254.169.254", false},
		{"172.16.0.0", false},
		{"172.31.255.255", false},
		{"192.168.1.1", false},
		{"224.0.0.1", false},
		{"255.255.255.255", false},
		{"2001:db8::1", true},
		{"3fff::1", true},
		{"::1", false},
		{"fc00::1", false},
		{"fe80::1", false},
		{"ff02::1", false},
	} {
		a := netip.MustParseAddr(row.address)
		if got := Public().Has(a); got != row.public {
			t.Errorf("%v is public: %v, want %v", a, got, row.public)
		}
		if !All().Has(a) {
			t.Errorf("%v is no address", a)
		}
	}
	if !wellFormed(Public()) {
		t.Errorf("the public addresses are %v, which are not in order", Public())
	}
}
