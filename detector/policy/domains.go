package policy

import "strings"

// domainOf returns what a key can hold in this scene.
// Sources: IAM User Guide, reference_policies_condition-keys.html; KMS
// Developer Guide, conditions-kms.html and conditions-aws.html.
func (s *scene) domainOf(info keyInfo) domain {
	if s.typ == serviceCaller {
		return s.serviceDomain(info)
	}
	switch info.id {
	case idPrincipalTag:
		d := tagValue()
		if s.typ == rootCaller {
			d.rare = true // AWS tags users, roles and sessions; of the root user it says nothing
			return d
		}
		return d.maybe()
	case idPrincipalType:
		return always([...]string{roleCaller: "AssumedRole", userCaller: "User", rootCaller: "Account", fedCaller: "FederatedUser"}[s.typ])
	case idPrincipalIsAWSService:
		return always("false")
	case idSession, idSessionArn, idProvider:
		return s.sessionDomain(info)
	case idTokenIssue:
		return s.tokenDomain()
	case idMFAPresent:
		return s.mfaDomain()
	case idCurrentTime:
		return s.nowDomain(info)
	case idTransport:
		return always("true")
	case idUserAgent:
		return anyText("aws-cli/2.31.0", repeat(textClass(), 1, 512)).maybe()
	case idReferer:
		d := anyText("https://example.com/", repeat(textClass(), 1, 512))
		return d.doubtful()
	}
	if d, ok := s.networkDomain(info); ok {
		return d
	}
	if d, ok := s.keyDomain(info); ok {
		return d
	}
	return s.requestDomain(info)
}

// sessionDomain knows the keys that role sessions carry.
func (s *scene) sessionDomain(info keyInfo) domain {
	if s.typ != roleCaller {
		return domain{}
	}
	var d domain
	switch {
	case info.id == idSessionArn:
		d = domain{kind: text} // its tape depends on the caller's account; see sessionTape
	case info.Type == keyBool:
		d = oneOf("true", "false").doubtful()
	case info.Type == keyIP:
		d = domain{kind: address, addrs: allAddresses()}
	case info.Type == keyNumeric:
		d = domain{kind: number, lo: 0, hi: 2}
	case info.Name == "aws:Ec2InstanceSourceVpc":
		d = vpcDomain("vpc-")
	case info.Name == "aws:SourceIdentity":
		d = anyText("stranger", repeat(nameClass(), 2, 64))
	default:
		d = anyText("stranger", repeat(textClass(), 1, 512))
		d.multi = info.Multi
	}
	if info.id == idProvider {
		return d.doubtful()
	}
	if info.id == idSession && strings.HasPrefix(info.Name, "aws:SourceId") || s.path != via {
		return d.maybe()
	}
	return d.doubtful() // AWS does not say which of these keys a service hands on
}

// tokenDomain knows aws:TokenIssueTime: a session of a role lives 12 hours at
// most, of the root user one, of others 36.
// Source: STS API reference, AssumeRole, GetSessionToken, GetFederationToken.
func (s *scene) tokenDomain() domain {
	if !s.temp {
		if s.path == via {
			now := s.c.q.At.Unix()
			d := domain{kind: number, lo: now - 36*3600, hi: now}
			return d.doubtful()
		}
		return domain{}
	}
	hours := [...]int64{roleCaller: 12, userCaller: 36, rootCaller: 1, fedCaller: 36}[s.typ]
	now := s.c.q.At.Unix()
	return domain{kind: number, lo: now - hours*3600, hi: now}
}

// mfaDomain knows aws:MultiFactorAuthPresent where no session has it for sure:
// long-term credentials do not carry it, unless a service uses them.
func (s *scene) mfaDomain() domain {
	switch {
	case s.typ == fedCaller:
		return oneOf("false").doubtful()
	case !s.temp && s.path == via:
		return always("false")
	}
	return domain{}
}

func vpcDomain(prefix string) domain {
	return anyText(prefix+"0123456789abcdef0", fixed(prefix), repeat(hexClass(), 8, 17))
}

func accountDomain() domain {
	return anyText("999988887777", repeat(digitClass(), 12, 12))
}

