// Package alert turns a finding into the one SNS message that carries what
// every channel says of it, and a sweep into another.
//
// It knows how SNS takes a message, and which channel is for which protocol.
// What a channel says is its own: alert/email, alert/chat and alert/ocsf know
// nothing of one another. What they share is in alert/words, what to do about a
// finding in alert/playbook, and all text of an event goes through alert/safe.
// What holds a message back is in alert/exceptions.
//
// It sends nothing and reads no clock: times come in with words.Options.
package alert
