package detect

import (
	"errors"
	"io/fs"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kmsentry/kmsentry/detector"
	"github.com/kmsentry/kmsentry/internal/awsid"
)

var testNow = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// read reads the settings of a working function, with the variables in env changed.
func read(env map[string]string, files map[string]string) (settings, error) {
	base := map[string]string{
		"TOPIC_ARN": testTopic, "AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret",
	}
	getenv := func(name string) string {
		if v, ok := env[name]; ok {
			return v
		}
		return base[name]
	}
	readFile := func(path string) ([]byte, error) {
		if text, ok := files[path]; ok {
			return []byte(text), nil
		}
		return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
	}
	return readSettings(getenv, readFile, "/var/task", testNow)
}

func TestSettingsDefaults(t *testing.T) {
	s, err := read(nil, nil)
	if err != nil {
		t.Fatalf("readSettings = %v", err)
	}
	if s.overflow != (awsid.ARN{}) || s.perMinute != 20 || s.minSeverity != detector.Medium || s.logLevel != slog.LevelInfo || s.exceptions.Len() != 0 || s.endpoint != "" || s.fips {
		t.Errorf("readSettings = %+v, want no overflow topic, 20 alerts a minute, severity medium, level info, no exceptions, AWS's endpoint", s)
	}
}

func TestSettingsAreRead(t *testing.T) {
	s, err := read(map[string]string{
		"TOPIC_ARN":             "arn:aws-us-gov:sns:us-gov-west-1:111111111111:alerts",
		"OVERFLOW_TOPIC_ARN":    "arn:aws-us-gov:sns:us-gov-west-1:111111111111:overflow",
		"MAX_ALERTS_PER_MINUTE": "1000",
		"MIN_SEVERITY":          "critical",
		"TRUSTED_ACCOUNTS":      "444455556666, 777788889999",
		"TRUSTED_ORGS":          "o-abcdefghij",
		"RUNBOOK_URL":           "https://wiki.example.com/kms",
		"CHAT_CLIENT":           "slack",
		"MENTION_GROUP":         "S0123ABCD",
		"HTTPS_BODY":            "finding",
		"LOG_LEVEL":             "warn",
		"AWS_SESSION_TOKEN":     "token",
		"AWS_ENDPOINT_URL":      "https://general.example.com",
		"AWS_ENDPOINT_URL_SNS":  "https://sns.example.com",
		"AWS_USE_FIPS_ENDPOINT": "false",
	}, nil)
	if err != nil {
		t.Fatalf("readSettings = %v", err)
	}
	d := s.detector
	if s.topic.Region != "us-gov-west-1" || s.overflow.Resource != "overflow" || s.perMinute != 1000 || s.minSeverity != detector.Critical || s.logLevel != slog.LevelWarn ||
		!slices.Equal(d.TrustedAccounts, []string{"444455556666", "777788889999"}) || !slices.Equal(d.TrustedOrgs, []string{"o-abcdefghij"}) ||
		s.endpoint != "https://sns.example.com" || s.fips || s.credentials.SessionToken != "token" {
		t.Errorf("readSettings = %+v", s)
	}
	o := s.options
	if o.RunbookURL != "https://wiki.example.com/kms" || o.ChatClient != "slack" || o.Mention != "S0123ABCD" || o.HTTPSBody != "finding" {
		t.Errorf("options = %+v", o)
	}
}

func TestVariantsOfTheEndpointAreRead(t *testing.T) {
	s, err := read(map[string]string{"AWS_USE_FIPS_ENDPOINT": "true", "AWS_USE_DUALSTACK_ENDPOINT": "1"}, nil)
	if err != nil || !s.fips || !s.dualStack {
		t.Errorf("readSettings = %v, fips %t, dual stack %t, want both", err, s.fips, s.dualStack)
	}
}

// The SDK would reject such a combination only at each Publish, which is too late.
func TestVariantOfAnotherEndpointFailsTheStart(t *testing.T) {
	for _, name := range []string{"AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT"} {
		t.Run(name, func(t *testing.T) {
			_, err := read(map[string]string{name: "true", "AWS_ENDPOINT_URL": "https://sns.example.com"}, nil)
			want := "setting " + name + `: expected false with another SNS endpoint, found true with "https://sns.example.com"`
			if err == nil || err.Error() != want {
				t.Errorf("readSettings = %v, want %s", err, want)
			}
		})
	}
}

