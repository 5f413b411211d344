// Package alert turns a finding into messages for people and machines: email
// text, a chat notification, an OCSF Detection Finding, the one SNS message
// that carries all of them. What holds a message back is in alert/exceptions.
//
// It sends nothing and reads no clock: times come in with Options.
package alert
