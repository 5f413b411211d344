package trailgen

import (
	"bytes"
	"encoding/json"
	"maps"
	"math/rand/v2"
	"slices"
)

// A Style is how an archive's JSON is written. The zero Style is CloudTrail's
// own: one line, members in its order.
type Style struct {
	Order   Order
	Spaces  bool // after colons and commas, as Python's json.dumps puts them
	Indent  bool // each member on a line of its own
	Slashes bool // written \/, as PHP's json_encode does
	Lines   bool // a record per line, without a list around them
}

// An Order is the order of an object's members.
type Order int

// The orders.
const (
	AsCloudTrail Order = iota
	Sorted             // by name
	EventNameLast
	Shuffled // in each object anew
)

// Styles returns the styles that other writers of CloudTrail records have, by name.
func Styles() map[string]Style {
	return map[string]Style{
		"compact":         {},
		"spaces":          {Spaces: true},
		"indented":        {Indent: true},
		"sorted keys":     {Order: Sorted},
		"sorted, spaces":  {Order: Sorted, Spaces: true},
		"random keys":     {Order: Shuffled},
		"eventName late":  {Order: EventNameLast},
		"escaped slashes": {Order: Sorted, Slashes: true},
		"random, lines":   {Order: Shuffled, Spaces: true, Lines: true},
	}
}

// around returns what a file has before, between and after its records.
func (s Style) around() (head, between, tail string) {
	switch {
	case s.Lines:
		return "", "\n", "\n"
	case s.Indent:
		return "{\n  \"Records\": [\n    ", ",\n    ", "\n  ]\n}\n"
	case s.Spaces:
		return `{"Records": [`, `, `, `]}`
	default:
		return `{"Records":[`, `,`, `]}`
	}
}

// write writes a record as the style has it. The record is an object.
func (s Style) write(random *rand.Rand, record []byte) []byte {
	var b bytes.Buffer
	if s.Order == AsCloudTrail {
		b.Write(record)
	} else {
		s.value(random, &b, record)
	}
	text := b.Bytes()
	if s.Slashes {
		text = bytes.ReplaceAll(text, []byte(`/`), []byte(`\/`)) // JSON has it in strings only
	}
	if s.Spaces {
		text = spaced(text)
	}
	if s.Indent {
		var out bytes.Buffer
		if err := json.Indent(&out, text, "    ", "  "); err != nil {
			panic(err) // the generator writes JSON
		}
		text = out.Bytes()
	}
	return text
}

// value writes a value with the members of each object in the style's order.
func (s Style) value(random *rand.Rand, b *bytes.Buffer, text []byte) {
	switch text[0] {
	case '{':
		var members map[string]json.RawMessage
		mustRead(text, &members)
		b.WriteByte('{')
		for i, name := range s.order(random, members) {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(quoted(name) + ":")
			s.value(random, b, members[name])
		}
		b.WriteByte('}')
	case '[':
		var elements []json.RawMessage
		mustRead(text, &elements)
		b.WriteByte('[')
		for i, e := range elements {
			if i > 0 {
				b.WriteByte(',')
			}
			s.value(random, b, e)
		}
		b.WriteByte(']')
	default:
		b.Write(text)
	}
}

// order returns the names of an object's members in the style's order.
func (s Style) order(random *rand.Rand, members map[string]json.RawMessage) []string {
	names := slices.Sorted(maps.Keys(members))
	switch i := slices.Index(names, "eventName"); {
	case s.Order == Shuffled:
		random.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	case s.Order == EventNameLast && i >= 0:
		names = append(slices.Delete(names, i, i+1), "eventName")
	}
	return names
}

// spaced puts a space after each colon and comma outside strings.
func spaced(text []byte) []byte {
	out := make([]byte, 0, len(text)+len(text)/16)
	inside := false
	for i := 0; i < len(text); i++ {
		out = append(out, text[i])
		switch c := text[i]; {
		case c == '\\':
			i++
			out = append(out, text[i])
		case c == '"':
			inside = !inside
		case !inside && (c == ':' || c == ','):
			out = append(out, ' ')
		}
	}
	return out
}

func mustRead(text []byte, value any) {
	if err := json.Unmarshal(text, value); err != nil {
		panic(err) // the generator writes JSON
	}
}
