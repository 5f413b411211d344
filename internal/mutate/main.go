// Command mutate asks whether the tests of the decision would notice a wrong
// guard. It forces a guard of a package (one operand of a condition) to true or
// to false, runs the package's TestGuardMutants on it, and says which mutants
// nothing notices.
//
//	go run ./internal/mutate                    # all
//	go run ./internal/mutate -n 40 -seed 7      # 40 of them
//	go run ./internal/mutate -files search.go   # those of some files
//
// The package's testdata/guards.tsv lists the mutants that need not be noticed:
// a mutant, a tab and the reason why it changes no answer. Exit status: 0 every
// other mutant is noticed and none of these is, 1 that is not so, or something
// failed, 2 wrong usage.
//
// All mutants live in one test binary: an overlay wraps the guards in a call,
// and the test forces one after the other. So a mutant costs neither a build nor
// a process, and no case in which its guard has the forced value anyway.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// A config is what the command line asks for.
type config struct {
	pkg     string
	files   []string // only guards of these files; nil for all
	n       int      // at most so many mutants, chosen by seed; 0 for all
	seed    uint64
	workers int
	verbose bool // list the mutants that are noticed too, and by what
}

func run(ctx context.Context, args []string, out, errs io.Writer) int {
	var c config
	var files string
	flags := flag.NewFlagSet("mutate", flag.ContinueOnError)
	flags.SetOutput(errs)
	flags.StringVar(&c.pkg, "package", "./detector/policy", "the package's `folder`")
	flags.StringVar(&files, "files", "", "only guards of these `files`, with commas between them")
	flags.IntVar(&c.n, "n", 0, "at most `N` mutants, chosen by -seed; 0 for all")
	flags.Uint64Var(&c.seed, "seed", 1, "chooses the mutants for -n")
	flags.IntVar(&c.workers, "workers", 2, "mutants at the same time")
	flags.BoolVar(&c.verbose, "v", false, "list what notices each mutant, too")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	if flags.NArg() > 0 || c.n < 0 || c.workers < 1 {
		fmt.Fprintln(errs, "mutate: want flags only, -n of at least 0 and -workers of at least 1; see -h")
		return 2
	}
	if files != "" {
		c.files = strings.Split(files, ",")
	}
	wrong, err := mutate(ctx, c, out)
	if err != nil {
		fmt.Fprintln(errs, "mutate:", err)
		return 1
	}
	if wrong > 0 {
		return 1
	}
	return 0
}
