package detector

import (
	"encoding/json"
	"strings"
)

// What the seed rule says of every hit, whatever the event.
// Source: Splunk Threat Research: a TTP detection has the score 50.
const (
	seedProduct   = "AWS CloudTrail"
	seedSeverity  = "medium"
	seedRiskScore = 50
)

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
		Count:         1,
		FirstTime:     f.Event.Time,
		LastTime:      f.Event.Time,
		RiskScore:     seedRiskScore,
		SeedSeverity:  seedSeverity,
	}
	s.KeyPolicyAction, s.KeyPolicyPrincipal = f.seedStatement()
	s.WouldAlertLiteral, s.WouldAlertWildcard = f.seedAlerts()
	return s
}

// seedStatement returns the actions and principals of the first offending
// Allow statement as written, several joined by ", "; "unknown" when there is
// no such statement.
func (f *Finding) seedStatement() (actions, principals string) {
	for _, s := range f.Statements {
		o, err := readDocument([]byte(s.Text))
		if err != nil || s.Effect != "Allow" {
			continue
		}
		return firstText(listed(o, "Action", "NotAction"), nobody), firstText(listedPrincipals(o), nobody)
	}
	return nobody, nobody
}

// listed returns the texts of the first of the named members, which is a
// string or a list of strings.
func listed(o object, names ...string) string {
	for _, name := range names {
		if raw := o.raw(name); raw != nil {
			return strings.Join(textsOf(raw), ", ")
		}
	}
	return ""
}

// listedPrincipals returns the AWS principals of a statement, or all of them
// as JSON when there are none.
func listedPrincipals(o object) string {
	for _, name := range []string{"Principal", "NotPrincipal"} {
		raw := o.raw(name)
		if raw == nil {
			continue
		}
		principals, err := readObject(name, raw)
		if err != nil {
			return o.text(name) // "*"
		}
		if aws := listed(principals, "AWS"); aws != "" {
			return aws
		}
		return string(raw)
	}
	return ""
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

// seedAlerts runs a model of the seed rule's pipeline over the event:
//
//	eventName=CreateKey OR eventName=PutKeyPolicy
//	| spath input=requestParameters.policy path=Statement{} | mvexpand
//	| spath path=Action | spath path=Action{} | mvappend | spath path=Principal.AWS
//	| search key_policy_action="kms:Encrypt" AND key_policy_principal="*"
//	| stats count ... BY signature dest user user_agent src vendor_account
//	    vendor_region vendor_product key_policy_action key_policy_principal
//
// literal reads the "*" of the search as the character, as its author meant;
// wildcard reads it as search does: any value. The rule looks neither at
// errorCode nor at Effect, Condition or Resource.
// Source: splunk/security_content, detections/cloud, and Splunk's manual
// (search: case-insensitive, "*" is a wildcard that cannot be escaped; stats:
// a row with an empty BY field is dropped).
func (f *Finding) seedAlerts() (literal, wildcard bool) {
	if f.Event.Name != createKey && f.Event.Name != putKeyPolicy {
		return false, false
	}
	for _, row := range spathStatements(f.Policy.Text) {
		if !row.encrypts() || row.principal == "" || f.lacksColumn() {
			continue
		}
		wildcard = true
		literal = literal || row.principal == "*"
	}
	return literal, wildcard
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

// A seedRow is a row behind mvexpand with the fields that the search reads.
type seedRow struct {
	actions   []string // Action, then Action{}
	principal string   // Principal.AWS when it is a single text; "" otherwise
}

// encrypts reports whether one of the row's actions is kms:Encrypt in any
// letter case. "*" in the policy is not expanded: kms:* is another text.
func (r seedRow) encrypts() bool {
	for _, action := range r.actions {
		if strings.EqualFold(action, "kms:Encrypt") {
			return true
		}
	}
	return false
}

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
		var statement map[string]json.RawMessage
		if json.Unmarshal(element, &statement) != nil {
			continue
		}
		rows = append(rows, seedRow{spathValues(statement["Action"]), spathPrincipal(statement["Principal"])})
	}
	return rows
}

// spathValues is what the paths X and X{} extract together: a single text, or
// the texts of a list.
func spathValues(raw json.RawMessage) []string {
	var one string
	if json.Unmarshal(raw, &one) == nil {
		return []string{one}
	}
	var many []string
	if json.Unmarshal(raw, &many) == nil {
		return many
	}
	return nil
}

// spathPrincipal is what the path Principal.AWS extracts: a single text. A
// list wants the path Principal.AWS{}, which the rule does not read, and "*"
// alone has no member AWS.
func spathPrincipal(raw json.RawMessage) string {
	var kinds map[string]json.RawMessage
	if json.Unmarshal(raw, &kinds) != nil {
		return ""
	}
	var one string
	if json.Unmarshal(kinds["AWS"], &one) != nil {
		return ""
	}
	return one
}
