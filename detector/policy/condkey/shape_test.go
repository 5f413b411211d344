package condkey

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
)

func TestParseShape(t *testing.T) {
	digits := Segment{Kind: Run, Class: Digit, Min: 12, Max: 12}
	for _, row := range []struct {
		name, text string
		want       Shape
	}{
		{"plain text", "true", Shape{{Text: "true"}}},
		{"the empty text", "", Shape{{}}},
		{"a class with bounds", "i-{hex 8 17}", Shape{{Text: "i-"}, {Kind: Run, Class: Hex, Min: 8, Max: 17}}},
		{"one length", "{base64 27 27}=", Shape{{Kind: Run, Class: Base64, Min: 27, Max: 27}, {Text: "="}}},
		{"a label", "r-{=root org 4 32}", Shape{{Text: "r-"}, {Kind: Run, Class: Org, Min: 4, Max: 32, Label: "root"}}},
		{"any account", "{account}", Shape{digits}},
		{"the caller's account", "{caller}", Shape{{Kind: Caller, Class: Digit, Min: 12, Max: 12}}},
		{"the key's partition and Region", "{partition}:{keyregion}", Shape{{Kind: Partition}, {Text: ":"}, {Kind: KeyRegion}}},
		{"any Region", "{region}", Shape{
			{Kind: Run, Class: Lower, Min: 2, Max: 8}, {Text: "-"}, {Kind: Run, Class: Lower, Min: 4, Max: 12}, {Text: "-"}, {Kind: Run, Class: Digit, Min: 1, Max: 2},
		}},
		{"nothing between two texts", "vpc/{}vpc-", Shape{{Text: "vpc/"}, {Text: "vpc-"}}},
		{"a closing brace alone", "a}", Shape{{Text: "a}"}}},
	} {
		if got, err := ParseShape(row.text); err != nil || !reflect.DeepEqual(got, row.want) {
			t.Errorf("%s: ParseShape(%q) = %+v, %v, want %+v", row.name, row.text, got, err, row.want)
		}
	}
}

func TestParseShapeRefuses(t *testing.T) {
	for _, row := range []struct{ name, text, want string }{
		{"an open brace", "a{hex 1 2", `shape "a{hex 1 2": a brace is not closed`},
		{"a word that is no segment", "{regions}", `shape "{regions}": "regions" is no segment`},
		{"no upper bound", "{hex 1}", `shape "{hex 1}": "hex 1" is no segment`},
		{"bounds that are words", "{hex one 2}", `shape "{hex one 2}": "hex one 2" is no segment`},
		{"an upper bound that is a word", "{hex 1 two}", `shape "{hex 1 two}": "hex 1 two" is no segment`},
		{"a negative bound", "{hex -1 2}", `shape "{hex -1 2}": "hex -1 2" is no segment`},
		{"a label without its sign", "{root org 4 32}", `shape "{root org 4 32}": "root org 4 32" is no segment`},
		{"a label without a class", "{=root 4 32}", `shape "{=root 4 32}": "=root 4 32" is no segment`},
	} {
		if got, err := ParseShape(row.text); got != nil || err == nil || err.Error() != row.want {
			t.Errorf("%s: ParseShape(%q) = %+v, %v, want %s", row.name, row.text, got, err, row.want)
		}
	}
}

// TestShapesOfARow: where a Region is open, the key's own comes first.
func TestShapesOfARow(t *testing.T) {
	table, err := New([]Row{{Name: "a:B", Cases: []Case{{Values: Values{Shapes: []string{"{caller}-{region}", "x"}, MaybeShapes: []string{"{text 1 2}"}}}}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	k, _ := table.Lookup("a:B")
	v := &k.Cases[0].Values
	list := v.ShapesParsed()
	if len(list) != 3 || list[0][2].Kind != KeyRegion || list[1][2].Class != Lower || list[2][0].Text != "x" {
		t.Errorf("shapes %+v, want the key's Region, any Region, and x", list)
	}
	if !list[0].HasCaller() || list[2].HasCaller() {
		t.Errorf("the caller's account is in %v, %v; want true, false", list[0].HasCaller(), list[2].HasCaller())
	}
	if maybe := v.MaybeShapesParsed(); len(maybe) != 1 || maybe[0][0].Class != Text {
		t.Errorf("shapes of which AWS does not say whether they occur: %+v", maybe)
	}
	if v.wild() { // only the sure shapes count: what need not occur proves nothing
		t.Error("wildcards can come in by a shape that need not occur")
	}
}

// fits reports whether a text is of a shape, for a caller of account
// 444455556666 and a key in us-east-1. It tries every length of every segment.
func fits(s Shape, text string, labels map[string]string) bool {
	if len(s) == 0 {
		return text == ""
	}
	fixed := func(want string) bool {
		return strings.HasPrefix(text, want) && fits(s[1:], text[len(want):], labels)
	}
	switch p := s[0]; p.Kind {
	case Fixed:
		return fixed(p.Text)
	case Partition:
		return fixed("aws")
	case KeyRegion:
		return fixed("us-east-1")
	case Caller:
		return fixed("444455556666")
	default:
		if held, ok := labels[p.Label]; ok {
			return fixed(held)
		}
		for n := p.Min; n <= min(p.Max, len(text)); n++ {
			if strings.Trim(text[:n], charactersOf(p.Class)) != "" {
				return false
			}
			inner := labels
			if p.Label != "" {
				inner = map[string]string{p.Label: text[:n]}
			}
			if fits(s[1:], text[n:], inner) {
				return true
			}
		}
		return false
	}
}

// charactersOf lists the ASCII characters of a class, each written out.
func charactersOf(c Class) string {
	const digit, lower, upper = "0123456789", "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	const word = digit + lower + upper
	switch c {
	case Digit:
		return digit
	case Hex:
		return digit + "abcdef"
	case ID:
		return digit + upper
	case Org:
		return digit + lower
	case Name:
		return word + "_+=,.@-"
	case Host:
		return digit + lower + "-"
	case Alias:
		return word + "/_-"
	case AliasModel:
		return word + "/_-:"
	case Tag:
		return word + " _.:/=+-@"
	case Lower:
		return lower + "-"
	case Base64:
		return word + "+/"
	case Grantee:
		return word + "_+=,.@:/-"
	case Word:
		return word + ".-"
	default: // Path and Text
		var b strings.Builder
		for r := ' '; r <= '~'; r++ {
			if c == Text || r > ' ' {
				b.WriteRune(r)
			}
		}
		return b.String()
	}
}

// TestClassNames: each class can be written, and is none of the others.
func TestClassNames(t *testing.T) {
	seen := map[Class]string{}
	for _, name := range strings.Fields("digit hex id org name path host alias tag text lower base64 grantee word aliasmodel") {
		s, err := ParseShape(fmt.Sprintf("{%s 1 2}", name))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if other, ok := seen[s[0].Class]; ok {
			t.Errorf("%s and %s are the same class", name, other)
		}
		seen[s[0].Class] = name
	}
	if len(seen) != int(AliasModel)+1 {
		t.Errorf("%d classes can be written, there are %d", len(seen), AliasModel+1)
	}
}
