package compile

import (
	"fmt"
	"math/big"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/condkey"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/textsolve"
)

// valuesOf returns the set that c's values describe in its narrowest and its
// widest reading, and why these differ, or "". A nil set means that the operator
// does not fit the key's type.
func valuesOf(c *policy.Condition, info condkey.Key, vars *condkey.Table) (sure, possible *ValueSet, doubt string) {
	if !fits(c.Operator.Base, info) {
		doubt = fmt.Sprintf("%s does not fit the type of %s; AWS does not document the outcome", c.Operator.Text, info.Name)
		if IsText(c.Operator.Base) && info.Types == condkey.Bool {
			_, possible, _ = textValues(c, info, vars) // at worst AWS compares "true" and "false" as text
		}
		return nil, possible, doubt
	}
	switch b := c.Operator.Base; {
	case IsText(b):
		return textValues(c, info, vars)
	case b == policy.Bool:
		s := boolValues(c)
		return s, s, ""
	case b == policy.IPAddress:
		s := addressValues(c)
		return s, s, ""
	default:
		return spanValues(c)
	}
}

// fits reports whether AWS documents the operator for keys of this type. The type
// of a key that AWS does not document is unknown: any operator but BinaryEquals
// fits it.
func fits(b policy.Base, key condkey.Key) bool {
	return key.Types == 0 && b != policy.BinaryEquals || key.Types&typesOf(b) != 0
}

// typesOf returns the types of keys for which AWS documents an operator.
// Source: IAM User Guide, reference_policies_elements_condition_operators.html.
func typesOf(b policy.Base) condkey.Types {
	switch {
	case b == policy.ArnLike:
		return condkey.ARN
	case IsText(b):
		return condkey.String
	case b == policy.Bool:
		return condkey.Bool
	case b == policy.IPAddress:
		return condkey.IP
	case IsNumeric(b):
		return condkey.Numeric
	case IsDate(b):
		return condkey.Date
	default: // no key of KMS is binary
		return 0
	}
}

// IsText reports whether an operator compares strings or ARNs.
func IsText(b policy.Base) bool {
	return b == policy.StringEquals || b == policy.StringEqualsIgnoreCase || b == policy.StringLike || b == policy.ArnLike
}

// IsNumeric reports whether an operator compares numbers.
func IsNumeric(b policy.Base) bool {
	return policy.NumericEquals <= b && b <= policy.NumericGreaterThanEquals
}

// IsDate reports whether an operator compares dates.
func IsDate(b policy.Base) bool { return policy.DateEquals <= b && b <= policy.DateGreaterThanEquals }

// textMode returns how an operator compares text.
func textMode(b policy.Base) textsolve.TextMode {
	switch b {
	case policy.StringEqualsIgnoreCase:
		return textsolve.TextMode{Fold: true}
	case policy.StringLike:
		return textsolve.TextMode{Wild: true}
	case policy.ArnLike:
		return textsolve.TextMode{ARN: true, Wild: true}
	default:
		return textsolve.TextMode{}
	}
}

// numberSpan returns the whole numbers x for which "x base r" holds; ok is false
// if there are none.
func numberSpan(base policy.Base, r *big.Rat) (span, bool) {
	floor, whole := floorOf(r)
	below, above := floor-1, floor+1
	if !whole {
		below = floor
	}
	switch base {
	case policy.NumericEquals, policy.DateEquals:
		return span{floor, floor}, whole
	case policy.NumericLessThan, policy.DateLessThan:
		return span{minSecond, below}, true
	case policy.NumericLessThanEquals, policy.DateLessThanEquals:
		return span{minSecond, floor}, true
	case policy.NumericGreaterThan, policy.DateGreaterThan:
		return span{above, MaxSecond}, true
	case policy.NumericGreaterThanEquals, policy.DateGreaterThanEquals:
		if whole {
			above = floor
		}
		return span{above, MaxSecond}, true
	default:
		return span{}, false
	}
}
