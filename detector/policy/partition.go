package policy

import (
	"slices"
	"strings"
)

// partitions lists the partitions in which the policy is to be decided: that of
// the key's ARN, or, for an unknown key, every partition in which the answer
// can be another one: "aws", those that the policy names, and, where it
// compares ARNs at all, one that it does not name. A caller's ARNs are always
// of the key's partition, so what names another one lets nobody in and keeps
// nobody out.
func (p *Policy) partitions(q Question) []string {
	if parts := strings.SplitN(q.KeyARN, ":", 6); len(parts) == 6 {
		return []string{parts[1]}
	}
	list := []string{"aws"}
	compares := false
	for i := range p.Statements {
		st := &p.Statements[i]
		list = appendPartitions(list, st.Text)
		compares = compares || st.comparesARNs()
	}
	slices.Sort(list)
	list = slices.Compact(list) // "aws" sorts first
	if !compares {
		return list
	}
	for _, other := range otherPartitions[:3] {
		if !slices.Contains(list, other) {
			return append(list, other)
		}
	}
	return list
}

// otherPartitions are those beside "aws", the ones open to everybody first.
// Names that are none do not count: each partition takes its part of the budget.
// Source: AWS SDK, partitions.json.
var otherPartitions = [...]string{"aws-us-gov", "aws-cn", "aws-eusc", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f"}

// appendPartitions appends the partition of each ARN in text, which may be a
// pattern; one with a wildcard in it is left out.
// Source: AWS General Reference, "Amazon Resource Names".
func appendPartitions(list []string, text string) []string {
	for {
		_, rest, ok := strings.Cut(text, "arn:aws")
		if !ok {
			return list
		}
		end := strings.IndexFunc(rest, func(r rune) bool { return r != '-' && (r < 'a' || 'z' < r) && (r < '0' || '9' < r) })
		if end >= 0 && rest[end] == ':' && slices.Contains(otherPartitions[:], "aws"+rest[:end]) {
			list = append(list, "aws"+rest[:end])
		}
		text = rest
	}
}

// comparesARNs reports whether a condition of the statement mentions an ARN.
func (s *Statement) comparesARNs() bool {
	for _, c := range s.Conditions {
		for _, v := range c.Values {
			if strings.Contains(v, "arn:") {
				return true
			}
		}
	}
	return false
}

// either returns the answer to a question of which a and b are the answers in
// two partitions, when the key's partition is not known: the worse of the two
// for each action. The result is flagged as turning on a fact of the key.
func either(a, b Decision) Decision {
	if a.bounds() == b.bounds() && a.Classes == b.Classes && a.TooIntricate == b.TooIntricate && len(a.Grants) == len(b.Grants) && len(a.Undecided) == len(b.Undecided) && len(a.Unknown) == len(b.Unknown) && len(a.Services) == len(b.Services) && a.Owner.Manage == b.Owner.Manage && a.Owner.Decrypt == b.Owner.Decrypt {
		return a // the usual case: the partition decides nothing
	}
	out := a
	bounds := a.bounds().worst(b.bounds())
	out.Verdict, out.Least, out.Most = bounds.Verdict, bounds.Least, bounds.Most
	out.TooIntricate = a.TooIntricate || b.TooIntricate
	out.Classes = Classes{a.Classes.Encrypt.worst(b.Classes.Encrypt), a.Classes.Use.worst(b.Classes.Use), a.Classes.Other.worst(b.Classes.Other)}
	out.Owner = eitherOwner(a.Owner, b.Owner)
	out.Grants = worseGrants(weighty(), a.Grants, b.Grants)
	out.Others = worseGrants(asksOf(ClassOther), a.Others, b.Others)
	for _, open := range b.Undecided {
		if !slices.Contains(out.Undecided, open) {
			out.Undecided = append(out.Undecided, open)
		}
	}
	for _, u := range b.Unknown {
		if !slices.Contains(out.Unknown, u) {
			out.Unknown = append(out.Unknown, u)
		}
	}
	for _, g := range b.Services {
		i := slices.IndexFunc(out.Services, func(h ServiceGrant) bool { return h.Service == g.Service && h.Statement == g.Statement })
		if i < 0 {
			out.Services = append(out.Services, g)
		} else {
			out.Services[i].ConfusedDeputy = out.Services[i].ConfusedDeputy || g.ConfusedDeputy
		}
	}
	out.Future = nil
	for _, f := range [...]*Exposure{a.Future, b.Future} {
		if f != nil && f.Verdict.Rank() > out.Verdict.Rank() && (out.Future == nil || f.Verdict.Rank() > out.Future.Verdict.Rank()) {
			out.Future = f
		}
	}
	if b.Least > a.Least {
		out.Opens = b.Opens
	}
	out.Flags = append(slices.Clone(a.Flags), b.Flags...)
	out.Flags = append(out.Flags, FlagKeyDependent)
	slices.Sort(out.Flags)
	out.Flags = slices.Compact(out.Flags)
	for i := range out.Statements {
		if b.Statements[i].Opens.Rank() > a.Statements[i].Opens.Rank() {
			out.Statements[i] = b.Statements[i]
		}
	}
	return out
}

// homePartition returns the partition of the ARNs that the policy's principals
// are named by; "" when there are none, or of several partitions. KMS refuses a
// policy whose principals are not of the key's partition, so that is where the
// owner is to be looked for.
// Source: KMS API Reference, PutKeyPolicy, Policy (the principals must exist).
func (p *Policy) homePartition() string {
	home := ""
	for i := range p.Statements {
		for _, entry := range p.Statements[i].Principals {
			parts := strings.SplitN(entry.Value, ":", 3)
			if entry.Kind != KindAWS || len(parts) < 3 || parts[0] != "arn" || parts[1] == home {
				continue
			}
			if home != "" {
				return ""
			}
			home = parts[1]
		}
	}
	return home
}

// eitherOwner is what the two partitions agree on; the rest is undecided.
func eitherOwner(a, b Owner) Owner {
	unknown := Open{StatementRef{Index: -1}, "it turns on the key's partition, which is not known"}
	if a.Manage != b.Manage {
		a.Manage, a.ManageBlame, a.Named, a.Witness = AccessUndecided, unknown, nil, nil
	}
	if a.Decrypt != b.Decrypt {
		a.Decrypt, a.DecryptBlame = AccessUndecided, unknown
	}
	return a
}

// worseGrants joins two lists of grants, in the order of actions: of two
// grants of one action the one with the wider audience.
func worseGrants(asks []ask, a, b []Grant) []Grant {
	var list []Grant
	for _, x := range asks {
		is := func(g Grant) bool { return g.Action == x.action && g.Class == x.class }
		i, j := slices.IndexFunc(a, is), slices.IndexFunc(b, is)
		switch {
		case i < 0 && j < 0:
		case j < 0 || i >= 0 && a[i].Audience >= b[j].Audience:
			list = append(list, a[i])
		default:
			list = append(list, b[j])
		}
	}
	return list
}
