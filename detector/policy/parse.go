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
	Want   string // what the grammar expects there
	Got    string // what was found, quoted when it is text of the document
}

// Error returns one line: where, what was expected and what was found.
func (e *ParseError) Error() string {
	at := "key policy"
	if e.Path != "" {
		at += ": " + e.Path
	}
	return fmt.Sprintf("%s: expected %s, found %s (byte %d)", at, e.Want, e.Got, e.Offset)
}

// under prepends a step to e.Path and returns e. The parser calls it as it
// returns from each level.
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

// maxText is the length of the longest policy that KMS accepts, in bytes.
// Source: KMS API Reference, PutKeyPolicy; Developer Guide, resource quotas.
const maxText = 32768

// Parse reads a key policy. A part that AWS would refuse, or could read in
// another way, does not hide the rest: it becomes an entry of Policy.Unknown,
// which says where it is and what is wrong with it.
//
// An error is a *ParseError and means that nothing could be read: the text is
// too long, is not a JSON object, holds a member twice at its top level, or has
// no statements. Parse never returns both a policy and an error.
//
// Like KMS, Parse accepts a statement without Action or without Resource; the
// corresponding list is nil.
func Parse(text []byte) (*Policy, error) { return ParsePartial(text, nil) }

// ParseStrict is like Parse, but the first part that cannot be read is an error.
// Apart from broken JSON, such a part is: a member that is unknown, duplicated
// (even if escapes hide it) or in another letter case; null; a character that
// KMS refuses; a principal that no caller can be; an unknown operator; an
// invalid number, date or address.
func ParseStrict(text []byte) (*Policy, error) {
	return parse(&scanner{text: string(text), strict: true})
}

// ParsePartial is like Parse, for a text in which the caller leaves values open,
// such as the parameters of a template: Mark(i), alone or within a string,
// represents the value unknown[i]. A string that is a mark alone may take the
// place of any element of the grammar, or of the whole list of statements. The
// caller's values come first in Policy.Unknown, with Statement as the caller set
// it.
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
		s.odd = true // each string reports its own problem when it is read
	}
	p, err := s.policy()
	if err != nil {
		return nil, s.placed(err)
	}
	s.lines()
	p.Unknown = s.unknown
	return p, nil
}

// placed fills in the line of err and returns it.
func (s *scanner) placed(err *ParseError) *ParseError {
	err.Line = 1 + strings.Count(s.text[:err.Offset], "\n")
	return err
}

// The members of a document, as bits of a set.
const (
	hasVersion = 1 << iota
	hasID
	hasStatement
)

// policy reads the whole document. The grammar has a fixed depth and the scanner
// descends only as the grammar does, so its recursion is bounded.
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

// otherMember skips a member of the document that is not in the grammar. It
// fails on one that AWS could read as Statement, since nothing could be decided
// then.
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

// label reads an Id or a Sid. These have no effect, so one that cannot be read
// is "".
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

// unknownVersion records that the last unknown part is the Version, and returns
// versionUnknown.
func (s *scanner) unknownVersion() string {
	s.versionMark = len(s.unknown) - 1
	s.unknown[s.versionMark].Varies = true
	return versionUnknown
}

// unknownVariables replaces every ${...} in p by the mark of the unknown
// Version, which decides whether it is a variable.
func (s *scanner) unknownVariables(p *Policy) {
	replace := func(list []string) {
		for i, text := range list {
			var b strings.Builder
			for _, part := range SplitVariables(text) {
				if part.Text == "" || part.Literal { // a variable, or an escape such as ${*}
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
	list := make([]Statement, 0, max(1, strings.Count(s.text[at:], `"Effect"`))) // usually exact
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
