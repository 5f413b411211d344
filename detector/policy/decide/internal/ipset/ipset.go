// Package ipset implements sets of IPv4 and IPv6 addresses as sorted ranges.
package ipset

import (
	"math/bits"
	"net/netip"
	"slices"
)

// A Range is all addresses from Lo to Hi, which are both IPv4 or both IPv6.
type Range struct{ Lo, Hi netip.Addr }

// A Set is a list of ranges. It is normal if it is sorted, IPv4 first, and no two
// ranges overlap or touch. The nil Set is empty.
type Set []Range

// RangeSize is the charge, in steps of a textsolve.Budget, for each range when
// sets are combined.
const RangeSize = 16

// Public returns the addresses that aws:SourceIp can hold, which are never
// private. For IPv6 it is the range from which IANA assigns global unicast
// addresses.
// Sources: IAM User Guide, reference_policies_condition-keys.html; RFC 6890.
func Public() Set {
	v4 := Set{Whole("0.0.0.0/0")}.Minus(newAddressSet(
		"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
		"172.16.0.0/12", "192.168.0.0/16", "224.0.0.0/3"))
	return append(v4, Whole("2000::/3"))
}

// All returns all addresses. A VPC can use any of them, so aws:VpcSourceIp can
// hold any.
func All() Set {
	return Set{Whole("0.0.0.0/0"), Whole("::/0")}
}

// Whole is like RangeOf for the text of a CIDR block; it panics if prefix is not
// one.
func Whole(prefix string) Range { return RangeOf(netip.MustParsePrefix(prefix)) }

func newAddressSet(prefixes ...string) Set {
	var s Set
	for _, p := range prefixes {
		s = append(s, Whole(p))
	}
	return s.Normal()
}

// RangeOf returns the addresses of p, whose host bits are ignored.
func RangeOf(p netip.Prefix) Range {
	p = p.Masked()
	b := p.Addr().AsSlice()
	for i := p.Bits(); i < len(b)*8; i++ {
		b[i/8] |= 1 << (7 - i%8)
	}
	hi, _ := netip.AddrFromSlice(b)
	return Range{p.Addr(), hi}
}

// Normal sorts the ranges of s, joins those that overlap or touch, and returns
// the result, which reuses the memory of s. IPv4 addresses come before IPv6
// addresses and never touch them.
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

// Has reports whether a is in s, which must be normal.
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

// From returns the first address of s, which must be normal, that is not before
// a; ok is false if there is none.
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

// Past returns the first address from a on that is not in s, which must be
// normal. It returns the zero Addr if there is none.
func (s Set) Past(a netip.Addr) netip.Addr {
	i, _ := slices.BinarySearchFunc(s, a, func(r Range, a netip.Addr) int { return r.Hi.Compare(a) })
	if i < len(s) && s[i].Lo.Compare(a) <= 0 {
		if a = s[i].Hi.Next(); !a.IsValid() && s[i].Hi.Is4() {
			return s.Past(netip.IPv6Unspecified()) // sets list IPv6 after IPv4
		}
	}
	return a
}

// And returns the intersection of s and t, which must be normal.
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

// Minus returns the addresses of s that are not in t; both must be normal.
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

// With adds a range to s, which must be normal, and returns the result, which
// reuses the memory of s.
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

// Wide reports whether s, which must be normal, contains more addresses than an
// IPv4 /8, or more than an IPv6 /32: the largest blocks that still count as a
// named network.
// Source of the bounds: Amazon S3 User Guide, "The meaning of public". Here they
// apply to the sum of all ranges, so that splitting a block changes nothing.
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
