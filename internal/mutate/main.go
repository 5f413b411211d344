// Command mutate checks that the tests of the decision notice a wrong guard. It
// forces each guard (one operand of a condition) of the packages to true and to
// false, runs TestGuardMutants of the judging package and then, if that does not
// notice the mutant, of the guard's own package, and prints the mutants that no
// test notices.
//
//	go run ./internal/mutate                    # all
//	go run ./internal/mutate -n 40 -seed 7      # 40 of them
//	go run ./internal/mutate -files decide/trial.go    # those of some files
//
// The judging package's testdata/guards.tsv lists the mutants that need not be
// noticed: a mutant, a tab and the reason why it changes no answer. The exit
// status is 0 if all other mutants are noticed and none of the listed ones is, 1
// if not or if something failed, and 2 for wrong usage.
//
// All mutants of a package are in one test binary: an overlay wraps the guards in
// calls, and the test forces them one after the other. So a mutant needs no build
// and no process of its own, and skips the cases in which its guard has the
// forced value anyway.
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

// decision lists the packages that take part in a decision; condkey's rows have
// a mutation test of their own.
const decision = "./detector/policy,./detector/policy/evaluate,./detector/policy/kmsapi,./detector/policy/decide," +
	"./detector/policy/decide/internal/compile,./detector/policy/decide/internal/search," +
	"./detector/policy/decide/internal/textsolve,./detector/policy/decide/internal/ipset"

// A config holds the settings from the command line.
type config struct {
	pkgs    []string // the folders of the packages whose guards are forced
	judge   string   // the folder of the package whose tests try all mutants
	guarded string   // the import path of the package that guards call
	files   []string // only guards in these files; nil for all
	n       int      // the maximum number of mutants, chosen by seed; 0 for all
	seed    uint64
	workers int
	verbose bool // also list the mutants that are noticed, and by what
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
