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

// settings are what the environment says, checked.
type settings struct {
	topic       awsid.ARN
	minSeverity detector.Severity
	detector    detector.Detector
	exceptions  *exceptions.List
	options     words.Options // without the time
	logLevel    slog.Level
	bucket      string   // of the state
	logGroup    string   // of the detector's function
	roles       []string // ARNs of roles in member accounts
	regions     []string // at least one

	credentials aws.Credentials
	endpoint    string // of everything but SNS; "" for AWS's own
	snsEndpoint string
	fips        bool // SNS's
	dualStack   bool // SNS's
}

// readSettings reads and checks every setting. An unset variable and an empty
// one are the same. Errors are *function.SettingError and name the first wrong
// one.
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

// A reader reads the settings, also those of this function alone.
type reader struct{ function.Reader }

// bucketForm is what S3 takes as a bucket's name.
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

// twice refuses two roles of one account: its keys would be swept twice.
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

// sns says how to reach SNS.
func (s settings) sns() function.SNS {
	return function.SNS{Region: s.topic.Region, Credentials: s.credentials, Endpoint: s.snsEndpoint, FIPS: s.fips, DualStack: s.dualStack}
}

// aws is the configuration of every client but SNS's, made by hand: the SDK's
// loader would look for credentials in files, SSO caches and instance metadata,
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
