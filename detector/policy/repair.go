package policy

import (
	"net/netip"
	"strings"
)

// A variant is one shape that the values of a group of keys can have together.
type variant struct {
	tape
	at []place
}

// A place says where on the tape the value of a key stands.
type place struct{ slot, first, last, skip int }

func whole(slot int, t tape) variant {
	return variant{t, []place{{slot, 0, len(t.segs) - 1, -1}}}
}

// A group is a set of keys whose values hang together.
type group int

const (
	gCaller  group = -1 - iota // account, ARN, name
	gUser                      // user id, unique id, session name
	gParent                    // the user behind a federated session
	gOrg                       // organization id and path of the caller
	gVpc                       // VPC id and ARN
	gVpceOrg                   // organization of the endpoint's owner
	gCalled                    // aws:CalledVia, First and Last
	gContext                   // encryption context and its keys
	gMFA                       // MFA present and age
	gSpec                      // key spec, usage, encryption algorithm
)

// groupOf returns the group of a slot; a key that stands alone is its own group.
func (s *search) groupOf(slot int) group {
	switch slot {
	case sAccount, sArn, sName:
		return gCaller
	case sUserID:
		if s.typ == rootCaller || s.typ == fedCaller {
			return gCaller
		}
		return gUser
	case sUnique, sSession:
		return gUser
	case sParent:
		return gParent
	case sOrgID, sOrgPaths:
		return gOrg
	}
	switch s.c.slots[slot].id {
	case idUsername:
		return gCaller
	case idSourceVpc, idVpcArn:
		return gVpc
	case idVpceOrgID, idVpceOrgPaths:
		return gVpceOrg
	case idCalledVia, idCalledViaFirst, idCalledViaLast:
		return gCalled
	case idEncContext, idEncKeys:
		return gContext
	case idMFAPresent, idMFAAge:
		if s.temp && s.typ != fedCaller && s.typ != serviceCaller {
			return gMFA
		}
	case idKeySpec, idKeyUsage, idEncAlgorithm:
		return gSpec
	}
	return group(slot)
}

// repair gives the keys of slot's group values in m that meet all of c. When it
// fails and the search is not incomplete, there are none.
func (s *search) repair(c []literal, m *model, slot int) bool {
	if *s.work -= 5; *s.work < 0 {
		return false
	}
	g := s.groupOf(slot)
	lits := s.literalsOf(c, g)
	switch g {
	case gContext:
		return s.repairContext(c, lits, m)
	case gCalled, gMFA, gSpec:
		return s.repairFew(g, lits, m)
	}
	if g >= 0 && !s.isText(slot) {
		vals, ok := s.pick(slot, lits, m)
		if ok {
			m.vals[slot] = vals
		}
		return ok || s.domains[slot].kind != never && !s.settled(lits) && s.invert(c, lits, m, slot)
	}
	k, fit := s.key(g, lits)
	if fit {
		if ok, known := s.recall(k, m); known {
			return ok
		}
	}
	ok := s.repairText(c, lits, m, g, slot)
	if fit {
		s.remember(k, m, ok)
	}
	return ok
}

// repairFew solves the groups that have few values between them. Their
// literals with variables are read as the model has the variables.
func (s *search) repairFew(g group, lits []literal, m *model) bool {
	var ok bool
	switch g {
	case gCalled:
		ok = s.repairCalled(lits, m)
	case gMFA:
		ok = s.repairMFA(lits, m)
	default:
		ok = s.repairSpec(lits, m)
	}
	if !ok && !s.settled(lits) {
		s.incomplete = true // other values of the variables may do
	}
	return ok
}

func (s *search) isText(slot int) bool {
	return slot < sFirst || s.domains[slot].kind == text && !s.domains[slot].multi && !(s.sure && s.domains[slot].uncertain)
}

func (s *search) literalsOf(c []literal, g group) []literal {
	var lits []literal
	for _, l := range c {
		if s.groupOf(l.slot) == g {
			lits = append(lits, l)
		}
	}
	return lits
}

