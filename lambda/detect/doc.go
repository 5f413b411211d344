// Package detect is the detector's Lambda function. It takes an EventBridge event of a
// KMS call and publishes at most one SNS message.
//
// It makes no judgment of its own: package detector decides what a record means, and
// package alert composes the message. Here are only the settings, the delivery and
// the log. Any fault fails the invocation with a named error, so that Lambda retries
// the event and the dead-letter queue keeps it: no alert is dropped silently.
package detect

import "github.com/kmsentry/kmsentry/internal/function"

// Main runs the function: it reads the settings from the environment and handles the
// events of Lambda's Runtime API until the process ends. It does not return.
// Source: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html.
func Main() { function.Main(start) }
