package strictjson

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// parse parses a valid text.
func parse(t *testing.T, text string) Value {
	t.Helper()
	v, err := Parse([]byte(text))
	if err != nil {
		t.Fatalf("Parse(%q): %v", text, err)
	}
	return v
}

func TestParse(t *testing.T) {
	tests := []struct {
		name, text string
		kind       Kind
		raw, want  string // the value as written, and as text
	}{
		{"null", ` null `, Null, `null`, "null"},
		{"true", `true`, Boolean, `true`, "true"},
		{"false", "\tfalse\r\n", Boolean, `false`, "false"},
		{"a number stays as written", `-1.50E+3`, Number, `-1.50E+3`, "-1.50E+3"},
		{"a string", ` "a" `, String, `"a"`, "a"},
		{"an empty string", `""`, String, `""`, ""},
		{"escapes", `"\u0061\"\\\/\n"`, String, `"\u0061\"\\\/\n"`, "a\"\\/\n"},
		{"a surrogate pair", `"\ud83d\udd11"`, String, `"\ud83d\udd11"`, "\U0001F511"},
		{"half of a surrogate pair", `"\ud83d"`, String, `"\ud83d"`, "\uFFFD"},
		{"bytes that are not UTF-8", "\"a\xffb\"", String, "\"a\xffb\"", "a\uFFFDb"},
		{"an array", `[ 1 ]`, Array, `[ 1 ]`, "[ 1 ]"},
		{"an object", ` {"a":[{}]} `, Object, `{"a":[{}]}`, `{"a":[{}]}`},
		{"as deep as it may be", strings.Repeat("[", MaxDepth) + strings.Repeat("]", MaxDepth), Array, strings.Repeat("[", MaxDepth) + strings.Repeat("]", MaxDepth), strings.Repeat("[", MaxDepth) + strings.Repeat("]", MaxDepth)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			v := parse(t, test.text)
			if v.Kind() != test.kind || string(v.Raw()) != test.raw || v.Text() != test.want {
				t.Errorf("Parse(%q) = %s %q, text %q, want %s %q, text %q", test.text, v.Kind(), v.Raw(), v.Text(), test.kind, test.raw, test.want)
			}
			if start, end := v.Place(); test.text[start:end] != test.raw {
				t.Errorf("Parse(%q) is at %d to %d", test.text, start, end)
			}
		})
	}
}

func TestZeroValue(t *testing.T) {
	var v Value
	members, err := v.Members()
	start, end := v.Place()
	if v.Kind() != None || v.Kind().String() != "nothing" || v.Raw() != nil || v.Text() != "" || start != 0 || end != 0 ||
		len(members) != 0 || err != nil || len(slices.Collect(v.Elements())) != 0 {
		t.Errorf("the zero Value is %s %q", v.Kind(), v.Raw())
	}
	for range v.AllMembers() {
		t.Error("the zero Value has a member")
	}
}

// TestPlaces checks the offsets of values at every depth.
func TestPlaces(t *testing.T) {
	const text = "{ \"a\" : [ 1 ,\t{\"b\":\"]}\"} , [ ] ] ,\n \"a\":{},\"\\u0063\": -2 }"
	var got []string
	var walk func(name string, v Value)
	walk = func(name string, v Value) {
		start, end := v.Place()
		if text[start:end] != string(v.Raw()) {
			t.Errorf("%s is at %d to %d, %q, but reads %q", name, start, end, text[start:end], v.Raw())
		}
		got = append(got, fmt.Sprintf("%s %d %s", name, start, v.Kind()))
		for e := range v.Elements() {
			walk(name+"[]", e)
		}
		for n, m := range v.AllMembers() {
			walk(name+"."+n, m)
		}
	}
	walk("", parse(t, text))
	want := []string{
		" 0 an object", ".a 8 an array", ".a[] 10 a number", ".a[] 14 an object", ".a[].b 19 a string", ".a[] 27 an array",
		".a 40 an object", ".c 53 a number",
	}
	if !slices.Equal(got, want) {
		t.Errorf("values:\ngot  %q\nwant %q", got, want)
	}
}

// TestStops checks that the iterators stop when a loop is left early.
func TestStops(t *testing.T) {
	n := 0
	for range parse(t, `[1,2,3]`).Elements() {
		n++
		break
	}
	for range parse(t, `{"a":1,"b":2}`).AllMembers() {
		n++
		break
	}
	if n != 2 {
		t.Errorf("%d values, want 2", n)
	}
}
