package history

import (
	"cmp"
	"encoding/json"
	"slices"
	"time"

	"github.com/kmsentry/kmsentry/detector"
	"github.com/kmsentry/kmsentry/detector/policy"
)

// A Class is the verdict of one class of actions, with the verdicts when what
// was not decided opens least and most.
type Class struct {
	Verdict policy.Verdict `json:"verdict"`
	Least   policy.Verdict `json:"least"`
	Most    policy.Verdict `json:"most"`
}

// Classes are the verdicts by class of actions: those that make ciphertext,
// those that read the owner's data or sign for it, and the others.
type Classes struct {
	Encrypt Class `json:"encrypt"`
	Use     Class `json:"use"`
	Other   Class `json:"other"`
}

// classesOf derives the classes from what a decision says today.
func classesOf(f *detector.Finding) Classes {
	sure := policy.Private
	for _, g := range f.Decision.Grants {
		sure = max(sure, g.Audience)
	}
	c := Classes{Encrypt: Class{f.Verdict, f.Verdict, f.Verdict}}
	if f.Verdict == policy.Undecided || len(f.Decision.Undecided) > 0 {
		c.Encrypt.Least, c.Encrypt.Most = sure, policy.Public
	}
	use, other := policy.Private, policy.Private
	for _, g := range f.Decision.Others {
		switch g.Action {
		case "kms:Decrypt", "kms:ReEncryptFrom", "kms:Sign", "kms:GenerateMac", "kms:DeriveSharedSecret":
			use = max(use, g.Audience)
		default:
			other = max(other, g.Audience)
		}
	}
	c.Use, c.Other = Class{use, use, use}, Class{other, other, other}
	if f.Problem != "" {
		c.Encrypt.Least = policy.Private
		c.Use = Class{policy.Undecided, policy.Private, policy.Public}
		c.Other = c.Use
	}
	return c
}

// A Group is a row of the seed rule's stats over the findings, with what the
// decision adds to it. The first ten members are the seed's BY columns.
type Group struct {
	Signature          string    `json:"signature"`
	Dest               string    `json:"dest"`
	User               string    `json:"user"`
	UserAgent          string    `json:"user_agent"`
	Src                string    `json:"src"`
	VendorAccount      string    `json:"vendor_account"`
	VendorRegion       string    `json:"vendor_region"`
	VendorProduct      string    `json:"vendor_product"`
	KeyPolicyAction    string    `json:"key_policy_action"`
	KeyPolicyPrincipal string    `json:"key_policy_principal"`
	Count              int       `json:"count"`
	FirstTime          time.Time `json:"firstTime"`
	LastTime           time.Time `json:"lastTime"`
	Key                string    `json:"key"`
	Account            string    `json:"account"`
	Region             string    `json:"region"`
	Verdict            string    `json:"verdict"`
	Classes            Classes   `json:"classes"`
	Severity           string    `json:"severity"`
	Attempted          bool      `json:"attempted"`
	EventIDs           []string  `json:"event_ids"`
}

// groupKey is what a row is grouped by.
type groupKey struct {
	columns              [10]string
	key, account, region string
	verdict              policy.Verdict
	classes              Classes
	severity             detector.Severity
	attempted            bool
}

// Findings returns the events that are findings and not accepted, in the order
// of their time.
func (a *Archive) Findings() []*Event {
	var found []*Event
	for _, e := range a.sorted() {
		if e.Finding != nil && e.Accepted == "" {
			found = append(found, e)
		}
	}
	return found
}

// sorted returns all events by time, then id.
func (a *Archive) sorted() []*Event {
	all := make([]*Event, 0, len(a.events))
	for _, e := range a.events {
		all = append(all, e)
	}
	slices.SortFunc(all, func(x, y *Event) int { return cmp.Or(x.Time.Compare(y.Time), cmp.Compare(x.ID, y.ID)) })
	return all
}

