package policy

import "strings"

// A keyType is the type that AWS documents for a condition key. Operators of
// another family do not fit it.
type keyType int

const (
	keyString keyType = iota
	keyArn
	keyBool
	keyDate
	keyNumeric
	keyIP
)

// A keyInfo is what AWS documents of one condition key.
// Sources: IAM User Guide, reference_policies_condition-keys.html; KMS
// Developer Guide, conditions-kms.html; Service Authorization Reference.
type keyInfo struct {
	Name  string  // canonical spelling; for families the name as asked for behind the canonical prefix
	Type  keyType // of each value
	Multi bool    // the key holds a set of values
	id    keyID
}

// A keyID tells the keys apart that a decision treats each in its own way.
type keyID int

const (
	idNever keyID = iota // never in a KMS request of anybody: unknown keys, and keys of control actions
	idPrincipalAccount
	idPrincipalArn
	idPrincipalOrgID
	idPrincipalOrgPaths
	idPrincipalTag
	idPrincipalType
	idPrincipalIsAWSService
	idPrincipalServiceName
	idUserID
	idUsername
	idSession     // keys of a role session that the caller's own account makes up
	idProvider    // claims of an identity provider: some outlast signing in, and a stranger has some of them
	idSessionArn  // the same, an ARN that carries the caller's account
	idTokenIssue  // aws:TokenIssueTime
	idMFAPresent  // aws:MultiFactorAuthPresent
	idMFAAge      // aws:MultiFactorAuthAge
	idSourceIP    // aws:SourceIp
	idSourceVpc   // aws:SourceVpc
	idSourceVpce  // aws:SourceVpce
	idVpcArn      // aws:SourceVpcArn
	idVpcSourceIP // aws:VpcSourceIp
	idVpceAccount // aws:VpceAccount
	idVpceOrgID
	idVpceOrgPaths
	idViaService
	idCalledVia
	idCalledViaFirst
	idCalledViaLast
	idViaAWSService
	idViaMCP       // aws:ViaAWSMCPService and its kin
	idSourceKeys   // aws:SourceArn, aws:SourceAccount ...: services acting for themselves only
	idCurrentTime  // aws:CurrentTime and aws:EpochTime
	idTransport    // aws:SecureTransport
	idUserAgent    // aws:UserAgent
	idReferer      // aws:Referer; AWS does not say whether KMS knows it
	idRegion       // aws:RequestedRegion
	idResAccount   // aws:ResourceAccount
	idResOrgID     // aws:ResourceOrgID
	idResOrgPaths  // aws:ResourceOrgPaths
	idResTag       // aws:ResourceTag/...
	idKeySpec      // kms:KeySpec and its old name
	idKeyUsage     // kms:KeyUsage and its old name
	idKeyOrigin    // kms:KeyOrigin
	idMultiRegion  // kms:MultiRegion
	idMultiKeyType // kms:MultiRegionKeyType
	idResAliases   // kms:ResourceAliases
	idRequestAlias // kms:RequestAlias
	idEncContext   // kms:EncryptionContext:...
	idEncKeys      // kms:EncryptionContextKeys
	idEncAlgorithm // kms:EncryptionAlgorithm
	idPairSpec     // kms:DataKeyPairSpec
	idParameter    // free parameters of actions outside the encrypt class
	idReEncrypt    // kms:ReEncryptOnSameKey
	idGrantOps     // kms:GrantOperations
	idGrantParam   // other parameters of CreateGrant
	idGrantForAWS  // kms:GrantIsForAWSResource
	idLockoutCheck // kms:BypassPolicyLockoutSafetyCheck
	idAttestation  // kms:RecipientAttestation:...
)

// lookupKey returns what is documented of the condition key name, which may be
// in any letter case; ok is false for a name that AWS does not document.
func lookupKey(name string) (info keyInfo, ok bool) {
	lower := strings.ToLower(name)
	if info, ok = exactKey(lower); ok {
		return info, true
	}
	return familyKey(name, lower)
}

// familyKey looks up names whose part behind a slash or colon is free.
func familyKey(name, lower string) (keyInfo, bool) {
	for _, f := range [...]keyInfo{
		{"aws:PrincipalTag/", keyString, false, idPrincipalTag},
		{"aws:ResourceTag/", keyString, false, idResTag},
		{"aws:RequestTag/", keyString, false, idNever},
		{"kms:EncryptionContext:", keyString, false, idEncContext},
		{"kms:RecipientAttestation:", keyString, false, idAttestation},
		{"saml:", keyString, false, idProvider},
	} {
		n := len(f.Name)
		if len(lower) > n && strings.EqualFold(lower[:n], f.Name) {
			f.Name += name[n:]
			return f, true
		}
	}
	return claimKey(name, lower)
}

