// Package ipset has sets of IP addresses, of both versions, as ranges.
package ipset

import (
	"math/bits"
	"net/netip"
	"slices"
)

// A Range is all addresses from lo to hi, both of one family.
type Range struct{ Lo, Hi netip.Addr }

// An Set is a sorted list of ranges that do not touch; nil is empty.
type Set []Range

// RangeSize is what a range is charged when sets are joined or cut.
const RangeSize = 16

// Public are the addresses that aws:SourceIp can hold: it never
// carries private ones. IPv6 is what IANA has given out for unicast.
// Sources: IAM User Guide, reference_policies_condition-keys.html; RFC 6890.
func Public() Set {
	v4 := Set{Whole("0.0.0.0/0")}.Minus(newAddressSet(
		"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
		"172.16.0.0/12", "192.168.0.0/16", "224.0.0.0/3"))
	return append(v4, Whole("2000::/3"))
}

// All are what aws:VpcSourceIp can hold: a network of one's own has
// whatever addresses one gives it.
func All() Set {
	return Set{Whole("0.0.0.0/0"), Whole("::/0")}
}

// Whole is RangeOf for a CIDR block that the code itself has; it panics on any other
// text.
func Whole(prefix string) Range { return RangeOf(netip.MustParsePrefix(prefix)) }

func newAddressSet(prefixes ...string) Set {
	var s Set
	for _, p := range prefixes {
		s = append(s, Whole(p))
	}
	return s.Normal()
}

// RangeOf returns the addresses of p; bits after the prefix are ignored.
func RangeOf(p netip.Prefix) Range {
	p = p.Masked()
	b := p.Addr().AsSlice()
	for i := p.Bits(); i < len(b)*8; i++ {
		b[i/8] |= 1 << (7 - i%8)
	}
	hi, _ := netip.AddrFromSlice(b)
	return Range{p.Addr(), hi}
}

// Normal sorts s and joins what overlaps or touches; it takes over s. No IPv4
// address is after, or next to, one of IPv6.
func (s Set) Normal() Set {
	slices.SortFunc(s, func(a, b Range) int { return a.Lo.Compare(b.Lo) })
	out := s[:0]
	for _, r := range s {
		if n := len(out); n > 0 && (r.Lo.Compare(out[n-1].Hi) <= 0 || out[n-1].Hi.Next() == r.Lo) {
			if out[n-1].Hi.Less(r.Hi) {
				out[n-1].Hi = r.Hi
			}
			continue
		}
		out = append(out, r)
	}
	return out
}

// Has reports whether a is in s, which is normal.
func (s Set) Has(a netip.Addr) bool {
	_, found := slices.BinarySearchFunc(s, a, func(r Range, a netip.Addr) int {
		switch {
		case r.Hi.Less(a):
			return -1
		case a.Less(r.Lo):
			return 1
		}
		return 0
	})
	return found
}

// From returns the first address of s from a on.
func (s Set) From(a netip.Addr) (first netip.Addr, ok bool) {
	i, _ := slices.BinarySearchFunc(s, a, func(r Range, a netip.Addr) int { return r.Hi.Compare(a) })
	switch {
	case i == len(s):
		return a, false
	case a.Less(s[i].Lo):
		return s[i].Lo, true
	default:
		return a, true
	}
}

// Past returns the first address from a on that is not in s; it is not valid
// when there is none.
func (s Set) Past(a netip.Addr) netip.Addr {
	i, _ := slices.BinarySearchFunc(s, a, func(r Range, a netip.Addr) int { return r.Hi.Compare(a) })
	if i < len(s) && s[i].Lo.Compare(a) <= 0 {
		if a = s[i].Hi.Next(); !a.IsValid() && s[i].Hi.Is4() {
			return s.Past(netip.IPv6Unspecified()) // sets list IPv6 after IPv4
		}
	}
	return a
}

// And returns what is in both sets, which are normal.
func (s Set) And(t Set) Set {
	out := make(Set, 0, max(len(s), len(t)))
	for i, j := 0, 0; i < len(s) && j < len(t); {
		lo, hi := s[i].Lo, s[i].Hi
		if lo.Less(t[j].Lo) {
			lo = t[j].Lo
		}
		if t[j].Hi.Less(hi) {
			hi = t[j].Hi
		}
		if lo.Compare(hi) <= 0 {
			out = append(out, Range{lo, hi})
		}
		if s[i].Hi.Less(t[j].Hi) {
			i++
		} else {
			j++
		}
	}
	return out
}

// Minus returns what is in s and not in t, both normal.
func (s Set) Minus(t Set) Set {
	out := make(Set, 0, len(s)+len(t))
	j := 0
	for _, r := range s {
		lo, left := r.Lo, true
		for ; j < len(t) && t[j].Lo.Compare(r.Hi) <= 0; j++ {
			c := t[j]
			if c.Hi.Less(lo) {
				continue
			}
			if lo.Less(c.Lo) {
				out = append(out, Range{lo, c.Lo.Prev()})
			}
			if !c.Hi.Less(r.Hi) {
				left = false
				break // c may reach into the next range
			}
			lo = c.Hi.Next()
		}
		if left {
			out = append(out, Range{lo, r.Hi})
		}
	}
	return out
}

// With adds a range to s and returns it; it takes over s.
func (s Set) With(r Range) Set {
	i, _ := slices.BinarySearchFunc(s, r.Lo, func(x Range, lo netip.Addr) int {
		if x.Hi.Less(lo) && x.Hi.Next() != lo {
			return -1
		}
		return 1
	})
	j := i
	for ; j < len(s) && (s[j].Lo.Compare(r.Hi) <= 0 || r.Hi.Next() == s[j].Lo); j++ {
		if s[j].Lo.Less(r.Lo) {
			r.Lo = s[j].Lo
		}
		if r.Hi.Less(s[j].Hi) {
			r.Hi = s[j].Hi
		}
	}
	return slices.Replace(s, i, j, r)
}

// Wide reports whether s holds more addresses than one IPv4 /8 or one IPv6 /32,
// the widest blocks that still count as named.
// Source of the bounds: Amazon S3 User Guide, "The meaning of public"; here they
// hold for the sum, so that two halves are not narrower than the whole.
func (s Set) Wide() bool {
	var v4, hi, lo uint64
	for _, r := range s {
		if r.Lo.Is4() {
			v4 += uint64(word(r.Hi.AsSlice())) - uint64(word(r.Lo.AsSlice())) + 1
			continue
		}
		a, b := r.Lo.As16(), r.Hi.As16()
		dlo, borrow := bits.Sub64(long(b[8:]), long(a[8:]), 0)
		dhi, _ := bits.Sub64(long(b[:8]), long(a[:8]), borrow)
		var carry uint64
		lo, carry = bits.Add64(lo, dlo, 1)
		hi, carry = bits.Add64(hi, dhi, carry)
		if carry > 0 || hi > 1<<32 || hi == 1<<32 && lo > 0 {
			return true
		}
	}
	return v4 > 1<<24
}

func word(b []byte) uint32 {
	return uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
}

func long(b []byte) uint64 { return uint64(word(b))<<32 | uint64(word(b[4:])) }
