package main

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"github.com/kmsentry/kmsentry/alert"
	"github.com/kmsentry/kmsentry/alert/exceptions"
	"github.com/kmsentry/kmsentry/detector"
)

// settings are what the environment says, checked.
type settings struct {
	topic       arn.ARN
	overflow    arn.ARN // zero: everything goes to topic
	perMinute   int     // alerts to topic
	minSeverity detector.Severity
	detector    detector.Detector
	exceptions  *exceptions.List
	options     alert.Options // without the time
	canary      canary
	logLevel    slog.Level

	credentials aws.Credentials
	endpoint    string // of SNS; "" for AWS's own
	fips        bool
	dualStack   bool
}

// A settingError is a wrong setting. It fails the start.
type settingError struct {
	Name string // of the environment variable
	Err  error
}

func (e *settingError) Error() string { return "setting " + e.Name + ": " + e.Err.Error() }

// Unwrap returns the fault itself.
func (e *settingError) Unwrap() error { return e.Err }

var errNotSet = errors.New("not set")

// readSettings reads and checks every setting. An unset variable and an empty
// one are the same. Errors are *settingError and name the first wrong one.
//
// readFile reads the exceptions file; taskRoot is the folder of the binary.
func readSettings(getenv func(string) string, readFile func(string) ([]byte, error), taskRoot string, now time.Time) (settings, error) {
	r := reader{getenv: getenv}
	s := settings{
		topic:       r.topic("TOPIC_ARN", r.required("TOPIC_ARN")),
		overflow:    r.topic("OVERFLOW_TOPIC_ARN", getenv("OVERFLOW_TOPIC_ARN")),
		perMinute:   r.number("MAX_ALERTS_PER_MINUTE", 20, 1, 1000),
		minSeverity: r.severity("MIN_SEVERITY"),
		detector: detector.Detector{
			TrustedAccounts: r.list("TRUSTED_ACCOUNTS", isAccount, "12-digit account ids"),
			TrustedOrgs:     r.list("TRUSTED_ORGS", isOrg, "organization ids (o-...)"),
		},
		options:  r.options(now),
		canary:   r.canary("CANARY_ROLE_ARN", "CANARY_KEY_ARN", "CANARY_POLICY"),
		logLevel: r.logLevel("LOG_LEVEL"),
		credentials: aws.Credentials{
			AccessKeyID:     r.required("AWS_ACCESS_KEY_ID"),
			SecretAccessKey: r.required("AWS_SECRET_ACCESS_KEY"),
			SessionToken:    getenv("AWS_SESSION_TOKEN"),
			Source:          "environment",
		},
		endpoint:  r.endpoint(),
		fips:      r.boolean("AWS_USE_FIPS_ENDPOINT"),
		dualStack: r.boolean("AWS_USE_DUALSTACK_ENDPOINT"),
	}
	r.overflow("OVERFLOW_TOPIC_ARN", s)
	r.variant("AWS_USE_FIPS_ENDPOINT", s.fips, s.endpoint)
	r.variant("AWS_USE_DUALSTACK_ENDPOINT", s.dualStack, s.endpoint)
	s.detector.RCPs = r.rcps("RCP_FILE", readFile, taskRoot)
	s.exceptions = r.exceptions("EXCEPTIONS_FILE", readFile, taskRoot, now)
	return s, r.err
}

// The forms of the ids that settings name. Counted repetitions are left to
// length checks: a regexp that counts to 256 is slow to compile, and every
// start pays for it.
var (
	digits        = regexp.MustCompile(`^[0-9]+$`)
	orgForm       = regexp.MustCompile(`^o-[a-z0-9]+$`)
	topicForm     = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)
	partitionForm = regexp.MustCompile(`^aws(-[a-z]+)*$`)
	regionForm    = regexp.MustCompile(`^[a-z]+(-[a-z]+)+-[0-9]+$`)
)

func isAccount(s string) bool { return len(s) == 12 && digits.MatchString(s) }

// isOrg follows the Organizations API reference, Organization, Id: 10 to 32
// characters behind "o-".
func isOrg(s string) bool { return len(s) >= 12 && len(s) <= 34 && orgForm.MatchString(s) }

// isTopic follows the SNS API reference, CreateTopic, Name. A FIFO topic, with
// a dot in its name, cannot reach a mailbox.
func isTopic(s string) bool { return len(s) <= 256 && topicForm.MatchString(s) }

// isPort takes "" too: the scheme's own port.
func isPort(s string) bool {
	n, err := strconv.ParseUint(s, 10, 16)
	return s == "" || err == nil && n > 0
}

// A reader reads settings and keeps the first error.
type reader struct {
	getenv func(string) string
	err    error
}

func (r *reader) fail(name string, err error) {
	if r.err == nil {
		r.err = &settingError{name, err}
	}
}

func (r *reader) required(name string) string {
	v := r.getenv(name)
	if v == "" {
		r.fail(name, errNotSet)
	}
	return v
}

