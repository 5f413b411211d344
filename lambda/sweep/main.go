// Command sweep is kmsentry's scheduled sweep, an AWS Lambda function of its
// own: it reads every key of its accounts and Regions, compares with what it
// knew, and publishes at most one SNS message about what is new.
//
// What a key is judged by is in internal/sweep and detector, the words are in
// alert. Here are the settings, the state, the comparison and the log. A run
// that could not read all it was to read fails at its end, by name, when what
// it did read has been reported and kept; what it could not read stays as it was.
package main

import (
	"io"
	"time"

	"github.com/kmsentry/kmsentry/internal/function"
	"github.com/kmsentry/kmsentry/internal/version"
)

func main() { function.Main(start) }

// start makes the handler from the environment. Errors are
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
