package policy

import (
	"slices"
	"strings"

	"github.com/kmsentry/kmsentry/detector/policy/condkey"
)

// on returns the literals on one slot.
func on(lits []literal, slot int) []literal {
	var list []literal
	for _, l := range lits {
		if l.slot == slot {
			list = append(list, l)
		}
	}
	return list
}

// fitsAll reports whether vals, none for absent, meet lits.
func fitsAll(vals []value, lits []literal, m *model) bool {
	for i := range lits {
		if len(vals) == 0 && !lits[i].absent || len(vals) > 0 && !lits[i].holdsFor(vals, m) {
			return false
		}
	}
	return true
}

// asMember returns what lits ask of each member of a set.
func asMember(lits []literal) (each, some []literal, possible bool) {
	for _, l := range lits {
		switch l.mode {
		case none:
			return nil, nil, false
		case all:
		case eachIn, eachOut:
			each = append(each, l)
		default:
			some = append(some, l)
		}
	}
	return each, some, true
}

// pickMany returns values for a key that holds a set: one member for each
// literal that asks for some, and at least one.
func (s *search) pickMany(slot int, d *domain, lits []literal, m *model) ([]value, bool) {
	if d.kind == fixedTo {
		return d.vals, fitsAll(d.vals, lits, m)
	}
	single := *d
	single.multi = false
	each, some, ok := asMember(lits)
	if !ok {
		return nil, false
	}
	var vals []value
	add := func(lits []literal) bool {
		v, ok := s.pickPresent(slot, &single, lits, m)
		if ok {
			vals = append(vals, v...)
		}
		return ok
	}
	for i := range some {
		if len(vals) > 0 && some[i].holdsFor(vals, m) {
			continue
		}
		if !add(append(slices.Clone(each), some[i])) {
			return nil, false
		}
	}
	return vals, len(vals) > 0 || add(each)
}

// repairCalled solves aws:CalledVia, First and Last: the services in a chain of
// calls. The list holds only some services, so it may be missing under a service.
func (s *search) repairCalled(lits []literal, m *model) bool {
	list, first, last := s.c.slotWith(condkey.TieCalled), s.c.slotWith(condkey.TieCalledFirst), s.c.slotWith(condkey.TieCalledLast)
	set := func(chain []value) {
		for _, x := range [...]struct {
			slot int
			v    []value
		}{{list, chain}, {first, chain[:min(1, len(chain))]}, {last, chain[max(0, len(chain)-1):]}} {
			if x.slot >= 0 {
				m.vals[x.slot] = x.v
			}
		}
	}
	rule := s.calledRow().Case(s.kind)
	if absentFits(lits) && (rule == nil || rule.Is != condkey.Always) {
		set(nil)
		return true
	}
	if rule == nil {
		return false
	}
	for _, t := range s.calledServices() {
		if set([]value{{s: t}}); allLiteralsHold(lits, m) {
			return true
		}
	}
	each, some, ok := asMember(on(lits, list))
	if !ok {
		return false
	}
	onFirst, onLast := on(lits, first), on(lits, last)
	if v, ok := s.calledBy(append(append(append(slices.Clone(each), some...), onFirst...), onLast...), m); ok {
		set([]value{v})
		return true
	}
	var chain []value
	for _, want := range [][]literal{onFirst, onLast} {
		v, ok := s.calledBy(append(slices.Clone(each), want...), m)
		if !ok {
			return false
		}
		chain = append(chain, v)
	}
	for _, l := range some {
		if l.holdsFor(chain, m) {
			continue
		}
		v, ok := s.calledBy(append(slices.Clone(each), l), m)
		if !ok {
			return false
		}
		chain = slices.Insert(chain, 1, v)
	}
	set(chain)
	return true
}

func allLiteralsHold(lits []literal, m *model) bool {
	for i := range lits {
		if !lits[i].holds(m) {
			return false
		}
	}
	return true
}

// calledRow is the row of a chain's services.
func (s *search) calledRow() *condkey.Row { return s.c.keys.Tied(condkey.TieCalled) }

// calledServices lists the services that are known to make such chains.
func (s *search) calledServices() []string {
	if rule := s.calledRow().Case(s.kind); rule != nil {
		return rule.Known
	}
	return nil
}

