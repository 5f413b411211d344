package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// A mutant is a guard that is forced to one value.
type mutant struct {
	guard
	number int // of the guard, in the order of instrument
	value  bool
}

// String names the mutant as testdata/guards.tsv does.
func (m mutant) String() string { return fmt.Sprintf("%s %t", m.guard, m.value) }

// mutate runs the mutants that c asks for and returns how many lines of the
// list are not true: mutants that nothing notices, without a reason. An error is
// one of the run itself: tests that fail without a mutant, a list that is empty
// or names no mutant of ours.
func mutate(ctx context.Context, c config, out io.Writer) (wrong int, err error) {
	dir, err := filepath.Abs(c.pkg)
	if err != nil {
		return 0, err
	}
	guards, sources, err := instrument(dir)
	if err != nil {
		return 0, err
	}
	all := mutants(guards)
	listed, err := readList(filepath.Join(dir, "testdata", "guards.tsv"), all)
	if err != nil && !c.find {
		return 0, err
	}
	if !c.find {
		all = slices.DeleteFunc(all, func(m mutant) bool { _, ok := listed[m.String()]; return !ok })
	}
	binary, clean, err := build(ctx, dir, sources)
	if err != nil {
		return 0, err
	}
	defer clean()
	r := runner{binary: binary, dir: dir, config: c}
	if noticed, err := r.notices(ctx, "", c.fast+"|"+c.slow); err != nil || noticed {
		return 0, errors.Join(err, fmt.Errorf("the tests of %s fail without a mutant", c.pkg))
	}
	chosen := choose(all, c)
	survivors, err := r.survivors(ctx, chosen)
	if err != nil {
		return 0, err
	}
	for i, m := range chosen {
		switch reason := listed[m.String()]; {
		case survivors[i] && reason == "":
			wrong++
			fmt.Fprintf(out, "%s\tNOTHING NOTICES IT\n", m)
		case c.find && survivors[i]:
			fmt.Fprintf(out, "%s\t%s\n", m, reason)
		case c.find:
			fmt.Fprintln(out, m)
		}
	}
	fmt.Fprintf(out, "%d guards, %d mutants listed, %d tried: nothing notices %d that are to be noticed\n", len(guards), len(listed), len(chosen), wrong)
	return wrong, nil
}

// mutants lists every guard forced to true and to false.
func mutants(guards []guard) []mutant {
	var all []mutant
	for i, g := range guards {
		all = append(all, mutant{g, i, true}, mutant{g, i, false})
	}
	return all
}

// choose picks the mutants that c asks for.
func choose(all []mutant, c config) []mutant {
	var list []mutant
	for _, m := range all {
		if c.files == nil || slices.Contains(c.files, m.file) {
			list = append(list, m)
		}
	}
	if c.n == 0 || c.n >= len(list) {
		return list
	}
	rng := rand.New(rand.NewPCG(c.seed, 0))
	rng.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	list = list[:c.n]
	slices.SortFunc(list, func(a, b mutant) int { return a.number - b.number })
	return list
}

// readList reads the list: by a mutant's name the reason why nothing needs to
// notice it, "" when it has to be noticed. A line that names none of all is an
// error: its guard has changed.
func readList(name string, all []mutant) (map[string]string, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	known := make(map[string]bool, len(all))
	for _, m := range all {
		known[m.String()] = true
	}
	list := map[string]string{}
	var errs []error
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		line := lines.Text()
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		mutant, reason, tab := strings.Cut(line, "\t")
		switch {
		case tab && strings.TrimSpace(reason) == "":
			errs = append(errs, fmt.Errorf("%s:%d: want a reason after the tab", name, n))
		case !known[mutant]:
			errs = append(errs, fmt.Errorf("%s:%d: no guard is called %s any more", name, n, mutant))
		}
		list[mutant] = reason
	}
	if len(list) == 0 {
		errs = append(errs, fmt.Errorf("%s: want mutants, found none", name))
	}
	return list, errors.Join(append(errs, lines.Err())...)
}

// build makes the test binary with all guards wrapped.
func build(ctx context.Context, dir string, sources map[string][]byte) (binary string, clean func(), err error) {
	tmp, err := os.MkdirTemp("", "mutate")
	if err != nil {
		return "", nil, err
	}
	clean = func() { os.RemoveAll(tmp) }
	replace := map[string]string{}
	for place, text := range sources {
		replace[place] = filepath.Join(tmp, filepath.Base(place))
		if err := os.WriteFile(replace[place], text, 0o600); err != nil {
			return "", clean, err
		}
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", clean, err
	}
	if err := os.WriteFile(filepath.Join(tmp, "overlay.json"), overlay, 0o600); err != nil {
		return "", clean, err
	}
	binary = filepath.Join(tmp, "tests")
	cmd := exec.CommandContext(ctx, "go", "test", "-c", "-overlay", filepath.Join(tmp, "overlay.json"), "-o", binary, ".")
	cmd.Dir = dir
	if text, err := cmd.CombinedOutput(); err != nil {
		return "", clean, fmt.Errorf("go test -c: %w\n%s", err, text)
	}
	return binary, clean, nil
}

// A runner runs the tests on mutants.
type runner struct {
	binary, dir string
	config
}

// survivors says of each mutant whether neither the fast nor the slow tests notice it.
func (r *runner) survivors(ctx context.Context, list []mutant) ([]bool, error) {
	lives := make([]bool, len(list))
	errs := make([]error, len(list))
	var wg sync.WaitGroup
	next := make(chan int)
	for range r.workers {
		wg.Go(func() {
			for i := range next {
				lives[i], errs[i] = r.survives(ctx, list[i])
			}
		})
	}
	for i := range list {
		next <- i
	}
	close(next)
	wg.Wait()
	return lives, errors.Join(errs...)
}

func (r *runner) survives(ctx context.Context, m mutant) (bool, error) {
	forced := fmt.Sprintf("%d=%t", m.number, m.value)
	for _, tests := range []string{r.fast, r.slow} {
		if noticed, err := r.notices(ctx, forced, tests); err != nil || noticed {
			return false, err
		}
	}
	return true, nil
}

// notices reports whether the tests fail, crash or hang on a mutant, "" for none.
func (r *runner) notices(ctx context.Context, forced, tests string) (bool, error) {
	limited, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	cmd := exec.CommandContext(limited, r.binary, "-test.run", tests, "-test.short", "-test.failfast")
	cmd.Dir = r.dir
	cmd.Env = append(os.Environ(), "KMSENTRY_MUTANT="+forced, "GOMEMLIMIT=2GiB")
	text, err := cmd.CombinedOutput()
	var failed *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return false, ctx.Err()
	case forced == "" && err != nil:
		return true, fmt.Errorf("%w\n%s", err, text)
	case errors.As(err, &failed), limited.Err() != nil:
		return true, nil
	case err != nil:
		return false, err
	case strings.Contains(string(text), "no tests to run"):
		return false, fmt.Errorf("want tests whose names match %q, found none", tests)
	}
	return false, nil
}
