package textsolve

// A Class is a set of characters.
type Class struct {
	ascii  [2]uint64
	beyond func(rune) bool // for characters beyond ASCII; nil: none
	Sample string          // characters to choose from when any will do, readable ones first
}

// NewClass returns the class of the ASCII characters in sample. It does not
// contain other characters of sample unless And adds them.
func NewClass(sample string) *Class {
	c := &Class{Sample: sample}
	for _, r := range sample {
		if r < 0x80 {
			c.ascii[r>>6] |= 1 << (r & 63)
		}
	}
	return c
}

// Has reports whether r is in the class.
func (c *Class) Has(r rune) bool {
	if r < 0x80 {
		return c.ascii[r>>6]&(1<<(r&63)) != 0
	}
	return c.beyond != nil && c.beyond(r)
}

// And adds to c the characters beyond ASCII for which beyond returns true, in
// place of those added before, and returns c.
func (c *Class) And(beyond func(rune) bool) *Class {
	c.beyond = beyond
	return c
}
