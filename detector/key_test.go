package detector

import "testing"

const (
	testID  = "1234abcd-12ab-34cd-56ef-1234567890ab"
	testARN = "arn:aws:kms:us-east-1:111122223333:key/" + testID
	mrkID   = "mrk-1234abcd12ab34cd56ef1234567890ab"
)

// Every way a record can name its key.
func TestReadKey(t *testing.T) {
	const resources = `[{"accountId":"111122223333","type":"AWS::KMS::Key","ARN":"` + testARN + `"}]`
	primary := "arn:aws:kms:us-east-1:111122223333:key/" + mrkID
	replica := []edit{{"eventName", `"ReplicateKey"`}, {"requestParameters", `{"keyId":"` + mrkID + `","replicaRegion":"eu-west-1"}`}}
	for _, row := range []struct {
		name, record string
		edits        []edit
		arn, id      string
		account      string
		region       string
		partition    string
		alias, note  string
		primary      string
	}{
		{
			name: "metadata of the response", record: create,
			arn: testARN, id: testID, account: "111122223333", region: "us-east-1", partition: "aws",
		},
		{
			name: "key ARN in the response", record: put,
			edits: []edit{{"requestParameters.keyId", `"alias/x"`}, {"responseElements", `{"keyId":"` + testARN + `"}`}},
			arn:   testARN, id: testID, account: "111122223333", region: "us-east-1", partition: "aws", alias: "alias/x",
		},
		{
			name: "resources", record: put,
			edits: []edit{{"requestParameters.keyId", `"alias/payments"`}, {"resources", resources}},
			arn:   testARN, id: testID, account: "111122223333", region: "us-east-1", partition: "aws", alias: "alias/payments",
		},
		{
			name: "the resource that the request names", record: put,
			edits: []edit{{"resources", `[{"ARN":"arn:aws:s3:::bucket"},{"ARN":"arn:aws:kms:us-east-1:111122223333:key/other"},{"ARN":"` + testARN + `"}]`}},
			arn:   testARN, id: testID, account: "111122223333", region: "us-east-1", partition: "aws",
		},
		{
			name: "key id", record: put,
			arn: testARN, id: testID, account: "111122223333", region: "us-east-1", partition: "aws",
		},
		{
			name: "key id in China", record: put,
			edits: []edit{{"awsRegion", `"cn-north-1"`}},
			arn:   "arn:aws-cn:kms:cn-north-1:111122223333:key/" + testID, id: testID, account: "111122223333", region: "cn-north-1", partition: "aws-cn",
		},
		{
			name: "key id in GovCloud", record: put,
			edits: []edit{{"awsRegion", `"us-gov-west-1"`}},
			arn:   "arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/" + testID, id: testID, account: "111122223333", region: "us-gov-west-1", partition: "aws-us-gov",
		},
		{
			name: "key id, account from the caller", record: put,
			edits: []edit{{"recipientAccountId", ""}},
			arn:   testARN, id: testID, account: "111122223333", region: "us-east-1", partition: "aws",
		},
		{
			name: "key ARN of another account and Region", record: put,
			edits: []edit{{"requestParameters.keyId", `"arn:aws:kms:eu-west-1:444455556666:key/abc"`}},
			arn:   "arn:aws:kms:eu-west-1:444455556666:key/abc", id: "abc", account: "444455556666", region: "eu-west-1", partition: "aws",
		},
		{
			name: "alias name", record: put,
			edits: []edit{{"requestParameters.keyId", `"alias/payments"`}},
			id:    "alias/payments", account: "111122223333", region: "us-east-1", partition: "aws", alias: "alias/payments",
			note: "The record names the key only by an alias, and does not say which key that was.",
		},
		{
			name: "alias ARN", record: put,
			edits: []edit{{"requestParameters.keyId", `"arn:aws-us-gov:kms:us-gov-east-1:444455556666:alias/payments"`}},
			id:    "arn:aws-us-gov:kms:us-gov-east-1:444455556666:alias/payments", account: "444455556666", region: "us-gov-east-1", partition: "aws-us-gov", alias: "alias/payments",
			note: "The record names the key only by an alias, and does not say which key that was.",
		},
		{
			name: "no key", record: put,
			edits:   []edit{{"requestParameters.keyId", ""}},
			account: "111122223333", region: "us-east-1", partition: "aws",
			note: "The record does not name the key.",
		},
		{
			name: "not a key id", record: put,
			edits: []edit{{"requestParameters.keyId", `"<b>key</b>"`}, {"errorCode", `"NotFoundException"`}},
			id:    "<b>key</b>", account: "111122223333", region: "us-east-1", partition: "aws",
			note: "What the request named is not a key id, so the key's ARN is not known.",
		},
		{
			name: "no account", record: put,
			edits: []edit{{"recipientAccountId", ""}, {"userIdentity.accountId", `"12"`}},
			id:    testID, region: "us-east-1", partition: "aws",
			note: "The record does not say whose account the key is in, so its ARN is not known.",
		},
		{
			name: "no Region", record: put,
			edits: []edit{{"awsRegion", ""}},
			id:    testID, account: "111122223333", partition: "aws",
			note: "The record does not say in which Region the key is, so its ARN is not known.",
		},
		{
			name: "no Region, a caller in China", record: put,
			edits: []edit{{"awsRegion", ""}, {"userIdentity.arn", `"arn:aws-cn:iam::111122223333:user/Alice"`}},
			id:    testID, account: "111122223333", partition: "aws-cn",
			note: "The record does not say in which Region the key is, so its ARN is not known.",
		},
		{
			name: "refused CreateKey", record: create,
			edits:   []edit{{"errorCode", `"AccessDenied"`}, {"responseElements", `null`}},
			account: "111122223333", region: "us-east-1", partition: "aws",
			note: "The call was refused, so no key was created.",
		},
		{
			name: "replica", record: create,
			edits: append([]edit{{"responseElements", `{"replicaKeyMetadata":{"arn":"arn:aws:kms:us-west-2:111122223333:key/` + mrkID + `"}}`}}, replica...),
			arn:   "arn:aws:kms:us-west-2:111122223333:key/" + mrkID, id: mrkID, account: "111122223333", region: "us-west-2", partition: "aws",
			primary: primary,
		},
		{
			name: "replica, the primary in the response", record: create,
			edits: append([]edit{{"responseElements", `{"replicaKeyMetadata":{"arn":"arn:aws:kms:eu-west-1:111122223333:key/` + mrkID + `","multiRegionConfiguration":{"primaryKey":{"arn":"arn:aws:kms:eu-north-1:111122223333:key/` + mrkID + `"}}}}`}}, replica...),
			arn:   "arn:aws:kms:eu-west-1:111122223333:key/" + mrkID, id: mrkID, account: "111122223333", region: "eu-west-1", partition: "aws",
			primary: "arn:aws:kms:eu-north-1:111122223333:key/" + mrkID,
		},
		{
			name: "refused replica, the primary in resources", record: create,
			edits: append([]edit{{"responseElements", `null`}, {"errorCode", `"AccessDenied"`}, {"resources", `[{"ARN":"` + primary + `"}]`}}, replica...),
			id:    mrkID, account: "111122223333", region: "eu-west-1", partition: "aws", primary: primary,
			note: "The call was refused, so no replica was created.",
		},
		{
			name: "refused replica", record: create,
			edits: append([]edit{{"responseElements", `null`}, {"errorCode", `"AlreadyExistsException"`}}, replica...),
			id:    mrkID, account: "111122223333", region: "eu-west-1", partition: "aws", primary: primary,
			note: "The call was refused, so no replica was created.",
		},
		{
			name: "replica without a response", record: create,
			edits: append([]edit{{"responseElements", `null`}}, replica...),
			arn:   "arn:aws:kms:eu-west-1:111122223333:key/" + mrkID, id: mrkID, account: "111122223333", region: "eu-west-1", partition: "aws", primary: primary,
		},
		{
			name: "replica of unknown outcome", record: create,
			edits: append([]edit{{"responseElements", `null`}, {"errorCode", `"InternalFailure"`}}, replica...),
			arn:   "arn:aws:kms:eu-west-1:111122223333:key/" + mrkID, id: mrkID, account: "111122223333", region: "eu-west-1", partition: "aws", primary: primary,
			note: "The record does not say whether the replica was created.",
		},
		{
			name: "replica without Region", record: create,
			edits: []edit{{"eventName", `"ReplicateKey"`}, {"responseElements", `null`}, {"requestParameters", `{"keyId":"` + mrkID + `"}`}},
			id:    mrkID, account: "111122223333", partition: "aws", primary: primary,
			note: "The record names the primary key, but not the Region of its replica, so the replica's ARN is not known.",
		},
		{
			name: "replica, the parameters left out, the primary in resources", record: create,
			edits: []edit{{"eventName", `"ReplicateKey"`}, {"responseElements", `null`}, {"requestParameters", `{"omitted":true}`}, {"resources", `[{"ARN":"` + primary + `"}]`}},
			id:    mrkID, account: "111122223333", partition: "aws", primary: primary,
			note: "The record names the primary key, but not the Region of its replica, so the replica's ARN is not known.",
		},
		{
			name: "replica, nothing named", record: create,
			edits:   []edit{{"eventName", `"ReplicateKey"`}, {"responseElements", `null`}, {"requestParameters", `null`}},
			account: "111122223333", partition: "aws",
			note: "The record does not name the key.",
		},
		{
			name: "CreateKey of unknown outcome", record: create,
			edits:   []edit{{"errorCode", `"DependencyTimeoutException"`}, {"responseElements", `null`}},
			account: "111122223333", region: "us-east-1", partition: "aws",
			note: "The record does not say whether a key was created, or which.",
		},
		{
			name: "resources that are another key", record: put,
			edits: []edit{{"resources", `[{"ARN":"arn:aws:kms:us-east-1:444455556666:key/other"}]`}},
			arn:   testARN, id: testID, account: "111122223333", region: "us-east-1", partition: "aws",
		},
		{
			name: "an alias and two keys in resources", record: put,
			edits: []edit{{"requestParameters.keyId", `"alias/x"`}, {"resources", `[{"ARN":"arn:aws:kms:us-east-1:111122223333:key/other"},{"ARN":"` + testARN + `"}]`}},
			id:    "alias/x", account: "111122223333", region: "us-east-1", partition: "aws", alias: "alias/x",
			note: "The record names the key only by an alias, and does not say which key that was.",
		},
		{
			name: "an alias and one key twice in resources", record: put,
			edits: []edit{{"requestParameters.keyId", `"alias/x"`}, {"resources", `[{"ARN":"` + testARN + `"},{"ARN":"` + testARN + `"}]`}},
			arn:   testARN, id: testID, account: "111122223333", region: "us-east-1", partition: "aws", alias: "alias/x",
		},
		{
			name: "a key id that is an object", record: put,
			edits:   []edit{{"requestParameters.keyId", `{"x":1}`}},
			account: "111122223333", region: "us-east-1", partition: "aws",
			note: "The record does not name the key.",
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			f, _ := factsOf(t, edited(t, row.record, row.edits...))
			got := f.Key
			got.Spec, got.Usage, got.Origin, got.MultiRegion = "", "", "", nil
			want := Key{ARN: row.arn, ID: row.id, Account: row.account, Region: row.region, Partition: row.partition, Alias: row.alias, Note: row.note, PrimaryARN: row.primary}
			if got != want {
				t.Errorf("key\n got %+v\nwant %+v", got, want)
			}
		})
	}
}

