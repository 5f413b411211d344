package alert

import (
	"errors"
	"maps"
	"reflect"
	"slices"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/vm"

	"github.com/kmsentry/kmsentry/detector/policy"
)

// Values that no condition means: an account, a person, a key that nobody has.
const (
	nobodysAccount = "000000000000"
	nobodysRegion  = "xx-nowhere-1"
	nobodysUUID    = "00000000-0000-4000-8000-000000000000"
	nobodysNetwork = "198.18.0.0/15"
	nobodysHash    = "9f0bd2c4a6e8135790acbdfe1234567890fedcba0987654321aabbccddeeff00"
)

// maxProbes bounds how many findings a condition is tried on.
const maxProbes = 1 << 15

// checkBreadth refuses a condition that is true for a finding of medium
// severity or more of which it names nothing: no key, account, person, role,
// address or policy. Such an exception would hold back what nobody has seen
// yet. What the caller chooses freely names nothing either: the user agent,
// the Sids, the actions and the names in the policy, the name of a session.
//
// It tries the condition on probes: findings whose names are nobody's, in
// every combination of the other values that the condition asks about.
func checkBreadth(program *vm.Program, tree ast.Node) error {
	base, chosen := probe(), literals(tree)
	kinds := map[string][]any{}
	total := 1
	fields := fieldsOf(tree)
	for _, name := range fields {
		if kinds[name] = candidates(name, chosen); len(kinds[name]) > 0 {
			total *= len(kinds[name])
		}
		if total > maxProbes {
			return errors.New("want a condition that asks about fewer things: it is too much to tell whether this one names anything")
		}
	}
	x := exception{when: program}
	for n := range total {
		env := base
		for _, name := range fields {
			if list := kinds[name]; len(list) > 0 {
				set(&env, name, list[n%len(list)])
				n /= len(list)
			}
		}
		keepPossible(&env, chosen)
		if yes, err := x.holds(env); yes && err == nil {
			return errors.New("want a condition that names what its caller cannot choose, such as a key, an account, a role or a policy's hash: this one is true for findings that nobody has seen yet")
		}
	}
	return nil
}

// probe is the finding that everybody fears: a stranger opened a key of nobody.
func probe() exceptionEnv {
	return exceptionEnv{
		Verdict: "public", Severity: "critical", Parsed: true, Event: "PutKeyPolicy",
		Account: nobodysAccount, Region: nobodysRegion, KeyARN: "arn:aws:kms:" + nobodysRegion + ":" + nobodysAccount + ":key/" + nobodysUUID, KeyID: nobodysUUID,
		KeyAccount: nobodysAccount, KeyRegion: nobodysRegion, Partition: "aws",
		ActorType: "AssumedRole", ActorARN: "arn:aws:sts::" + nobodysAccount + ":assumed-role/nobody/nobody", ActorName: "nobody", ActorAccount: nobodysAccount,
		Role: "nobody", RoleARN: "arn:aws:iam::" + nobodysAccount + ":role/nobody", AccessKeyID: "ASIANOBODYNOBODYNOBO", MFA: "no",
		SourceIP: "198.18.0.1", UserAgent: "nobody", PolicySHA256: nobodysHash, Sids: []string{"nobody"}, Actions: []string{"kms:Encrypt"}, Named: []string{},
	}
}

// candidates lists the values of a field that name nothing; nil leaves the
// probe's own. texts are the condition's literals, which a caller could have
// chosen to match.
func candidates(field string, texts []string) []any {
	switch field {
	case "verdict":
		return list("public", "network", "undecided")
	case "severity":
		return list("critical", "high", "medium")
	case "parsed", "bypass", "long_term_key", "sso", "federated":
		return []any{false, true}
	case "event":
		return list("CreateKey", "PutKeyPolicy", "ReplicateKey")
	case "partition":
		return list("aws", "aws-cn", "aws-us-gov")
	case "mfa":
		return list("yes", "no", "not applicable", "unknown")
	case "actor_type":
		return list("IAMUser", "AssumedRole", "Root", "FederatedUser", "WebIdentityUser", "SAMLUser", "AWSAccount", "AWSService", "IdentityCenterUser", "Unknown")
	case "key_alias":
		return list("", "alias/nobody")
	case "key_id":
		return list(nobodysUUID, "mrk-00000000000040008000000000000000")
	case "role":
		return list("", "nobody", "AWSReservedSSO_nobody_0123456789abcdef")
	case "role_arn":
		return list("", "arn:aws:iam::"+nobodysAccount+":role/nobody")
	case "invoked_by":
		return list("", "nobody.amazonaws.com")
	case "vpc_endpoint":
		return list("", "vpce-00000000000000000")
	case "access_key_id":
		return list("", "AKIANOBODYNOBODYNOBO", "ASIANOBODYNOBODYNOBO")
	case "source_ip":
		return list("", "198.18.0.1", "2001:db8::1")
	case "user_agent", "actor_name":
		return list(append([]string{"", "nobody"}, texts...)...)
	case "sids", "named":
		return lists(append([][]string{{}, {""}, {"nobody"}, {nobodysNetwork}, texts}, each(texts)...))
	case "actions":
		return lists([][]string{{}, {"kms:Encrypt"}, policy.EncryptActions()})
	default:
		return nil
	}
}

// keepPossible takes back what no finding has together, where it would refuse
// a reasonable condition: only sessions choose their names, and who gets in
// from a network are the networks that the policy names.
func keepPossible(env *exceptionEnv, texts []string) {
	switch env.ActorType {
	case "AssumedRole", "FederatedUser", "WebIdentityUser", "SAMLUser":
	default:
		if slices.Contains(texts, env.ActorName) {
			env.ActorName = "nobody"
		}
	}
	if env.Verdict == "network" {
		env.Named = []string{nobodysNetwork}
	}
}

// list makes values of texts.
func list(texts ...string) []any {
	var values []any
	for _, s := range texts {
		values = append(values, s)
	}
	return values
}

// lists makes values of lists of texts.
func lists(all [][]string) []any {
	var values []any
	for _, texts := range all {
		values = append(values, texts)
	}
	return values
}

// each makes a list of every text.
func each(texts []string) [][]string {
	var all [][]string
	for _, s := range texts {
		all = append(all, []string{s})
	}
	return all
}

// set changes one field of env by its name in conditions.
func set(env *exceptionEnv, name string, value any) {
	at := reflect.ValueOf(env).Elem()
	for i := range at.NumField() {
		if at.Type().Field(i).Tag.Get("expr") == name {
			at.Field(i).Set(reflect.ValueOf(value))
		}
	}
}

// literals lists the texts that stand in a condition.
func literals(tree ast.Node) []string {
	found := texts{}
	ast.Walk(&tree, found)
	return slices.Sorted(maps.Keys(found))
}

// texts collects literals.
type texts map[string]bool

// Visit is part of ast.Visitor.
func (t texts) Visit(n *ast.Node) {
	if s, ok := (*n).(*ast.StringNode); ok {
		t[s.Value] = true
	}
}
