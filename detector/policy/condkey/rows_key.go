package condkey

// keyRows returns the rows of keys whose values follow from the KMS key or the
// time of the request. Sources: IAM global; KMS keys; KMS API, CreateKey and
// TagResource.
func keyRows() []Row {
	say := Say{Present: keysOwn}
	mayLack := Say{Absent: absent(notForKey), Present: keysOwn}
	fact := func(f Fact, v Values) []Case {
		v.Fact = f
		return []Case{{Callers: Anyone, Is: Always, Values: v}}
	}
	perhaps := func(f Fact, v Values) []Case {
		v.Fact = f
		return []Case{{Callers: Anyone, Is: Chosen, Values: v}}
	}
	now := []Case{{Callers: Anyone, Is: Always, Values: Values{Now: true}}}
	sayNow := Say{Present: "it holds at this instant"}
	alias := aliases()
	return []Row{
		{Name: "aws:RequestedRegion", Types: String, Names: Owner, Reads: FactRegion, Cases: fact(FactRegion, Values{Shapes: []string{"{region}"}, First: "us-east-1"}), Say: say},
		{Name: "aws:ResourceAccount", Types: String, Names: Owner, Tie: TieOwner, Reads: FactOwner, Cases: fact(FactOwner, Values{Shapes: []string{"{account}"}, First: "999988887777"}), Say: say},
		{Name: "aws:ResourceOrgID", Types: String, Names: Owner, Tie: TieOwnerOrg, Reads: FactOrg, Cases: perhaps(FactOrg, Values{Shapes: []string{orgShape}, First: "o-keyowner00"}), Say: mayLack},
		{Name: "aws:ResourceOrgPaths", Types: String, Multi: true, Names: Owner, Tie: TieOwnerOrgPaths, Reads: FactOrgPath, Cases: perhaps(FactOrgPath, Values{Shapes: orgPaths(), First: "o-keyowner00/r-root/"}), Say: mayLack},
		{
			// IAM documents the characters of tag values, KMS does not.
			Name: "aws:ResourceTag/", Family: Prefix, Part: tagKey, Reserved: "aws:", Types: String, Names: Owner, Reads: FactTags,
			Cases: perhaps(FactTags, Values{Shapes: []string{"{tag 1 256}", ""}, First: "x", MaybeShapes: []string{"{text 1 256}"}}), Say: mayLack,
		},
		{Name: "aws:CurrentTime", Types: Date, Tie: TieTime, Cases: now, Say: sayNow},
		{Name: "aws:EpochTime", Types: Date | Numeric, Tie: TieTime, Cases: now, Say: sayNow},
		{
			Name: "aws:SecureTransport", Types: Bool, Cases: []Case{{Callers: Anyone, Is: Always, Values: Values{Of: []string{"true"}}}},
			Say: Say{Present: "every request to KMS uses TLS, so the condition always holds"},
		},
		{Name: "kms:KeySpec", Old: []string{"kms:CustomerMasterKeySpec"}, Types: String, Names: Owner, Tie: TieSpec, Reads: FactSpec, Cases: fact(0, Values{Of: keySpecs()}), Say: say},
		{
			Name: "kms:KeyUsage", Old: []string{"kms:CustomerMasterKeyUsage"}, Types: String, Names: Owner, Tie: TieUsage, Reads: FactUsage,
			Cases: fact(0, Values{Of: []string{"ENCRYPT_DECRYPT", "SIGN_VERIFY", "GENERATE_VERIFY_MAC", "KEY_AGREEMENT"}}), Say: say,
		},
		{Name: "kms:KeyOrigin", Types: String, Names: Owner, Reads: FactOrigin, Cases: fact(FactOrigin, Values{Of: []string{"AWS_KMS", "EXTERNAL", "AWS_CLOUDHSM", "EXTERNAL_KEY_STORE"}}), Say: say},
		{Name: "kms:MultiRegion", Types: Bool, Names: Owner, Reads: FactMultiRegion, Cases: fact(FactMultiRegion, Values{Of: []string{"false", "true"}}), Say: say},
		{Name: "kms:MultiRegionKeyType", Types: String, Names: Owner, Reads: FactKeyType, Cases: perhaps(FactKeyType, Values{Of: []string{"PRIMARY", "REPLICA"}}), Say: mayLack},
		{
			// Documented for IAM policies only.
			Name: "kms:ResourceAliases", Types: String, Multi: true, Names: Owner, Reads: FactAliases, Cases: []Case{{Callers: Anyone, Is: Unsaid, Values: alias}}, Say: mayLack,
		},
	}
}

// aliases returns the names of aliases. Source: KMS API, CreateAlias, whose model
// allows a colon while its text does not.
func aliases() Values {
	return Values{Shapes: []string{"alias/{alias 1 250}"}, First: "alias/key", Not: []string{"alias/aws/*"}, MaybeShapes: []string{"alias/{aliasmodel 1 250}"}, Fact: FactAliases}
}

func keySpecs() []string {
	return []string{
		"SYMMETRIC_DEFAULT", "RSA_2048", "RSA_3072", "RSA_4096", "ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_P521", "ECC_SECG_P256K1",
		"ECC_NIST_EDWARDS25519", "HMAC_224", "HMAC_256", "HMAC_384", "HMAC_512", "SM2", "ML_DSA_44", "ML_DSA_65", "ML_DSA_87",
	}
}
