package detector

import (
	"encoding/json"
	"slices"
	"strings"
)

// What the seed rule says of every hit, whatever the event.
// Source: Splunk Threat Research: a TTP detection has the score 50.
const (
	seedProduct   = "AWS CloudTrail"
	seedSeverity  = "medium"
	seedRiskScore = 50
)

// maxSplunkRows bounds the rows that a finding carries: a policy of 32 KB can
// make thousands, and a message has 256 KB.
const maxSplunkRows = 100

// splunk fills the seed rule's columns and says what the rule would have done.
// A column is never empty here; Splunk drops a row that has an empty one.
func (f *Finding) splunk() Splunk {
	s := Splunk{
		Signature:     f.Event.Name,
		Dest:          f.Event.Source,
		User:          f.Actor.Name,
		UserAgent:     firstText(f.Source.UserAgent, nobody),
		Src:           firstText(f.Source.Address, nobody),
		VendorAccount: firstText(f.Event.Account, f.Actor.Account, nobody),
		VendorRegion:  firstText(f.Event.Region, nobody),
		VendorProduct: seedProduct,
		FirstTime:     f.Event.Time,
		LastTime:      f.Event.Time,
		RiskScore:     seedRiskScore,
		SeedSeverity:  seedSeverity,
	}
	rows := f.seedRows()
	s.WouldAlertWildcard = len(rows) > 0
	s.WouldAlertLiteral = slices.ContainsFunc(rows, func(r SplunkRow) bool { return r.KeyPolicyPrincipal == "*" })
	if len(rows) == 0 {
		rows = statsRows([]seedRow{f.offendingRow()})
	}
	shown := min(len(rows), maxSplunkRows)
	s.Rows, s.MoreRows = rows[:shown:shown], len(rows)-shown
	return s
}

// offendingRow is the row of the first offending Allow statement, for a finding
// of which the seed rule keeps none; "unknown" for what there is not.
func (f *Finding) offendingRow() seedRow {
	row := seedRow{[]string{nobody}, []string{nobody}}
	for _, s := range f.Statements {
		o, err := readDocument([]byte(s.Text))
		if err != nil || s.Effect != "Allow" {
			continue
		}
		if actions := listed(o, "Action", "NotAction"); len(actions) > 0 {
			row.actions = actions
		}
		if principals := listedPrincipals(o); len(principals) > 0 {
			row.principals = principals
		}
		break
	}
	return row
}

// listed returns the texts of the first of the named members that is there.
func listed(o object, names ...string) []string {
	for _, name := range names {
		if raw := o.raw(name); raw != nil {
			return textsOf(raw)
		}
	}
	return nil
}

// listedPrincipals returns the AWS principals of a statement, or all of them
// as JSON when there are none.
func listedPrincipals(o object) []string {
	for _, name := range []string{"Principal", "NotPrincipal"} {
		raw := o.raw(name)
		if raw == nil {
			continue
		}
		principals, err := readObject(name, raw)
		if err != nil {
			return []string{o.text(name)} // "*"
		}
		if aws := listed(principals, "AWS"); len(aws) > 0 {
			return aws
		}
		return []string{string(raw)}
	}
	return nil
}

// textsOf returns a string, or the strings of a list.
func textsOf(raw []byte) []string {
	if kindOf(raw) != "an array" {
		return []string{scalar(raw)}
	}
	var texts []string
	for _, element := range elements(raw) {
		texts = append(texts, scalar(element))
	}
	return texts
}

// scalar returns a string decoded, and other JSON as it is written.
func scalar(raw []byte) string {
	if kindOf(raw) == "a string" {
		return decodeString(raw)
	}
	return string(raw)
}

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
// A row is printed for any principal when "*" is a wildcard, as search has it,
// and for the principal "*" when it is the character, as the authors meant. The
// rule looks neither at errorCode nor at Effect,
// Condition or Resource.
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

