package condkey

import (
	"math/bits"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func TestRuleHolds(t *testing.T) {
	for _, row := range []struct {
		name    string
		kind    RuleKind
		present string
		want    bool
	}{
		{"together: none", Together, "", true},
		{"together: all", Together, "a b c", true},
		{"together: some", Together, "a c", false},
		{"exactly one: none", ExactlyOne, "", false},
		{"exactly one: one", ExactlyOne, "b", true},
		{"exactly one: two", ExactlyOne, "a b", false},
		{"at most one: none", AtMostOne, "", true},
		{"at most one: one", AtMostOne, "c", true},
		{"at most one: two", AtMostOne, "b c", false},
		{"needs: the first alone", Needs, "a", false},
		{"needs: another alone", Needs, "b", true},
		{"needs: the first with another", Needs, "a c", true},
		{"needs: none", Needs, "", true},
		{"no such rule", 0, "a b", true},
	} {
		have := strings.Fields(row.present)
		r := Rule{row.kind, []string{"a", "b", "c"}}
		if got := r.Holds(func(name string) bool { return slices.Contains(have, name) }); got != row.want {
			t.Errorf("%s: %v, want %v", row.name, got, row.want)
		}
	}
}

func TestBundles(t *testing.T) {
	for _, row := range []struct {
		name  string
		rules []Rule
		want  []string // each bundle's keys, and after a slash which can be there together
	}{
		{"no rules", nil, nil},
		{"together", []Rule{{Together, []string{"b", "a"}}}, []string{"a b/-, a+b"}},
		{"at most one", []Rule{{AtMostOne, []string{"a", "b"}}}, []string{"a b/-, a, b"}},
		{"exactly one, and one that needs another", []Rule{{ExactlyOne, []string{"a", "b"}}, {Needs, []string{"a", "c"}}}, []string{"a b c/b, a+c, b+c"}},
		{"rules without common keys", []Rule{{Together, []string{"a", "b"}}, {AtMostOne, []string{"c", "d"}}}, []string{"a b/-, a+b", "c d/-, c, d"}},
		{
			"rules that a third ties",
			[]Rule{{Together, []string{"a", "b"}}, {Together, []string{"c", "d"}}, {AtMostOne, []string{"b", "c"}}},
			[]string{"a b c d/-, a+b, c+d"},
		},
	} {
		var got []string
		for _, g := range bundlesOf(row.rules) {
			var sets []string
			for _, set := range g.Presences {
				sets = append(sets, namesIn(g.Keys, set))
			}
			got = append(got, strings.Join(g.Keys, " ")+"/"+strings.Join(sets, ", "))
		}
		if !slices.Equal(got, row.want) {
			t.Errorf("%s: %q, want %q", row.name, got, row.want)
		}
	}
}

func namesIn(keys []string, set uint32) string {
	var names []string
	for i, k := range keys {
		if set>>i&1 != 0 {
			names = append(names, k)
		}
	}
	if names == nil {
		return "-"
	}
	return strings.Join(names, "+")
}

// TestBundlesLeaveWhatRulesLeave: of rules on five keys, made at random, the
// bundles together have each key of a rule once, and leave exactly those
// presences in which every rule holds, with few keys first.
func TestBundlesLeaveWhatRulesLeave(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	all := []string{"a", "b", "c", "d", "e"}
	for range 300 {
		var rules []Rule
		for range 1 + random.IntN(4) {
			keys := slices.Clone(all)
			random.Shuffle(len(keys), func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
			rules = append(rules, Rule{RuleKind(1 + random.IntN(4)), keys[:2+random.IntN(2)]})
		}
		bundles := bundlesOf(rules)
		var keys []string
		left := 1
		for _, g := range bundles {
			keys = append(keys, g.Keys...)
			left *= len(g.Presences)
			if !slices.IsSortedFunc(g.Presences, func(a, b uint32) int { return bits.OnesCount32(a) - bits.OnesCount32(b) }) {
				t.Fatalf("%v: presences %b are not in the order of their size", rules, g.Presences)
			}
		}
		want := 0
		for set := range 1 << len(keys) {
			present := func(name string) bool { return set>>slices.Index(keys, name)&1 != 0 }
			if !slices.ContainsFunc(rules, func(r Rule) bool { return !r.Holds(present) }) {
				want++
			}
		}
		slices.Sort(keys)
		if len(slices.Compact(slices.Clone(keys))) != len(keys) || left != want {
			t.Fatalf("%v: bundles %v leave %d presences, want %d", rules, bundles, left, want)
		}
	}
}

// TestKeysTogether: which keys of a request can be there together.
// Sources: IAM global, "Properties of a role session": the four keys of an
// instance come from its role credentials; KMS API, CreateGrant: one of the two
// grantees, at most one of the two retiring principals.
func TestKeysTogether(t *testing.T) {
	for _, row := range []struct {
		name, keys string
		want       bool
	}{
		{"nothing of an instance", "", true},
		{"all four of an instance", "aws:Ec2InstanceSourceVpc aws:Ec2InstanceSourcePrivateIPv4 ec2:RoleDelivery ec2:SourceInstanceArn", true},
		{"an instance without its VPC", "aws:Ec2InstanceSourcePrivateIPv4 ec2:RoleDelivery ec2:SourceInstanceArn", false},
		{"an instance and a managed node", "aws:Ec2InstanceSourceVpc aws:Ec2InstanceSourcePrivateIPv4 ec2:RoleDelivery ec2:SourceInstanceArn ssm:SourceInstanceArn", false},
		{"a managed node", "ssm:SourceInstanceArn", true},
		{"both of Glue", "glue:RoleAssumedBy glue:CredentialIssuingService", false},
		{"a grant to nobody", "kms:RetiringPrincipal", false},
		{"a grant to a principal", "kms:GranteePrincipal", true},
		{"a grant to both", "kms:GranteePrincipal kms:GranteeServicePrincipal", false},
		{"a grant to a service without a source", "kms:GranteeServicePrincipal kms:RetiringPrincipal", false},
		{"a grant to a service that nobody can retire", "kms:GranteeServicePrincipal kms:GrantConstraintSourceArn", false},
		{"a grant to a service for a source", "kms:GranteeServicePrincipal kms:GrantConstraintSourceArn kms:RetiringServicePrincipal", true},
		{"a grant that two can retire", "kms:GranteePrincipal kms:RetiringPrincipal kms:RetiringServicePrincipal", false},
	} {
		have := strings.Fields(row.keys)
		possible := true
		for _, g := range Default().Bundles() {
			if !strings.Contains(row.keys, "kms:") && slices.Contains(g.Keys, "kms:GranteePrincipal") {
				continue // the request creates no grant
			}
			possible = possible && slices.ContainsFunc(g.Presences, func(set uint32) bool {
				return !slices.ContainsFunc(g.Keys, func(k string) bool { return slices.Contains(have, k) != (set>>slices.Index(g.Keys, k)&1 != 0) })
			})
		}
		if possible != row.want {
			t.Errorf("%s: %v, want %v", row.name, possible, row.want)
		}
	}
}
