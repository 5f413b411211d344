package decide

import (
	"github.com/kmsentry/kmsentry/detector/policy/condkey"
	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
)

// keySets returns the kinds of keys that the key may be of and that serve a:
// each by itself where what the request carries depends on the kind.
func (c *space) keySets(a kmsapi.Ask) []kmsapi.KeySet {
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
func (c *compiled) tellsKeys(a kmsapi.Ask) bool {
	if a.Action == kmsapi.CreateGrant {
		return c.byAction
	}
	return c.mentionsAny(condkey.TieSpec, condkey.TieUsage, condkey.TieAlgorithm, condkey.TieMessage) &&
		c.mentionsAny(condkey.TieContext, condkey.TieContextKeys, condkey.TieConstraint)
}

// serving returns the kinds of keys that the key may be of and that serve a.
func (c *compiled) serving(a kmsapi.Ask) kmsapi.KeySet {
	var serve kmsapi.KeySet
	switch known, ok := kmsapi.FindAction(a.Action); {
	case a.Action == kmsapi.CreateGrant:
		for kind := kmsapi.SymmetricKey; kind <= kmsapi.AgreementKey; kind <<= 1 {
			if len(kmsapi.Operations(a.Class, kind)) > 0 {
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

// supported reports whether the key, as far as it is known, can serve a.
func (c *compiled) supported(a kmsapi.Ask) bool { return c.serving(a) != 0 }
