// Package email writes a finding, or a sweep, as the text of a mail with lines of
// at most 72 columns. What matters is in the first 40 lines.
package email
