package detector

import (
	"testing"
	"time"

	"github.com/kmsentry/kmsentry/detector/policy"
)

// grants returns one grant an action, all with the audience.
func grants(audience policy.Verdict, actions ...string) []policy.Grant {
	var list []policy.Grant
	for _, action := range actions {
		list = append(list, policy.Grant{Action: action, Audience: audience})
	}
	return list
}

// The table of severities, row by row.
func TestSeverity(t *testing.T) {
	withMFA := Actor{Type: typeAssumedRole, MFA: MFAYes}
	withoutMFA := Actor{Type: typeIAMUser, MFA: MFANo}
	trusting := Detector{TrustedAccounts: []string{"444455556666"}}
	unknownMFA := Actor{Type: typeAssumedRole}
	encrypt := grants(policy.Public, "kms:Encrypt")
	decrypt := grants(policy.Public, "kms:Decrypt")
	future := func(v policy.Verdict) *policy.Exposure { return &policy.Exposure{At: time.Unix(0, 0), Verdict: v} }
	for _, row := range []struct {
		name string
		f    Finding
		want Severity
		d    Detector
	}{
		{"public, encrypt only", Finding{Verdict: policy.Public, Actor: withMFA, Decision: policy.Decision{Grants: encrypt}}, Critical, Detector{}},
		{"public, encrypt and decrypt", Finding{Verdict: policy.Public, Actor: withMFA, Decision: policy.Decision{Grants: encrypt, Others: decrypt}}, High, Detector{}},
		{"public, decrypt for named outsiders only", Finding{Verdict: policy.Public, Actor: withMFA, Decision: policy.Decision{Grants: encrypt, Others: grants(policy.Shared, "kms:Decrypt")}}, Critical, Detector{}},
		{"public, decrypt by re-encrypting", Finding{Verdict: policy.Public, Actor: withMFA, Decision: policy.Decision{Grants: encrypt, Others: grants(policy.Public, "kms:ReEncryptFrom")}}, High, Detector{}},
		{"public, other rights", Finding{Verdict: policy.Public, Actor: withMFA, Decision: policy.Decision{Grants: encrypt, Others: grants(policy.Public, "kms:DescribeKey", "kms:Sign")}}, Critical, Detector{}},
		{"public, no MFA", Finding{Verdict: policy.Public, Actor: withoutMFA, Decision: policy.Decision{Grants: encrypt, Others: decrypt}}, Critical, Detector{}},
		{"public, MFA unknown", Finding{Verdict: policy.Public, Actor: unknownMFA, Decision: policy.Decision{Grants: encrypt, Others: decrypt}}, High, Detector{}},
		{"public, long-term key", Finding{Verdict: policy.Public, Actor: Actor{Type: typeIAMUser, LongTermKey: true, MFA: MFANotApplicable}, Decision: policy.Decision{Grants: encrypt, Others: decrypt}}, Critical, Detector{}},
		{"public, root with MFA", Finding{Verdict: policy.Public, Actor: Actor{Type: typeRoot, MFA: MFAYes}, Decision: policy.Decision{Grants: encrypt, Others: decrypt}}, High, Detector{}},
		{"public, root without MFA", Finding{Verdict: policy.Public, Actor: Actor{Type: typeRoot, MFA: MFANo}, Decision: policy.Decision{Grants: encrypt, Others: decrypt}}, Critical, Detector{}},
		{"public, root with a long-term key", Finding{Verdict: policy.Public, Actor: Actor{Type: typeRoot, MFA: MFANotApplicable, LongTermKey: true}, Decision: policy.Decision{Grants: encrypt, Others: decrypt}}, Critical, Detector{}},
		{"public, outcome unknown", Finding{Verdict: policy.Public, Actor: withMFA, Event: Event{Outcome: OutcomeUnknown}, Decision: policy.Decision{Grants: encrypt, Others: decrypt}}, High, Detector{}},
		{"shared, others are trusted", Finding{Verdict: policy.Shared}, Medium, trusting},
		{"shared, an organization is trusted", Finding{Verdict: policy.Shared}, Medium, Detector{TrustedOrgs: []string{"o-exampleorg1"}}},
		{"shared, others are trusted, refused", Finding{Attempted: true, Verdict: policy.Shared}, Low, trusting},
		{"shared later, others are trusted", Finding{Verdict: policy.Private, Decision: policy.Decision{Future: future(policy.Shared)}}, Medium, trusting},
		{"public, a service without MFA", Finding{Verdict: policy.Public, Actor: Actor{Type: typeAssumedRole, MFA: MFANo, InvokedBy: "cloudformation.amazonaws.com"}, Decision: policy.Decision{Grants: encrypt, Others: decrypt}}, High, Detector{}},
		{"public, refused", Finding{Attempted: true, Verdict: policy.Public, Actor: withoutMFA, Decision: policy.Decision{Grants: encrypt}}, Low, Detector{}},
		{"network", Finding{Verdict: policy.Network, Actor: withoutMFA}, Medium, Detector{}},
		{"network, refused", Finding{Attempted: true, Verdict: policy.Network}, Low, Detector{}},
		{"undecided", Finding{Verdict: policy.Undecided, Actor: withoutMFA}, Medium, Detector{}},
		{"undecided, refused", Finding{Attempted: true}, Low, Detector{}},
		{"shared", Finding{Verdict: policy.Shared, Actor: withoutMFA}, Low, Detector{}},
		{"shared, more not ruled out", Finding{Verdict: policy.Shared, Decision: policy.Decision{Undecided: []policy.Open{{}}}}, Medium, Detector{}},
		{"shared, public later", Finding{Verdict: policy.Shared, Decision: policy.Decision{Future: future(policy.Public)}}, Medium, Detector{}},
		{"private, public later", Finding{Verdict: policy.Private, Decision: policy.Decision{Future: future(policy.Public)}}, Medium, Detector{}},
		{"private, undecided later", Finding{Verdict: policy.Private, Decision: policy.Decision{Future: future(policy.Undecided)}}, Medium, Detector{}},
		{"private, shared later", Finding{Verdict: policy.Private, Decision: policy.Decision{Future: future(policy.Shared)}}, Low, Detector{}},
		{"a verdict from nowhere", Finding{Verdict: policy.Verdict(99)}, Medium, Detector{}},
	} {
		if got := row.d.severity(&row.f, &policy.Policy{}); got != row.want {
			t.Errorf("%s: severity = %v, want %v", row.name, got, row.want)
		}
	}
}

