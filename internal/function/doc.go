// Package function is what kmsentry's Lambda functions share: settings out of
// the environment, the log, how to publish an alert, and how to say that the
// start failed. It judges nothing.
package function
