package show

import (
	"errors"
	"fmt"
	"io"
	"os"
)

// Named puts what could not be written before an error; nil stays nil.
func Named(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}

// An Output is a file, or what is there without one. The zero output is none.
type Output struct {
	w    io.Writer
	file *os.File
}

// Write implements io.Writer; the zero output cannot be written to.
func (o Output) Write(p []byte) (int, error) { return o.w.Write(p) }

// Given reports whether there is anything to write to.
func (o Output) Given() bool { return o.w != nil }

// Close closes the file, if it is one.
func (o Output) Close() error {
	if o.file == nil {
		return nil
	}
	return o.file.Close()
}

// OpenOutput makes the file of that name, or empties it; of "" the output is
// without, which is not closed, or none where that is nil.
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

// Reason is the error without the file's name, which precedes it anyway.
func Reason(err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}
