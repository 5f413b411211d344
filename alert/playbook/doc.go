// Package playbook plans what to do about a finding: steps, in order, with the
// commands that a responder pastes into a shell. The commands are built only from
// values that match their exact format.
//
// The package knows no channels and runs nothing.
package playbook