// statsRows is what "stats count BY action principal" makes of rows: one row
// for each pair of values, and in how many rows the pair was. Those that the
// search is about come first, else they are in the order of the policy.
func statsRows(rows []seedRow) []SplunkRow {
	type pair struct{ action, principal string }
	places := make(map[pair]int) // where a pair is in list, counted from 1
	var list []SplunkRow
	for _, row := range rows {
		counted := make(map[pair]bool) // a value twice in one row counts once
		for _, action := range row.actions {
			for _, principal := range row.principals {
				p := pair{action, principal}
				if counted[p] {
					continue
				}
				counted[p] = true
				if places[p] == 0 {
					list = append(list, SplunkRow{KeyPolicyAction: action, KeyPolicyPrincipal: principal})
					places[p] = len(list)
				}
				list[places[p]-1].Count++
			}
		}
	}
	slices.SortStableFunc(list, func(a, b SplunkRow) int { return b.rank() - a.rank() })
	return list
}

// rank is high for the rows that the search is about: kms:Encrypt, then "*".
func (r SplunkRow) rank() (rank int) {
	if isEncrypt(r.KeyPolicyAction) {
		rank += 2
	}
	if r.KeyPolicyPrincipal == "*" {
		rank++
	}
	return rank
}

// lacksColumn reports whether a BY field of the rule would be empty.
func (f *Finding) lacksColumn() bool {
	for _, column := range []string{f.Event.Name, f.Event.Source, f.Source.UserAgent, f.Source.Address, f.Event.Account, f.Event.Region} {
		if column == "" {
			return true
		}
	}
	return f.Actor.Name == nobody && f.Actor.PrincipalID == ""
}

// A seedRow is a row after mvexpand with the values that the search reads.
type seedRow struct {
	actions    []string // Action, then Action{}
	principals []string // Principal.AWS, one at most
}

// encrypts reports whether one of the row's actions is kms:Encrypt in any
// letter case. "*" in the policy is not expanded: kms:* is another text.
func (r seedRow) encrypts() bool {
	for _, action := range r.actions {
		if isEncrypt(action) {
			return true
		}
	}
	return false
}

// isEncrypt reports whether search takes a value for kms:Encrypt.
func isEncrypt(action string) bool { return strings.EqualFold(action, "kms:Encrypt") }

// spathStatements extracts Statement{} of a policy and the fields of each. A
// policy that is not JSON, or whose Statement is no list, gives no rows.
func spathStatements(text string) []seedRow {
	var doc map[string]json.RawMessage
	var list []json.RawMessage
	if json.Unmarshal([]byte(text), &doc) != nil || json.Unmarshal(doc["Statement"], &list) != nil {
		return nil
	}
	var rows []seedRow
	for _, element := range list {
		var statement, principal map[string]json.RawMessage
		if json.Unmarshal(element, &statement) != nil {
			continue
		}
		row := seedRow{actions: spathValues(statement["Action"])}
		if json.Unmarshal(statement["Principal"], &principal) == nil {
			row.principals = spathScalar(principal["AWS"])
		}
		rows = append(rows, row)
	}
	return rows
}

// spathValues is what the paths X and X{} extract together: a single scalar, or
// the scalars of a list. What is neither gives nothing.
func spathValues(raw json.RawMessage) []string {
	if len(raw) == 0 || kindOf(raw) != "an array" {
		return spathScalar(raw)
	}
	var values []string
	for _, element := range elements(raw) {
		values = append(values, spathScalar(element)...)
	}
	return values
}

// spathScalar is what the path X extracts: the text of a scalar, numbers and
// booleans as they are written; nothing for empty text. A list wants the path
// X{}, which the rule does not read for principals, and "*" alone has no member
// AWS.
func spathScalar(raw json.RawMessage) []string {
	if len(raw) == 0 {
		return nil
	}
	switch kindOf(raw) {
	case "an object", "an array", "null":
		return nil
	}
	if text := scalar(raw); text != "" {
		return []string{text}
	}
	return nil
}
