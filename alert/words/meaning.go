package words

import (
	"slices"
	"strings"

	"github.com/kmsentry/kmsentry/detector"
	"github.com/kmsentry/kmsentry/detector/policy/decide"
	"github.com/kmsentry/kmsentry/detector/policy/kmsapi"
)

// Meaning explains the finding and its consequences in a few sentences.
func Meaning(f *detector.Finding) string {
	text := ownerMeaning(f)
	if text == "" || f.Verdict != decide.Private && !f.TakenOver() {
		text = strings.TrimSpace(reach(f) + " " + Capitalized(text))
	}
	if f.Verdict == decide.Shared && len(f.Decision.Undecided) > 0 {
		text += " It is not ruled out that the policy lets in others as well."
	}
	if f.Verdict != decide.Private && f.Decision.Future != nil {
		text += " " + Later(f.Decision)
	}
	switch {
	case f.Attempted:
		return "AWS refused the call, so nothing changed. With this policy in force: " + text
	case OutcomeUnknown(f):
		return "AWS did not say whether the call took effect. If it did: " + text
	default:
		return text
	}
}

// reach returns a sentence that says what the policy lets outsiders do.
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
			return GuardCause(f)
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

// opensClass reports whether the outsiders of the verdict have an action of a class.
func opensClass(f *detector.Finding, class kmsapi.Class) bool {
	return slices.ContainsFunc(f.Decision.Grants, func(g decide.Grant) bool { return g.Class == class && g.Audience == f.Verdict })
}

// useOf returns a text that says what outsiders can do with the actions of class use.
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

// opensTo reports whether one of actions is among the grants to an audience.
func opensTo(audience decide.Verdict, grants []decide.Grant, actions ...string) bool {
	return slices.ContainsFunc(grants, func(g decide.Grant) bool {
		return g.Audience == audience && slices.Contains(actions, g.Action)
	})
}

// Later returns a sentence that says when the policy opens, or opens further, on its
// own. d.Future must not be nil.
func Later(d decide.Decision) string {
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
	return opens + Instant(d.Future.At) + " on " + whom + "."
}

// NamedOnly reports whether only named outsiders get in, so that the finding matters
// only if they are not known.
func NamedOnly(f *detector.Finding) bool {
	return f.Verdict == decide.Shared && f.Severity == detector.Low
}
