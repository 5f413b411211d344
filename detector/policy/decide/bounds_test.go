package decide

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
)

func TestClassesJSON(t *testing.T) {
	c := AllClasses(closed())
	c.Set(kmsapi.ClassUse, Between(Shared, Public))
	text, err := json.Marshal(c)
	const want = `{"encrypt":{"verdict":"private","least":"private","most":"private"},` +
		`"use":{"verdict":"undecided","least":"shared","most":"public"},` +
		`"other":{"verdict":"private","least":"private","most":"private"}}`
	if err != nil || string(text) != want {
		t.Fatalf("Marshal = %s, %v; want %s", text, err, want)
	}
	var back Classes
	if err := json.Unmarshal(text, &back); err != nil || back != c {
		t.Errorf("Unmarshal = %v, %v; want %v", back, err, c)
	}
	var one Classes
	one.Set(kmsapi.ClassUse, Between(Public, Public))
	if err := json.Unmarshal([]byte(`{"use":{"verdict":"public","least":"public","most":"public"}}`), &back); err != nil || back != one {
		t.Errorf("of one class: %v, %v; want the others undecided", back, err)
	}
	for _, row := range []struct{ text, want string }{
		{`{"control":{}}`, `"control"`},
		{`{"use":{"verdict":"open"}}`, `"open"`},
		{`[]`, "array"},
	} {
		if err := json.Unmarshal([]byte(row.text), &back); err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: %v, want an error about %s", row.text, err, row.want)
		}
	}
}

// TestClassesWorst: the classes that decide count, and no other.
func TestClassesWorst(t *testing.T) {
	for _, class := range append(kmsapi.Classes(), kmsapi.ClassControl) {
		want := closed()
		if class.Decides() {
			want = Between(Public, Public)
		}
		c := AllClasses(closed())
		if class.Index() >= 0 {
			c.Set(class, Between(Public, Public))
		}
		if got := c.Worst(); got != want {
			t.Errorf("with %s public: %v, want %v", class, got, want)
		}
	}
	if got := AllClasses(closed()).Of(kmsapi.ClassControl); got != (Bounds{}) {
		t.Errorf("of a class that does not work across accounts: %v, want undecided", got)
	}
}
