package load

import (
	"errors"
	"fmt"
)

// ErrNoKey is what Documents returns for a document of a known format that
// holds no key: a template, a plan. ErrUnrecognized is for what is of no format
// that it knows. errors.Is finds them; the error's text says more.
var (
	ErrNoKey        = errors.New("no key")
	ErrUnrecognized = errors.New("not recognized")
)

// A fault is an error of one of these kinds with a text of its own.
type fault struct {
	kind  error
	text  string
	notes []string // on what was not looked at
}

func (f fault) Error() string { return f.text }

func (f fault) Unwrap() error { return f.kind }

func unrecognized(format string, args ...any) error {
	return fault{kind: ErrUnrecognized, text: fmt.Sprintf(format, args...)}
}

func withoutKey(text string, notes ...string) error { return fault{ErrNoKey, text, notes} }

// Notes are the sentences of an ErrNoKey on what can hold a key and was not
// looked at, such as a nested stack; nil without.
func Notes(err error) []string {
	var f fault
	if errors.As(err, &f) {
		return f.notes
	}
	return nil
}