// claimKey knows the claims of web identity providers, "HOST:sub" and the like.
// Source: IAM User Guide, reference_policies_iam-condition-keys.html.
func claimKey(name, lower string) (keyInfo, bool) {
	colon := strings.LastIndexByte(lower, ':')
	if colon < 0 || !strings.Contains(lower[:colon], ".") {
		return keyInfo{}, false
	}
	info := keyInfo{Name: name, id: idProvider}
	switch lower[colon+1:] {
	case "amr":
		info.Multi = true
		return info, true
	case "aud", "sub", "oaud", "email", "app_id", "id", "user_id", "iss", "jti":
		return info, true
	}
	return keyInfo{}, false
}

func exactKey(lower string) (keyInfo, bool) {
	switch lower {
	case "aws:principalaccount":
		return keyInfo{"aws:PrincipalAccount", keyString, false, idPrincipalAccount}, true
	case "kms:calleraccount":
		return keyInfo{"kms:CallerAccount", keyString, false, idPrincipalAccount}, true
	case "aws:principalarn":
		return keyInfo{"aws:PrincipalArn", keyArn, false, idPrincipalArn}, true
	case "aws:principalorgid":
		return keyInfo{"aws:PrincipalOrgID", keyString, false, idPrincipalOrgID}, true
	case "aws:principalorgpaths":
		return keyInfo{"aws:PrincipalOrgPaths", keyString, true, idPrincipalOrgPaths}, true
	case "aws:principaltype":
		return keyInfo{"aws:PrincipalType", keyString, false, idPrincipalType}, true
	case "aws:principalisawsservice":
		return keyInfo{"aws:PrincipalIsAWSService", keyBool, false, idPrincipalIsAWSService}, true
	case "aws:principalservicename":
		return keyInfo{"aws:PrincipalServiceName", keyString, false, idPrincipalServiceName}, true
	case "aws:principalservicenameslist":
		return keyInfo{"aws:PrincipalServiceNamesList", keyString, true, idPrincipalServiceName}, true
	case "aws:userid":
		return keyInfo{"aws:userid", keyString, false, idUserID}, true
	case "aws:username":
		return keyInfo{"aws:username", keyString, false, idUsername}, true
	case "aws:tokenissuetime":
		return keyInfo{"aws:TokenIssueTime", keyDate, false, idTokenIssue}, true
	case "aws:multifactorauthpresent":
		return keyInfo{"aws:MultiFactorAuthPresent", keyBool, false, idMFAPresent}, true
	case "aws:multifactorauthage":
		return keyInfo{"aws:MultiFactorAuthAge", keyNumeric, false, idMFAAge}, true
	case "aws:currenttime":
		return keyInfo{"aws:CurrentTime", keyDate, false, idCurrentTime}, true
	case "aws:epochtime":
		return keyInfo{"aws:EpochTime", keyDate, false, idCurrentTime}, true
	case "aws:securetransport":
		return keyInfo{"aws:SecureTransport", keyBool, false, idTransport}, true
	case "aws:useragent":
		return keyInfo{"aws:UserAgent", keyString, false, idUserAgent}, true
	case "aws:referer":
		return keyInfo{"aws:Referer", keyString, false, idReferer}, true
	case "aws:tagkeys":
		return keyInfo{"aws:TagKeys", keyString, true, idNever}, true
	}
	for _, look := range [...]func(string) (keyInfo, bool){sessionKey, networkKey, resourceKey, kmsKey} {
		if info, ok := look(lower); ok {
			return info, true
		}
	}
	return keyInfo{}, false
}

