package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"

	"github.com/kmsentry/kmsentry/internal/awsid"
	"github.com/kmsentry/kmsentry/internal/exit"
)

// printFlags prints the flags with two dashes, their values and their defaults.
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

// betterFlagError rewrites an error of the flag package in our words: with two
// dashes, and with the flag that may have been meant.
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
	if before, after, found := strings.Cut(strings.Replace(text, "for -", "for flag -", 1), " for flag -"); found {
		name, why, _ := strings.Cut(after, ": ")
		if why == "parse error" {
			why = "expected " + parsed(flags.Lookup(name))
		}
		if !strings.Contains(why, ", found ") {
			why += ", found " + strings.TrimPrefix(strings.TrimPrefix(before, "invalid value "), "invalid boolean value ")
		}
		return fmt.Errorf("--%s: %s", name, why)
	}
	return err
}

// parsed returns what the flag package expected as the value of f.
func parsed(f *flag.Flag) string {
	if getter, ok := f.Value.(flag.Getter); ok {
		switch getter.Get().(type) {
		case bool:
			return "true or false"
		case time.Duration:
			return "a duration such as 30s"
		}
	}
	return "a number"
}

// nearest returns the name that is most similar to word; "" when none is similar
// enough to be a slip.
func nearest(word string, names []string) string {
	best, least := "", len(word)/3+2
	for _, name := range names {
		if d := distance(word, name); d < least {
			best, least = name, d
		}
	}
	return best
}

// distance returns the Levenshtein distance of a and b: how many bytes must be
// inserted, deleted or replaced to turn a into b.
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

// parseFlags parses the flags of a command, which may be before, between and after
// the other arguments, and returns the other arguments; after "--" nothing is a flag.
// The flag set has already printed the error; flag.ErrHelp means -h.
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

// parseQuietly is like parseFlags for a command that prints errors itself. It prints
// the help to stdout.
func parseQuietly(flags *flag.FlagSet, args []string, usage string, stdout io.Writer) ([]string, error) {
	flags.SetOutput(io.Discard)
	others, err := parseFlags(flags, args)
	if errors.Is(err, flag.ErrHelp) {
		flags.SetOutput(stdout)
		fmt.Fprint(stdout, usage)
		printFlags(stdout, flags)
		return others, err
	}
	if err != nil {
		err = betterFlagError(err, flags)
	}
	return others, err
}

// usageStatus returns the exit status for an error of parseFlags.
func usageStatus(err error) int {
	if errors.Is(err, flag.ErrHelp) {
		return exit.OK
	}
	return exit.Usage
}

// A list is a flag that may be given several times and may have several values,
// separated by commas.
type list []string

// String implements flag.Value.
func (l *list) String() string { return strings.Join(*l, ",") }

// Set implements flag.Value; it adds the values in s.
func (l *list) Set(s string) error {
	for _, v := range strings.Split(s, ",") {
		if v = strings.TrimSpace(v); v == "" {
			return errors.New("expected values separated by commas, found an empty one")
		}
		*l = append(*l, v)
	}
	return nil
}

// pairs is a flag of the form name=value that may be given several times; nil when
// it was not given.
type pairs map[string]string

// String implements flag.Value.
func (p *pairs) String() string { return "" }

// Set implements flag.Value; it adds one pair. The value may contain "=" and commas.
func (p *pairs) Set(s string) error {
	name, value, ok := strings.Cut(s, "=")
	if !ok || name == "" {
		return errors.New("expected name=value")
	}
	if *p == nil {
		*p = pairs{}
	}
	(*p)[name] = value
	return nil
}

// shaped returns an error about the first of a flag's values for which has is false.
// expected describes a valid value.
func shaped(flag string, has func(string) bool, expected string, values ...string) error {
	for _, v := range values {
		if !has(v) {
			return fmt.Errorf("%s: expected %s, found %q", flag, expected, v)
		}
	}
	return nil
}

// optional returns value as a list for shaped; none when it is "", which means not given.
func optional(value string) []string {
	if value == "" {
		return nil
	}
	return []string{value}
}

const (
	twelveDigits = "12 digits"
	someOrg      = "an organization ID such as o-a1b2c3d4e5"
	someRegion   = "a Region such as eu-west-1"
)

// checkTrust checks the flags that name trusted accounts and organizations. owner, the
// value of --owner-org, may be "".
func checkTrust(accounts, orgs list, owner string) error {
	return cmp.Or(
		shaped("--trusted-account", awsid.IsAccount, twelveDigits, accounts...),
		shaped("--trusted-org", awsid.IsOrganization, someOrg, orgs...),
		shaped("--owner-org", awsid.IsOrganization, someOrg, optional(owner)...),
	)
}

// regionShape matches the names of Regions, including future ones.
var regionShape = regexp.MustCompile(`^[a-z]{2,}(-[a-z]+)+-[0-9]+$`)

func isKeyARN(text string) bool {
	_, ok := awsid.ParseKeyARN(text)
	return ok
}
