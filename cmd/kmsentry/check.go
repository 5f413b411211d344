package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/kmsentry/kmsentry/alert/safe"
	"github.com/kmsentry/kmsentry/internal/check"
	"github.com/kmsentry/kmsentry/internal/exit"
	"github.com/kmsentry/kmsentry/internal/hunt"
)

const checkUsage = `Usage: kmsentry check [flags] PATH...

Checks key policies: who do they let in? Each answer comes with a request that
proves it. A PATH is a key policy, the output of aws kms get-key-policy, a
CloudFormation or SAM template, the output of terraform show -json, or a folder
of such files; - is standard input. Files without a key are skipped and counted.

  kmsentry check policy.json
  kmsentry check --account 111122223333 --fail-on shared infra/
  aws kms get-key-policy --key-id ID --output json | kmsentry check -

Exit status: 0 nothing at or above --fail-on that is not accepted, 1 a file could not be read,
2 wrong usage, 3 found (even if another file could not be read).

Flags:
`

// runCheck runs kmsentry check and returns the exit status.
func runCheck(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	o, err := parseCheck(args, time.Now(), stdout)
	if errors.Is(err, flag.ErrHelp) {
		return exit.OK
	}
	if err != nil {
		fmt.Fprintln(stderr, "kmsentry check:", safe.Sanitize(err.Error(), 400))
		return exit.Usage
	}
	if o.RCPs, err = check.ReadRCPs(o.rcpFiles); err != nil {
		fmt.Fprintln(stderr, "kmsentry check:", safe.Sanitize(err.Error(), 400))
		return exit.Error
	}
	if o.verbose {
		fmt.Fprintf(stderr, "kmsentry check: %s: %s\n", safe.Sanitize(cmp.Or(o.config, "no "+configName), 400), safe.Sanitize(cmp.Or(strings.Join(o.from, "; "), "nothing"), 600))
	}
	if o.baselineFile != "" {
		if o.Baseline, err = check.ReadBaseline(o.baselineFile, o.At); err != nil {
			fmt.Fprintln(stderr, "kmsentry check:", safe.Sanitize(err.Error(), 600))
			return exit.Error
		}
	}
	status := exit.OK
	if o.exceptions != "" {
		o.Accepted, status = check.LoadExceptions(o.exceptions, o.At, len(o.Files) == 0, stdout, stderr)
	}
	if len(o.Files) > 0 {
		status = max(status, check.Run(o.Options, stdin, stdout, stderr))
	}
	return status
}

// slowAfter is how long a check may take before it shows its progress.
const slowAfter = time.Second

// newCheckBar returns a progress bar on w; nil when w is not a terminal.
func newCheckBar(w io.Writer) check.Bar {
	if b := hunt.NewBar(w); b != nil {
		return b
	}
	return nil
}

// slowFrom returns a function that reports whether more than slowAfter has passed
// since start.
func slowFrom(start time.Time) func() bool {
	return func() bool { return time.Since(start) > slowAfter }
}
