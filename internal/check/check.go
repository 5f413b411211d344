// Package check implements kmsentry check: it finds the key policies under paths,
// decides whom each lets in, applies what is accepted, and prints the answers as text,
// JSON or SARIF. The sweep of keys in AWS also uses it, to judge its keys and to describe
// them.
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

// A printer prints the results of the documents, one after the other, and then the end.
type printer interface {
	document(Result) error
	end(status int, t tally) error
}

// Run judges the files that o.Files names, in order, prints the answers to stdout and
// what could not be read to stderr, and writes a baseline if o asks for one. When that
// takes long, it shows its progress on stderr. It returns the exit status: exit.Found
// when a key that is not accepted is as bad as o.FailOn or worse, exit.Error when
// something could not be read or written.
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

// checkEach judges the files in order. A file that cannot be read does not stop it.
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
	folders                               bool // files were found in folders, or there were only folders
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

// faults returns the faults that only the whole run can show.
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

// outputFault prints that the report could not be written and returns the exit status.
func outputFault(err error, stderr io.Writer) int {
	fmt.Fprintln(stderr, "kmsentry check: standard output:", safe.Sanitize(err.Error(), 200))
	return exit.Error
}
