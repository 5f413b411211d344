package decide

import "slices"

// Blamed returns the statements that give outsiders a grant for which counts
// returns true, and those that kept the decision open, without duplicates. The
// former are in the order of GroupGrants for Grants and then Others; the latter
// come before them if the verdict is undecided, and else after. Index is -1 where
// no single statement kept the decision open. Nil for none.
func (d *Decision) Blamed(counts func(Grant) bool) []StatementRef {
	var refs, doubtful []StatementRef
	for _, g := range GroupGrants(slices.Concat(d.Grants, d.Others)) {
		if slices.ContainsFunc(g, counts) {
			refs = append(refs, g[0].Statements...)
		}
	}
	for _, o := range d.Undecided {
		doubtful = append(doubtful, o.Statement)
	}
	if d.Verdict == Undecided {
		refs, doubtful = doubtful, refs
	}
	var list []StatementRef
	for _, ref := range slices.Concat(refs, doubtful) {
		if !slices.Contains(list, ref) {
			list = append(list, ref)
		}
	}
	return list
}

// A GrantGroup is grants that share an explanation: the same statements give them
// to the same audience. It is never empty.
type GrantGroup []Grant

// GroupGrants groups grants, the worst audience first and otherwise in the order
// of grants. It returns nil if there are none.
func GroupGrants(grants []Grant) []GrantGroup {
	var groups []GrantGroup
	for _, g := range grants {
		i := slices.IndexFunc(groups, func(group GrantGroup) bool {
			first := group[0]
			return first.Audience == g.Audience && slices.Equal(first.Statements, g.Statements) && slices.Equal(first.Named, g.Named)
		})
		if i < 0 {
			groups = append(groups, GrantGroup{g})
			continue
		}
		groups[i] = append(groups[i], g)
	}
	slices.SortStableFunc(groups, func(a, b GrantGroup) int { return int(b[0].Audience) - int(a[0].Audience) })
	return groups
}
