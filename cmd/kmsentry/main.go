// Command kmsentry finds AWS KMS keys that somebody has opened to the world.
//
//	kmsentry check FILE...      say of key policies who they let in, with the proof
//	kmsentry hunt PATH...       say of CloudTrail archives which keys were ever open, and when
//	kmsentry invoke EVENT...    send events through the Lambda function, on this machine
//	kmsentry redrive QUEUE...   take events out of the queues and hand them to the function again
//	kmsentry version            say which version this is
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
	"runtime/debug"

	"github.com/kmsentry/kmsentry/alert"
)

// The exit statuses.
const (
	exitOK    = 0 // nothing found, nothing failed
	exitError = 1 // an input could not be read, or something failed
	exitUsage = 2 // the command line is wrong
	exitFound = 3 // something was found
)

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

// A command is one word behind kmsentry.
type command struct {
	name    string
	summary string
	run     func(args []string, stdin io.Reader, stdout, stderr io.Writer) int
}

func commands() []command {
	return []command{
		{"check", "say of key policies in files who they let in", runCheck},
		{"hunt", "say of CloudTrail archives which keys were ever open, when, and by whom", runHunt},
		{"invoke", "send EventBridge events through the Lambda function, on this machine", runInvoke},
		{"redrive", "take events out of the queues and hand them to the function again", runRedrive},
		{"version", "say which version this is", runVersion},
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
	fmt.Fprintf(stderr, "kmsentry: unknown command %s; see kmsentry help\n", quoted(args[0]))
	return exitUsage
}

func usage(w io.Writer) {
	fmt.Fprint(w, "kmsentry finds AWS KMS keys that somebody has opened to the world.\n\nUsage:\n")
	for _, c := range commands() {
		fmt.Fprintf(w, "  kmsentry %-8s %s\n", c.name, c.summary)
	}
	fmt.Fprint(w, `
kmsentry COMMAND -h lists the flags of a command.

Exit status: 0 nothing found and nothing failed, 1 an input could not be read
or something failed, 2 wrong usage, 3 found.
`)
}

func runVersion(args []string, _ io.Reader, stdout, stderr io.Writer) int {
	if len(args) > 0 {
		fmt.Fprintf(stderr, "kmsentry version: want no arguments, got %s\n", quoted(args[0]))
		return exitUsage
	}
	fmt.Fprintln(stdout, "kmsentry", version())
	return exitOK
}

// version is the module's version, with the revision when the build recorded one.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	v := info.Main.Version
	if v == "" || v == "(devel)" {
		v = "devel"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			v += " " + s.Value[:12]
		}
	}
	return v + " " + info.GoVersion
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
		flags.PrintDefaults()
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
