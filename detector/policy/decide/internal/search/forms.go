package search

import (
	"slices"
	"strings"
	"unicode"

	"github.com/kmsentry/kmsentry/detector/policy/condkey"
	"github.com/kmsentry/kmsentry/detector/policy/decide/internal/textsolve"
)

// A form is a shape of condkey with what the question says about the KMS key
// filled in.
type form struct {
	textsolve.Shape
	caller int     // the segment that holds the caller's account, -1 for none
	same   [][]int // by label: the segments that hold the same text
	labels []string
}

// formOf returns the form of a shape.
func (c *Space) formOf(shape condkey.Shape) form {
	f := form{caller: -1}
	joined := false // the next fixed text belongs to the last segment
	add := func(segs ...textsolve.Segment) {
		f.Segments = append(f.Segments, segs...)
		joined = false
	}
	addFixed := func(text string) {
		if joined {
			f.Segments[len(f.Segments)-1].Text += text
			return
		}
		add(textsolve.Fixed(text))
		joined = true
	}
	for i := range shape {
		switch p := &shape[i]; p.Kind {
		case condkey.Partition:
			addFixed(c.Partition)
		case condkey.KeyRegion:
			if c.Region != "" {
				addFixed(c.Region)
				break
			}
			add(anyRegion()...)
		case condkey.Caller:
			f.caller = len(f.Segments)
			add(textsolve.Repeat(digitClass(), 12, 12))
		case condkey.Run:
			if p.Label != "" {
				k := slices.Index(f.labels, p.Label)
				if k < 0 {
					k = len(f.labels)
					f.labels, f.same = append(f.labels, p.Label), append(f.same, nil)
				}
				f.same[k] = append(f.same[k], len(f.Segments))
			}
			add(textsolve.Repeat(classOf(p.Class), p.Min, p.Max))
		default:
			if i > 0 && shape[i-1].Kind == condkey.Fixed {
				joined = false // the shape keeps them apart
			}
			addFixed(p.Text)
		}
	}
	return f
}

// FormsOf returns the forms of a row's list of shapes. It computes the forms of
// each list only once.
func (c *Space) FormsOf(shapes []condkey.Shape) []form {
	if len(shapes) == 0 {
		return nil
	}
	if list, ok := c.forms[&shapes[0]]; ok {
		return list
	}
	list := make([]form, len(shapes))
	for i := range shapes {
		list[i] = c.formOf(shapes[i])
	}
	if c.forms == nil {
		c.forms = make(map[*condkey.Shape][]form, 4)
	}
	c.forms[&shapes[0]] = list[:len(list):len(list)]
	return c.forms[&shapes[0]]
}

// anyRegion returns the segments of a Region's name, such as us-gov-west-1.
func anyRegion() []textsolve.Segment {
	return []textsolve.Segment{textsolve.Repeat(classOf(condkey.Lower), 2, 8), textsolve.Fixed("-"), textsolve.Repeat(classOf(condkey.Lower), 4, 12), textsolve.Fixed("-"), textsolve.Repeat(digitClass(), 1, 2)}
}

// Filled returns a text of a row with the KMS key's partition and Region, or
// us-east-1 if that is unknown, filled in.
func (c *Space) Filled(text string) string {
	if !strings.Contains(text, "{") {
		return text
	}
	region := c.Region
	if region == "" {
		region = "us-east-1"
	}
	return strings.NewReplacer("{partition}", c.Partition, "{keyregion}", region).Replace(text)
}

// in returns the form's shape for a caller in an account, or in any for "".
func (f *form) in(account string) textsolve.Shape {
	if f.caller < 0 || account == "" {
		return f.Shape
	}
	segs := append([]textsolve.Segment(nil), f.Segments...)
	segs[f.caller] = textsolve.Fixed(account)
	return textsolve.Shape{Segments: segs}
}

// plain returns the form's plainest text for a caller in an account.
func (f *form) plain(account string) string {
	var b strings.Builder
	for i, g := range f.Segments {
		switch {
		case i == f.caller:
			b.WriteString(account)
		case g.Class == nil:
			b.WriteString(g.Text)
		default:
			for n, r := 0, []rune(g.Class.Sample); n < g.Min; n++ {
				b.WriteRune(r[n%min(len(r), 3)])
			}
		}
	}
	return b.String()
}

// exists reports whether requests can have a key with the free part of k's name,
// and whether that part is reserved, so that AWS does not say whether any has it.
func (c *Space) exists(k condkey.Key) (can, reserved bool) {
	part := k.FreePart()
	if k.Family != condkey.Prefix || k.Part == "" {
		return true, false
	}
	shape, err := condkey.ParseShape(k.Part)
	if err != nil {
		return false, false // a part that cannot be read fits nothing
	}
	f := c.formOf(shape)
	_, can = f.Split(part)
	return can, k.Reserved != "" && len(part) >= len(k.Reserved) && strings.EqualFold(part[:len(k.Reserved)], k.Reserved)
}

// Character classes of the values that AWS accepts. The sample of each class lists
// all of it or, for open classes, more than any policy can name: a key policy
// holds only Latin-1, so a letter beyond that is in no policy.
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

// numbers are the numbers and separators in Latin-1 beyond ASCII, which tags can
// contain.
const numbers = "\u00a0²³¹¼½¾"

// letters returns the letters of Latin-1 beyond ASCII, and two beyond Latin-1.
func letters() string {
	return "àáâãäåæçèéêëìíîïðñòóôõöøùúûüýþÿÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖØÙÚÛÜÝÞßªµºΩЖ"
}

// isTagRune reports whether tags can contain r, a character beyond ASCII: letters,
// numbers and separators of all scripts. Source: IAM API reference, Tag.
func isTagRune(r rune) bool { return unicode.In(r, unicode.L, unicode.N, unicode.Z) }
