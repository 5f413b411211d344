package ocsf

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/kmsentry/kmsentry/alert/playbook"
	"github.com/kmsentry/kmsentry/alert/safe"
	"github.com/kmsentry/kmsentry/alert/words"
	"github.com/kmsentry/kmsentry/detector"
	"github.com/kmsentry/kmsentry/detector/policy/decide"
	"github.com/kmsentry/kmsentry/detector/policy/evaluate"
)

// An evidenceData is kmsentry's own part of the finding, evidences[0].data. Its
// members have the names that `kmsentry check --format json` uses.
type evidenceData struct {
	Verdict    string            `json:"verdict"`
	InForce    bool              `json:"in_force"`
	Attempted  bool              `json:"attempted"`
	Outcome    string            `json:"outcome"`
	MFA        string            `json:"mfa"`
	MFANote    string            `json:"mfa_note,omitempty"`
	Problem    string            `json:"problem,omitempty"`
	Unreadable []string          `json:"unreadable,omitempty"`
	KeyNote    string            `json:"key_note,omitempty"`
	Key        evidenceKey       `json:"key"`
	Least      string            `json:"least"`
	Most       string            `json:"most"`
	Classes    decide.Classes    `json:"classes"`
	Owner      evidenceOwner     `json:"owner"`
	Unguarded  string            `json:"unguarded,omitempty"` // the verdict without resource control policies
	Caller     evidenceCaller    `json:"caller"`
	Notes      []string          `json:"record_notes,omitempty"`
	Bypass     bool              `json:"bypass_policy_lockout_safety_check"`
	Locked     bool              `json:"owner_locked"`
	Statements []evidenceStmt    `json:"statements"`
	Grants     []evidenceGrant   `json:"grants"`
	Others     []evidenceOther   `json:"others"`
	Services   []evidenceService `json:"services"`
	Undecided  []evidenceOpen    `json:"undecided"`
	Future     *evidenceFuture   `json:"future,omitempty"`
	Flags      []string          `json:"flags"`
	Policy     evidenceText      `json:"policy"`
	Repaired   *evidenceText     `json:"repaired_policy,omitempty"`
	Expired    []string          `json:"expired_exceptions,omitempty"`
	Held       *evidenceHeld     `json:"held_alerts,omitempty"`
	Cut        []string          `json:"cut,omitempty"`
}

type evidenceKey struct {
	Alias       string `json:"alias,omitempty"`
	Spec        string `json:"spec,omitempty"`
	Usage       string `json:"usage,omitempty"`
	Origin      string `json:"origin,omitempty"`
	MultiRegion *bool  `json:"multi_region,omitempty"`

	OutsideMaterial string `json:"outside_material,omitempty"` // see detector.Key.OutsideMaterial
	CustomKeyStore  string `json:"custom_key_store,omitempty"`
	ExternalKey     string `json:"external_key,omitempty"`
	PrimaryARN      string `json:"primary_arn,omitempty"`
}

// An evidenceCaller has what the record says about the caller's credentials and OCSF
// has no attribute for.
type evidenceCaller struct {
	InvokedBy         string `json:"invoked_by,omitempty"`
	Deployer          string `json:"deployer,omitempty"`
	ServiceLinked     bool   `json:"service_linked,omitempty"`
	InstanceProfile   string `json:"ec2_role_delivery,omitempty"`
	IssuerType        string `json:"issuer_type,omitempty"`
	IssuedTo          string `json:"credentials_issued_to,omitempty"`
	SourceARN         string `json:"source_arn,omitempty"`
	SourceAccount     string `json:"source_account,omitempty"`
	SourceIdentity    string `json:"source_identity,omitempty"`
	FederatedProvider string `json:"federated_provider,omitempty"`
	Broker            string `json:"federated_by,omitempty"`
	UserID            string `json:"identity_center_user,omitempty"`
	StoreARN          string `json:"identity_store_arn,omitempty"`
	AssumedRoot       bool   `json:"assumed_root,omitempty"`
	FromConsole       bool   `json:"console_session,omitempty"`
}

type evidenceStmt struct {
	Index     int          `json:"index"`
	Count     int          `json:"count"`
	Sid       string       `json:"sid"`
	Effect    string       `json:"effect"`
	Principal string       `json:"principal,omitempty"`
	Action    string       `json:"action,omitempty"`
	Condition string       `json:"condition,omitempty"`
	Text      evidenceText `json:"text"`
}

