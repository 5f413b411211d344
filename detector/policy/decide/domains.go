package decide

import (
	"slices"
	"strings"

	"github.com/kmsentry/kmsentry/detector/policy/condkey"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/ipset"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/textsolve"
	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
)

// domainOf returns what the key in a slot can hold in this request kind: what its row
// says of such requests, with what is known of the key filled in. What is not
// known of the key can be anything, at the worst for its owner.
func (s *requestKind) domainOf(slot int) domain {
	key := s.c.slots[slot]
	can, reserved := s.c.exists(key)
	rule := key.Case(s.kind)
	if !can || rule == nil {
		return domain{}
	}
	is := rule.Is
	if reserved {
		is = condkey.MayHave
	}
	switch there, told := s.with.of(slot); {
	case told && !there && is == condkey.Unsaid:
		return domain{presence: condkey.Unsaid, multi: key.Multi} // a search that is not sure may leave it out, and has to
	case told && !there:
		return domain{}
	case told && is == condkey.Chosen:
		is = condkey.Always
	}
	return s.newDomain(key, rule, is)
}

func (s *requestKind) newDomain(key condkey.Key, rule *condkey.Case, is condkey.Presence) domain {
	d, presence := s.factDomain(key, &rule.Values, is)
	d.presence = presence
	if d.wide != nil {
		wide := d
		wide.kind, wide.vals, wide.forms, wide.wide = d.wide.kind, d.wide.vals, d.wide.forms, nil
		d.wide = &wide
	}
	return d
}

// factDomain puts what the question knows of the key in the place of the
// values, and settles whether the key is present where that follows.
func (s *requestKind) factDomain(key condkey.Key, v *condkey.Values, is condkey.Presence) (domain, condkey.Presence) {
	d := s.valuesDomain(key, v)
	known := func(text string) (domain, condkey.Presence) { return always(text), condkey.Always }
	given := func(text string) (domain, condkey.Presence) {
		if text == "" {
			return d, is
		}
		return known(text)
	}
	facts := &s.c.q.Key
	switch v.Fact {
	case condkey.FactRegion:
		return given(s.c.region)
	case condkey.FactOwner:
		return given(s.c.owner)
	case condkey.FactOrg:
		return given(facts.Org)
	case condkey.FactOrgPath:
		if facts.Org != "" {
			return d.inOrg(facts.Org), is
		}
	case condkey.FactOrigin:
		return given(facts.Origin)
	case condkey.FactTags:
		if facts.Tags == nil {
			break
		}
		switch tags := valuesOfTag(facts.Tags, key.FreePart()); len(tags) {
		case 0:
			return domain{}, condkey.Never
		case 1:
			return known(tags[0])
		default:
			return oneOf(tags...), condkey.Unsaid
		}
	case condkey.FactMultiRegion, condkey.FactKeyType:
		mr := s.c.multiRegion()
		switch {
		case mr == nil:
		case v.Fact == condkey.FactMultiRegion && *mr:
			return known("true")
		case v.Fact == condkey.FactMultiRegion:
			return known("false")
		case *mr:
			return d, condkey.Always
		default:
			return domain{}, condkey.Never
		}
	case condkey.FactAliases:
		switch {
		case facts.Aliases == nil:
		case len(facts.Aliases) == 0:
			return domain{}, condkey.Never
		default:
			d = oneOf(facts.Aliases...)
			d.multi = key.Multi
		}
	}
	return d, is
}

