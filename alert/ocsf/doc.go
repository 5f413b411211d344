// Package ocsf writes a finding, or a sweep, as an OCSF Detection Finding, for
// machines. What is cut of it to fit a message is named in it.
package ocsf
