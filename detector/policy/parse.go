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
	Want   string // what the grammar wants there
	Got    string // what stands there, quoted when it is text of the document
}

func (e *ParseError) Error() string {
	at := "key policy"
	if e.Path != "" {
		at += ": " + e.Path
	}
	return fmt.Sprintf("%s: want %s, got %s (byte %d)", at, e.Want, e.Got, e.Offset)
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

// Parse reads a key policy, strictly: whatever AWS would refuse or could read
// differently from us is a *ParseError. It never returns both a policy and an error.
//
// Beside broken JSON that is: a member that is unknown, doubled (also when
// escapes hide it) or in another letter case; null; a character or a length
// that KMS refuses; a principal that no caller can be; an unknown operator; a
// number, date or address that is none. A statement without Action or without
// Resource is accepted, as by KMS, and has nil lists.
func Parse(text []byte) (*Policy, error) {
	if len(text) > maxText {
		return nil, &ParseError{Offset: maxText, Want: "at most " + strconv.Itoa(maxText) + " bytes", Got: strconv.Itoa(len(text))}
	}
	s := &scanner{text: string(text)}
	if err := s.checkCharacters(); err != nil {
		return nil, err
	}
	p, err := s.policy()
	if err != nil {
		return nil, err
	}
	return p, nil
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
	if err := s.open('{', "an object"); err != nil {
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
	return p, nil
}

func (s *scanner) policyMember(p *Policy, name string, at int, seen *int) (err *ParseError) {
	bit := 0
	switch name {
	case "Version":
		bit = hasVersion
	case "Id":
		bit = hasID
	case "Statement":
		bit = hasStatement
	default:
		return s.fail(at, "Version, Id or Statement", quoteShort(name))
	}
	if *seen&bit != 0 {
		return s.fail(at, name+" once", "it again")
	}
	*seen |= bit
	switch bit {
	case hasVersion:
		p.Version, err = s.version()
	case hasID:
		p.ID, err = s.str("a string")
	default:
		p.Statements, err = s.statements()
	}
	if err != nil {
		return err.under(name)
	}
	return nil
}

func (s *scanner) version() (string, *ParseError) {
	const want = `"` + version2008 + `" or "` + version2012 + `"`
	s.space()
	at := s.pos
	version, err := s.str(want)
	if err == nil && version != version2008 && version != version2012 {
		err = s.fail(at, want, quoteShort(version))
	}
	return version, err
}

func (s *scanner) statements() ([]Statement, *ParseError) {
	const want = "a statement or a list of statements"
	if s.peek() == '{' {
		statement, err := s.statement(0)
		return []Statement{statement}, err
	}
	if err := s.open('[', want); err != nil {
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
		statement, err := s.statement(len(list))
		if err != nil {
			return nil, err.under("[" + strconv.Itoa(len(list)) + "]")
		}
		list = append(list, statement)
	}
	if len(list) == 0 {
		return nil, s.fail(at, "at least one statement", "an empty list")
	}
	return list, nil
}
