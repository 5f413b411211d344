package compile

import "github.com/kmsentry/kmsentry/detector/policy/condkey"

// SlotWith returns the first slot from FirstSlot on of a key with the tie, or -1
// if no condition names such a key.
func (c *Policy) SlotWith(tie condkey.Tie) int {
	if !c.Ties[tie] {
		return -1
	}
	for i := FirstSlot; i < len(c.Slots); i++ {
		if c.Slots[i].Tie == tie {
			return i
		}
	}
	return -1
}

// MentionsAny reports whether a condition names a key with one of the ties.
func (c *Policy) MentionsAny(ties ...condkey.Tie) bool {
	for _, t := range ties {
		if c.Ties[t] {
			return true
		}
	}
	return false
}

// HasTie reports whether the key in a slot has the tie.
func (c *Policy) HasTie(slot int, tie condkey.Tie) bool { return c.Slots[slot].Tie == tie }
