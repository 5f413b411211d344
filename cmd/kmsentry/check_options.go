package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kmsentry/kmsentry/alert/exceptions"
	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/detector/policy/decide"
	"github.com/kmsentry/kmsentry/internal/awsid"
	"github.com/kmsentry/kmsentry/internal/hunt"
	"github.com/kmsentry/kmsentry/internal/load"
)

// checkOptions are the flags of kmsentry check.
type checkOptions struct {
	account         string // "" unknown
	keyARN          string // "" unknown
	at              time.Time
	trustedAccounts list
	trustedOrgs     list
	failOn          failOn
	rcpFiles        list
	rcps            []*policy.Policy // what rcpFiles hold
	format          string
	strict          bool
	explain         bool
	exceptions      string // "" none
	accepted        *exceptions.List
	baselineFile    string // "" none
	baseline        *baseline
	writeBaseline   string // "" not
	parameters      pairs
	imports         pairs
	references      pairs
	defaults        bool // take the defaults of parameters
	requireKey      bool
	skipUnknown     bool // files that are named are treated as those in a folder
	noConfig        bool
	verbose         bool
	config          string          // the configuration file; "" none
	from            []string        // what it says, and no flag does
	configured      []string        // parameters that it gives: a template need not have them
	key             decide.KeyFacts // what the flags tell; it goes before what a file tells
	files           []string
	progress        func(io.Writer) hunt.Progress // shows how far it is; returns nil where there is no terminal
	slow            func() bool                   // whether the check takes long by now
}

// A list is a flag that may be given several times and with commas.
type list []string

// String makes list a flag.Value.
func (l *list) String() string { return strings.Join(*l, ",") }

// Set adds the values.
func (l *list) Set(s string) error {
	for _, v := range strings.Split(s, ",") {
		if v = strings.TrimSpace(v); v == "" {
			return errors.New("expected values with commas between them, found an empty one")
		}
		*l = append(*l, v)
	}
	return nil
}

// pairs is a flag of the form name=value that may be given several times. A
// nil pairs was never given.
type pairs map[string]string

// String makes pairs a flag.Value.
func (p *pairs) String() string { return "" }

// Set adds one pair; the value may hold "=" and commas.
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

// A failOn says what counts as found: what is not ruled out, so that an
// undecided policy counts when it may be as bad. Levels add up: of public,
// network and shared the mildest counts, with everything worse; undecided
// counts by itself when it is named; none is nothing at all.
type failOn struct {
	from      decide.Verdict // the mildest verdict that counts; Undecided: none of them
	none      bool
	undecided bool
	given     bool
}

// String makes failOn a flag.Value.
func (f *failOn) String() string { return "" }

// Set adds levels; the first call replaces the default.
func (f *failOn) Set(s string) error {
	if !f.given {
		*f = failOn{given: true}
	}
	for _, word := range strings.Split(s, ",") {
		var v decide.Verdict
		if strings.TrimSpace(word) == "none" {
			f.none = true
			continue
		}
		if err := v.UnmarshalText([]byte(strings.TrimSpace(word))); err != nil || v == decide.Private {
			return errors.New("expected public, network, shared, undecided or none")
		}
		switch {
		case v == decide.Undecided:
			f.undecided = true
		case f.from == decide.Undecided || v < f.from:
			f.from = v
		}
	}
	if f.none && (f.from != decide.Undecided || f.undecided) {
		return errors.New("expected none by itself")
	}
	return nil
}

// status is the exit status that one document leads to. A key that its owner
// has lost counts at every level but none.
func (f failOn) status(c checked) int {
	worst := max(c.decision.Verdict, c.decision.Most)
	switch {
	case c.err != nil:
		return exitError
	case f.none, c.accepted.By != "":
		return exitOK
	case c.locked():
		return exitFound
	case f.from != decide.Undecided && worst >= f.from:
		return exitFound
	case f.undecided && c.decision.Verdict == decide.Undecided:
		return exitFound
	default:
		return exitOK
	}
}

// parseCheck reads the command line. The help goes to stdout.
func parseCheck(args []string, now time.Time, stdout io.Writer) (checkOptions, error) {
	o := checkOptions{at: now.UTC().Truncate(time.Second), failOn: failOn{from: decide.Public}, progress: hunt.NewBar, slow: slowFrom(now)}
	flags := flag.NewFlagSet("kmsentry check", flag.ContinueOnError)
	o.define(flags)
	var err error
	if o.files, err = parseQuietly(flags, args, checkUsage, stdout); err != nil {
		return o, err
	}
	given := map[string]bool{}
	flags.Visit(func(f *flag.Flag) { given[f.Name] = true })
	if dir, err := os.Getwd(); err == nil && !o.noConfig {
		o.config = findConfig(dir)
	}
	if err := o.configure(o.config, given); err != nil {
		return o, err
	}
	return o, o.check()
}