type evidenceRef struct {
	Index int    `json:"index"`
	Sid   string `json:"sid"`
}

type evidenceGrant struct {
	Class      string        `json:"class"`
	Action     string        `json:"action"`
	Audience   string        `json:"audience"`
	Statements []evidenceRef `json:"statements"`
	Named      []string      `json:"named,omitempty"`
	Witness    words.Witness `json:"witness"`
	Why        []string      `json:"why"`
}

type evidenceOwner struct {
	Manage     string `json:"manage"`
	ManageWhy  string `json:"manage_why,omitempty"`
	Decrypt    string `json:"decrypt"`
	DecryptWhy string `json:"decrypt_why,omitempty"`
	ManagedBy  string `json:"managed_by,omitempty"` // who can still change the policy
}

type evidenceOther struct {
	Action   string `json:"action"`
	Audience string `json:"audience"`
}

type evidenceService struct {
	Service        string      `json:"service"`
	Statement      evidenceRef `json:"statement"`
	ConfusedDeputy bool        `json:"confused_deputy"`
}

type evidenceOpen struct {
	Statement evidenceRef `json:"statement"`
	Reason    string      `json:"reason"`
}

type evidenceFuture struct {
	At      string `json:"at"`
	Verdict string `json:"verdict"`
}

// An evidenceText is a JSON text of the record with its hash.
type evidenceText struct {
	Text    string `json:"text"`              // with JSON \u escapes for characters that could mislead a reader
	SHA256  string `json:"sha256,omitempty"`  // hex, of the whole text as recorded
	Bytes   int    `json:"bytes"`             // length of the whole text as recorded
	Escaped bool   `json:"escaped,omitempty"` // Text has escapes that the recorded text does not have
	Cut     bool   `json:"cut,omitempty"`     // Text is only the beginning
	Where   string `json:"where,omitempty"`   // where the whole text is, when cut
	Missing string `json:"missing,omitempty"` // why the record does not hold the text
}

// A cutter turns event text into evidence within limits and records what it cut.
type cutter struct {
	l    limits
	f    *detector.Finding
	cuts []string
}

// note records that the named part was cut, if it is not recorded yet.
func (c *cutter) note(part string) {
	for _, known := range c.cuts {
		if known == part {
			return
		}
	}
	c.cuts = append(c.cuts, part)
}

// text returns s sanitized and cut to the limit of runes; part names it in the list
// of cuts.
func (c *cutter) text(part, s string) string {
	out := safe.Sanitize(s, c.l.text)
	if out != s && len(out) >= len(safe.CutMark) && out[len(out)-len(safe.CutMark):] == safe.CutMark {
		c.note(part)
	}
	return out
}

// keep returns how many of n items to keep, at most limit; part names them in the
// list of cuts.
func (c *cutter) keep(part string, n, limit int) int {
	if n > limit {
		c.note(part)
		return limit
	}
	return n
}

// document returns a JSON text cut to limit bytes, with the hash of the whole: sum,
// or computed when sum is "".
func (c *cutter) document(part, text, sum string, limit int) evidenceText {
	if sum == "" {
		h := sha256.Sum256([]byte(text))
		sum = hex.EncodeToString(h[:])
	}
	shown := safe.Document(text)
	e := evidenceText{Text: shown, SHA256: safe.Sanitize(sum, 64), Bytes: len(text), Escaped: shown != text}
	if len(shown) > limit {
		e.Text, e.Cut, e.Where = clip(shown, limit), true, whereWhole(c.f)
		c.note(part)
	}
	return e
}

// clip returns the longest prefix of s that has at most n bytes and ends between
// characters, followed by the cut mark.
func clip(s string, n int) string {
	end := 0
	for i := range s {
		if i > n {
			break
		}
		end = i
	}
	return s[:end] + safe.CutMark
}

// whereWhole returns a text that says where to find the whole policy.
func whereWhole(f *detector.Finding) string {
	where := "CloudTrail event " + safe.OrUnknown(safe.Sanitize(f.Event.ID, 64)) + ", requestParameters.policy"
	if f.Event.Name == "ReplicateKey" {
		where = "CloudTrail event " + safe.OrUnknown(safe.Sanitize(f.Event.ID, 64)) + ", responseElements.replicaPolicy or requestParameters.policy"
	}
	if playbook.SavePolicy(f) != nil && !f.Attempted {
		where += "; now in force: aws kms get-key-policy --key-id " + f.Key.ARN + " --policy-name default"
	}
	return where
}