// Who may grant Decrypt to himself can decrypt; who may grant Encrypt only cannot.
func TestGrantsDecrypt(t *testing.T) {
	const stranger = "arn:aws:iam::999988887777:role/stranger"
	witness := policy.Request{
		Principal: stranger, Action: "kms:CreateGrant", Resource: testARN,
		Context: map[string][]string{"kms:grantoperations": {"Encrypt"}, "aws:PrincipalAccount": {"999988887777"}, "aws:PrincipalArn": {stranger}},
	}
	for _, row := range []struct {
		name, condition string
		want            bool
	}{
		{"any grant", ``, true},
		{"grants of Encrypt", `,"Condition":{"ForAllValues:StringEquals":{"kms:GrantOperations":["Encrypt"]}}`, false},
		{"grants of Encrypt and Decrypt", `,"Condition":{"ForAllValues:StringEquals":{"kms:GrantOperations":["Encrypt","Decrypt"]}}`, true},
	} {
		p, err := policy.Parse([]byte(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"kms:CreateGrant","Resource":"*"` + row.condition + `}]}`))
		if err != nil {
			t.Fatal(err)
		}
		if got := grantsDecrypt(p, witness); got != row.want {
			t.Errorf("%s: grantsDecrypt = %v, want %v", row.name, got, row.want)
		}
	}
	if got := witness.Context["kms:grantoperations"]; len(got) != 1 || got[0] != "Encrypt" {
		t.Errorf("the witness was changed: %v", witness.Context)
	}
}

// A title words the verdict and holds nothing of the event.
func TestTitle(t *testing.T) {
	at := time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC)
	decide := func(v policy.Verdict, others ...string) policy.Decision {
		return policy.Decision{Verdict: v, Grants: grants(v, "kms:Encrypt"), Others: grants(v, others...)}
	}
	later := func(v policy.Verdict) policy.Decision {
		return policy.Decision{Verdict: policy.Private, Future: &policy.Exposure{At: at, Verdict: v}}
	}
	for _, row := range []struct {
		f    Finding
		want string
	}{
		{Finding{Verdict: policy.Public, Decision: decide(policy.Public)}, "Anyone in AWS can encrypt with this KMS key"},
		{Finding{Verdict: policy.Public, Decision: decide(policy.Public, "kms:Decrypt")}, "Anyone in AWS can encrypt and decrypt with this KMS key"},
		{Finding{Verdict: policy.Public, Decision: policy.Decision{Grants: grants(policy.Public, createGrant)}}, "Anyone in AWS can create grants on this KMS key"},
		{Finding{Verdict: policy.Network, Decision: decide(policy.Network)}, "Anyone in a named network can encrypt with this KMS key"},
		{Finding{Verdict: policy.Shared, Decision: decide(policy.Shared)}, "Named outsiders can encrypt with this KMS key"},
		{Finding{}, "It could not be decided who can encrypt with this KMS key"},
		{Finding{Problem: "p"}, "The policy of this KMS key could not be read"},
		{Finding{Problem: "p", Policy: PolicyText{Missing: "m"}}, "The new policy of this KMS key is not in the record"},
		{Finding{Verdict: policy.Private, Decision: later(policy.Public)}, "This KMS key opens to anyone in AWS on 2099-01-01 00:00:00 UTC"},
		{Finding{Verdict: policy.Private, Decision: later(policy.Network)}, "This KMS key opens to named networks on 2099-01-01 00:00:00 UTC"},
		{Finding{Verdict: policy.Private, Decision: later(policy.Shared)}, "This KMS key opens to named outsiders on 2099-01-01 00:00:00 UTC"},
		{Finding{Verdict: policy.Private, Decision: later(policy.Undecided)}, "This KMS key may open to outsiders on 2099-01-01 00:00:00 UTC"},
		{Finding{Attempted: true, Verdict: policy.Public, Decision: decide(policy.Public)}, "Refused attempt to open a KMS key to anyone in AWS"},
		{Finding{Attempted: true, Verdict: policy.Network, Decision: decide(policy.Network)}, "Refused attempt to open a KMS key to named networks"},
		{Finding{Attempted: true, Verdict: policy.Shared, Decision: decide(policy.Shared)}, "Refused attempt to share a KMS key with named outsiders"},
		{Finding{Attempted: true, Verdict: policy.Private, Decision: later(policy.Public)}, "Refused attempt to open a KMS key at a later time"},
		{Finding{Attempted: true}, "Refused call with a key policy that could not be decided"},
		{Finding{Attempted: true, Problem: "p"}, "Refused call with a key policy that could not be read"},
	} {
		if !row.f.Attempted {
			row.f.Event.Outcome = Accepted
		}
		if got := row.f.title(); got != row.want {
			t.Errorf("title = %q, want %q", got, row.want)
		}
		if row.f.Event.Outcome = OutcomeUnknown; !row.f.Attempted && row.f.title() != row.want+", if the call took effect" {
			t.Errorf("title of unknown outcome = %q, want %q and a clause", row.f.title(), row.want)
		}
	}
}

// The table over all combinations, each rule in its own words.
func TestSeverityOfEverything(t *testing.T) {
	seen := map[Severity]int{}
	for _, verdict := range []policy.Verdict{policy.Undecided, policy.Private, policy.Shared, policy.Network, policy.Public} {
		for _, later := range []*policy.Exposure{nil, {Verdict: policy.Shared}, {Verdict: policy.Network}, {Verdict: policy.Public}, {Verdict: policy.Undecided}} {
			for _, open := range [][]policy.Open{nil, {{}}} {
				for _, decrypts := range []bool{false, true} {
					for _, attempted := range []bool{false, true} {
						eachActor(func(a Actor, withoutMFA bool) {
							f := Finding{Verdict: verdict, Attempted: attempted, Actor: a}
							f.Decision = policy.Decision{Verdict: verdict, Future: later, Undecided: open}
							if verdict > policy.Private {
								f.Decision.Grants = grants(verdict, "kms:Encrypt")
							}
							if decrypts {
								f.Decision.Others = grants(policy.Public, "kms:Decrypt")
							}
							var want Severity
							switch {
							case attempted:
								want = Low
							case verdict == policy.Public && (withoutMFA || !decrypts):
								want = Critical
							case verdict == policy.Public:
								want = High
							case verdict == policy.Network, verdict == policy.Undecided, later != nil && later.Verdict != policy.Shared:
								want = Medium
							case verdict == policy.Shared && open != nil:
								want = Medium
							}
							if got := (Detector{}).severity(&f, &policy.Policy{}); got != want {
								t.Errorf("%v, refused %t, decrypt %t, later %v, open %v, %+v: severity = %v, want %v", verdict, attempted, decrypts, later, open, a, got, want)
							}
							seen[want]++
						})
					}
				}
			}
		}
	}
	if len(seen) != 4 {
		t.Errorf("severities %v, want all four", seen)
	}
}

// eachActor visits every kind of caller, and whether it counts as one without
// MFA: MFA false or a long-term key; a service's call never does.
func eachActor(visit func(a Actor, withoutMFA bool)) {
	for _, kind := range []string{typeIAMUser, typeAssumedRole, typeRoot, typeFederated, typeService, typeUnknown} {
		for _, mfa := range []MFA{MFAUnknown, MFAYes, MFANo, MFANotApplicable} {
			for _, longTerm := range []bool{false, true} {
				for _, by := range []string{"", "cloudformation.amazonaws.com", "signin.amazonaws.com", "AWS Internal"} {
					service := kind == typeService || by == "cloudformation.amazonaws.com"
					visit(Actor{Type: kind, MFA: mfa, LongTermKey: longTerm, InvokedBy: by}, !service && (longTerm || mfa == MFANo))
				}
			}
		}
	}
}
