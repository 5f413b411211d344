package policy

import (
	"math/big"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// ParseDate parses a Date value: one of the W3C profiles of ISO 8601 (YYYY,
// YYYY-MM, YYYY-MM-DD, and with a time YYYY-MM-DDThh:mm, ...:ss or ...:ss.s, each
// followed by Z, +hh:mm or -hh:mm), or whole seconds since 1970. Four digits can
// be a year or seconds, and AWS does not say which, so they have two readings.
// n is the number of readings; 0 if text is not a date.
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

// maxEpochDigits bounds epoch seconds to what time.Time can compare, which is
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

// parseW3C parses every profile but the bare year. It rejects what time.Parse
// accepts beyond the profiles: an hour of one digit, a comma before the fraction,
// and more fractional digits than it uses.
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
// can cause. AWS states no bound; a number beyond these is invalid.
const (
	maxNumberDigits   = 40
	maxNumberExponent = 40
)

// ParseNumber parses a Numeric value exactly: a JSON number of at most
// maxNumberDigits characters before the exponent, which is at most
// maxNumberExponent either way. ok is false for any other text.
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

// scanNumber returns the length of the JSON number at the start of text, 0 if
// there is none. Source: RFC 8259, section 6.
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

// scanDigits returns the index of the first byte of text[i:] that is not a
// digit, or len(text).
func scanDigits[T string | []byte](text T, i int) int {
	for i < len(text) && isDigit(text[i]) {
		i++
	}
	return i
}

// ParsePrefix parses an IP value: a CIDR block, or a bare address, which is a
// block of one. Host bits are masked off: 203.0.113.77/24 means 203.0.113.0/24.
// IPv4 and IPv6 never match each other. ok is false for any other text.
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

// ParseBool parses a Bool or Null value, in any letter case. ok is false for a
// text that is neither true nor false. As a Bool value such a text is valid and
// matches nothing.
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

// allDigits reports whether text consists of decimal digits; true for "".
func allDigits(text string) bool { return scanDigits(text, 0) == len(text) }
