package policy

import "strings"

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
		return []variant{whole(slot, tape{[]segment{repeat(serviceClass(), 1, 255)}})}, false
	}
	d := &s.domains[slot]
	if d.rare && s.sure {
		return nil, true
	}
	if s.c.slots[slot].id == idSessionArn {
		return s.sessionVariants(slot, m.text(sAccount)), d.canLack(s.sure)
	}
	for _, t := range d.tapes {
		list = append(list, whole(slot, t))
	}
	return list, d.canLack(s.sure)
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

func (p place) cut(texts []string) string {
	var b strings.Builder
	for i := p.first; i <= p.last; i++ {
		if i != p.skip {
			b.WriteString(texts[i])
		}
	}
	return b.String()
}

func (v *variant) placeOf(slot int) (place, bool) {
	for _, p := range v.at {
		if p.slot == slot {
			return p, true
		}
	}
	return place{}, false
}
