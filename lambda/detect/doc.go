// Package detect is the detector's Lambda function: an EventBridge event of a KMS
// call in, at most one SNS message out.
//
// It holds no judgment of its own. Package detector says what a record means,
// package alert puts it into words; here are only the settings, the delivery
// and the log. Whatever goes wrong fails the invocation with a named error, so
// that Lambda retries and the dead-letter queue keeps the event: an alert is
// never swallowed.
package detect

import "github.com/kmsentry/kmsentry/internal/function"

// Main runs the function: it reads its settings from the environment and asks
// Lambda's Runtime API for events until the process is ended. It does not return.
// Source: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html.
func Main() { function.Main(start) }
