package detect

import (
	"io"
	"time"

	"github.com/kmsentry/kmsentry/internal/function"
	"github.com/kmsentry/kmsentry/internal/version"
)

// start returns the handler for the settings in the environment. The error is a
// *settingError.
func start(getenv func(string) string, readFile func(string) ([]byte, error), stdout io.Writer) (*handler, error) {
	s, err := readSettings(getenv, readFile, function.TaskRoot(getenv), time.Now())
	if err != nil {
		return nil, err
	}
	s.options.Version = version.String()
	return &handler{
		settings: s,
		sns:      function.SNS{Region: s.topic.Region, Credentials: s.credentials, Endpoint: s.endpoint, FIPS: s.fips, DualStack: s.dualStack}.Client(),
		log:      function.NewLog(stdout, s.logLevel),
		now:      time.Now,
		function: getenv("AWS_LAMBDA_FUNCTION_NAME"),
		storm:    newStorm(s),
		pause:    pause,
	}, nil
}
