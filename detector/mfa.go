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

// mfa reads mfaAuthenticated, the text "true" or "false" or nothing, and says
// yes or no only where the record can know. AWS writes "false" for every session
// that was not made with its own MFA: how people signed in at an identity
// provider, what a service or an instance did, and how the maker of a role's
// session had signed in do not show. note is the clause that goes with the
// answer; it is never empty for MFAUnknown and MFANotApplicable.
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
		return MFANotApplicable, "a long-term access key, which knows no MFA"
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

// nobody says why no person signed; "" when one may have.
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

// elsewhere says who knows of MFA when AWS cannot; "" when AWS may.
func (a Actor) elsewhere() string {
	switch {
	case a.SSO || a.OnBehalfOf != IdentityCenterUser{}:
		return "signed in through IAM Identity Center, ask there"
	case a.Type == typeFederated:
		return "a federated user, ask the broker of the session"
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

// person reports whether the actor's own session would say whether a person
// signed in with MFA.
func (a Actor) person() bool { return a.Type == typeIAMUser || a.Type == typeRoot }

// signedWithoutMFA reports whether the caller certainly signed without MFA: an IAM
// user or the root user whose own session says so, or a long-term key.
func (a Actor) signedWithoutMFA() bool {
	return !a.ByService() && (a.MFA == MFANo || a.LongTermKey)
}
