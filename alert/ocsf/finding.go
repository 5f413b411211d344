package ocsf

import (
	"cmp"
	"iter"
	"strings"
	"time"

	"github.com/kmsentry/kmsentry/alert/playbook"
	"github.com/kmsentry/kmsentry/alert/safe"
	"github.com/kmsentry/kmsentry/alert/words"
	"github.com/kmsentry/kmsentry/detector"
	"github.com/kmsentry/kmsentry/detector/policy/decide"
)

// schemaVersion is the OCSF version of the findings, the one that AWS Security Hub
// uses (Security Hub user guide, securityhub-ocsf.html).
const schemaVersion = "1.6.0"

// Compose returns the finding as an OCSF 1.6 Detection Finding (class 2004), as JSON
// on one line. It returns an error when o is invalid.
func Compose(f *detector.Finding, o words.Options) (string, error) {
	if err := o.Check(); err != nil {
		return "", err
	}
	return words.JSON(findingWithin(f, o, narrowing[0]))
}

// Narrowing yields the finding that Compose writes, first whole and then with less
// and less of its lists and texts, each naming what was cut. Whatever f holds, the
// last one fits a message and leaves room for the other channels. o must be valid.
func Narrowing(f *detector.Finding, o words.Options) iter.Seq[any] {
	return func(yield func(any) bool) {
		for _, l := range narrowing {
			if !yield(findingWithin(f, o, l)) {
				return
			}
		}
	}
}

// findingWithin returns the finding within l.
func findingWithin(f *detector.Finding, o words.Options, l limits) detectionFinding {
	data, isCut := dataOf(f, o, l)
	t := bound(l.text)
	out := detectionFinding{
		ActivityID: 1, ActivityName: "Create",
		CategoryUID: 2, CategoryName: "Findings",
		ClassUID: 2004, ClassName: "Detection Finding",
		TypeUID: 200401, TypeName: "Detection Finding: Create",
		Time: millis(o.Now), StartTime: millis(f.Event.Time), EndTime: millis(f.Event.Time),
		StatusID: 1, Status: "New",
		StatusCode: t.of(f.Event.ErrorCode), StatusDetail: statusDetail(f),
		RiskScore: f.Splunk.RiskScore, IsAlert: true,
		ActionID: 3, Action: "Observed",
		DispositionID: 15, Disposition: "Detected",
		Message:     t.of(oneLine(f)),
		Metadata:    metadataOf(f, o, isCut),
		Cloud:       cloud{Provider: "AWS", CloudPartition: t.of(f.Key.Partition), Region: t.of(f.Event.Region), Account: t.account(f.Event.Account)},
		FindingInfo: t.findingInfo(f, o),
		Resources:   t.resources(f.Key),
		Evidences:   []evidenceArtifacts{t.evidence(f, data)},
		Observables: t.observables(f),
		Remediation: remediation{Desc: remedy(f), References: references(o)},
		Unmapped:    unmapped{t.splunk(f.Splunk, l.rows)},
	}
	if f.Event.ErrorCode == "" {
		out.StatusCode = "Success"
	}
	out.SeverityID, out.Severity, out.ImpactID, out.Impact, out.RiskLevelID, out.RiskLevel = ranks(f.Severity)
	out.ConfidenceID, out.Confidence = confidence(f)
	return out
}

// statusDetail returns the outcome of the call in a sentence.
func statusDetail(f *detector.Finding) string {
	switch {
	case f.Attempted:
		return "AWS refused the call; this policy is not in force."
	case words.OutcomeUnknown(f):
		return "The outcome of the call is not known; the policy may be in force."
	case words.NotInRecord(f):
		return "The call was accepted; the policy is not in the record."
	default:
		return "The call was accepted; the policy is in force."
	}
}

// confidence returns OCSF's confidence: low when the verdict is undecided, medium
// when it is not known whether the policy is in force, otherwise high.
func confidence(f *detector.Finding) (id int, name string) {
	switch {
	case f.Verdict == decide.Undecided:
		return 1, "Low"
	case words.OutcomeUnknown(f):
		return 2, "Medium"
	default:
		return 3, "High"
	}
}

