package policy

import (
	"encoding/base64"
	"strings"
)

// A Base is a comparison without its negation, prefix and suffix.
type Base int

// The comparisons. ArnEquals and ArnLike behave alike, so both are ArnLike.
// Source: IAM User Guide, reference_policies_elements_condition_operators.html.
const (
	StringEquals Base = iota + 1
	StringEqualsIgnoreCase
	StringLike
	NumericEquals
	NumericLessThan
	NumericLessThanEquals
	NumericGreaterThan
	NumericGreaterThanEquals
	DateEquals
	DateLessThan
	DateLessThanEquals
	DateGreaterThan
	DateGreaterThanEquals
	Bool
	BinaryEquals
	IPAddress
	ArnLike
	Null
)

// operatorNames lists the condition operators without prefix and suffix.
// Source: IAM User Guide, reference_policies_elements_condition_operators.html.
var operatorNames = [...]struct {
	name    string
	base    Base
	negated bool
}{
	{"StringEquals", StringEquals, false},
	{"StringNotEquals", StringEquals, true},
	{"StringLike", StringLike, false},
	{"StringNotLike", StringLike, true},
	{"StringEqualsIgnoreCase", StringEqualsIgnoreCase, false},
	{"StringNotEqualsIgnoreCase", StringEqualsIgnoreCase, true},
	{"ArnLike", ArnLike, false},
	{"ArnEquals", ArnLike, false},
	{"ArnNotLike", ArnLike, true},
	{"ArnNotEquals", ArnLike, true},
	{"Bool", Bool, false},
	{"Null", Null, false},
	{"IpAddress", IPAddress, false},
	{"NotIpAddress", IPAddress, true},
	{"NumericEquals", NumericEquals, false},
	{"NumericNotEquals", NumericEquals, true},
	{"NumericLessThan", NumericLessThan, false},
	{"NumericLessThanEquals", NumericLessThanEquals, false},
	{"NumericGreaterThan", NumericGreaterThan, false},
	{"NumericGreaterThanEquals", NumericGreaterThanEquals, false},
	{"DateEquals", DateEquals, false},
	{"DateNotEquals", DateEquals, true},
	{"DateLessThan", DateLessThan, false},
	{"DateLessThanEquals", DateLessThanEquals, false},
	{"DateGreaterThan", DateGreaterThan, false},
	{"DateGreaterThanEquals", DateGreaterThanEquals, false},
	{"BinaryEquals", BinaryEquals, false},
}

// wantValue returns "" if text is a valid value under base, or else a
// description of what is expected. A Bool value that is neither true nor false
// is valid and matches nothing.
func wantValue(base Base, text string) string {
	switch base {
	case NumericEquals, NumericLessThan, NumericLessThanEquals, NumericGreaterThan, NumericGreaterThanEquals:
		if _, ok := ParseNumber(text); !ok {
			return "a number"
		}
	case DateEquals, DateLessThan, DateLessThanEquals, DateGreaterThan, DateGreaterThanEquals:
		if _, _, n := ParseDate(text); n == 0 {
			return "a date, as ISO 8601 or as seconds since 1970"
		}
	case IPAddress:
		if _, ok := ParsePrefix(text); !ok {
			return "an IP address or CIDR block"
		}
	case BinaryEquals:
		if _, err := base64.StdEncoding.Strict().DecodeString(text); err != nil {
			return "base64"
		}
	case Null:
		if _, ok := ParseBool(text); !ok {
			return "true or false"
		}
	}
	return ""
}

// comparesText reports whether base compares values as text.
func comparesText(base Base) bool {
	switch base {
	case StringEquals, StringEqualsIgnoreCase, StringLike, ArnLike:
		return true
	default:
		return false
	}
}

// ParseOperator parses an operator: [ForAllValues:|ForAnyValue:]NAME[IfExists].
// It accepts any letter case and sets OddCase if it is not AWS's. ok is false
// for an unknown operator, and for Null with IfExists.
func ParseOperator(text string) (op Operator, ok bool) {
	op.Text = text
	name := text
	if prefix, rest, found := strings.Cut(text, ":"); found {
		name = rest
		switch {
		case strings.EqualFold(prefix, "ForAllValues"):
			op.Set = ForAllValues
			op.OddCase = prefix != "ForAllValues"
		case strings.EqualFold(prefix, "ForAnyValue"):
			op.Set = ForAnyValue
			op.OddCase = prefix != "ForAnyValue"
		default:
			return Operator{}, false
		}
	}
	const suffix = "IfExists"
	if cut := len(name) - len(suffix); cut > 0 && strings.EqualFold(name[cut:], suffix) {
		op.IfExists = true
		op.OddCase = op.OddCase || name[cut:] != suffix
		name = name[:cut]
	}
	for _, o := range &operatorNames {
		if !strings.EqualFold(o.name, name) {
			continue
		}
		op.Base, op.Negated = o.base, o.negated
		op.OddCase = op.OddCase || name != o.name
		return op, !(op.Base == Null && op.IfExists)
	}
	return Operator{}, false
}
