// Command mutate asks whether the tests of the decision would notice a wrong
// guard. It forces a guard of a package (one operand of a condition) to true or
// to false, runs the package's tests, and says which mutants nothing notices.
//
//	go run ./internal/mutate                    # all that testdata/guards.tsv lists
//	go run ./internal/mutate -n 40 -seed 7      # 40 of them
//	go run ./internal/mutate -files search.go   # those of some files
//	go run ./internal/mutate -find -files a.go  # every mutant of a file, as lines for the list
//
// A line of the list is a mutant that the tests have to notice, or a mutant, a
// tab and the reason why it changes no answer. Exit status: 0 the list is true,
// 1 it is not, or something failed, 2 wrong usage.
//
// All mutants live in one test binary: the guards are wrapped in a call, by an
// overlay, and an environment variable says which one is forced. So a mutant
// costs one run of the tests and no build.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"time"
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
	find    bool     // try all mutants, and print lines for the list
	n       int      // at most so many mutants, chosen by seed; 0 for all
	seed    uint64
	fast    string // regular expression of the tests that run first
	slow    string // and of those that only survivors of the first meet
	timeout time.Duration
	workers int
}

func run(ctx context.Context, args []string, out, errs io.Writer) int {
	var c config
	var files string
	flags := flag.NewFlagSet("mutate", flag.ContinueOnError)
	flags.SetOutput(errs)
	flags.StringVar(&c.pkg, "package", "./detector/policy", "the package's `folder`")
	flags.StringVar(&files, "files", "", "only guards of these `files`, with commas between them")
	flags.BoolVar(&c.find, "find", false, "try every mutant, listed or not, and print lines for the list")
	flags.IntVar(&c.n, "n", 0, "at most `N` mutants, chosen by -seed; 0 for all")
	flags.Uint64Var(&c.seed, "seed", 1, "chooses the mutants for -n")
	flags.StringVar(&c.fast, "fast", "Corpus|QuestionCases|Allows|Parse|Services", "`tests` that every mutant meets")
	flags.StringVar(&c.slow, "slow", "RandomPolicies|Laws|FuzzDecide", "`tests` that survivors of the first meet")
	flags.DurationVar(&c.timeout, "timeout", time.Minute, "how long the tests may take on one mutant; longer counts as noticed")
	flags.IntVar(&c.workers, "workers", 2, "mutants at the same time")
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
