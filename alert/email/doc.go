// Package email writes a finding, or a sweep, as the text of a mail: lines of 72
// columns, what matters in the first 40.
package email