func absentFits(lits []literal) bool {
	for _, l := range lits {
		if !l.absent {
			return false
		}
	}
	return true
}

// repairText solves a group of text keys.
func (s *search) repairText(c, lits []literal, m *model, g group, slot int) bool {
	variants, optional := s.variants(g, slot, m)
	lits = s.dropOwner(g, lits)
	if (optional || len(variants) == 0) && absentFits(lits) {
		for _, l := range lits {
			m.vals[l.slot] = nil
		}
		s.clear(g, m)
		return true
	}
	if g >= sFirst && s.prefer(slot, lits, m) {
		return true
	}
	if s.fill(variants, lits, m, resolved) {
		return s.documented(slot, lits, m)
	}
	switch {
	case g == gParent && s.typ == fedCaller:
		return s.moveAccount(c, lits, m, s.parentVariants)
	case g >= 0 && s.c.slots[slot].id == idSessionArn:
		return s.moveAccount(c, lits, m, func(account string) []variant { return s.sessionVariants(slot, account) })
	}
	if s.settled(lits) || *s.work < 0 {
		return false
	}
	trial := m.clone()
	if !s.fill(variants, lits, trial, loose) {
		return false
	}
	return s.equate(c, lits, m, trial, variants)
}

// prefer tries the well-known values of a key.
func (s *search) prefer(slot int, lits []literal, m *model) bool {
next:
	for _, t := range append([]string{s.domains[slot].first}, s.domains[slot].known...) {
		if t == "" {
			continue
		}
		v := []value{{s: t}}
		for i := range lits {
			if !lits[i].holdsFor(v, m) {
				continue next
			}
		}
		m.vals[slot] = v
		return true
	}
	return false
}

// documented says whether a sure search may use the value that m has: it may
// not invent AWS services, but it believes the policy that names one.
func (s *search) documented(slot int, lits []literal, m *model) bool {
	if slot < sFirst || s.domains[slot].known == nil || !s.sure {
		return true
	}
	for i := range lits {
		l := &lits[i]
		if _, fixed := l.present(); fixed || !l.inside() {
			continue
		}
		for j := range l.set.pats {
			if p := &l.set.pats[j]; p.exact && p.plain == m.text(slot) {
				return true
			}
		}
	}
	return false
}

// clear makes all keys of a group absent.
func (s *search) clear(g group, m *model) {
	switch g {
	case gOrg:
		m.vals[sOrgID], m.vals[sOrgPaths] = nil, nil
	case gVpc, gVpceOrg:
		for i := sFirst; i < len(s.c.slots); i++ {
			if s.groupOf(i) == g {
				m.vals[i] = nil
			}
		}
	}
}

// settled reports whether all variables in lits have one value in every
// request of this scene: then there is nothing to try.
func (s *search) settled(lits []literal) bool {
	for i := range lits {
		if lits[i].set == nil || !lits[i].set.vars {
			continue
		}
		for j := range lits[i].set.pats {
			for _, p := range lits[i].set.pats[j].parts {
				if p.ref != "" && !s.settledSlot(p.slot) {
					return false
				}
			}
		}
	}
	return true
}

func (s *search) settledSlot(slot int) bool {
	if slot >= sFirst && s.c.slots[slot].id == idUsername {
		return s.typ != userCaller
	}
	if slot < sFirst || s.groupOf(slot) < 0 {
		return false
	}
	d := &s.domains[slot]
	return d.kind == fixedTo || d.kind == never
}

