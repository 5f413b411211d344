package evaluate

import (
	"math/big"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/condkey"
	"github.com/kmsentry/kmsentry/internal/awsid"
)

// fits reports whether AWS documents operators of the base for keys of this type.
// The type of a key that AWS does not document is unknown: any operator but
// BinaryEquals fits it.
func fits(base policy.Base, key condkey.Key) bool {
	types := condkey.Types(0)
	switch base {
	case policy.StringEquals, policy.StringEqualsIgnoreCase, policy.StringLike:
		types = condkey.String
	case policy.ArnLike:
		types = condkey.ARN
	case policy.Bool:
		types = condkey.Bool
	case policy.IPAddress:
		types = condkey.IP
	case policy.NumericEquals, policy.NumericLessThan, policy.NumericLessThanEquals, policy.NumericGreaterThan, policy.NumericGreaterThanEquals:
		types = condkey.Numeric
	case policy.DateEquals, policy.DateLessThan, policy.DateLessThanEquals, policy.DateGreaterThan, policy.DateGreaterThanEquals:
		types = condkey.Date
	default:
		return false // BinaryEquals: no key of KMS is binary
	}
	return key.Types == 0 || key.Types&types != 0
}

// match compares one value of the request, have, with one of the policy, want,
// without the operator's negation. A value that is not of the operator's type
// matches nothing; AWS does not document whether a negated operator is then true.
func (p evaluator) match(op policy.Operator, key condkey.Key, have, want string, r Request) Answer {
	if policy.HasMark(want) {
		return p.unknownText(op, have, want)
	}
	noValue := agreed(No, answerOf(op.Negated))
	switch op.Base {
	case policy.StringEquals, policy.StringEqualsIgnoreCase, policy.StringLike, policy.ArnLike:
		return p.text(op, have, want, r)
	case policy.Bool:
		return matchTruth(have, want, p.Variables())
	case policy.IPAddress:
		addr, err := netip.ParseAddr(have)
		prefix, ok := policy.ParsePrefix(want)
		if err != nil || !ok {
			return noValue
		}
		return matchAddress(prefix, addr)
	case policy.NumericEquals, policy.NumericLessThan, policy.NumericLessThanEquals, policy.NumericGreaterThan, policy.NumericGreaterThanEquals:
		a, ok := numberOf(have)
		b, ok2 := policy.ParseNumber(want)
		if !ok || !ok2 {
			return noValue
		}
		return answerOf(ordered(op.Base, a.Cmp(b)))
	default:
		return matchDates(op.Base, have, want, noValue)
	}
}

// text compares text: for equality, for equality in any letter case, as a glob,
// or as an ARN glob.
func (p evaluator) text(op policy.Operator, have, want string, r Request) Answer {
	if op.Base == policy.StringEquals && !strings.Contains(want, "${") {
		return answerOf(want == have)
	}
	forms, usable := p.expand(want, op.Negated, r)
	if usable != Yes {
		return usable
	}
	answer := matchForm(op, forms[0], have)
	for _, form := range forms[1:] {
		answer = agreed(answer, matchForm(op, form, have))
	}
	return answer
}

func matchForm(op policy.Operator, form glob, have string) Answer {
	switch op.Base {
	case policy.StringEquals:
		return answerOf(literalText(form) == have)
	case policy.StringEqualsIgnoreCase:
		return answerOf(strings.EqualFold(literalText(form), have))
	case policy.StringLike:
		return answerOf(matchGlob(form, have))
	}
	if len(splitAtColons(form)) < 6 {
		// Not an ARN. Some evaluators still match it as a whole.
		return agreed(No, answerOf(matchGlob(form, have)))
	}
	if _, isARN := awsid.SplitARN(have); !isARN {
		return agreed(No, answerOf(op.Negated))
	}
	return answerOf(matchGlobARN(form, have))
}

// unknownText compares a value of the request with a value of the policy that
// has an unknown part: Maybe or No. If p.IsApart, a value that can only be a
// single text is assumed to differ from the request's.
func (p evaluator) unknownText(op policy.Operator, have, want string) Answer {
	switch op.Base {
	case policy.StringEquals, policy.StringEqualsIgnoreCase:
		if p.IsApart && p.oneText(want, "") || !matchGlob(unknownGlob(strings.ToLower(want), false, p.Variables()), strings.ToLower(have)) {
			return No
		}
	case policy.StringLike, policy.ArnLike:
		if p.IsApart && p.oneText(want, "*?") || !matchGlob(unknownGlob(want, true, p.Variables()), have) {
			return No
		}
	}
	return Maybe
}

// matchTruth compares booleans. AWS's guides disagree on whether the policy's
// can be a variable.
func matchTruth(have, want string, variables bool) Answer {
	a, ok := policy.ParseBool(have)
	b, ok2 := policy.ParseBool(want)
	if variables && strings.Contains(want, "${") {
		return Maybe
	}
	return answerOf(ok && ok2 && a == b)
}

// matchAddress reports whether the block contains the address. AWS does not
// document whether an IPv4-mapped IPv6 address counts as IPv4.
func matchAddress(prefix netip.Prefix, addr netip.Addr) Answer {
	inside := answerOf(prefix.Contains(addr))
	if addr.Is4In6() {
		return agreed(inside, answerOf(prefix.Contains(addr.Unmap())))
	}
	if block := prefix.Addr(); block.Is4In6() {
		unmapped := netip.PrefixFrom(block.Unmap(), prefix.Bits()-96) // invalid, so empty, for fewer than 96 bits
		return agreed(inside, answerOf(unmapped.Contains(addr)))
	}
	return inside
}

// numberOf parses a number of the request. The value of aws:EpochTime may also
// be a date.
func numberOf(have string) (*big.Rat, bool) {
	if n, ok := policy.ParseNumber(have); ok {
		return n, true
	}
	at, _, n := policy.ParseDate(have)
	if n != 1 {
		return nil, false
	}
	return policy.ParseNumber(strconv.FormatInt(at.Unix(), 10))
}

// matchDates compares two dates in each of their readings.
func matchDates(base policy.Base, have, want string, noValue Answer) Answer {
	var times [2][2]time.Time
	var n [2]int
	times[0][0], times[0][1], n[0] = policy.ParseDate(have)
	times[1][0], times[1][1], n[1] = policy.ParseDate(want)
	if n[0] == 0 || n[1] == 0 {
		return noValue
	}
	answer := answerOf(ordered(base, times[0][0].Compare(times[1][0])))
	for _, a := range times[0][:n[0]] {
		for _, b := range times[1][:n[1]] {
			answer = agreed(answer, answerOf(ordered(base, a.Compare(b))))
		}
	}
	return answer
}

// ordered reports whether order, the result of comparing two values, is what the
// operator asks for.
func ordered(base policy.Base, order int) bool {
	switch base {
	case policy.NumericEquals, policy.DateEquals:
		return order == 0
	case policy.NumericLessThan, policy.DateLessThan:
		return order < 0
	case policy.NumericLessThanEquals, policy.DateLessThanEquals:
		return order <= 0
	case policy.NumericGreaterThan, policy.DateGreaterThan:
		return order > 0
	case policy.NumericGreaterThanEquals, policy.DateGreaterThanEquals:
		return order >= 0
	default:
		return false
	}
}
