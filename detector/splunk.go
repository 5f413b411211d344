package detector

import (
	"cmp"
	"slices"

	"github.com/kmsentry/kmsentry/internal/strictjson"
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
		UserAgent:     cmp.Or(f.Source.UserAgent, nobody),
		Src:           cmp.Or(f.Source.Address, nobody),
		VendorAccount: cmp.Or(f.Event.Account, f.Actor.Account, nobody),
		VendorRegion:  cmp.Or(f.Event.Region, nobody),
		VendorProduct: seedProduct,
		FirstTime:     f.Event.Time,
		LastTime:      f.Event.Time,
		RiskScore:     seedRiskScore,
		SeedSeverity:  seedSeverity,
	}
	rows := f.seedRows()
	s.WouldAlertWildcard = len(rows) > 0
	s.WouldAlertLiteral = slices.ContainsFunc(rows, func(r SplunkRow) bool { return isEveryone(r.KeyPolicyPrincipal) })
	if len(rows) == 0 {
		s.Rows, s.MoreRows = f.offendingRow().product()
		return s
	}
	shown := min(len(rows), maxSplunkRows)
	s.Rows, s.MoreRows = rows[:shown:shown], len(rows)-shown
	return s
}

// product returns the pairs of the row's actions and principals, as far as a
// finding carries them, and how many more there are: two long lists make more
// than anybody could count one by one.
func (r seedRow) product() (rows []SplunkRow, more int) {
	actions, principals := distinct(r.actions), distinct(r.principals)
	slices.SortStableFunc(actions, first(isEncrypt))
	slices.SortStableFunc(principals, first(isEveryone))
	for _, action := range actions {
		for _, principal := range principals {
			if len(rows) == maxSplunkRows {
				return rows, len(actions)*len(principals) - maxSplunkRows
			}
			rows = append(rows, SplunkRow{KeyPolicyAction: action, KeyPolicyPrincipal: principal, Count: 1})
		}
	}
	return rows, 0
}

// distinct returns the texts in their order, each once.
func distinct(texts []string) []string {
	seen := make(map[string]bool, len(texts))
	var list []string
	for _, text := range texts {
		if !seen[text] {
			seen[text] = true
			list = append(list, text)
		}
	}
	return list
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
		if v := o.value(name); v.Kind() != strictjson.None {
			return textsOf(v)
		}
	}
	return nil
}

// listedPrincipals returns the AWS principals of a statement, or all of them
// as JSON when there are none.
func listedPrincipals(o object) []string {
	for _, name := range []string{"Principal", "NotPrincipal"} {
		v := o.value(name)
		if v.Kind() == strictjson.None {
			continue
		}
		principals, err := readObject(name, v)
		if err != nil {
			return []string{v.Text()} // "*"
		}
		if aws := listed(principals, "AWS"); len(aws) > 0 {
			return aws
		}
		return []string{v.Text()}
	}
	return nil
}

// textsOf returns the texts of a list, or the one text of anything else.
func textsOf(v strictjson.Value) []string {
	if v.Kind() != strictjson.Array {
		return []string{v.Text()}
	}
	var texts []string
	for element := range v.Elements() {
		texts = append(texts, element.Text())
	}
	return texts
}
