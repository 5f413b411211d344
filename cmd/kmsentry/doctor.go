package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/signal"
	"regexp"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"

	"github.com/kmsentry/kmsentry/internal/awsconfig"
	"github.com/kmsentry/kmsentry/internal/awsid"
	"github.com/kmsentry/kmsentry/internal/doctor"
	"github.com/kmsentry/kmsentry/internal/exit"
	"github.com/kmsentry/kmsentry/internal/show"
)

const doctorUsage = `Usage: kmsentry doctor [flags]

Asks AWS whether a deployed kmsentry stack works: trail, rule, function, queues,
topics, their key, subscribers, chat, alarms, canary; for a forwarder's stack,
the checks that apply. Each check is ok, warning, failing or unknown, with the
reason and the command that fixes it. Without a usable answer from AWS a check is
unknown, never ok.

  kmsentry doctor
  kmsentry doctor --stack security --region eu-central-1,us-east-1 --profile audit
  kmsentry doctor --policy

It only reads. --policy prints the IAM policy it needs. Credentials and
Region come from the flags, the environment or the profile.

Exit status: 0 nothing is failing, 1 something is unknown, 2 wrong usage,
3 something is failing (even if something else is unknown).

Flags:
`

// doctorOptions holds the flags of kmsentry doctor.
type doctorOptions struct {
	doctor.Options
	regions  list
	profile  string
	endpoint string
	format   string
	failOn   string
	policy   bool
	timeout  time.Duration
}

func parseDoctor(args []string, stdout io.Writer) (doctorOptions, error) {
	var o doctorOptions
	flags := flag.NewFlagSet("kmsentry doctor", flag.ContinueOnError)
	flags.StringVar(&o.Stack, "stack", "kmsentry", "`name` or ARN of the stack")
	flags.Var(&o.regions, "region", "`Regions` to look at, each with a stack of that name; repeat, or separate with commas")
	flags.StringVar(&o.profile, "profile", "", "`profile` of the AWS configuration files")
	flags.StringVar(&o.StackSet, "stackset", "", "`name` of the forwarders' StackSet, to check that they are in place")
	flags.BoolVar(&o.Delegated, "delegated-admin", false, "the StackSet is administered from this account, which is not the management account")
	flags.StringVar(&o.format, "format", "text", "`format` of the answer: text, or json, one object per Region and line")
	flags.StringVar(&o.failOn, "fail-on", "failing", "`result` that exits with 3: failing, or warning, which includes failing")
	flags.BoolVar(&o.policy, "policy", false, "print the IAM policy that these flags need, and do nothing else")
	flags.StringVar(&o.endpoint, "endpoint", "", "`URL` to use instead of AWS's endpoints, for moto")
	flags.DurationVar(&o.timeout, "timeout", 2*time.Minute, "`duration` allowed per Region; what AWS has not answered by then is unknown")
	rest, err := parseQuietly(flags, args, doctorUsage, stdout)
	if err != nil {
		return o, err
	}
	if len(rest) > 0 {
		return o, fmt.Errorf("expected no arguments, found %q; --stack names a stack", rest[0])
	}
	return o, o.check()
}

// stackName matches what CloudFormation accepts as a stack or a StackSet.
// Source: CloudFormation API reference, CreateStack, CreateStackSet.
var stackName = regexp.MustCompile(`^([a-zA-Z][a-zA-Z0-9-]{0,127}|arn:[a-z-]+:cloudformation:[a-z0-9-]+:[0-9]{12}:stack/[a-zA-Z0-9-]+/[a-zA-Z0-9-]+)$`)

