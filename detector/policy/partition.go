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
	for _, other := range [...]string{"aws-us-gov", "aws-cn", "aws-eusc"} {
		if !slices.Contains(list, other) {
			return append(list, other)
		}
	}
	return list
}

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
		if end >= 0 && rest[end] == ':' {
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
	if rank(b.Verdict) == rank(a.Verdict) && len(a.Grants) == len(b.Grants) && len(a.Undecided) == len(b.Undecided) && len(a.Services) == len(b.Services) {
		return a // the usual case: the partition decides nothing
	}
	out := a
	out.Verdict = worse(a.Verdict, b.Verdict)
	out.Grants = worseGrants(EncryptActions(), a.Grants, b.Grants)
	out.Others = worseGrants(otherActions(), a.Others, b.Others)
	for _, open := range b.Undecided {
		if !slices.Contains(out.Undecided, open) {
			out.Undecided = append(out.Undecided, open)
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
	if b.Future != nil && rank(b.Future.Verdict) > rank(out.Verdict) && (a.Future == nil || rank(b.Future.Verdict) > rank(a.Future.Verdict)) {
		out.Future = b.Future
	} else if a.Future != nil && rank(a.Future.Verdict) <= rank(out.Verdict) {
		out.Future = nil
	}
	out.Flags = append(slices.Clone(a.Flags), b.Flags...)
	out.Flags = append(out.Flags, FlagKeyDependent)
	slices.Sort(out.Flags)
	out.Flags = slices.Compact(out.Flags)
	for i := range out.Statements {
		if rank(b.Statements[i].Opens) > rank(a.Statements[i].Opens) {
			out.Statements[i] = b.Statements[i]
		}
	}
	return out
}

// worseGrants joins two lists of grants, in the order of actions: of two
// grants of one action the one with the wider audience.
func worseGrants(actions []string, a, b []Grant) []Grant {
	var list []Grant
	for _, action := range actions {
		is := func(g Grant) bool { return g.Action == action }
		i, j := slices.IndexFunc(a, is), slices.IndexFunc(b, is)
		switch {
		case i < 0 && j < 0:
		case j < 0 || i >= 0 && rank(a[i].Audience) >= rank(b[j].Audience):
			list = append(list, a[i])
		default:
			list = append(list, b[j])
		}
	}
	return list
}
