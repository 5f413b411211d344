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

// fits reports whether operators of the base are made for the key. No type
// is known of keys that AWS does not document: any operator fits them.
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

// match compares one value of the request with one of the policy, without
// the operator's negation. A value of the request that is not of the
// operator's kind matches nothing; whether that makes a negated operator true
// is not documented.
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

// text compares text: equal, equal but for letter case, glob, or ARN glob.
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
		// Not an ARN. Some match it as a whole all the same.
		return agreed(No, answerOf(matchGlob(form, have)))
	}
	if _, isARN := awsid.SplitARN(have); !isARN {
		return agreed(No, answerOf(op.Negated))
	}
	return answerOf(matchGlobARN(form, have))
}

// unknownText compares a value of the request with one of the policy of which a
// part is not known. With apart set, a value that can only be one text is taken
// to be another than the request's.
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

// matchTruth compares booleans. The guides disagree on variables in them.
func matchTruth(have, want string, variables bool) Answer {
	a, ok := policy.ParseBool(have)
	b, ok2 := policy.ParseBool(want)
	if variables && strings.Contains(want, "${") {
		return Maybe
	}
	return answerOf(ok && ok2 && a == b)
}

// matchAddress reports whether the block holds the address. Whether an IPv4
// address in IPv6 form counts as IPv4 is not documented.
func matchAddress(prefix netip.Prefix, addr netip.Addr) Answer {
	inside := answerOf(prefix.Contains(addr))
	if addr.Is4In6() {
		return agreed(inside, answerOf(prefix.Contains(addr.Unmap())))
	}
	if block := prefix.Addr(); block.Is4In6() {
		unmapped := netip.PrefixFrom(block.Unmap(), prefix.Bits()-96) // with fewer bits than 96, one that holds nothing
		return agreed(inside, answerOf(unmapped.Contains(addr)))
	}
	return inside
}

// numberOf reads a number of the request. aws:EpochTime may come as a date.
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

// matchDates compares dates in each of their readings.
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

// ordered reports whether the order of two values, as Cmp gives it, is
// what the operator asks for.
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
