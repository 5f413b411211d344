// Package ocsf writes a finding, or a sweep, as an OCSF Detection Finding, for
// machines. One that was cut to fit a message names what was cut.
package ocsf