func (o *checkOptions) define(flags *flag.FlagSet) {
	flags.StringVar(&o.account, "account", "", "the key owner's account `ID`; default: from --key-arn or the file, else inferred from the policy")
	flags.StringVar(&o.keyARN, "key-arn", "", "the key's `ARN`")
	flags.Func("at", "the `time` that the policy is judged for, RFC 3339 (default now)", func(s string) (err error) {
		if o.at, err = time.Parse(time.RFC3339, s); err != nil {
			return errors.New("expected a time such as 2026-01-31T00:00:00Z")
		}
		return nil
	})
	flags.Var(&o.trustedAccounts, "trusted-account", "account `ID` that counts as inside; several with commas or flags")
	flags.Var(&o.trustedOrgs, "trusted-org", "organization `ID` that counts as inside; several with commas or flags")
	flags.BoolVar(&o.strict, "strict", false, "refuse a policy of which a part cannot be read, instead of deciding the rest")
	flags.Var(&o.failOn, "fail-on", "`levels` that exit with 3: public, network (or worse), shared (or worse), undecided, none (default public); what is not ruled out counts")
	flags.Var(&o.rcpFiles, "rcp", "`file` of a resource control policy that applies to the owner's account; several with commas or flags")
	flags.StringVar(&o.format, "format", "text", "`text`, json or sarif")
	flags.BoolVar(&o.explain, "explain", false, "say what each statement does about outsiders")
	flags.StringVar(&o.exceptions, "exceptions", "", "`file` of accepted findings: they are shown as accepted and do not count; alone it is checked")
	flags.StringVar(&o.baselineFile, "baseline", "", "`file` of what is accepted as it was found; what has become worse counts")
	flags.StringVar(&o.writeBaseline, "write-baseline", "", "write what is found to a `file` for --baseline")
	flags.Var(&o.parameters, "parameter", "`name=value` of a template parameter")
	flags.Func("parameter-file", "`file` of template parameters, as aws cloudformation deploy takes it", o.readParameters)
	flags.BoolVar(&o.defaults, "use-defaults", false, "take the default of each template parameter that is not given")
	flags.Var(&o.imports, "import", "`name=value` of an export that Fn::ImportValue asks for")
	flags.Func("resolve", "`{{resolve:...}}=value` of a dynamic reference", o.addReference)
	flags.BoolVar(&o.noConfig, "no-config", false, "leave out "+configName+", which is looked for in this folder and above it")
	flags.BoolVar(&o.verbose, "verbose", false, "print on standard error what "+configName+" says")
	flags.BoolVar(&o.skipUnknown, "skip-unknown", false, "treat files that are named as those in a folder: skip what is of another format")
	flags.BoolVar(&o.requireKey, "require-key", false, "a file or folder without a key is an error")
	o.defineKey(flags)
}

// addReference adds the value of one dynamic reference.
func (o *checkOptions) addReference(s string) error {
	text, value, ok := strings.Cut(s, "}}=")
	if !ok || !strings.HasPrefix(text, "{{resolve:") {
		return errors.New("expected {{resolve:...}}=value")
	}
	if o.references == nil {
		o.references = pairs{}
	}
	o.references[text+"}}"] = value
	return nil
}

// readParameters reads a file of parameters: a list of objects with
// ParameterKey and ParameterValue, a list of Name=Value, or an object of names
// and values, alone or in Parameters.
// Source: AWS CLI Command Reference, cloudformation deploy, --parameter-overrides.
func (o *checkOptions) readParameters(name string) error {
	data, err := readInput(name, nil)
	if err != nil {
		return err
	}
	set := func(name, value string) {
		if o.parameters == nil {
			o.parameters = pairs{}
		}
		o.parameters[name] = value
	}
	var rows []struct{ ParameterKey, ParameterValue string }
	var lines []string
	var object struct{ Parameters map[string]string }
	var plain map[string]string
	switch {
	case json.Unmarshal(data, &rows) == nil:
		for _, r := range rows {
			if r.ParameterKey == "" {
				return errors.New("expected a ParameterKey in each object of the list, found one without")
			}
			set(r.ParameterKey, r.ParameterValue)
		}
	case json.Unmarshal(data, &lines) == nil:
		for _, line := range lines {
			if err := o.parameters.Set(line); err != nil {
				return fmt.Errorf("%q: %w", line, err)
			}
		}
	case json.Unmarshal(data, &object) == nil && object.Parameters != nil:
		for name, value := range object.Parameters {
			set(name, value)
		}
	case json.Unmarshal(data, &plain) == nil:
		for name, value := range plain {
			set(name, value)
		}
	default:
		return errors.New("expected JSON: a list of objects with ParameterKey and ParameterValue, or an object of names and values")
	}
	return nil
}

