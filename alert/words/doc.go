// Package words says a finding, a sweep and a storm in words: the same in every
// channel. Out come phrases and sentences of plain text, with all text of an
// event made safe; and Options, which say how.
//
// It knows no channel: neither lines nor markup. What to do about a finding is
// in alert/playbook.
package words
