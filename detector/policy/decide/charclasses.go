package decide

import (
	"unicode"

	"github.com/kmsentry/kmsentry/detector/policy/condkey"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/textsolve"
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

// classOf returns the characters of a class of condkey.
func classOf(c condkey.Class) *textsolve.Class { return classTable[c] }

// classTable holds the classes; it never changes.
var classTable = [...]*textsolve.Class{
	condkey.Digit:      textsolve.NewClass("7894561230"),
	condkey.Hex:        textsolve.NewClass("0123456789abcdef"),
	condkey.ID:         textsolve.NewClass(upper + digits),
	condkey.Org:        textsolve.NewClass(lower + digits),
	condkey.Name:       textsolve.NewClass("xyzabcdefghijklmnopqrstuvw" + upper + digits + "_+=,.@-"),
	condkey.Path:       textsolve.NewClass("xyzabcdefghijklmnopqrstuvw" + digits + upper + marks),
	condkey.Host:       textsolve.NewClass("xyzabcdefghijklmnopqrstuvw" + digits + "-"),
	condkey.Alias:      textsolve.NewClass(lower + upper + digits + "/_-"),
	condkey.Tag:        textsolve.NewClass("xyzabcdefghijklmnopqrstuvw" + digits + upper + " _.:/=+-@" + letters() + numbers).And(isTagRune),
	condkey.Text:       textsolve.NewClass("xyzabcdefghijklmnopqrstuvw" + digits + upper + " " + marks + letters() + numbers + "\t\n\r").And(func(rune) bool { return true }),
	condkey.Lower:      textsolve.NewClass("xyzabcdefghijklmnopqrstuvw-"),
	condkey.Base64:     textsolve.NewClass(upper + lower + digits + "+/"),
	condkey.Grantee:    textsolve.NewClass("xyzabcdefghijklmnopqrstuvw" + upper + digits + "_+=,.@:/-"),
	condkey.AliasModel: textsolve.NewClass(lower + upper + digits + "/_-:"),
	condkey.Word:       textsolve.NewClass("xyzabcdefghijklmnopqrstuvw" + upper + digits + ".-"),
}

func digitClass() *textsolve.Class { return classOf(condkey.Digit) }
func idClass() *textsolve.Class    { return classOf(condkey.ID) }
func nameClass() *textsolve.Class  { return classOf(condkey.Name) }
func pathClass() *textsolve.Class  { return classOf(condkey.Path) }

// numbers are the characters of Latin-1 beyond ASCII that are numbers or
// separators: a tag can hold them.
const numbers = "\u00a0²³¹¼½¾"

// letters are the letters of Latin-1 beyond ASCII, and one from beyond.
func letters() string {
	return "àáâãäåæçèéêëìíîïðñòóôõöøùúûüýþÿÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖØÙÚÛÜÝÞßªµºΩЖ"
}

// isTagRune reports whether tags can hold a character beyond ASCII: letters,
// numbers and separators of all scripts. Source: IAM API reference, Tag.
func isTagRune(r rune) bool { return unicode.In(r, unicode.L, unicode.N, unicode.Z) }
