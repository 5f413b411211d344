package alert

import "time"

// heldInFinding is how many keys a storm's lead names in the finding.
const heldInFinding = 20

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

// heldEvidence is the lead for machines; nil without a storm.
func heldEvidence(s *Storm) *evidenceHeld {
	if s == nil {
		return nil
	}
	e := &evidenceHeld{Count: s.total(), Counts: []evidenceHeldCount{}}
	if !s.Since.IsZero() {
		e.Since = s.Since.UTC().Format(time.RFC3339)
	}
	for _, c := range s.worst(heldInFinding) {
		e.Counts = append(e.Counts, evidenceHeldCount{Sanitize(c.Key, maxARN), c.Severity.String(), c.Count})
	}
	return e
}
