package policy

import (
	"fmt"
	"strconv"
	"strings"
)

// A ParseError says where a key policy departs from the grammar.
type ParseError struct {
	Path   string // e.g. "Statement[1].Principal"; "" for the document itself
	Offset int    // in bytes from the start of the text
	Line   int    // from 1
	Want   string // what the grammar wants there
	Got    string // what is there, quoted when it is text of the document
}

// Error says where, what was expected and what was found, in one line.
func (e *ParseError) Error() string {
	at := "key policy"
	if e.Path != "" {
		at += ": " + e.Path
	}
	return fmt.Sprintf("%s: expected %s, found %s (byte %d)", at, e.Want, e.Got, e.Offset)
}

// under puts a step of the path in front, on the way out of the parser.
func (e *ParseError) under(step string) *ParseError {
	switch {
	case e.Path == "":
		e.Path = step
	case e.Path[0] == '[':
		e.Path = step + e.Path
	default:
		e.Path = step + "." + e.Path
	}
	return e
}

// maxText is the most that KMS takes, in bytes.
// Source: KMS API Reference, PutKeyPolicy; Developer Guide, resource quotas.
const maxText = 32768

// Parse reads a key policy. What AWS would refuse or could read differently
// from us does not hide the rest: it becomes an unknown part, in
// Policy.Unknown, which says where it is and what is wrong with it.
//
// An error, a *ParseError, means that nothing could be read: the text is too
// long, is no JSON object, holds a member twice at its top level, or has no
// statements. It never returns both a policy and an error.
//
// A statement without Action or without Resource is accepted, as by KMS, and
// has nil lists.
func Parse(text []byte) (*Policy, error) { return ParsePartial(text, nil) }

// ParseStrict is Parse for those who want all or nothing: the first part that
// cannot be read is the error. Apart from broken JSON that is: a member that is
// unknown, doubled (also when escapes hide it) or in another letter case; null;
// a character that KMS refuses; a principal that no caller can be; an unknown
// operator; a number, date or address that is none.
func ParseStrict(text []byte) (*Policy, error) {
	return parse(&scanner{text: string(text), strict: true})
}

// ParsePartial is Parse for a text with values that the caller leaves open, such
// as the parameters of a template: where Mark(i) stands, alone or within a
// text, there is the value unknown[i]. A mark may stand for any element of the
// grammar, and for the whole list of statements. The values come first in
// Policy.Unknown, with Statement as the caller set it.
func ParsePartial(text []byte, unknown []Unknown) (*Policy, error) {
	return parse(&scanner{text: string(text), unknown: unknown[:len(unknown):len(unknown)], given: len(unknown)})
}

func parse(s *scanner) (*Policy, error) {
	if len(s.text) > maxText {
		return nil, &ParseError{Offset: maxText, Line: 1, Want: "at most " + strconv.Itoa(maxText) + " bytes", Got: strconv.Itoa(len(s.text))}
	}
	if err := s.checkCharacters(); err != nil {
		if s.strict {
			return nil, s.placed(err)
		}
		s.odd = true // what is wrong with which text shows when it is read
	}
	p, err := s.policy()
	if err != nil {
		return nil, s.placed(err)
	}
	s.lines()
	p.Unknown = s.unknown
	return p, nil
}

// placed fills in the line of an error.
func (s *scanner) placed(err *ParseError) *ParseError {
	err.Line = 1 + strings.Count(s.text[:err.Offset], "\n")
	return err
}

// The members of a document and of a statement, as bits of a set.
const (
	hasVersion = 1 << iota
	hasID
	hasStatement
)

// policy reads the whole document. The grammar has a fixed depth and the
// scanner goes down only where the grammar does, so no text makes it recurse.
func (s *scanner) policy() (*Policy, *ParseError) {
	p := &Policy{}
	seen := 0
	if err := s.enter('{', "an object"); err != nil {
		return nil, err
	}
	for first := true; ; first = false {
		name, at, ok, err := s.member(first)
		if err != nil {
			return nil, err
		}
		if !ok {
			break
		}
		if err := s.policyMember(p, name, at, &seen); err != nil {
			return nil, err
		}
	}
	if seen&hasStatement == 0 {
		return nil, s.fail(0, "Statement", "no such member")
	}
	s.space()
	if s.pos < len(s.text) {
		return nil, s.fail(s.pos, "the end of the document", s.describe())
	}
	if p.Version == versionUnknown {
		s.unknownVariables(p)
	}
	return p, nil
}