// sessionKey knows the keys that only some role sessions carry; the session is
// made in the caller's own account.
func sessionKey(lower string) (keyInfo, bool) {
	switch lower {
	case "aws:federatedprovider":
		return keyInfo{"aws:FederatedProvider", keyString, false, idSession}, true
	case "aws:sourceidentity":
		return keyInfo{"aws:SourceIdentity", keyString, false, idSession}, true
	case "aws:assumedroot":
		return keyInfo{"aws:AssumedRoot", keyBool, false, idSession}, true
	case "aws:ec2instancesourcevpc":
		return keyInfo{"aws:Ec2InstanceSourceVpc", keyString, false, idSession}, true
	case "aws:ec2instancesourceprivateipv4":
		return keyInfo{"aws:Ec2InstanceSourcePrivateIPv4", keyIP, false, idSession}, true
	case "ec2:roledelivery":
		return keyInfo{"ec2:RoleDelivery", keyNumeric, false, idSession}, true
	case "glue:roleassumedby":
		return keyInfo{"glue:RoleAssumedBy", keyString, false, idSession}, true
	case "glue:credentialissuingservice":
		return keyInfo{"glue:CredentialIssuingService", keyString, false, idSession}, true
	case "identitystore:userid":
		return keyInfo{"identitystore:UserId", keyString, false, idSession}, true
	case "aws:signinsessionarn":
		return keyInfo{"aws:SignInSessionArn", keyArn, false, idSessionArn}, true
	case "aws:chatbotsourcearn":
		return keyInfo{"aws:ChatbotSourceArn", keyArn, false, idSessionArn}, true
	case "ec2:sourceinstancearn":
		return keyInfo{"ec2:SourceInstanceArn", keyArn, false, idSessionArn}, true
	case "lambda:sourcefunctionarn":
		return keyInfo{"lambda:SourceFunctionArn", keyArn, false, idSessionArn}, true
	case "ssm:sourceinstancearn":
		return keyInfo{"ssm:SourceInstanceArn", keyArn, false, idSessionArn}, true
	case "codebuild:buildarn":
		return keyInfo{"codebuild:BuildArn", keyArn, false, idSessionArn}, true
	case "codebuild:projectarn":
		return keyInfo{"codebuild:ProjectArn", keyArn, false, idSessionArn}, true
	}
	return keyInfo{}, false
}

// networkKey knows the keys that tell from where, and through what, a request came.
func networkKey(lower string) (keyInfo, bool) {
	switch lower {
	case "aws:sourceip":
		return keyInfo{"aws:SourceIp", keyIP, false, idSourceIP}, true
	case "aws:sourcevpc":
		return keyInfo{"aws:SourceVpc", keyString, false, idSourceVpc}, true
	case "aws:sourcevpce":
		return keyInfo{"aws:SourceVpce", keyString, false, idSourceVpce}, true
	case "aws:sourcevpcarn":
		return keyInfo{"aws:SourceVpcArn", keyArn, false, idVpcArn}, true
	case "aws:vpcsourceip":
		return keyInfo{"aws:VpcSourceIp", keyIP, false, idVpcSourceIP}, true
	case "aws:vpceaccount":
		return keyInfo{"aws:VpceAccount", keyString, false, idVpceAccount}, true
	case "aws:vpceorgid":
		return keyInfo{"aws:VpceOrgID", keyString, false, idVpceOrgID}, true
	case "aws:vpceorgpaths":
		return keyInfo{"aws:VpceOrgPaths", keyString, true, idVpceOrgPaths}, true
	case "kms:viaservice":
		return keyInfo{"kms:ViaService", keyString, false, idViaService}, true
	case "aws:calledvia":
		return keyInfo{"aws:CalledVia", keyString, true, idCalledVia}, true
	case "aws:calledviafirst":
		return keyInfo{"aws:CalledViaFirst", keyString, false, idCalledViaFirst}, true
	case "aws:calledvialast":
		return keyInfo{"aws:CalledViaLast", keyString, false, idCalledViaLast}, true
	case "aws:viaawsservice":
		return keyInfo{"aws:ViaAWSService", keyBool, false, idViaAWSService}, true
	case "aws:calledviaawsmcp":
		return keyInfo{"aws:CalledViaAWSMCP", keyString, false, idViaMCP}, true
	case "aws:viaawsmcpservice":
		return keyInfo{"aws:ViaAWSMCPService", keyBool, false, idViaMCP}, true
	case "aws:ismcpserviceaction":
		return keyInfo{"aws:IsMcpServiceAction", keyBool, false, idViaMCP}, true
	case "aws:sourcearn":
		return keyInfo{"aws:SourceArn", keyArn, false, idSourceKeys}, true
	case "aws:sourceaccount":
		return keyInfo{"aws:SourceAccount", keyString, false, idSourceKeys}, true
	case "aws:sourceorgid":
		return keyInfo{"aws:SourceOrgID", keyString, false, idSourceKeys}, true
	case "aws:sourceorgpaths":
		return keyInfo{"aws:SourceOrgPaths", keyString, true, idSourceKeys}, true
	}
	return keyInfo{}, false
}

