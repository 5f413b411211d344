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
		a, _ := policy.FindAction(action)
		list = append(list, policy.Grant{Class: a.Class, Action: action, Audience: audience})
	}
	return list
}

// public is the decision of a policy that opens these actions to anyone.
func public(actions ...string) policy.Decision {
	return policy.Decision{Verdict: policy.Public, Least: policy.Public, Most: policy.Public, Grants: grants(policy.Public, actions...)}
}

// The table of severities, row by row.
func TestSeverity(t *testing.T) {
	withMFA := Actor{Type: typeAssumedRole, MFA: MFAYes}
	withoutMFA := Actor{Type: typeIAMUser, MFA: MFANo}
	encrypt, both := public("kms:Encrypt"), public("kms:Encrypt", "kms:Decrypt")
	named := public("kms:Encrypt")
	named.Grants = append(named.Grants, grants(policy.Shared, "kms:Decrypt")...)
	granted := public("kms:Encrypt", createGrant)
	granted.Grants[1].Class = policy.ClassUse
	granted.Grants[1].Witness.Context = map[string][]string{grantOperations: {"Decrypt"}}
	future := func(v policy.Verdict) policy.Decision {
		return policy.Decision{Future: &policy.Exposure{At: time.Unix(0, 0), Verdict: v}}
	}
	owner := func(manage, decrypt policy.Access, least policy.Verdict) policy.Decision {
		return policy.Decision{Least: least, Owner: policy.Owner{Manage: manage, Decrypt: decrypt}}
	}
	bypass := Event{Bypass: true}
	known := Key{Account: "111122223333"}
	unguarded := policy.Decision{Unguarded: &policy.Decision{Verdict: policy.Public}}
	intricate := policy.Decision{TooIntricate: true, Undecided: []policy.Open{{}}}
	for _, row := range []struct {
		name string
		f    Finding
		want Severity
	}{
		{"public, encrypt only", Finding{Verdict: policy.Public, Actor: withMFA, Decision: encrypt}, Critical},
		{"public, encrypt and decrypt", Finding{Verdict: policy.Public, Actor: withMFA, Decision: both}, High},
		{"public, decrypt only", Finding{Verdict: policy.Public, Actor: withMFA, Decision: public("kms:Decrypt")}, High},
		{"public, decrypt only, no MFA", Finding{Verdict: policy.Public, Actor: withoutMFA, Decision: public("kms:Decrypt")}, High},
		{"public, sign only", Finding{Verdict: policy.Public, Actor: withoutMFA, Decision: public("kms:Sign")}, High},
		{"public, decrypt for named outsiders only", Finding{Verdict: policy.Public, Actor: withMFA, Decision: named}, Critical},
		{"public, decrypt by re-encrypting", Finding{Verdict: policy.Public, Actor: withMFA, Decision: public("kms:Encrypt", "kms:ReEncryptFrom")}, High},
		{"public, decrypt by a grant", Finding{Verdict: policy.Public, Actor: withMFA, Decision: granted}, High},
		{"public, other rights", Finding{Verdict: policy.Public, Actor: withMFA, Decision: public("kms:Encrypt", "kms:DescribeKey", "kms:Sign")}, Critical},
		{"public, no MFA", Finding{Verdict: policy.Public, Actor: withoutMFA, Decision: both}, Critical},
		{"public, MFA unknown", Finding{Verdict: policy.Public, Actor: Actor{Type: typeAssumedRole}, Decision: both}, High},
		{"public, long-term key", Finding{Verdict: policy.Public, Actor: Actor{Type: typeIAMUser, LongTermKey: true, MFA: MFANotApplicable}, Decision: both}, Critical},
		{"public, root with MFA", Finding{Verdict: policy.Public, Actor: Actor{Type: typeRoot, MFA: MFAYes}, Decision: both}, High},
		{"public, root without MFA", Finding{Verdict: policy.Public, Actor: Actor{Type: typeRoot, MFA: MFANo}, Decision: both}, Critical},
		{"public, root with a long-term key", Finding{Verdict: policy.Public, Actor: Actor{Type: typeRoot, MFA: MFANotApplicable, LongTermKey: true}, Decision: both}, Critical},
		{"public, outcome unknown", Finding{Verdict: policy.Public, Actor: withMFA, Event: Event{Outcome: OutcomeUnknown}, Decision: both}, High},
		{"shared beside those trusted, refused", Finding{Attempted: true, Verdict: policy.Shared, trust: true}, Low},
		{"shared later beside those trusted", Finding{Verdict: policy.Private, trust: true, Decision: future(policy.Shared)}, Medium},
		{"public, a service without MFA", Finding{Verdict: policy.Public, Actor: Actor{Type: typeAssumedRole, MFA: MFANo, InvokedBy: "cloudformation.amazonaws.com"}, Decision: both}, High},
		{"public, refused", Finding{Attempted: true, Verdict: policy.Public, Actor: withoutMFA, Decision: encrypt}, Low},
		{"locked", Finding{Verdict: policy.Private, OwnerLocked: true, Decision: owner(policy.AccessNo, policy.AccessNo, policy.Private)}, High},
		{"locked, with the check bypassed", Finding{Verdict: policy.Private, OwnerLocked: true, Event: bypass, Decision: owner(policy.AccessNo, policy.AccessYes, policy.Private)}, High},
		{"locked, refused", Finding{Attempted: true, Verdict: policy.Private, Decision: owner(policy.AccessNo, policy.AccessNo, policy.Private)}, Low},
		{"taken over", Finding{Verdict: policy.Shared, OwnerLocked: true, Decision: owner(policy.AccessNo, policy.AccessNo, policy.Shared)}, Critical},
		{"locked, and outsiders are not ruled out", Finding{Verdict: policy.Undecided, OwnerLocked: true, Decision: owner(policy.AccessNo, policy.AccessNo, policy.Private)}, High},
		{"named, bypassed", Finding{Verdict: policy.Private, Event: bypass, Key: known, Decision: owner(policy.AccessNamed, policy.AccessYes, policy.Private)}, Medium},
		{"decrypt lost, bypassed", Finding{Verdict: policy.Private, Event: bypass, Key: known, Decision: owner(policy.AccessYes, policy.AccessNo, policy.Private)}, Medium},
		{"owner undecided, bypassed", Finding{Verdict: policy.Private, Event: bypass, Key: known, Decision: owner(policy.AccessUndecided, policy.AccessYes, policy.Private)}, Medium},
		{"owner unknown, bypassed", Finding{Verdict: policy.Shared, Event: bypass, Decision: owner(policy.AccessUndecided, policy.AccessUndecided, policy.Shared)}, Low},
		{"shared, named, bypassed", Finding{Verdict: policy.Shared, Event: bypass, Key: known, Decision: owner(policy.AccessNamed, policy.AccessNamed, policy.Shared)}, Medium},
		{"shared, kept, bypassed", Finding{Verdict: policy.Shared, Event: bypass, Key: known, Decision: owner(policy.AccessYes, policy.AccessYes, policy.Shared)}, Low},
		{"named, checked", Finding{Verdict: policy.Shared, Key: known, Decision: owner(policy.AccessNamed, policy.AccessNo, policy.Shared)}, Low},
		{"too intricate", Finding{Verdict: policy.Undecided, Decision: intricate}, High},
		{"network", Finding{Verdict: policy.Network, Actor: withoutMFA}, Medium},
		{"network, refused", Finding{Attempted: true, Verdict: policy.Network}, Low},
		{"undecided", Finding{Verdict: policy.Undecided, Actor: withoutMFA}, Medium},
		{"undecided, refused", Finding{Attempted: true}, Low},
		{"shared", Finding{Verdict: policy.Shared, Actor: withoutMFA}, Low},
		{"shared beside those trusted", Finding{Verdict: policy.Shared, trust: true}, Medium},
		{"shared, public later", Finding{Verdict: policy.Shared, Decision: future(policy.Public)}, Medium},
		{"private, public later", Finding{Verdict: policy.Private, Decision: future(policy.Public)}, Medium},
		{"private, undecided later", Finding{Verdict: policy.Private, Decision: future(policy.Undecided)}, Medium},
		{"private, shared later", Finding{Verdict: policy.Private, Decision: future(policy.Shared)}, Low},
		{"private by a resource control policy", Finding{Verdict: policy.Private, Decision: unguarded}, Low},
		{"anyone revokes grants", Finding{Verdict: policy.Private, Decision: policy.Decision{Others: grants(policy.Public, revokeGrant)}}, Low},
	} {
		if got := row.f.severity(); got != row.want {
			t.Errorf("%s: severity = %v, want %v", row.name, got, row.want)
		}
	}
}