// dropOwner takes comparisons with the key owner's account or organization out
// where they cannot be equal: an outsider has another account, and a stranger
// another organization.
func (s *search) dropOwner(g group, lits []literal) []literal {
	if g != gCaller && (g != gOrg || !s.freshWho) || !anyVariables(lits) {
		return lits
	}
	lits = append([]literal(nil), lits...)
	for i := range lits {
		l := &lits[i]
		if l.set == nil || !l.set.vars || l.slot == sArn {
			continue
		}
		set := &valueSet{}
		for _, p := range l.set.pats {
			if len(p.parts) == 1 && s.ownerKey(p.parts[0].slot) {
				continue
			}
			set.pats = append(set.pats, p)
			set.vars = set.vars || p.parts != nil
		}
		if len(set.pats) == len(l.set.pats) {
			continue
		}
		l.set = set
		if len(set.pats) == 0 {
			if l.inside() {
				l.mode = none
			} else {
				l.mode = all
			}
		}
	}
	return lits
}

func (s *search) ownerKey(slot int) bool {
	return slot >= sFirst && (s.c.slots[slot].id == idResAccount || s.c.slots[slot].id == idResOrgID)
}

func anyVariables(lits []literal) bool {
	for i := range lits {
		if lits[i].set != nil && lits[i].set.vars {
			return true
		}
	}
	return false
}

// variants lists the shapes that a group's values can have in this scene;
// optional says that the whole group may be absent.
func (s *search) variants(g group, slot int, m *model) (list []variant, optional bool) {
	switch g {
	case gCaller:
		return s.callerVariants(), false
	case gUser:
		return s.userVariants(), false
	case gParent:
		if s.typ != fedCaller {
			return nil, true
		}
		return s.parentVariants(m.text(sAccount)), false
	case gOrg:
		if s.typ == serviceCaller {
			return nil, true
		}
		return orgVariants(sOrgID, sOrgPaths), true
	case gVpc:
		if s.path != endpoint {
			return nil, true
		}
		return s.vpcVariants(), false
	case gVpceOrg:
		if s.path != endpoint {
			return nil, true
		}
		return orgVariants(s.c.slotWith(idVpceOrgID), s.c.slotWith(idVpceOrgPaths)), true
	}
	if slot == sResource {
		return []variant{whole(slot, tape{[]segment{fixed(s.c.q.KeyARN)}})}, false
	}
	if slot == sParentID {
		if s.typ != fedCaller {
			return nil, true
		}
		return []variant{whole(slot, tape{[]segment{fixed("AIDA"), repeat(idClass(), 12, 124)}})}, false
	}
	if g < sFirst { // a slot of the caller that no group holds: a service's name
		return []variant{whole(slot, tape{[]segment{repeat(hostClass(), 1, 60), fixed("."), repeat(hostClass(), 2, 60), fixed(".com")}})}, false
	}
	d := &s.domains[slot]
	if s.c.slots[slot].id == idSessionArn {
		return s.sessionVariants(slot, m.text(sAccount)), d.optional || d.uncertain
	}
	for _, t := range d.tapes {
		list = append(list, whole(slot, t))
	}
	return list, d.optional || d.uncertain
}

func (s *search) callerVariants() []variant {
	iam := "arn:" + s.c.partition + ":iam::"
	account := repeat(digitClass(), 12, 12)
	name := repeat(nameClass(), 1, 64)
	switch s.typ {
	case rootCaller:
		t := tape{[]segment{fixed(iam), account, fixed(":root")}}
		return []variant{{t, []place{{sAccount, 1, 1, -1}, {sArn, 0, 2, -1}, {sUserID, 1, 1, -1}}}}
	case fedCaller:
		sts := "arn:" + s.c.partition + ":sts::"
		t := tape{[]segment{fixed(sts), account, fixed(":"), fixed("federated-user/"), repeat(nameClass(), 2, 32)}}
		return []variant{{t, []place{{sAccount, 1, 1, -1}, {sArn, 0, 4, -1}, {sUserID, 1, 4, 3}, {sName, 4, 4, -1}}}}
	case serviceCaller:
		return nil
	}
	kind := ":role/"
	if s.typ == userCaller {
		kind = ":user/"
	}
	plain := tape{[]segment{fixed(iam), account, fixed(kind), name}}
	pathed := tape{[]segment{fixed(iam), account, fixed(kind), repeat(pathClass(), 1, 510), fixed("/"), name}}
	var list []variant
	for _, t := range []tape{plain, pathed} {
		n := len(t.segs) - 1
		v := variant{t, []place{{sAccount, 1, 1, -1}, {sArn, 0, n, -1}, {sName, n, n, -1}}}
		if i := s.c.slotWith(idUsername); i >= 0 && s.typ == userCaller {
			v.at = append(v.at, place{i, n, n, -1})
		}
		list = append(list, v)
	}
	return list
}

