package decide

import "slices"

// Blamed returns the statements by which outsiders have a grant that counts
// accepts, or that kept the decision open: each once. The worst audience comes
// first, else the order of Grants and Others; what kept an undecided verdict
// open comes before all grants, and after them otherwise. Index is -1 for what
// is not one statement. The list is empty when nobody is to blame.
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

// A GrantGroup is the grants that one explanation serves: the same statements
// give them to the same audience. It is never empty.
type GrantGroup []Grant

// GroupGrants groups grants, the worst audience first, else in the order of
// grants. Nil for none.
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
