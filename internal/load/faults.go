package load

import (
	"errors"
	"fmt"
)

// Documents returns an ErrNoKey for a template or a plan without keys, and an
// ErrUnrecognized for data of no known format. Use errors.Is; the text of the error says
// more.
var (
	ErrNoKey        = errors.New("no key")
	ErrUnrecognized = errors.New("not recognized")
)

// A fault is an error of a kind, such as ErrNoKey, with its own text.
type fault struct {
	kind  error
	text  string
	notes []string // about what was not checked
}

func (f fault) Error() string { return f.text }

func (f fault) Unwrap() error { return f.kind }

func unrecognized(format string, args ...any) error {
	return fault{kind: ErrUnrecognized, text: fmt.Sprintf(format, args...)}
}

func withoutKey(text string, notes ...string) error { return fault{ErrNoKey, text, notes} }

// Notes returns the notes of an ErrNoKey about what may hold a key but was not checked,
// such as a nested stack; nil when there are none.
func Notes(err error) []string {
	var f fault
	if errors.As(err, &f) {
		return f.notes
	}
	return nil
}