// A title words the verdict and holds nothing of the event.
func TestTitle(t *testing.T) {
	at := time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC)
	decide := func(v policy.Verdict, more ...string) policy.Decision {
		return policy.Decision{Verdict: v, Grants: append(grants(v, "kms:Encrypt"), grants(v, more...)...)}
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
		{Finding{Verdict: policy.Public, Decision: public("kms:Decrypt")}, "Anyone in AWS can decrypt with this KMS key"},
		{Finding{Verdict: policy.Public, Decision: public("kms:Sign")}, "Anyone in AWS can sign with this KMS key"},
		{Finding{Verdict: policy.Public, Decision: public("kms:Encrypt", "kms:Decrypt", "kms:Sign")}, "Anyone in AWS can encrypt and decrypt with this KMS key"},
		{Finding{Decision: policy.Decision{Classes: policy.Classes{Encrypt: policy.Bounds{Verdict: policy.Private}}}}, "It could not be decided who can decrypt or sign with this KMS key"},
		{Finding{Verdict: policy.Private, OwnerLocked: true, Decision: policy.Decision{Least: policy.Private}}, "Nobody in its owner's account can change this KMS key's policy"},
		{Finding{Verdict: policy.Public, OwnerLocked: true, Decision: policy.Decision{Least: policy.Public}}, "Outsiders took over this KMS key; its owner is locked out"},
		{Finding{Verdict: policy.Private, Event: Event{Bypass: true}, Decision: policy.Decision{Owner: policy.Owner{Manage: policy.AccessNamed}}}, "Only named principals can still change this KMS key's policy"},
		{Finding{Verdict: policy.Private, Event: Event{Bypass: true}, Decision: policy.Decision{Owner: policy.Owner{Manage: policy.AccessYes, Decrypt: policy.AccessNo}}}, "The owner's account can no longer decrypt with this KMS key"},
		{Finding{Verdict: policy.Private, Event: Event{Bypass: true}, Key: Key{Account: "111122223333"}}, "The owner's account may not be able to change this KMS key's policy"},
		{Finding{Verdict: policy.Private, Decision: policy.Decision{Unguarded: &policy.Decision{Verdict: policy.Public}}}, "Only a resource control policy keeps outsiders from this KMS key"},
		{Finding{Verdict: policy.Private, Decision: policy.Decision{Others: grants(policy.Public, revokeGrant)}}, "Anyone in AWS can revoke the grants of this KMS key"},
		{Finding{Attempted: true, Verdict: policy.Private, Key: Key{ARN: testARN}, Decision: policy.Decision{Owner: policy.Owner{Manage: policy.AccessNo}}}, "Refused attempt to lock the owner's account out of a KMS key"},
		{Finding{Attempted: true, Verdict: policy.Private, Event: Event{Bypass: true}, Key: Key{Account: "111122223333"}}, "Refused attempt to set a KMS key policy without the lock-out check"},
		{Finding{Attempted: true, Verdict: policy.Private, Decision: policy.Decision{Unguarded: &policy.Decision{Verdict: policy.Public}}}, "Refused attempt to leave a KMS key to a resource control policy"},
		{Finding{Attempted: true, Verdict: policy.Private}, "Refused attempt to let anyone in AWS revoke the grants of a KMS key"},
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

// Anyone who can decrypt as well: critical only for callers without MFA.
func TestSeverityOfEveryActor(t *testing.T) {
	seen := map[Severity]int{}
	eachActor(func(a Actor, withoutMFA bool) {
		f := Finding{Verdict: policy.Public, Actor: a, Decision: public("kms:Encrypt", "kms:Decrypt")}
		want := High
		if withoutMFA {
			want = Critical
		}
		if got := f.severity(); got != want {
			t.Errorf("%+v: severity = %v, want %v", a, got, want)
		}
		seen[want]++
	})
	if len(seen) != 2 {
		t.Errorf("severities %v, want two", seen)
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
