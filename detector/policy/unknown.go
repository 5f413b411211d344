package policy

import (
	"strings"
	"unicode/utf8"
)

// An Unknown is a part of a policy that is not known: text that cannot be read,
// or a value that the caller of ParsePartial leaves open. Its fields bound what
// the part may be; one without bounds may be anything.
//
// In the texts of a Policy (Principal.Value, Statement.Actions,
// Statement.Resources, Condition.Values) a mark represents an unknown part; see
// Mark. The text around it is known. No character of a policy can be mistaken
// for a mark, since KMS accepts none beyond U+00FF.
type Unknown struct {
	// Statement is the index of the statement, from 0; -1 for the document.
	Statement int
	// Path says where in the policy the part is, e.g. "Statement[1].Principal.AWS".
	Path string
	// Name is the caller's name for the value, e.g. "!Ref Partner"; "" for text
	// that cannot be read.
	Name string
	// Problem says what is wrong with text that cannot be read; nil for a
	// value that the caller leaves open.
	Problem *ParseError

	// Values lists every text that the part can be; nil if that is not known.
	Values []string
	// Never holds ASCII characters that the part certainly does not contain.
	// Unless it holds "*" and "?", the part can contain wildcards; unless it
	// holds ":", the part can span several fields of an ARN.
	Never string
	// Min is the minimum length in characters; 0 if it is not known.
	Min int
	// Many says that the part can be a list of texts.
	Many bool

	// Varies says that the part can differ from request to request.
	Varies bool
}

// The marks are the characters of a private use plane of Unicode.
const (
	firstMark = '\U000F0000'
	lastMark  = '\U000FFFFD'
	markLead  = 0xF3 // the first byte of every mark, in UTF-8
)

// Mark returns the text that represents Policy.Unknown[i].
func Mark(i int) string { return string(firstMark + rune(i)) }

// HasMark reports whether text contains a mark.
func HasMark(text string) bool { return strings.IndexByte(text, markLead) >= 0 }

// IsMark returns the index of the unknown part that r represents; ok is false if
// r is not a mark.
func IsMark(r rune) (i int, ok bool) {
	return int(r - firstMark), firstMark <= r && r <= lastMark
}

// MarksIn returns the indexes of the unknown parts in text, in order; nil if
// there are none.
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

// ReplaceMarks returns text with every mark replaced by by.
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

// Shown returns text for people, with "<unknown>" in place of every mark.
func Shown(text string) string { return ReplaceMarks(text, "<unknown>") }

// Show is like Shown, but shows a part that the caller of ParsePartial named as
// ${NAME}.
func (p *Policy) Show(text string) string {
	for _, i := range MarksIn(text) {
		if i < len(p.Unknown) && p.Unknown[i].Name != "" {
			text = strings.ReplaceAll(text, Mark(i), "${"+strings.TrimPrefix(p.Unknown[i].Name, "!Ref ")+"}")
		}
	}
	return Shown(text)
}

// Apart returns a copy of p that evaluates requests as different from its
// unknown parts: where a value with such a part can only be a single text,
// evaluate.Allows assumes that the request holds another. The witness of a grant
// can be such a request, because for each one that an unknown text excludes
// Decide has found another.
func (p *Policy) Apart() *Policy {
	q := *p
	q.IsApart = true
	return &q
}

// Lacks reports whether the part certainly contains none of chars.
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

// Lacks reports whether the unknown parts of text certainly contain none of
// chars. It ignores the known parts.
func (p *Policy) Lacks(text, chars string) bool {
	for _, i := range MarksIn(text) {
		if i >= len(p.Unknown) || !p.Unknown[i].Lacks(chars) {
			return false
		}
	}
	return true
}

// Single reports whether text, which has unknown parts, is a single text that is
// the same for all requests.
func (p *Policy) Single(text string) bool {
	for _, i := range MarksIn(text) {
		if i >= len(p.Unknown) || p.Unknown[i].Varies || p.Unknown[i].Many {
			return false
		}
	}
	return true
}

// MaybeStar reports whether text, which has unknown parts, can be exactly "*".
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
