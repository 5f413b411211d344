package policy

import "strings"

// traits writes what the keys that the policy mentions make of an ask: two asks
// with the same traits, which the same statements match, have the same outcome.
func (d *decider) traits(b *strings.Builder, a ask) {
	if !d.mentionsAny(idEncContext, idEncKeys, idEncAlgorithm, idKeySpec, idKeyUsage, idPairSpec, idParameter,
		idReEncrypt, idGrantOps, idGrantParam, idGrantForAWS, idAttestation) {
		return
	}
	if a.action == createGrant {
		b.WriteString(createGrant + string(a.class))
		return
	}
	if d.mentionsAny(idEncContext, idEncKeys, idEncAlgorithm, idKeySpec, idKeyUsage) {
		b.WriteByte('A' + byte(d.serving(a)))
		if hasContext(a.action) {
			b.WriteByte('c')
		}
		if (keyKind{symmetricDefault, encryptDecrypt}).algorithms(a.action)[0] != "" {
			b.WriteByte('a')
		}
	}
	any := scene{c: d.compiled, path: via, ask: a, keys: d.serving(a)}
	for i := sFirst; i < len(d.slots); i++ {
		switch d.slots[i].id {
		case idPairSpec, idParameter, idReEncrypt, idGrantOps, idGrantParam, idGrantForAWS, idAttestation:
			d.b.spend(20)
			has := any.requestDomain(d.slots[i])
			b.WriteByte('0' + byte(has.kind))
		}
	}
}
