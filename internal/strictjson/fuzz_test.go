package strictjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// FuzzParse compares the package with encoding/json: both accept the same texts;
// an object with a duplicate member is rejected, and all other values are decoded
// alike. The offset of a syntax error is that of the first invalid byte: the text
// before it is the beginning of a valid text.
func FuzzParse(f *testing.F) {
	for _, text := range []string{
		``, `{}`, ` { "a" : 1 , "b" : [ {"}":"]"} , "\"" ] } `, `{"a":{"b":"\\"},"a":2}`, `{"\u0061":1,"a":2}`, `{"a":-1.5e3,"b":null,"c":true}`,
		`[]`, `"a"`, `{"a":}`, `{"":""}`, `[1,[2,[3]],{}]`, "\"\xff\"", `"\ud800"`, "{\"\xff\":1,\"\xfe\":2}", `{}x`, `1e`, `[1,]`, `"\{`,
		numbered(40, ""), numbered(40, `"m3":0`), strings.Repeat(`{"a":[`, 20) + strings.Repeat("]}", 20),
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		v, err := Parse(text)
		if (err == nil) != json.Valid(text) {
			t.Fatalf("Parse(%q): %v, but encoding/json says %t", text, err, json.Valid(text))
		}
		if err != nil {
			holdFault(t, text, err)
			return
		}
		hold(t, v)
		holdDecode(t, text)
	})
}

// holdDecode compares Decode with json.Unmarshal.
func holdDecode(t *testing.T, text []byte) {
	t.Helper()
	var ours, theirs any
	err, want := Decode(text, &ours), json.Unmarshal(text, &theirs)
	var twice *DuplicateError
	if !errors.As(err, &twice) && ((err == nil) != (want == nil) || !reflect.DeepEqual(ours, theirs)) {
		t.Fatalf("Decode(%q) = %v, %v, want %v, %v", text, ours, err, theirs, want)
	}
}

// hold compares a value with what encoding/json decodes from its text.
func hold(t *testing.T, v Value) {
	t.Helper()
	var want any
	d := json.NewDecoder(bytes.NewReader(v.Raw()))
	d.UseNumber()
	if err := d.Decode(&want); err != nil {
		t.Fatalf("%q: %v", v.Raw(), err)
	}
	switch want := want.(type) {
	case nil:
		same(t, v, Null, "null")
	case bool:
		same(t, v, Boolean, fmt.Sprint(want))
	case json.Number:
		same(t, v, Number, want.String())
	case string:
		same(t, v, String, want)
	case []any:
		var theirs []json.RawMessage
		if err := json.Unmarshal(v.Raw(), &theirs); err != nil {
			t.Fatal(err)
		}
		ours := slices.Collect(v.Elements())
		if v.Kind() != Array || len(ours) != len(theirs) {
			t.Fatalf("%q is %s of %d elements, want %d", v.Raw(), v.Kind(), len(ours), len(theirs))
		}
		for i, e := range ours {
			if !bytes.Equal(e.Raw(), theirs[i]) {
				t.Fatalf("%q: element %d is %q, want %q", v.Raw(), i, e.Raw(), theirs[i])
			}
			hold(t, e)
		}
	case map[string]any:
		holdMembers(t, v, len(want))
	}
}

// same checks the kind and text of a scalar.
func same(t *testing.T, v Value, kind Kind, text string) {
	t.Helper()
	if v.Kind() != kind || v.Text() != text {
		t.Fatalf("%q is %s %q, want %s %q", v.Raw(), v.Kind(), v.Text(), kind, text)
	}
}

// holdMembers checks the members of an object; want is the number of names that
// encoding/json finds.
func holdMembers(t *testing.T, v Value, want int) {
	t.Helper()
	var theirs map[string]json.RawMessage
	if err := json.Unmarshal(v.Raw(), &theirs); err != nil {
		t.Fatal(err)
	}
	last, n := map[string]Value{}, 0
	for name, value := range v.AllMembers() {
		last[name] = value
		n++
		hold(t, value)
	}
	members, err := v.Members()
	var twice *DuplicateError
	if len(last) != want || errors.As(err, &twice) != (n > want) || err == nil && len(members) != want {
		t.Fatalf("%q: %d members of %d names, %v, want %d names", v.Raw(), n, len(last), err, want)
	}
	for name, value := range theirs {
		if !bytes.Equal(last[name].Raw(), value) || err == nil && !bytes.Equal(members.Get(name).Raw(), value) {
			t.Fatalf("%q: %q is %q, want %q", v.Raw(), name, last[name].Raw(), value)
		}
	}
}

// holdFault checks the offset of a syntax error.
func holdFault(t *testing.T, text []byte, err error) {
	t.Helper()
	var fault *SyntaxError
	if !errors.As(err, &fault) || fault.Offset < 0 || fault.Offset > len(text) {
		t.Fatalf("Parse(%q): %v", text, err)
	}
	_, before := Parse(text[:fault.Offset])
	var cut *SyntaxError
	switch isCut := errors.As(before, &cut) && cut.Fault == Cut; {
	case fault.Fault == Cut && fault.Offset != len(text), fault.Fault != Cut && fault.Offset == len(text),
		fault.Fault == Trailing && before != nil, fault.Fault != Trailing && !isCut:
		t.Fatalf("Parse(%q): fault %d at %d, before it %v", text, fault.Fault, fault.Offset, before)
	}
}
