package history

import (
	"encoding/binary"
	"math/bits"
)

// A skipper finds the end of a JSON object or array by its brackets, without
// reading what is in it. It can be fed in pieces. It checks neither numbers nor
// names nor that brackets match in kind: in valid JSON it is exact, and what
// counts is read again by a strict parser.
type skipper struct {
	depth   int    // brackets that are open; the value has ended at 0
	inside  uint64 // all ones within a string, else 0
	escaped uint64 // 1 when the next byte follows a backslash
}

// open makes s ready for what follows the opening bracket of a value.
func (s *skipper) open() { *s = skipper{depth: 1} }

// Bytes repeated in every byte of a word.
const (
	ones  = 0x0101010101010101
	highs = 0x80 * ones
	lows  = 0x7f * ones
)

// block is how many bytes skip looks at together: one for each bit of a word.
const block = 64

// skip continues with text and returns how many bytes belong to the value, and
// whether it ended there.
func (s *skipper) skip(text []byte) (n int, done bool) {
	for ; len(text)-n >= block; n += block {
		b := (*[block]byte)(text[n:])
		quotes, slashes, brackets := marks(b)
		if slashes|s.escaped != 0 {
			quotes &^= s.escapes(slashes)
		}
		inside := prefixXor(quotes) ^ s.inside
		s.inside = uint64(int64(inside) >> (block - 1))
		for brackets &^= inside; brackets != 0; brackets &= brackets - 1 {
			i := bits.TrailingZeros64(brackets) & (block - 1)
			if s.bracket(b[i]); s.depth == 0 {
				return n + i + 1, true
			}
		}
	}
	for ; n < len(text); n++ {
		if s.byte(text[n]); s.depth == 0 {
			return n + 1, true
		}
	}
	return n, false
}

// bracket counts one byte outside strings.
func (s *skipper) bracket(c byte) {
	switch c {
	case '{', '[':
		s.depth++
	case '}', ']':
		s.depth--
	}
}

// byte advances by one byte.
func (s *skipper) byte(c byte) {
	switch {
	case s.escaped != 0:
		s.escaped = 0
		if c == '\\' || c == '"' || s.inside != 0 {
			return
		}
		s.bracket(c) // a backslash outside strings is no JSON; skip treats it alike
	case c == '\\':
		s.escaped = 1
	case c == '"':
		s.inside = ^s.inside
	case s.inside == 0:
		s.bracket(c)
	}
}

// marks returns a bit for each byte of b that is a quote, a backslash, or
// looks like a bracket.
func marks(b *[block]byte) (quotes, slashes, brackets uint64) {
	var slash uint64
	for i := 0; i < block; i += 8 {
		word := binary.LittleEndian.Uint64(b[i:])
		quotes |= zeros(word^'"'*ones) << i
		brackets |= zeros(word&(0xd9*ones)^0x59*ones) << i // [ ] { } and four bytes that JSON has in strings only
		word ^= '\\' * ones
		slash |= (word - ones) &^ word // has a high bit where there is any; which byte is told below
	}
	if slash&highs == 0 {
		return quotes, 0, brackets
	}
	for i := 0; i < block; i += 8 {
		slashes |= zeros(binary.LittleEndian.Uint64(b[i:])^'\\'*ones) << i
	}
	return quotes, slashes, brackets
}

// zeros returns a bit for each byte of word that is 0.
func zeros(word uint64) uint64 {
	flags := ^(word&lows + lows | word) & highs
	return flags >> 7 * 0x0102040810204080 >> 56
}

// escapes returns a bit for each byte that follows an odd number of backslashes.
// Source: Langdale and Lemire, Parsing Gigabytes of JSON per Second, 3.1.1.
func (s *skipper) escapes(slashes uint64) uint64 {
	const even = 0x5555555555555555
	slashes &^= s.escaped
	follows := slashes<<1 | s.escaped
	odd := slashes &^ even &^ follows
	sum, carry := bits.Add64(odd, slashes, 0)
	s.escaped = carry
	return (even ^ sum<<1) & follows
}

// prefixXor sets each bit to the parity of itself and the bits below it.
func prefixXor(x uint64) uint64 {
	for shift := 1; shift < block; shift *= 2 {
		x ^= x << shift
	}
	return x
}
