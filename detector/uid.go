package detector

import (
	"cmp"
	"strings"
)

// uid identifies the finding: the same record always gets the same uid, so
// that consumers can drop what EventBridge and Lambda deliver twice. It covers
// rule, account, Region, event id and key. A record without an event id, which
// CloudTrail does not write, is told by its time, call and policy instead.
func (f *Finding) uid() string {
	event := f.Event.ID
	if event == "" {
		event = strings.Join([]string{f.Event.Time.Format("20060102T150405Z"), f.Event.RequestID, f.Event.Name, f.Policy.SHA256}, "\n")
	}
	key := cmp.Or(f.Key.ARN, f.Key.ID)
	return hexSum(strings.Join([]string{RuleID, f.Event.Account, f.Event.Region, event, key}, "\n"))
}