// topic checks v, the setting's value; an empty one gives the zero ARN.
func (r *reader) topic(name, v string) arn.ARN {
	if v == "" {
		return arn.ARN{}
	}
	a, err := arn.Parse(v)
	if err != nil || a.Service != "sns" || !partitionForm.MatchString(a.Partition) ||
		!regionForm.MatchString(a.Region) || !isAccount(a.AccountID) || !isTopic(a.Resource) {
		r.fail(name, fmt.Errorf("want the ARN of a standard SNS topic, got %q", v))
	}
	return a
}

// overflow refuses an overflow topic that is no other topic, or one that SNS
// would refuse at each Publish because it is in another Region.
func (r *reader) overflow(name string, s settings) {
	switch s.overflow {
	case arn.ARN{}:
		return
	case s.topic:
		r.fail(name, fmt.Errorf("want another topic than TOPIC_ARN, got %q in both", s.overflow))
	}
	if s.overflow.Region != s.topic.Region {
		r.fail(name, fmt.Errorf("want a topic in the Region of TOPIC_ARN, %s, got %q", s.topic.Region, s.overflow))
	}
}

// number reads a whole number from least to most.
func (r *reader) number(name string, unset, least, most int) int {
	v := r.getenv(name)
	if v == "" {
		return unset
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < least || n > most {
		r.fail(name, fmt.Errorf("want a whole number from %d to %d, got %q", least, most, v))
		return unset
	}
	return n
}

func (r *reader) severity(name string) detector.Severity {
	v := r.getenv(name)
	if v == "" {
		return detector.Medium
	}
	for s := detector.Low; s <= detector.Critical; s++ {
		if s.String() == v {
			return s
		}
	}
	r.fail(name, fmt.Errorf("want critical, high, medium or low, got %q", v))
	return detector.Low
}

// list splits a comma-separated setting; blanks around the items are dropped.
func (r *reader) list(name string, valid func(string) bool, want string) []string {
	v := strings.TrimSpace(r.getenv(name))
	if v == "" {
		return nil
	}
	items := strings.Split(v, ",")
	for i, item := range items {
		items[i] = strings.TrimSpace(item)
		if !valid(items[i]) {
			r.fail(name, fmt.Errorf("want %s with commas between them, got %q", want, items[i]))
		}
	}
	return items
}

// options reads what package alert checks itself, one setting after the other,
// so that the wrong one is named.
func (r *reader) options(now time.Time) alert.Options {
	o := alert.Options{Now: now}
	for _, s := range []struct {
		name  string
		field *string
	}{
		{"RUNBOOK_URL", &o.RunbookURL},
		{"CHAT_CLIENT", &o.ChatClient},
		{"HTTPS_BODY", &o.HTTPSBody},
		{"MENTION_GROUP", &o.Mention},
	} {
		*s.field = r.getenv(s.name)
		if err := o.Check(); err != nil {
			r.fail(s.name, err)
			*s.field = ""
		}
	}
	return o
}

func (r *reader) url(name string) string {
	v := r.getenv(name)
	if v == "" {
		return ""
	}
	u, err := url.Parse(v)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || !isPort(u.Port()) {
		r.fail(name, fmt.Errorf("want an http or https URL, got %q", v))
	}
	return v
}

func (r *reader) boolean(name string) bool {
	v := r.getenv(name)
	if v == "" {
		return false
	}
	b, err := strconv.ParseBool(v)
	if err != nil {
		r.fail(name, fmt.Errorf("want true or false, got %q", v))
	}
	return b
}

func (r *reader) logLevel(name string) slog.Level {
	switch v := r.getenv(name); v {
	case "", "info":
		return slog.LevelInfo
	case "debug":
		return slog.LevelDebug
	case "warn":
		return slog.LevelWarn
	case "error":
		return slog.LevelError
	default:
		r.fail(name, fmt.Errorf("want debug, info, warn or error, got %q", v))
		return slog.LevelInfo
	}
}

// endpoint follows the AWS SDKs: the service's variable goes before the general one.
func (r *reader) endpoint() string {
	if v := r.url("AWS_ENDPOINT_URL_SNS"); v != "" {
		return v
	}
	return r.url("AWS_ENDPOINT_URL")
}

// variant refuses what the SDK refuses at each Publish: a variant of AWS's own
// endpoint together with another endpoint.
func (r *reader) variant(name string, on bool, endpoint string) {
	if on && endpoint != "" {
		r.fail(name, fmt.Errorf("want false with another SNS endpoint, got true with %q", endpoint))
	}
}

// exceptions reads the exceptions file. A file that somebody asked for has to
// be there; the default one need not.
func (r *reader) exceptions(name string, readFile func(string) ([]byte, error), taskRoot string, now time.Time) *exceptions.List {
	path, asked := r.getenv(name), true
	if path == "" {
		path, asked = "exceptions.yaml", false
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(taskRoot, path)
	}
	text, err := readFile(path)
	if errors.Is(err, fs.ErrNotExist) && !asked {
		return &exceptions.List{}
	}
	if err != nil {
		r.fail(name, err)
		return nil
	}
	list, err := exceptions.Load(text, now)
	if err != nil {
		r.fail(name, fmt.Errorf("%s: %w", filepath.Base(path), err))
	}
	return list
}