func (s *scene) networkDomain(info keyInfo) (domain, bool) {
	only := func(p pathKind, d domain) (domain, bool) {
		if s.path == p {
			return d, true
		}
		return domain{}, true
	}
	switch info.id {
	case idSourceIP:
		d := domain{kind: address, addrs: publicAddresses()}
		switch s.path {
		case direct:
			return d, true
		case via:
			return d.doubtful(), true // kept, replaced by the service's or left out: the documents differ
		}
		return domain{}, true
	case idVpcSourceIP:
		return only(endpoint, domain{kind: address, addrs: allAddresses()})
	case idSourceVpce:
		return only(endpoint, vpcDomain("vpce-"))
	case idVpceAccount:
		return only(endpoint, accountDomain())
	case idSourceVpc, idVpcArn, idVpceOrgID, idVpceOrgPaths, idCalledVia, idCalledViaFirst, idCalledViaLast:
		return domain{}, true // groups of their own
	case idViaService:
		host := fixed(".amazonaws.com")
		region := fixed("." + s.c.region)
		if s.c.region == "" {
			d := anyText("ssm.us-east-1.amazonaws.com", repeat(hostClass(), 2, 60), fixed("."), repeat(hostClass(), 5, 30), host)
			d.lacking = true
			return only(via, d)
		}
		d := anyText("ssm."+s.c.region+".amazonaws.com", repeat(hostClass(), 2, 60), region, host)
		d.known = viaServices(s.c.region)
		d.lacking = true // CloudFormation, for one, is in no list of services that bring the key
		return only(via, d)
	case idViaAWSService:
		if s.path == via {
			return always("true"), true
		}
		return always("false"), true
	case idViaMCP:
		switch {
		case info.Type == keyBool && s.path == via:
			return oneOf("true", "false").maybe(), true
		case info.Type == keyBool:
			return oneOf("false").doubtful(), true
		}
		return only(via, anyText("aws-mcp.amazonaws.com", repeat(hostClass(), 1, 60), fixed(".amazonaws.com")).maybe())
	case idSourceKeys, idPrincipalServiceName, idNever:
		return domain{}, true
	}
	return domain{}, false
}

// keyDomain knows the keys that the KMS key fixes. What is not known of the key
// can be anything, at the worst for its owner.
func (s *scene) keyDomain(info keyInfo) (domain, bool) {
	c := s.c
	switch info.id {
	case idRegion:
		if c.region != "" {
			return always(c.region), true
		}
		return anyText("us-east-1", repeat(hostClass(), 5, 30)), true
	case idResAccount:
		if c.owner != "" {
			return always(c.owner), true
		}
		return accountDomain(), true
	case idResOrgID:
		if c.q.Key.Org != "" {
			return always(c.q.Key.Org), true
		}
		return anyText("o-keyowner00", fixed("o-"), repeat(orgClass(), 10, 32)).maybe(), true
	case idResOrgPaths:
		d := domain{kind: text, tapes: orgTapes(), first: "o-keyowner00/r-root/", multi: true}
		return d.maybe(), true
	case idResTag:
		return s.tagDomain(info), true
	case idKeyOrigin:
		if c.q.Key.Origin != "" {
			return always(c.q.Key.Origin), true
		}
		return oneOf("AWS_KMS", "EXTERNAL", "AWS_CLOUDHSM", "EXTERNAL_KEY_STORE"), true
	case idMultiRegion:
		if mr := c.multiRegion(); mr != nil {
			if *mr {
				return always("true"), true
			}
			return always("false"), true
		}
		return oneOf("false", "true"), true
	case idMultiKeyType:
		mr := c.multiRegion()
		if mr != nil && !*mr {
			return domain{}, true
		}
		d := oneOf("PRIMARY", "REPLICA")
		d.optional = mr == nil
		return d, true
	case idResAliases:
		d := aliasDomain(c.q.Key.Aliases).many()
		return d.doubtful(), true // AWS documents this key for IAM policies only
	case idRequestAlias:
		if c.q.Key.Aliases != nil && len(c.q.Key.Aliases) == 0 {
			return domain{}, true
		}
		return aliasDomain(c.q.Key.Aliases).maybe(), true
	}
	return domain{}, false
}

func aliasDomain(known []string) domain {
	if known != nil {
		return oneOf(known...)
	}
	return anyText("alias/key", fixed("alias/"), repeat(aliasClass(), 1, 250))
}

