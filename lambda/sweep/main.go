// Command sweep is kmsentry's scheduled sweep, a separate AWS Lambda function: it reads
// every key of its accounts and Regions, compares them with what it knew, and publishes
// at most one SNS message about what is new.
//
// Packages internal/sweep and detector judge the keys, and package alert composes the
// message. Here are the settings, the state, the comparison and the log. A run that
// could not read everything fails at its end with a named error, after it has reported
// and kept what it did read; what it could not read stays as it was known.
package main

import (
	"io"
	"time"

	"github.com/kmsentry/kmsentry/internal/function"
	"github.com/kmsentry/kmsentry/internal/version"
)

func main() { function.Main(start) }

// start returns the handler for the settings in the environment. The error is a
// *function.SettingError.
func start(getenv func(string) string, readFile func(string) ([]byte, error), stdout io.Writer) (*handler, error) {
	s, err := readSettings(getenv, readFile, function.TaskRoot(getenv), time.Now())
	if err != nil {
		return nil, err
	}
	s.options.Version = version.String()
	return &handler{
		settings: s,
		sns:      s.sns().Client(),
		store:    newStore(s),
		heard:    newLogGroup(s),
		log:      function.NewLog(stdout, s.logLevel),
		now:      time.Now,
		function: getenv("AWS_LAMBDA_FUNCTION_NAME"),
	}, nil
}
