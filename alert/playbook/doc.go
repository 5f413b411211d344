// Package playbook knows what to do about a finding: a plan of steps, in order,
// with the commands that a responder pastes into a shell. The commands are made
// of nothing but values that have their exact shape.
//
// It knows no channel, and runs nothing.
package playbook
