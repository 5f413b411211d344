package main

import (
	"flag"
	"fmt"
	"io"
	"strings"
)

// printFlags lists flags with two dashes, their value and their default.
func printFlags(w io.Writer, flags *flag.FlagSet) {
	flags.VisitAll(func(f *flag.Flag) {
		value, usage := flag.UnquoteUsage(f)
		name := "--" + f.Name
		if value != "" {
			name += " " + value
		}
		if f.DefValue != "" && f.DefValue != "false" && f.DefValue != "0" {
			usage += fmt.Sprintf(" (default %s)", f.DefValue)
		}
		fmt.Fprintf(w, "  %s\n      %s\n", name, usage)
	})
}

// betterFlagError says in our words what the flag package says: with two
// dashes, and the flag that may have been meant.
func betterFlagError(err error, flags *flag.FlagSet) error {
	text := err.Error()
	if name, unknown := strings.CutPrefix(text, "flag provided but not defined: -"); unknown {
		name = strings.TrimPrefix(name, "-")
		var names []string
		flags.VisitAll(func(f *flag.Flag) { names = append(names, f.Name) })
		text = "unknown flag --" + name
		if near := nearest(name, names); near != "" {
			text += "; did you mean --" + near + "?"
		}
		return fmt.Errorf("%s", text)
	}
	if name, missing := strings.CutPrefix(text, "flag needs an argument: -"); missing {
		return fmt.Errorf("--%s: expected a value, found none", strings.TrimPrefix(name, "-"))
	}
	if before, after, found := strings.Cut(text, " for flag -"); found {
		name, why, _ := strings.Cut(after, ": ")
		return fmt.Errorf("--%s: %s (%s)", name, why, strings.TrimPrefix(before, "invalid value "))
	}
	return err
}

// nearest returns the name that word is a slip of, "" when none is near.
func nearest(word string, names []string) string {
	best, least := "", len(word)/3+2
	for _, name := range names {
		if d := distance(word, name); d < least {
			best, least = name, d
		}
	}
	return best
}

// distance is how many letters have to be put in, left out or changed to make a
// into b (the distance of Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := before
			if a[i] != b[j] {
				change++
			}
			before = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
