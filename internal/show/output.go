package show

import (
	"errors"
	"fmt"
	"io"
	"os"
)

// Named returns err prefixed with what, the output that could not be written, or
// nil if err is nil.
func Named(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}

// An Output is a file or another writer to use when no file is given. The zero
// Output is no output.
type Output struct {
	w    io.Writer
	file *os.File
}

// Write implements [io.Writer]. It panics on the zero Output.
func (o Output) Write(p []byte) (int, error) { return o.w.Write(p) }

// Given reports whether o is an output, that is, not the zero Output.
func (o Output) Given() bool { return o.w != nil }

// Close closes the output if it is a file.
func (o Output) Close() error {
	if o.file == nil {
		return nil
	}
	return o.file.Close()
}

// OpenOutput creates or truncates the named file. If name is "", it returns the
// writer without, which Close does not close, or the zero Output if without is
// nil.
func OpenOutput(name string, without io.Writer) (Output, error) {
	if name == "" {
		return Output{w: without}, nil
	}
	f, err := os.Create(name)
	if err != nil {
		return Output{}, fmt.Errorf("%s: %w", name, Reason(err))
	}
	return Output{f, f}, nil
}

// Reason returns err without the file name of an *[os.PathError], for errors to
// which the caller prefixes the name.
func Reason(err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}
