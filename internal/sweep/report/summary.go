package report

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/kmsentry/kmsentry/alert/safe"
	"github.com/kmsentry/kmsentry/internal/show"
	"github.com/kmsentry/kmsentry/internal/sweep"
)

// A Summary is the summary of a sweep, with the numbers of findings and of
// accepted keys.
type Summary struct {
	sweep.Summary
	Findings int     `json:"findings"` // not accepted
	Accepted int     `json:"accepted"`
	Seconds  float64 `json:"seconds"`
}

// printSummary prints what was swept and what was not, and at most 50 faults.
func printSummary(w io.Writer, s *Summary) {
	var verdicts []string
	for _, v := range sweep.Verdicts() {
		if n := s.Verdicts[v.String()]; n > 0 {
			verdicts = append(verdicts, fmt.Sprintf("%d %s", n, v))
		}
	}
	line := fmt.Sprintf("%s in %s and %s", show.Count(s.Keys, "key"), show.Count(len(s.Accounts), "account"), show.Count(s.Regions, "Region"))
	if s.Partial() {
		line += " fully swept"
	}
	if len(verdicts) > 0 {
		line += ": " + strings.Join(verdicts, ", ")
	}
	for _, more := range []struct {
		n    int
		text string
	}{
		{s.Managed, "of AWS, not judged"}, {s.Unusable, "not usable now"}, {s.Gone, "deleted meanwhile"}, {s.Unread, "not read in full"}, {s.Accepted, "accepted"},
	} {
		if more.n > 0 {
			line += fmt.Sprintf("; %d %s", more.n, more.text)
		}
	}
	fmt.Fprintln(w, line)
	const most = 50
	for i, f := range s.Faults {
		if i == most {
			fmt.Fprintf(w, "kmsentry sweep: %d more faults; see --summary\n", len(s.Faults)-most)
			break
		}
		fmt.Fprintln(w, "kmsentry sweep:", safe.Sanitize(f.String(), 600))
	}
	if s.Interrupted {
		fmt.Fprintln(w, "kmsentry sweep: interrupted: the output above is what was read by then")
	}
}

// PrintPlan prints to stdout the numbers of keys to sweep and how long that takes
// at least, and to stderr what could not be read.
func PrintPlan(plans []sweep.Plan, summary sweep.Summary, stdout, stderr io.Writer) error {
	rows := [][]string{{"ACCOUNT", "REGION", "KEYS", "TIME"}}
	for _, p := range plans {
		rows = append(rows, []string{orQuestion(p.Account), p.Region, fmt.Sprint(p.Keys), p.Time.Round(time.Second).String()})
	}
	var b strings.Builder
	show.Align(&b, rows)
	fmt.Fprintf(&b, "%s. A sweep takes at least %s, since it uses two fifths of KMS's quotas; keys with more than 100 grants take longer.\n",
		show.Count(summary.Keys, "key"), sweep.Whole(plans).Round(time.Second))
	_, err := io.WriteString(stdout, b.String())
	for _, f := range summary.Faults {
		fmt.Fprintln(stderr, "kmsentry sweep:", safe.Sanitize(f.String(), 600))
	}
	return err
}

func orQuestion(s string) string {
	if s == "" {
		return "?"
	}
	return s
}

// answer returns the result of the sweep as one line, given the number of
// findings.
func (s *Summary) answer(findings int) string {
	switch {
	case findings > 0 && s.Failed():
		return show.Count(findings, "key") + " open to outsiders, or not known to be closed, in what could be read; some things could not be read"
	case findings > 0:
		return show.Count(findings, "key") + " open to outsiders, or not known to be closed"
	case s.Keys == 0 && s.Failed():
		return "No key was read, so nothing can be said"
	case s.Failed():
		return "No key open to outsiders was found in what could be read; some things could not be read"
	case s.Keys == 0:
		return "No key was found, so nothing can be said"
	default:
		return "No key is open to outsiders"
	}
}