// defineKey defines the flags for facts of the key. What is not given comes
// from the file, or counts at its worst.
func (o *checkOptions) defineKey(flags *flag.FlagSet) {
	flags.StringVar(&o.key.Spec, "key-spec", "", "the key's `spec`, such as SYMMETRIC_DEFAULT")
	flags.StringVar(&o.key.Usage, "key-usage", "", "the key's `usage`, such as ENCRYPT_DECRYPT")
	flags.StringVar(&o.key.Origin, "key-origin", "", "the key material's `origin`, such as AWS_KMS")
	flags.StringVar(&o.key.Org, "owner-org", "", "organization `ID` of the owner")
	flags.Func("multi-region", "whether the key is a multi-Region key: `true` or false", func(s string) error {
		is, err := strconv.ParseBool(s)
		if err != nil {
			return errors.New("expected true or false")
		}
		o.key.MultiRegion = &is
		return nil
	})
	flags.Var((*pairs)(&o.key.Tags), "key-tag", "`name=value` of a tag of the key; name all of them")
	flags.BoolFunc("no-tags", "the key has no tags", func(string) error {
		if o.key.Tags == nil {
			o.key.Tags = map[string]string{}
		}
		return nil
	})
	flags.Var((*list)(&o.key.Aliases), "key-alias", "`alias/name` of the key; name all of them")
	flags.BoolFunc("no-aliases", "the key has no aliases", func(string) error {
		if o.key.Aliases == nil {
			o.key.Aliases = []string{}
		}
		return nil
	})
}

// check finds what cannot be meant.
func (o *checkOptions) check() error {
	if len(o.files) == 0 && o.exceptions == "" {
		return errors.New("expected at least one file or folder; see kmsentry check -h")
	}
	if i := slices.Index(o.files, "-"); i >= 0 && slices.Contains(o.files[i+1:], "-") {
		return errors.New("expected - only once: standard input can be read once")
	}
	if !slices.Contains([]string{"text", "json", "sarif"}, o.format) {
		return fmt.Errorf("--format: expected text, json or sarif, found %q", o.format)
	}
	if err := checkTrust(o.trustedAccounts, o.trustedOrgs, o.key.Org); err != nil {
		return err
	}
	for _, alias := range o.key.Aliases {
		if !strings.HasPrefix(alias, "alias/") {
			return fmt.Errorf("--key-alias: expected alias/name, found %q", alias)
		}
	}
	return o.checkOwner()
}

// shaped refuses the first of a flag's values that does not have the shape.
func shaped(flag string, has func(string) bool, expected string, values ...string) error {
	for _, v := range values {
		if !has(v) {
			return fmt.Errorf("%s: expected %s, found %q", flag, expected, v)
		}
	}
	return nil
}

const (
	twelveDigits = "12 digits"
	someOrg      = "an id such as o-a1b2c3d4e5"
	someRegion   = "a Region such as eu-west-1"
)

// checkTrust checks the flags that say who is inside. owner may be "".
func checkTrust(accounts, orgs list, owner string) error {
	named := slices.DeleteFunc(slices.Concat(orgs, list{owner}), func(id string) bool { return id == "" })
	return cmp.Or(
		shaped("--trusted-account", awsid.IsAccount, twelveDigits, accounts...),
		shaped("--trusted-org, --owner-org", awsid.IsOrganization, someOrg, named...),
	)
}

// checkOwner brings --account and --key-arn together.
func (o *checkOptions) checkOwner() error {
	if o.account != "" {
		if err := shaped("--account", awsid.IsAccount, twelveDigits, o.account); err != nil {
			return err
		}
	}
	if o.keyARN == "" {
		return nil
	}
	arn, ok := awsid.ParseKeyARN(o.keyARN)
	if !ok {
		return fmt.Errorf("--key-arn: expected an ARN such as arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab, found %q", o.keyARN)
	}
	if o.account == "" {
		o.account = arn.Account
	}
	if o.account != arn.Account {
		return fmt.Errorf("--account: expected the account of --key-arn, %s, found %s", arn.Account, o.account)
	}
	return nil
}

// scope is what the flags tell of the place of deployment.
func (o *checkOptions) scope() load.Scope {
	s := load.Scope{Account: o.account, Parameters: o.parameters, Defaults: o.defaults, Imports: o.imports, References: o.references}
	if arn, ok := awsid.ParseKeyARN(o.keyARN); ok {
		s.Partition, s.Region = arn.Partition, arn.Region
	}
	return s
}
