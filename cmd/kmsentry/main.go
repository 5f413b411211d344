// Command kmsentry finds AWS KMS keys that somebody has opened to the world.
//
//	kmsentry check PATH...      check key policies: who do they let in, with the proof
//	kmsentry hunt PATH...       search CloudTrail archives: which keys were ever open, and when
//	kmsentry sweep              read the keys of AWS accounts: which are open now
//	kmsentry doctor             ask AWS whether a deployed stack works, and what mends it
//	kmsentry invoke EVENT...    send events through the Lambda function, on this machine
//	kmsentry redrive QUEUE...   hand the events in the queues to the function again
//	kmsentry version            print the version
//
// Each command documents its flags under -h.
//
// Exit status: 0 nothing found and nothing failed, 1 something could not be
// read or failed, 2 wrong usage, 3 found. With several, the higher one.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"

	"github.com/kmsentry/kmsentry/alert"
	"github.com/kmsentry/kmsentry/internal/version"
	"github.com/kmsentry/kmsentry/lambda/detect"
)

// The exit statuses.
const (
	exitOK    = 0 // nothing found, nothing failed
	exitError = 1 // an input could not be read, or something failed
	exitUsage = 2 // the command line is wrong
	exitFound = 3 // something was found
)

// asFunction is the argument with which invoke starts this command as the
// function, under the Runtime API that it speaks itself.
const asFunction = "function"

func main() {
	if slices.Equal(os.Args[1:], []string{asFunction}) && os.Getenv("AWS_LAMBDA_RUNTIME_API") != "" {
		detect.Main()
	}
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// A command is one word after kmsentry.
type command struct {
	name    string
	summary string
	run     func(args []string, stdin io.Reader, stdout, stderr io.Writer) int
}

func commands() []command {
	return []command{
		{"check", "check key policies in files: who do they let in?", runCheck},
		{"hunt", "search CloudTrail archives: which keys were ever open, when, and by whose hand?", runHunt},
		{"sweep", "read the keys of AWS accounts from KMS: which are open now, by policy or grants?", runSweep},
		{"doctor", "does a deployed stack hear KMS's calls, and do its alerts reach people?", runDoctor},
		{"invoke", "send EventBridge events through the Lambda function, on this machine", runInvoke},
		{"redrive", "hand the events in the queues to the function again", runRedrive},
		{"version", "print the version", runVersion},
	}
}

// run is the whole command; it returns the exit status.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	if len(args) == 0 {
		usage(stderr)
		return exitUsage
	}
	switch args[0] {
	case "help", "-h", "-help", "--help":
		if len(args) > 1 && args[0] == "help" {
			return run([]string{args[1], "-h"}, stdin, stdout, stderr)
		}
		usage(stdout)
		return exitOK
	case "--version", "-version":
		return runVersion(nil, stdin, stdout, stderr)
	}
	for _, c := range commands() {
		if c.name == args[0] {
			return c.run(args[1:], stdin, stdout, stderr)
		}
	}
	var names []string
	for _, c := range commands() {
		names = append(names, c.name)
	}
	hint := "see kmsentry help"
	if near := nearest(args[0], names); near != "" {
		hint = "did you mean kmsentry " + near + "?"
	}
	fmt.Fprintf(stderr, "kmsentry: unknown command %s; %s\n", quoted(args[0]), hint)
	return exitUsage
}

func usage(w io.Writer) {
	fmt.Fprint(w, "kmsentry finds AWS KMS keys that somebody has opened to the world.\n\nUsage:\n")
	for _, c := range commands() {
		fmt.Fprintf(w, "  kmsentry %-8s %s\n", c.name, c.summary)
	}
	fmt.Fprint(w, `
kmsentry help COMMAND lists the flags of a command.

Exit status: 0 nothing found and nothing failed, 1 an input could not be read
or something failed, 2 wrong usage, 3 found.
`)
}

func runVersion(args []string, _ io.Reader, stdout, stderr io.Writer) int {
	if len(args) == 1 && (args[0] == "-h" || args[0] == "--help") {
		fmt.Fprintln(stdout, "Usage: kmsentry version\n\nPrints the version: tag and commit, and the version of Go that built it.")
		return exitOK
	}
	if len(args) > 0 {
		fmt.Fprintf(stderr, "kmsentry version: expected no arguments, found %s\n", quoted(args[0]))
		return exitUsage
	}
	fmt.Fprintln(stdout, "kmsentry", version.String(), runtime.Version())
	return exitOK
}

// parseFlags reads the flags of a command, which may be between and after
// the other arguments, and returns those others; after "--" nothing is a flag.
// The error was printed already; flag.ErrHelp means -h.
func parseFlags(flags *flag.FlagSet, args []string) ([]string, error) {
	var others []string
	for {
		if err := flags.Parse(args); err != nil {
			return nil, err
		}
		rest := flags.Args()
		if len(rest) == 0 {
			return others, nil
		}
		if parsed := len(args) - len(rest); parsed > 0 && args[parsed-1] == "--" {
			return append(others, rest...), nil
		}
		others, args = append(others, rest[0]), rest[1:]
	}
}

// parseQuietly is parseFlags for a command that prints its errors itself; the
// help goes to stdout.
func parseQuietly(flags *flag.FlagSet, args []string, usage string, stdout io.Writer) ([]string, error) {
	flags.SetOutput(io.Discard)
	others, err := parseFlags(flags, args)
	if errors.Is(err, flag.ErrHelp) {
		flags.SetOutput(stdout)
		fmt.Fprint(stdout, usage)
		printFlags(stdout, flags)
		return others, err
	}
	if err != nil {
		err = betterFlagError(err, flags)
	}
	return others, err
}

// usageStatus is the exit status for an error of parseFlags.
func usageStatus(err error) int {
	if errors.Is(err, flag.ErrHelp) {
		return exitOK
	}
	return exitUsage
}

// quoted shows outside text on a terminal.
func quoted(s string) string { return fmt.Sprintf("%q", alert.Sanitize(s, 200)) }
