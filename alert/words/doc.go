// Package words has the phrases and sentences about a finding, a sweep and a storm
// that all channels share. They are plain text in which all event text is made safe.
// Options controls how they are written.
//
// It knows no channels, and so neither lines nor markup. What to do about a finding
// is in alert/playbook.
package words