// millis returns t as OCSF's timestamp_t, in milliseconds; 0, which is left out of
// the JSON, for the zero time.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// ranks returns OCSF's severity, impact and risk level.
func ranks(s detector.Severity) (severityID int, severity string, impactID int, impact string, riskID int, risk string) {
	switch s {
	case detector.Critical:
		return 5, "Critical", 4, "Critical", 4, "Critical"
	case detector.High:
		return 4, "High", 3, "High", 3, "High"
	case detector.Medium:
		return 3, "Medium", 2, "Medium", 2, "Medium"
	default:
		return 2, "Low", 1, "Low", 1, "Low"
	}
}

// oneLine returns the finding on one line.
func oneLine(f *detector.Finding) string {
	return words.Title(f) + ": " + safe.OrUnknown(safe.Sanitize(f.Event.Name, 64)) + " by " + words.Who(f.Actor) + " (MFA: " + words.MFAState(f.Actor) + ")" + words.OutcomeWord(f) + "; key " + words.WhichKey(f)
}

// remedy returns what to do, as text that other tools can show.
func remedy(f *detector.Finding) string {
	switch {
	case f.Attempted:
		return "The call changed nothing. Ask the caller; if it was not one of yours, revoke its credentials."
	case words.NotInRecord(f):
		return "Fetch the key policy (aws kms get-key-policy), judge it (kmsentry check), and ask the caller. If it is open, put a trusted policy back. Never delete the key: what is encrypted under it would be lost."
	}
	if f.OwnerLocked {
		return strings.Join(playbook.LockedSteps(f), " ")
	}
	return "Save the current key policy, ask the caller, and put a trusted policy back (evidences[0].data.repaired_policy proposes one when that is safe). Disable the key only as a last resort: decryption stops too. Never delete the key: what is encrypted under it would be lost."
}

// references returns the URLs of pages to read, the runbook first.
func references(o words.Options) []string {
	pages := []string{
		"https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-modifying.html",
		"https://attack.mitre.org/techniques/T1486/",
	}
	if o.RunbookURL != "" {
		pages = append([]string{o.RunbookURL}, pages...)
	}
	return pages
}

// metadataOf returns OCSF's metadata of the finding; isCut says that it was cut.
func metadataOf(f *detector.Finding, o words.Options, isCut bool) metadata {
	m := metadata{
		Version: schemaVersion, UID: safe.OrUnknown(safe.Sanitize(f.UID, 64)), CorrelationUID: words.ThreadID(f),
		Product:  product{Name: "kmsentry", VendorName: "kmsentry", Version: words.Build(o)},
		Profiles: []string{"cloud", "security_control"},
		LogName:  "AWS CloudTrail", LogProvider: "AWS", IsTruncated: isCut,
	}
	if !f.Event.Time.IsZero() {
		m.OriginalTime = f.Event.Time.UTC().Format(time.RFC3339)
	}
	if o.Test {
		m.Labels = []string{"test"}
	}
	return m
}

// A bound is the number of runes of event text to keep.
type bound int

// of returns s sanitized and cut to t runes.
func (t bound) of(s string) string { return safe.Sanitize(s, int(t)) }

// account returns an AWS account; nil when id is "".
func (t bound) account(id string) *account {
	if id == "" {
		return nil
	}
	return &account{UID: t.of(id), TypeID: 10, Type: "AWS Account"}
}

// findingInfo returns what was found and the rule that found it.
func (t bound) findingInfo(f *detector.Finding, o words.Options) findingInfo {
	info := findingInfo{
		UID: safe.OrUnknown(safe.Sanitize(f.UID, 64)), Title: words.Title(f), Desc: words.Capitalized(words.Meaning(f)),
		Types:            []string{"TTPs/Impact/Data Encrypted for Impact"},
		Analytic:         analytic{UID: detector.RuleID, Name: "AWS Detect Users creating keys with encrypt policy without MFA", TypeID: 1, Type: "Rule", Version: "11"},
		RelatedAnalytics: []analytic{{UID: "kmsentry-key-policy", Name: "kmsentry: KMS key policy open to outsiders", TypeID: 1, Type: "Rule", Version: words.Build(o)}},
		Attacks:          []attack{{Version: "17.1", Technique: mitreName{"T1486", "Data Encrypted for Impact"}, Tactic: mitreName{"TA0040", "Impact"}}},
		CreatedTime:      millis(o.Now), FirstSeenTime: millis(f.Event.Time), LastSeenTime: millis(f.Event.Time),
		DataSources: []string{"AWS CloudTrail"},
		SrcURL:      words.EventLink(f),
	}
	if f.Event.ID != "" {
		info.RelatedEvents = []relatedEvent{{UID: t.of(f.Event.ID), Type: "AWS CloudTrail", Product: product{Name: "AWS CloudTrail", VendorName: "AWS"}}}
	}
	return info
}

