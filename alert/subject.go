package alert

import (
	"cmp"
	"fmt"

	"github.com/kmsentry/kmsentry/alert/safe"
	"github.com/kmsentry/kmsentry/alert/words"
	"github.com/kmsentry/kmsentry/detector"
)

// Limits in characters.
const (
	maxSubject = 99  // SNS API reference, Publish: "less than 100 characters long"
	maxSMS     = 140 // one SMS of 140 bytes (SNS developer guide, sms_publish-to-phone.html)
)

// subject returns the subject of the mail: the severity, what happened, and as much
// about where the key is as fits.
func subject(f *detector.Finding, o words.Options) string {
	head := words.Tag(f.Severity, o) + words.Brief(f)
	action := ""
	if worst := words.WorstGrant(f.Decision); worst != nil {
		action = ": " + safe.ASCII(worst.Action, 48)
	}
	key, region := "", ""
	if id := safe.ASCII(f.Key.ID, 64); id != "" {
		key = " ..." + id[max(len(id)-10, 0):]
	}
	if in := cmp.Or(f.Key.Region, f.Event.Region); in != "" {
		region = " " + safe.ASCII(in, 24)
	}
	account := " " + safe.OrUnknown(safe.ASCII(cmp.Or(f.Key.Account, f.Event.Account), 12))
	for _, s := range []string{
		head + action + account + region + key,
		head + action + account + key,
		head + account + key,
	} {
		if len(s) <= maxSubject {
			return s
		}
	}
	return safe.Cut(head, maxSubject)
}

// sms returns the finding on one line of ASCII, cut to maxSMS.
func sms(f *detector.Finding, o words.Options) (string, error) {
	region := ""
	if in := cmp.Or(f.Key.Region, f.Event.Region); in != "" {
		region = ", " + safe.ASCII(in, 24)
	}
	text := fmt.Sprintf("%s%s, account %s%s, key %s, by %s", words.Tag(f.Severity, o), words.Brief(f),
		safe.OrUnknown(safe.ASCII(f.Key.Account, 12)), region, safe.ASCII(words.KeyName(f.Key), 36), safe.ASCII(words.Who(f.Actor), 512)) // cut once, below
	return safe.Cut(text, maxSMS), nil
}
