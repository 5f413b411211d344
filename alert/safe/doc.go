// Package safe makes untrusted text harmless for a terminal, a mail, a chat program
// and a shell. Its functions return text that can be shown, or report whether a
// value has exactly the form that it should have.
//
// It knows neither findings nor the markup of any channel.
package safe
