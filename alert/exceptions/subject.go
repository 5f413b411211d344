package exceptions

import (
	"github.com/kmsentry/kmsentry/detector"
	"github.com/kmsentry/kmsentry/detector/policy/decide"
	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
)

// A Subject is a key policy that has been judged, as the entries of the file
// see it. What is not known is empty, and an entry that asks about it does not
// match. A Subject without hash and without resource is one whose policy was
// not read: nothing matches it, nor the zero Subject.
type Subject struct {
	Key           string                          // the key's ARN
	PolicySHA256  string                          // of the policy's text, 64 hexadecimal digits in lower case
	Resource      string                          // where the policy stands: FILE or FILE#LOGICAL-ID
	Account       string                          // the key's owner
	Region        string                          // the key's Region
	Classes       map[kmsapi.Class]decide.Verdict // the verdict of each class that was judged, at its worst instant
	StatementSids []string                        // the Sid of each offending statement, one for each; "" for one without, or for no statement
	ActorRole     string                          // ARN of the role that called, or its name alone
	EventName     string                          // "CreateKey", "PutKeyPolicy", "ReplicateKey"
	HashOnly      bool                            // only an entry with the policy's hash may match
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

// Judged returns what a decision says of a Subject: the verdicts, the
// offending statements, and whether it was too intricate.
func Judged(d decide.Decision) Subject {
	s := Subject{
		Classes:  make(map[kmsapi.Class]decide.Verdict, kmsapi.ClassCount),
		HashOnly: d.TooIntricate,
	}
	for _, c := range kmsapi.Classes() {
		s.Classes[c] = d.Classes.Of(c).Verdict
	}
	if d.Future != nil { // it does not say of which class
		for _, c := range kmsapi.Deciding() {
			s.Classes[c] = worst(s.Classes[c], d.Future.Verdict)
		}
	}
	refs := d.Blamed(func(decide.Grant) bool { return true })
	if d.Future != nil { // the decision does not say which statement opens later
		refs = append(refs, decide.StatementRef{Index: -1})
	}
	for _, ref := range refs {
		s.StatementSids = append(s.StatementSids, ref.Sid)
	}
	return s
}

func worst(a, b decide.Verdict) decide.Verdict {
	if a.Rank() >= b.Rank() {
		return a
	}
	return b
}
