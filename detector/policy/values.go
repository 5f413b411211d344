package policy

import (
	"math/big"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// ParseDate reads the text of a Date value: one of the W3C profiles of
// ISO 8601 (YYYY, YYYY-MM, YYYY-MM-DD, and with a time YYYY-MM-DDThh:mm,
// ...:ss or ...:ss.s, each followed by Z, +hh:mm or -hh:mm), or whole seconds
// since 1970. Four digits are both a year and seconds, and AWS does not say
// which: then there are two readings. n is their number; 0 means that the text
// is no date.
// Source: IAM User Guide, reference_policies_elements_condition_operators.html,
// "Date condition operators"; https://www.w3.org/TR/NOTE-datetime.
func ParseDate(text string) (first, second time.Time, n int) {
	seconds, isEpoch := parseEpoch(text)
	if year, err := time.Parse("2006", text); err == nil {
		return year, seconds, 2
	}
	if isEpoch {
		return seconds, time.Time{}, 1
	}
	if t, ok := parseW3C(text); ok {
		return t, time.Time{}, 1
	}
	return time.Time{}, time.Time{}, 0
}

// maxEpochDigits keeps epoch seconds within what time.Time can compare; it is
// far beyond the year 9999.
const maxEpochDigits = 12

func parseEpoch(text string) (time.Time, bool) {
	digits := strings.TrimPrefix(text, "-")
	if len(digits) > maxEpochDigits || !allDigits(digits) {
		return time.Time{}, false
	}
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return time.Time{}, false
	}
	return time.Unix(seconds, 0).UTC(), true
}

// parseW3C reads every profile but the bare year. time.Parse takes more than
// the profiles: an hour of one digit, a comma before the fraction, and more
// digits after it than it reads.
func parseW3C(text string) (time.Time, bool) {
	const colon = len("2006-01-02T15")
	_, fraction, _ := strings.Cut(text, ".")
	if len(text) > colon && text[colon] != ':' || strings.Contains(text, ",") || scanDigits(fraction, 0) > 9 {
		return time.Time{}, false
	}
	for _, layout := range [...]string{"2006-01", "2006-01-02", "2006-01-02T15:04Z07:00", time.RFC3339} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}

// maxNumberDigits and maxNumberExponent bound the work that one Numeric value
// can cause. AWS states no bound; whoever needs more gets an error, not a guess.
const (
	maxNumberDigits   = 40
	maxNumberExponent = 40
)

// ParseNumber reads the text of a Numeric value exactly: an integer or a
// decimal as JSON writes them, with an optional exponent.
func ParseNumber(text string) (*big.Rat, bool) {
	if scanNumber(text) != len(text) {
		return nil, false
	}
	mantissa, exponent, hasExponent := strings.Cut(strings.ToLower(text), "e")
	if len(mantissa) > maxNumberDigits {
		return nil, false
	}
	if hasExponent {
		n, err := strconv.Atoi(exponent)
		if err != nil || n < -maxNumberExponent || n > maxNumberExponent {
			return nil, false
		}
	}
	return new(big.Rat).SetString(text)
}

// scanNumber returns the length of the JSON number that text starts with, 0
// when it starts with none. Source: RFC 8259, section 6.
func scanNumber[T string | []byte](text T) int {
	i := 0
	if i < len(text) && text[i] == '-' {
		i++
	}
	whole := scanDigits(text, i)
	if whole == i || text[i] == '0' && whole > i+1 {
		return 0
	}
	i = whole
	if i < len(text) && text[i] == '.' {
		end := scanDigits(text, i+1)
		if end == i+1 {
			return 0
		}
		i = end
	}
	if i < len(text) && (text[i] == 'e' || text[i] == 'E') {
		start := i + 1
		if start < len(text) && (text[start] == '+' || text[start] == '-') {
			start++
		}
		end := scanDigits(text, start)
		if end == start {
			return 0
		}
		i = end
	}
	return i
}

// scanDigits returns the index of the first byte from i on that is not a digit.
func scanDigits[T string | []byte](text T, i int) int {
	for i < len(text) && isDigit(text[i]) {
		i++
	}
	return i
}

// ParsePrefix reads the text of an IP value: a CIDR block or a bare address,
// which is a block of one. Host bits are masked off, as 203.0.113.77/24 is
// taken for 203.0.113.0/24. IPv4 and IPv6 never match each other.
// Source: IAM User Guide, reference_policies_elements_condition_operators.html,
// "IP address condition operators".
func ParsePrefix(text string) (netip.Prefix, bool) {
	if p, err := netip.ParsePrefix(text); err == nil {
		return p.Masked(), true
	}
	a, err := netip.ParseAddr(text)
	if err != nil || a.Zone() != "" {
		return netip.Prefix{}, false
	}
	return netip.PrefixFrom(a, a.BitLen()), true
}

// ParseBool reads the text of a Bool or Null value, in any letter case. What
// is neither true nor false is legal and matches nothing.
func ParseBool(text string) (value, ok bool) {
	switch {
	case strings.EqualFold(text, "true"):
		return true, true
	case strings.EqualFold(text, "false"):
		return false, true
	default:
		return false, false
	}
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// allDigits reports whether text holds decimal digits only; true for "".
func allDigits(text string) bool { return scanDigits(text, 0) == len(text) }
