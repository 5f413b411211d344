package alert

import (
	"cmp"
	"fmt"

	"github.com/kmsentry/kmsentry/detector"
)

// Lengths in characters.
const (
	maxSubject = 99  // SNS API reference, Publish: "less than 100 characters long"
	maxSMS     = 140 // one SMS of 140 bytes (SNS developer guide, sms_publish-to-phone.html)
)

// subject is the mail's subject: severity, what, and where the key is, as much
// as fits.
func subject(f *detector.Finding, o Options) string {
	head := tag(f.Severity, o) + brief(f)
	action := ""
	if worst := worstGrant(f.Decision); worst != nil {
		action = ": " + ascii(worst.Action, 48)
	}
	key, region := "", ""
	if id := ascii(f.Key.ID, 64); id != "" {
		key = " ..." + id[max(len(id)-10, 0):]
	}
	if in := cmp.Or(f.Key.Region, f.Event.Region); in != "" {
		region = " " + ascii(in, 24)
	}
	account := " " + orUnknown(ascii(cmp.Or(f.Key.Account, f.Event.Account), 12))
	for _, s := range []string{
		head + action + account + region + key,
		head + action + account + key,
		head + account + key,
	} {
		if len(s) <= maxSubject {
			return s
		}
	}
	return cut(head, maxSubject)
}

// sms is the finding on one line of ASCII.
func sms(f *detector.Finding, o Options) (string, error) {
	region := ""
	if in := cmp.Or(f.Key.Region, f.Event.Region); in != "" {
		region = ", " + ascii(in, 24)
	}
	text := fmt.Sprintf("%s%s, account %s%s, key %s, by %s", tag(f.Severity, o), brief(f),
		orUnknown(ascii(f.Key.Account, 12)), region, ascii(keyName(f.Key), 36), ascii(who(f.Actor), 512)) // cut once, below
	return cut(text, maxSMS), nil
}
