package detector

import (
	"testing"
	"time"

	"github.com/kmsentry/kmsentry/detector/policy/decide"
	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
)

// grants returns one grant per action, each with the given audience.
func grants(audience decide.Verdict, actions ...string) []decide.Grant {
	var list []decide.Grant
	for _, action := range actions {
		a, _ := kmsapi.FindAction(action)
		list = append(list, decide.Grant{Class: a.Class, Action: action, Audience: audience})
	}
	return list
}

// public returns the decision for a policy that opens these actions to anyone.
func public(actions ...string) decide.Decision {
	return decide.Decision{Verdict: decide.Public, Least: decide.Public, Most: decide.Public, Grants: grants(decide.Public, actions...)}
}

// Every rule in the table of severities.
func TestSeverity(t *testing.T) {
	withMFA := Actor{Type: typeAssumedRole, MFA: MFAYes}
	withoutMFA := Actor{Type: typeIAMUser, MFA: MFANo}
	encrypt, both := public("kms:Encrypt"), public("kms:Encrypt", "kms:Decrypt")
	named := public("kms:Encrypt")
	named.Grants = append(named.Grants, grants(decide.Shared, "kms:Decrypt")...)
	granted := public("kms:Encrypt", createGrant)
	granted.Grants[1].Class = kmsapi.ClassUse
	granted.Grants[1].Witness.Context = map[string][]string{grantOperations: {"Decrypt"}}
	future := func(v decide.Verdict) decide.Decision {
		return decide.Decision{Future: &decide.Exposure{At: time.Unix(0, 0), Verdict: v}}
	}
	owner := func(manage, decrypt decide.Access, least decide.Verdict) decide.Decision {
		return decide.Decision{Least: least, Owner: decide.Owner{Manage: manage, Decrypt: decrypt}}
	}
	bypass := Event{Bypass: true}
	known := Key{Account: "111122223333"}
	unguarded := decide.Decision{Unguarded: &decide.Decision{Verdict: decide.Public}}
	intricate := decide.Decision{TooIntricate: true, Undecided: []decide.Doubt{{}}}
	for _, row := range []struct {
		name string
		f    Finding
		want Severity
	}{
		{"public, encrypt only", Finding{Verdict: decide.Public, Actor: withMFA, Decision: encrypt}, Critical},
		{"public, encrypt and decrypt", Finding{Verdict: decide.Public, Actor: withMFA, Decision: both}, High},
		{"public, decrypt only", Finding{Verdict: decide.Public, Actor: withMFA, Decision: public("kms:Decrypt")}, High},
		{"public, decrypt only, no MFA", Finding{Verdict: decide.Public, Actor: withoutMFA, Decision: public("kms:Decrypt")}, High},
		{"public, sign only", Finding{Verdict: decide.Public, Actor: withoutMFA, Decision: public("kms:Sign")}, High},
		{"public, decrypt for named outsiders only", Finding{Verdict: decide.Public, Actor: withMFA, Decision: named}, Critical},
		{"public, decrypt by re-encrypting", Finding{Verdict: decide.Public, Actor: withMFA, Decision: public("kms:Encrypt", "kms:ReEncryptFrom")}, High},
		{"public, decrypt by a grant", Finding{Verdict: decide.Public, Actor: withMFA, Decision: granted}, High},
		{"public, other rights", Finding{Verdict: decide.Public, Actor: withMFA, Decision: public("kms:Encrypt", "kms:DescribeKey", "kms:Sign")}, Critical},
		{"public, no MFA", Finding{Verdict: decide.Public, Actor: withoutMFA, Decision: both}, Critical},
		{"public, MFA unknown", Finding{Verdict: decide.Public, Actor: Actor{Type: typeAssumedRole}, Decision: both}, High},
		{"public, long-term key", Finding{Verdict: decide.Public, Actor: Actor{Type: typeIAMUser, LongTermKey: true, MFA: MFANotApplicable}, Decision: both}, Critical},
		{"public, root with MFA", Finding{Verdict: decide.Public, Actor: Actor{Type: typeRoot, MFA: MFAYes}, Decision: both}, High},
		{"public, root without MFA", Finding{Verdict: decide.Public, Actor: Actor{Type: typeRoot, MFA: MFANo}, Decision: both}, Critical},
		{"public, root with a long-term key", Finding{Verdict: decide.Public, Actor: Actor{Type: typeRoot, MFA: MFANotApplicable, LongTermKey: true}, Decision: both}, Critical},
		{"public, outcome unknown", Finding{Verdict: decide.Public, Actor: withMFA, Event: Event{Outcome: OutcomeUnknown}, Decision: both}, High},
		{"shared in addition to trusted accounts, refused", Finding{Attempted: true, Verdict: decide.Shared, trust: true}, Low},
		{"shared later in addition to trusted accounts", Finding{Verdict: decide.Private, trust: true, Decision: future(decide.Shared)}, Medium},
		{"public, a service without MFA", Finding{Verdict: decide.Public, Actor: Actor{Type: typeAssumedRole, MFA: MFANo, InvokedBy: "cloudformation.amazonaws.com"}, Decision: both}, High},
		{"public, refused", Finding{Attempted: true, Verdict: decide.Public, Actor: withoutMFA, Decision: encrypt}, Low},
		{"locked", Finding{Verdict: decide.Private, OwnerLocked: true, Decision: owner(decide.AccessNo, decide.AccessNo, decide.Private)}, High},
		{"locked, with the check bypassed", Finding{Verdict: decide.Private, OwnerLocked: true, Event: bypass, Decision: owner(decide.AccessNo, decide.AccessYes, decide.Private)}, High},
		{"locked, refused", Finding{Attempted: true, Verdict: decide.Private, Decision: owner(decide.AccessNo, decide.AccessNo, decide.Private)}, Low},
		{"taken over", Finding{Verdict: decide.Shared, OwnerLocked: true, Decision: owner(decide.AccessNo, decide.AccessNo, decide.Shared)}, Critical},
		{"locked, and outsiders are not ruled out", Finding{Verdict: decide.Undecided, OwnerLocked: true, Decision: owner(decide.AccessNo, decide.AccessNo, decide.Private)}, High},
		{"named, bypassed", Finding{Verdict: decide.Private, Event: bypass, Key: known, Decision: owner(decide.AccessNamed, decide.AccessYes, decide.Private)}, Medium},
		{"decrypt lost, bypassed", Finding{Verdict: decide.Private, Event: bypass, Key: known, Decision: owner(decide.AccessYes, decide.AccessNo, decide.Private)}, Medium},
		{"owner undecided, bypassed", Finding{Verdict: decide.Private, Event: bypass, Key: known, Decision: owner(decide.AccessUndecided, decide.AccessYes, decide.Private)}, Medium},
		{"owner unknown, bypassed", Finding{Verdict: decide.Shared, Event: bypass, Decision: owner(decide.AccessUndecided, decide.AccessUndecided, decide.Shared)}, Low},
		{"shared, named, bypassed", Finding{Verdict: decide.Shared, Event: bypass, Key: known, Decision: owner(decide.AccessNamed, decide.AccessNamed, decide.Shared)}, Medium},
		{"shared, kept, bypassed", Finding{Verdict: decide.Shared, Event: bypass, Key: known, Decision: owner(decide.AccessYes, decide.AccessYes, decide.Shared)}, Low},
		{"named, checked", Finding{Verdict: decide.Shared, Key: known, Decision: owner(decide.AccessNamed, decide.AccessNo, decide.Shared)}, Low},
		{"too intricate", Finding{Verdict: decide.Undecided, Decision: intricate}, High},
		{"network", Finding{Verdict: decide.Network, Actor: withoutMFA}, Medium},
		{"network, refused", Finding{Attempted: true, Verdict: decide.Network}, Low},
		{"undecided", Finding{Verdict: decide.Undecided, Actor: withoutMFA}, Medium},
		{"undecided, refused", Finding{Attempted: true}, Low},
		{"shared", Finding{Verdict: decide.Shared, Actor: withoutMFA}, Low},
		{"shared in addition to trusted accounts", Finding{Verdict: decide.Shared, trust: true}, Medium},
		{"shared, public later", Finding{Verdict: decide.Shared, Decision: future(decide.Public)}, Medium},
		{"private, public later", Finding{Verdict: decide.Private, Decision: future(decide.Public)}, Medium},
		{"private, undecided later", Finding{Verdict: decide.Private, Decision: future(decide.Undecided)}, Medium},
		{"private, shared later", Finding{Verdict: decide.Private, Decision: future(decide.Shared)}, Low},
		{"private by a resource control policy", Finding{Verdict: decide.Private, Decision: unguarded}, Low},
		{"anyone revokes grants", Finding{Verdict: decide.Private, Decision: decide.Decision{Others: grants(decide.Public, revokeGrant)}}, Low},
	} {
		if got := row.f.severity(); got != row.want {
			t.Errorf("%s: severity = %v, want %v", row.name, got, row.want)
		}
	}
}

