package detector

import (
	"cmp"
	"strings"

	"github.com/kmsentry/kmsentry/internal/awsid"
)

// The values of userIdentity.type that this package distinguishes, and other
// texts that it looks for in a caller's identity.
// Source: CloudTrail User Guide, cloudtrail-event-reference-user-identity.html.
const (
	typeIAMUser     = "IAMUser"
	typeAssumedRole = "AssumedRole"
	typeRole        = "Role"
	typeRoot        = "Root"
	typeFederated   = "FederatedUser"
	typeWebIdentity = "WebIdentityUser"
	typeSAML        = "SAMLUser"
	typeAccount     = "AWSAccount"
	typeService     = "AWSService"
	typeIdentity    = "IdentityCenterUser"
	typeUnknown     = "Unknown"
	nobody          = "unknown"         // the name of an actor that the record does not name
	reservedSSO     = "AWSReservedSSO_" // prefix of the names of IAM Identity Center's roles
	longTermKey     = "AKIA"            // prefix of long-term access key ids; IAM User Guide, reference_identifiers.html
	signIn          = "signin.amazonaws.com"
	console         = "console.amazonaws.com"
	serviceDomain   = ".amazonaws.com"
	serviceDomainCN = ".amazonaws.com.cn"
)

// readActor reads who made the call.
func (r *record) readActor() Actor {
	id := r.identity
	a := Actor{
		Type:         cmp.Or(id.text("type"), typeUnknown),
		ARN:          id.text("arn"),
		PrincipalID:  id.text("principalId"),
		AccessKeyID:  id.text("accessKeyId"),
		SessionStart: parseTime(r.attributes.text("creationDate")),

		InvokedBy:         cmp.Or(id.text("invokedBy"), serviceName(r.top.text("sourceIPAddress"))),
		FederatedProvider: cmp.Or(r.federation.text("federatedProvider"), id.text("identityProvider")),
		SourceIdentity:    r.session.text("sourceIdentity"),
		InScopeOf: Scope{
			IssuerType: r.inScopeOf.text("issuerType"), IssuedTo: r.inScopeOf.text("credentialsIssuedTo"),
			SourceARN: r.inScopeOf.text("sourceArn"), SourceAccount: r.inScopeOf.text("sourceAccount"),
		},
		EC2RoleDelivery: r.session.text("ec2RoleDelivery"),
		OnBehalfOf:      IdentityCenterUser{r.onBehalfOf.text("userId"), r.onBehalfOf.text("identityStoreArn")},
		AssumedRoot:     r.session.text("assumedRoot") == "true",
	}
	a.Account = cmp.Or(id.text("accountId"), accountOf(a.ARN))
	if a.Type == typeFederated {
		a.Broker = cmp.Or(r.issuer.text("arn"), r.issuer.text("userName"), r.issuer.text("principalId"))
	} else {
		a.RoleARN = r.issuer.text("arn")
	}
	if a.Type == typeAssumedRole || a.Type == typeRole {
		role, _ := roleAndSession(a.ARN)
		a.Role = cmp.Or(r.issuer.text("userName"), role, lastPart(a.RoleARN))
	}
	a.ServiceLinked = isServiceLinked(a.RoleARN, a.Role)
	a.Name = a.name(id.text("userName"), cmp.Or(a.OnBehalfOf.UserID, id.text("credentialId")))
	a.SSO = a.Type == typeIdentity || isPermissionSet(a.RoleARN, a.Role)
	a.Federated = a.SSO || a.Type == typeSAML || a.Type == typeWebIdentity || a.Type == typeFederated || a.FederatedProvider != ""
	a.LongTermKey = strings.HasPrefix(a.AccessKeyID, longTermKey) || a.signedWithoutSession(r)
	a.MFA, a.MFANote = a.mfa(r.attributes.text("mfaAuthenticated"))
	return a
}

