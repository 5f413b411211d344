// Command lambda is kmsentry's AWS Lambda function: an EventBridge event of a
// KMS call in, at most one SNS message out.
//
// It holds no judgement of its own. Package detector says what a record means,
// package alert puts it into words; here are only the settings, the delivery
// and the log. Whatever goes wrong fails the invocation with a named error, so
// that Lambda retries and the dead-letter queue keeps the event: an alert is
// never swallowed.
package main

import "github.com/kmsentry/kmsentry/internal/function"

func main() { function.Main(start) }