// calledBy returns a service that meets lits, whichever keys they are on.
func (s *search) calledBy(lits []literal, m *model) (value, bool) {
	lits = slices.Clone(lits)
	slot := -1
	for i := range lits {
		slot = lits[i].slot
		lits[i].slot = 0
	}
	known := s.calledServices()
	if slot < 0 && len(known) > 0 {
		return value{s: known[0]}, true
	}
	for _, t := range known {
		if v := (value{s: t}); fitsAll([]value{v}, lits, m) {
			return v, true
		}
	}
	trial := m.clone()
	var variants []variant
	for _, f := range s.c.formsOf(s.calledRow().ShapesIn(s.kind)) {
		variants = append(variants, whole(0, f.tape))
	}
	if !s.fill(variants, lits, trial, resolved) {
		return value{}, false
	}
	v := trial.vals[0][0]
	if s.sure {
		for i := range lits {
			if lits[i].set != nil && lits[i].inside() && slices.ContainsFunc(lits[i].set.pats, func(p pattern) bool { return p.exact && p.plain == v.s }) {
				return v, true
			}
		}
		return value{}, false // AWS may not have such a service
	}
	return v, true
}

// repairMFA solves aws:MultiFactorAuthPresent and Age together, for temporary
// credentials of roles, users and root users: an age comes with true only.
func (s *search) repairMFA(lits []literal, m *model) bool {
	present, age := s.c.slotWith(condkey.TieMFA), s.c.slotWith(condkey.TieMFAAge)
	onPresent, onAge := on(lits, present), on(lits, age)
	try := func(p string, a []value) bool {
		var pv []value
		if p != "" {
			pv = []value{{s: p}}
		}
		if !fitsAll(pv, onPresent, m) || !fitsAll(a, onAge, m) {
			return false
		}
		if present >= 0 {
			m.vals[present] = pv
		}
		if age >= 0 {
			m.vals[age] = a
		}
		return true
	}
	rule := s.c.keys.Tied(condkey.TieMFA).Case(s.kind)
	if rule == nil {
		return try("", nil)
	}
	lacks := rule.Is == condkey.Chosen || rule.Is == condkey.MayHave || rule.Is.Open() && !s.sure
	if lacks && try("", nil) || slices.Contains(rule.Of, "false") && try("false", nil) {
		return true
	}
	ages := s.c.keys.Tied(condkey.TieMFAAge).Case(s.kind)
	if ages == nil || !slices.Contains(rule.Of, "true") {
		return false
	}
	for _, n := range borders(onAge, ages.Lo, ages.Hi, m.b) {
		if m.b.spend(24); m.b.out() {
			return false
		}
		if try("true", []value{secondsValue(n)}) {
			return true
		}
	}
	return false
}

// repairSpec solves key spec, key usage and encryption algorithm together.
func (s *search) repairSpec(lits []literal, m *model) bool {
	for _, k := range s.c.keyKinds() {
		if k.set()&s.keys == 0 {
			continue
		}
		for _, alg := range k.algorithms() {
			if s.trySpec(lits, m, k, alg) {
				return true
			}
		}
	}
	return false
}

func (s *search) trySpec(lits []literal, m *model, k keyKind, alg string) bool {
	value := func(slot int) (text, fact string) {
		switch s.c.slots[slot].Tie {
		case condkey.TieSpec:
			return k.spec, s.c.q.Key.Spec
		case condkey.TieUsage:
			return k.usage, s.c.q.Key.Usage
		default:
			return alg, ""
		}
	}
	trial := m.clone()
	for i := sFirst; i < len(s.c.slots); i++ {
		if s.groupOf(i) != gSpec {
			continue
		}
		trial.vals[i] = nil
		rule := s.c.slots[i].Case(s.kind)
		if rule == nil {
			continue
		}
		if v, fact := value(i); v != "" {
			if v != fact && !slices.Contains(rule.Of, v) {
				return false
			}
			trial.set(i, v)
		} else if rule.Is == condkey.Always && fact == "" && s.c.hasTie(i, condkey.TieAlgorithm) {
			return false
		}
	}
	if !allLiteralsHold(lits, trial) {
		return false
	}
	m.vals = trial.vals
	return true
}

// A keyKind is a key spec with one of the usages it can have.
type keyKind struct{ spec, usage string }

// keyKinds lists what the key can be: one entry when spec and usage are known.
func (c *compiled) keyKinds() []keyKind {
	if c.kinds == nil {
		c.kinds = c.listKinds()
		for _, k := range c.kinds {
			c.may |= k.set()
		}
	}
	return c.kinds
}

func (c *compiled) listKinds() []keyKind {
	facts := c.q.Key
	if facts.Spec == "" && facts.Usage == "" {
		return keyKindTable[:]
	}
	var list []keyKind
	for _, k := range keyKindTable {
		if (facts.Spec == "" || facts.Spec == k.spec) && (facts.Usage == "" || facts.Usage == k.usage) {
			list = append(list, k)
		}
	}
	if list == nil { // a spec newer than this list: nothing is known of it
		list = []keyKind{{facts.Spec, facts.Usage}}
	}
	return list
}

