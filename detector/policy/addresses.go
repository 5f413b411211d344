package policy

import (
	"math/bits"
	"net/netip"
	"slices"
)

// An addressRange is all addresses from lo to hi, both of one family.
type addressRange struct{ lo, hi netip.Addr }

// An addressSet is a sorted list of ranges that do not touch; nil is empty.
type addressSet []addressRange

// rangeSize is what a range is charged when sets are joined or cut.
const rangeSize = 16

// publicAddresses are the addresses that aws:SourceIp can hold: it never
// carries private ones. IPv6 is what IANA has given out for unicast.
// Sources: IAM User Guide, reference_policies_condition-keys.html; RFC 6890.
func publicAddresses() addressSet {
	v4 := addressSet{wholeRange("0.0.0.0/0")}.minus(newAddressSet(
		"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
		"172.16.0.0/12", "192.168.0.0/16", "224.0.0.0/3"))
	return append(v4, wholeRange("2000::/3"))
}

// allAddresses are what aws:VpcSourceIp can hold: a network of one's own has
// whatever addresses one gives it.
func allAddresses() addressSet {
	return addressSet{wholeRange("0.0.0.0/0"), wholeRange("::/0")}
}

func wholeRange(prefix string) addressRange { return rangeOf(netip.MustParsePrefix(prefix)) }

func newAddressSet(prefixes ...string) addressSet {
	var s addressSet
	for _, p := range prefixes {
		s = append(s, wholeRange(p))
	}
	return s.normal()
}

// rangeOf returns the addresses of p; bits behind the prefix are ignored.
func rangeOf(p netip.Prefix) addressRange {
	p = p.Masked()
	b := p.Addr().AsSlice()
	for i := p.Bits(); i < len(b)*8; i++ {
		b[i/8] |= 1 << (7 - i%8)
	}
	hi, _ := netip.AddrFromSlice(b)
	return addressRange{p.Addr(), hi}
}

// normal sorts s and joins what overlaps or touches; it takes over s. No IPv4
// address is after, or next to, one of IPv6.
func (s addressSet) normal() addressSet {
	slices.SortFunc(s, func(a, b addressRange) int { return a.lo.Compare(b.lo) })
	out := s[:0]
	for _, r := range s {
		if n := len(out); n > 0 && (r.lo.Compare(out[n-1].hi) <= 0 || out[n-1].hi.Next() == r.lo) {
			if out[n-1].hi.Less(r.hi) {
				out[n-1].hi = r.hi
			}
			continue
		}
		out = append(out, r)
	}
	return out
}

func (s addressSet) has(a netip.Addr) bool {
	_, found := slices.BinarySearchFunc(s, a, func(r addressRange, a netip.Addr) int {
		switch {
		case r.hi.Less(a):
			return -1
		case a.Less(r.lo):
			return 1
		}
		return 0
	})
	return found
}

// from returns the first address of s from a on.
func (s addressSet) from(a netip.Addr) (first netip.Addr, ok bool) {
	i, _ := slices.BinarySearchFunc(s, a, func(r addressRange, a netip.Addr) int { return r.hi.Compare(a) })
	switch {
	case i == len(s):
		return a, false
	case a.Less(s[i].lo):
		return s[i].lo, true
	default:
		return a, true
	}
}

// past returns the first address from a on that is not in s; it is not valid
// when there is none.
func (s addressSet) past(a netip.Addr) netip.Addr {
	i, _ := slices.BinarySearchFunc(s, a, func(r addressRange, a netip.Addr) int { return r.hi.Compare(a) })
	if i < len(s) && s[i].lo.Compare(a) <= 0 {
		if a = s[i].hi.Next(); !a.IsValid() && s[i].hi.Is4() {
			a = netip.IPv6Unspecified() // sets list IPv6 behind IPv4
		}
	}
	return a
}

func (s addressSet) and(t addressSet) addressSet {
	out := make(addressSet, 0, max(len(s), len(t)))
	for i, j := 0, 0; i < len(s) && j < len(t); {
		lo, hi := s[i].lo, s[i].hi
		if lo.Less(t[j].lo) {
			lo = t[j].lo
		}
		if t[j].hi.Less(hi) {
			hi = t[j].hi
		}
		if lo.Compare(hi) <= 0 {
			out = append(out, addressRange{lo, hi})
		}
		if s[i].hi.Less(t[j].hi) {
			i++
		} else {
			j++
		}
	}
	return out
}

func (s addressSet) minus(t addressSet) addressSet {
	out := make(addressSet, 0, len(s)+len(t))
	j := 0
	for _, r := range s {
		lo, left := r.lo, true
		for ; j < len(t) && t[j].lo.Compare(r.hi) <= 0; j++ {
			c := t[j]
			if c.hi.Less(lo) {
				continue
			}
			if lo.Less(c.lo) {
				out = append(out, addressRange{lo, c.lo.Prev()})
			}
			if !c.hi.Less(r.hi) {
				left = false
				break // c may reach into the next range
			}
			lo = c.hi.Next()
		}
		if left {
			out = append(out, addressRange{lo, r.hi})
		}
	}
	return out
}

// with adds a range to s and returns it; it takes over s.
func (s addressSet) with(r addressRange) addressSet {
	i, _ := slices.BinarySearchFunc(s, r.lo, func(x addressRange, lo netip.Addr) int {
		if x.hi.Less(lo) && x.hi.Next() != lo {
			return -1
		}
		return 1
	})
	j := i
	for ; j < len(s) && (s[j].lo.Compare(r.hi) <= 0 || r.hi.Next() == s[j].lo); j++ {
		if s[j].lo.Less(r.lo) {
			r.lo = s[j].lo
		}
		if r.hi.Less(s[j].hi) {
			r.hi = s[j].hi
		}
	}
	return slices.Replace(s, i, j, r)
}

// wide reports whether s holds more addresses than one IPv4 /8 or one IPv6 /32,
// the widest blocks that still count as named.
// Source of the bounds: Amazon S3 User Guide, "The meaning of public"; here they
// hold for the sum, so that two halves are not narrower than the whole.
func (s addressSet) wide() bool {
	var v4, hi, lo uint64
	for _, r := range s {
		if r.lo.Is4() {
			v4 += uint64(word(r.hi.AsSlice())) - uint64(word(r.lo.AsSlice())) + 1
			continue
		}
		a, b := r.lo.As16(), r.hi.As16()
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
