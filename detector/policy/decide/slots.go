package decide

import "github.com/kmsentry/kmsentry/detector/policy/condkey"

// slotWith returns the first slot of a key with the tie, -1 when no condition
// names one.
func (c *compiled) slotWith(tie condkey.Tie) int {
	if !c.ties[tie] {
		return -1
	}
	for i := sFirst; i < len(c.slots); i++ {
		if c.slots[i].Tie == tie {
			return i
		}
	}
	return -1
}

// mentionsAny reports whether a condition names a key with one of the ties.
func (c *compiled) mentionsAny(ties ...condkey.Tie) bool {
	for _, t := range ties {
		if c.ties[t] {
			return true
		}
	}
	return false
}

// hasTie reports whether the slot's key has a tie.
func (c *compiled) hasTie(slot int, tie condkey.Tie) bool { return c.slots[slot].Tie == tie }