func (s *scene) tagDomain(info keyInfo) domain {
	if s.c.q.Key.Tags == nil {
		return tagValue().maybe()
	}
	name := info.Name[len("aws:ResourceTag/"):]
	for k, v := range s.c.q.Key.Tags {
		if strings.EqualFold(k, name) {
			return always(v)
		}
	}
	return domain{}
}

// tagValue is any value of a tag; the empty one comes last, for AWS does not
// say whether conditions take it for an absent tag.
func tagValue() domain {
	d := anyText("x", repeat(tagClass(), 1, 256))
	d.tapes = append(d.tapes, tape{[]segment{fixed("")}})
	return d
}

// multiRegion tells whether the key is a multi-Region key, nil when unknown.
// The ids of multi-Region keys begin with "mrk-".
// Source: KMS Developer Guide, multi-region-keys-overview.html.
func (c *compiled) multiRegion() *bool {
	if c.q.Key.MultiRegion != nil {
		return c.q.Key.MultiRegion
	}
	_, id, ok := strings.Cut(c.q.KeyARN, ":key/")
	if !ok {
		return nil
	}
	mr := strings.HasPrefix(id, "mrk-")
	return &mr
}

// requestDomain knows the parameters of the request itself, which are the
// caller's to choose where the action has them.
func (s *scene) requestDomain(info keyInfo) domain {
	grant := s.action == "kms:CreateGrant"
	switch info.id {
	case idPairSpec:
		if strings.HasPrefix(s.action, "kms:GenerateDataKeyPair") {
			return oneOf("RSA_2048", "RSA_3072", "RSA_4096", "ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_P521", "ECC_SECG_P256K1", "ECC_NIST_EDWARDS25519", "SM2")
		}
	case idReEncrypt:
		if strings.HasPrefix(s.action, "kms:ReEncrypt") {
			return oneOf("false", "true")
		}
	case idGrantForAWS:
		switch {
		case s.action != "kms:CreateGrant" && s.action != "kms:ListGrants" && s.action != "kms:RevokeGrant":
		case s.path == via:
			return oneOf("true", "false")
		default: // of direct calls AWS does not say whether they carry the key
			return oneOf("false").doubtful()
		}
	case idGrantOps:
		if grant {
			return oneOf("Encrypt", "Decrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext",
				"GenerateDataKeyPair", "GenerateDataKeyPairWithoutPlaintext", "ReEncryptFrom", "ReEncryptTo",
				"Sign", "Verify", "GenerateMac", "VerifyMac", "DeriveSharedSecret", "GetPublicKey",
				"DescribeKey", "CreateGrant", "RetireGrant").many()
		}
	case idGrantParam:
		if grant {
			return s.grantDomain(info)
		}
	case idAttestation:
		if s.action == "kms:GenerateDataKey" || s.action == "kms:GenerateDataKeyPair" || s.action == "kms:Decrypt" || s.action == "kms:DeriveSharedSecret" {
			return anyText(strings.Repeat("0", 96), repeat(hexClass(), 96, 96)).maybe()
		}
	case idParameter:
		return s.parameterDomain(info)
	}
	return domain{}
}

// nowDomain is the instant of the request, for aws:CurrentTime or aws:EpochTime.
func (s *scene) nowDomain(info keyInfo) domain {
	now := s.c.q.At.Unix()
	v := timeValue(now)
	if info.Name == "aws:EpochTime" {
		v = secondsValue(now)
	}
	return domain{kind: fixedTo, vals: []value{v}}
}

// principalDomain is the ARN of any principal.
func (s *scene) principalDomain() domain {
	return anyText("arn:aws:iam::999988887777:role/stranger", fixed("arn:"+s.c.partition+":"), repeat(newClass("iamst"), 3, 3), fixed("::"), repeat(digitClass(), 12, 12), fixed(":"), repeat(pathClass(), 1, 600))
}

// sourceDomain is the ARN of anything that a service acts for.
func (s *scene) sourceDomain() domain {
	head := []segment{fixed("arn:" + s.c.partition + ":"), repeat(hostClass(), 2, 40), fixed(":"), repeat(hostClass(), 0, 30), fixed(":")}
	rest := repeat(pathClass(), 1, 600)
	d := domain{kind: text, first: "arn:" + s.c.partition + ":s3:::stranger"}
	d.tapes = []tape{{append(head[:5:5], fixed(":"), rest)}, {append(head[:5:5], repeat(digitClass(), 12, 12), fixed(":"), rest)}}
	return d
}

