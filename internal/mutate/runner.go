package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
)

// A runner runs TestGuardMutants of one package.
type runner struct {
	binary string // the test binary
	dir    string // the package's folder
	tmp    string // the folder for temporary files
	guards int    // the number of guards in all packages
}

// all returns for each mutant what notices it, or "" for nothing.
func (r *runner) all(ctx context.Context, list []mutant, workers int) ([]string, error) {
	noticed := make([]string, len(list))
	errs := make([]error, workers)
	var wg sync.WaitGroup
	for w := range workers {
		var mine []int // every workers-th one, since neighbors take about the same time
		for i := w; i < len(list); i += workers {
			mine = append(mine, i)
		}
		wg.Go(func() { errs[w] = r.some(ctx, w, list, mine, noticed) })
	}
	wg.Wait()
	return noticed, errors.Join(errs...)
}

// some tries the mutants of list at the indexes todo and fills in noticed. A
// mutant that ends the process counts as noticed; another process continues
// with the next.
func (r *runner) some(ctx context.Context, worker int, list []mutant, todo []int, noticed []string) error {
	for len(todo) > 0 {
		report, failure, err := r.process(ctx, worker, list, todo)
		if err != nil {
			return err
		}
		done, begun, ended := 0, false, false
		for lines := bufio.NewScanner(bytes.NewReader(report)); lines.Scan(); {
			word, rest, _ := strings.Cut(lines.Text(), " ")
			switch word {
			case "begin":
				begun = true
			case "end":
				ended = true
			case "noticed", "survives":
				var number int
				var value bool
				if _, err := fmt.Sscan(rest, &number, &value); err != nil || done == len(todo) || list[todo[done]].number != number || list[todo[done]].value != value {
					return fmt.Errorf("TestGuardMutants reports %q, which is not what it was asked", lines.Text())
				}
				if parts := strings.SplitN(rest, " ", 3); word == "noticed" && len(parts) == 3 {
					noticed[todo[done]] = parts[2]
				}
				done++
				begun = false
			}
		}
		switch {
		case ended && done == len(todo):
			return nil
		case begun:
			noticed[todo[done]] = "the end of the process"
			done++
		case done == 0:
			return fmt.Errorf("TestGuardMutants fails without a mutant\n%s", failure)
		}
		todo = todo[done:]
	}
	return nil
}

// process runs the test on the mutants of list at the indexes todo. It returns
// the test's report and its output.
func (r *runner) process(ctx context.Context, worker int, list []mutant, todo []int) (report, failure []byte, err error) {
	in := filepath.Join(r.tmp, fmt.Sprintf("in%d", worker))
	out := filepath.Join(r.tmp, fmt.Sprintf("out%d", worker))
	var lines strings.Builder
	fmt.Fprintln(&lines, r.guards)
	for _, i := range todo {
		fmt.Fprintln(&lines, list[i].number, list[i].value)
	}
	if err := os.WriteFile(in, []byte(lines.String()), 0o600); err != nil {
		return nil, nil, err
	}
	if err := os.WriteFile(out, nil, 0o600); err != nil {
		return nil, nil, err
	}
	cmd := exec.CommandContext(ctx, r.binary, "-test.run", "^TestGuardMutants$", "-test.short", "-test.timeout", "0")
	cmd.Dir = r.dir
	cmd.Env = append(os.Environ(), "KMSENTRY_MUTANTS="+in, "KMSENTRY_MUTANTS_OUT="+out)
	text, err := cmd.CombinedOutput()
	if ctx.Err() != nil {
		return nil, nil, ctx.Err()
	}
	if exit := new(exec.ExitError); err != nil && !errors.As(err, &exit) {
		return nil, nil, err
	}
	report, err = os.ReadFile(out)
	return report, text, err
}
