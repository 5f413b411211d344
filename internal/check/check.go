// Package check is what kmsentry check does: it finds the key policies under
// paths, decides who each lets in, looks what is accepted, and prints the answers
// as text, JSON or SARIF. The sweep of keys in AWS judges and words its keys with
// it, too.
package check

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/kmsentry/kmsentry/alert/safe"
	"github.com/kmsentry/kmsentry/detector/policy/decide"
	"github.com/kmsentry/kmsentry/internal/exit"
	"github.com/kmsentry/kmsentry/internal/show"
)

// A printer shows what became of the documents, one after the other.
type printer interface {
	document(Result) error
	end(status int, t tally) error
}

// Run judges what o.Files name, in order, prints the answers on stdout and what
// could not be read on stderr, and writes the baseline that o asks for. It shows
// on stderr how far it is when that takes long. It returns the exit status: Found
// when a key that nothing accepts is as bad as o.FailOn, Error when something could
// not be read or written.
func Run(o Options, stdin io.Reader, stdout, stderr io.Writer) int {
	files := expand(o.Files, o.SkipUnknown)
	bar := newProgress(o, files, stderr)
	out, errs := bar.through(stdout), bar.through(stderr)
	status := checkEach(o, files, bar, stdin, newPrinter(o, show.StyleFor(stdout), out, errs), errs)
	if err := bar.close(); err != nil {
		return outputFault(err, stderr)
	}
	return status
}

// checkEach judges the files in order. A bad one never stops the others.
func checkEach(o Options, files []inputFile, bar *progress, stdin io.Reader, p printer, stderr io.Writer) int {
	status := exit.OK
	t := tally{files: len(files), folders: len(files) == 0 || slices.ContainsFunc(files, func(f inputFile) bool { return f.walked })}
	var found Baseline
	err := judgeAll(files, stdin, o, func(file inputFile, out outcome) error {
		t.add(out)
		switch {
		case out.unknown != "":
			fmt.Fprintf(stderr, "kmsentry check: skipped %s: %s\n", safe.Sanitize(file.name, 400), safe.Sanitize(out.unknown, 400))
		case out.withoutKey && o.RequireKey && !file.walked:
			out.documents = append(out.documents, Result{File: file.name, err: errors.New("expected a key (--require-key), found none"), Decision: decide.Unread()})
		}
		for _, note := range out.notes {
			fmt.Fprintf(stderr, "kmsentry check: %s: %s\n", safe.Sanitize(file.name, 400), safe.Sanitize(note, 400))
		}
		worst := exit.OK
		for _, c := range out.documents {
			found.Add(&c, o.At)
			c.accept(o)
			worst = max(worst, o.FailOn.Status(c))
			if err := p.document(c); err != nil {
				return err
			}
		}
		status = max(status, worst)
		bar.next(worst == exit.Found)
		return nil
	})
	if closed := bar.close(); err == nil {
		err = closed
	}
	if err == nil {
		err = p.end(status, t)
	}
	if err != nil {
		return outputFault(err, stderr)
	}
	if o.WriteBaseline != "" {
		if err := found.Write(o.WriteBaseline, o.At); err != nil {
			fmt.Fprintf(stderr, "kmsentry check: --write-baseline %s: %s\n", safe.Sanitize(o.WriteBaseline, 400), safe.Sanitize(show.Reason(err).Error(), 400))
			return exit.Error
		}
		fmt.Fprintf(stderr, "kmsentry check: wrote %s to %s\n", show.Count(len(found.Accepted), "key"), safe.Sanitize(o.WriteBaseline, 400))
	}
	for _, line := range t.faults(o) {
		fmt.Fprintln(stderr, "kmsentry check:", safe.Sanitize(line, 400))
		status = max(status, exit.Error)
	}
	return status
}

// A tally counts the files and keys of a run.
type tally struct {
	files, keys, grants, without, unknown int
	folders                               bool // some files were found in folders, or there was nothing but folders
	parameters                            []string
}

func (t *tally) add(out outcome) {
	for _, c := range out.documents {
		if c.granted != nil {
			t.grants++
		} else {
			t.keys++
		}
	}
	if out.withoutKey && len(out.documents) == 0 {
		t.without++
	}
	if out.unknown != "" {
		t.unknown++
	}
	t.parameters = append(t.parameters, out.parameters...)
}

// faults are what only the whole run shows to be wrong.
func (t *tally) faults(o Options) []string {
	var list []string
	if t.keys == 0 && o.RequireKey && t.folders {
		list = append(list, fmt.Sprintf("expected a key (--require-key), found none in %s", show.Count(t.files, "file")))
	}
	for _, name := range slices.Sorted(maps.Keys(o.Parameters)) {
		if !slices.Contains(t.parameters, name) && !slices.Contains(o.Configured, name) {
			have := slices.Compact(slices.Sorted(slices.Values(t.parameters)))
			list = append(list, fmt.Sprintf("--parameter %s: no template has this parameter; %s", name, cmp.Or(strings.Join(have, ", "), "there are no parameters")))
		}
	}
	return list
}

func newPrinter(o Options, s show.Style, stdout, stderr io.Writer) printer {
	switch o.Format {
	case "json":
		return &jsonPrinter{w: stdout, explain: o.Explain}
	case "sarif":
		return NewSARIF(stdout, stderr)
	default:
		return &textPrinter{w: stdout, style: s, explain: o.Explain}
	}
}

// outputFault says that the report could not be written: it is not complete.
func outputFault(err error, stderr io.Writer) int {
	fmt.Fprintln(stderr, "kmsentry check: standard output:", safe.Sanitize(err.Error(), 200))
	return exit.Error
}
