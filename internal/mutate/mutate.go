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

// String returns the name of the mutant in testdata/guards.tsv.
func (m mutant) String() string { return fmt.Sprintf("%s %t", m.guard, m.value) }

// mutate tries the mutants that c selects, writes the results to out, and
// returns how many are wrong: not noticed and not listed, or noticed although
// listed. An error means that the run itself failed, for example because tests
// fail without a mutant or the list names a mutant that does not exist.
func mutate(ctx context.Context, c config, out io.Writer) (wrong int, err error) {
	folders, err := absolute(append([]string{c.judge}, c.pkgs...))
	if err != nil {
		return 0, err
	}
	judge, folders := folders[0], folders[1:]
	if !slices.Contains(folders, judge) {
		return 0, fmt.Errorf("%s: expected one of the packages %q", c.judge, c.pkgs)
	}
	guards, sources, err := instrument(folders, c.guarded)
	if err != nil {
		return 0, err
	}
	all := mutants(guards)
	listed, err := readList(filepath.Join(judge, "testdata", "guards.tsv"), all)
	if err != nil {
		return 0, err
	}
	chosen := choose(all, c)
	if len(chosen) == 0 {
		return 0, fmt.Errorf("%s: expected guards in the files %q, found none", strings.Join(c.pkgs, ","), c.files)
	}
	noticed, err := try(ctx, c, judge, chosen, len(guards), sources)
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

func absolute(folders []string) ([]string, error) {
	list := make([]string, len(folders))
	for i, folder := range folders {
		var err error
		if list[i], err = filepath.Abs(folder); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// try returns for each mutant what notices it, or "" for nothing. The tests of
// the judging package try all mutants; the tests of a mutant's own package then
// try those that were not noticed.
func try(ctx context.Context, c config, judge string, chosen []mutant, guards int, sources map[string][]byte) ([]string, error) {
	tmp, err := os.MkdirTemp("", "mutate")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(tmp)
	overlay, err := writeOverlay(tmp, sources)
	if err != nil {
		return nil, err
	}
	noticed := make([]string, len(chosen))
	meet := func(folder string, mine func(i int) bool) error {
		var places []int
		var list []mutant
		for i, m := range chosen {
			if mine(i) {
				places, list = append(places, i), append(list, m)
			}
		}
		if len(list) == 0 {
			return nil
		}
		r := runner{binary: filepath.Join(tmp, "tests"), dir: folder, tmp: tmp, guards: guards}
		if err := r.build(ctx, overlay); err != nil {
			return err
		}
		by, err := r.all(ctx, list, c.workers)
		for i, place := range places {
			noticed[place] = by[i]
		}
		return err
	}
	if err := meet(judge, func(int) bool { return true }); err != nil {
		return nil, err
	}
	var folders []string
	for _, m := range chosen {
		if m.pkg != judge && !slices.Contains(folders, m.pkg) {
			folders = append(folders, m.pkg)
		}
	}
	for _, folder := range folders {
		if err := meet(folder, func(i int) bool { return noticed[i] == "" && chosen[i].pkg == folder }); err != nil {
			return nil, err
		}
	}
	return noticed, nil
}

// mutants returns every guard forced to true and to false.
func mutants(guards []guard) []mutant {
	var all []mutant
	for i, g := range guards {
		all = append(all, mutant{g, i, true}, mutant{g, i, false})
	}
	return all
}

// choose returns the mutants that c selects.
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

// readList reads the list of mutants that need not be noticed, and returns the
// reasons by the mutants' names. A line that names none of all is an error: its
// guard has changed.
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
			errs = append(errs, fmt.Errorf("%s:%d: expected a mutant, a tab and a reason", name, n))
		case !known[mutant]:
			errs = append(errs, fmt.Errorf("%s:%d: no guard is called %s any more", name, n, mutant))
		case again:
			errs = append(errs, fmt.Errorf("%s:%d: %s is listed twice", name, n, mutant))
		}
		list[mutant] = reason
	}
	return list, errors.Join(append(errs, lines.Err())...)
}

// writeOverlay writes the instrumented sources to tmp and returns the name of
// the file for go's -overlay flag.
func writeOverlay(tmp string, sources map[string][]byte) (string, error) {
	replace := map[string]string{}
	for place, text := range sources {
		replace[place] = filepath.Join(tmp, fmt.Sprintf("source%d.go", len(replace)))
		if err := os.WriteFile(replace[place], text, 0o600); err != nil {
			return "", err
		}
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	name := filepath.Join(tmp, "overlay.json")
	return name, os.WriteFile(name, overlay, 0o600)
}

// build builds the package's test binary with all guards wrapped.
func (r *runner) build(ctx context.Context, overlay string) error {
	cmd := exec.CommandContext(ctx, "go", "test", "-c", "-tags", "mutants", "-overlay", overlay, "-o", r.binary, ".")
	cmd.Dir = r.dir
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go test -c: %w\n%s", err, text)
	}
	return nil
}
