package detector

// String returns the state as people read it.
func (m MFA) String() string {
	switch m {
	case MFAYes:
		return "yes"
	case MFANo:
		return "no"
	case MFANotApplicable:
		return "not applicable"
	default:
		return "unknown"
	}
}

// mfa reads mfaAuthenticated, which is the text "true" or "false" or absent.
// "false" means without MFA as AWS saw it: who signs in through an identity
// provider always shows "false" or nothing. Absent means a long-term access
// key, a service, or that nobody recorded it.
// Source: CloudTrail User Guide, cloudtrail-event-reference-user-identity.html.
func (a Actor) mfa(recorded string) (state MFA, note string) {
	switch {
	case recorded == "true":
		return MFAYes, ""
	case recorded == "false":
		return MFANo, a.noMFANote()
	case a.Type == typeService:
		return MFANotApplicable, "an AWS service"
	case a.LongTermKey:
		return MFANotApplicable, "long-term access key"
	case a.Federated:
		return MFAUnknown, "federated, ask your identity provider"
	default:
		return MFAUnknown, ""
	}
}

// noMFANote says how to read a "false".
func (a Actor) noMFANote() string {
	switch {
	case a.ByService():
		return "an AWS service made the call"
	case a.Federated:
		return "federated, ask your identity provider"
	case a.Role != "":
		return "if this role is for federated people, ask your identity provider"
	default:
		return ""
	}
}

// signedWithoutMFA reports whether severity takes the caller as one without
// MFA: the session says so, the key is a long-term one, or it is the root
// user, who has no business with key policies, MFA or not.
// A call that an AWS service made for somebody says nothing about MFA.
func (a Actor) signedWithoutMFA() bool {
	if a.Type == typeRoot {
		return true
	}
	if a.ByService() {
		return false
	}
	return a.MFA == MFANo || a.LongTermKey
}
