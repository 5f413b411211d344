package alert

import (
	"github.com/kmsentry/kmsentry/detector"
)

// An exceptionEnv is what the condition of an exception can ask about a
// finding. Values are as in the record, not shortened and not escaped; what
// the record does not tell is "" or false. docs/exceptions.md describes every
// field, which a test checks.
type exceptionEnv struct {
	Verdict      string   `expr:"verdict"`
	Severity     string   `expr:"severity"`
	Attempted    bool     `expr:"attempted"`
	Parsed       bool     `expr:"parsed"`
	Event        string   `expr:"event"`
	ErrorCode    string   `expr:"error_code"`
	Bypass       bool     `expr:"bypass"`
	Account      string   `expr:"account"`
	Region       string   `expr:"region"`
	KeyARN       string   `expr:"key_arn"`
	KeyID        string   `expr:"key_id"`
	KeyAlias     string   `expr:"key_alias"`
	KeyAccount   string   `expr:"key_account"`
	KeyRegion    string   `expr:"key_region"`
	Partition    string   `expr:"partition"`
	ActorType    string   `expr:"actor_type"`
	ActorARN     string   `expr:"actor_arn"`
	ActorName    string   `expr:"actor_name"`
	ActorAccount string   `expr:"actor_account"`
	Role         string   `expr:"role"`
	RoleARN      string   `expr:"role_arn"`
	InvokedBy    string   `expr:"invoked_by"`
	AccessKeyID  string   `expr:"access_key_id"`
	LongTermKey  bool     `expr:"long_term_key"`
	MFA          string   `expr:"mfa"`
	SSO          bool     `expr:"sso"`
	Federated    bool     `expr:"federated"`
	SourceIP     string   `expr:"source_ip"`
	UserAgent    string   `expr:"user_agent"`
	VPCEndpoint  string   `expr:"vpc_endpoint"`
	PolicySHA256 string   `expr:"policy_sha256"`
	Sids         []string `expr:"sids"`
	Actions      []string `expr:"actions"`
	Named        []string `expr:"named"`
}

// envOf is what conditions see of f.
func envOf(f *detector.Finding) exceptionEnv {
	env := exceptionEnv{
		Verdict: f.Verdict.String(), Severity: f.Severity.String(), Attempted: f.Attempted, Parsed: f.Problem == "",
		Event: f.Event.Name, ErrorCode: f.Event.ErrorCode, Bypass: f.Event.Bypass,
		Account: f.Event.Account, Region: f.Event.Region,
		KeyARN: f.Key.ARN, KeyID: f.Key.ID, KeyAlias: f.Key.Alias, KeyAccount: f.Key.Account, KeyRegion: f.Key.Region, Partition: f.Key.Partition,
		ActorType: f.Actor.Type, ActorARN: f.Actor.ARN, ActorName: f.Actor.Name, ActorAccount: f.Actor.Account,
		Role: f.Actor.Role, RoleARN: f.Actor.RoleARN, InvokedBy: f.Actor.InvokedBy,
		AccessKeyID: f.Actor.AccessKeyID, LongTermKey: f.Actor.LongTermKey, MFA: mfaState(f.Actor), SSO: f.Actor.SSO, Federated: f.Actor.Federated,
		UserAgent: f.Source.UserAgent, VPCEndpoint: f.Source.VPCEndpoint,
		PolicySHA256: f.Policy.SHA256,
		Sids:         []string{}, Actions: []string{}, Named: []string{},
	}
	if f.Source.IsIP {
		env.SourceIP = f.Source.Address
	}
	for _, s := range f.Statements {
		env.Sids = append(env.Sids, s.Sid)
	}
	for _, g := range f.Decision.Grants {
		env.Actions = append(env.Actions, g.Action)
		env.Named = append(env.Named, g.Named...)
	}
	return env
}
