package detect

import (
	"fmt"
	"log/slog"
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
	overflow    awsid.ARN // zero when everything goes to topic
	perMinute   int       // the most alerts to topic
	minSeverity detector.Severity
	detector    detector.Detector
	exceptions  *exceptions.List
	options     words.Options // without the time
	canary      canary
	logLevel    slog.Level

	credentials aws.Credentials
	endpoint    string // of SNS; "" for AWS's own
	fips        bool
	dualStack   bool
}

// readSettings reads and checks every setting. An empty variable is the same as an
// unset one. The error is a *settingError about the first invalid setting.
//
// readFile reads the exceptions file and the RCP file; taskRoot is the folder of the
// binary.
func readSettings(getenv func(string) string, readFile func(string) ([]byte, error), taskRoot string, now time.Time) (settings, error) {
	r := reader{function.Reader{Getenv: getenv}}
	s := settings{
		topic:       r.Topic("TOPIC_ARN", r.Required("TOPIC_ARN")),
		overflow:    r.Topic("OVERFLOW_TOPIC_ARN", getenv("OVERFLOW_TOPIC_ARN")),
		perMinute:   r.Number("MAX_ALERTS_PER_MINUTE", 20, 1, 1000),
		minSeverity: r.Severity("MIN_SEVERITY"),
		detector: detector.Detector{
			TrustedAccounts: r.List("TRUSTED_ACCOUNTS", awsid.IsAccount, "12-digit account ids"),
			TrustedOrgs:     r.List("TRUSTED_ORGS", awsid.IsOrganization, "organization ids (o-...)"),
		},
		options:  r.Options(now),
		canary:   r.canary("CANARY_ROLE_ARN", "CANARY_KEY_ARN", "CANARY_POLICY"),
		logLevel: r.LogLevel("LOG_LEVEL"),
		credentials: aws.Credentials{
			AccessKeyID:     r.Required("AWS_ACCESS_KEY_ID"),
			SecretAccessKey: r.Required("AWS_SECRET_ACCESS_KEY"),
			SessionToken:    getenv("AWS_SESSION_TOKEN"),
			Source:          "environment",
		},
		endpoint:  r.Endpoint(),
		fips:      r.Boolean("AWS_USE_FIPS_ENDPOINT"),
		dualStack: r.Boolean("AWS_USE_DUALSTACK_ENDPOINT"),
	}
	r.overflow("OVERFLOW_TOPIC_ARN", s)
	r.Variant("AWS_USE_FIPS_ENDPOINT", s.fips, s.endpoint)
	r.Variant("AWS_USE_DUALSTACK_ENDPOINT", s.dualStack, s.endpoint)
	s.detector.RCPs = r.RCPs("RCP_FILE", readFile, taskRoot)
	s.exceptions = r.Exceptions("EXCEPTIONS_FILE", readFile, taskRoot, now)
	return s, r.Err
}

// A settingError reports an invalid setting. It makes the start fail.
type settingError = function.SettingError

// A reader reads the settings, including those that only this function has.
type reader struct{ function.Reader }

// overflow rejects an overflow topic that is the alert topic itself, or that is in
// another Region, where SNS would refuse every Publish.
func (r *reader) overflow(name string, s settings) {
	switch s.overflow {
	case awsid.ARN{}:
		return
	case s.topic:
		r.Fail(name, fmt.Errorf("expected a topic other than TOPIC_ARN, found %q in both", s.overflow))
	}
	if s.overflow.Region != s.topic.Region {
		r.Fail(name, fmt.Errorf("expected a topic in the Region of TOPIC_ARN, %s, found %q", s.topic.Region, s.overflow))
	}
}
