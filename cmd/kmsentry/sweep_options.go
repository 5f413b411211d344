package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/kmsentry/kmsentry/detector"
	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/internal/awsid"
	"github.com/kmsentry/kmsentry/internal/check"
	"github.com/kmsentry/kmsentry/internal/sweep"
	"github.com/kmsentry/kmsentry/internal/sweep/report"
)

const sweepUsage = `Usage: kmsentry sweep [flags]

Reads the keys of an account from KMS and says which are open now: by their key
policies, and by grants to outsiders. It changes nothing. Without flags it
sweeps the account of your credentials in every enabled Region.

  kmsentry sweep
  kmsentry sweep --profile audit --role-arn arn:aws:iam::444455556666:role/kmsentry-sweep
  kmsentry sweep --policy        print the permissions it needs
  kmsentry sweep --plan          how many keys there are, and how long it takes at least

Exit status: 0 nothing at or above --fail-on that is not accepted, 1 something could not be read,
2 wrong usage, 3 found (even if something else could not be read).

Flags:
`

// sweepOptions holds the flags of kmsentry sweep.
type sweepOptions struct {
	report.Options
	profile         string
	regions         list
	roles           list
	keys            list
	trustedAccounts list
	trustedOrgs     list
	ownerOrg        string
	rcpFiles        list
	plan, policy    bool
	exceptions      string
	baselineFile    string
	output, summary string
}

// parseSweep parses the command line. It writes the help to stdout.
func parseSweep(args []string, now time.Time, stdout io.Writer) (sweepOptions, error) {
	o := sweepOptions{Options: report.Options{At: now.UTC().Truncate(time.Second), FailOn: check.DefaultFailOn()}}
	flags := flag.NewFlagSet("kmsentry sweep", flag.ContinueOnError)
	o.define(flags)
	others, err := parseQuietly(flags, args, sweepUsage, stdout)
	if err != nil {
		return o, err
	}
	if len(others) > 0 {
		return o, fmt.Errorf("expected only flags, found %q; --key names keys", others[0])
	}
	return o, o.check()
}

func (o *sweepOptions) define(flags *flag.FlagSet) {
	flags.StringVar(&o.profile, "profile", "", "`name` of a profile of the AWS CLI; default as for the CLI")
	flags.Var(&o.regions, "region", "`Region` to sweep; repeat, or separate with commas (default all enabled ones)")
	flags.Var(&o.roles, "role-arn", "`ARN` of a role in a further account; repeat, or separate with commas")
	flags.Var(&o.keys, "key", "`ARN` of a key: read only these; repeat, or separate with commas")
	flags.BoolVar(&o.plan, "plan", false, "list the keys, print how long a sweep takes at least, and do not read them")
	flags.BoolVar(&o.policy, "policy", false, "print the IAM policy that these flags need, and exit")
	flags.StringVar(&o.Format, "format", "table", "`table`, json (lines), csv, html, ocsf (lines) or sarif")
	flags.Var(&o.FailOn, "fail-on", "`levels` that exit with 3: public, network (or worse), shared (or worse), undecided, none (default public); what is not ruled out counts")
	flags.Var(&o.trustedAccounts, "trusted-account", "account `ID` that counts as inside; repeat, or separate with commas")
	flags.Var(&o.trustedOrgs, "trusted-org", "organization `ID` that counts as inside; repeat, or separate with commas")
	flags.StringVar(&o.ownerOrg, "owner-org", "", "organization `ID` of the swept accounts, for conditions that ask for it")
	flags.Var(&o.rcpFiles, "rcp", "`file` of a resource control policy that applies to the swept accounts; repeat, or separate with commas")
	flags.StringVar(&o.exceptions, "exceptions", "", "`file` of accepted findings, which are marked and counted, and do not lead to exit status 3")
	flags.StringVar(&o.baselineFile, "baseline", "", "`file` of accepted findings, written by --write-baseline; what has become worse counts, and so does a new grant")
	flags.StringVar(&o.WriteBaseline, "write-baseline", "", "write what is found to a `file` for --baseline")
	flags.StringVar(&o.output, "output", "", "`file` to write to instead of standard output")
	flags.StringVar(&o.summary, "summary", "", "`file` for a JSON summary of what was swept and what was not")
	flags.BoolVar(&o.Quiet, "quiet", false, "no progress, and no summary unless something could not be read")
}

// roleShape matches the ARN of an IAM role.
// Source: IAM User Guide, reference_identifiers.html.
var roleShape = regexp.MustCompile(`^arn:aws[a-z-]*:iam::[0-9]{12}:role/[\x21-\x7e]{1,576}$`)

// check returns an error about the first invalid option or combination.
func (o *sweepOptions) check() error {
	if !slices.Contains(report.Formats(), o.Format) {
		return fmt.Errorf("--format: expected %s, found %q", strings.Join(report.Formats(), ", "), o.Format)
	}
	if o.plan && o.policy {
		return errors.New("expected --plan or --policy, not both")
	}
	if len(o.keys) > 0 && len(o.regions) > 0 {
		return errors.New("expected --key or --region, not both: a key's ARN names its Region")
	}
	return cmp.Or(
		shaped("--region", regionShape.MatchString, someRegion, o.regions...),
		shaped("--role-arn", roleShape.MatchString, "an ARN such as arn:aws:iam::111122223333:role/kmsentry-sweep", o.roles...),
		shaped("--key", isKeyARN, "the ARN of a key, such as arn:aws:kms:eu-west-1:111122223333:key/1234abcd-...", o.keys...),
		checkTrust(o.trustedAccounts, o.trustedOrgs, o.ownerOrg),
	)
}

// of returns the options of the sweep, without Config, Found and Progress.
func (o *sweepOptions) of(rcps []*policy.Policy) sweep.Options {
	return sweep.Options{
		Roles: o.roles, Regions: o.regions, Keys: o.keys, Org: o.ownerOrg, At: o.At,
		Detector: detector.Detector{TrustedAccounts: o.trustedAccounts, TrustedOrgs: o.trustedOrgs, RCPs: rcps},
	}
}

// partition returns the partition of the ARNs and Regions on the command line; "aws"
// when there are none.
func (o *sweepOptions) partition() string {
	for _, arn := range slices.Concat(o.roles, o.keys) {
		a, _ := awsid.ParseARN(arn) // check has validated it
		return a.Partition
	}
	for _, region := range o.regions {
		return sweep.PartitionOf(region)
	}
	return "aws"
}