// resources returns the key as the one resource.
func (t bound) resources(k detector.Key) []resource {
	r := resource{UID: t.of(k.ARN), Name: t.of(words.KeyName(k)), Type: "AWS::KMS::Key", Region: t.of(k.Region), CloudPartition: t.of(k.Partition)}
	if a := t.account(k.Account); a != nil {
		r.Owner = &owner{*a}
	}
	return []resource{r}
}

// evidence returns who did what, from where, with kmsentry's own data.
func (t bound) evidence(f *detector.Finding, data evidenceData) evidenceArtifacts {
	e := evidenceArtifacts{
		Actor: t.actor(f.Actor),
		API: api{
			Operation: safe.OrUnknown(t.of(f.Event.Name)),
			Service:   service{safe.OrUnknown(t.of(f.Event.Source))},
			Version:   t.of(f.Event.APIVersion),
		},
		SrcEndpoint: t.endpoint(f.Source),
		Data:        data,
	}
	if f.Event.RequestID != "" {
		e.API.Request = &request{t.of(f.Event.RequestID)}
	}
	if f.Event.ErrorCode != "" {
		e.API.Response = &response{t.of(f.Event.ErrorCode), t.of(f.Event.ErrorMessage)}
	}
	if f.Source.UserAgent != "" {
		e.HTTPRequest = &httpRequest{t.of(f.Source.UserAgent)}
	}
	return e
}

// actor returns the caller: an AWS service as the application, the person or program
// as the user, and whoever authenticated them as the identity provider.
func (t bound) actor(a detector.Actor) actor {
	return actor{
		AppName: t.of(a.InvokedBy), AppUID: t.of(cmp.Or(a.InScopeOf.SourceARN, a.InScopeOf.IssuedTo)),
		User: t.user(a), Session: t.session(a), IDP: t.idp(a),
	}
}

// user returns the caller as OCSF's user.
func (t bound) user(a detector.Actor) user {
	u := user{
		UID: t.of(cmp.Or(a.ARN, a.OnBehalfOf.UserID)), UIDAlt: t.of(a.PrincipalID), Name: safe.OrUnknown(t.of(a.Name)),
		Type: safe.OrUnknown(t.of(a.Type)), TypeID: userTypeID(a), Account: t.account(a.Account),
	}
	if a.AccessKeyID != "" {
		kind := "Temporary"
		if a.LongTermKey {
			kind = "Long-term"
		}
		u.Credentials = []credential{{t.of(a.AccessKeyID), kind}}
	}
	return u
}

// userTypeID returns OCSF's type of user: 0 unknown, 1 a person, 2 the account's
// administrator, 4 a service, 99 another type, which Type names.
func userTypeID(a detector.Actor) int {
	switch {
	case a.Type == "AWSService" || a.ServiceLinked:
		return 4
	case a.Type == "Root":
		return 2
	case a.Type == "IAMUser" || a.Type == "IdentityCenterUser" || a.Type == "SAMLUser" || a.SSO:
		return 1
	case a.Type == "" || a.Type == "Unknown":
		return 0
	default:
		return 99
	}
}