// userVariants: unique ids have 16 to 128 characters.
// Source: IAM API reference, data type Role, RoleId.
func (s *search) userVariants() []variant {
	id := repeat(idClass(), 12, 124)
	switch s.typ {
	case roleCaller:
		t := tape{[]segment{fixed("AROA"), id, fixed(":"), repeat(nameClass(), 2, 64)}}
		return []variant{{t, []place{{sUserID, 0, 3, -1}, {sUnique, 0, 1, -1}, {sSession, 3, 3, -1}}}}
	case userCaller:
		t := tape{[]segment{fixed("AIDA"), id}}
		return []variant{{t, []place{{sUserID, 0, 1, -1}, {sUnique, 0, 1, -1}}}}
	default:
		return nil
	}
}

func orgVariants(id, paths int) []variant {
	var list []variant
	for _, t := range orgTapes() {
		v := variant{tape: t}
		if id >= 0 {
			v.at = append(v.at, place{id, 0, 1, -1})
		}
		if paths >= 0 {
			v.at = append(v.at, place{paths, 0, len(t.segs) - 1, -1})
		}
		list = append(list, v)
	}
	return list
}

func (s *search) vpcVariants() []variant {
	region := fixed(s.c.region)
	if s.c.region == "" {
		region = repeat(hostClass(), 5, 30)
	}
	t := tape{[]segment{fixed("arn:" + s.c.partition + ":ec2:"), region, fixed(":"), repeat(digitClass(), 12, 12), fixed(":vpc/"), fixed("vpc-"), repeat(hexClass(), 8, 17)}}
	v := variant{tape: t}
	if i := s.c.slotWith(idVpcArn); i >= 0 {
		v.at = append(v.at, place{i, 0, 6, -1})
	}
	if i := s.c.slotWith(idSourceVpc); i >= 0 {
		v.at = append(v.at, place{i, 5, 6, -1})
	}
	return []variant{v}
}

// inAccount is the segment of an account that is known, or of any.
func inAccount(account string) segment {
	if account == "" {
		return repeat(digitClass(), 12, 12)
	}
	return fixed(account)
}

// parentVariants are the ARNs of an account's users.
func (s *search) parentVariants(account string) []variant {
	segs := []segment{fixed("arn:" + s.c.partition + ":iam::"), inAccount(account), fixed(":user/")}
	name := repeat(nameClass(), 1, 64)
	var list []variant
	for _, t := range []tape{{append(segs[:3:3], name)}, {append(segs[:3:3], repeat(pathClass(), 1, 510), fixed("/"), name)}} {
		v := whole(sParent, t)
		v.at = append(v.at, place{sAccount, 1, 1, -1})
		list = append(list, v)
	}
	return list
}

// sessionVariants are the ARNs of things in an account that sessions come from.
func (s *search) sessionVariants(slot int, account string) []variant {
	v := whole(slot, tape{[]segment{
		fixed("arn:" + s.c.partition + ":"), repeat(hostClass(), 2, 30), fixed(":"), repeat(hostClass(), 0, 30),
		fixed(":"), inAccount(account), fixed(":"), repeat(pathClass(), 1, 512),
	}})
	v.at = append(v.at, place{sAccount, 5, 5, -1})
	return []variant{v}
}

// A reading says what becomes of variables.
type reading bool

const (
	resolved reading = false // they have the values of the model
	loose    reading = true  // they can be anything: more matches than in truth
)

