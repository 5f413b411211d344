package alert

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kmsentry/kmsentry/detector"
	"github.com/kmsentry/kmsentry/detector/policy/decide"
	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
)

// Bounds of event text where people read it, in runes.
const (
	maxName  = 120  // user, session and role names; IAM allows 64 for each
	maxARN   = 256  // ARNs of keys and callers; longer ones are shown cut
	maxAgent = 300  // user agents; CloudTrail keeps up to 1 KB
	maxText  = 600  // sentences that quote the policy
	maxLine  = 1024 // one line of a JSON text
)

// plain returns event text for people: sanitized, and with its URLs broken,
// because mail and chat programs make links of what looks like one.
func plain(s string, limit int) string {
	s = Sanitize(s, limit)
	if !strings.Contains(s, "://") && !hasWWW(s) {
		return s
	}
	words := strings.Split(s, " ")
	for i, word := range words {
		words[i] = breakURL(word)
	}
	return cut(strings.Join(words, " "), limit)
}

// breakURL takes the shape of a URL from a word: the colon after the scheme
// and the dots of the host, which programs take for a link without a scheme too.
func breakURL(word string) string { return replaceWWW(breakSchemes(word), "[.]") }

// breakSchemes breaks the last scheme first: before that is broken, its colon
// could be the end of a host.
func breakSchemes(word string) string {
	before, rest, found := strings.Cut(word, "://")
	if !found {
		return word
	}
	host, path := breakSchemes(rest), ""
	if i := strings.IndexByte(host, '/'); i >= 0 {
		host, path = host[:i], host[i:]
	}
	return before + "[:]//" + strings.ReplaceAll(host, ".", "[.]") + path
}

// instant is how a time is written for people; "" for the zero time.
func instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04:05 UTC")
}

// title is the finding in one line of ours and of the detector's.
func title(f *detector.Finding) string {
	if f.Title != "" {
		return plain(f.Title, maxName)
	}
	return "KMS key policy: " + f.Verdict.String()
}

// brief is the finding in a few ASCII words, for subjects and short messages.
func brief(f *detector.Finding) string {
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
	case notInRecord(f):
		what = "KMS key policy is not in the record"
	case f.Problem != "":
		what = "KMS key policy could not be read"
	}
	switch {
	case f.Attempted:
		return "Refused attempt: " + what
	case outcomeUnknown(f):
		return "May be in force: " + what
	default:
		return what
	}
}

// keyName is the shortest name of the key that identifies it in its account.
func keyName(k detector.Key) string {
	for _, name := range []string{k.ID, k.Alias, k.ARN} {
		if name != "" {
			return plain(name, maxName)
		}
	}
	return "unknown key"
}

