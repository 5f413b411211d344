package detector

import (
	"cmp"
	"strconv"
	"strings"

	"github.com/kmsentry/kmsentry/internal/strictjson"
)

// hidden is what CloudTrail writes in place of a value that it must not show.
const hidden = "HIDDEN_DUE_TO_SECURITY_REASONS"

// readPolicy returns the text of the key policy that the call set or tried to
// set or, when the record does not show it, a clause that says why. Both are ""
// when the call gave no policy, and so set AWS's default key policy.
//
// Source: KMS Developer Guide, logging-using-cloudtrail.html, and the KMS API
// Reference: Policy is required in PutKeyPolicy; CreateKey and ReplicateKey
// without one attach the default policy.
func (r *record) readPolicy() (text, missing string) {
	if r.event.Name == replicateKey {
		if replica := r.response.whole("replicaPolicy"); mayBePolicy(replica) {
			return replica, ""
		}
	}
	if text = r.request.whole("policy"); mayBePolicy(text) {
		return text, ""
	}
	return "", r.missingPolicy(strings.TrimSpace(text))
}

// mayBePolicy reports whether text may be a policy. A key policy is a JSON
// object; text without a brace is a placeholder for it.
func mayBePolicy(text string) bool { return strings.Contains(text, "{") }

// missingPolicy returns a clause that says why the record shows no policy; "" when
// the call gave none. text is what the record has as its policy.
//
// CloudTrail replaces request parameters of more than 100 KB by "omitted" and a
// reason, and hides what it must not show. The record of a call that sets a key
// policy always has request parameters, if only the defaults, so null means that
// they were left out as well.
// Source: CloudTrail User Guide, cloudtrail-event-reference-record-contents.html,
// requestParameters; KMS Developer Guide, ct-createkey.html.
func (r *record) missingPolicy(text string) string {
	parameters := r.top.value("requestParameters")
	switch {
	case parameters.Kind() == strictjson.None:
		return "the record has no request parameters"
	case parameters.Kind() == strictjson.String && parameters.Text() == hidden, text == hidden:
		return "CloudTrail hid it for security reasons"
	case parameters.Kind() != strictjson.Object:
		return "the record's request parameters are " + parameters.Kind().String()
	case text != "":
		return "the record has " + strconv.Quote(shorten(text)) + " in its place"
	case !r.request.isNothing("omitted") && r.request.text("omitted") != "false":
		return "CloudTrail left the request parameters out" + r.reason(r.request)
	case !r.request.isNothing("reason"), !r.request.isNothing("reasonForOmission"), !r.request.isNothing("originalSize"):
		return "CloudTrail left the request parameters out" + r.reason(r.request)
	case r.event.Name == replicateKey && r.response.text("omitted") == "true" && r.request.isNothing("policy"):
		return "CloudTrail left the response out" + r.reason(r.response)
	case r.event.Name == putKeyPolicy && r.request.isNothing("policy"):
		return "the record's request parameters have no policy"
	case r.event.Name == putKeyPolicy:
		return "the record's policy is empty"
	default:
		return ""
	}
}

// reason returns CloudTrail's reason for leaving part out, quoted and in
// parentheses; "" when it gives none.
func (r *record) reason(part object) string {
	text := cmp.Or(part.text("reason"), part.text("reasonForOmission"))
	if text == "" {
		return ""
	}
	return " (" + strconv.Quote(shorten(text)) + ")"
}

// shorten cuts a text that a clause quotes to 60 runes and "...".
func shorten(text string) string {
	const longest = 60 // runes
	if runes := []rune(text); len(runes) > longest {
		return string(runes[:longest]) + "..."
	}
	return text
}
