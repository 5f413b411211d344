package function

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

	"github.com/kmsentry/kmsentry/alert/exceptions"
	"github.com/kmsentry/kmsentry/alert/words"
	"github.com/kmsentry/kmsentry/detector"
	"github.com/kmsentry/kmsentry/detector/policy"
	"github.com/kmsentry/kmsentry/internal/awsid"
)

// A SettingError reports an invalid setting. It makes the start fail.
type SettingError struct {
	Name string // of the environment variable
	Err  error
}

func (e *SettingError) Error() string { return "setting " + e.Name + ": " + e.Err.Error() }

// Unwrap returns e.Err.
func (e *SettingError) Unwrap() error { return e.Err }

var errNotSet = errors.New("not set")

// The forms of ids in settings. Lengths are checked separately, since a regular expression
// that counts to 256 is slow to compile, which every start would have to do.
var (
	topicForm     = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)
	partitionForm = regexp.MustCompile(`^aws(-[a-z]+)*$`)
	regionForm    = regexp.MustCompile(`^[a-z]+(-[a-z]+)+-[0-9]+$`)
)

// isTopic reports whether s is the name of a standard topic. A FIFO topic, which has a dot
// in its name, cannot deliver to a mailbox.
// Source: SNS API reference, CreateTopic, Name.
func isTopic(s string) bool { return len(s) <= 256 && topicForm.MatchString(s) }

// isPort reports whether s is a port or "", which means the default port of the scheme.
func isPort(s string) bool {
	n, err := strconv.ParseUint(s, 10, 16)
	return s == "" || err == nil && n > 0
}

// A Reader reads settings from the environment and keeps the first error.
type Reader struct {
	Getenv func(string) string
	Err    error // the first error, a *SettingError; nil while there is none
}

// Fail records that a setting is invalid, unless an error is recorded already.
func (r *Reader) Fail(name string, err error) {
	if r.Err == nil {
		r.Err = &SettingError{name, err}
	}
}

// Required returns the value of a setting that must be set.
func (r *Reader) Required(name string) string {
	v := r.Getenv(name)
	if v == "" {
		r.Fail(name, errNotSet)
	}
	return v
}

// Topic parses v, the value of the named setting, as the ARN of a topic; "" gives the zero
// ARN.
func (r *Reader) Topic(name, v string) awsid.ARN {
	if v == "" {
		return awsid.ARN{}
	}
	a, ok := awsid.ParseARN(v)
	if !ok || a.Service != "sns" || !partitionForm.MatchString(a.Partition) ||
		!regionForm.MatchString(a.Region) || !awsid.IsAccount(a.Account) || !isTopic(a.Resource) {
		r.Fail(name, fmt.Errorf("expected the ARN of a standard SNS topic, found %q", v))
	}
	return a
}

