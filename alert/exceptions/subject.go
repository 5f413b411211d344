package exceptions

import (
	"strings"

	"github.com/kmsentry/kmsentry/detector"
	"github.com/kmsentry/kmsentry/detector/policy"
)

// A Class groups actions by what they do to the key's owner.
type Class string

// The classes.
const (
	Encrypt Class = "encrypt" // makes ciphertext that only this key opens
	Use     Class = "use"     // reads the owner's data or signs in the owner's name
	Other   Class = "other"   // everything else that works across accounts
)

// classes lists every Class.
func classes() []Class { return []Class{Encrypt, Use, Other} }

// useActions are the actions of class Use, CreateGrant left out: it counts
// where the grants that it can make belong.
func useActions() []string {
	return []string{"kms:Decrypt", "kms:ReEncryptFrom", "kms:Sign", "kms:GenerateMac", "kms:DeriveSharedSecret"}
}

// A Subject is a key policy that has been judged, as the entries of the file
// see it. What is not known is empty, and an entry that asks about it does not
// match. A Subject without hash and without resource is one whose policy was
// not read: nothing matches it, nor the zero Subject.
type Subject struct {
	Key           string                   // the key's ARN
	PolicySHA256  string                   // of the policy's text, 64 hexadecimal digits in lower case
	Resource      string                   // where the policy stands: FILE or FILE#LOGICAL-ID
	Account       string                   // the key's owner
	Region        string                   // the key's Region
	Classes       map[Class]policy.Verdict // the verdict of each class that was judged, at its worst instant
	StatementSids []string                 // the Sid of each offending statement, one for each; "" for one without, or for no statement
	ActorRole     string                   // ARN of the role that called, or its name alone
	EventName     string                   // "CreateKey", "PutKeyPolicy", "ReplicateKey"
	HashOnly      bool                     // only an entry with the policy's hash may match
}

// Of returns the Subject of a finding. The owner locked out, a policy too
// intricate to decide, and one that is no policy are held by hash only.
func Of(f *detector.Finding) Subject {
	s := Judged(f.Decision)
	s.Key, s.PolicySHA256 = f.Key.ARN, f.Policy.SHA256
	s.Account, s.Region = f.Key.Account, f.Key.Region
	s.EventName = f.Event.Name
	if f.Actor.Role != "" {
		s.ActorRole = f.Actor.Role
		if role := f.Actor.RoleARN; isRoleARN(role) {
			s.ActorRole = role
		}
	}
	s.HashOnly = s.HashOnly || f.OwnerLocked || f.Problem != ""
	return s
}

// Judged returns what a decision tells of a Subject: the verdicts, the
// offending statements, and whether it was too intricate.
func Judged(d policy.Decision) Subject {
	s := Subject{Classes: map[Class]policy.Verdict{Encrypt: d.Verdict}}
	if d.Future != nil {
		s.Classes[Encrypt] = worst(d.Verdict, d.Future.Verdict)
	}
	seen := map[policy.StatementRef]bool{}
	blame := func(ref policy.StatementRef) {
		if !seen[ref] {
			seen[ref] = true
			s.StatementSids = append(s.StatementSids, ref.Sid)
		}
	}
	for _, open := range d.Undecided {
		// What stays open beside a sure grant may be worse than the grant.
		s.Classes[Encrypt] = worst(s.Classes[Encrypt], policy.Undecided)
		s.HashOnly = s.HashOnly || strings.Contains(open.Reason, "too intricate")
		blame(open.Statement)
	}
	for _, g := range d.Grants {
		blameAll(g, blame)
	}
	for _, g := range d.Others {
		c := classOf(g.Action)
		v, judged := s.Classes[c]
		if !judged {
			v = policy.Private
		}
		s.Classes[c] = worst(v, g.Audience)
		blameAll(g, blame)
	}
	if d.Future != nil {
		blame(policy.StatementRef{Index: -1}) // the decision does not say which statement opens later
	}
	return s
}

func blameAll(g policy.Grant, blame func(policy.StatementRef)) {
	for _, ref := range g.Statements {
		blame(ref)
	}
}

// classOf is the class of an action outside the encrypt class.
func classOf(action string) Class {
	for _, a := range useActions() {
		if strings.EqualFold(a, action) {
			return Use
		}
	}
	return Other
}

// rank orders verdicts, the better first. An undecided policy may be public:
// only who accepts public accepts more.
func rank(v policy.Verdict) int {
	switch v {
	case policy.Private:
		return 0
	case policy.Shared:
		return 1
	case policy.Network:
		return 2
	case policy.Public:
		return 4
	default:
		return 3
	}
}

func worst(a, b policy.Verdict) policy.Verdict {
	if rank(a) >= rank(b) {
		return a
	}
	return b
}
