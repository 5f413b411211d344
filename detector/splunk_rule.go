package detector

import (
	"cmp"
	"slices"
	"strings"

	"github.com/kmsentry/kmsentry/internal/strictjson"
)

// seedRows runs a model of the seed rule's search over the event and returns
// the rows that it keeps:
//
//	eventName=CreateKey OR eventName=PutKeyPolicy
//	| spath input=requestParameters.policy path=Statement{} | mvexpand
//	| spath path=Action | spath path=Action{} | mvappend | spath path=Principal.AWS
//	| search key_policy_action="kms:Encrypt" AND key_policy_principal="*"
//	| stats count ... BY signature dest user user_agent src vendor_account
//	    vendor_region vendor_product key_policy_action key_policy_principal
//
// If "*" is a wildcard, as it is in a search, a row is printed for any principal;
// if it is the literal character, as the authors meant, only for the principal
// "*". The rows returned are those of the wildcard. The rule does not look at
// errorCode, Effect, Condition or Resource.
// Source: splunk/security_content, detections/cloud, and Splunk's manual
// (search: case-insensitive, "*" is a wildcard that cannot be escaped; stats:
// a row for each distinct value of the BY fields, none for an empty one).
func (f *Finding) seedRows() []SplunkRow {
	if f.Event.Name != createKey && f.Event.Name != putKeyPolicy || f.lacksColumn() {
		return nil
	}
	var kept []seedRow
	for _, row := range spathStatements(f.Policy.Text) {
		if row.encrypts() && len(row.principals) == 1 {
			kept = append(kept, row)
		}
	}
	return statsRows(kept)
}

// statsRows returns what "stats count BY action principal" makes of rows with one
// principal each: one row for each pair of values, with the number of statements
// that have the pair. The pairs that the search looks for come first; otherwise
// the order is that of the policy.
func statsRows(rows []seedRow) []SplunkRow {
	type pair struct{ action, principal string }
	places := make(map[pair]int) // the index of a pair in list, plus 1
	var list []SplunkRow
	for _, row := range rows {
		for _, action := range distinct(row.actions) {
			p := pair{action, row.principals[0]}
			if places[p] == 0 {
				list = append(list, SplunkRow{KeyPolicyAction: p.action, KeyPolicyPrincipal: p.principal})
				places[p] = len(list)
			}
			list[places[p]-1].Count++
		}
	}
	slices.SortStableFunc(list, func(a, b SplunkRow) int {
		return cmp.Or(first(isEncrypt)(a.KeyPolicyAction, b.KeyPolicyAction), first(isEveryone)(a.KeyPolicyPrincipal, b.KeyPolicyPrincipal))
	})
	return list
}

// first returns a comparison that orders the texts for which holds is true before
// the others.
func first(holds func(string) bool) func(a, b string) int {
	return func(a, b string) int {
		switch {
		case holds(a) && !holds(b):
			return -1
		case holds(b) && !holds(a):
			return 1
		default:
			return 0
		}
	}
}

// isEveryone reports whether a principal is "*", which is everyone when the rule
// is read literally.
func isEveryone(principal string) bool { return principal == "*" }

// lacksColumn reports whether a BY field of the rule would be empty.
func (f *Finding) lacksColumn() bool {
	for _, column := range []string{f.Event.Name, f.Event.Source, f.Source.UserAgent, f.Source.Address, f.Event.Account, f.Event.Region} {
		if column == "" {
			return true
		}
	}
	return f.Actor.Name == nobody && f.Actor.PrincipalID == ""
}

// A seedRow holds, of one row after mvexpand, the values that the search reads.
type seedRow struct {
	actions    []string // Action, then Action{}
	principals []string // Principal.AWS, at most one
}

// encrypts reports whether one of the row's actions is kms:Encrypt in any letter
// case. A "*" in the policy is not expanded: kms:* does not match.
func (r seedRow) encrypts() bool {
	for _, action := range r.actions {
		if isEncrypt(action) {
			return true
		}
	}
	return false
}

// isEncrypt reports whether the search term kms:Encrypt matches a value.
func isEncrypt(action string) bool { return strings.EqualFold(action, "kms:Encrypt") }

// spathStatements returns a row for each element of Statement{} in a policy. A
// policy that is not JSON, or whose Statement is not a list, gives no rows.
func spathStatements(text string) []seedRow {
	doc, err := strictjson.Parse([]byte(text))
	if err != nil {
		return nil
	}
	var rows []seedRow
	for statement := range lastOf(doc, "Statement").Elements() {
		rows = append(rows, seedRow{
			actions:    spathValues(lastOf(statement, "Action")),
			principals: spathScalar(lastOf(lastOf(statement, "Principal"), "AWS")),
		})
	}
	return rows
}

// lastOf returns the value of the last member of that name; of kind None when v
// has no such member. The rule reads even a policy with repeated members, which
// the decision rejects.
func lastOf(v strictjson.Value, name string) (last strictjson.Value) {
	for n, value := range v.AllMembers() {
		if n == name {
			last = value
		}
	}
	return last
}

// spathValues returns what the paths X and X{} extract together: a single scalar,
// or the scalars of a list; nil for any other value.
func spathValues(v strictjson.Value) []string {
	if v.Kind() != strictjson.Array {
		return spathScalar(v)
	}
	var values []string
	for element := range v.Elements() {
		values = append(values, spathScalar(element)...)
	}
	return values
}

// spathScalar returns what the path X extracts: the text of a scalar, numbers and
// booleans as written; nil for empty text and for any other value. A list needs
// the path X{}, which the rule does not use for principals, and a Principal that
// is just "*" has no member AWS.
func spathScalar(v strictjson.Value) []string {
	switch v.Kind() {
	case strictjson.String, strictjson.Number, strictjson.Boolean:
		if text := v.Text(); text != "" {
			return []string{text}
		}
	}
	return nil
}