// valuesOfTag lists the values of the tags with a name. Those of a key can
// differ in nothing but the letter case of their names, which the names of
// condition keys do not have: AWS does not say which of them counts.
func valuesOfTag(tags map[string]string, name string) []string {
	var list []string
	for k, v := range tags {
		if strings.EqualFold(k, name) {
			list = append(list, v)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// inOrg returns the domain with the organization's id in the place of any.
func (d domain) inOrg(org string) domain {
	forms := make([]form, len(d.forms))
	for i, f := range d.forms {
		f.Segments = append([]textsolve.Segment{textsolve.Fixed(org + "/r-")}, f.Segments[3:]...)
		f.same = slices.Clone(f.same)
		for k := range f.same {
			f.same[k] = slices.Clone(f.same[k])
			for j := range f.same[k] {
				f.same[k][j] -= 2
			}
		}
		forms[i] = f
	}
	d.forms, d.first = forms, org+"/r-root/"
	d.plainText = d.first
	return d
}

// valuesDomain is what a row says of the values.
func (s *requestKind) valuesDomain(key condkey.Key, v *condkey.Values) domain {
	now := s.c.q.At.Unix()
	d := domain{multi: key.Multi}
	switch {
	case v.Now && s.c.until > 0:
		d.kind, d.lo, d.hi = number, now+1, s.c.until
	case v.Now:
		d.kind, d.vals = fixedTo, []value{timeValue(now)}
		if key.Types&condkey.Numeric != 0 {
			d.vals[0] = secondsValue(now)
		}
	case v.Numbers:
		d.kind, d.lo, d.hi = number, v.Lo, v.Hi
		if v.FromNow {
			d.lo, d.hi = now+v.Lo, max(now+v.Hi, s.c.until)
		}
	case v.Addresses != condkey.NoAddresses:
		d.kind, d.addrs = address, addressesIn(v.Addresses)
	case len(v.Of) > 0:
		f := oneOf(v.Of...)
		if key.Tie == condkey.TieGrantOps { // a grant carries what its key can do
			can := kmsapi.Operations("", s.keys)
			f.vals = slices.DeleteFunc(f.vals, func(v value) bool { return !slices.Contains(can, v.s) })
		}
		if d.kind, d.vals = choice, f.vals; len(v.Of) == 1 {
			d.kind = fixedTo
		}
		if len(v.MaybeOf) > 0 {
			d.wide = &domain{kind: choice, vals: append(f.vals[:len(f.vals):len(f.vals)], oneOf(v.MaybeOf...).vals...)}
		}
	default:
		s.textDomain(&d, key, v)
	}
	return d
}

func (s *requestKind) textDomain(d *domain, key condkey.Key, v *condkey.Values) {
	d.kind, d.forms = text, s.c.formsOf(v.ShapesParsed())
	if more := v.MaybeShapesParsed(); len(more) > 0 {
		d.wide = &domain{kind: text, forms: append(d.forms[:len(d.forms):len(d.forms)], s.c.formsOf(more)...)}
	}
	for i := range d.forms {
		d.ofCaller = d.ofCaller || d.forms[i].caller >= 0
	}
	d.first = s.c.filled(v.First)
	if d.plainText = d.first; d.plainText == "" && len(d.forms) > 0 {
		d.plainText = d.forms[0].plain(s.c.strangeAccount())
	}
	if len(v.Known) > 0 && (key.Reads&condkey.FactRegion == 0 || s.c.region != "") {
		d.known = s.c.filledAll(v.Known)
	}
}

// filledAll fills in each text of a row's list, once for each list.
func (c *compiled) filledAll(texts []string) []string {
	list, ok := c.known[&texts[0]]
	if !ok {
		list = make([]string, len(texts))
		for i, text := range texts {
			list[i] = c.filled(text)
		}
		c.b.Spend(8 * len(texts))
		if c.known == nil {
			c.known = make(map[*string][]string, 1)
		}
		c.known[&texts[0]] = list
	}
	return list
}

func addressesIn(a condkey.Addresses) ipset.Set {
	switch a {
	case condkey.PublicAddresses:
		return ipset.Public()
	case condkey.IPv4Addresses:
		return ipset.Set{ipset.Whole("0.0.0.0/0")}
	default:
		return ipset.All()
	}
}

// multiRegion says whether the key is a multi-Region key, nil when unknown.
// The ids of multi-Region keys begin with "mrk-".
// Source: KMS Developer Guide, multi-region-keys-overview.html.
func (c *compiled) multiRegion() *bool {
	if c.q.Key.MultiRegion != nil {
		return c.q.Key.MultiRegion
	}
	_, id, ok := strings.Cut(c.q.KeyARN, ":key/")
	if !ok {
		return nil
	}
	mr := strings.HasPrefix(id, "mrk-")
	return &mr
}
