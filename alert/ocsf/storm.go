package ocsf

import (
	"time"

	"github.com/kmsentry/kmsentry/alert/safe"
	"github.com/kmsentry/kmsentry/alert/words"
)

// maxHeldKeys is the number of keys that a storm's lead names in the finding.
const maxHeldKeys = 20

// evidenceHeld is a storm's lead in the finding.
type evidenceHeld struct {
	Since  string              `json:"since,omitempty"`
	Count  int                 `json:"count"`
	Counts []evidenceHeldCount `json:"counts"`
}

type evidenceHeldCount struct {
	Key      string `json:"key,omitempty"`
	Severity string `json:"severity"`
	Count    int    `json:"count"`
}

// heldEvidence returns a storm's lead for machines; nil when s is nil.
func heldEvidence(s *words.Storm) *evidenceHeld {
	if s == nil {
		return nil
	}
	e := &evidenceHeld{Count: s.Total(), Counts: []evidenceHeldCount{}}
	if !s.Since.IsZero() {
		e.Since = s.Since.UTC().Format(time.RFC3339)
	}
	for _, c := range s.Worst(maxHeldKeys) {
		e.Counts = append(e.Counts, evidenceHeldCount{safe.Sanitize(c.Key, safe.MaxARN), c.Severity.String(), c.Count})
	}
	return e
}
