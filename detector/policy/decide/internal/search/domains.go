package search

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kmsentry/kmsentry/detector/policy/condkey"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/compile"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/ipset"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/textsolve"
	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
)

// domainOf returns the domain of the key in a slot for requests of this kind: what
// its row says about such requests, with the known facts of the KMS key filled in.
// An unknown fact can have any value, so the decision assumes the worst.
func (s *RequestKind) domainOf(slot int) domain {
	key := s.c.Slots[slot]
	can, reserved := s.c.exists(key)
	rule := key.Case(s.Kind)
	if !can || rule == nil {
		return domain{}
	}
	is := rule.Is
	if reserved {
		is = condkey.MayHave
	}
	switch there, told := s.with.of(slot); {
	case told && !there && is == condkey.Unsaid:
		return domain{presence: condkey.Unsaid, multi: key.Multi} // a search that is not sure must leave the key out
	case told && !there:
		return domain{}
	case told && is == condkey.Chosen:
		is = condkey.Always
	}
	return s.newDomain(key, rule, is)
}

func (s *RequestKind) newDomain(key condkey.Key, rule *condkey.Case, is condkey.Presence) domain {
	d, presence := s.factDomain(key, &rule.Values, is)
	d.presence = presence
	if d.wide != nil {
		wide := d
		wide.kind, wide.vals, wide.forms, wide.wide = d.wide.kind, d.wide.vals, d.wide.forms, nil
		d.wide = &wide
	}
	return d
}

