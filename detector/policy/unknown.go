package policy

import (
	"strings"
	"unicode/utf8"
)

// An Unknown is a part of a policy that is not known: text that cannot be read,
// or a value that the caller of ParsePartial leaves open. The part may be any text
// that the bounds admit; what could not be read as a whole may be anything.
//
// In the texts of a Policy (Principal.Value, Statement.Actions, Resources,
// Condition.Values) an unknown stretch is a mark, see Mark; the text around it
// is known. No character of a policy can be taken for a mark: KMS takes none
// beyond U+00FF.
type Unknown struct {
	// Statement is the index of the statement, from 0; -1 for the document.
	Statement int
	// Path says where in the policy the part stands, e.g. "Statement[1].Principal.AWS".
	Path string
	// Name is what the caller calls the value, e.g. "!Ref Partner"; "" for text
	// that cannot be read.
	Name string
	// Problem says what is wrong with text that cannot be read; nil for a
	// value that the caller leaves open.
	Problem *ParseError

	// Values lists all texts that the part can be; nil when that is not known.
	Values []string
	// Never holds ASCII characters that the part surely lacks. Without "*" and
	// "?" in it the part can be a wildcard, without ":" it can run over the
	// parts of an ARN.
	Never string
	// Min is the least length in characters; 0 when it is not known.
	Min int
	// Many says that the part can be a list of texts.
	Many bool

	Varies bool // not one text: what it is can differ from request to request
}

// The marks are the characters of a plane for private use.
const (
	firstMark = '\U000F0000'
	lastMark  = '\U000FFFFD'
	markLead  = 0xF3 // the first byte of every mark, in UTF-8
)

// Mark returns the text that stands for the unknown part at index i of
// Policy.Unknown.
func Mark(i int) string { return string(firstMark + rune(i)) }

// HasMark reports whether a part of text is unknown.
func HasMark(text string) bool { return strings.IndexByte(text, markLead) >= 0 }

// IsMark returns the index that r stands for; ok is false when r is not a mark.
func IsMark(r rune) (i int, ok bool) {
	return int(r - firstMark), firstMark <= r && r <= lastMark
}

// MarksIn returns the indexes of the unknown parts of text.
func MarksIn(text string) []int {
	var list []int
	for at := strings.IndexByte(text, markLead); at >= 0 && at < len(text); {
		r, size := utf8.DecodeRuneInString(text[at:])
		if i, ok := IsMark(r); ok {
			list = append(list, i)
		}
		next := strings.IndexByte(text[at+size:], markLead)
		if next < 0 {
			break
		}
		at += size + next
	}
	return list
}

// ReplaceMarks returns text with every unknown part replaced.
func ReplaceMarks(text, by string) string {
	if !HasMark(text) {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		if _, ok := IsMark(r); ok {
			b.WriteString(by)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// Shown returns text for people: unknown parts are named as such.
func Shown(text string) string { return ReplaceMarks(text, "<unknown>") }

// Show is shown with the names that the caller of ParsePartial gave.
func (p *Policy) Show(text string) string {
	for _, i := range MarksIn(text) {
		if i < len(p.Unknown) && p.Unknown[i].Name != "" {
			text = strings.ReplaceAll(text, Mark(i), "${"+strings.TrimPrefix(p.Unknown[i].Name, "!Ref ")+"}")
		}
	}
	return Shown(text)
}

// Apart returns the policy for requests that are not what its unknown parts
// say: where such a part can only stand for one text, Allows takes the request
// to have another. The witness of a grant can be one of those, because for each
// that an unknown text shuts out Decide has found another.
func (p *Policy) Apart() *Policy {
	q := *p
	q.IsApart = true
	return &q
}

// Lacks reports whether the part surely holds none of these characters.
func (u *Unknown) Lacks(chars string) bool {
	if u.Values != nil {
		for _, v := range u.Values {
			if strings.ContainsAny(v, chars) {
				return false
			}
		}
		return true
	}
	for i := range len(chars) {
		if strings.IndexByte(u.Never, chars[i]) < 0 {
			return false
		}
	}
	return true
}

// Lacks reports whether the unknown parts of text surely hold none of these
// characters.
func (p *Policy) Lacks(text, chars string) bool {
	for _, i := range MarksIn(text) {
		if i >= len(p.Unknown) || !p.Unknown[i].Lacks(chars) {
			return false
		}
	}
	return true
}

// Single reports whether text, of which a part is unknown, is one text, the
// same for all requests.
func (p *Policy) Single(text string) bool {
	for _, i := range MarksIn(text) {
		if i >= len(p.Unknown) || p.Unknown[i].Varies || p.Unknown[i].Many {
			return false
		}
	}
	return true
}

// MaybeStar reports whether text, of which a part is unknown, can be the lone "*".
func (p *Policy) MaybeStar(text string) bool {
	if strings.Trim(ReplaceMarks(text, ""), "*") != "" {
		return false
	}
	least := len(ReplaceMarks(text, ""))
	for _, i := range MarksIn(text) {
		if i < len(p.Unknown) {
			least += p.Unknown[i].Min
		}
	}
	return least <= 1 && !p.Lacks(text, "*")
}