// fill finds texts for one of the variants that meet lits and writes them into m.
func (s *search) fill(variants []variant, lits []literal, m *model, how reading) bool {
	for i := range variants {
		v := &variants[i]
		if i > 0 && !v.matters(lits) {
			break
		}
		needs, ok := s.needs(v, lits, m, how)
		if !ok {
			continue
		}
		texts, ok := v.edit(needs, m)
		if !ok {
			texts, ok = v.solve(needs, s.work)
		}
		if !ok {
			continue
		}
		for _, l := range lits {
			m.vals[l.slot] = nil
		}
		if len(v.at) > 0 && v.at[0].slot == sAccount {
			m.vals[sName] = nil
		}
		for _, p := range v.at {
			m.set(p.slot, p.cut(texts))
		}
		return true
	}
	return false
}

// matters reports whether any literal asks for the value as a whole: others
// cannot tell the longer shapes from the shortest.
func (v *variant) matters(lits []literal) bool {
	for i := range lits {
		if p, ok := v.placeOf(lits[i].slot); ok && p.first == 0 && p.last == len(v.segs)-1 {
			return true
		}
	}
	return false
}

// edit keeps m's value and changes only single segments to fixed texts that
// are asked for: cheaper than solving, and the value stays a readable one.
func (v *variant) edit(needs []need, m *model) ([]string, bool) {
	for _, p := range v.at {
		if p.first != 0 || p.last != len(v.segs)-1 || p.skip >= 0 || len(m.vals[p.slot]) != 1 {
			continue
		}
		texts, ok := v.split(m.text(p.slot))
		if !ok {
			return nil, false
		}
		for i := range needs {
			if n := &needs[i]; !n.negated && n.first == n.last && n.pats[0].exact && !n.holds(texts) {
				texts[n.first] = n.pats[0].plain
			}
		}
		whole := strings.Join(texts, "")
		if _, ok := v.split(whole); !ok || !allHold(needs, texts) {
			return nil, false
		}
		return texts, true
	}
	return nil, false
}

func (p place) cut(texts []string) string {
	var b strings.Builder
	for i := p.first; i <= p.last; i++ {
		if i != p.skip {
			b.WriteString(texts[i])
		}
	}
	return b.String()
}

// needs turns literals into constraints on the variant's tape; ok is false
// when one of them cannot be met by it.
func (s *search) needs(v *variant, lits []literal, m *model, how reading) (list []need, ok bool) {
	list = s.strangeNetwork(v)
	for i := range lits {
		l := &lits[i]
		p, found := v.placeOf(l.slot)
		if !found {
			if !l.absent {
				return nil, false
			}
			continue
		}
		if h, fixed := l.present(); fixed {
			if !h {
				return nil, false
			}
			continue
		}
		n := need{first: p.first, last: p.last, skip: p.skip, negated: !l.inside()}
		if l.strict && l.set.unresolved(m) && how == resolved {
			if !l.inside() {
				return nil, false
			}
			continue
		}
		n.pats = l.set.under(m, how, n.negated)
		if l.set.vars {
			*s.work -= 2 * len(l.set.pats)
		}
		if len(n.pats) == 0 {
			if !n.negated {
				return nil, false
			}
			continue
		}
		list = append(list, n)
	}
	return list, true
}

// strangeNetwork keeps the owner's and named accounts and VPCs out of a VPC's ARN.
func (s *search) strangeNetwork(v *variant) []need {
	if !s.freshWhere || len(v.at) == 0 || v.at[0].slot < sFirst || s.groupOf(v.at[0].slot) != gVpc {
		return nil
	}
	accounts := append(append([]string{s.c.owner}, s.c.q.TrustedAccounts...), s.c.named.accounts...)
	return []need{
		{first: 3, last: 3, skip: -1, negated: true, pats: exactly(accounts...).pats},
		{first: 5, last: 6, skip: -1, negated: true, pats: exactly(append([]string{"vpc-"}, s.c.named.vpcs...)...).pats},
	}
}

func (v *variant) placeOf(slot int) (place, bool) {
	for _, p := range v.at {
		if p.slot == slot {
			return p, true
		}
	}
	return place{}, false
}

