package ocsf

import (
	"github.com/kmsentry/kmsentry/alert/words"
	"github.com/kmsentry/kmsentry/detector/policy/decide"
)

// A SweptState is what ComposeKey says about a key as a whole.
type SweptState struct {
	UID     string // the same whenever the same state is reported
	Title   string // one line
	Verdict decide.Verdict
}

// ComposeKey returns one key of a sweep as an OCSF 1.6 Detection Finding (class
// 2004), as JSON on one line. k.Grants must have all grants to outsiders, not only
// new ones. It returns an error when o is invalid.
func ComposeKey(k words.SweptKey, s SweptState, o words.Options) (string, error) {
	if err := o.Check(); err != nil {
		return "", err
	}
	f := sweepWithin(words.Sweep{UID: s.UID, Keys: []words.SweptKey{k}}, o, 1, narrowing[0])
	title := bound(narrowing[0].text).of(s.Title)
	f.Message, f.FindingInfo.Title, f.Evidences[0].Data.Title = title, title, title
	f.Evidences[0].Data.Verdict = s.Verdict.String()
	f.StatusDetail = "As KMS answered at the time of the sweep."
	f.FindingInfo.Desc = "What the key policy and the grants of this key let outsiders do."
	if s.Verdict == decide.Undecided {
		f.ConfidenceID, f.Confidence = 1, "Low"
	}
	return words.JSON(f)
}