// Groups groups findings as the seed's stats does: one row for each value of
// the columns, the worst severity first, then by time.
func Groups(findings []*Event) []Group {
	rows := map[groupKey]*Group{}
	var order []groupKey
	for _, e := range findings {
		f := e.Finding
		for _, row := range splunkRows(f) {
			k := groupKey{
				columns: [10]string{
					f.Splunk.Signature, f.Splunk.Dest, f.Splunk.User, f.Splunk.UserAgent, f.Splunk.Src,
					f.Splunk.VendorAccount, f.Splunk.VendorRegion, f.Splunk.VendorProduct, row.action, row.principal,
				},
				key: e.Key, account: e.Account, region: e.Region,
				verdict: f.Verdict, classes: classesOf(f), severity: f.Severity, attempted: f.Attempted,
			}
			g := rows[k]
			if g == nil {
				g = k.group()
				g.FirstTime = e.Time
				rows[k] = g
				order = append(order, k)
			}
			g.Count++
			if e.Time.Before(g.FirstTime) {
				g.FirstTime = e.Time
			}
			if e.Time.After(g.LastTime) {
				g.LastTime = e.Time
			}
			g.EventIDs = append(g.EventIDs, e.ID)
		}
	}
	slices.SortStableFunc(order, func(x, y groupKey) int {
		return cmp.Or(-cmp.Compare(x.severity, y.severity), rows[x].FirstTime.Compare(rows[y].FirstTime),
			cmp.Compare(x.key, y.key), slices.Compare(x.columns[:], y.columns[:]))
	})
	out := make([]Group, 0, len(order))
	for _, k := range order {
		slices.Sort(rows[k].EventIDs)
		out = append(out, *rows[k])
	}
	return out
}

func (k groupKey) group() *Group {
	c := k.columns
	return &Group{
		Signature: c[0], Dest: c[1], User: c[2], UserAgent: c[3], Src: c[4], VendorAccount: c[5], VendorRegion: c[6], VendorProduct: c[7],
		KeyPolicyAction: c[8], KeyPolicyPrincipal: c[9], Key: k.key, Account: k.account, Region: k.region,
		Verdict: k.verdict.String(), Classes: k.classes, Severity: k.severity.String(), Attempted: k.attempted,
	}
}

// A splunkRow is a row of the seed's stats for one finding.
type splunkRow struct{ action, principal string }

// splunkRows returns the rows that the seed's stats would give for a finding:
// one for each action and principal of the statement whose columns the finding
// shows.
func splunkRows(f *detector.Finding) []splunkRow {
	for _, s := range f.Statements {
		var statement struct {
			Action, NotAction       texts
			Principal, NotPrincipal principals
		}
		if s.Effect != "Allow" || json.Unmarshal([]byte(s.Text), &statement) != nil {
			continue
		}
		var rows []splunkRow
		for _, a := range firstList(statement.Action, statement.NotAction) {
			for _, p := range firstList(texts(statement.Principal), texts(statement.NotPrincipal)) {
				rows = append(rows, splunkRow{a, p})
			}
		}
		if len(rows) > 0 {
			return rows
		}
	}
	return []splunkRow{{f.Splunk.KeyPolicyAction, f.Splunk.KeyPolicyPrincipal}}
}

func firstList(lists ...texts) texts {
	for _, l := range lists {
		if len(l) > 0 {
			return l
		}
	}
	return nil
}

// texts is a string or a list of strings, each once.
type texts []string

// UnmarshalJSON reads either form; another value leaves it empty.
func (t *texts) UnmarshalJSON(raw []byte) error {
	var one string
	var many []string
	switch {
	case json.Unmarshal(raw, &one) == nil:
		*t = texts{one}
	case json.Unmarshal(raw, &many) == nil:
		for _, s := range many {
			if !slices.Contains(*t, s) {
				*t = append(*t, s)
			}
		}
	}
	return nil
}

// principals are the AWS principals of a statement, or all of it as JSON.
type principals texts

// UnmarshalJSON reads "*" or an object.
func (p *principals) UnmarshalJSON(raw []byte) error {
	var one string
	var kinds map[string]texts
	switch {
	case json.Unmarshal(raw, &one) == nil:
		*p = principals{one}
	case json.Unmarshal(raw, &kinds) == nil && len(kinds["AWS"]) > 0:
		*p = principals(kinds["AWS"])
	default:
		*p = principals{string(raw)}
	}
	return nil
}