// A title states the verdict and holds no text from the event.
func TestTitle(t *testing.T) {
	at := time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC)
	decisionOf := func(v decide.Verdict, more ...string) decide.Decision {
		return decide.Decision{Verdict: v, Grants: append(grants(v, "kms:Encrypt"), grants(v, more...)...)}
	}
	later := func(v decide.Verdict) decide.Decision {
		return decide.Decision{Verdict: decide.Private, Future: &decide.Exposure{At: at, Verdict: v}}
	}
	for _, row := range []struct {
		f    Finding
		want string
	}{
		{Finding{Verdict: decide.Public, Decision: decisionOf(decide.Public)}, "Anyone in AWS can encrypt with this KMS key"},
		{Finding{Verdict: decide.Public, Decision: decisionOf(decide.Public, "kms:Decrypt")}, "Anyone in AWS can encrypt and decrypt with this KMS key"},
		{Finding{Verdict: decide.Public, Decision: decide.Decision{Grants: grants(decide.Public, createGrant)}}, "Anyone in AWS can create grants on this KMS key"},
		{Finding{Verdict: decide.Network, Decision: decisionOf(decide.Network)}, "Anyone in a named network can encrypt with this KMS key"},
		{Finding{Verdict: decide.Shared, Decision: decisionOf(decide.Shared)}, "Named outsiders can encrypt with this KMS key"},
		{Finding{}, "It could not be decided who can encrypt with this KMS key"},
		{Finding{Problem: "p"}, "The policy of this KMS key could not be read"},
		{Finding{Problem: "p", Policy: PolicyText{Missing: "m"}}, "The new policy of this KMS key is not in the record"},
		{Finding{Verdict: decide.Private, Decision: later(decide.Public)}, "This KMS key opens to anyone in AWS on 2099-01-01 00:00:00 UTC"},
		{Finding{Verdict: decide.Private, Decision: later(decide.Network)}, "This KMS key opens to named networks on 2099-01-01 00:00:00 UTC"},
		{Finding{Verdict: decide.Private, Decision: later(decide.Shared)}, "This KMS key opens to named outsiders on 2099-01-01 00:00:00 UTC"},
		{Finding{Verdict: decide.Private, Decision: later(decide.Undecided)}, "This KMS key may open to outsiders on 2099-01-01 00:00:00 UTC"},
		{Finding{Verdict: decide.Public, Decision: public("kms:Decrypt")}, "Anyone in AWS can decrypt with this KMS key"},
		{Finding{Verdict: decide.Public, Decision: public("kms:Sign")}, "Anyone in AWS can sign with this KMS key"},
		{Finding{Verdict: decide.Public, Decision: public("kms:Encrypt", "kms:Decrypt", "kms:Sign")}, "Anyone in AWS can encrypt and decrypt with this KMS key"},
		{Finding{Decision: decide.Decision{Classes: decide.AllClasses(decide.Bounds{Verdict: decide.Private})}}, "It could not be decided who can decrypt or sign with this KMS key"},
		{Finding{Verdict: decide.Private, OwnerLocked: true, Decision: decide.Decision{Least: decide.Private}}, "Nobody in its owner's account can change this KMS key's policy"},
		{Finding{Verdict: decide.Public, OwnerLocked: true, Decision: decide.Decision{Least: decide.Public}}, "Outsiders took over this KMS key; its owner is locked out"},
		{Finding{Verdict: decide.Private, Event: Event{Bypass: true}, Decision: decide.Decision{Owner: decide.Owner{Manage: decide.AccessNamed}}}, "Only named principals can still change this KMS key's policy"},
		{Finding{Verdict: decide.Private, Event: Event{Bypass: true}, Decision: decide.Decision{Owner: decide.Owner{Manage: decide.AccessYes, Decrypt: decide.AccessNo}}}, "The owner's account can no longer decrypt with this KMS key"},
		{Finding{Verdict: decide.Private, Event: Event{Bypass: true}, Key: Key{Account: "111122223333"}}, "The owner's account may not be able to change this KMS key's policy"},
		{Finding{Verdict: decide.Private, Decision: decide.Decision{Unguarded: &decide.Decision{Verdict: decide.Public}}}, "Only a resource control policy keeps outsiders from this KMS key"},
		{Finding{Verdict: decide.Private, Decision: decide.Decision{Others: grants(decide.Public, revokeGrant)}}, "Anyone in AWS can revoke the grants of this KMS key"},
		{Finding{Attempted: true, Verdict: decide.Private, Key: Key{ARN: testARN}, Decision: decide.Decision{Owner: decide.Owner{Manage: decide.AccessNo}}}, "Refused attempt to lock the owner's account out of a KMS key"},
		{Finding{Attempted: true, Verdict: decide.Private, Event: Event{Bypass: true}, Key: Key{Account: "111122223333"}}, "Refused attempt to set a KMS key policy without the lock-out check"},
		{Finding{Attempted: true, Verdict: decide.Private, Decision: decide.Decision{Unguarded: &decide.Decision{Verdict: decide.Public}}}, "Refused attempt to leave a KMS key to a resource control policy"},
		{Finding{Attempted: true, Verdict: decide.Private}, "Refused attempt to let anyone in AWS revoke the grants of a KMS key"},
		{Finding{Attempted: true, Verdict: decide.Public, Decision: decisionOf(decide.Public)}, "Refused attempt to open a KMS key to anyone in AWS"},
		{Finding{Attempted: true, Verdict: decide.Network, Decision: decisionOf(decide.Network)}, "Refused attempt to open a KMS key to named networks"},
		{Finding{Attempted: true, Verdict: decide.Shared, Decision: decisionOf(decide.Shared)}, "Refused attempt to share a KMS key with named outsiders"},
		{Finding{Attempted: true, Verdict: decide.Private, Decision: later(decide.Public)}, "Refused attempt to open a KMS key at a later time"},
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

// When anyone can decrypt as well, the severity is critical only for callers
// without MFA.
func TestSeverityOfEveryActor(t *testing.T) {
	seen := map[Severity]int{}
	eachActor(func(a Actor, withoutMFA bool) {
		f := Finding{Verdict: decide.Public, Actor: a, Decision: public("kms:Encrypt", "kms:Decrypt")}
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

// eachActor calls visit for every kind of caller, with whether it counts as one
// without MFA: MFANo or a long-term key, except for calls made by a service.
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