func (s *scanner) policyMember(p *Policy, name string, at int, seen *int) (err *ParseError) {
	bit, from := 0, len(s.unknown)
	switch name {
	case "Version":
		bit = hasVersion
	case "Id":
		bit = hasID
	case "Statement":
		bit = hasStatement
	default:
		return s.otherMember(p, name, at)
	}
	if *seen&bit != 0 {
		return s.fail(at, name+" once", "it again")
	}
	*seen |= bit
	switch bit {
	case hasVersion:
		p.Version, err = s.version()
	case hasID:
		p.ID, err = s.label()
	default:
		p.Statements, err = s.statements()
	}
	if err != nil {
		return err.under(name)
	}
	s.within(from, name)
	return nil
}

// otherMember skips a member of the document that is not of the grammar. One
// that AWS could take for the statements leaves nothing to decide on.
func (s *scanner) otherMember(p *Policy, name string, at int) *ParseError {
	err := s.fail(at, "Version, Id or Statement", quoteShort(name))
	if strings.EqualFold(name, "Statement") {
		return err
	}
	_, err = s.recoverMember(err)
	if strings.EqualFold(name, "Version") && err == nil {
		p.Version = s.unknownVersion()
	}
	return err
}

// label reads an Id or a Sid, which have no effect: what cannot be read is "".
func (s *scanner) label() (string, *ParseError) {
	s.space()
	start := s.pos
	text, err := s.str("a string")
	if err != nil {
		_, err = s.recover(start, err)
		return "", err
	}
	return ReplaceMarks(text, ""), nil
}

func (s *scanner) version() (string, *ParseError) {
	const want = `"` + Version2008 + `" or "` + Version2012 + `"`
	s.space()
	at := s.pos
	version, err := s.str(want)
	if err == nil && version != Version2008 && version != Version2012 {
		err = s.fail(at, want, quoteShort(Shown(version)))
	}
	if err != nil {
		if _, err = s.recover(at, err); err == nil {
			version = s.unknownVersion()
		}
	}
	return version, err
}

// versionUnknown marks a policy whose Version cannot be read.
const versionUnknown = "?"

// unknownVersion notes that the last unknown part is the Version.
func (s *scanner) unknownVersion() string {
	s.versionMark = len(s.unknown) - 1
	s.unknown[s.versionMark].Varies = true
	return versionUnknown
}

// unknownVariables makes the variables of p unknown parts, since whether they are
// variables turns on a Version that is not known.
func (s *scanner) unknownVariables(p *Policy) {
	replace := func(list []string) {
		for i, text := range list {
			var b strings.Builder
			for _, part := range SplitVariables(text) {
				if part.Text == "" || part.Literal { // a variable, or what it is to write out
					b.WriteString(Mark(s.versionMark))
				} else {
					b.WriteString(part.Text)
				}
			}
			list[i] = b.String()
		}
	}
	for i := range p.Statements {
		st := &p.Statements[i]
		replace(st.Resources)
		for j := range st.Conditions {
			replace(st.Conditions[j].Values)
		}
	}
}

func (s *scanner) statements() ([]Statement, *ParseError) {
	const want = "a statement or a list of statements"
	if mark, ok := s.givenMark(); ok {
		return []Statement{unknownStatement(0, 0, mark)}, nil
	}
	if s.peek() == '{' {
		statement, err := s.statementOrUnknown(0)
		return []Statement{statement}, err
	}
	if err := s.enter('[', want); err != nil {
		return nil, err
	}
	at := s.pos
	list := make([]Statement, 0, max(1, strings.Count(s.text[at:], `"Effect"`))) // a guess, but a good one
	for {
		ok, err := s.element(len(list) == 0)
		if err != nil {
			return nil, err
		}
		if !ok {
			break
		}
		from := len(s.unknown)
		statement, err := s.statementOrUnknown(len(list))
		if err != nil {
			return nil, err.under("[" + strconv.Itoa(len(list)) + "]")
		}
		if len(s.unknown) > from {
			s.within(from, "["+strconv.Itoa(len(list))+"]")
		}
		list = append(list, statement)
	}
	if len(list) == 0 {
		return nil, s.fail(at, "at least one statement", "an empty list")
	}
	return list, nil
}