// resourceKey knows the keys that the key itself fixes.
func resourceKey(lower string) (keyInfo, bool) {
	switch lower {
	case "aws:requestedregion":
		return keyInfo{"aws:RequestedRegion", keyString, false, idRegion}, true
	case "aws:resourceaccount":
		return keyInfo{"aws:ResourceAccount", keyString, false, idResAccount}, true
	case "aws:resourceorgid":
		return keyInfo{"aws:ResourceOrgID", keyString, false, idResOrgID}, true
	case "aws:resourceorgpaths":
		return keyInfo{"aws:ResourceOrgPaths", keyString, true, idResOrgPaths}, true
	case "kms:keyspec":
		return keyInfo{"kms:KeySpec", keyString, false, idKeySpec}, true
	case "kms:customermasterkeyspec":
		return keyInfo{"kms:CustomerMasterKeySpec", keyString, false, idKeySpec}, true
	case "kms:keyusage":
		return keyInfo{"kms:KeyUsage", keyString, false, idKeyUsage}, true
	case "kms:customermasterkeyusage":
		return keyInfo{"kms:CustomerMasterKeyUsage", keyString, false, idKeyUsage}, true
	case "kms:keyorigin":
		return keyInfo{"kms:KeyOrigin", keyString, false, idKeyOrigin}, true
	case "kms:multiregion":
		return keyInfo{"kms:MultiRegion", keyBool, false, idMultiRegion}, true
	case "kms:multiregionkeytype":
		return keyInfo{"kms:MultiRegionKeyType", keyString, false, idMultiKeyType}, true
	case "kms:resourcealiases":
		return keyInfo{"kms:ResourceAliases", keyString, true, idResAliases}, true
	}
	return keyInfo{}, false
}

// kmsKey knows the keys that stand for parameters of KMS requests.
func kmsKey(lower string) (keyInfo, bool) {
	switch lower {
	case "kms:requestalias":
		return keyInfo{"kms:RequestAlias", keyString, false, idRequestAlias}, true
	case "kms:encryptioncontextkeys":
		return keyInfo{"kms:EncryptionContextKeys", keyString, true, idEncKeys}, true
	case "kms:encryptionalgorithm":
		return keyInfo{"kms:EncryptionAlgorithm", keyString, false, idEncAlgorithm}, true
	case "kms:datakeypairspec":
		return keyInfo{"kms:DataKeyPairSpec", keyString, false, idPairSpec}, true
	case "kms:signingalgorithm":
		return keyInfo{"kms:SigningAlgorithm", keyString, false, idParameter}, true
	case "kms:macalgorithm":
		return keyInfo{"kms:MacAlgorithm", keyString, false, idParameter}, true
	case "kms:messagetype":
		return keyInfo{"kms:MessageType", keyString, false, idParameter}, true
	case "kms:keyagreementalgorithm":
		return keyInfo{"kms:KeyAgreementAlgorithm", keyString, false, idParameter}, true
	case "kms:reencryptonsamekey":
		return keyInfo{"kms:ReEncryptOnSameKey", keyBool, false, idReEncrypt}, true
	case "kms:grantoperations":
		return keyInfo{"kms:GrantOperations", keyString, true, idGrantOps}, true
	case "kms:grantconstrainttype":
		return keyInfo{"kms:GrantConstraintType", keyString, false, idGrantParam}, true
	case "kms:granteeprincipal":
		return keyInfo{"kms:GranteePrincipal", keyArn, false, idGrantParam}, true
	case "kms:retiringprincipal":
		return keyInfo{"kms:RetiringPrincipal", keyArn, false, idGrantParam}, true
	case "kms:grantconstraintsourcearn":
		return keyInfo{"kms:GrantConstraintSourceArn", keyArn, false, idGrantParam}, true
	case "kms:granteeserviceprincipal":
		return keyInfo{"kms:GranteeServicePrincipal", keyString, false, idGrantParam}, true
	case "kms:retiringserviceprincipal":
		return keyInfo{"kms:RetiringServicePrincipal", keyString, false, idGrantParam}, true
	case "kms:grantisforawsresource":
		return keyInfo{"kms:GrantIsForAWSResource", keyBool, false, idGrantForAWS}, true
	case "kms:bypasspolicylockoutsafetycheck":
		return keyInfo{"kms:BypassPolicyLockoutSafetyCheck", keyBool, false, idLockoutCheck}, true
	case "kms:primaryregion", "kms:replicaregion",
		"kms:rotationperiodindays", "kms:schedulekeydeletionpendingwindowindays",
		"kms:trailingdayswithoutkeyusage", "kms:expirationmodel", "kms:validto",
		"kms:wrappingalgorithm", "kms:wrappingkeyspec":
		return keyInfo{lower, keyString, false, idNever}, true
	}
	return keyInfo{}, false
}
