package alert

import (
	"cmp"
	"strings"
	"time"

	"github.com/kmsentry/kmsentry/detector"
	"github.com/kmsentry/kmsentry/detector/policy/decide"
)

// ocsfVersion is the version that findings are labeled with: the one that
// AWS Security Hub speaks (Security Hub user guide, securityhub-ocsf.html).
const ocsfVersion = "1.6.0"

// OCSF returns the finding as an OCSF 1.6 Detection Finding (class 2004), JSON
// on one line. It fails when o is invalid.
func OCSF(f *detector.Finding, o Options) ([]byte, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	text, err := encode(ocsf(f, o, narrowing[0]))
	return []byte(text), err
}

// ocsf is the finding within l.
func ocsf(f *detector.Finding, o Options, l limits) ocsfFinding {
	data, isCut := evidenceOf(f, o, l)
	t := text(l.text)
	out := ocsfFinding{
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
		Metadata:    metadata(f, o, isCut),
		Cloud:       ocsfCloud{Provider: "AWS", CloudPartition: t.of(f.Key.Partition), Region: t.of(f.Event.Region), Account: t.account(f.Event.Account)},
		FindingInfo: t.findingInfo(f, o),
		Resources:   t.resources(f.Key),
		Evidences:   []ocsfEvidence{t.evidence(f, data)},
		Observables: t.observables(f),
		Remediation: ocsfRemedy{Desc: remedy(f), References: references(o)},
		Unmapped:    ocsfUnmapped{t.splunk(f.Splunk, l.rows)},
	}
	if f.Event.ErrorCode == "" {
		out.StatusCode = "Success"
	}
	out.SeverityID, out.Severity, out.ImpactID, out.Impact, out.RiskLevelID, out.RiskLevel = ranks(f.Severity)
	out.ConfidenceID, out.Confidence = confidence(f)
	return out
}

// statusDetail says what came of the call.
func statusDetail(f *detector.Finding) string {
	switch {
	case f.Attempted:
		return "AWS refused the call; this policy is not in force."
	case outcomeUnknown(f):
		return "The outcome of the call is not known; the policy may be in force."
	case notInRecord(f):
		return "The call was accepted; the policy is not in the record."
	default:
		return "The call was accepted; the policy is in force."
	}
}

// confidence is OCSF's: low where nobody could decide, medium where nobody
// knows whether the policy is in force.
func confidence(f *detector.Finding) (id int, name string) {
	switch {
	case f.Verdict == decide.Undecided:
		return 1, "Low"
	case outcomeUnknown(f):
		return 2, "Medium"
	default:
		return 3, "High"
	}
}

// millis is OCSF's timestamp_t; 0, which is left out, for the zero time.
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

// oneLine is the finding in a sentence.
func oneLine(f *detector.Finding) string {
	return title(f) + ": " + orUnknown(Sanitize(f.Event.Name, 64)) + " by " + who(f.Actor) + " (MFA: " + mfaState(f.Actor) + ")" + outcomeWord(f) + "; key " + whichKey(f)
}

// remedy is what to do, for machines to show.
func remedy(f *detector.Finding) string {
	switch {
	case f.Attempted:
		return "The call changed nothing. Ask the caller; if it was not one of yours, revoke its credentials."
	case notInRecord(f):
		return "Fetch the key policy (aws kms get-key-policy), judge it (kmsentry check), and ask the caller. If it is open, put a trusted policy back. Never delete the key: what is encrypted under it would be lost."
	}
	if f.OwnerLocked {
		return strings.Join(lockedSteps(f), " ")
	}
	return "Save the current key policy, ask the caller, and put a trusted policy back (evidences[0].data.repaired_policy proposes one when that is safe). Disable the key only as a last resort: decryption stops too. Never delete the key: what is encrypted under it would be lost."
}

// references are pages to read.
func references(o Options) []string {
	pages := []string{
		"https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-modifying.html",
		"https://attack.mitre.org/techniques/T1486/",
	}
	if o.RunbookURL != "" {
		pages = append([]string{o.RunbookURL}, pages...)
	}
	return pages
}

