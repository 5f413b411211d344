package decide

import (
	"slices"
	"strings"

	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/compile"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/textsolve"
	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
	"github.com/kmsentry/kmsentry/internal/awsid"
)

// partitionsOf returns the partitions in which to decide the policy: that of the
// key's ARN or, for an unknown key, enough partitions for every possible answer:
// "aws", one of each kind that the policy distinguishes and, if conditions compare
// ARNs, one that it does not distinguish from "aws". A caller's ARNs are always of
// the key's partition, so an ARN of another partition lets nobody in and keeps
// nobody out.
func partitionsOf(p *policy.Policy, q Question) []string {
	if key, ok := awsid.SplitARN(q.KeyARN); ok {
		return []string{key.Partition}
	}
	others := otherPartitions()
	texts := map[string]bool{} // see partitionTexts
	compares := false
	for i := range p.Statements {
		st := &p.Statements[i]
		for _, entry := range st.Principals {
			partitionTexts(texts, entry.Value, others)
		}
		for _, text := range st.Resources {
			partitionTexts(texts, text, others)
		}
		for _, c := range st.Conditions {
			for _, text := range c.Values {
				partitionTexts(texts, text, others)
				compares = compares || strings.Contains(text, "arn:")
			}
		}
	}
	list := []string{"aws"}
	kinds := []string{partitionKind(texts, "aws")}
	for _, other := range others {
		if kind := partitionKind(texts, other); !slices.Contains(kinds, kind) {
			list, kinds = append(list, other), append(kinds, kind)
		} else if kind == kinds[0] && compares {
			list, compares = append(list, other), false
		}
	}
	return list
}

// otherPartitions returns the known partitions other than "aws", those open to
// everybody first.
func otherPartitions() []string {
	var names []string
	for _, p := range awsid.Partitions()[1:] {
		names = append(names, p.Name)
	}
	return names
}

// partitionTexts adds to texts the patterns in text, if it may match an ARN, that
// may be about the partition: the fields between colons that have wildcards or
// are one of others and, since wildcards and unknown parts may match colons, the
// plain text between these.
// Source: AWS General Reference, "Amazon Resource Names".
func partitionTexts(texts map[string]bool, text string, others []string) {
	text = strings.ToLower(policy.ReplaceMarks(text, "*"))
	const wild = "*?$"
	head := text
	if at := strings.IndexAny(text, wild); at >= 0 {
		head = text[:at]
	}
	if !strings.HasPrefix(head, "arn:") && !strings.HasPrefix("arn:", head) {
		return
	}
	for field := range strings.SplitSeq(text, ":") {
		isWild := strings.ContainsAny(field, wild)
		if isWild || slices.Contains(others, field) {
			texts[field] = true
		}
		if !isWild {
			continue
		}
		for _, plain := range strings.FieldsFunc(field, func(r rune) bool { return strings.ContainsRune(wild, r) }) {
			texts["*"+plain+"*"] = true
		}
	}
}

// partitionKind returns a text that is the same for partitions that the texts do
// not distinguish: the texts that match the partition.
func partitionKind(texts map[string]bool, partition string) string {
	var kind []string
	for text := range texts {
		if p := compile.NewPattern(text, policy.StringLike, nil); p.Matches(partition, textsolve.NewBudget(MaxSteps, nil)) {
			kind = append(kind, text)
		}
	}
	slices.Sort(kind)
	return strings.Join(kind, ":")
}

// either combines the answers in two partitions when the key's partition is not
// known: the worse of the two for each action. If they differ, the result is
// flagged as depending on the key.
func either(a, b Decision) Decision {
	if a.Classes == b.Classes && a.TooIntricate == b.TooIntricate && len(a.Grants) == len(b.Grants) && len(a.Undecided) == len(b.Undecided) && len(a.Unknown) == len(b.Unknown) && len(a.Services) == len(b.Services) && a.Owner.Manage == b.Owner.Manage && a.Owner.Decrypt == b.Owner.Decrypt {
		return a // the usual case: the partition does not matter
	}
	out := a
	bounds := a.bounds().worst(b.bounds())
	out.Verdict, out.Least, out.Most = bounds.Verdict, bounds.Least, bounds.Most
	out.TooIntricate = a.TooIntricate || b.TooIntricate
	for i := range out.Classes {
		out.Classes[i] = a.Classes[i].worst(b.Classes[i])
	}
	out.Owner = eitherOwner(a.Owner, b.Owner)
	out.Grants = worseGrants(kmsapi.Weighty(), a.Grants, b.Grants)
	out.Others = worseGrants(kmsapi.Light(), a.Others, b.Others)
	for _, doubt := range b.Undecided {
		if !slices.Contains(out.Undecided, doubt) {
			out.Undecided = append(out.Undecided, doubt)
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

// homePartition returns the partition of the ARNs in the policy's principals; ""
// if there are none, or several partitions. KMS refuses a policy whose principals
// are not of the key's partition, so the owner is decided in this one.
// Source: KMS API Reference, PutKeyPolicy, Policy (the principals must exist).
func homePartition(p *policy.Policy) string {
	home := ""
	for i := range p.Statements {
		for _, entry := range p.Statements[i].Principals {
			partition := awsid.PartitionIn(entry.Value)
			if entry.Kind != policy.KindAWS || partition == "" || partition == home {
				continue
			}
			if home != "" {
				return ""
			}
			home = partition
		}
	}
	return home
}

// eitherOwner returns that on which the answers in two partitions agree; the rest
// is undecided.
func eitherOwner(a, b Owner) Owner {
	unknown := Doubt{StatementRef{Index: -1}, "it depends on the key's partition, which is not known"}
	if a.Manage != b.Manage {
		a.Manage, a.ManageBlame, a.Named, a.Witness = AccessUndecided, unknown, nil, nil
	}
	if a.Decrypt != b.Decrypt {
		a.Decrypt, a.DecryptBlame = AccessUndecided, unknown
	}
	return a
}

// worseGrants merges two lists of grants, in the order of asks. Of two grants for
// an ask it keeps the one with the wider audience.
func worseGrants(asks []kmsapi.Ask, a, b []Grant) []Grant {
	var list []Grant
	for _, x := range asks {
		is := func(g Grant) bool { return g.Action == x.Action && g.Class == x.Class }
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