const (
	encryptDecrypt = "ENCRYPT_DECRYPT"
	signVerify     = "SIGN_VERIFY"
	keyAgreement   = "KEY_AGREEMENT"
	verifyMAC      = "GENERATE_VERIFY_MAC"
)

// keyKindTable lists the combinations that KMS documents.
// Source: KMS API reference, CreateKey, KeySpec and KeyUsage.
var keyKindTable = [...]keyKind{
	{symmetricDefault, encryptDecrypt},
	{"RSA_2048", encryptDecrypt},
	{"RSA_3072", encryptDecrypt},
	{"RSA_4096", encryptDecrypt},
	{"SM2", encryptDecrypt},
	{"RSA_2048", signVerify},
	{"RSA_3072", signVerify},
	{"RSA_4096", signVerify},
	{"SM2", signVerify},
	{"ECC_NIST_P256", signVerify},
	{"ECC_NIST_P384", signVerify},
	{"ECC_NIST_P521", signVerify},
	{"ECC_SECG_P256K1", signVerify},
	{"ECC_NIST_EDWARDS25519", signVerify},
	{"ML_DSA_44", signVerify},
	{"ML_DSA_65", signVerify},
	{"ML_DSA_87", signVerify},
	{"SM2", keyAgreement},
	{"ECC_NIST_P256", keyAgreement},
	{"ECC_NIST_P384", keyAgreement},
	{"ECC_NIST_P521", keyAgreement},
	{"HMAC_224", verifyMAC},
	{"HMAC_256", verifyMAC},
	{"HMAC_384", verifyMAC},
	{"HMAC_512", verifyMAC},
}

const symmetricDefault = "SYMMETRIC_DEFAULT"

// known reports whether the kind is a documented one.
func (k keyKind) known() bool {
	for _, x := range keyKindTable {
		if x == k {
			return true
		}
	}
	return false
}

// set returns the kind of key; any for one that is not a documented one.
func (k keyKind) set() keySet {
	switch {
	case !k.known():
		return anyKey
	case k.spec == symmetricDefault:
		return symmetricKey
	case k.usage == signVerify:
		return signingKey
	case k.usage == verifyMAC:
		return macKey
	case k.usage == keyAgreement:
		return agreementKey
	default:
		return asymmetricKey
	}
}

// keySets returns the kinds of keys that the key may be of and that serve a:
// each by itself where what the request carries depends on the kind.
func (c *compiled) keySets(a ask) []keySet {
	serve := c.serving(a)
	if !c.tellsKeys(a) {
		if a.action == createGrant {
			serve &= -serve // one kind is as good as another
		}
		return []keySet{serve}
	}
	var sets []keySet
	for kind := symmetricKey; kind <= agreementKey; kind <<= 1 {
		if serve&kind != 0 {
			sets = append(sets, kind)
		}
	}
	return sets
}

// tellsKeys says whether conditions can tell apart what a is about keys of
// different kinds.
func (c *compiled) tellsKeys(a ask) bool {
	byKey := c.mentionsAny(condkey.TieSpec, condkey.TieUsage, condkey.TieAlgorithm)
	byRequest := c.mentionsAny(condkey.TieContext, condkey.TieContextKeys)
	if a.action == createGrant {
		return byKey || byRequest || c.byAction
	}
	return byKey && byRequest
}

// serving returns the kinds of keys that the key may be of and that serve a.
func (c *compiled) serving(a ask) keySet {
	var serve keySet
	c.keyKinds()
	switch known, ok := FindAction(a.action); {
	case a.action == createGrant && a.class != "":
		for kind := symmetricKey; kind <= agreementKey; kind <<= 1 {
			if len(operations(a.class, kind)) > 0 {
				serve |= kind
			}
		}
	case ok:
		serve = known.keys
	default:
		serve = anyKey
	}
	return c.may & serve
}

// algorithms lists what kms:EncryptionAlgorithm can be with keys of this kind,
// in the actions that have it.
// Source: KMS API reference, Encrypt, EncryptionAlgorithm.
func (k keyKind) algorithms() []string {
	switch {
	case k.spec == "SYMMETRIC_DEFAULT":
		return []string{"SYMMETRIC_DEFAULT"}
	case strings.HasPrefix(k.spec, "RSA_"):
		return []string{"RSAES_OAEP_SHA_256", "RSAES_OAEP_SHA_1"}
	case k.spec == "SM2":
		return []string{"SM2PKE"}
	default:
		return []string{"SYMMETRIC_DEFAULT", "RSAES_OAEP_SHA_256", "RSAES_OAEP_SHA_1", "SM2PKE"}
	}
}

// supported reports whether the key, as far as it is known, can serve a.
func (c *compiled) supported(a ask) bool { return c.serving(a) != 0 }
