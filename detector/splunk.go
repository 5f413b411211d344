package detector

import (
	"cmp"
	"slices"

	"github.com/kmsentry/kmsentry/internal/strictjson"
)

// The constant columns of the seed rule.
// Source: Splunk Threat Research: a TTP detection has the score 50.
const (
	seedProduct   = "AWS CloudTrail"
	seedSeverity  = "medium"
	seedRiskScore = 50
)

// maxSplunkRows is the most rows that a finding carries: a policy of 32 KB can
// give thousands, and a message is limited to 256 KB.
const maxSplunkRows = 100

// splunk returns the seed rule's columns and whether the rule would have fired.
// No column is empty here, although Splunk drops a row that has an empty one.
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

// product returns the pairs of the row's actions and principals, at most
// maxSplunkRows of them, and how many more there are. It never builds all pairs:
// two long lists have millions.
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

// distinct returns the texts without repetitions, in order of first occurrence.
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

// offendingRow returns the row of the first offending Allow statement, for a
// finding for which the seed rule prints no row. A column without a value is
// "unknown".
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

// listed returns the texts of the first of the named members that is present;
// nil when none is.
func listed(o object, names ...string) []string {
	for _, name := range names {
		if v := o.value(name); v.Kind() != strictjson.None {
			return textsOf(v)
		}
	}
	return nil
}

// listedPrincipals returns the AWS principals of a statement or, when it has
// none, its whole Principal or NotPrincipal as written.
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

// textsOf returns the texts of the elements of a list, or the text of any other
// value.
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
