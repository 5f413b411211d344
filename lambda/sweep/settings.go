package main

import (
	"context"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/kmsentry/kmsentry/alert/exceptions"
	"github.com/kmsentry/kmsentry/alert/words"
	"github.com/kmsentry/kmsentry/detector"
	"github.com/kmsentry/kmsentry/internal/awsid"
	"github.com/kmsentry/kmsentry/internal/function"
)

// settings holds the settings in the environment, validated.
type settings struct {
	topic       awsid.ARN
	minSeverity detector.Severity
	detector    detector.Detector
	exceptions  *exceptions.List
	options     words.Options // without the time
	logLevel    slog.Level
	bucket      string   // of the state
	logGroup    string   // of the detector function
	roles       []string // ARNs of roles in member accounts
	regions     []string // at least one

	credentials aws.Credentials
	endpoint    string // of every service except SNS; "" for AWS's own
	snsEndpoint string
	fips        bool // SNS's
	dualStack   bool // SNS's
}

// readSettings reads and checks every setting. An empty variable is the same as an
// unset one. The error is a *function.SettingError about the first invalid setting.
// readFile reads the exceptions file and the RCP file; taskRoot is the folder of the
// binary.
func readSettings(getenv func(string) string, readFile func(string) ([]byte, error), taskRoot string, now time.Time) (settings, error) {
	r := reader{function.Reader{Getenv: getenv}}
	s := settings{
		topic:       r.Topic("TOPIC_ARN", r.Required("TOPIC_ARN")),
		minSeverity: r.Severity("MIN_SEVERITY"),
		detector: detector.Detector{
			TrustedAccounts: r.List("TRUSTED_ACCOUNTS", awsid.IsAccount, "12-digit account ids"),
			TrustedOrgs:     r.List("TRUSTED_ORGS", awsid.IsOrganization, "organization ids (o-...)"),
			RCPs:            r.RCPs("RCP_FILE", readFile, taskRoot),
		},
		exceptions: r.Exceptions("EXCEPTIONS_FILE", readFile, taskRoot, now),
		options:    r.Options(now),
		logLevel:   r.LogLevel("LOG_LEVEL"),
		bucket:     r.bucket("STATE_BUCKET"),
		logGroup:   r.Required("DETECTOR_LOG_GROUP"),
		roles:      r.List("SWEEP_ROLES", isRole, "ARNs of IAM roles"),
		regions:    r.List("SWEEP_REGIONS", awsid.IsRegion, "names of Regions"),
		credentials: aws.Credentials{
			AccessKeyID:     r.Required("AWS_ACCESS_KEY_ID"),
			SecretAccessKey: r.Required("AWS_SECRET_ACCESS_KEY"),
			SessionToken:    getenv("AWS_SESSION_TOKEN"),
			Source:          "environment",
		},
		endpoint:    r.URL("AWS_ENDPOINT_URL"),
		snsEndpoint: r.Endpoint(),
		fips:        r.Boolean("AWS_USE_FIPS_ENDPOINT"),
		dualStack:   r.Boolean("AWS_USE_DUALSTACK_ENDPOINT"),
	}
	r.Variant("AWS_USE_FIPS_ENDPOINT", s.fips, s.snsEndpoint)
	r.Variant("AWS_USE_DUALSTACK_ENDPOINT", s.dualStack, s.snsEndpoint)
	r.twice("SWEEP_ROLES", s.roles)
	if len(s.regions) == 0 {
		s.regions = []string{s.topic.Region}
	}
	return s, r.Err
}

// A reader reads the settings, including those that only this function has.
type reader struct{ function.Reader }

// bucketForm matches what S3 accepts as the name of a bucket, apart from its length.
// Source: S3 User Guide, general purpose bucket naming rules.
var bucketForm = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]+[a-z0-9]$`)

func (r *reader) bucket(name string) string {
	v := r.Required(name)
	if v != "" && (len(v) > 63 || !bucketForm.MatchString(v)) {
		r.Fail(name, fmt.Errorf("expected the name of an S3 bucket, found %q", v))
	}
	return v
}

// isRole reports whether s is the ARN of an IAM role.
func isRole(s string) bool {
	a, ok := awsid.ParseARN(s)
	return ok && a.Service == "iam" && awsid.IsAccount(a.Account) && strings.HasPrefix(a.Resource, "role/") && len(a.Resource) > len("role/")
}

// twice rejects two roles of one account, whose keys would be swept twice.
func (r *reader) twice(name string, roles []string) {
	seen := map[string]bool{}
	for _, role := range roles {
		a, ok := awsid.ParseARN(role)
		if ok && seen[a.Account] {
			r.Fail(name, fmt.Errorf("expected one role per account, found two of %s", a.Account))
		}
		seen[a.Account] = true
	}
}

// sns returns the SNS endpoint and credentials.
func (s settings) sns() function.SNS {
	return function.SNS{Region: s.topic.Region, Credentials: s.credentials, Endpoint: s.snsEndpoint, FIPS: s.fips, DualStack: s.dualStack}
}

// aws returns the configuration of every client except SNS's. It does not use the SDK's
// loader, which would look for credentials in files, SSO caches and instance metadata,
// none of which Lambda has.
func (s settings) aws() aws.Config {
	c := aws.Config{
		Region: s.topic.Region,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return s.credentials, nil
		}),
	}
	if s.endpoint != "" {
		c.BaseEndpoint = aws.String(s.endpoint)
	}
	return c
}
