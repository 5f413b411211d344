package words

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kmsentry/kmsentry/detector"
)

// A Storm counts the alerts that went to the overflow topic since the last such
// count. The first alert of a storm, and the first of each later minute, begins with
// it. A Storm without Counts has only begun.
type Storm struct {
	Since  time.Time   // when the first of these alerts went there; zero without Counts
	Counts []HeldCount // in any order
}

// A HeldCount is a number of held alerts of one severity about one key.
type HeldCount struct {
	Key      string // event text: the ARN, or what the record had of it; "" for keys that are not counted separately
	Severity detector.Severity
	Count    int
}

// Total returns the number of held alerts.
func (s *Storm) Total() int {
	n := 0
	for _, c := range s.Counts {
		n += c.Count
	}
	return n
}

// Worst returns at most n counts that name a key, sorted by severity and then by
// number, both descending. The other counts are added up to one per severity, without
// a key, which follow.
func (s *Storm) Worst(n int) []HeldCount {
	var named []HeldCount
	var others [detector.Critical + 1]int
	for _, c := range s.Counts {
		if c.Key != "" {
			named = append(named, c)
		} else {
			others[c.Severity] += c.Count
		}
	}
	slices.SortFunc(named, func(a, b HeldCount) int {
		return cmp.Or(cmp.Compare(b.Severity, a.Severity), cmp.Compare(b.Count, a.Count), cmp.Compare(a.Key, b.Key))
	})
	for _, c := range named[min(n, len(named)):] {
		others[c.Severity] += c.Count
	}
	named = named[:min(n, len(named))]
	for severity := detector.Critical; severity >= detector.Low; severity-- {
		if others[severity] > 0 {
			named = append(named, HeldCount{Severity: severity, Count: others[severity]})
		}
	}
	return named
}

// Sentence returns a sentence that says how many alerts were held, by severity, and
// where they are.
func (s *Storm) Sentence() string {
	if len(s.Counts) == 0 {
		return "0 alerts held so far. Alerts are coming faster than a mailbox can take: for the next minute, those beyond the limit go to the overflow topic, and the first alert here after that says how many."
	}
	var parts []string
	for _, c := range s.Worst(0) {
		parts = append(parts, strconv.Itoa(c.Count)+" "+c.Severity.String())
	}
	return fmt.Sprintf("%s held since %s: %s. None is lost: each went to the overflow topic.",
		alerts(s.Total()), Instant(s.Since), strings.Join(parts, ", "))
}

// alerts returns "1 alert" or "N alerts".
func alerts(n int) string {
	if n == 1 {
		return "1 alert"
	}
	return strconv.Itoa(n) + " alerts"
}

// Text returns the number of alerts, their severity and their key. key must make the
// key's name, which is event text, safe for the channel.
func (c HeldCount) Text(key func(string) string) string {
	name := "other keys"
	if c.Key != "" {
		name = key(c.Key)
	}
	return fmt.Sprintf("%d %s: %s", c.Count, c.Severity, name)
}
