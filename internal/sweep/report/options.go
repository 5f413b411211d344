package report

import (
	"time"

	"github.com/kmsentry/kmsentry/alert/exceptions"
	"github.com/kmsentry/kmsentry/internal/check"
)

// Options say how the keys of a sweep are judged and printed.
type Options struct {
	Format        string           // one of Formats
	FailOn        check.FailOn     // what counts as found
	Accepted      *exceptions.List // nil none
	Baseline      *check.Baseline  // nil none
	WriteBaseline string           // the file for a new baseline; "" none
	Quiet         bool             // no summary unless something could not be read
	At            time.Time        // when the sweep began
}

// Formats lists the formats.
func Formats() []string { return []string{"table", "json", "csv", "html", "ocsf", "sarif"} }
