package policy

import "unicode"

// Character classes of the values that AWS accepts. Each sample lists the
// class, or for open classes more than any policy can name: a key policy holds
// Latin-1 only, so one letter beyond it always is a fresh one.
// Sources: IAM and STS API references (Path, RoleName, RoleSessionName, Name,
// Tag value); Organizations API reference (OrganizationId, RootId,
// OrganizationalUnitId); KMS API reference (AliasName).

const (
	lower  = "abcdefghijklmnopqrstuvwxyz"
	upper  = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	digits = "0123456789"
	marks  = "_-.,:;/=+@!#$%&'()*<>?[]^`{|}~\"\\"
)

// A class is a set of characters. sample lists characters to choose from when
// any will do, the pleasant ones first.
type class struct {
	ascii  [2]uint64
	beyond func(rune) bool // for characters behind ASCII; nil: none
	sample string
}

func newClass(sample string) *class {
	c := &class{sample: sample}
	for _, r := range sample {
		if r < 0x80 {
			c.ascii[r>>6] |= 1 << (r & 63)
		}
	}
	return c
}

func (c *class) has(r rune) bool {
	if r < 0x80 {
		return r >= 0 && c.ascii[r>>6]&(1<<(r&63)) != 0
	}
	return c.beyond != nil && c.beyond(r)
}

func digitClass() *class { return newClass("7894561230") }
func hexClass() *class   { return newClass("0123456789abcdef") }
func idClass() *class    { return newClass(upper + digits) } // unique ids
func orgClass() *class   { return newClass(lower + digits) } // organization, root and OU ids
func nameClass() *class  { return newClass("xyzabcdefghijklmnopqrstuvw" + upper + digits + "_+=,.@-") }
func pathClass() *class  { return newClass("xyzabcdefghijklmnopqrstuvw" + digits + upper + marks) }
func hostClass() *class  { return newClass("xyzabcdefghijklmnopqrstuvw" + digits + "-") }

// serviceClass holds the characters of service principals. AWS documents no
// pattern; they have two labels or more, and end in .amazonaws.com,
// .amazonaws.com.cn and, for some, in other domains.
func serviceClass() *class { return newClass("xyzabcdefghijklmnopqrstuvw" + digits + upper + "-._") }

func aliasClass() *class { return newClass(lower + upper + digits + "/_-") }

// tagClass holds the characters of tag values; letters of all scripts count.
func tagClass() *class {
	c := newClass("xyzabcdefghijklmnopqrstuvw" + digits + upper + " _.:/=+-@" + letters())
	c.beyond = isLetterBeyond
	return c
}

// textClass holds what callers write into free request parameters.
func textClass() *class {
	c := newClass("xyzabcdefghijklmnopqrstuvw" + digits + upper + " " + marks + letters())
	c.beyond = func(rune) bool { return true }
	return c
}

// letters are the letters of Latin-1 behind ASCII, and one from beyond.
func letters() string {
	return "àáâãäåæçèéêëìíîïðñòóôõöøùúûüýþÿÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖØÙÚÛÜÝÞßªµºΩЖ"
}

func isLetterBeyond(r rune) bool {
	switch {
	case r == 0xd7 || r == 0xf7: // the signs of multiplication and division
		return false
	case r < 0xc0:
		return r == 0xaa || r == 0xb5 || r == 0xba
	}
	return unicode.IsLetter(r)
}
