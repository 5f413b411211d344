package exceptions

import (
	"github.com/kmsentry/kmsentry/detector"
	"github.com/kmsentry/kmsentry/detector/policy/decide"
	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
)

// A Subject is a judged key policy as far as the entries of the file can match it.
// What is not known is empty, and an entry that lists values for it does not match.
// No entry matches a Subject without hash and resource, such as the zero Subject:
// its policy was not read.
type Subject struct {
	Key           string                          // the key's ARN
	PolicySHA256  string                          // of the policy's text, 64 hexadecimal digits in lower case
	Resource      string                          // where the policy is written: FILE or FILE#LOGICAL-ID
	Account       string                          // the key's owner
	Region        string                          // the key's Region
	Classes       map[kmsapi.Class]decide.Verdict // the worst verdict, now or later, of each class that was judged
	StatementSids []string                        // Sids of the offending statements; "" for one without, or not known
	ActorRole     string                          // the ARN of the role that called, or only its name
	EventName     string                          // "CreateKey", "PutKeyPolicy", "ReplicateKey"
	HashOnly      bool                            // only an entry with the policy's hash may match
}

// Of returns the Subject of a finding. HashOnly is set when the owner is locked out
// and when the policy is too intricate to decide or could not be read.
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

// Judged returns a Subject with what a decision knows: the verdicts, the offending
// statements, and whether the policy was too intricate.
func Judged(d decide.Decision) Subject {
	s := Subject{
		Classes:  make(map[kmsapi.Class]decide.Verdict, kmsapi.ClassCount),
		HashOnly: d.TooIntricate,
	}
	for _, c := range kmsapi.Classes() {
		s.Classes[c] = d.Classes.Of(c).Verdict
	}
	if d.Future != nil { // it does not say which class
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
