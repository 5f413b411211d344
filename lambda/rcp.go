package main

import (
	"fmt"
	"path/filepath"

	"github.com/kmsentry/kmsentry/detector/policy"
)

// rcps reads the resource control policy that applies to the accounts whose
// keys are judged: a file next to the binary, or an absolute path. Unset there
// is none; one that is set and cannot be read fails the start, for without it
// each verdict would be another.
func (r *reader) rcps(name string, readFile func(string) ([]byte, error), taskRoot string) []*policy.Policy {
	path := r.getenv(name)
	if path == "" {
		return nil
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(taskRoot, path)
	}
	text, err := readFile(path)
	if err != nil {
		r.fail(name, err)
		return nil
	}
	rcp, err := policy.ParseRCP(text)
	if err != nil {
		r.fail(name, fmt.Errorf("%s: %w", filepath.Base(path), err))
		return nil
	}
	return []*policy.Policy{rcp}
}
