package ocsf

import (
	"iter"
	"time"

	"github.com/kmsentry/kmsentry/alert/safe"
	"github.com/kmsentry/kmsentry/alert/words"
	"github.com/kmsentry/kmsentry/detector"
)

// A sweepFinding is the finding of a sweep, about many keys and without an event.
type sweepFinding struct {
	detectionFinding
	Evidences []sweptEvidence `json:"evidences"`
	Unmapped  *unmapped       `json:"unmapped,omitempty"` // the seed rule has no rows without an event
}

// A sweptEvidence is kmsentry's own part, one per key. Members that evidenceData also
// has are of the same type, since indexes reject two types under one name.
type sweptEvidence struct {
	Data sweptData `json:"data"`
}

type sweptData struct {
	KeyARN    string             `json:"key_arn"`
	Key       evidenceKey        `json:"key"`
	Account   string             `json:"account,omitempty"`
	Region    string             `json:"region,omitempty"`
	State     string             `json:"state,omitempty"`
	Severity  string             `json:"severity"`
	Verdict   string             `json:"verdict"`
	Least     string             `json:"least,omitempty"` // of the policy, when it is news
	Most      string             `json:"most,omitempty"`
	Title     string             `json:"title"`
	Locked    bool               `json:"owner_locked"`
	Event     string             `json:"event"` // whether the event of the change arrived: a SweptCall
	Heard     string             `json:"event_heard,omitempty"`
	Unread    []string           `json:"unread,omitempty"`
	Grants    []evidenceGrant    `json:"grants"`    // of the policy, with witnesses
	Undecided []evidenceOpen     `json:"undecided"` // of the policy
	Future    *evidenceFuture    `json:"future,omitempty"`
	KMSGrants []words.SweptGrant `json:"kms_grants"` // KMS grants to outsiders
	Expired   []string           `json:"expired_exceptions,omitempty"`
	Cut       []string           `json:"cut,omitempty"`
}

// NarrowingSweep yields the finding of a sweep of at least one key, sorted with the
// worst first, with one resource and one evidence per key. The first has the most;
// the next ones have fewer keys and less about each, and the last one fits a message
// and leaves room for the other channels. o must be valid.
func NarrowingSweep(s words.Sweep, o words.Options) iter.Seq[any] {
	return func(yield func(any) bool) {
		for _, l := range sweepNarrowing() {
			if !yield(sweepWithin(s, o, min(l.keys, len(s.Keys)), l.each)) {
				return
			}
		}
	}
}

// sweepWithin returns the finding with the first most keys, each within l.
func sweepWithin(s words.Sweep, o words.Options, most int, l limits) sweepFinding {
	t := bound(l.text)
	head := s.WorstKey()
	uid := safe.OrUnknown(safe.Sanitize(s.UID, 64))
	out := detectionFinding{
		ActivityID: 1, ActivityName: "Create",
		CategoryUID: 2, CategoryName: "Findings",
		ClassUID: 2004, ClassName: "Detection Finding",
		TypeUID: 200401, TypeName: "Detection Finding: Create",
		Time: millis(o.Now), StatusID: 1, Status: "New", StatusCode: "Success", StatusDetail: s.ComparedWith(),
		ConfidenceID: 3, Confidence: "High", RiskScore: 50, IsAlert: true,
		ActionID: 3, Action: "Observed", DispositionID: 15, Disposition: "Detected",
		Message: s.Brief(),
		Metadata: metadata{
			Version: schemaVersion, UID: uid, CorrelationUID: uid,
			Product:  product{Name: "kmsentry", VendorName: "kmsentry", Version: words.Build(o)},
			Profiles: []string{"cloud", "security_control"}, LogName: "AWS KMS", LogProvider: "AWS", IsTruncated: most < len(s.Keys),
		},
		Cloud: cloud{Provider: "AWS", CloudPartition: t.of(head.Key.Partition), Region: t.of(head.Key.Region), Account: t.account(head.Key.Account)},
		FindingInfo: findingInfo{
			UID: uid, Title: s.Brief(), Desc: s.ComparedWith(),
			Types:            []string{"TTPs/Impact/Data Encrypted for Impact"},
			Analytic:         analytic{UID: "kmsentry-sweep", Name: "kmsentry: KMS keys open to outsiders, read from KMS", TypeID: 1, Type: "Rule", Version: words.Build(o)},
			RelatedAnalytics: []analytic{{UID: detector.RuleID, Name: "AWS Detect Users creating keys with encrypt policy without MFA", TypeID: 1, Type: "Rule", Version: "11"}},
			Attacks:          []attack{{Version: "17.1", Technique: mitreName{"T1486", "Data Encrypted for Impact"}, Tactic: mitreName{"TA0040", "Impact"}}},
			CreatedTime:      millis(o.Now), LastSeenTime: millis(o.Now), DataSources: []string{"AWS KMS"},
		},
		Remediation: remediation{
			Desc:       "For each key: find out who changed it (CloudTrail), save the policy in force, and put a trusted policy back; retire or revoke grants that nobody intended. Never delete the key: what is encrypted under it would be lost.",
			References: references(o),
		},
	}
	if o.Test {
		out.Metadata.Labels = []string{"test"}
	}
	out.SeverityID, out.Severity, out.ImpactID, out.Impact, out.RiskLevelID, out.RiskLevel = ranks(head.Severity)
	finding := sweepFinding{detectionFinding: out, Evidences: []sweptEvidence{}}
	for _, k := range s.Keys[:most] {
		finding.Resources = append(finding.Resources, t.resources(k.Key)...)
		finding.Evidences = append(finding.Evidences, sweptEvidence{t.swept(k, l)})
	}
	return finding
}

// swept returns the evidence about one key.
func (t bound) swept(k words.SweptKey, l limits) sweptData {
	d := sweptData{
		KeyARN: t.of(k.Key.ARN), Account: t.of(k.Key.Account), Region: t.of(k.Key.Region), State: t.of(k.State), Severity: k.Severity.String(),
		Verdict: k.Verdict().String(), Title: k.Title(), Event: k.Call.String(),
		Grants: []evidenceGrant{}, Undecided: []evidenceOpen{}, KMSGrants: []words.SweptGrant{},
	}
	if k.Call == words.CallHeard {
		d.Heard = k.Heard.UTC().Format(time.RFC3339)
	}
	for _, part := range k.Unread {
		d.Unread = append(d.Unread, t.of(part))
	}
	for _, name := range k.Expired[:min(len(k.Expired), 16)] {
		d.Expired = append(d.Expired, safe.Sanitize(name, 64))
	}
	c := &cutter{l: l, f: k.Policy}
	d.Key = c.key(k.Key)
	if k.Policy != nil {
		var e evidenceData
		c.decision(&e, k.Policy.Decision)
		d.Locked, d.Future, d.Least, d.Most = k.Policy.OwnerLocked, e.Future, e.Least, e.Most
		d.Grants, d.Undecided = append(d.Grants, e.Grants...), append(d.Undecided, e.Undecided...)
	}
	for _, g := range k.Grants[:c.keep("kms_grants", len(k.Grants), l.grants)] {
		shown := words.SweptGrant{ID: t.of(g.ID), Grantee: t.of(g.Grantee), Operations: []string{}, Audience: g.Audience}
		for _, op := range g.Operations[:min(len(g.Operations), 32)] {
			shown.Operations = append(shown.Operations, t.of(op))
		}
		d.KMSGrants = append(d.KMSGrants, shown)
	}
	d.Cut = c.cuts
	return d
}
