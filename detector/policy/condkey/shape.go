package condkey

import (
	"fmt"
	"strconv"
	"strings"
)

// A Shape describes the texts that a key can hold, as a sequence of segments. It
// is written as text with braces for the variable segments:
//
//	{partition}     the key's partition
//	{keyregion}     the key's Region
//	{region}        any Region
//	{caller}        the caller's account
//	{account}       any account
//	{}              nothing; it separates two fixed segments
//	{CLASS LO HI}   LO to HI characters of a class
//	{=L CLASS LO HI} the same; all segments with the label L hold the same text
type Shape []Segment

// A Segment is one piece of a shape.
type Segment struct {
	Kind     SegmentKind
	Text     string // of a Fixed segment
	Class    Class
	Min, Max int
	Label    string // segments with the same label hold the same text; "" for none
}

// A SegmentKind says what a segment holds.
type SegmentKind uint8

// The kinds of segments.
const (
	Fixed     SegmentKind = iota
	Run                   // characters of a class
	Partition             // the key's partition
	KeyRegion             // the key's Region
	Caller                // the caller's account
)

// A Class is a set of characters.
type Class uint8

// The classes of characters.
const (
	Digit      Class = iota // 0-9
	Hex                     // 0-9a-f
	ID                      // unique ids: A-Z0-9
	Org                     // ids of organizations, roots and units: a-z0-9
	Name                    // names of roles, users and sessions: \w+=,.@-
	Path                    // U+0021 to U+007E
	Host                    // labels of host names: a-z0-9-
	Alias                   // aliases of keys: a-zA-Z0-9/_-
	Tag                     // \p{L}\p{Z}\p{N}_.:/=+-@
	Text                    // anything
	Lower                   // a-z and -: the words of a Region's name
	Base64                  // A-Za-z0-9+/
	Grantee                 // \w+=,.@:/-
	Word                    // A-Za-z0-9.-
	AliasModel              // Alias and the colon, which the API's model allows
)

func classByName(name string) (Class, bool) {
	for i, n := range [...]string{"digit", "hex", "id", "org", "name", "path", "host", "alias", "tag", "text", "lower", "base64", "grantee", "word", "aliasmodel"} {
		if n == name {
			return Class(i), true
		}
	}
	return 0, false
}

// ParseShape parses the text of a shape, in which {region} is any Region.
func ParseShape(text string) (Shape, error) {
	var s Shape
	fixed := func(t string) {
		if t != "" {
			s = append(s, Segment{Kind: Fixed, Text: t})
		}
	}
	rest := text
	for {
		before, after, found := strings.Cut(rest, "{")
		fixed(before)
		if !found {
			break
		}
		inside, tail, closed := strings.Cut(after, "}")
		if !closed {
			return nil, fmt.Errorf("shape %q: a brace is not closed", text)
		}
		segments, err := parseSegment(inside)
		if err != nil {
			return nil, fmt.Errorf("shape %q: %w", text, err)
		}
		s = append(s, segments...)
		rest = tail
	}
	if s == nil {
		s = Shape{{Kind: Fixed}}
	}
	return s, nil
}

func parseSegment(text string) ([]Segment, error) {
	switch text {
	case "":
		return nil, nil
	case "partition":
		return []Segment{{Kind: Partition}}, nil
	case "keyregion":
		return []Segment{{Kind: KeyRegion}}, nil
	case "caller":
		return []Segment{{Kind: Caller, Class: Digit, Min: 12, Max: 12}}, nil
	case "account":
		return []Segment{{Kind: Run, Class: Digit, Min: 12, Max: 12}}, nil
	case "region": // us-east-1, us-gov-west-1, eusc-de-east-1
		return []Segment{
			{Kind: Run, Class: Lower, Min: 2, Max: 8},
			{Kind: Fixed, Text: "-"},
			{Kind: Run, Class: Lower, Min: 4, Max: 12},
			{Kind: Fixed, Text: "-"},
			{Kind: Run, Class: Digit, Min: 1, Max: 2},
		}, nil
	}
	words := strings.Fields(text)
	var p Segment
	if len(words) == 4 && strings.HasPrefix(words[0], "=") {
		p.Label, words = words[0][1:], words[1:]
	}
	if len(words) != 3 {
		return nil, fmt.Errorf("%q is no segment", text)
	}
	class, ok := classByName(words[0])
	lo, errLo := strconv.Atoi(words[1])
	hi, errHi := strconv.Atoi(words[2])
	if !ok || errLo != nil || errHi != nil || lo < 0 || hi < lo {
		return nil, fmt.Errorf("%q is no segment", text)
	}
	p.Kind, p.Class, p.Min, p.Max = Run, class, lo, hi
	return []Segment{p}, nil
}

func parseShapes(texts []string) ([]Shape, error) {
	if len(texts) == 0 {
		return nil, nil
	}
	list := make([]Shape, 0, len(texts))
	for _, t := range texts {
		forms := []string{t}
		if strings.Contains(t, "{region}") { // the KMS key's own Region is the plainest
			forms = []string{strings.ReplaceAll(t, "{region}", "{keyregion}"), t}
		}
		for _, f := range forms {
			s, err := ParseShape(f)
			if err != nil {
				return nil, err
			}
			list = append(list, s)
		}
	}
	return list, nil
}

// HasCaller reports whether the shape contains the caller's account.
func (s Shape) HasCaller() bool {
	for i := range s {
		if s[i].Kind == Caller {
			return true
		}
	}
	return false
}

// ShapesParsed returns the parsed Shapes of v: for a shape with {region}, first
// the one with the KMS key's Region.
func (v *Values) ShapesParsed() []Shape { return v.shapes }

// MaybeShapesParsed returns the parsed MaybeShapes of v, as ShapesParsed does.
func (v *Values) MaybeShapesParsed() []Shape { return v.maybeShapes }

// Undocumented reports whether AWS leaves open whether some values occur.
func (v *Values) Undocumented() bool {
	return len(v.MaybeOf)+len(v.MaybeShapes)+len(v.Doubtful)+len(v.Known) > 0
}

// wild reports whether some value can contain the characters * and ?.
func (v *Values) wild() bool {
	for _, s := range v.shapes {
		for i := range s {
			if s[i].Kind == Run && s[i].Class == Text {
				return true
			}
		}
	}
	return false
}