func (o doctorOptions) check() error {
	switch {
	case !stackName.MatchString(o.Stack):
		return fmt.Errorf("--stack: expected the name or the ARN of a stack, found %q", o.Stack)
	case o.StackSet != "" && !stackName.MatchString(o.StackSet):
		return fmt.Errorf("--stackset: expected the name of a StackSet, found %q", o.StackSet)
	case o.Delegated && o.StackSet == "":
		return errors.New("--delegated-admin needs --stackset")
	case o.format != "text" && o.format != "json":
		return fmt.Errorf("--format: expected text or json, found %q", o.format)
	case o.failOn != "failing" && o.failOn != "warning":
		return fmt.Errorf("--fail-on: expected failing or warning, found %q", o.failOn)
	case o.timeout <= 0:
		return fmt.Errorf("--timeout: expected more than 0, found %s", o.timeout)
	}
	for _, region := range o.regions {
		if !awsid.IsRegion(region) {
			return fmt.Errorf("--region: expected a Region such as eu-central-1, found %q", region)
		}
	}
	if u, err := url.Parse(o.endpoint); o.endpoint != "" && (err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http") {
		return fmt.Errorf("--endpoint: expected a URL, found %q", o.endpoint)
	}
	return nil
}

func runDoctor(args []string, _ io.Reader, stdout, stderr io.Writer) int {
	o, err := parseDoctor(args, stdout)
	if err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(stderr, "kmsentry doctor:", show.Printable(err.Error()))
		}
		return usageStatus(err)
	}
	if o.policy {
		return printPolicy(o, stdout, stderr)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if len(o.regions) == 0 {
		o.regions = list{""} // that of the environment or the profile
	}
	print, status := doctor.NewPrinter(o.format, show.StyleFor(stdout), stdout), exit.OK
	for _, region := range o.regions {
		report, err := examine(ctx, o, region)
		if err != nil {
			fmt.Fprintln(stderr, "kmsentry doctor:", show.Safe(err.Error()))
			status = max(status, exit.Error)
			continue
		}
		if err := print(report); err != nil {
			fmt.Fprintln(stderr, "kmsentry doctor: standard output:", show.Safe(err.Error()))
			return exit.Error
		}
		status = max(status, o.status(report))
	}
	return status
}

// status returns the exit status for a report.
func (o doctorOptions) status(r doctor.Report) int {
	status := exit.OK
	for _, c := range r.Checks {
		switch {
		case c.Result == doctor.Failing, c.Result == doctor.Warning && o.failOn == "warning":
			return exit.Found
		case c.Result == doctor.Unknown:
			status = exit.Error
		}
	}
	return status
}

// examine examines the stack in one Region; "" means that of the environment or the
// profile.
func examine(ctx context.Context, o doctorOptions, region string) (doctor.Report, error) {
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	cfg, err := awsConfig(ctx, o, region)
	if err != nil {
		return doctor.Report{}, err
	}
	o.Now = time.Now()
	return doctor.Examine(ctx, cfg, o.Options)
}

// awsConfig returns the SDK's configuration after checking that there are
// credentials. Each error is one line that says what to provide.
func awsConfig(ctx context.Context, o doctorOptions, region string) (aws.Config, error) {
	cfg, err := awsconfig.Load(ctx, o.profile, config.WithRegion(region))
	if err != nil {
		return cfg, err
	}
	if cfg.Region == "" {
		return cfg, errors.New("expected a Region from --region, AWS_REGION or the profile, found none")
	}
	switch _, err := cfg.Credentials.Retrieve(ctx); {
	case err != nil && ctx.Err() != nil:
		return cfg, errors.New("no credentials in time")
	case err != nil:
		return cfg, fmt.Errorf("no credentials in the environment or the profile (--profile): %w", err)
	}
	if o.endpoint != "" {
		cfg.BaseEndpoint = &o.endpoint
	}
	return cfg, nil
}

// printPolicy prints the IAM policy that the flags need.
func printPolicy(o doctorOptions, stdout, stderr io.Writer) int {
	text, err := doctor.Policy(o.Options)
	if err == nil {
		_, err = fmt.Fprintf(stdout, "%s\n", text)
	}
	if err != nil {
		fmt.Fprintln(stderr, "kmsentry doctor: standard output:", show.Safe(err.Error()))
		return exit.Error
	}
	return exit.OK
}