// dataOf returns the evidence for f within l, and whether anything was cut.
func dataOf(f *detector.Finding, o words.Options, l limits) (evidenceData, bool) {
	c := &cutter{l: l, f: f}
	e := evidenceData{
		Verdict: f.Verdict.String(), InForce: !f.Attempted, Attempted: f.Attempted, Outcome: f.Event.Outcome.String(), Bypass: f.Event.Bypass, Locked: f.OwnerLocked,
		MFA: words.MFAState(f.Actor), MFANote: c.text("mfa_note", f.Actor.MFANote),
		Problem: c.text("problem", f.Problem), KeyNote: c.text("key_note", f.Key.Note),
		Key: c.key(f.Key), Caller: c.caller(f),

		Statements: []evidenceStmt{}, Grants: []evidenceGrant{}, Others: []evidenceOther{},
		Services: []evidenceService{}, Undecided: []evidenceOpen{}, Flags: []string{},
		Policy: c.document("policy.text", f.Policy.Text, f.Policy.SHA256, l.policy),
	}
	if words.NotInRecord(f) { // without a text there is no hash that could be compared
		e.Policy = evidenceText{Missing: c.text("policy.missing", f.Policy.Missing)}
	}
	for _, note := range f.Notes[:c.keep("record_notes", len(f.Notes), 16)] {
		e.Notes = append(e.Notes, c.text("record_notes", note))
	}
	for _, s := range f.Statements[:c.keep("statements", len(f.Statements), l.statements)] {
		e.Statements = append(e.Statements, c.statement(s))
	}
	c.decision(&e, f.Decision)
	for _, part := range f.Unreadable {
		e.Unreadable = append(e.Unreadable, c.text("unreadable", part))
	}
	for _, name := range o.Expired[:c.keep("expired_exceptions", len(o.Expired), 16)] {
		e.Expired = append(e.Expired, safe.Sanitize(name, 64))
	}
	if f.Repaired != "" && l.proposal == 0 {
		c.note("repaired_policy")
	} else if f.Repaired != "" {
		repaired := c.document("repaired_policy.text", f.Repaired, "", l.proposal)
		repaired.Where = ""
		e.Repaired = &repaired
	}
	e.Held = heldEvidence(o.Storm)
	e.Cut = c.cuts
	return e, len(c.cuts) > 0
}

// key returns what the record says about the key itself.
func (c *cutter) key(k detector.Key) evidenceKey {
	t := func(s string) string { return c.text("key", s) }
	return evidenceKey{
		Alias: t(k.Alias), Spec: t(k.Spec), Usage: t(k.Usage), Origin: t(k.Origin), MultiRegion: k.MultiRegion,
		OutsideMaterial: k.OutsideMaterial(), CustomKeyStore: t(k.CustomKeyStore), ExternalKey: t(k.ExternalKey), PrimaryARN: t(k.PrimaryARN),
	}
}

// caller returns where the caller's credentials came from.
func (c *cutter) caller(f *detector.Finding) evidenceCaller {
	a := f.Actor
	t := func(s string) string { return c.text("caller", s) }
	return evidenceCaller{
		InvokedBy: t(a.InvokedBy), Deployer: t(f.Deployer()), ServiceLinked: a.ServiceLinked, InstanceProfile: t(a.EC2RoleDelivery),
		IssuerType: t(a.InScopeOf.IssuerType), IssuedTo: t(a.InScopeOf.IssuedTo), SourceARN: t(a.InScopeOf.SourceARN), SourceAccount: t(a.InScopeOf.SourceAccount),
		SourceIdentity: t(a.SourceIdentity), FederatedProvider: t(a.FederatedProvider), Broker: t(a.Broker),
		UserID: t(a.OnBehalfOf.UserID), StoreARN: t(a.OnBehalfOf.StoreARN), AssumedRoot: a.AssumedRoot, FromConsole: f.Event.FromConsole,
	}
}

