package search

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/kmsentry/kmsentry/detector/policy/evaluate"
)

// A smallKey is a condition key of which a few values are all that the
// conditions on it can tell apart.
type smallKey struct {
	name      string
	operators []string
	asked     []string // the values of conditions
	values    []string // of requests; "absent" for none
}

// smallKeys are the keys of the policies of TestLawOfFind. The values of text
// are one for each way to match a, b, ab, a*, *b and * or not to, and others.
func smallKeys() []smallKey {
	text := []string{"StringEquals", "StringNotEquals", "StringLike", "StringNotLike", "StringEqualsIfExists", "StringNotLikeIfExists", "ForAllValues:StringLike", "ForAnyValue:StringEquals"}
	return []smallKey{
		{
			"aws:PrincipalTag/t", text,
			[]string{"a", "b", "ab", "a*", "*b", "*", "${aws:SourceIdentity}", "a${aws:SourceIdentity}", "${aws:SourceIdentity, 'b'}"},
			[]string{"absent", "", "a", "b", "c", "ab", "ac", "cb", "cc", "acb", "aab", "aac", "acc"},
		},
		{
			"aws:SourceIdentity", text,
			[]string{"ab", "cb", "a*", "*b", "*", "${aws:PrincipalTag/t}", "*${aws:PrincipalTag/t}"},
			[]string{"absent", "ab", "ac", "cb", "cc", "acb", "bb", "aa", "ca", "acc"},
		},
		{
			"ec2:RoleDelivery",
			[]string{"NumericEquals", "NumericNotEquals", "NumericLessThan", "NumericGreaterThanEquals", "NumericLessThanEqualsIfExists"},
			[]string{"0", "1", "1.5", "2", "3"},
			[]string{"absent", "1", "2"},
		},
		{
			"aws:SourceIp",
			[]string{"IpAddress", "NotIpAddress"},
			[]string{"203.0.113.0/24", "203.0.113.128/25", "198.51.100.0/24", "0.0.0.0/0", "2000::/3"},
			[]string{"203.0.113.1", "203.0.113.129", "198.51.100.1", "192.0.2.1", "2001:db8::1"},
		},
		{"aws:SecureTransport", []string{"Bool"}, []string{"true", "false"}, []string{"true"}},
	}
}

// randomStatement is one with up to two conditions on some keys.
func randomStatement(r *rand.Rand, effect string, keys []smallKey) string {
	var conditions []string
	used := map[string]bool{}
	for range r.IntN(3) {
		k := keys[r.IntN(len(keys))]
		operator, values := k.operators[r.IntN(len(k.operators))], k.asked[r.IntN(len(k.asked))]
		if r.IntN(6) == 0 {
			operator, values = "Null", []string{"true", "false"}[r.IntN(2)]
		} else if r.IntN(3) == 0 {
			values += `","` + k.asked[r.IntN(len(k.asked))]
		}
		if !used[operator] {
			conditions = append(conditions, fmt.Sprintf(`"%s":{"%s":["%s"]}`, operator, k.name, values))
		}
		used[operator] = true
	}
	return statement(effect, strings.Join(conditions, ","))
}

// TestLawOfFind: a search of small policies finds a request exactly when the
// evaluator allows one of all those with other values of two keys, unless it
// says that it has given up.
func TestLawOfFind(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	count := map[string]int{}
	keys := smallKeys()
	for range 3000 {
		r.Shuffle(len(keys), func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
		statements := []string{randomStatement(r, "Allow", keys[:2])}
		for range r.IntN(4) {
			statements = append(statements, randomStatement(r, []string{"Allow", "Deny", "Deny"}[r.IntN(3)], keys[:2]))
		}
		c := spaceOf(t, aboutKey(), statements...)
		for _, sure := range []bool{true, false} {
			s := c.NewSearch(kindOf(t, c, "role"), Reach{}, sure)
			m, _ := s.Find()
			switch {
			case m != nil:
				count["found"]++
				hold(t, "", s, m)
			case s.Incomplete && !s.Disproven(nil):
				count["given up"]++
			default: // proven, be it with all variables free
				count["none"]++
				if s.Incomplete {
					count["disproven"]++
				}
				if found := enumerate(s, keys[:2]); found != nil {
					t.Errorf("sure %v: nothing found, and yet %v gets in", sure, found)
				}
			}
			if t.Failed() {
				t.Fatalf("of %s", statements)
			}
		}
	}
	if count["found"] < 500 || count["none"] < 500 || count["disproven"] == 0 || count["given up"] > 100 {
		t.Errorf("%v, want many found, many without, some of them disproven, and few given up", count)
	}
}

// enumerate looks for a request that the evaluator allows among those with each
// pair of values of two keys; what else they carry is a stranger's.
func enumerate(s *Search, keys []smallKey) map[string][]string {
	for _, one := range keys[0].values {
		for _, two := range keys[1].values {
			request := s.Request(s.first, s.Ask)
			for i, value := range []string{one, two} {
				request.Context[keys[i].name] = []string{value}
				if value == "absent" {
					delete(request.Context, keys[i].name)
				}
			}
			if a := evaluate.Allows(s.c.Source, request); a == evaluate.Yes || a == evaluate.Maybe && !s.sure {
				return request.Context
			}
		}
	}
	return nil
}
