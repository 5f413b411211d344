package strictjson

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// numbered returns the text of an object with n members, followed by more.
func numbered(n int, more string) string {
	var b strings.Builder
	b.WriteByte('{')
	for i := range n {
		fmt.Fprintf(&b, `"m%d":%d,`, i, i)
	}
	return strings.TrimSuffix(b.String()+more, ",") + "}"
}

func TestMembers(t *testing.T) {
	tests := []struct {
		name, text string
		want       string // the names, or the duplicate one with a mark
	}{
		{"none", `{}`, ""},
		{"in order", `{"b":1,"a":2}`, "b a"},
		{"null", `{"a":null}`, "a"},
		{"an empty name", `{"":1}`, ""},
		{"twice", `{"a":1,"b":2,"a":1}`, "!a"},
		{"twice behind an escape", `{"a":1,"\u0061":2}`, "!a"},
		{"twice after bytes that are not UTF-8", "{\"\xff\":1,\"\xfe\":2}", "!\uFFFD"},
		{"in two letter cases", `{"a":1,"A":2}`, "a A"},
		{"the first of two", `{"a":1,"b":2,"b":3,"a":4}`, "!b"},
		{"twice within a member", `{"a":{"b":1,"b":2}}`, "a"},
		{"many", numbered(33, ""), numberedNames(33)},
		{"one of many twice", numbered(33, `"m32":1`), "!m32"},
		{"the first of many twice", numbered(32, `"m0":1`), "!m0"},
		{"an array", `[{"a":1}]`, ""},
		{"a string", `"{}"`, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			members, err := parse(t, test.text).Members()
			var names []string
			for _, m := range members {
				names = append(names, m.Name)
			}
			got := strings.Join(names, " ")
			var twice *DuplicateError
			if errors.As(err, &twice) {
				got += "!" + twice.Name
			}
			if got != test.want || (err != nil) != (twice != nil) {
				t.Errorf("Members = %q, %v, want %q", got, err, test.want)
			}
		})
	}
	_, err := parse(t, `{"a\n":1,"a\n":2}`).Members()
	if want := `member "a\n": expected it once, found it twice`; err == nil || err.Error() != want {
		t.Errorf("Members: %v, want %s", err, want)
	}
}

// numberedNames returns the names of numbered's n members.
func numberedNames(n int) string {
	var names []string
	for i := range n {
		names = append(names, fmt.Sprintf("m%d", i))
	}
	return strings.Join(names, " ")
}

func TestGet(t *testing.T) {
	members, err := parse(t, `{"a":1,"B":null}`).Members()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]Kind{"a": Number, "A": None, "B": Null, "b": None, "": None} {
		if got := members.Get(name).Kind(); got != want || members.Has(name) != (want != None) {
			t.Errorf("Get(%q) is %s, Has is %t, want %s", name, got, members.Has(name), want)
		}
	}
}

func TestRequireCase(t *testing.T) {
	for text, want := range map[string]string{
		`{"detail":1,"other":2}`:  "",
		`{"Other":1}`:             "",
		`{"Detail":1}`:            `expected member "detail", found "Detail"`,
		`{"detail":1,"DETAIL":2}`: `expected member "detail", found "DETAIL"`,
		`{"\u212aind":1}`:         `expected member "kind", found "` + "\u212a" + `ind"`, // the Kelvin sign
	} {
		members, err := parse(t, text).Members()
		if err != nil {
			t.Fatal(err)
		}
		err = members.RequireCase("detail", "kind")
		var wrong *CaseError
		if (err != nil) != (want != "") || err != nil && (!errors.As(err, &wrong) || err.Error() != want) {
			t.Errorf("RequireCase of %s: %v, want %q", text, err, want)
		}
	}
}