func (s *scene) grantDomain(info keyInfo) domain {
	switch info.Name {
	case "kms:GrantConstraintType":
		return oneOf("EncryptionContextEquals", "EncryptionContextSubset").maybe()
	case "kms:GranteePrincipal":
		d := s.principalDomain()
		if s.c.names("kms:GranteeServicePrincipal") {
			return d.maybe()
		}
		return d
	case "kms:RetiringPrincipal":
		return s.principalDomain().maybe()
	case "kms:GrantConstraintSourceArn":
		return s.sourceDomain().maybe()
	default:
		return anyText("s3.amazonaws.com", repeat(hostClass(), 1, 60), fixed(".amazonaws.com")).maybe()
	}
}

func (c *compiled) names(key string) bool {
	for _, m := range c.mentions {
		if m.name == key {
			return true
		}
	}
	return false
}

func (s *scene) parameterDomain(info keyInfo) domain {
	switch {
	case info.Name == "kms:SigningAlgorithm" && (s.action == "kms:Sign" || s.action == "kms:Verify"):
		return oneOf("RSASSA_PSS_SHA_256", "RSASSA_PSS_SHA_384", "RSASSA_PSS_SHA_512", "RSASSA_PKCS1_V1_5_SHA_256",
			"RSASSA_PKCS1_V1_5_SHA_384", "RSASSA_PKCS1_V1_5_SHA_512", "ECDSA_SHA_256", "ECDSA_SHA_384", "ECDSA_SHA_512",
			"SM2DSA", "ML_DSA_SHAKE_256", "ED25519_SHA_512", "ED25519_PH_SHA_512")
	case info.Name == "kms:MessageType" && (s.action == "kms:Sign" || s.action == "kms:Verify"):
		return oneOf("RAW", "DIGEST", "EXTERNAL_MU")
	case info.Name == "kms:MacAlgorithm" && (s.action == "kms:GenerateMac" || s.action == "kms:VerifyMac"):
		return oneOf("HMAC_SHA_256", "HMAC_SHA_224", "HMAC_SHA_384", "HMAC_SHA_512")
	case info.Name == "kms:KeyAgreementAlgorithm" && s.action == "kms:DeriveSharedSecret":
		return oneOf("ECDH")
	}
	return domain{}
}

// serviceDomain knows what a service sends when it calls for itself.
func (s *scene) serviceDomain(info keyInfo) domain {
	switch info.id {
	case idPrincipalIsAWSService, idTransport:
		return always("true")
	case idViaAWSService:
		return always("false")
	case idCurrentTime:
		return s.nowDomain(info)
	case idPrincipalServiceName:
		d := anyText("service.amazonaws.com", repeat(serviceClass(), 1, 255))
		d.multi = info.Multi
		return d
	case idUserAgent:
		return anyText("service.amazonaws.com", repeat(textClass(), 1, 512))
	case idSourceKeys:
		switch info.Name {
		case "aws:SourceAccount":
			return accountDomain().maybe()
		case "aws:SourceArn":
			return s.sourceDomain().maybe()
		case "aws:SourceOrgID":
			return anyText("o-stranger00", fixed("o-"), repeat(orgClass(), 10, 32)).maybe()
		default:
			d := domain{kind: text, tapes: orgTapes(), first: "o-stranger00/r-root/", multi: true}
			return d.maybe()
		}
	}
	if d, ok := s.keyDomain(info); ok {
		return d
	}
	return s.requestDomain(info)
}

// orgTapes are the shapes of an organization path, up to five units deep.
// Sources: IAM User Guide, aws:PrincipalOrgPaths; Organizations quotas.
func orgTapes() []tape {
	var tapes []tape
	segs := []segment{fixed("o-"), repeat(orgClass(), 10, 32), fixed("/r-"), repeat(orgClass(), 4, 32), fixed("/")}
	for depth := 0; depth <= 5; depth++ {
		tapes = append(tapes, tape{segs[:len(segs):len(segs)]})
		segs = append(segs, fixed("ou-"), repeat(orgClass(), 4, 32), fixed("-"), repeat(orgClass(), 8, 32), fixed("/"))
	}
	return tapes
}