// actionsOf lists the granted actions, at most n of them by name.
func actionsOf(grants []decide.Grant, n int) string {
	var names []string
	for _, g := range grants {
		if name := Sanitize(g.Action, 64); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if more := len(names) - n; more > 0 {
		return strings.Join(names[:n], ", ") + fmt.Sprintf(" and %d more", more)
	}
	return strings.Join(names, ", ")
}

// opensTo reports whether one of actions is among the grants to an audience.
func opensTo(audience decide.Verdict, grants []decide.Grant, actions ...string) bool {
	return slices.ContainsFunc(grants, func(g decide.Grant) bool {
		return g.Audience == audience && slices.Contains(actions, g.Action)
	})
}

// statementName names a statement for people, counting from 1 as they do, in
// the words of the decision's own reasons.
func statementName(ref decide.StatementRef) string {
	if ref.Index < 0 {
		return "the policy as a whole"
	}
	name := fmt.Sprintf("statement %d", ref.Index+1)
	if ref.Sid != "" {
		name += ` ("` + plain(ref.Sid, maxName) + `")`
	}
	return name
}

// meaning says what the finding can mean, in a few sentences.
func meaning(f *detector.Finding) string {
	text := ownerMeaning(f)
	if text == "" || f.Verdict != decide.Private && !f.TakenOver() {
		text = strings.TrimSpace(reach(f) + " " + sentence(text))
	}
	if f.Verdict == decide.Shared && len(f.Decision.Undecided) > 0 {
		text += " It is not ruled out that the policy lets in others as well."
	}
	if f.Verdict != decide.Private && f.Decision.Future != nil {
		text += " " + later(f.Decision)
	}
	switch {
	case f.Attempted:
		return "AWS refused the call, so nothing changed. With this policy in force: " + text
	case outcomeUnknown(f):
		return "AWS did not say whether the call took effect. If it did: " + text
	default:
		return text
	}
}

// reach says what outsiders get from the policy.
func reach(f *detector.Finding) string {
	var them string
	switch f.Verdict {
	case decide.Public:
		them = "anyone with an AWS account"
	case decide.Network:
		them = "anyone who calls from the named networks"
	case decide.Shared:
		if !opensClass(f, kmsapi.ClassEncrypt) {
			return "the outsiders named in the policy can use this key: " + useOf(f) + " That is fine if you know them."
		}
		return "the outsiders named in the policy can encrypt with this key. That is fine if you know them. If you do not, they can turn it into a tool that locks other people's data."
	case decide.Private:
		switch {
		case f.Guarded():
			return guardCause(f)
		case f.Decision.Future == nil:
			return "anyone with an AWS account can revoke grants on this key if they know the ids: whoever relies on such a grant loses access. That exposes no data."
		}
		return "no outsider gets in today. From the date in the policy outsiders do, and no further call will announce it. Act before then."
	default:
		return "it is not ruled out that this policy opens the key to everyone. Treat it as open until somebody has read it."
	}
	switch {
	case !opensClass(f, kmsapi.ClassEncrypt):
		return them + " can use this key: " + useOf(f)
	case opensTo(f.Verdict, f.Decision.Grants, "kms:Decrypt", "kms:ReEncryptFrom"):
		return them + " can encrypt and decrypt with this key. Whoever gets hold of data encrypted under it can read that data, and the key can serve S3 ransomware (MITRE ATT&CK T1486)."
	case opensTo(f.Verdict, f.Decision.Grants, "kms:CreateGrant"):
		return them + " can encrypt with this key, directly or through grants that they create on it and that outlast the policy. The key can serve S3 ransomware (MITRE ATT&CK T1486)."
	default:
		return them + " can encrypt with this key, and only you can decrypt: the tool of S3 ransomware (MITRE ATT&CK T1486). Either an intruder is turning one of your keys against others, or somebody opened a policy by mistake."
	}
}

// opensClass reports whether the outsiders of the verdict get to an action of a class.
func opensClass(f *detector.Finding, class kmsapi.Class) bool {
	return slices.ContainsFunc(f.Decision.Grants, func(g decide.Grant) bool { return g.Class == class && g.Audience == f.Verdict })
}

// useOf says what they get from the class use.
func useOf(f *detector.Finding) string {
	var text []string
	if opensTo(f.Verdict, f.Decision.Grants, "kms:Decrypt", "kms:ReEncryptFrom") {
		text = append(text, "whoever gets hold of data encrypted under it can read that data.")
	}
	if opensTo(f.Verdict, f.Decision.Grants, "kms:Sign", "kms:GenerateMac") {
		text = append(text, "whoever calls it signs in your name, and others take the signature for yours.")
	}
	if opensTo(f.Verdict, f.Decision.Grants, "kms:DeriveSharedSecret") {
		text = append(text, "whoever calls it derives the secrets that protect your traffic.")
	}
	if text == nil {
		text = append(text, "with grants that they create for themselves and that outlast the policy.")
	}
	return strings.Join(text, " And ")
}

// later says when a decision gets worse by itself.
func later(d decide.Decision) string {
	opens := "It opens further by itself: from "
	if d.Verdict == decide.Private {
		opens = "It opens by itself: from "
	}
	whom := "it may be open to outsiders"
	switch d.Future.Verdict {
	case decide.Public:
		whom = "it is open to anyone in AWS"
	case decide.Network:
		whom = "it is open to anyone on the networks that it names"
	case decide.Shared:
		whom = "it is open to the outsiders that it names"
	}
	return opens + instant(d.Future.At) + " on " + whom + "."
}

// namedOnly reports whether all turns on knowing the named outsiders: nobody else
// gets in, now or later.
func namedOnly(f *detector.Finding) bool {
	return f.Verdict == decide.Shared && f.Severity == detector.Low
}

// sentence starts s with a capital letter.
func sentence(s string) string {
	if s == "" {
		return ""
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// serviceName names a service that a policy lets in, at the start of a sentence.
func serviceName(service string) string {
	if service == decide.AnyService {
		return "Any AWS service that meets the conditions"
	}
	return "The service " + plain(service, maxName)
}
