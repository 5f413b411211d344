// Command mutate asks whether the tests of the decision would notice a wrong
// guard. It forces a guard of its packages (one operand of a condition) to true
// or to false, runs TestGuardMutants of the package that judges on it and then
// that of the guard's own package, and says which mutants nothing notices.
//
//	go run ./internal/mutate                    # all
//	go run ./internal/mutate -n 40 -seed 7      # 40 of them
//	go run ./internal/mutate -files decide/trial.go    # those of some files
//
// The judging package's testdata/guards.tsv lists the mutants that need not be noticed:
// a mutant, a tab and the reason why it changes no answer. Exit status: 0 every
// other mutant is noticed and none of these is, 1 that is not so, or something
// failed, 2 wrong usage.
//
// All mutants live in one test binary per package: an overlay wraps the guards in a call,
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

// decision has the packages that take part in a decision; condkey's rows have a
// mutation run of their own.
const decision = "./detector/policy,./detector/policy/evaluate,./detector/policy/kmsapi,./detector/policy/decide," +
	"./detector/policy/decide/internal/compile,./detector/policy/decide/internal/search," +
	"./detector/policy/decide/internal/textsolve,./detector/policy/decide/internal/ipset"

// A config is what the command line asks for.
type config struct {
	pkgs    []string // the folders of the packages whose guards are forced
	judge   string   // the folder of the one whose tests meet all mutants
	guarded string   // the import path of the package that guards call
	files   []string // only guards of these files; nil for all
	n       int      // at most that many mutants, chosen by seed; 0 for all
	seed    uint64
	workers int
	verbose bool // list the mutants that are noticed too, and by what
}

func run(ctx context.Context, args []string, out, errs io.Writer) int {
	c := config{guarded: "github.com/kmsentry/kmsentry/internal/mutate/guarded"}
	var files, packages string
	flags := flag.NewFlagSet("mutate", flag.ContinueOnError)
	flags.SetOutput(errs)
	flags.StringVar(&packages, "packages", decision, "the packages' `folders`, separated by commas")
	flags.StringVar(&c.judge, "judge", "./detector/policy/decide", "the `folder` of the package whose tests meet all mutants")
	flags.StringVar(&files, "files", "", "only guards of these `files`, separated by commas")
	flags.IntVar(&c.n, "n", 0, "at most `N` mutants, chosen by -seed; 0 for all")
	flags.Uint64Var(&c.seed, "seed", 1, "chooses the mutants for -n")
	flags.IntVar(&c.workers, "workers", 2, "mutants at the same time")
	flags.BoolVar(&c.verbose, "v", false, "list what notices each mutant, too")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	if flags.NArg() > 0 || c.n < 0 || c.workers < 1 {
		fmt.Fprintln(errs, "mutate: expected flags only, -n of at least 0 and -workers of at least 1; see -h")
		return 2
	}
	c.pkgs = strings.Split(packages, ",")
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
