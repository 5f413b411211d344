// Package chat writes a finding, or a sweep, as a notification for Amazon Q
// Developer in chat applications, which shows it in Slack or Teams.
package chat
