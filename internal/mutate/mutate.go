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
)

// A mutant is a guard that is forced to one value.
type mutant struct {
	guard
	number int // of the guard, in the order of instrument
	value  bool
}

// String names the mutant as testdata/guards.tsv does.
func (m mutant) String() string { return fmt.Sprintf("%s %t", m.guard, m.value) }

// mutate runs the mutants that c asks for and returns how many of them are
// wrong: noticed by nothing and not listed, or listed and noticed. An error is
// one of the run itself: tests that fail without a mutant, a list that names no
// mutant of ours.
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
	if err != nil {
		return 0, err
	}
	chosen := choose(all, c)
	if len(chosen) == 0 {
		return 0, fmt.Errorf("%s: want guards in the files %q, found none", c.pkg, c.files)
	}
	tmp, err := os.MkdirTemp("", "mutate")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(tmp)
	r := runner{binary: filepath.Join(tmp, "tests"), dir: dir, tmp: tmp}
	if err := r.build(ctx, sources); err != nil {
		return 0, err
	}
	noticed, err := r.all(ctx, chosen, c.workers)
	if err != nil {
		return 0, err
	}
	lives := 0
	for i, m := range chosen {
		_, spared := listed[m.String()]
		by := noticed[i]
		switch {
		case by == "" && !spared:
			wrong++
			fmt.Fprintf(out, "%s\tNOTHING NOTICES IT\n", m)
		case by != "" && spared:
			wrong++
			fmt.Fprintf(out, "%s\tIS LISTED, BUT NOTICED BY %s\n", m, by)
		case c.verbose && by != "":
			fmt.Fprintf(out, "%s\tnoticed by %s\n", m, by)
		}
		if by == "" {
			lives++
		}
	}
	fmt.Fprintf(out, "%d guards, %d mutants tried, %d noticed, %d listed with a reason; %d wrong\n", len(guards), len(chosen), len(chosen)-lives, len(listed), wrong)
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
// notice it. A line that names none of all is an error: its guard has changed.
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
		mutant, reason, _ := strings.Cut(line, "\t")
		switch _, again := list[mutant]; {
		case strings.TrimSpace(reason) == "":
			errs = append(errs, fmt.Errorf("%s:%d: want a mutant, a tab and a reason", name, n))
		case !known[mutant]:
			errs = append(errs, fmt.Errorf("%s:%d: no guard is called %s any more", name, n, mutant))
		case again:
			errs = append(errs, fmt.Errorf("%s:%d: %s is listed twice", name, n, mutant))
		}
		list[mutant] = reason
	}
	return list, errors.Join(append(errs, lines.Err())...)
}

// build makes the test binary with all guards wrapped.
func (r *runner) build(ctx context.Context, sources map[string][]byte) error {
	replace := map[string]string{}
	for place, text := range sources {
		replace[place] = filepath.Join(r.tmp, filepath.Base(place))
		if err := os.WriteFile(replace[place], text, 0o600); err != nil {
			return err
		}
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return err
	}
	name := filepath.Join(r.tmp, "overlay.json")
	if err := os.WriteFile(name, overlay, 0o600); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "go", "test", "-c", "-tags", "mutants", "-overlay", name, "-o", r.binary, ".")
	cmd.Dir = r.dir
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go test -c: %w\n%s", err, text)
	}
	return nil
}
