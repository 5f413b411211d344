package alert

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"github.com/kmsentry/kmsentry/alert/ocsf"
	"github.com/kmsentry/kmsentry/alert/safe"
	"github.com/kmsentry/kmsentry/alert/words"
)

// ComposeSweep returns the SNS message for a sweep. As in Compose's, there is an OCSF
// finding, with one resource and one evidence per key, and text for people. The
// message takes at most 240 KiB; what does not fit is only in the log, and the
// message says so.
//
// It returns an error when o is invalid or s has no keys.
func ComposeSweep(s words.Sweep, o words.Options) (Message, error) {
	if err := o.Check(); err != nil {
		return Message{}, err
	}
	if len(s.Keys) == 0 {
		return Message{}, fmt.Errorf("sweep: expected at least one key with news, found none")
	}
	s.Keys = slices.Clone(s.Keys)
	slices.SortStableFunc(s.Keys, func(a, b words.SweptKey) int {
		return cmp.Or(cmp.Compare(b.Severity, a.Severity), cmp.Compare(b.Call, a.Call), cmp.Compare(a.Key.ARN, b.Key.ARN))
	})
	rest, err := eachChannel(o, func(c channel) (string, error) { return c.sweep(s, o) })
	if err != nil {
		return Message{}, err
	}
	m := Message{Subject: safe.Cut(sweepLine(s, o), maxSubject), Attributes: sweepAttributes(s, o)}
	return withBody(m, ocsf.NarrowingSweep(s, o), rest)
}

// sweepSMS returns the sweep on one line of ASCII, cut to maxSMS.
func sweepSMS(s words.Sweep, o words.Options) (string, error) {
	return safe.Cut(sweepLine(s, o), maxSMS), nil
}

// sweepLine returns the sweep on one line of ASCII, not cut, for subject and sms.
func sweepLine(s words.Sweep, o words.Options) string {
	return words.Tag(s.WorstKey().Severity, o) + s.Brief() + " " + inCommon(s, keyAccountOf) + " " + inCommon(s, keyRegionOf)
}

// sweepAttributes returns the message attributes, under the same names as those of a
// finding.
func sweepAttributes(s words.Sweep, o words.Options) map[string]string {
	return map[string]string{
		"verdict":  s.Verdict().String(),
		"severity": s.WorstKey().Severity.String(),
		"account":  inCommon(s, keyAccountOf),
		"region":   inCommon(s, keyRegionOf),
		"event":    "Sweep",
		"key":      inCommon(s, keyARNOf),
		"actor":    "unknown",
		"mfa":      "unknown",
		"in_force": "true",
		"test":     strconv.FormatBool(o.Test),
	}
}

// inCommon returns the value that all keys share; "several" when they differ.
func inCommon(s words.Sweep, of func(words.SweptKey) string) string {
	first := of(s.Keys[0])
	for _, k := range s.Keys {
		if of(k) != first {
			return "several"
		}
	}
	return safe.OrUnknown(safe.ASCII(first, 256))
}

func keyARNOf(k words.SweptKey) string { return k.Key.ARN }

func keyAccountOf(k words.SweptKey) string { return k.Key.Account }

func keyRegionOf(k words.SweptKey) string { return k.Key.Region }
