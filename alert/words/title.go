package words

import (
	"strings"

	"github.com/kmsentry/kmsentry/alert/safe"
	"github.com/kmsentry/kmsentry/detector"
	"github.com/kmsentry/kmsentry/detector/policy/decide"
)

// Title returns the detector's title of the finding or, when that is "", one made of
// its verdict.
func Title(f *detector.Finding) string {
	if f.Title != "" {
		return safe.Plain(f.Title, safe.MaxName)
	}
	return "KMS key policy: " + f.Verdict.String()
}

// Brief returns the finding in a few ASCII words, for subjects and short messages.
func Brief(f *detector.Finding) string {
	what := "KMS key policy could not be decided"
	switch owner := ownerBrief(f); {
	case owner != "":
		what = owner
	case f.Verdict == decide.Public:
		what = "KMS key open to everyone"
	case f.Verdict == decide.Network:
		what = "KMS key open to named networks"
	case f.Verdict == decide.Shared:
		what = "KMS key shared with outsiders"
	case f.Verdict == decide.Private:
		what = "KMS key opens to outsiders later"
	case NotInRecord(f):
		what = "KMS key policy is not in the record"
	case f.Problem != "":
		what = "KMS key policy could not be read"
	}
	switch {
	case f.Attempted:
		return "Refused attempt: " + what
	case OutcomeUnknown(f):
		return "May be in force: " + what
	default:
		return what
	}
}

// Tag returns the tags that begin subjects and short messages: whether it is a test
// or there is a storm, and the severity.
func Tag(severity detector.Severity, o Options) string {
	t := "[" + strings.ToUpper(severity.String()) + "] "
	if o.Storm != nil {
		t = "[STORM] " + t
	}
	if o.Test {
		t = "[TEST] " + t
	}
	return t
}