func TestReadKeyFacts(t *testing.T) {
	for _, row := range []struct {
		name, record        string
		edits               []edit
		spec, usage, origin string
		multiRegion         string // "yes", "no" or "unknown"
	}{
		{"PutKeyPolicy on a single-Region key", put, nil, "", "", "", "no"},
		{"PutKeyPolicy on a multi-Region key", put, []edit{{"requestParameters.keyId", `"` + mrkID + `"`}}, "", "", "", "yes"},
		{"PutKeyPolicy on an alias", put, []edit{{"requestParameters.keyId", `"alias/x"`}}, "", "", "", "unknown"},
		{
			"response", create,
			[]edit{{"responseElements.keyMetadata", `{"arn":"` + testARN + `","keySpec":"RSA_2048","keyUsage":"SIGN_VERIFY","origin":"EXTERNAL","multiRegion":false}`}},
			"RSA_2048", "SIGN_VERIFY", "EXTERNAL", "no",
		},
		{
			"request", create,
			[]edit{{"responseElements", `null`}, {"requestParameters", `{"keySpec":"HMAC_256","keyUsage":"GENERATE_VERIFY_MAC","origin":"AWS_KMS","multiRegion":true}`}},
			"HMAC_256", "GENERATE_VERIFY_MAC", "AWS_KMS", "yes",
		},
		{
			"old name of the spec", create,
			[]edit{{"responseElements", `null`}, {"requestParameters", `{"customerMasterKeySpec":"SYMMETRIC_DEFAULT"}`}},
			"SYMMETRIC_DEFAULT", "", "", "unknown",
		},
		{"replica", create, []edit{{"eventName", `"ReplicateKey"`}}, "", "ENCRYPT_DECRYPT", "", "yes"},
	} {
		f, _ := factsOf(t, edited(t, row.record, row.edits...))
		multiRegion := "unknown"
		if f.Key.MultiRegion != nil {
			multiRegion = map[bool]string{true: "yes", false: "no"}[*f.Key.MultiRegion]
		}
		if f.Key.Spec != row.spec || f.Key.Usage != row.usage || f.Key.Origin != row.origin || multiRegion != row.multiRegion {
			t.Errorf("%s: %q %q %q multi-Region %s, want %q %q %q %s", row.name,
				f.Key.Spec, f.Key.Usage, f.Key.Origin, multiRegion, row.spec, row.usage, row.origin, row.multiRegion)
		}
	}
}

