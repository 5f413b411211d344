package report

import (
	"time"

	"github.com/kmsentry/kmsentry/alert/exceptions"
	"github.com/kmsentry/kmsentry/internal/check"
)

// Options says how the keys of a sweep are judged and printed.
type Options struct {
	Format        string           // one of Formats
	FailOn        check.FailOn     // what counts as found
	Accepted      *exceptions.List // nil for none
	Baseline      *check.Baseline  // nil for none
	WriteBaseline string           // the file for a new baseline; "" for none
	Quiet         bool             // no summary, unless something could not be read
	At            time.Time        // the start of the sweep
}

// Formats returns the output formats.
func Formats() []string { return []string{"table", "json", "csv", "html", "ocsf", "sarif"} }
