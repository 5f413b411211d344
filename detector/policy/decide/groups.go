package decide

import (
	"slices"
	"strings"

	"github.com/kmsentry/kmsentry/detector/policy/condkey"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/textsolve"
	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
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
	single := *d
	single.multi = false
	each, some, ok := asMember(lits)
	if !ok {
		return nil, false
	}
	var vals []value
	add := func(lits []literal) bool {
		v, ok := s.pickPresent(slot, &single, lits, m)
		vals = append(vals, v...)
		return ok
	}
	for i := range some {
		if some[i].holdsFor(vals, m) {
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
	if absentFits(lits) {
		set(nil)
		return true
	}
	row := s.c.keys.Tied(condkey.TieCalled)
	rule := row.Case(s.kind)
	if rule == nil {
		return false
	}
	called := func(lits []literal) (value, bool) { return s.calledBy(lits, row, rule.Known, m) }
	for _, t := range rule.Known {
		if set([]value{{s: t}}); allLiteralsHold(lits, m) {
			return true
		}
	}
	each, some, ok := asMember(on(lits, list))
	if !ok {
		return false
	}
	onFirst, onLast := on(lits, first), on(lits, last)
	if v, ok := called(slices.Concat(each, some, onFirst, onLast)); ok {
		set([]value{v})
		return true
	}
	var chain []value
	for _, want := range [][]literal{onFirst, onLast} {
		v, ok := called(slices.Concat(each, want))
		if !ok {
			return false
		}
		chain = append(chain, v)
	}
	for _, l := range some {
		if l.holdsFor(chain, m) {
			continue
		}
		v, ok := called(append(slices.Clone(each), l))
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

// calledBy returns a service that meets lits, whichever of a chain's keys they
// are on: one of those known to make chains, or another of the row. It may
// change lits.
func (s *search) calledBy(lits []literal, row *condkey.Row, known []string, m *model) (value, bool) {
	for i := range lits {
		lits[i].slot = 0
	}
	for _, t := range known {
		if v := (value{s: t}); fitsAll([]value{v}, lits, m) {
			return v, true
		}
	}
	trial := m.clone()
	var layouts []layout
	for _, f := range s.callerForms(row) {
		layouts = append(layouts, wholeLayout(0, f.Shape))
	}
	if !s.fill(layouts, lits, trial, asModel) {
		return value{}, false
	}
	v := trial.vals[0][0]
	asked := func(l literal) bool {
		return l.inside() && slices.ContainsFunc(l.set.pats, func(p textsolve.Pattern) bool { return p.Plain == v.s })
	}
	return v, !s.sure || slices.ContainsFunc(lits, asked) // AWS may not have another service
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
	rule, ages := s.c.keys.Tied(condkey.TieMFA).Case(s.kind), s.c.keys.Tied(condkey.TieMFAAge).Case(s.kind)
	lacks := rule.Is == condkey.Chosen || rule.Is == condkey.MayHave || rule.Is.Open() && !s.sure
	if lacks && try("", nil) || slices.Contains(rule.Of, "false") && try("false", nil) {
		return true
	}
	if !slices.Contains(rule.Of, "true") {
		return false
	}
	for _, n := range borders(onAge, ages.Lo, ages.Hi, m.b) {
		if m.b.Spend(24); m.b.Out() {
			return false
		}
		if try("true", []value{secondsValue(n)}) {
			return true
		}
	}
	return false
}

// repairSpec solves key spec, key usage, algorithm and type of message together.
func (s *search) repairSpec(lits []literal, m *model) bool {
	for _, k := range s.c.keyKinds() {
		if k.set()&s.keys == 0 {
			continue
		}
		messages := []string{""}
		if s.c.ties[condkey.TieMessage] {
			messages = k.messages()
		}
		for _, alg := range k.algorithms(s.action) {
			for _, msg := range messages {
				if s.trySpec(lits, m, k, alg, msg) {
					return true
				}
			}
		}
	}
	return false
}

func (s *search) trySpec(lits []literal, m *model, k keyKind, alg, msg string) bool {
	text := func(slot int) (v, fact string) {
		switch s.c.slots[slot].Tie {
		case condkey.TieSpec:
			return k.spec, s.c.q.Key.Spec
		case condkey.TieUsage:
			return k.usage, s.c.q.Key.Usage
		case condkey.TieMessage:
			return msg, ""
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
		v, fact := text(i)
		if v != fact && !slices.Contains(rule.Of, v) {
			return false
		}
		trial.set(i, v)
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
	var list []keyKind
	for _, k := range keyKindTable {
		if (facts.Spec == "" || facts.Spec == k.spec) && (facts.Usage == "" || facts.Usage == k.usage) {
			list = append(list, k)
		}
	}
	if list != nil {
		return list
	}
	for _, k := range keyKindTable { // newer than the table: nothing is known of what it goes with
		if facts.Spec != "" {
			k.spec = facts.Spec
		}
		if facts.Usage != "" {
			k.usage = facts.Usage
		}
		if !slices.Contains(list, k) {
			list = append(list, k)
		}
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
func (k keyKind) known() bool { return slices.Contains(keyKindTable[:], k) }

// set returns the kind of key; any for one that is not a documented one.
func (k keyKind) set() kmsapi.KeySet {
	switch {
	case !k.known():
		return kmsapi.AnyKey
	case k.spec == symmetricDefault:
		return kmsapi.SymmetricKey
	case k.usage == signVerify:
		return kmsapi.SigningKey
	case k.usage == verifyMAC:
		return kmsapi.MacKey
	case k.usage == keyAgreement:
		return kmsapi.AgreementKey
	default:
		return kmsapi.AsymmetricKey
	}
}

// keySets returns the kinds of keys that the key may be of and that serve a:
// each by itself where what the request carries depends on the kind.
func (c *compiled) keySets(a ask) []kmsapi.KeySet {
	serve := c.serving(a)
	if !c.tellsKeys(a) {
		return []kmsapi.KeySet{serve}
	}
	var sets []kmsapi.KeySet
	for kind := kmsapi.SymmetricKey; kind <= kmsapi.AgreementKey; kind <<= 1 {
		if serve&kind != 0 {
			sets = append(sets, kind)
		}
	}
	return sets
}

// tellsKeys says whether conditions can tell apart what a is about keys of
// different kinds.
func (c *compiled) tellsKeys(a ask) bool {
	if a.action == kmsapi.CreateGrant {
		return c.byAction
	}
	return c.mentionsAny(condkey.TieSpec, condkey.TieUsage, condkey.TieAlgorithm, condkey.TieMessage) &&
		c.mentionsAny(condkey.TieContext, condkey.TieContextKeys, condkey.TieConstraint)
}

// serving returns the kinds of keys that the key may be of and that serve a.
func (c *compiled) serving(a ask) kmsapi.KeySet {
	var serve kmsapi.KeySet
	c.keyKinds()
	switch known, ok := kmsapi.FindAction(a.action); {
	case a.action == kmsapi.CreateGrant:
		for kind := kmsapi.SymmetricKey; kind <= kmsapi.AgreementKey; kind <<= 1 {
			if len(kmsapi.Operations(a.class, kind)) > 0 {
				serve |= kind
			}
		}
	case ok:
		serve = known.Keys
	default:
		serve = kmsapi.AnyKey
	}
	return c.may & serve
}

// algorithms lists the values of the key of an action's algorithm, be it of
// encryption, signing or MACs; "" is for an absent one.
func (k keyKind) algorithms(action string) []string {
	switch action {
	case "kms:Sign", "kms:Verify":
		return k.signing()
	case "kms:GenerateMac", "kms:VerifyMac":
		if k.known() {
			return []string{strings.Replace(k.spec, "_", "_SHA_", 1)}
		}
		return []string{"HMAC_SHA_256", "HMAC_SHA_224", "HMAC_SHA_384", "HMAC_SHA_512"}
	}
	if known, _ := kmsapi.FindAction(action); !known.Context || known.Class != kmsapi.ClassEncrypt && known.Class != kmsapi.ClassUse {
		return []string{""}
	}
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

// signing lists the signing algorithms of a key, all for a spec that is not in
// this list.
// Source: KMS Developer Guide, symm-asymm-choose-key-spec.html.
func (k keyKind) signing() []string {
	switch {
	case strings.HasPrefix(k.spec, "RSA_"):
		return []string{
			"RSASSA_PSS_SHA_256", "RSASSA_PSS_SHA_384", "RSASSA_PSS_SHA_512",
			"RSASSA_PKCS1_V1_5_SHA_256", "RSASSA_PKCS1_V1_5_SHA_384", "RSASSA_PKCS1_V1_5_SHA_512",
		}
	case k.spec == "ECC_NIST_P256" || k.spec == "ECC_SECG_P256K1":
		return []string{"ECDSA_SHA_256"}
	case k.spec == "ECC_NIST_P384":
		return []string{"ECDSA_SHA_384"}
	case k.spec == "ECC_NIST_P521":
		return []string{"ECDSA_SHA_512"}
	case k.spec == "ECC_NIST_EDWARDS25519":
		return []string{"ED25519_SHA_512", "ED25519_PH_SHA_512"}
	case k.spec == "SM2":
		return []string{"SM2DSA"}
	case strings.HasPrefix(k.spec, "ML_DSA_"):
		return []string{"ML_DSA_SHAKE_256"}
	}
	all := keyKind{spec: "RSA_2048"}.signing()
	return append(all, "ECDSA_SHA_256", "ECDSA_SHA_384", "ECDSA_SHA_512", "SM2DSA", "ML_DSA_SHAKE_256", "ED25519_SHA_512", "ED25519_PH_SHA_512")
}

// messages lists the values of kms:MessageType: EXTERNAL_MU goes with ML-DSA only.
// Source: KMS API reference, Sign, MessageType.
func (k keyKind) messages() []string {
	if k.known() && !strings.HasPrefix(k.spec, "ML_DSA_") {
		return []string{"RAW", "DIGEST"}
	}
	return []string{"RAW", "DIGEST", "EXTERNAL_MU"}
}

// supported reports whether the key, as far as it is known, can serve a.
func (c *compiled) supported(a ask) bool { return c.serving(a) != 0 }
