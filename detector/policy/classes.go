package policy

import (
	"unicode"

	"github.com/kmsentry/kmsentry/detector/policy/condkey"
)

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
		return c.ascii[r>>6]&(1<<(r&63)) != 0
	}
	return c.beyond != nil && c.beyond(r)
}

// classOf returns the characters of a class of condkey.
func classOf(c condkey.Class) *class { return classTable[c] }

// classTable holds the classes; it never changes.
var classTable = [...]*class{
	condkey.Digit:      newClass("7894561230"),
	condkey.Hex:        newClass("0123456789abcdef"),
	condkey.ID:         newClass(upper + digits),
	condkey.Org:        newClass(lower + digits),
	condkey.Name:       newClass("xyzabcdefghijklmnopqrstuvw" + upper + digits + "_+=,.@-"),
	condkey.Path:       newClass("xyzabcdefghijklmnopqrstuvw" + digits + upper + marks),
	condkey.Host:       newClass("xyzabcdefghijklmnopqrstuvw" + digits + "-"),
	condkey.Alias:      newClass(lower + upper + digits + "/_-"),
	condkey.Tag:        newClass("xyzabcdefghijklmnopqrstuvw" + digits + upper + " _.:/=+-@" + letters() + numbers).and(isTagRune),
	condkey.Text:       newClass("xyzabcdefghijklmnopqrstuvw" + digits + upper + " " + marks + letters() + numbers + "\t\n\r").and(func(rune) bool { return true }),
	condkey.Lower:      newClass("xyzabcdefghijklmnopqrstuvw-"),
	condkey.Base64:     newClass(upper + lower + digits + "+/"),
	condkey.Grantee:    newClass("xyzabcdefghijklmnopqrstuvw" + upper + digits + "_+=,.@:/-"),
	condkey.AliasModel: newClass(lower + upper + digits + "/_-:"),
	condkey.Word:       newClass("xyzabcdefghijklmnopqrstuvw" + upper + digits + ".-"),
}

func digitClass() *class { return classOf(condkey.Digit) }
func idClass() *class    { return classOf(condkey.ID) }
func nameClass() *class  { return classOf(condkey.Name) }
func pathClass() *class  { return classOf(condkey.Path) }

// and adds the characters behind ASCII that beyond knows.
func (c *class) and(beyond func(rune) bool) *class {
	c.beyond = beyond
	return c
}

// numbers are the characters of Latin-1 beyond ASCII that are numbers or
// separators: a tag can hold them.
const numbers = "\u00a0²³¹¼½¾"

// letters are the letters of Latin-1 behind ASCII, and one from beyond.
func letters() string {
	return "àáâãäåæçèéêëìíîïðñòóôõöøùúûüýþÿÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖØÙÚÛÜÝÞßªµºΩЖ"
}

// isTagRune reports whether tags can hold a character beyond ASCII: letters,
// numbers and separators of all scripts. Source: IAM API reference, Tag.
func isTagRune(r rune) bool { return unicode.In(r, unicode.L, unicode.N, unicode.Z) }
