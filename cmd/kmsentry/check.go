package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/kmsentry/kmsentry/alert"
	"github.com/kmsentry/kmsentry/detector/policy/decide"
	"github.com/kmsentry/kmsentry/internal/show"
)

const checkUsage = `Usage: kmsentry check [flags] PATH...

Checks key policies: who do they let in? Each answer comes with the request that
proves it. A PATH is a key policy, the answer of aws kms get-key-policy, a
CloudFormation or SAM template, what terraform show -json prints, or a folder of
such files; - is standard input. Files without a key are skipped and counted.

  kmsentry check policy.json
  kmsentry check --account 111122223333 --fail-on shared infra/
  aws kms get-key-policy --key-id ID --output json | kmsentry check -

Exit status: 0 nothing at or above --fail-on that is not accepted, 1 a file could not be read,
2 wrong usage, 3 found (also when another file could not be read).

Flags:
`

// runCheck is kmsentry check.
func runCheck(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	o, err := parseCheck(args, time.Now(), stdout)
	if errors.Is(err, flag.ErrHelp) {
		return exitOK
	}
	if err != nil {
		fmt.Fprintln(stderr, "kmsentry check:", alert.Sanitize(err.Error(), 400))
		return exitUsage
	}
	if err := o.readRCPs(); err != nil {
		fmt.Fprintln(stderr, "kmsentry check:", alert.Sanitize(err.Error(), 400))
		return exitError
	}
	if o.verbose {
		fmt.Fprintf(stderr, "kmsentry check: %s: %s\n", alert.Sanitize(cmp.Or(o.config, "no "+configName), 400), alert.Sanitize(cmp.Or(strings.Join(o.from, "; "), "nothing"), 600))
	}
	if o.baselineFile != "" {
		if o.baseline, err = readBaseline(o.baselineFile, o.at); err != nil {
			fmt.Fprintln(stderr, "kmsentry check:", alert.Sanitize(err.Error(), 600))
			return exitError
		}
	}
	status := exitOK
	if o.exceptions != "" {
		o.accepted, status = loadExceptions(o, stdout, stderr)
	}
	if len(o.files) > 0 {
		status = max(status, checkFiles(o, stdin, stdout, stderr))
	}
	return status
}

// A checkPrinter shows what became of the documents, one after the other.
type checkPrinter interface {
	document(checked) error
	end(status int, t tally) error
}

// checkFiles judges the files in order, and shows how far it is when that takes long.
func checkFiles(o checkOptions, stdin io.Reader, stdout, stderr io.Writer) int {
	files := expand(o.files, o.skipUnknown)
	bar := newProgress(o, files, stderr)
	out, errs := bar.through(stdout), bar.through(stderr)
	status := checkEach(o, files, bar, stdin, newCheckPrinter(o, styleFor(stdout), out, errs), errs)
	if err := bar.close(); err != nil {
		return outputFault(err, stderr)
	}
	return status
}

// checkEach judges the files in order. A bad one never stops the others.
func checkEach(o checkOptions, files []checkPath, bar *progress, stdin io.Reader, p checkPrinter, stderr io.Writer) int {
	status := exitOK
	t := tally{files: len(files), folders: slices.ContainsFunc(files, func(f checkPath) bool { return f.walked })}
	var found baseline
	err := judgeAll(files, stdin, o, func(file checkPath, out fileOutcome) error {
		t.add(out)
		switch {
		case out.unknown != "":
			fmt.Fprintf(stderr, "kmsentry check: skipped %s: %s\n", alert.Sanitize(file.name, 400), alert.Sanitize(out.unknown, 400))
		case out.withoutKey && o.requireKey && !file.walked:
			out.documents = append(out.documents, checked{file: file.name, err: errors.New("expected a key (--require-key), found none"), decision: decide.Unread()})
		}
		for _, note := range out.notes {
			fmt.Fprintf(stderr, "kmsentry check: %s: %s\n", alert.Sanitize(file.name, 400), alert.Sanitize(note, 400))
		}
		worst := exitOK
		for _, c := range out.documents {
			found.add(&c, o.at)
			c.accept(o)
			worst = max(worst, o.failOn.status(c))
			if err := p.document(c); err != nil {
				return err
			}
		}
		status = max(status, worst)
		bar.next(worst == exitFound)
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
	if o.writeBaseline != "" {
		if err := found.write(o.writeBaseline, o.at); err != nil {
			fmt.Fprintf(stderr, "kmsentry check: --write-baseline %s: %s\n", alert.Sanitize(o.writeBaseline, 400), alert.Sanitize(reason(err).Error(), 400))
			return exitError
		}
		fmt.Fprintf(stderr, "kmsentry check: wrote %s to %s\n", show.Count(len(found.Accepted), "key"), alert.Sanitize(o.writeBaseline, 400))
	}
	for _, line := range t.faults(o) {
		fmt.Fprintln(stderr, "kmsentry check:", alert.Sanitize(line, 400))
		status = max(status, exitError)
	}
	return status
}

// A tally counts the files and keys of a run.
type tally struct {
	files, keys, grants, without, unknown int
	folders                               bool // some files were found in folders
	parameters                            []string
}

func (t *tally) add(out fileOutcome) {
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
func (t *tally) faults(o checkOptions) []string {
	var list []string
	if t.keys == 0 && o.requireKey && t.folders {
		list = append(list, fmt.Sprintf("expected a key (--require-key), found none in %s", show.Count(t.files, "file")))
	}
	for _, name := range slices.Sorted(maps.Keys(o.parameters)) {
		if !slices.Contains(t.parameters, name) && !slices.Contains(o.configured, name) {
			have := slices.Compact(slices.Sorted(slices.Values(t.parameters)))
			list = append(list, fmt.Sprintf("--parameter %s: no template has it; %s", name, cmp.Or(strings.Join(have, ", "), "there are no parameters")))
		}
	}
	return list
}

func newCheckPrinter(o checkOptions, s style, stdout, stderr io.Writer) checkPrinter {
	switch o.format {
	case "json":
		return &checkJSON{w: stdout, explain: o.explain}
	case "sarif":
		return newSARIF(stdout, stderr)
	default:
		return &checkText{w: stdout, style: s, explain: o.explain}
	}
}

// outputFault says that the report could not be written: it is not complete.
func outputFault(err error, stderr io.Writer) int {
	fmt.Fprintln(stderr, "kmsentry check: standard output:", alert.Sanitize(err.Error(), 200))
	return exitError
}

// readInput reads a file, or stdin for "-".
func readInput(file string, stdin io.Reader) ([]byte, error) {
	if file == "-" && stdin != nil {
		return readAll(stdin)
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, reason(err)
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return nil, errors.New("expected a file, found a directory")
	}
	return readAll(f)
}

// reason leaves out the file's name, which precedes the error anyway.
func reason(err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}
