package search

import (
	"slices"
	"strings"
	"testing"

	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/compile"
	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
)

// TestAsMember: a literal asks for something of each member of a set, of some
// member, or of neither.
func TestAsMember(t *testing.T) {
	set := compile.Exactly("a")
	lit := func(mode compile.Mode) compile.Literal { return compile.Literal{Mode: mode, Set: set} }
	for _, row := range []struct {
		name       string
		mode       compile.Mode
		each, some int
		possible   bool
	}{
		{"each in the set", compile.EachIn, 1, 0, true},
		{"each outside", compile.EachOut, 1, 0, true},
		{"some in the set", compile.SomeIn, 0, 1, true},
		{"some outside", compile.SomeOut, 0, 1, true},
		{"any", compile.All, 0, 0, true},
		{"no present key", compile.None, 0, 0, false},
	} {
		each, some, possible := asMember([]compile.Literal{lit(row.mode)})
		if len(each) != row.each || len(some) != row.some || possible != row.possible {
			t.Errorf("%s: %d of each, %d of some, possible %v", row.name, len(each), len(some), possible)
		}
	}
}

// A groupCase is a policy on keys that hang together, and what a search makes of
// them: "KEY=VALUE ..." with the values that it has to give, "none" without a request.
type groupCase struct {
	name, kind, conditions, want string
}

// holdGroups runs cases in the given kind of search.
func holdGroups(t *testing.T, about compile.About, ask kmsapi.Ask, sure bool, cases []groupCase) {
	t.Helper()
	for _, row := range cases {
		c := spaceOf(t, about, allow(row.conditions))
		kind := kindOf(t, c, row.kind)
		s := c.NewSearch(c.NewKind(kind.Caller, kind.Temporary, kind.Path, ask, c.Serving(ask)), Reach{}, sure)
		m, _ := s.Find()
		switch {
		case (m == nil) != (row.want == "none"):
			t.Errorf("%s: found %v, want %s", row.name, m != nil, row.want)
		case m == nil && s.Incomplete:
			t.Errorf("%s: the search gave up", row.name)
		case m == nil:
		default:
			hold(t, row.name, s, m)
			for _, want := range strings.Fields(row.want) {
				key, value, _ := strings.Cut(want, "=")
				if got := strings.ReplaceAll(valueOf(m, slotOf(t, c, key)), " ", "+"); got != value {
					t.Errorf("%s: %s is %s, want %s", row.name, key, got, value)
				}
			}
		}
	}
}

// TestAssignMFA: an age is there only with MFA, and long-term credentials have neither.
func TestAssignMFA(t *testing.T) {
	const present, age = "aws:MultiFactorAuthPresent", "aws:MultiFactorAuthAge"
	holdGroups(t, aboutKey(), encrypt(), true, []groupCase{
		{"an age brings MFA", "user temporary", `"NumericLessThan":{"` + age + `":"60"},"Null":{"` + present + `":"false"}`, present + "=true"},
		{"an age without MFA", "user temporary", `"NumericLessThan":{"` + age + `":"60"},"Bool":{"` + present + `":"false"}`, "none"},
		{"no MFA, no age", "user temporary", `"NumericLessThanIfExists":{"` + age + `":"60"},"Bool":{"` + present + `":"false"}`, present + "=false " + age + "=absent"},
		{"an exact age", "user temporary", `"NumericEquals":{"` + age + `":"300"},"Bool":{"` + present + `":"true"}`, present + "=true " + age + "=300"},
		{"an age beyond the longest session", "user temporary", `"NumericGreaterThan":{"` + age + `":"129600"}`, "none"},
		{"MFA of long-term credentials", "user", `"Bool":{"` + present + `":"true"}`, "none"},
		{"a role that shows that it has none", "role", `"Bool":{"` + present + `":"false"}`, present + "=false"},
		{"a role that may lack it", "role", `"Null":{"` + present + `":"true"}`, "none"},
		{"a federated session, of which AWS says nothing", "federated", `"Bool":{"` + present + `":"false"}`, "none"},
	})
	holdGroups(t, aboutKey(), encrypt(), false, []groupCase{
		{"a role that lacks it, perhaps", "role", `"Null":{"` + present + `":"true"}`, present + "=absent"},
		{"a federated session that has it, perhaps", "federated", `"Bool":{"` + present + `":"false"}`, present + "=false"},
		{"a federated session has no MFA even perhaps", "federated", `"Bool":{"` + present + `":"true"}`, "none"},
	})
}