// session returns the caller's session; nil when the record says nothing about one.
// is_mfa is left out when it is not known, since false would mean no MFA.
func (t bound) session(a detector.Actor) *session {
	s := session{Issuer: t.of(cmp.Or(a.RoleARN, a.Broker)), CreatedTime: millis(a.SessionStart), UIDAlt: t.of(a.SourceIdentity)}
	if a.Role != "" || a.Broker != "" {
		s.UID = t.of(a.ARN)
	}
	if !a.LongTermKey {
		s.CredentialUID = t.of(a.AccessKeyID)
	}
	switch a.MFA {
	case detector.MFAYes, detector.MFANo:
		yes := a.MFA == detector.MFAYes
		s.IsMFA = &yes
	}
	if s == (session{}) {
		return nil
	}
	return &s
}

// idp returns the identity provider, or the broker of a federated session, where the
// caller signed in; nil when that is AWS itself or not known.
func (t bound) idp(a detector.Actor) *idp {
	switch {
	case a.OnBehalfOf.StoreARN != "" || a.SSO:
		return &idp{Name: "AWS IAM Identity Center", UID: t.of(a.OnBehalfOf.StoreARN)}
	case a.FederatedProvider != "":
		return &idp{Name: t.of(words.LastOf(a.FederatedProvider)), UID: t.of(a.FederatedProvider)}
	case a.Broker != "":
		return &idp{Name: t.of(words.LastOf(a.Broker)), UID: t.of(a.Broker)}
	default:
		return nil
	}
}

// endpoint returns where the call came from; nil when the record does not say.
func (t bound) endpoint(s detector.Source) *endpoint {
	e := endpoint{InterfaceUID: t.of(s.VPCEndpoint)}
	if s.IsIP {
		e.IP = t.of(s.Address)
	} else {
		e.SvcName = t.of(s.Address)
	}
	if e == (endpoint{}) {
		return nil
	}
	return &e
}

// observables returns the values on which other tools pivot.
func (t bound) observables(f *detector.Finding) []observable {
	var all []observable
	add := func(name string, id int, kind, value string) {
		if value != "" {
			all = append(all, observable{name, id, kind, t.of(value)})
		}
	}
	if f.Source.IsIP {
		add("evidences[0].src_endpoint.ip", 2, "IP Address", f.Source.Address)
	}
	add("evidences[0].http_request.user_agent", 16, "HTTP User-Agent", f.Source.UserAgent)
	add("evidences[0].actor.user.name", 4, "User Name", safe.OrUnknown(f.Actor.Name))
	if f.Actor.LongTermKey {
		add("evidences[0].actor.user.programmatic_credentials[0].uid", 19, "User Credential ID", f.Actor.AccessKeyID)
	} else {
		add("evidences[0].actor.session.credential_uid", 19, "User Credential ID", f.Actor.AccessKeyID)
	}
	add("cloud.account.uid", 35, "Account Object: uid", f.Event.Account)
	add("resources[0].uid", 10, "Resource UID", f.Key.ARN)
	return all
}

// splunk returns what the seed rule would print: the columns that its rows share,
// those of the first row, and at most the given number of rows.
func (t bound) splunk(s detector.Splunk, most int) splunkColumns {
	at := func(when time.Time) string {
		if when.IsZero() {
			return "unknown"
		}
		return when.UTC().Format(time.RFC3339)
	}
	rows := make([]splunkRow, min(len(s.Rows), most))
	for i, r := range s.Rows[:len(rows)] {
		rows[i] = splunkRow{t.of(r.KeyPolicyAction), t.of(r.KeyPolicyPrincipal), r.Count}
	}
	first := splunkRow{safe.OrUnknown(""), safe.OrUnknown(""), 1}
	if len(rows) > 0 {
		first = rows[0]
	}
	return splunkColumns{
		Signature: t.of(s.Signature), Dest: t.of(s.Dest), User: t.of(s.User), UserAgent: t.of(s.UserAgent), Src: t.of(s.Src),
		VendorAccount: t.of(s.VendorAccount), VendorRegion: t.of(s.VendorRegion), VendorProduct: t.of(s.VendorProduct),
		splunkRow: first, Rows: rows, MoreRows: s.MoreRows + len(s.Rows) - len(rows), FirstTime: at(s.FirstTime), LastTime: at(s.LastTime),
		RiskScore: s.RiskScore, Severity: t.of(s.SeedSeverity),
		WouldAlert: splunkWouldHave{s.WouldAlertLiteral, s.WouldAlertWildcard},
	}
}