// factDomain returns the domain of a key with its presence. If the question gives
// the fact of the KMS key that v.Fact names, it replaces the values and may settle
// the presence.
func (s *RequestKind) factDomain(key condkey.Key, v *condkey.Values, is condkey.Presence) (domain, condkey.Presence) {
	d := s.valuesDomain(key, v)
	known := func(text string) (domain, condkey.Presence) { return always(text), condkey.Always }
	given := func(text string) (domain, condkey.Presence) {
		if text == "" {
			return d, is
		}
		return known(text)
	}
	facts := &s.c.Key
	switch v.Fact {
	case condkey.FactRegion:
		return given(s.c.Region)
	case condkey.FactOwner:
		return given(s.c.Owner)
	case condkey.FactOrg:
		return given(facts.Org)
	case condkey.FactOrgPath:
		if facts.Org != "" {
			return d.inOrg(facts.Org), condkey.Always // which path is not known, but there is one
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
		mr := s.c.MultiRegion()
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

// valuesOfTag returns the values of the tags with a name in any letter case,
// sorted. Names of tags are case-sensitive but those of condition keys are not,
// so there can be several; AWS does not say which of them counts.
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

// inOrg returns d, a domain of organization paths, restricted to those of an
// organization.
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

// valuesDomain returns the domain that a row's values describe.
func (s *RequestKind) valuesDomain(key condkey.Key, v *condkey.Values) domain {
	now := s.c.Now.Unix()
	d := domain{multi: key.Multi}
	switch {
	case v.Now && s.c.until > 0:
		d.kind, d.lo, d.hi = number, now+1, s.c.until
	case v.Now:
		d.kind, d.vals = fixedTo, []compile.Value{timeOrNumber(key, now)}
	case v.Numbers:
		d.kind, d.lo, d.hi = number, v.Lo, v.Hi
		if v.FromNow {
			d.lo, d.hi = now+v.Lo, max(now+v.Hi, s.c.until)
		}
	case v.Addresses != condkey.NoAddresses:
		d.kind, d.addrs = address, addressesIn(v.Addresses)
	case len(v.Of) > 0:
		f := oneOf(v.Of...)
		if key.Tie == condkey.TieGrantOps { // a grant carries only what its KMS key supports
			can := kmsapi.Operations("", s.keys)
			f.vals = slices.DeleteFunc(f.vals, func(v compile.Value) bool { return !slices.Contains(can, v.Text) })
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

func (s *RequestKind) textDomain(d *domain, key condkey.Key, v *condkey.Values) {
	d.kind, d.forms = text, s.c.FormsOf(v.ShapesParsed())
	if more := v.MaybeShapesParsed(); len(more) > 0 {
		d.wide = &domain{kind: text, forms: append(d.forms[:len(d.forms):len(d.forms)], s.c.FormsOf(more)...)}
	}
	for i := range d.forms {
		d.ofCaller = d.ofCaller || d.forms[i].caller >= 0
	}
	d.first = s.c.Filled(v.First)
	if d.plainText = d.first; d.plainText == "" && len(d.forms) > 0 {
		d.plainText = d.forms[0].plain(s.c.strangeAccount())
	}
	if len(v.Known) > 0 && (key.Reads&condkey.FactRegion == 0 || s.c.Region != "") {
		d.known = s.c.filledAll(v.Known)
	}
}

// filledAll fills in the texts of a row's list. It fills in each list only once.
func (c *Space) filledAll(texts []string) []string {
	list, ok := c.known[&texts[0]]
	if !ok {
		list = make([]string, len(texts))
		for i, text := range texts {
			list[i] = c.Filled(text)
		}
		c.Budget.Spend(8 * len(texts))
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

// A domain describes the values that one key can have.
type domain struct {
	kind      domainKind
	vals      []compile.Value // fixedTo: the values, all at once; choice: the choices
	forms     []form
	lo, hi    int64
	addrs     ipset.Set
	first     string           // a readable value of the forms, for any caller; "" for none
	plainText string           // a value of the forms, for the plainest caller
	known     []string         // the documented values; others may exist
	ofCaller  bool             // some values contain the caller's account
	wide      *domain          // the domain with further values that may occur; nil if there are none
	multi     bool             // any number of values
	presence  condkey.Presence // for MayLack, the caller can make sure that the key is present
	start     []compile.Value  // see plain
}

type domainKind uint8

const (
	alwaysAbsent domainKind = iota // always absent
	fixedTo                        // always vals
	choice                         // one of vals
	text                           // a value of one of the forms
	number                         // lo to hi
	address                        // one of addrs
)

func always(texts ...string) domain {
	d := domain{kind: fixedTo}
	for _, t := range texts {
		d.vals = append(d.vals, compile.Value{Text: t})
	}
	return d
}

func oneOf(texts ...string) domain {
	d := always(texts...)
	d.kind = choice
	return d
}

// canLack reports whether a search may leave the key out.
func (d *domain) canLack(sure bool) bool {
	return d.mayBeAbsent() || d.presence == condkey.MayLack && !sure
}

// mayBeAbsent reports whether some requests lack the key, or AWS does not say
// whether any has it.
func (d *domain) mayBeAbsent() bool {
	return d.presence == condkey.Chosen || d.presence == condkey.MayHave || d.presence == condkey.Unsaid
}

// domain returns the domain of the key in a slot for this search.
func (s *Search) domain(slot int) *domain {
	d := s.domains[slot]
	if !s.sure && d.wide != nil {
		return d.wide
	}
	return d
}

// A domainKey holds what a domain depends on. All pairs of an encryption context,
// of which there can be many, share a domain.
type domainKey struct {
	typ    compile.CallerKind
	temp   bool
	path   PathKind
	slot   int
	row    *condkey.Row // instead of slot
	action string       // "" for keys that do not depend on it
	keys   kmsapi.KeySet
	with   presenceOf
}

// A presenceOf says whether a key that rules tie to others is present.
type presenceOf uint8

const (
	untied presenceOf = iota
	withoutKey
	withKey
)

// domainIn returns the domain of the key in a slot. It computes each domain only
// once.
func (s *RequestKind) domainIn(slot int) *domain {
	k := domainKey{typ: s.Caller, temp: s.Temporary, path: s.Path, slot: slot}
	key := s.c.Slots[slot]
	if key.Tie == condkey.TieContext {
		k.slot, k.row = 0, key.Row
	}
	if key.Depends.Action {
		k.action, k.keys = s.Action, s.keys
	}
	if present, tied := s.with.of(slot); tied {
		if k.with = withoutKey; present {
			k.with = withKey
		}
	}
	d, ok := s.c.domains[k]
	if !ok {
		made := s.domainOf(slot)
		d = &made
		d.start = d.plain(key)
		s.c.Budget.Spend(150)
		s.c.domains[k] = d
	}
	return d
}

// plain returns the plainest values of key in its domain d; none if the key may be
// absent.
func (d *domain) plain(key condkey.Key) []compile.Value {
	if d.mayBeAbsent() {
		return nil
	}
	switch d.kind {
	case fixedTo:
		return d.vals
	case choice:
		return d.vals[:1]
	case text:
		return []compile.Value{{Text: d.plainText}}
	case number:
		return []compile.Value{timeOrNumber(key, d.hi)}
	case address:
		return []compile.Value{addressValue(netip.AddrFrom4([4]byte{198, 51, 100, 23}))} // in every set of addresses
	default:
		return nil
	}
}

func secondsValue(n int64) compile.Value {
	return compile.Value{Text: strconv.FormatInt(n, 10), Number: n}
}

func addressValue(a netip.Addr) compile.Value { return compile.Value{Text: a.String(), Address: a} }

func timeValue(n int64) compile.Value {
	return compile.Value{Text: time.Unix(n, 0).UTC().Format(time.RFC3339), Number: n}
}