// decision fills in the members of e that come from the decision.
func (c *cutter) decision(e *evidenceData, d decide.Decision) {
	e.Least, e.Most, e.Classes = d.Least.String(), d.Most.String(), d.Classes
	e.Owner = evidenceOwner{
		Manage: d.Owner.Manage.String(), ManageWhy: c.blame(d.Owner.ManageBlame),
		Decrypt: d.Owner.Decrypt.String(), DecryptWhy: c.blame(d.Owner.DecryptBlame),
	}
	if len(d.Owner.Named) > 0 {
		e.Owner.ManagedBy = words.NamedOf(d.Owner.Named)
	}
	if d.Unguarded != nil {
		e.Unguarded = d.Unguarded.Verdict.String()
	}
	for _, g := range d.Grants[:c.keep("grants", len(d.Grants), c.l.grants)] {
		e.Grants = append(e.Grants, c.grant(g))
	}
	for _, g := range d.Others[:c.keep("others", len(d.Others), 4*c.l.grants)] {
		e.Others = append(e.Others, evidenceOther{c.text("others", g.Action), g.Audience.String()})
	}
	for _, s := range d.Services[:c.keep("services", len(d.Services), c.l.grants)] {
		e.Services = append(e.Services, evidenceService{c.text("services", s.Service), c.ref(s.Statement), s.ConfusedDeputy})
	}
	for _, u := range d.Undecided[:c.keep("undecided", len(d.Undecided), c.l.grants)] {
		e.Undecided = append(e.Undecided, evidenceOpen{c.ref(u.Statement), c.text("undecided", u.Reason)})
	}
	for _, flag := range d.Flags[:c.keep("flags", len(d.Flags), 16)] {
		e.Flags = append(e.Flags, safe.Sanitize(string(flag), 64))
	}
	if d.Future != nil {
		e.Future = &evidenceFuture{d.Future.At.UTC().Format(time.RFC3339), d.Future.Verdict.String()}
	}
}

// blame returns the statement and the reason for which the owner lost something; ""
// when it lost nothing.
func (c *cutter) blame(o decide.Doubt) string {
	if o.Reason == "" || o.Statement.Index < 0 {
		return c.text("owner", o.Reason)
	}
	return c.text("owner", words.StatementName(o.Statement)+": "+o.Reason)
}

// statement returns one offending statement as written.
func (c *cutter) statement(s detector.Statement) evidenceStmt {
	part := "statements[index=" + strconv.Itoa(s.Index) + "]"
	return evidenceStmt{
		Index: s.Index, Count: s.Count, Sid: c.text(part, s.Sid), Effect: c.text(part, s.Effect),
		Principal: c.text(part, s.Principal), Action: c.text(part, s.Action), Condition: c.text(part, s.Condition),
		Text: c.document(part, s.Text, "", c.l.statement),
	}
}

// grant returns one grant with its witness.
func (c *cutter) grant(g decide.Grant) evidenceGrant {
	e := evidenceGrant{Class: string(g.Class), Action: c.text("grants", g.Action), Audience: g.Audience.String(), Statements: []evidenceRef{}, Why: []string{}, Witness: c.request(g.Witness)}
	for _, ref := range g.Statements[:c.keep("grants", len(g.Statements), c.l.statements)] {
		e.Statements = append(e.Statements, c.ref(ref))
	}
	for _, name := range g.Named[:c.keep("grants", len(g.Named), c.l.values)] {
		e.Named = append(e.Named, c.text("grants", name))
	}
	for _, why := range g.Why[:c.keep("grants", len(g.Why), c.l.why)] {
		e.Why = append(e.Why, c.text("grants", why))
	}
	return e
}

// request returns a request as a witness.
func (c *cutter) request(r evaluate.Request) words.Witness {
	context := r.Context
	r.Context = nil // WitnessOf must not copy it: it is cut below
	w := words.WitnessOf(r)
	for _, text := range []*string{&w.Principal, &w.Session, &w.UniqueID, &w.Parent, &w.Service, &w.Action, &w.Resource} {
		*text = c.text("grants", *text)
	}
	keys := slices.Sorted(maps.Keys(context))
	for _, key := range keys[:c.keep("grants", len(keys), c.l.context)] {
		values := []string{}
		for _, v := range context[key][:c.keep("grants", len(context[key]), c.l.values)] {
			values = append(values, c.text("grants", v))
		}
		w.Context[c.text("grants", key)] = values
	}
	return w
}

// ref returns a reference to a statement.
func (c *cutter) ref(r decide.StatementRef) evidenceRef {
	return evidenceRef{r.Index, c.text("grants", r.Sid)}
}
