package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/kmsentry/kmsentry/alert"
)

const checkUsage = `Usage: kmsentry check [flags] FILE...

Says of key policies who they let in, with the request that proves it. A FILE
is a key policy, the answer of aws kms get-key-policy, a CloudFormation or SAM
template, or what terraform show -json prints; - is standard input.

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
	end(status int) error
}

// checkFiles judges the files in order. A bad one never stops the others.
func checkFiles(o checkOptions, stdin io.Reader, stdout, stderr io.Writer) int {
	p := newCheckPrinter(o, stdout, stderr)
	status := exitOK
	for _, file := range o.files {
		for _, c := range judgeFile(file, stdin, o) {
			c.accept(o)
			status = max(status, o.failOn.status(c))
			if err := p.document(c); err != nil {
				return outputFault(err, stderr)
			}
		}
	}
	if err := p.end(status); err != nil {
		return outputFault(err, stderr)
	}
	return status
}

func newCheckPrinter(o checkOptions, stdout, stderr io.Writer) checkPrinter {
	switch o.format {
	case "json":
		return &checkJSON{w: stdout, explain: o.explain}
	case "sarif":
		return newSARIF(stdout, stderr)
	default:
		return &checkText{w: stdout, style: styleFor(stdout), explain: o.explain}
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
		return nil, errors.New("want a file, got a directory")
	}
	return readAll(f)
}

// reason leaves out the file's name, which stands before the error anyway.
func reason(err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}
