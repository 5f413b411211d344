package compile

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/condkey"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/textsolve"
)

// readings compiles a condition and says what each of its readings, the narrow
// and the wide one, makes of an absent key and of texts; numbers and dates are
// read as such.
func readings(t *testing.T, key, operator string, have []string, values ...string) (narrow, wide, doubt string) {
	t.Helper()
	op, ok := policy.ParseOperator(operator)
	if !ok {
		t.Fatalf("%s is no operator", operator)
	}
	keys := condkey.Default()
	info, _ := keys.Lookup(key)
	cl := newClause(&policy.Condition{Operator: op, Key: key, Values: values}, 0, info, keys)
	show := func(l Literal) string {
		var b strings.Builder
		for _, text := range have {
			m := &Model{Values: make([][]Value, 1), Budget: textsolve.NewBudget(1_000_000, nil)}
			if text != "absent" {
				for _, s := range strings.Split(text, "|") {
					v := Value{Text: s}
					if r, ok := policy.ParseNumber(s); ok {
						v.Number = r.Num().Int64()
					}
					m.Values[0] = append(m.Values[0], v)
				}
			}
			if b.Len() > 0 {
				b.WriteByte(' ')
			}
			fmt.Fprint(&b, map[bool]string{true: "yes", false: "no"}[l.Holds(m)])
		}
		return b.String()
	}
	return show(cl.Sure), show(cl.Possible), cl.Doubt
}

func TestClauseReadings(t *testing.T) {
	const (
		fit  = "does not fit"
		text = "aws:PrincipalTag/t"
		yes  = "aws:SecureTransport"
		age  = "aws:MultiFactorAuthAge"
		set  = "kms:EncryptionContextKeys"
		none = "aws:nosuchkey"
	)
	have := func(texts ...string) []string { return append([]string{"absent"}, texts...) }
	for _, row := range []struct {
		key, operator string
		values        []string
		have          []string
		narrow, wide  string
		doubt         string // a part of it; "" for none
	}{
		{text, "StringEquals", []string{"a"}, have("a", "b"), "no yes no", "no yes no", ""},
		{text, "StringNotEquals", []string{"a"}, have("a", "b"), "yes no yes", "yes no yes", ""},
		{text, "stringequals", []string{"a"}, have("a", "b"), "no no no", "no yes no", "letter case"},
		{text, "stringnotequals", []string{}, have("a"), "no no", "yes yes", "list of values is empty"},
		{text, "StringNotEquals", []string{}, have("a"), "no no", "yes yes", "list of values is empty"},
		{text, "StringEquals", []string{}, have("a"), "no no", "no no", ""},
		{text, "ForAnyValue:StringEqualsIfExists", []string{"a"}, have("a", "b"), "no yes no", "yes yes no", "ForAnyValue and IfExists"},
		{set, "StringEquals", []string{"a"}, have("a", "b", "a|b"), "no no no no", "no yes no yes", "several values"},
		{set, "StringNotEquals", []string{"a"}, have("a", "b", "a|b"), "no no no no", "yes yes yes yes", "several values"},
		{set, "ForAllValues:StringEquals", []string{"a"}, have("a", "a|b"), "yes yes no", "yes yes no", ""},
		{set, "ForAnyValue:StringEquals", []string{"a"}, have("a", "a|b"), "no yes yes", "no yes yes", ""},
		{yes, "Bool", []string{"TRUE", "x"}, have("true", "false"), "no yes no", "no yes no", ""},
		{yes, "StringEquals", []string{"true"}, have("true", "false"), "no no no", "no yes no", fit},
		{yes, "StringNotEquals", []string{"true"}, have("true", "false"), "no no no", "yes yes yes", fit},
		{yes, "NumericEquals", []string{"1"}, have("true", "false"), "no no no", "no yes yes", fit},
		{yes, "NumericNotEquals", []string{"1"}, have("true", "false"), "no no no", "yes yes yes", fit},
		{text, "Bool", []string{"true"}, have("true", "x"), "no no no", "no yes yes", fit},
		{text, "BinaryEquals", []string{"MTIz"}, have("a"), "no no", "no yes", fit},
		{none, "BinaryEquals", []string{"1234"}, have("1234"), "no no", "no yes", fit},
		{none, "NumericEquals", []string{"12"}, have("12", "13"), "no yes no", "no yes no", ""},
		{"aws:CurrentTime", "BinaryEquals", []string{"1234"}, have("1234"), "no no", "no yes", fit},
		{"aws:PrincipalArn", "ArnLike", []string{"arn:aws:iam::*"}, have("arn:aws:iam::1:role/x"), "no no", "no yes", "fewer than six parts"},
		{"aws:PrincipalArn", "arnLike", []string{"arn:aws:iam::*"}, have("arn:aws:iam::1:role/x"), "no no", "no yes", "fewer than six parts"},
		{text, "Null", []string{"true"}, have("a"), "yes no", "yes no", ""},
		{text, "Null", []string{"false"}, have("a"), "no yes", "no yes", ""},
		{text, "Null", []string{"true", "false"}, have("a"), "yes yes", "yes yes", ""},
		{text, "Null", []string{"x"}, have("a"), "no no", "no no", ""},
		{text, "Null", []string{"True"}, have("a"), "no no", "yes no", "letter case"},
		{text, "Null", []string{"False"}, have("a"), "no no", "no yes", "letter case"},
		{text, "null", []string{"true"}, have("a"), "no no", "yes no", "letter case"},
		{text, "ForAllValues:Null", []string{"true"}, have("a"), "yes no", "yes yes", "ForAllValues with Null"},
		{text, "ForAllValues:Null", []string{"True"}, have("a"), "no no", "yes yes", "ForAllValues with Null"},
		{set, "StringEqualsIfExists", []string{"a"}, have("a", "b"), "no no no", "yes yes no", "several values"},
		{text, "ForAnyValue:Null", []string{"true"}, have("a"), "no no", "yes no", "ForAnyValue with Null"},
		{text, "StringLike", []string{"a${aws:UserAgent}", "x${aws:UserAgent}"}, have("ab", "xb", "b"), "no no no no", "no yes yes no", "wildcard may come in"},
		{text, "StringLike", []string{"a${aws:PrincipalTag/u, '*'}"}, have("ab"), "no no", "no yes", "wildcard may come in"},
		{text, "StringLike", []string{"a${aws:PrincipalAccount, 'd'}"}, have("ab"), "no no", "no no", ""},
	} {
		narrow, wide, doubt := readings(t, row.key, row.operator, row.have, row.values...)
		if narrow != row.narrow || wide != row.wide || (doubt == "") != (row.doubt == "") || !strings.Contains(doubt, row.doubt) {
			t.Errorf("%s of %s, %q: of %q holds for sure %s, perhaps %s, doubt %q;\nwant %s, %s, %q", row.operator, row.key, row.values, row.have, narrow, wide, doubt, row.narrow, row.wide, row.doubt)
		}
	}
}