// under returns the patterns of s without variables, as m or looseness has it.
// negated says that the patterns are to be avoided: then looseness drops them.
func (s *valueSet) under(m *model, how reading, negated bool) []pattern {
	if !s.vars {
		return s.pats
	}
	var pats []pattern
	for i := range s.pats {
		p := &s.pats[i]
		switch {
		case p.parts == nil:
			pats = append(pats, *p)
		case how == resolved:
			if q, ok := p.resolve(m); ok {
				pats = append(pats, q)
			}
		case !negated:
			pats = append(pats, p.loosen())
		}
	}
	return pats
}

func arnAccount(arn string) string {
	if parts := strings.SplitN(arn, ":", 6); len(parts) == 6 {
		return parts[4]
	}
	return ""
}

// pick returns values for a key that stands alone.
func (s *search) pick(slot int, lits []literal, m *model) ([]value, bool) {
	d := &s.domains[slot]
	if d.uncertain && s.sure {
		for i := range lits {
			if !s.holdsAnyway(&lits[i], m) {
				return nil, false
			}
		}
		return nil, true
	}
	if d.kind == never || d.optional || d.uncertain {
		if absentFits(lits) || d.kind == never {
			return nil, absentFits(lits)
		}
	}
	return s.pickPresent(slot, d, lits, m)
}

func (s *search) pickPresent(slot int, d *domain, lits []literal, m *model) ([]value, bool) {
	fits := func(v ...value) bool {
		for i := range lits {
			if !lits[i].holdsFor(v, m) {
				return false
			}
		}
		return true
	}
	if d.multi {
		return s.pickMany(slot, d, lits, m)
	}
	switch d.kind {
	case fixedTo:
		return d.vals, fits(d.vals...)
	case choice:
		for i := range d.vals {
			if fits(d.vals[i]) {
				return d.vals[i : i+1], true
			}
		}
	case number:
		for _, n := range borders(lits, d.lo, d.hi) {
			if v := timeOrNumber(s.c.slots[slot], n); fits(v) {
				return []value{v}, true
			}
		}
	case address:
		if a, ok := pickAddress(d.addrs, lits); ok {
			return []value{addressValue(a)}, true
		}
	case text:
		one := m.clone()
		for _, t := range d.tapes {
			if s.fill([]variant{whole(slot, t)}, lits, one, resolved) {
				return one.vals[slot], true
			}
		}
	}
	return nil, false
}

func timeOrNumber(info keyInfo, n int64) value {
	if info.Type == keyDate {
		return timeValue(n)
	}
	return secondsValue(n)
}

// borders lists the numbers at which literals change their answer: if any
// number between lo and hi meets all of them, one of these does.
func borders(lits []literal, lo, hi int64) []int64 {
	list := []int64{hi, lo}
	add := func(n int64) {
		if lo <= n && n <= hi {
			list = append(list, n)
		}
	}
	for i := range lits {
		if lits[i].set == nil {
			continue
		}
		for _, r := range lits[i].set.spans {
			for _, n := range [...]int64{r.lo - 1, r.lo, r.hi, r.hi + 1} {
				add(n)
			}
		}
	}
	return list
}

// addressesOf returns the addresses of domain that meet all literals.
func addressesOf(domain addressSet, lits []literal) addressSet {
	for i := range lits {
		switch l := &lits[i]; l.mode {
		case none:
			return nil
		case all:
		case eachIn, someIn:
			domain = domain.and(l.set.addrs)
		default:
			domain = domain.minus(l.set.addrs)
		}
	}
	return domain
}

func pickAddress(domain addressSet, lits []literal) (netip.Addr, bool) {
	s := addressesOf(domain, lits)
	if len(s) == 0 {
		return netip.Addr{}, false
	}
	if a := netip.AddrFrom4([4]byte{198, 51, 100, 23}); s.has(a) {
		return a, true
	}
	return s[0].lo, true
}