// Key material that is kept outside AWS or in the customer's own store.
func TestOutsideMaterial(t *testing.T) {
	for _, row := range []struct {
		name            string
		edits           []edit
		store, external string
		want            string
	}{
		{"AWS makes it", []edit{{"requestParameters.origin", `"AWS_KMS"`}}, "", "", ""},
		{"not recorded", nil, "", "", ""},
		{"imported", []edit{{"responseElements.keyMetadata.origin", `"EXTERNAL"`}}, "", "", "imported key material"},
		{"imported, without a response", []edit{{"requestParameters.origin", `"EXTERNAL"`}, {"responseElements", `null`}}, "", "", "imported key material"},
		{
			"external key store",
			[]edit{
				{"responseElements.keyMetadata.origin", `"EXTERNAL_KEY_STORE"`},
				{"responseElements.keyMetadata.customKeyStoreId", `"cks-1234567890abcdef0"`},
				{"responseElements.keyMetadata.xksKeyConfiguration", `{"id":"00ff"}`},
			},
			"cks-1234567890abcdef0", "00ff", "an external key store",
		},
		{"external key store, by the request's key id", []edit{{"requestParameters.xksKeyId", `"00ff"`}, {"requestParameters.customKeyStoreId", `"cks-1"`}}, "cks-1", "00ff", "an external key store"},
		{"CloudHSM", []edit{{"requestParameters.origin", `"AWS_CLOUDHSM"`}, {"requestParameters.customKeyStoreId", `"cks-2"`}}, "cks-2", "", "a CloudHSM key store"},
		{"a store of unknown kind", []edit{{"requestParameters.customKeyStoreId", `"cks-3"`}}, "cks-3", "", "a custom key store"},
		{"odd kinds", []edit{{"requestParameters.origin", `["EXTERNAL"]`}, {"responseElements.keyMetadata.xksKeyConfiguration", `"00ff"`}}, "", "", ""},
	} {
		f, _ := factsOf(t, edited(t, create, row.edits...))
		if k := f.Key; k.CustomKeyStore != row.store || k.ExternalKey != row.external || k.OutsideMaterial() != row.want {
			t.Errorf("%s: store %q, external key %q, material %q, want %q, %q, %q", row.name, k.CustomKeyStore, k.ExternalKey, k.OutsideMaterial(), row.store, row.external, row.want)
		}
	}
}

func TestParseKeyARNRefuses(t *testing.T) {
	for _, text := range []string{
		"", "arn", testID, "arn:aws:s3:::bucket", "arn:aws:kms:us-east-1:111122223333", "arn:aws:kms:us-east-1:111122223333:key/",
		"arn:aws:kms:us-east-1:1111:key/x", "arn:aws:kms::111122223333:key/x", "arn:aws:kms:us-east-1:111122223333:key/x y",
		"arn:aws:kms:us-east-1:111122223333:key/x\n", "arn:aws:kms:us-east-1:111122223333:grant/x", "arn:aws:kms:us-east-1:111122223333:alias/",
		"arn:a<ws:kms:us-east-1:111122223333:key/x", "ARN:aws:kms:us-east-1:111122223333:key/x",
	} {
		if a, ok := parseKeyARN(text); ok {
			t.Errorf("parseKeyARN(%q) = %+v, want none", text, a)
		}
	}
}
