package decide

import (
	"strings"

	"github.com/kmsentry/kmsentry/detector/policy/condkey"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/compile"
	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
)

// traits writes to b the properties of an ask that the condition keys in the
// policy depend on. Two asks with the same traits that the same statements cover
// have the same outcome.
func (d *decider) traits(b *strings.Builder, a kmsapi.Ask) {
	if !d.ByAction {
		return
	}
	if a.Action == kmsapi.CreateGrant {
		b.WriteString(kmsapi.CreateGrant + string(a.Class))
		return
	}
	if d.MentionsAny(condkey.TieContext, condkey.TieContextKeys, condkey.TieAlgorithm, condkey.TieMessage, condkey.TieSpec, condkey.TieUsage) {
		b.WriteByte('A' + byte(d.Serving(a)))
		if kmsapi.TakesContext(a.Action) {
			b.WriteByte('c')
		}
	}
	for i := compile.FirstSlot; i < len(d.Slots); i++ {
		if key := d.Slots[i]; key.Depends.Action && key.Tie != condkey.TieContext && key.Tie != condkey.TieContextKeys {
			d.Budget.Spend(20)
			b.WriteByte(byte('0' + key.CasesOf(a.Action)%64))
		}
	}
}