// metadata says where the finding comes from.
func metadata(f *detector.Finding, o Options, isCut bool) ocsfMetadata {
	m := ocsfMetadata{
		Version: ocsfVersion, UID: orUnknown(Sanitize(f.UID, 64)), CorrelationUID: threadID(f),
		Product:  ocsfProduct{Name: "kmsentry", VendorName: "kmsentry", Version: version(o)},
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

// A text bounds event text to that many runes.
type text int

// of sanitizes s.
func (t text) of(s string) string { return Sanitize(s, int(t)) }

// account is an AWS account; nil when unknown.
func (t text) account(id string) *ocsfAccount {
	if id == "" {
		return nil
	}
	return &ocsfAccount{UID: t.of(id), TypeID: 10, Type: "AWS Account"}
}

// findingInfo says what was found and by which rule.
func (t text) findingInfo(f *detector.Finding, o Options) ocsfFindingInfo {
	info := ocsfFindingInfo{
		UID: orUnknown(Sanitize(f.UID, 64)), Title: title(f), Desc: sentence(meaning(f)),
		Types:            []string{"TTPs/Impact/Data Encrypted for Impact"},
		Analytic:         ocsfAnalytic{UID: detector.RuleID, Name: "AWS Detect Users creating keys with encrypt policy without MFA", TypeID: 1, Type: "Rule", Version: "11"},
		RelatedAnalytics: []ocsfAnalytic{{UID: "kmsentry-key-policy", Name: "kmsentry: KMS key policy open to outsiders", TypeID: 1, Type: "Rule", Version: version(o)}},
		Attacks:          []ocsfAttack{{Version: "17.1", Technique: ocsfName{"T1486", "Data Encrypted for Impact"}, Tactic: ocsfName{"TA0040", "Impact"}}},
		CreatedTime:      millis(o.Now), FirstSeenTime: millis(f.Event.Time), LastSeenTime: millis(f.Event.Time),
		DataSources: []string{"AWS CloudTrail"},
		SrcURL:      eventLink(f),
	}
	if f.Event.ID != "" {
		info.RelatedEvents = []ocsfEvent{{UID: t.of(f.Event.ID), Type: "AWS CloudTrail", Product: ocsfProduct{Name: "AWS CloudTrail", VendorName: "AWS"}}}
	}
	return info
}

// resources is the key.
func (t text) resources(k detector.Key) []ocsfResource {
	r := ocsfResource{UID: t.of(k.ARN), Name: t.of(keyName(k)), Type: "AWS::KMS::Key", Region: t.of(k.Region), CloudPartition: t.of(k.Partition)}
	if account := t.account(k.Account); account != nil {
		r.Owner = &ocsfOwner{*account}
	}
	return []ocsfResource{r}
}

// evidence is who did what, from where.
func (t text) evidence(f *detector.Finding, data evidence) ocsfEvidence {
	e := ocsfEvidence{
		Actor: t.actor(f.Actor),
		API: ocsfAPI{
			Operation: orUnknown(t.of(f.Event.Name)),
			Service:   ocsfService{orUnknown(t.of(f.Event.Source))},
			Version:   t.of(f.Event.APIVersion),
		},
		SrcEndpoint: t.endpoint(f.Source),
		Data:        data,
	}
	if f.Event.RequestID != "" {
		e.API.Request = &ocsfRequest{t.of(f.Event.RequestID)}
	}
	if f.Event.ErrorCode != "" {
		e.API.Response = &ocsfResponse{t.of(f.Event.ErrorCode), t.of(f.Event.ErrorMessage)}
	}
	if f.Source.UserAgent != "" {
		e.HTTPRequest = &ocsfHTTPRequest{t.of(f.Source.UserAgent)}
	}
	return e
}

// actor is who made the call: the service as application, the person or program
// as user, and who vouches for them as identity provider.
func (t text) actor(a detector.Actor) ocsfActor {
	return ocsfActor{
		AppName: t.of(a.InvokedBy), AppUID: t.of(cmp.Or(a.InScopeOf.SourceARN, a.InScopeOf.IssuedTo)),
		User: t.user(a), Session: t.session(a), IDP: t.idp(a),
	}
}

// user is the caller.
func (t text) user(a detector.Actor) ocsfUser {
	u := ocsfUser{
		UID: t.of(cmp.Or(a.ARN, a.OnBehalfOf.UserID)), UIDAlt: t.of(a.PrincipalID), Name: orUnknown(t.of(a.Name)),
		Type: orUnknown(t.of(a.Type)), TypeID: userTypeID(a), Account: t.account(a.Account),
	}
	if a.AccessKeyID != "" {
		kind := "Temporary"
		if a.LongTermKey {
			kind = "Long-term"
		}
		u.Credentials = []ocsfCredential{{t.of(a.AccessKeyID), kind}}
	}
	return u
}

// userTypeID is OCSF's kind of user: 1 a person, 2 the account's administrator,
// 4 a service, 99 what the type says, which may be any of them.
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

// session is the caller's session; nil when the record tells nothing of one.
// is_mfa is left out when it is not known: false would be a statement.
func (t text) session(a detector.Actor) *ocsfSession {
	s := ocsfSession{Issuer: t.of(cmp.Or(a.RoleARN, a.Broker)), CreatedTime: millis(a.SessionStart), UIDAlt: t.of(a.SourceIdentity)}
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
	if s == (ocsfSession{}) {
		return nil
	}
	return &s
}

// idp is who knows how the caller signed in; nil when that is AWS or not known.
func (t text) idp(a detector.Actor) *ocsfIDP {
	switch {
	case a.OnBehalfOf.StoreARN != "" || a.SSO:
		return &ocsfIDP{Name: "AWS IAM Identity Center", UID: t.of(a.OnBehalfOf.StoreARN)}
	case a.FederatedProvider != "":
		return &ocsfIDP{Name: t.of(lastOf(a.FederatedProvider)), UID: t.of(a.FederatedProvider)}
	case a.Broker != "":
		return &ocsfIDP{Name: t.of(lastOf(a.Broker)), UID: t.of(a.Broker)}
	default:
		return nil
	}
}

// endpoint is where the call came from; nil when the record does not say.
func (t text) endpoint(s detector.Source) *ocsfEndpoint {
	e := ocsfEndpoint{InterfaceUID: t.of(s.VPCEndpoint)}
	if s.IsIP {
		e.IP = t.of(s.Address)
	} else {
		e.SvcName = t.of(s.Address)
	}
	if e == (ocsfEndpoint{}) {
		return nil
	}
	return &e
}

// observables are the values that other tools pivot on.
func (t text) observables(f *detector.Finding) []ocsfObserved {
	var all []ocsfObserved
	add := func(name string, id int, kind, value string) {
		if value != "" {
			all = append(all, ocsfObserved{name, id, kind, t.of(value)})
		}
	}
	if f.Source.IsIP {
		add("evidences[0].src_endpoint.ip", 2, "IP Address", f.Source.Address)
	}
	add("evidences[0].http_request.user_agent", 16, "HTTP User-Agent", f.Source.UserAgent)
	add("evidences[0].actor.user.name", 4, "User Name", orUnknown(f.Actor.Name))
	if f.Actor.LongTermKey {
		add("evidences[0].actor.user.programmatic_credentials[0].uid", 19, "User Credential ID", f.Actor.AccessKeyID)
	} else {
		add("evidences[0].actor.session.credential_uid", 19, "User Credential ID", f.Actor.AccessKeyID)
	}
	add("cloud.account.uid", 35, "Account Object: uid", f.Event.Account)
	add("resources[0].uid", 10, "Resource UID", f.Key.ARN)
	return all
}

// splunk is what the seed rule would print: the columns that its rows share, the
// first row's own, and so many rows.
func (t text) splunk(s detector.Splunk, most int) splunkColumns {
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
	first := splunkRow{orUnknown(""), orUnknown(""), 1}
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
