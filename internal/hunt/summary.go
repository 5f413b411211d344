package hunt

import (
	"cmp"
	"encoding/json"
	"io"
	"time"
)

// A Fault is something that could not be read.
type Fault struct {
	File   string `json:"file"`
	Offset int64  `json:"offset"` // in bytes of the file's text, after all decompression
	Error  string `json:"error"`
}

// A Summary says what was read and what was not.
type Summary struct {
	Files        int            `json:"files"`                 // read, those of an earlier run among them
	Resumed      int            `json:"resumed"`               // of these, read by the run that is resumed
	OutsideDates int            `json:"files_outside_dates"`   // not read: delivered outside --from and --to
	Bytes        int64          `json:"bytes"`                 // of the files
	TextBytes    int64          `json:"text_bytes"`            // after decompression
	Records      int64          `json:"records"`               // of any call
	Candidates   int            `json:"candidates"`            // records that set a policy, or end or resume a key's use
	Duplicates   int            `json:"duplicates"`            // copies of candidates
	Filtered     int            `json:"filtered"`              // candidates outside --from, --to, --account, --region
	Findings     int            `json:"findings"`              // that are shown
	Accepted     int            `json:"accepted"`              // findings that exceptions accept
	Keys         int            `json:"keys"`                  // with a timeline that is shown
	StillOpen    int            `json:"still_open"`            // of these, open at the end of what was read
	WithoutKey   int            `json:"findings_without_key"`  // that may be in force; no timeline can tell of them
	Expired      []string       `json:"expired_exceptions"`    // that would have accepted a finding
	Other        map[string]int `json:"other_documents"`       // that hold no records, by kind
	Skipped      []Skipped      `json:"skipped"`               // where these are, at most maxFaults
	Faults       []Fault        `json:"faults"`                // at most maxFaults
	MoreFaults   int            `json:"more_faults"`           // beyond those
	Gaps         []Gap          `json:"days_without_files"`    // of trails whose layout tells
	NoFiles      []string       `json:"regions_without_files"` // account/Region
	From         *time.Time     `json:"from"`
	To           *time.Time     `json:"to"`
	LateDays     int            `json:"late_days"` // files up to that many days after --to were read
	ReadTo       *time.Time     `json:"read_to"`   // the last instant of which the archive tells
	Interrupted  bool           `json:"interrupted"`
	Seconds      float64        `json:"seconds"`
}

// maxFaults is how many faults are named in all.
const maxFaults = 10000

func (s *Summary) fault(f Fault) {
	if len(s.Faults) == maxFaults {
		s.MoreFaults++
		return
	}
	s.Faults = append(s.Faults, f)
}

// Skipped are documents of one kind in a file that hold no records.
type Skipped struct {
	File   string `json:"file"`
	Offset int64  `json:"offset"` // of the first of them, as in Fault
	Kind   string `json:"kind"`
	Count  int    `json:"count"`
}

func (s *Summary) skip(x Skipped) {
	if len(s.Skipped) < maxFaults {
		s.Skipped = append(s.Skipped, x)
	}
}

// Failed reports whether anything could not be read.
func (s *Summary) Failed() bool { return len(s.Faults) > 0 || s.Interrupted }

// Write writes the summary as JSON.
func (s *Summary) Write(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(s)
}

func compareFaults(x, y Fault) int {
	return cmp.Or(cmp.Compare(x.File, y.File), cmp.Compare(x.Offset, y.Offset), cmp.Compare(x.Error, y.Error))
}