// Years may be seconds since 1970: narrow spans hold in both readings.
func TestSpanValues(t *testing.T) {
	const y2024, y2025, sec2024 = 1704067200, 1735689600, 2024
	for _, row := range []struct {
		base   policy.Base
		values []string
		lo, hi []span
	}{
		{policy.NumericEquals, []string{"5", "x", "5.5"}, []span{{5, 5}}, []span{{5, 5}}},
		{policy.DateEquals, []string{"2024-01-01", "x"}, []span{{y2024, y2024}}, []span{{y2024, y2024}}},
		{policy.DateEquals, []string{"2024-01-01T00:00:00.5Z"}, nil, nil},
		{policy.DateEquals, []string{"2024"}, nil, []span{{y2024, y2024}, {sec2024, sec2024}}},
		{policy.DateLessThan, []string{"2024"}, []span{{minSecond, sec2024 - 1}}, []span{{minSecond, y2024 - 1}, {minSecond, sec2024 - 1}}},
		{policy.DateGreaterThan, []string{"2024", "2025-01-01"}, []span{{y2024 + 1, MaxSecond}, {y2025 + 1, MaxSecond}}, []span{{y2024 + 1, MaxSecond}, {sec2024 + 1, MaxSecond}, {y2025 + 1, MaxSecond}}},
		{policy.BinaryEquals, []string{"5"}, nil, nil},
	} {
		lo, hi, _ := spanValues(&policy.Condition{Operator: policy.Operator{Base: row.base}, Values: row.values})
		if !slices.Equal(lo.Spans, row.lo) || !slices.Equal(hi.Spans, row.hi) {
			t.Errorf("operator %v, %q: for sure %v, perhaps %v; want %v, %v", row.base, row.values, lo.Spans, hi.Spans, row.lo, row.hi)
		}
	}
}
