package policy

import (
	"math/big"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/kmsentry/kmsentry/detector/policy/condkey"
)

// evalMatch compares one value of the request with one of the policy, without
// the operator's negation. A value of the request that is not of the
// operator's kind matches nothing; whether that makes a negated operator true
// is not documented.
func (p evaluator) evalMatch(op Operator, key condkey.Key, have, want string, r Request) Answer {
	if hasMark(want) {
		return p.evalUnknown(op, have, want)
	}
	noValue := evalSame(No, evalBool(op.Negated))
	switch op.Base {
	case StringEquals, StringEqualsIgnoreCase, StringLike, ArnLike:
		return p.evalText(op, have, want, r)
	case Bool:
		return evalTruth(have, want, p.Variables())
	case IPAddress:
		addr, err := netip.ParseAddr(have)
		prefix, ok := parsePrefix(want)
		if err != nil || !ok {
			return noValue
		}
		return evalAddress(prefix, addr)
	case NumericEquals, NumericLessThan, NumericLessThanEquals, NumericGreaterThan, NumericGreaterThanEquals:
		a, ok := evalNumber(have)
		b, ok2 := parseNumber(want)
		if !ok || !ok2 {
			return noValue
		}
		return evalBool(evalOrdered(op.Base, a.Cmp(b)))
	default:
		return evalDates(op.Base, have, want, noValue)
	}
}

// evalText compares text: equal, equal but for letter case, glob, or ARN glob.
func (p evaluator) evalText(op Operator, have, want string, r Request) Answer {
	if op.Base == StringEquals && !strings.Contains(want, "${") {
		return evalBool(want == have)
	}
	forms, open := p.evalExpand(want, op.Negated, r)
	if open != Yes {
		return open
	}
	answer := evalForm(op, forms[0], have)
	for _, form := range forms[1:] {
		answer = evalSame(answer, evalForm(op, form, have))
	}
	return answer
}

func evalForm(op Operator, form evalPattern, have string) Answer {
	switch op.Base {
	case StringEquals:
		return evalBool(evalLiteral(form) == have)
	case StringEqualsIgnoreCase:
		return evalBool(strings.EqualFold(evalLiteral(form), have))
	case StringLike:
		return evalBool(evalGlob(form, have))
	}
	if len(evalSplit(form)) < 6 {
		// Not an ARN. Some match it as a whole all the same.
		return evalSame(No, evalBool(evalGlob(form, have)))
	}
	if strings.Count(have, ":") < 5 {
		return evalSame(No, evalBool(op.Negated))
	}
	return evalBool(evalGlobARN(form, have))
}

// evalTruth compares booleans. The guides disagree on variables in them.
func evalTruth(have, want string, variables bool) Answer {
	a, ok := parseBool(have)
	b, ok2 := parseBool(want)
	if variables && strings.Contains(want, "${") {
		return Maybe
	}
	return evalBool(ok && ok2 && a == b)
}

// evalAddress reports whether the block holds the address. Whether an IPv4
// address in IPv6 form counts as IPv4 is not documented.
func evalAddress(prefix netip.Prefix, addr netip.Addr) Answer {
	inside := evalBool(prefix.Contains(addr))
	if addr.Is4In6() {
		return evalSame(inside, evalBool(prefix.Contains(addr.Unmap())))
	}
	if block := prefix.Addr(); block.Is4In6() {
		unmapped := netip.PrefixFrom(block.Unmap(), prefix.Bits()-96) // with fewer bits than 96, one that holds nothing
		return evalSame(inside, evalBool(unmapped.Contains(addr)))
	}
	return inside
}

// evalNumber reads a number of the request. aws:EpochTime may come as a date.
func evalNumber(have string) (*big.Rat, bool) {
	if n, ok := parseNumber(have); ok {
		return n, true
	}
	at, _, n := parseDate(have)
	if n != 1 {
		return nil, false
	}
	return parseNumber(strconv.FormatInt(at.Unix(), 10))
}

// evalDates compares dates in each of their readings.
func evalDates(base Base, have, want string, noValue Answer) Answer {
	var times [2][2]time.Time
	var n [2]int
	times[0][0], times[0][1], n[0] = parseDate(have)
	times[1][0], times[1][1], n[1] = parseDate(want)
	if n[0] == 0 || n[1] == 0 {
		return noValue
	}
	answer := evalBool(evalOrdered(base, times[0][0].Compare(times[1][0])))
	for _, a := range times[0][:n[0]] {
		for _, b := range times[1][:n[1]] {
			answer = evalSame(answer, evalBool(evalOrdered(base, a.Compare(b))))
		}
	}
	return answer
}

// evalOrdered reports whether the order of two values, as Cmp gives it, is
// what the operator asks for.
func evalOrdered(base Base, order int) bool {
	switch base {
	case NumericEquals, DateEquals:
		return order == 0
	case NumericLessThan, DateLessThan:
		return order < 0
	case NumericLessThanEquals, DateLessThanEquals:
		return order <= 0
	case NumericGreaterThan, DateGreaterThan:
		return order > 0
	case NumericGreaterThanEquals, DateGreaterThanEquals:
		return order >= 0
	default:
		return false
	}
}
