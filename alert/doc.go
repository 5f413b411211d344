// Package alert turns a finding, or a sweep, into one SNS message that carries the
// text for every channel.
//
// It knows SNS's message format and limits, and which channel serves which
// protocol. The channels, alert/email, alert/chat and alert/ocsf, know nothing of
// one another. The phrases that they share are in alert/words, and what to do about
// a finding is in alert/playbook. All event text goes through alert/safe. Package
// alert/exceptions decides whether a message is held back.
//
// The package sends nothing and reads no clock: the time is in words.Options.
package alert
