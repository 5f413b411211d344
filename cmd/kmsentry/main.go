// Command kmsentry finds AWS KMS keys that somebody has opened to the world.
//
//	kmsentry check PATH...      check key policies: who do they let in, with the proof
//	kmsentry hunt PATH...       search CloudTrail archives: which keys were ever open, and when
//	kmsentry sweep              read the keys of AWS accounts: which are open now
//	kmsentry doctor             ask AWS whether a deployed stack works, and what fixes it
//	kmsentry invoke EVENT...    send events through the Lambda function, on this machine
//	kmsentry redrive QUEUE...   send the events in the queues to the function again
//	kmsentry version            print the version
//
// Each command lists its flags with -h.
//
// Exit status: 0 nothing found and nothing failed, 1 something could not be read or
// failed, 2 wrong usage, 3 found. If several apply, it is the highest.
package main

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"

	"github.com/kmsentry/kmsentry/internal/exit"
	"github.com/kmsentry/kmsentry/internal/show"
	"github.com/kmsentry/kmsentry/internal/version"
	"github.com/kmsentry/kmsentry/lambda/detect"
)

// asFunction is the argument with which invoke starts this command as the Lambda
// function, for which invoke serves the Runtime API.
const asFunction = "function"

func main() {
	if slices.Equal(os.Args[1:], []string{asFunction}) && os.Getenv("AWS_LAMBDA_RUNTIME_API") != "" {
		detect.Main()
	}
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// A command is a subcommand of kmsentry. run returns the exit status.
type command struct {
	name    string
	summary string
	run     func(args []string, stdin io.Reader, stdout, stderr io.Writer) int
}

func commands() []command {
	return []command{
		{"check", "check key policies in files: who do they let in?", runCheck},
		{"hunt", "search CloudTrail archives: which keys were ever open, when, and who opened them?", runHunt},
		{"sweep", "read the keys of AWS accounts from KMS: which are open now, by policy or grants?", runSweep},
		{"doctor", "ask AWS whether a deployed stack works: do KMS calls reach it, and its alerts people?", runDoctor},
		{"invoke", "send events through the Lambda function, on this machine", runInvoke},
		{"redrive", "send the events in the queues to the function again", runRedrive},
		{"version", "print the version", runVersion},
	}
}

// run runs kmsentry with args and returns the exit status.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	if len(args) == 0 {
		usage(stderr)
		return exit.Usage
	}
	switch args[0] {
	case "help", "-h", "-help", "--help":
		if len(args) > 1 && args[0] == "help" {
			return run([]string{args[1], "-h"}, stdin, stdout, stderr)
		}
		usage(stdout)
		return exit.OK
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
	fmt.Fprintf(stderr, "kmsentry: unknown command %s; %s\n", show.Quoted(args[0]), hint)
	return exit.Usage
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
		return exit.OK
	}
	if len(args) > 0 {
		fmt.Fprintf(stderr, "kmsentry version: expected no arguments, found %s\n", show.Quoted(args[0]))
		return exit.Usage
	}
	fmt.Fprintln(stdout, "kmsentry", version.String(), runtime.Version())
	return exit.OK
}