// Number reads a whole number from least to most; unset when it is not set.
func (r *Reader) Number(name string, unset, least, most int) int {
	v := r.Getenv(name)
	if v == "" {
		return unset
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < least || n > most {
		r.Fail(name, fmt.Errorf("expected a whole number from %d to %d, found %q", least, most, v))
		return unset
	}
	return n
}

// Severity reads a severity; medium when it is not set.
func (r *Reader) Severity(name string) detector.Severity {
	v := r.Getenv(name)
	if v == "" {
		return detector.Medium
	}
	for s := detector.Low; s <= detector.Critical; s++ {
		if s.String() == v {
			return s
		}
	}
	r.Fail(name, fmt.Errorf("expected critical, high, medium or low, found %q", v))
	return detector.Low
}

// List reads a comma-separated list of items for which valid is true, without spaces
// around them; nil when it is not set. want describes valid items.
func (r *Reader) List(name string, valid func(string) bool, want string) []string {
	v := strings.TrimSpace(r.Getenv(name))
	if v == "" {
		return nil
	}
	items := strings.Split(v, ",")
	for i, item := range items {
		items[i] = strings.TrimSpace(item)
		if !valid(items[i]) {
			r.Fail(name, fmt.Errorf("expected %s separated by commas, found %q", want, items[i]))
		}
	}
	return items
}

// Options reads the settings that words.Options.Check validates, checking after each of
// them, so that the error names the invalid one.
func (r *Reader) Options(now time.Time) words.Options {
	o := words.Options{Now: now}
	for _, s := range []struct {
		name  string
		field *string
	}{
		{"RUNBOOK_URL", &o.RunbookURL},
		{"CHAT_CLIENT", &o.ChatClient},
		{"HTTPS_BODY", &o.HTTPSBody},
		{"MENTION_GROUP", &o.Mention},
	} {
		*s.field = r.Getenv(s.name)
		if err := o.Check(); err != nil {
			r.Fail(s.name, err)
			*s.field = ""
		}
	}
	return o
}

// URL reads an http or https URL; "" when it is not set.
func (r *Reader) URL(name string) string {
	v := r.Getenv(name)
	if v == "" {
		return ""
	}
	u, err := url.Parse(v)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || !isPort(u.Port()) {
		r.Fail(name, fmt.Errorf("expected an http or https URL, found %q", v))
	}
	return v
}

// Boolean reads true or false; false when it is not set.
func (r *Reader) Boolean(name string) bool {
	v := r.Getenv(name)
	if v == "" {
		return false
	}
	b, err := strconv.ParseBool(v)
	if err != nil {
		r.Fail(name, fmt.Errorf("expected true or false, found %q", v))
	}
	return b
}

// LogLevel reads a level of the log; info when it is not set.
func (r *Reader) LogLevel(name string) slog.Level {
	switch v := r.Getenv(name); v {
	case "", "info":
		return slog.LevelInfo
	case "debug":
		return slog.LevelDebug
	case "warn":
		return slog.LevelWarn
	case "error":
		return slog.LevelError
	default:
		r.Fail(name, fmt.Errorf("expected debug, info, warn or error, found %q", v))
		return slog.LevelInfo
	}
}

// Endpoint reads the endpoint of SNS; "" when it is not set. As in the AWS SDKs, the
// variable of the service takes precedence over the general one.
func (r *Reader) Endpoint() string {
	if v := r.URL("AWS_ENDPOINT_URL_SNS"); v != "" {
		return v
	}
	return r.URL("AWS_ENDPOINT_URL")
}

// Variant rejects a variant of AWS's own endpoint together with another endpoint, which
// the SDK would reject at each Publish.
func (r *Reader) Variant(name string, on bool, endpoint string) {
	if on && endpoint != "" {
		r.Fail(name, fmt.Errorf("expected false with another SNS endpoint, found true with %q", endpoint))
	}
}

// Exceptions reads the exceptions file that the setting names, relative to taskRoot. A
// file that is named must exist; the default, exceptions.yaml, need not.
func (r *Reader) Exceptions(name string, readFile func(string) ([]byte, error), taskRoot string, now time.Time) *exceptions.List {
	path, asked := r.Getenv(name), true
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
		r.Fail(name, err)
		return nil
	}
	list, err := exceptions.Load(text, now)
	if err != nil {
		r.Fail(name, fmt.Errorf("%s: %w", filepath.Base(path), err))
	}
	return list
}

// RCPs reads the resource control policy that applies to the accounts whose keys are
// judged, from a file named relative to taskRoot or absolutely; nil when it is not set. A
// file that cannot be read makes the start fail, since leaving the policy out would change
// the verdicts.
func (r *Reader) RCPs(name string, readFile func(string) ([]byte, error), taskRoot string) []*policy.Policy {
	path := r.Getenv(name)
	if path == "" {
		return nil
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(taskRoot, path)
	}
	text, err := readFile(path)
	if err != nil {
		r.Fail(name, err)
		return nil
	}
	rcp, err := policy.ParseRCP(text)
	if err != nil {
		r.Fail(name, fmt.Errorf("%s: %w", filepath.Base(path), err))
		return nil
	}
	return []*policy.Policy{rcp}
}
