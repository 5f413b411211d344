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

	"github.com/kmsentry/kmsentry/internal/awsid"
	"github.com/kmsentry/kmsentry/internal/check"
)

// checkOptions holds the flags of kmsentry check.
type checkOptions struct {
	check.Options
	rcpFiles     list
	exceptions   string // "" for none
	baselineFile string // "" for none
	noConfig     bool
	verbose      bool
	config       string   // the configuration file; "" for none
	from         []string // the settings that come from that file
}

// parseCheck parses the command line. It writes the help to stdout.
func parseCheck(args []string, now time.Time, stdout io.Writer) (checkOptions, error) {
	o := checkOptions{Options: check.Options{At: now.UTC().Truncate(time.Second), FailOn: check.DefaultFailOn(), Progress: newCheckBar, Slow: slowFrom(now)}}
	flags := flag.NewFlagSet("kmsentry check", flag.ContinueOnError)
	o.define(flags)
	var err error
	if o.Files, err = parseQuietly(flags, args, checkUsage, stdout); err != nil {
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
	flags.StringVar(&o.Account, "account", "", "the key owner's account `ID`; default: from --key-arn or the file, otherwise inferred from the policy")
	flags.StringVar(&o.KeyARN, "key-arn", "", "the key's `ARN`")
	flags.Func("at", "the `time` that the policy is judged for, RFC 3339 (default now)", func(s string) (err error) {
		if o.At, err = time.Parse(time.RFC3339, s); err != nil {
			return errors.New("expected a time such as 2026-01-31T00:00:00Z")
		}
		return nil
	})
	flags.Var((*list)(&o.TrustedAccounts), "trusted-account", "account `ID` that counts as inside; repeat, or separate with commas")
	flags.Var((*list)(&o.TrustedOrgs), "trusted-org", "organization `ID` that counts as inside; repeat, or separate with commas")
	flags.BoolVar(&o.Strict, "strict", false, "refuse a policy with a part that cannot be read, instead of deciding the rest")
	flags.Var(&o.FailOn, "fail-on", "`levels` that exit with 3: public, network (or worse), shared (or worse), undecided, none (default public); what is not ruled out counts")
	flags.Var(&o.rcpFiles, "rcp", "`file` of a resource control policy that applies to the owner's account; repeat, or separate with commas")
	flags.StringVar(&o.Format, "format", "text", "`text`, json or sarif")
	flags.BoolVar(&o.Explain, "explain", false, "say what each statement does about outsiders")
	flags.StringVar(&o.exceptions, "exceptions", "", "`file` of accepted findings, which are shown as accepted and do not count; without a PATH the file itself is checked")
	flags.StringVar(&o.baselineFile, "baseline", "", "`file` of accepted findings, written by --write-baseline; what has become worse counts")
	flags.StringVar(&o.WriteBaseline, "write-baseline", "", "write what is found to a `file` for --baseline")
	flags.Var((*pairs)(&o.Parameters), "parameter", "`name=value` of a template parameter")
	flags.Func("parameter-file", "`file` of template parameters, as aws cloudformation deploy takes it", o.readParameters)
	flags.BoolVar(&o.Defaults, "use-defaults", false, "use the default of each template parameter that is not given")
	flags.Var((*pairs)(&o.Imports), "import", "`name=value` of an export that Fn::ImportValue asks for")
	flags.Func("resolve", "`{{resolve:...}}=value` of a dynamic reference", o.addReference)
	flags.BoolVar(&o.noConfig, "no-config", false, "ignore "+configName+", which is otherwise read from this folder or one above it")
	flags.BoolVar(&o.verbose, "verbose", false, "print on standard error what "+configName+" says")
	flags.BoolVar(&o.SkipUnknown, "skip-unknown", false, "treat named files like those in a folder: skip files of another format")
	flags.BoolVar(&o.RequireKey, "require-key", false, "treat a file or folder without a key as an error")
	o.defineKey(flags)
}

// addReference adds the value of one dynamic reference.
func (o *checkOptions) addReference(s string) error {
	text, value, ok := strings.Cut(s, "}}=")
	if !ok || !strings.HasPrefix(text, "{{resolve:") {
		return errors.New("expected {{resolve:...}}=value")
	}
	if o.References == nil {
		o.References = map[string]string{}
	}
	o.References[text+"}}"] = value
	return nil
}

// readParameters reads a file of parameters: a list of objects with ParameterKey and
// ParameterValue, a list of Name=Value strings, or an object of names and values,
// which may be under Parameters.
// Source: AWS CLI Command Reference, cloudformation deploy, --parameter-overrides.
func (o *checkOptions) readParameters(name string) error {
	data, err := check.ReadInput(name, nil)
	if err != nil {
		return fmt.Errorf("expected a file that can be read, found %q: %w", name, err)
	}
	set := func(name, value string) {
		if o.Parameters == nil {
			o.Parameters = map[string]string{}
		}
		o.Parameters[name] = value
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
			if err := (*pairs)(&o.Parameters).Set(line); err != nil {
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
		return fmt.Errorf(`expected JSON: a list of objects with ParameterKey and ParameterValue, a list of "Name=Value", or an object of names and values, found another form in %q`, name)
	}
	return nil
}

// defineKey defines the flags for facts about the key. A fact that is not given comes
// from the file; otherwise the worst is assumed.
func (o *checkOptions) defineKey(flags *flag.FlagSet) {
	flags.StringVar(&o.Key.Spec, "key-spec", "", "the key's `spec`, such as SYMMETRIC_DEFAULT")
	flags.StringVar(&o.Key.Usage, "key-usage", "", "the key's `usage`, such as ENCRYPT_DECRYPT")
	flags.StringVar(&o.Key.Origin, "key-origin", "", "the key material's `origin`, such as AWS_KMS")
	flags.StringVar(&o.Key.Org, "owner-org", "", "organization `ID` of the owner")
	flags.Func("multi-region", "whether the key is a multi-Region key: `true` or false", func(s string) error {
		is, err := strconv.ParseBool(s)
		if err != nil {
			return errors.New("expected true or false")
		}
		o.Key.MultiRegion = &is
		return nil
	})
	flags.Var((*pairs)(&o.Key.Tags), "key-tag", "`name=value` of a tag of the key; give all of them")
	flags.BoolFunc("no-tags", "the key has no tags", func(string) error {
		if o.Key.Tags == nil {
			o.Key.Tags = map[string]string{}
		}
		return nil
	})
	flags.Var((*list)(&o.Key.Aliases), "key-alias", "`alias/name` of the key; give all of them")
	flags.BoolFunc("no-aliases", "the key has no aliases", func(string) error {
		if o.Key.Aliases == nil {
			o.Key.Aliases = []string{}
		}
		return nil
	})
}

// check returns an error about the first invalid option or combination.
func (o *checkOptions) check() error {
	if len(o.Files) == 0 && o.exceptions == "" {
		return errors.New("expected at least one file or folder; see kmsentry check -h")
	}
	if i := slices.Index(o.Files, "-"); i >= 0 && slices.Contains(o.Files[i+1:], "-") {
		return errors.New("expected - only once: standard input can be read once")
	}
	if !slices.Contains([]string{"text", "json", "sarif"}, o.Format) {
		return fmt.Errorf("--format: expected text, json or sarif, found %q", o.Format)
	}
	if err := checkTrust(o.TrustedAccounts, o.TrustedOrgs, o.Key.Org); err != nil {
		return err
	}
	for _, alias := range o.Key.Aliases {
		if !strings.HasPrefix(alias, "alias/") {
			return fmt.Errorf("--key-alias: expected alias/name, found %q", alias)
		}
	}
	if err := cmp.Or(
		shaped("--key-spec", isConstant, "a name such as SYMMETRIC_DEFAULT", optional(o.Key.Spec)...),
		shaped("--key-usage", isConstant, "a name such as ENCRYPT_DECRYPT", optional(o.Key.Usage)...),
		shaped("--key-origin", isConstant, "a name such as AWS_KMS", optional(o.Key.Origin)...),
	); err != nil {
		return err
	}
	return o.checkOwner()
}

// isConstant reports whether text has the form of KMS's names of specs, usages and
// origins. AWS adds to these, so they are not listed here; one that is not known
// decides nothing.
func isConstant(text string) bool {
	return strings.Trim(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == ""
}

// checkOwner checks --account and --key-arn, and sets the account from the ARN.
func (o *checkOptions) checkOwner() error {
	if o.Account != "" {
		if err := shaped("--account", awsid.IsAccount, twelveDigits, o.Account); err != nil {
			return err
		}
	}
	if o.KeyARN == "" {
		return nil
	}
	arn, ok := awsid.ParseKeyARN(o.KeyARN)
	if !ok {
		return fmt.Errorf("--key-arn: expected an ARN such as arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab, found %q", o.KeyARN)
	}
	if o.Account == "" {
		o.Account = arn.Account
	}
	if o.Account != arn.Account {
		return fmt.Errorf("--account: expected the account of --key-arn, %s, found %s", arn.Account, o.Account)
	}
	return nil
}
