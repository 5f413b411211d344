package history

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/kmsentry/kmsentry/detector"
	"github.com/kmsentry/kmsentry/detector/policy/decide"
)

// A Group is a row of the seed rule's stats over the findings, with what the
// decision adds to it. The first ten members are the seed's BY columns.
type Group struct {
	Signature          string         `json:"signature"`
	Dest               string         `json:"dest"`
	User               string         `json:"user"`
	UserAgent          string         `json:"user_agent"`
	Src                string         `json:"src"`
	VendorAccount      string         `json:"vendor_account"`
	VendorRegion       string         `json:"vendor_region"`
	VendorProduct      string         `json:"vendor_product"`
	KeyPolicyAction    string         `json:"key_policy_action"`
	KeyPolicyPrincipal string         `json:"key_policy_principal"`
	Count              int            `json:"count"`
	FirstTime          time.Time      `json:"firstTime"`
	LastTime           time.Time      `json:"lastTime"`
	Key                string         `json:"key"`
	Account            string         `json:"account"`
	Region             string         `json:"region"`
	Verdict            string         `json:"verdict"`
	Classes            decide.Classes `json:"classes"`
	Severity           string         `json:"severity"`
	Attempted          bool           `json:"attempted"`
	Outcome            string         `json:"outcome,omitempty"` // "unknown" when nobody can tell whether the calls took effect; else absent
	EventIDs           []string       `json:"event_ids"`
	Kinds              []string       `json:"kinds,omitempty"`     // what the verdict does not say, of Kinds
	MoreRows           int            `json:"more_rows,omitempty"` // rows of the same policies that a finding does not carry: it has at most 100
}

// groupKey is what a row is grouped by.
type groupKey struct {
	columns              [10]string
	key, account, region string
	verdict              decide.Verdict
	classes              decide.Classes
	severity             detector.Severity
	attempted            bool
	outcome              detector.Outcome
	kinds                string // joined
	more                 int
}

// The kinds of a finding, besides its verdict.
const (
	Locked    = detector.KindLocked
	TakenOver = detector.KindTakenOver
	Guarded   = detector.KindGuarded
	Bypassed  = detector.KindBypassed
	Revokes   = detector.KindRevokes
	Later     = detector.KindLater
)

// Groups groups findings as the seed's stats does: one row for each value of
// the columns, the worst severity first, then by time.
func Groups(findings []*Event) []Group {
	rows := map[groupKey]*Group{}
	var order []groupKey
	for _, e := range findings {
		f := e.Finding
		kinds := strings.Join(e.Kinds, " ")
		for _, row := range f.Splunk.Rows {
			k := groupKey{
				columns: [10]string{
					f.Splunk.Signature, f.Splunk.Dest, f.Splunk.User, f.Splunk.UserAgent, f.Splunk.Src,
					f.Splunk.VendorAccount, f.Splunk.VendorRegion, f.Splunk.VendorProduct, row.KeyPolicyAction, row.KeyPolicyPrincipal,
				},
				key: e.Key, account: e.Account, region: e.Region,
				verdict: f.Verdict, classes: f.Decision.Classes, severity: f.Severity, attempted: f.Attempted, outcome: e.Outcome, kinds: kinds, more: f.Splunk.MoreRows,
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
			cmp.Compare(x.key, y.key), slices.Compare(x.columns[:], y.columns[:]), cmp.Compare(x.outcome, y.outcome),
			cmp.Compare(x.kinds, y.kinds), cmp.Compare(x.more, y.more))
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
		Verdict: k.verdict.String(), Classes: k.classes, Severity: k.severity.String(), Attempted: k.attempted, Outcome: told(k.outcome),
		Kinds: strings.Fields(k.kinds), MoreRows: k.more,
	}
}

// told is an outcome that has to be said besides Attempted: "unknown", or "".
func told(o detector.Outcome) string {
	if o == detector.OutcomeUnknown {
		return o.String()
	}
	return ""
}
