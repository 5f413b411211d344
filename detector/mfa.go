package detector

// String returns "yes", "no", "not applicable" or "unknown".
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

// mfa interprets recorded, the text of mfaAuthenticated: "true", "false" or "".
// It returns MFAYes or MFANo only where the record can show it. AWS writes
// "false" for every session that was not made with AWS's own MFA; the record does
// not show how a person signed in to an identity provider, what a service or an
// instance did, or how whoever assumed a role had signed in. note is a clause
// that explains the state; it is never "" for MFAUnknown and MFANotApplicable.
// Sources: CloudTrail User Guide, cloudtrail-event-reference-user-identity.html;
// IAM User Guide, reference_policies_condition-keys.html,
// aws:MultiFactorAuthPresent.
func (a Actor) mfa(recorded string) (state MFA, note string) {
	if note := a.nobody(); note != "" {
		return MFANotApplicable, note
	}
	if note := a.elsewhere(); note != "" {
		return MFAUnknown, note
	}
	switch {
	case a.ByService():
		return MFAUnknown, "called by an AWS service, which does not pass it on"
	case a.LongTermKey:
		return MFANotApplicable, "a long-term access key, which is used without MFA"
	case recorded == "true" && (a.person() || a.Role != ""):
		return MFAYes, ""
	case recorded == "false" && a.person():
		return MFANo, ""
	case recorded == "false" && a.Role != "":
		return MFAUnknown, "a role session shows no MFA that was used elsewhere"
	default:
		return MFAUnknown, "the record does not say"
	}
}

// nobody returns a clause that says why no person signed the call; "" when a
// person may have.
func (a Actor) nobody() string {
	switch {
	case a.Type == typeService:
		return "an AWS service"
	case a.ServiceLinked:
		return "an AWS service with its own role"
	case a.EC2RoleDelivery != "", a.InScopeOf.IssuerType == "AWS::EC2::Instance":
		return "credentials of an EC2 instance"
	case a.InScopeOf.IssuerType == "AWS::Lambda::Function":
		return "credentials of a Lambda function"
	case a.InScopeOf != Scope{}:
		return "credentials of a resource of an AWS service"
	default:
		return ""
	}
}

// elsewhere returns a clause that says where to ask about MFA when AWS cannot
// know; "" when it may.
func (a Actor) elsewhere() string {
	switch {
	case a.SSO || a.OnBehalfOf != IdentityCenterUser{}:
		return "signed in through IAM Identity Center, ask there"
	case a.Type == typeFederated:
		return "a federated user: ask the broker of the session"
	case a.Federated:
		return "federated, ask your identity provider"
	case a.AssumedRoot:
		return "a session of AssumeRoot, ask who opened it"
	case a.Type == typeAccount:
		return "a caller of another account, ask there"
	default:
		return ""
	}
}

// person reports whether the actor is an IAM user or the root user, whose session
// shows whether a person signed in with MFA.
func (a Actor) person() bool { return a.Type == typeIAMUser || a.Type == typeRoot }

// signedWithoutMFA reports whether the caller certainly signed without MFA: with a
// long-term key, or as an IAM user or the root user whose session says so.
func (a Actor) signedWithoutMFA() bool {
	return !a.ByService() && (a.MFA == MFANo || a.LongTermKey)
}