func TestWrongSettingsAreNamed(t *testing.T) {
	tests := []struct {
		name, setting, value string
		want                 string // a part of the error
	}{
		{"no topic", "TOPIC_ARN", "", "not set"},
		{"topic of another service", "TOPIC_ARN", "arn:aws:sqs:us-east-1:111111111111:q", "expected the ARN of a standard SNS topic"},
		{"FIFO topic, which cannot have mailboxes", "TOPIC_ARN", "arn:aws:sns:us-east-1:111111111111:q.fifo", "expected the ARN of a standard SNS topic"},
		{"a subscription", "TOPIC_ARN", testTopic + ":0f0f", "expected the ARN of a standard SNS topic"},
		{"topic without Region", "TOPIC_ARN", "arn:aws:sns::111111111111:q", "expected the ARN of a standard SNS topic"},
		{"line break behind the topic", "TOPIC_ARN", testTopic + "\n", "expected the ARN of a standard SNS topic"},
		{"topic in no partition", "TOPIC_ARN", "arn:awsome:sns:us-east-1:111111111111:q", "expected the ARN of a standard SNS topic"},
		{"overflow topic is not an ARN", "OVERFLOW_TOPIC_ARN", "overflow", `expected the ARN of a standard SNS topic, found "overflow"`},
		{"overflow topic is FIFO", "OVERFLOW_TOPIC_ARN", testOverflow + ".fifo", "expected the ARN of a standard SNS topic"},
		{"overflow topic is the alert topic", "OVERFLOW_TOPIC_ARN", testTopic, "expected a topic other than TOPIC_ARN"},
		{"overflow topic in another Region", "OVERFLOW_TOPIC_ARN", "arn:aws:sns:us-east-1:111111111111:o", "expected a topic in the Region of TOPIC_ARN, us-west-2, found"},
		{"no alerts", "MAX_ALERTS_PER_MINUTE", "0", `expected a whole number from 1 to 1000, found "0"`},
		{"too many alerts", "MAX_ALERTS_PER_MINUTE", "1001", `found "1001"`},
		{"negative alerts", "MAX_ALERTS_PER_MINUTE", "-20", `found "-20"`},
		{"alerts in part", "MAX_ALERTS_PER_MINUTE", "2.5", `found "2.5"`},
		{"alerts in words", "MAX_ALERTS_PER_MINUTE", "many\nmore", `found "many\nmore"`},
		{"alerts beyond numbers", "MAX_ALERTS_PER_MINUTE", "99999999999999999999", `found "99999999999999999999"`},
		{"severity", "MIN_SEVERITY", "HIGH", `found "HIGH"`},
		{"account", "TRUSTED_ACCOUNTS", "444455556666,12", `found "12"`},
		{"empty item", "TRUSTED_ACCOUNTS", "444455556666,", `found ""`},
		{"organization", "TRUSTED_ORGS", "r-1234", `found "r-1234"`},
		{"runbook over http", "RUNBOOK_URL", "http://wiki", "https"},
		{"chat client", "CHAT_CLIENT", "irc", `found "irc"`},
		{"mention", "MENTION_GROUP", "<!channel>", "S..."},
		{"https body", "HTTPS_BODY", "json", `found "json"`},
		{"log level", "LOG_LEVEL", "trace", `found "trace"`},
		{"access key", "AWS_ACCESS_KEY_ID", "", "not set"},
		{"secret key", "AWS_SECRET_ACCESS_KEY", "", "not set"},
		{"endpoint", "AWS_ENDPOINT_URL_SNS", "localhost:4566", `found "localhost:4566"`},
		{"endpoint's port", "AWS_ENDPOINT_URL_SNS", "http://localhost:99999", `found "http://localhost:99999"`},
		{"general endpoint", "AWS_ENDPOINT_URL", "localhost", `found "localhost"`},
		{"fips", "AWS_USE_FIPS_ENDPOINT", "perhaps", `found "perhaps"`},
		{"exceptions file that was asked for", "EXCEPTIONS_FILE", "other.yaml", "/var/task/other.yaml"},
		{"broken exceptions", "EXCEPTIONS_FILE", "/broken.yaml", "broken.yaml: line 1: expected a list of exceptions"},
		{"exceptions with several faults", "EXCEPTIONS_FILE", "/faults.yaml", "faults.yaml: line 2: expected a mapping with name, match, reason, owner, expires, found text; line 3: expected a mapping"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := read(map[string]string{test.setting: test.value}, map[string]string{"/broken.yaml": "exceptions: 7", "/faults.yaml": "exceptions:\n  - x\n  - y\n"})
			var wrong *settingError
			if !errors.As(err, &wrong) {
				t.Fatalf("readSettings = %v, want *settingError", err)
			}
			if wrong.Name != test.setting || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("readSettings = %q, want one line that names %s and says %q", err, test.setting, test.want)
			}
		})
	}
}

func TestDefaultExceptionsFileIsRead(t *testing.T) {
	_, err := read(nil, map[string]string{"/var/task/exceptions.yaml": "exceptions: 7"})
	if err == nil || !strings.Contains(err.Error(), "EXCEPTIONS_FILE") {
		t.Errorf("readSettings with a broken exceptions.yaml next to the binary = %v, want an error", err)
	}
}