// TestAssignCalled: a chain of calls has a first and a last service, and those between.
func TestAssignCalled(t *testing.T) {
	const list, first, last = "aws:CalledVia", "aws:CalledViaFirst", "aws:CalledViaLast"
	holdGroups(t, aboutKey(), encrypt(), true, []groupCase{
		{"a direct call has no chain", "role", `"StringEquals":{"` + first + `":"athena.amazonaws.com"}`, "none"},
		{"one service", "role via", `"StringEquals":{"` + first + `":"athena.amazonaws.com"},"StringLike":{"` + last + `":"*"}`, first + "=athena.amazonaws.com " + last + "=athena.amazonaws.com"},
		{"two services", "role via", `"StringEquals":{"` + first + `":"athena.amazonaws.com","` + last + `":"dynamodb.amazonaws.com"}`, first + "=athena.amazonaws.com " + last + "=dynamodb.amazonaws.com"},
		{"one between", "role via", `"ForAnyValue:StringEquals":{"` + list + `":"cloudformation.amazonaws.com"},"StringEquals":{"` + first + `":"athena.amazonaws.com","` + last + `":"dynamodb.amazonaws.com"}`, list + "=athena.amazonaws.com+cloudformation.amazonaws.com+dynamodb.amazonaws.com"},
		{"a first one that none may be", "role via", `"ForAllValues:StringNotEquals":{"` + list + `":"athena.amazonaws.com"},"StringEquals":{"` + first + `":"athena.amazonaws.com"}`, "none"},
		{"a service that AWS does not have", "role via", `"StringLike":{"` + first + `":"nobody*.amazonaws.com"}`, "none"},
		{"no chain under a service", "role via", `"Null":{"` + list + `":"true"}`, list + "=absent"},
	})
	holdGroups(t, aboutKey(), encrypt(), false, []groupCase{
		{"a service that AWS may have", "role via", `"StringLike":{"` + first + `":"nobody*.amazonaws.com"}`, ""},
	})
}

// TestAssignSpec: spec, usage, algorithm and type of message are those of one key.
func TestAssignSpec(t *testing.T) {
	const spec, usage, algorithm, message = "kms:KeySpec", "kms:KeyUsage", "kms:SigningAlgorithm", "kms:MessageType"
	unknown := aboutKey()
	unknown.Key = kmsapi.KeyFacts{}
	sign := kmsapi.Ask{Action: "kms:Sign", Class: kmsapi.ClassUse}
	holdGroups(t, unknown, sign, true, []groupCase{
		{"an algorithm of one spec", "role", `"StringEquals":{"` + algorithm + `":"ECDSA_SHA_384"},"StringLike":{"` + spec + `":"*"}`, spec + "=ECC_NIST_P384"},
		{"a spec of one algorithm", "role", `"StringLike":{"` + algorithm + `":"*"},"StringEquals":{"` + spec + `":"ECC_NIST_P521"}`, algorithm + "=ECDSA_SHA_512"},
		{"a spec and the algorithm of another", "role", `"StringEquals":{"` + algorithm + `":"ECDSA_SHA_384","` + spec + `":"ECC_NIST_P521"}`, "none"},
		{"a usage that does not sign", "role", `"StringEquals":{"` + usage + `":"ENCRYPT_DECRYPT"}`, "none"},
		{"a type of message of one spec", "role", `"StringEquals":{"` + message + `":"EXTERNAL_MU"},"StringLike":{"` + algorithm + `":"*"}`, algorithm + "=ML_DSA_SHAKE_256"},
		{"a type of message that the spec does not have", "role", `"StringEquals":{"` + message + `":"EXTERNAL_MU","` + spec + `":"RSA_2048"}`, "none"},
	})
	holdGroups(t, aboutKey(), encrypt(), true, []groupCase{
		{"the spec that is known", "role", `"StringEquals":{"` + spec + `":"SYMMETRIC_DEFAULT"}`, spec + "=SYMMETRIC_DEFAULT"},
		{"another spec", "role", `"StringEquals":{"` + spec + `":"RSA_2048"}`, "none"},
		{"the algorithm of signing, of a request that does not sign", "role", `"Null":{"` + algorithm + `":"false"}`, "none"},
	})
}

// TestLawOfSpecs: whatever the conditions on the spec and the algorithm, what is
// found is a pair that KMS documents, and something is found where there is one.
func TestLawOfSpecs(t *testing.T) {
	unknown := aboutKey()
	unknown.Key = kmsapi.KeyFacts{}
	sign := kmsapi.Ask{Action: "kms:Sign", Class: kmsapi.ClassUse}
	algorithms := []string{"RSASSA_PSS_SHA_256", "ECDSA_SHA_256", "ECDSA_SHA_512", "SM2DSA", "ML_DSA_SHAKE_256", "ED25519_SHA_512", "NOBODYS"}
	for _, spec := range []string{"RSA_2048", "RSA_4096", "ECC_NIST_P256", "ECC_NIST_P521", "ECC_SECG_P256K1", "ECC_NIST_EDWARDS25519", "SM2", "ML_DSA_65", "HMAC_256", "SYMMETRIC_DEFAULT"} {
		for _, algorithm := range algorithms {
			kind := kmsapi.KeyKind{Spec: spec, Usage: "SIGN_VERIFY"}
			documented := slices.ContainsFunc(unknown.Key.Kinds(), func(k kmsapi.KeyKind) bool { return k == kind }) && slices.Contains(kind.Algorithms("kms:Sign"), algorithm)
			c := spaceOf(t, unknown, allow(`"StringEquals":{"kms:KeySpec":"`+spec+`","kms:SigningAlgorithm":"`+algorithm+`"}`))
			s := c.NewSearch(c.NewKind(compile.RoleCaller, true, Direct, sign, c.Serving(sign)), Reach{}, true)
			if m, _ := s.Find(); (m != nil) != documented || s.Incomplete {
				t.Errorf("%s of %s: found %v, want %v", algorithm, spec, m != nil, documented)
			}
		}
	}
}
