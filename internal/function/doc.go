// Package function has what kmsentry's Lambda functions share: reading settings from the
// environment, the log, publishing an alert, and reporting that the start failed. It
// judges nothing.
package function