// isServiceLinked reports whether a role is a service-linked role. Only AWS can
// create a role with that path; the name, which anyone can choose, counts only
// when the record does not show the path.
// Source: IAM User Guide, id_roles_create-service-linked-role.html.
func isServiceLinked(arn, name string) bool {
	return strings.Contains(arn, ":role/aws-service-role/") || arn == "" && strings.HasPrefix(name, "AWSServiceRoleFor")
}

// isPermissionSet reports whether a role is one that IAM Identity Center created
// for a permission set, by its path, or by its name when there is no ARN.
// Source: IAM Identity Center User Guide, referencingpermissionsets.html.
func isPermissionSet(arn, name string) bool {
	return strings.Contains(arn, ":role/aws-reserved/sso.amazonaws.com/") || arn == "" && strings.HasPrefix(name, reservedSSO)
}

// signedWithoutSession reports whether an IAM user or the root user signed
// without a session, so that the key was a long-term one even when the record
// hides its id: a record of temporary credentials always has a session.
// A sessionContext that is not an object decides nothing.
// Source: CloudTrail User Guide, cloudtrail-event-reference-user-identity.html,
// sessionContext and accessKeyId.
func (a Actor) signedWithoutSession(r *record) bool {
	return a.person() && r.identity.isEmpty("sessionContext") && !strings.HasPrefix(a.AccessKeyID, "ASIA") && !a.ByService()
}

// name returns a short name, never empty. userName is the record's own;
// person is the id of an Identity Center user.
func (a Actor) name(userName, person string) string {
	_, session := roleAndSession(a.ARN)
	var name string
	switch a.Type {
	case typeRoot:
		return "root"
	case typeAssumedRole, typeRole:
		name = cmp.Or(session, afterColon(a.PrincipalID), a.Role)
	case typeFederated:
		name = cmp.Or(lastPart(a.ARN), afterColon(a.PrincipalID))
	case typeService:
		name = a.InvokedBy
	case typeIdentity:
		name = cmp.Or(userName, person)
	case typeAccount:
		name = cmp.Or(userName, afterColon(a.PrincipalID), a.Account)
	default:
		name = cmp.Or(userName, lastPart(a.ARN))
	}
	return cmp.Or(name, userName, a.PrincipalID, a.Account, nobody)
}

// ByService reports whether an AWS service is the actor or made the call on the
// actor's behalf, so that the actor did not sign it. The consoles, which pass on
// a person's call, do not count, nor does "AWS Internal".
func (a Actor) ByService() bool {
	if a.Type == typeService {
		return true
	}
	return a.InvokedBy != signIn && a.InvokedBy != console && serviceName(a.InvokedBy) != ""
}

// serviceName returns text when it is the name of an AWS service, "" otherwise.
func serviceName(text string) string {
	if strings.HasSuffix(text, serviceDomain) || strings.HasSuffix(text, serviceDomainCN) {
		return text
	}
	return ""
}

// roleAndSession returns ROLE and SESSION of
// arn:PARTITION:sts::ACCOUNT:assumed-role/ROLE/SESSION; both are "" for other text.
func roleAndSession(arn string) (role, session string) {
	named, ok := awsid.SplitARN(arn)
	if !ok {
		return "", ""
	}
	rest, found := strings.CutPrefix(named.Resource, "assumed-role/")
	if !found {
		return "", ""
	}
	role, session, _ = strings.Cut(rest, "/")
	return role, session
}

// accountOf returns the account field of an ARN; "" when there is none.
func accountOf(arn string) string {
	named, _ := awsid.SplitARN(arn)
	return firstAccount(named.Account)
}

// lastPart returns what follows the last "/" of an ARN; "" when there is no "/".
func lastPart(arn string) string {
	i := strings.LastIndexByte(arn, '/')
	if i < 0 {
		return ""
	}
	return arn[i+1:]
}

// afterColon returns the session name, which follows the first ":" of a
// principal id; "" when there is no ":".
func afterColon(id string) string {
	_, session, _ := strings.Cut(id, ":")
	return session
}
